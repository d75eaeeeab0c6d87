/* SPDX-License-Identifier: MIT */

/*
 * Plans and verdicts over an invented machine: a list, the addresses that exist, the sockets of
 * other programs, one claim; what is opened, and how the claim stands.  No sockets.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "master/claim.h"
#include "master/plan.h"
#include "wire/error.h"

#define PORT 80

static const char *const machine[] = {"10.0.0.1", "127.0.0.1", "::1", "2001:db8::1"};

struct world {
	struct listenlist list;
	struct ip_addr addrs[8];
	size_t n_addrs;
	struct ip_endpoint foreign[8];
	size_t n_foreign;
	bool has_no_ipv6;
	unsigned n_attempts;
};

static void world_init(struct world *world, const char *list, const char *foreign)
{
	struct slice rest = slice_from_str(list);

	*world = (struct world){0};
	while (rest.len > 0) {
		struct slice word = slice_cut(&rest, ' ');
		struct listen_entry entry;

		if (listen_entry_parse(word, &entry, NULL) != 0) {
			world->list.n_unreadable++;
			continue;
		}
		assert_int_equal(listenlist_add(&world->list, &entry), 0);
	}
	rest = slice_from_str(foreign);
	while (rest.len > 0) {
		assert_true(ip_endpoint_parse(slice_cut(&rest, ' '),
					      &world->foreign[world->n_foreign]));
		world->n_foreign++;
	}
	for (size_t i = 0; i < sizeof(machine) / sizeof(machine[0]); i++) {
		assert_true(ip_addr_parse(slice_from_str(machine[i]), &world->addrs[i]));
		world->n_addrs++;
	}
}

static struct listen_locals world_locals(const struct world *world)
{
	return (struct listen_locals){.addrs = world->addrs, .n_addrs = world->n_addrs};
}

/* As Linux does: a foreign socket on the address, or a wildcard on either side. */
static int world_attempt(void *context, struct plan_item *item)
{
	struct world *world = context;

	world->n_attempts++;
	if (world->has_no_ipv6 && item->endpoint.addr.family == AF_INET6) {
		item->outcome = PLAN_OUTCOME_NO_FAMILY;
		text_setf(item->text, sizeof(item->text), "no IPv6");
		return 0;
	}
	for (size_t i = 0; i < world->n_foreign; i++) {
		const struct ip_endpoint *other = &world->foreign[i];

		if (other->port == item->endpoint.port &&
		    other->addr.family == item->endpoint.addr.family &&
		    (ip_addr_is_any(&other->addr) || ip_addr_is_any(&item->endpoint.addr) ||
		     ip_addr_is_equal(&other->addr, &item->endpoint.addr))) {
			item->outcome = PLAN_OUTCOME_IN_USE;
			text_setf(item->text, sizeof(item->text), "held by gunicorn (pid 812)");
			text_setf(item->repair, sizeof(item->repair), "systemctl stop mailman3");
		}
	}

	return 0;
}

static int world_plan(struct world *world, const struct listen_want *wants, size_t n,
		      const struct ip_endpoint *existing, size_t n_existing, struct plan *ret_plan)
{
	const struct plan_input input = {
		.list = &world->list,
		.locals = world_locals(world),
		.wants = wants,
		.n_wants = n,
		.existing = existing,
		.n_existing = n_existing,
		.attempt = world_attempt,
		.context = world,
	};

	return plan_make(&input, ret_plan);
}

static void plan_describe(const struct plan *plan, char *text, size_t size)
{
	text[0] = '\0';
	for (size_t i = 0; i < plan->n_items; i++) {
		char endpoint[IP_ENDPOINT_TEXT_BYTES];

		ip_endpoint_format(&plan->items[i].endpoint, endpoint);
		text_appendf(text, size, "%s%s%s", text[0] != '\0' ? " " : "",
			     plan->items[i].outcome == PLAN_OUTCOME_OPEN ? "" : "!", endpoint);
	}
}

struct verdict_case {
	const char *claim;
	const char *list;
	const char *address; /* "" = all */
	const char *foreign;
	const char *plan; /* endpoints in order, "!" = failed */
	enum wire_state state;
	bool is_refused;
	int code;
	const char *repair; /* part of it */
	bool is_shared;
};

#define SERVED      WIRE_STATE_SERVED
#define PARTLY      WIRE_STATE_PARTLY_SERVED
#define UNREACHABLE WIRE_STATE_UNREACHABLE
#define IN_USE      WIRE_ERROR_PORT_IN_USE
#define NO_WAY      WIRE_ERROR_UNREACHABLE

static const struct verdict_case verdict_cases[] = {
	{"empty list: everything", "", "", "", "0.0.0.0:80 [::]:80", SERVED, false, 0, ""},
	{"empty list, foreign address: refused, as the original", "", "", "127.0.0.2:80",
	 "!0.0.0.0:80 [::]:80", PARTLY, true, IN_USE, "systemctl stop mailman3"},
	{"empty list, foreign wildcard", "", "", "0.0.0.0:80", "!0.0.0.0:80 [::]:80", PARTLY, true,
	 IN_USE, "systemctl"},
	{"empty list, foreign on another port", "", "", "127.0.0.2:81", "0.0.0.0:80 [::]:80",
	 SERVED, false, 0, ""},
	{"one entry", "127.0.0.1", "", "127.0.0.2:80", "127.0.0.1:80", SERVED, false, 0, ""},
	{"literal not in the list", "127.0.0.1", "127.0.0.3", "", "", UNREACHABLE, false, NO_WAY,
	 "httpcfg set iplisten -i 127.0.0.3"},
	{"literal in the list", "127.0.0.1 127.0.0.3", "127.0.0.3", "", "127.0.0.3:80", SERVED,
	 false, 0, ""},
	{"literal listed for another port", "127.0.0.1:81", "127.0.0.1", "", "", UNREACHABLE, false,
	 NO_WAY, "httpcfg set iplisten -i 127.0.0.1:80"},
	{"every entry names another port", "127.0.0.1:81 127.0.0.2:82", "", "", "", UNREACHABLE,
	 false, NO_WAY, "httpcfg set iplisten -i ADDRESS:80"},
	{"one of two in use", "127.0.0.1 127.0.0.2", "", "127.0.0.2:80",
	 "127.0.0.1:80 !127.0.0.2:80", PARTLY, false, IN_USE, "systemctl"},
	{"all in use: refused", "127.0.0.1 127.0.0.2", "", "0.0.0.0:80",
	 "!127.0.0.1:80 !127.0.0.2:80", UNREACHABLE, true, IN_USE, "systemctl"},
	{"literal in use: refused", "", "127.0.0.2", "127.0.0.2:80", "!127.0.0.2:80", UNREACHABLE,
	 true, IN_USE, "systemctl"},
	{"absent address only: pending", "10.9.9.9", "", "", "", UNREACHABLE, false, NO_WAY,
	 "ip address add 10.9.9.9"},
	{"absent address is no failure for others", "127.0.0.1 10.9.9.9", "", "", "127.0.0.1:80",
	 SERVED, false, 0, ""},
	{"one in use and one absent: every usable one is in use", "127.0.0.2 10.9.9.9", "",
	 "127.0.0.2:80", "!127.0.0.2:80", UNREACHABLE, true, IN_USE, "systemctl"},
	{"none", "none", "", "", "", UNREACHABLE, false, NO_WAY, "httpcfg delete iplisten -i none"},
	{"only unreadable entries bind nothing", "rubbish", "", "", "", UNREACHABLE, false, NO_WAY,
	 ""},
	{"only IPv6", "::", "", "127.0.0.1:80", "[::]:80", SERVED, false, 0, ""},
	{"IPv6 twin of a foreign IPv4 address", "127.0.0.1 ::1", "", "[::1]:80",
	 "127.0.0.1:80 ![::1]:80", PARTLY, false, IN_USE, "systemctl"},
	{"listed wildcard in use: what is listed beside it stays", "0.0.0.0 127.0.0.1", "",
	 "127.0.0.2:80", "!0.0.0.0:80 127.0.0.1:80", PARTLY, false, IN_USE, "systemctl"},
	{"shared literal uses the wildcard", "", "127.0.0.1", "", "0.0.0.0:80", SERVED, false, 0,
	 "", true},
};

static struct claim claim_of(const struct verdict_case *c)
{
	struct claim claim = {.want = {.port = PORT, .is_shared = c->is_shared}};

	if (c->address[0] != '\0') {
		assert_true(ip_addr_parse(slice_from_str(c->address), &claim.want.addr));
	}

	return claim;
}

static void verdict_follows_list_and_machine(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(verdict_cases) / sizeof(verdict_cases[0]); i++) {
		const struct verdict_case *c = &verdict_cases[i];
		struct claim claim = claim_of(c);
		struct claim_verdict verdict;
		struct world world;
		struct plan plan;
		char text[TEXT_BYTES];

		print_message("# %s\n", c->claim);
		world_init(&world, c->list, c->foreign);

		const struct listen_locals locals = world_locals(&world);

		assert_int_equal(world_plan(&world, &claim.want, 1, NULL, 0, &plan), 0);
		plan_describe(&plan, text, sizeof(text));
		assert_string_equal(text, c->plan);
		assert_int_equal(claim_judge(&claim, &plan, &world.list, &locals, &verdict), 0);
		assert_int_equal(verdict.state, c->state);
		assert_int_equal(verdict.is_refused, c->is_refused);
		assert_int_equal(verdict.code, c->code);
		assert_non_null(strstr(verdict.repair, c->repair));
		assert_true(c->state == SERVED || verdict.text[0] != '\0');
		plan_fini(&plan);
		listenlist_fini(&world.list);
	}
}

static void machine_without_ipv6_serves_the_empty_list(void **state)
{
	static const struct verdict_case everything = {"", "", "", "", "", SERVED, false, 0, ""};
	struct claim claim = claim_of(&everything);
	struct claim_verdict verdict;
	struct world world;
	struct plan plan;

	(void)state;
	world_init(&world, "", "");
	world.has_no_ipv6 = true;

	const struct listen_locals locals = world_locals(&world);

	assert_int_equal(world_plan(&world, &claim.want, 1, NULL, 0, &plan), 0);
	assert_int_equal(claim_judge(&claim, &plan, &world.list, &locals, &verdict), 0);
	assert_int_equal(verdict.state, SERVED);
	assert_false(verdict.is_refused);
	plan_fini(&plan);
	listenlist_fini(&world.list);
}

static void what_listens_stays_when_its_wildcard_fails(void **state)
{
	const struct listen_want want = {.port = PORT};
	struct ip_endpoint existing;
	struct world world;
	struct plan plan;
	char text[TEXT_BYTES];

	(void)state;
	assert_true(ip_endpoint_parse(SLICE("127.0.0.1:80"), &existing));
	world_init(&world, "", "127.0.0.2:80");
	assert_int_equal(world_plan(&world, &want, 1, &existing, 1, &plan), 0);
	plan_describe(&plan, text, sizeof(text));
	assert_string_equal(text, "!0.0.0.0:80 [::]:80 127.0.0.1:80");
	plan_fini(&plan);
	listenlist_fini(&world.list);
}

static void literal_is_attempted_when_its_wildcard_fails(void **state)
{
	struct listen_want wants[2] = {{.port = PORT}, {.port = PORT}};
	struct world world;
	struct plan plan;

	(void)state;
	assert_true(ip_addr_parse(SLICE("10.0.0.1"), &wants[1].addr));
	world_init(&world, "", "127.0.0.2:80");
	assert_int_equal(world_plan(&world, wants, 2, NULL, 0, &plan), 0);

	struct ip_endpoint literal = {.addr = wants[1].addr, .port = PORT};

	assert_true(plan_has_open(&plan, &literal));
	plan_fini(&plan);
	listenlist_fini(&world.list);
}

static void shared_endpoint_is_attempted_once(void **state)
{
	struct listen_want wants[3] = {{.port = PORT}, {.port = PORT}, {.port = PORT}};
	struct world world;
	struct plan plan;

	(void)state;
	assert_true(ip_addr_parse(SLICE("127.0.0.1"), &wants[1].addr));
	world_init(&world, "", "");
	assert_int_equal(world_plan(&world, wants, 3, NULL, 0, &plan), 0);
	assert_int_equal(plan.n_items, 2);
	assert_int_equal(world.n_attempts, 2);
	plan_fini(&plan);
	listenlist_fini(&world.list);
}

static void claims_are_the_same_by_what_they_want(void **state)
{
	struct claim a = {.id = 1, .want = {.port = 80}};
	struct claim b = {.id = 2, .want = {.port = 80}};

	(void)state;
	assert_true(claim_is_same(&a, &b));
	b.scheme = 1;
	assert_false(claim_is_same(&a, &b));
	b.scheme = 0;
	b.want.addr = ip_addr_any(AF_INET);
	assert_false(claim_is_same(&a, &b));
}

static void no_memory_is_reported_and_leaks_nothing(void **state)
{
	const struct listen_want want = {.port = PORT};
	const struct claim claim = {.want = want};
	struct claim_verdict verdict;
	int r = -ENOMEM;

	(void)state;
	for (uint64_t n = 1; r != 0; n++) {
		struct world world;
		struct plan plan = {0};

		world_init(&world, "0.0.0.0 127.0.0.1", "127.0.0.2:80");

		const struct listen_locals locals = world_locals(&world);

		(void)mem_fail_at(n);
		r = world_plan(&world, &want, 1, NULL, 0, &plan);
		if (r == 0) {
			r = claim_judge(&claim, &plan, &world.list, &locals, &verdict);
		}
		(void)mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true(n < 100);
		plan_fini(&plan);
		listenlist_fini(&world.list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdict_follows_list_and_machine),
		cmocka_unit_test(machine_without_ipv6_serves_the_empty_list),
		cmocka_unit_test(what_listens_stays_when_its_wildcard_fails),
		cmocka_unit_test(literal_is_attempted_when_its_wildcard_fails),
		cmocka_unit_test(shared_endpoint_is_attempted_once),
		cmocka_unit_test(claims_are_the_same_by_what_they_want),
		cmocka_unit_test(no_memory_is_reported_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
