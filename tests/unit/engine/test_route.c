/* SPDX-License-Identifier: MIT */

/*
 * The routing table: who gets a request, in tables of prefixes and questions; how removal and
 * reservations change it at once; and that its cost does not grow with its size.  Agreement with a
 * naive matcher is fuzz_route's.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rcu.h"
#include "engine/queue.h"
#include "engine/route.h"
#include "engine/route_inside.h"

#define PREFIXES_MANY 100000

static struct url_group groups[8];

static void table_set(struct route_table *table, const char *text, struct url_group *group,
		      bool is_reserved)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(slice_from_str(text), &prefix, NULL), 0);
	assert_int_equal(route_table_set(table, &prefix, group, 0, is_reserved), 0);
	prefix_fini(&prefix);
}

/* Ask for http://host:80path on the local address @local. */
static struct route_match table_ask(const struct route_table *table, const char *host,
				    const char *path, const char *local)
{
	struct ip_addr addr;
	struct ip_addr literal;

	assert_true(ip_addr_parse(slice_from_str(local), &addr));
	const struct route_key key = {
		.port = 80,
		.host = slice_from_str(host),
		.is_host_literal = ip_addr_parse(slice_from_str(host), &literal),
		.local = &addr,
		.path = slice_from_str(path),
	};

	return route_lookup(table, &key, NULL);
}

struct question {
	const char *host;
	const char *path;
	const char *local;
	const char *expected; /* prefix, or "400", "404", "503" */
};

static void check(const struct route_table *table, const struct question *question)
{
	static const char *const outcomes[] = {"", "503", "404", "400"};
	struct route_match match =
		table_ask(table, question->host, question->path, question->local);
	const char *got = match.outcome == ROUTE_OUTCOME_FOUND ? route_entry_text(match.entry).data
							       : outcomes[match.outcome];

	if (strcmp(got, question->expected) != 0) {
		fail_msg("%s%s at %s: %s instead of %s", question->host, question->path,
			 question->local, got, question->expected);
	}
}

static void check_all(const char *const *prefixes, const struct question *questions, size_t n)
{
	struct route_table table;

	assert_int_equal(route_table_init(&table), 0);
	for (; *prefixes != NULL; prefixes++) {
		bool is_reservation = (*prefixes)[0] == '!';

		table_set(&table, *prefixes + is_reservation, is_reservation ? NULL : &groups[0],
			  is_reservation);
	}
	for (size_t i = 0; i < n; i++) {
		check(&table, &questions[i]);
	}
	route_table_fini(&table);
}

static void buckets_go_before_length(void **state)
{
	static const char *const prefixes[] = {"http://+:80/vroot/", "http://adatum.com:80/",
					       "http://*:80/", NULL};
	static const struct question questions[] = {
		{"adatum.com", "/vroot/subdir/file.htm", "10.0.0.1", "http://+:80/vroot/"},
		{"adatum.com", "/default.htm", "10.0.0.1", "http://adatum.com:80/"},
		{"ADATUM.com", "/default.htm", "10.0.0.1", "http://adatum.com:80/"},
		{"other.adatum.com", "/file.htm", "10.0.0.1", "http://*:80/"},
		{"", "/file.htm", "10.0.0.1", "http://*:80/"},
	};

	(void)state;
	check_all(prefixes, questions, array_len(questions));
}

static void longest_prefix_wins_on_segment_boundaries(void **state)
{
	static const char *const prefixes[] = {"http://www.adatum.com:80/",
					       "http://www.adatum.com:80/dir/sna/",
					       "http://a:80/foobar/foo/", NULL};
	static const struct question questions[] = {
		{"www.adatum.com", "/default.htm", "10.0.0.1", "http://www.adatum.com:80/"},
		{"www.adatum.com", "/dir/sna/x", "10.0.0.1", "http://www.adatum.com:80/dir/sna/"},
		{"www.adatum.com", "/DIR/Sna/x", "10.0.0.1", "http://www.adatum.com:80/dir/sna/"},
		{"www.adatum.com", "/dir/sna", "10.0.0.1", "http://www.adatum.com:80/dir/sna/"},
		{"www.adatum.com", "/dir/snax", "10.0.0.1", "http://www.adatum.com:80/"},
		{"www.adatum.com", "/dir/app.htm", "10.0.0.1", "http://www.adatum.com:80/"},
		{"a", "/foobar/foo", "10.0.0.1", "http://a:80/foobar/foo/"},
		{"a", "/foobar/foo/x", "10.0.0.1", "http://a:80/foobar/foo/"},
		{"a", "/foobar/foo2", "10.0.0.1", "404"},
		{"a", "/foobar/", "10.0.0.1", "404"},
		{"a", "*", "10.0.0.1", "404"},
		{"www.adatum.com", "*", "10.0.0.1", "http://www.adatum.com:80/"},
	};

	(void)state;
	check_all(prefixes, questions, array_len(questions));
}

static void reservation_without_registration_stops(void **state)
{
	static const char *const prefixes[] = {"http://*:80/vroot/", "!http://adatum.com:80/",
					       "http://b:80/", "!http://b:80/x/", NULL};
	static const struct question questions[] = {
		{"adatum.com", "/vroot/x", "10.0.0.1", "503"},
		{"other.com", "/vroot/x", "10.0.0.1", "http://*:80/vroot/"},
		{"b", "/x/y", "10.0.0.1", "503"},
		{"b", "/xy", "10.0.0.1", "http://b:80/"},
	};

	(void)state;
	check_all(prefixes, questions, array_len(questions));
}

static void address_decides_only_after_names(void **state)
{
	static const char *const prefixes[] = {"http://10.0.0.1:80/", "http://a.com:80/",
					       "http://b.com:80:10.0.0.2/",
					       "http://[2001:db8::1]:80/", NULL};
	static const struct question questions[] = {
		{"a.com", "/", "10.0.0.1", "http://a.com:80/"},
		{"b.com", "/", "10.0.0.1", "http://10.0.0.1:80/"},
		{"b.com", "/", "10.0.0.2", "http://b.com:80:10.0.0.2/"},
		{"b.com", "/", "10.0.0.3", "400"},
		{"10.0.0.1", "/", "10.0.0.1", "http://10.0.0.1:80/"},
		{"10.0.0.1", "/", "10.0.0.9", "400"},
		{"q", "/", "2001:db8::1", "http://[2001:db8::1]:80/"},
	};

	(void)state;
	check_all(prefixes, questions, array_len(questions));
}

static void unknown_host_and_unknown_path_differ(void **state)
{
	static const char *const prefixes[] = {"http://localhost:80/x/", NULL};
	static const struct question questions[] = {
		{"localhost", "/y", "127.0.0.1", "404"},
		{"127.0.0.1", "/x/", "127.0.0.1", "400"},
		{"b.com", "/x/", "127.0.0.1", "400"},
		{"localhost.", "/x/", "127.0.0.1", "http://localhost:80/x/"},
	};

	(void)state;
	check_all(prefixes, questions, array_len(questions));
}

static void sub_domain_wildcards_come_after_exact_names(void **state)
{
	static const char *const prefixes[] = {"http://*.contoso.com:80/",
					       "http://*.a.contoso.com:80/",
					       "http://www.contoso.com:80/", "http://*:80/", NULL};
	static const struct question questions[] = {
		{"www.contoso.com", "/", "10.0.0.1", "http://www.contoso.com:80/"},
		{"x.contoso.com", "/", "10.0.0.1", "http://*.contoso.com:80/"},
		{"y.x.contoso.com", "/", "10.0.0.1", "http://*.contoso.com:80/"},
		{"x.a.contoso.com", "/", "10.0.0.1", "http://*.a.contoso.com:80/"},
		{"contoso.com", "/", "10.0.0.1", "http://*:80/"},
		{"xcontoso.com", "/", "10.0.0.1", "http://*:80/"},
	};

	(void)state;
	check_all(prefixes, questions, array_len(questions));
}

static void changes_take_effect_at_once(void **state)
{
	struct route_table table;
	const struct question before = {"adatum.com", "/vroot/subdir/f", "10.0.0.1",
					"http://adatum.com:80/vroot/"};
	const struct question reserved = {"adatum.com", "/vroot/subdir/f", "10.0.0.1", "503"};
	const struct question taken = {"adatum.com", "/vroot/subdir/f", "10.0.0.1",
				       "http://+:80/vroot/subdir/"};
	const struct question gone = {"adatum.com", "/vroot/subdir/f", "10.0.0.1", "400"};

	(void)state;
	assert_int_equal(route_table_init(&table), 0);
	table_set(&table, "http://adatum.com:80/vroot/", &groups[0], false);
	check(&table, &before);
	table_set(&table, "http://+:80/vroot/subdir/", NULL, true);
	check(&table, &reserved);
	table_set(&table, "http://+:80/vroot/subdir/", &groups[1], true);
	check(&table, &taken);
	table_set(&table, "http://+:80/vroot/subdir/", NULL, true);
	check(&table, &reserved);
	table_set(&table, "http://+:80/vroot/subdir/", NULL, false);
	check(&table, &before);
	table_set(&table, "http://adatum.com:80/vroot/", NULL, false);
	check(&table, &gone);
	assert_true(route_table_has_garbage(&table));
	route_table_collect(&table);
	assert_false(route_table_has_garbage(&table));
	route_table_fini(&table);
}

static void too_deep_a_prefix_is_refused(void **state)
{
	struct route_table table;
	struct prefix prefix;
	char text[1024] = "http://+:80/";

	(void)state;
	for (unsigned depth = 1; depth < ROUTE_DEPTH_MAX; depth++) {
		memcpy(text + strlen(text), "a/", 3);
	}
	assert_int_equal(route_table_init(&table), 0);
	assert_int_equal(prefix_parse(slice_from_str(text), &prefix, NULL), 0);
	assert_int_equal(route_table_set(&table, &prefix, &groups[0], 0, false), 0);
	prefix_fini(&prefix);

	memcpy(text + strlen(text), "a/", 3);
	assert_int_equal(prefix_parse(slice_from_str(text), &prefix, NULL), 0);
	assert_int_equal(route_table_set(&table, &prefix, &groups[0], 0, false), ROUTE_E_TOO_DEEP);
	prefix_fini(&prefix);
	route_table_fini(&table);
}

/* How many cells lie between where an object's hash says it is and where it is, on average. */
static double mean_displacement(const struct route_cells *cells)
{
	uint64_t sum = 0;
	uint64_t n = 0;

	for (uint64_t i = 0; i <= cells->mask; i++) {
		if (cells->cells[i].object != NULL && cells->cells[i].object != &route_tombstone) {
			sum += (i - cells->cells[i].hash) & cells->mask;
			n++;
		}
	}

	return n > 0 ? (double)sum / (double)n : 0;
}

static void many_prefixes_cost_no_more_than_few(void **state)
{
	struct route_table table;
	char text[64];

	(void)state;
	assert_int_equal(route_table_init(&table), 0);
	for (unsigned i = 0; i < PREFIXES_MANY; i++) {
		(void)snprintf(text, sizeof(text), "http://h%u.example:80/p%u/q/", i % 1000, i);
		table_set(&table, text, &groups[0], false);
		if (i % 4096 == 0) {
			route_table_collect(&table);
		}
	}

	/* At three quarters full linear probing takes 2.5 cells; whoever hashes badly takes more.
	 */
	assert_true(mean_displacement(table.paths) < 4);
	assert_true(mean_displacement(table.sites) < 4);
	assert_true(table.paths->mask + 1 <= 4 * PREFIXES_MANY);
	assert_true(table_ask(&table, "h7.example", "/p5007/q/r", "10.0.0.1").entry != NULL);
	assert_true(table_ask(&table, "h7.example", "/p5008/q/r", "10.0.0.1").entry == NULL);

	for (unsigned i = 0; i < PREFIXES_MANY; i++) {
		(void)snprintf(text, sizeof(text), "http://h%u.example:80/p%u/q/", i % 1000, i);
		table_set(&table, text, NULL, false);
		if (i % 4096 == 0) {
			route_table_collect(&table);
		}
	}
	assert_int_equal(table.paths->n_live, 0);
	assert_int_equal(table.sites->n_live, 0);
	route_table_fini(&table);
}

static void no_memory_changes_nothing(void **state)
{
	struct route_table table;
	struct prefix prefix;

	(void)state;
	assert_int_equal(prefix_parse(SLICE("http://a:80/x/"), &prefix, NULL), 0);
	for (uint64_t n = 1;; n++) {
		assert_int_equal(route_table_init(&table), 0);
		(void)mem_fail_at(n);
		int r = route_table_set(&table, &prefix, &groups[0], 0, false);
		bool was_reached = mem_fail_at(0) >= n;

		assert_int_equal(route_table_find(&table, &prefix) != NULL, r == 0);
		route_table_fini(&table);
		if (!was_reached) {
			assert_int_equal(r, 0);
			break;
		}
		assert_int_not_equal(r, 0);
	}
	prefix_fini(&prefix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buckets_go_before_length),
		cmocka_unit_test(longest_prefix_wins_on_segment_boundaries),
		cmocka_unit_test(reservation_without_registration_stops),
		cmocka_unit_test(address_decides_only_after_names),
		cmocka_unit_test(unknown_host_and_unknown_path_differ),
		cmocka_unit_test(sub_domain_wildcards_come_after_exact_names),
		cmocka_unit_test(changes_take_effect_at_once),
		cmocka_unit_test(too_deep_a_prefix_is_refused),
		cmocka_unit_test(many_prefixes_cost_no_more_than_few),
		cmocka_unit_test(no_memory_changes_nothing),
	};

	rcu_thread_enter();
	int n_failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_thread_leave();

	return n_failed;
}
