/* SPDX-License-Identifier: MIT */

/* Who may reserve, delete and register what: the worked examples of the reference, and scale. */

#include "urlspace/reservation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "names.h"

/* The users of the examples. */
#define UID_A 1001
#define UID_B 1002
#define UID_C 1003
#define UID_E 1005

struct fixture {
	struct scheme_table schemes;
	struct reservation_set set;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	reservation_set_init(&f->set, &f->schemes);
}

static void fixture_fini(struct fixture *f)
{
	reservation_set_fini(&f->set);
	for (unsigned port = 1; port <= UINT16_MAX; port++) {
		assert_false(
			scheme_table_conflicts(&f->schemes, PREFIX_SCHEME_HTTP, (uint16_t)port));
		assert_false(
			scheme_table_conflicts(&f->schemes, PREFIX_SCHEME_HTTPS, (uint16_t)port));
	}
	scheme_table_fini(&f->schemes);
}

static void must_parse(const char *text, struct prefix *ret_prefix)
{
	assert_int_equal(prefix_parse(slice_from_str(text), ret_prefix, NULL), 0);
}

static void reserve(struct fixture *f, const char *text, const char *grants)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	cleanup_(acl_fini) struct acl acl = {0};

	must_parse(text, &prefix);
	assert_int_equal(acl_parse(slice_from_str(grants), NULL, &acl, NULL), 0);
	assert_int_equal(reservation_set_insert(&f->set, &prefix, &acl, "test"), 0);
}

/* As a tool does it: ask, then insert. */
static int add(struct fixture *f, uid_t uid, const char *text, const char *grants)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	const struct caller caller = {.uid = uid, .gid = uid};

	must_parse(text, &prefix);

	int r = reservation_check_add(&f->set, &prefix, &caller, NULL);
	if (r == 0) {
		reserve(f, text, grants);
	}

	return r;
}

static int remove_reservation(struct fixture *f, uid_t uid, const char *text)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	const struct caller caller = {.uid = uid, .gid = uid};

	must_parse(text, &prefix);

	int r = reservation_check_delete(&f->set, &prefix, &caller, NULL);
	if (r == 0) {
		assert_int_equal(reservation_set_remove(&f->set, &prefix), 0);
	}

	return r;
}

static int check_register(struct fixture *f, uid_t uid, const char *text,
			  struct reservation_reason *ret_reason)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	const struct caller caller = {.uid = uid, .gid = uid};

	must_parse(text, &prefix);

	return reservation_check_register(&f->set, &prefix, &caller, ret_reason);
}

/* Res1 to Res7 of "Adding a reservation", in order. */
static const struct {
	uid_t uid;
	const char *text;
	const char *grants;
	int verdict;
} worked_reservations[] = {
	{0, "http://+:80/vroot/subdir/", "user:1001=listen,delegate;user:1003", 0},
	{0, "http://adatum.com:80/vroot/", "user:1002=listen,delegate", 0},
	{UID_B, "http://adatum.com:80/vroot/subdir/otherdir/", "user:1003", 0},
	{UID_A, "http://+:80/vroot/subdir/otherdir/", "user:1005", 0},
	{UID_A, "http://adatum.com:80/vroot/subdir/otherdir/", "user:1005", RESERVATION_E_DENIED},
	{0, "http://+:80/vroot/subdir/", "user:1001", RESERVATION_E_EXISTS},
	{UID_A, "http://adatum.com:80/newroot/", "user:1001", RESERVATION_E_DENIED},
};

static void add_worked_reservations(struct fixture *f)
{
	for (size_t i = 0; i < array_len(worked_reservations); i++) {
		int r = add(f, worked_reservations[i].uid, worked_reservations[i].text,
			    worked_reservations[i].grants);

		assert_int_equal(r, worked_reservations[i].verdict);
	}
}

static void worked_reservations_hold(void **state)
{
	struct fixture f;
	size_t cursor = 0;
	size_t n = 0;

	fixture_init(&f);
	add_worked_reservations(&f);
	while (reservation_set_next(&f.set, &cursor) != NULL) {
		n++;
	}
	assert_int_equal(n, 4);
	fixture_fini(&f);
}

static void worked_registrations_hold(void **state)
{
	static const struct {
		uid_t uid;
		const char *text;
		int verdict;
	} rows[] = {
		{UID_B, "http://+:80/vroot/subdir/", RESERVATION_E_DENIED},
		{UID_B, "http://adatum.com:80/vroot/subdir/", 0},
		{UID_C, "http://adatum.com:80/vroot/subdir/", RESERVATION_E_DENIED},
		{UID_A, "http://+:80/vroot/subdir/", 0},
		{UID_B, "http://adatum.com:80/vroot/anotherdir/", 0},
		/* and what follows from the same rules */
		{UID_C, "http://+:80/vroot/subdir/", 0},
		{UID_A, "http://+:80/vroot/subdir/otherdir/", RESERVATION_E_DENIED},
		{UID_E, "http://+:80/vroot/subdir/otherdir/deep/er", 0},
		{UID_E, "http://+:80/VROOT/SubDir/OtherDir", 0},
		{UID_A, "http://+:80/vroot/subdirectory/", RESERVATION_E_DENIED},
		{UID_A, "http://+:80/vroot/", RESERVATION_E_DENIED},
		{UID_A, "http://*:80/vroot/subdir/", RESERVATION_E_DENIED},
		{UID_A, "http://+:81/vroot/subdir/", RESERVATION_E_DENIED},
		{UID_A, "https://+:80/vroot/subdir/", RESERVATION_E_SCHEME_CONFLICT},
		{0, "https://+:80/", RESERVATION_E_SCHEME_CONFLICT},
		{0, "http://+:80/", 0},
		{0, "http://adatum.com:80/vroot/subdir/otherdir/", 0},
	};
	struct fixture f;

	fixture_init(&f);
	add_worked_reservations(&f);
	for (size_t i = 0; i < array_len(rows); i++) {
		int r = check_register(&f, rows[i].uid, rows[i].text, NULL);

		assert_int_equal(r, rows[i].verdict);
	}
	fixture_fini(&f);
}

static void only_loopback_on_high_ports_is_free(void **state)
{
	static const struct {
		const char *text;
		int verdict;
	} rows[] = {
		{"http://localhost:1024/", 0},
		{"http://LOCALHOST:50000/x", 0},
		{"http://localhost:1023/", RESERVATION_E_DENIED},
		{"http://127.0.0.1:8080/", 0},
		{"http://127.9.9.9:8080/", 0},
		{"http://[::1]:8080/", 0},
		{"http://[::1]:80/", RESERVATION_E_DENIED},
		{"http://[::ffff:127.0.0.1]:8080/", 0},
		{"http://10.0.0.1:8080/", RESERVATION_E_DENIED},
		{"http://+:50000/", RESERVATION_E_DENIED},
		{"http://*:50000/", RESERVATION_E_DENIED},
		{"http://a.com:50000/", RESERVATION_E_DENIED},
		{"http://*.localhost:50000/", RESERVATION_E_DENIED},
		{"http://a.com:50000:127.0.0.1/", RESERVATION_E_DENIED},
		{"https://localhost:50443/", 0},
	};
	struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < array_len(rows); i++) {
		struct reservation_reason reason;

		if (check_register(&f, UID_A, rows[i].text, &reason) != rows[i].verdict) {
			fail_msg("%s", rows[i].text);
		}
		assert_int_equal(reason.basis, rows[i].verdict == 0
						       ? RESERVATION_BASIS_FREE_LOOPBACK
						       : RESERVATION_BASIS_NOTHING);
		assert_int_equal(check_register(&f, 0, rows[i].text, &reason), 0);
		assert_int_equal(reason.basis, RESERVATION_BASIS_ROOT);
	}
	fixture_fini(&f);
}

static void reservation_closes_the_free_loopback_below_it(void **state)
{
	struct fixture f;

	fixture_init(&f);
	reserve(&f, "http://localhost:8080/a/", "user:1002");
	reserve(&f, "http://+:9090/", "user:1002");
	assert_int_equal(check_register(&f, UID_A, "http://localhost:8080/a/b/", NULL),
			 RESERVATION_E_DENIED);
	assert_int_equal(check_register(&f, UID_B, "http://localhost:8080/a/b/", NULL), 0);
	assert_int_equal(check_register(&f, UID_A, "http://localhost:8080/", NULL), 0);
	/* Another bucket has no meaning here. */
	assert_int_equal(check_register(&f, UID_A, "http://localhost:9090/", NULL), 0);
	fixture_fini(&f);
}

static void explicit_root_reservation_delegates_but_keeps_root(void **state)
{
	struct fixture f;

	fixture_init(&f);
	assert_int_equal(add(&f, UID_A, "http://+:80/x/", "user:1001"), RESERVATION_E_DENIED);
	assert_int_equal(add(&f, 0, "http://+:80/", "user:1001=delegate"), 0);
	assert_int_equal(add(&f, UID_A, "http://+:80/x/", "user:1002"), 0);
	assert_int_equal(add(&f, UID_A, "http://+:80/", "user:1001"), RESERVATION_E_DENIED);
	assert_int_equal(check_register(&f, UID_A, "http://+:80/y/", NULL), RESERVATION_E_DENIED);
	assert_int_equal(check_register(&f, 0, "http://+:80/y/", NULL), 0);
	assert_int_equal(add(&f, 0, "http://+:80/y/", "nobody"), 0);
	fixture_fini(&f);
}

static void deleting_asks_the_parent(void **state)
{
	struct fixture f;

	fixture_init(&f);
	reserve(&f, "http://+:80/a/", "user:1001=listen,delegate");
	reserve(&f, "http://+:80/a/b/", "user:1002=listen,delegate");
	assert_int_equal(remove_reservation(&f, UID_B, "http://+:80/a/b/"), RESERVATION_E_DENIED);
	assert_int_equal(remove_reservation(&f, UID_A, "http://+:80/a/"), RESERVATION_E_DENIED);
	assert_int_equal(remove_reservation(&f, UID_A, "http://+:80/a/c/"),
			 RESERVATION_E_NOT_FOUND);
	assert_int_equal(remove_reservation(&f, UID_A, "http://+:80/a/b"), 0);
	assert_int_equal(remove_reservation(&f, 0, "http://+:80/a/b/"), RESERVATION_E_NOT_FOUND);
	assert_int_equal(remove_reservation(&f, 0, "http://+:80/A"), 0);
	fixture_fini(&f);
}

static void port_has_one_scheme_while_it_is_used(void **state)
{
	struct fixture f;

	fixture_init(&f);
	reserve(&f, "http://+:80/a/", "everyone");
	reserve(&f, "http://b.com:80/", "everyone");
	assert_int_equal(add(&f, 0, "https://+:80/", "everyone"), RESERVATION_E_SCHEME_CONFLICT);
	assert_int_equal(remove_reservation(&f, 0, "http://+:80/a/"), 0);
	assert_int_equal(add(&f, 0, "https://+:80/", "everyone"), RESERVATION_E_SCHEME_CONFLICT);
	assert_int_equal(remove_reservation(&f, 0, "http://b.com:80/"), 0);
	assert_int_equal(add(&f, 0, "https://+:80/", "everyone"), 0);

	/* A registration counts as well. */
	assert_int_equal(scheme_table_add(&f.schemes, PREFIX_SCHEME_HTTPS, 443), 0);
	assert_int_equal(add(&f, 0, "http://+:443/", "everyone"), RESERVATION_E_SCHEME_CONFLICT);
	scheme_table_remove(&f.schemes, PREFIX_SCHEME_HTTPS, 443);
	assert_int_equal(add(&f, 0, "http://+:443/", "everyone"), 0);
	fixture_fini(&f);
}

static void insert_refuses_what_can_not_stand_together(void **state)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	cleanup_(prefix_fini) struct prefix other_scheme = {0};
	struct acl acl = {0};
	struct fixture f;

	fixture_init(&f);
	must_parse("http://+:80/a", &prefix);
	must_parse("https://+:80/a", &other_scheme);
	assert_int_equal(reservation_set_insert(&f.set, &prefix, &acl, NULL), 0);
	assert_int_equal(reservation_set_insert(&f.set, &prefix, &acl, NULL), RESERVATION_E_EXISTS);
	assert_int_equal(reservation_set_insert(&f.set, &other_scheme, &acl, NULL),
			 RESERVATION_E_SCHEME_CONFLICT);
	assert_string_equal(reservation_set_find(&f.set, &prefix)->owner, "");
	assert_null(reservation_set_find(&f.set, &other_scheme));
	assert_int_equal(reservation_set_remove(&f.set, &other_scheme), RESERVATION_E_NOT_FOUND);
	fixture_fini(&f);
	reservation_set_fini(NULL);
}

static void longest_covering_reservation_is_found(void **state)
{
	static const char *const rows[][2] = {
		{"http://+:80/", NULL},
		{"http://+:80/a", "http://+:80/a/"},
		{"http://+:80/a/b", "http://+:80/a/"},
		{"http://+:80/a/b/c/d", "http://+:80/a/b/c/"},
		{"http://+:80/ab", NULL},
		{"http://*:80/a", NULL},
		{"http://a.com:80/q/r", "http://a.com:80/"},
		{"http://b.a.com:80/", NULL},
		{"http://a.com:80:10.0.0.1/", NULL},
	};
	struct fixture f;

	fixture_init(&f);
	reserve(&f, "http://+:80/a/", "everyone");
	reserve(&f, "http://+:80/a/b/c/", "everyone");
	reserve(&f, "http://a.com:80/", "everyone");
	reserve(&f, "http://*.a.com:80/", "everyone");
	for (size_t i = 0; i < array_len(rows); i++) {
		cleanup_(prefix_fini) struct prefix prefix = {0};

		must_parse(rows[i][0], &prefix);

		const struct reservation *found = reservation_set_find_covering(&f.set, &prefix);
		if (rows[i][1] == NULL) {
			assert_null(found);
		} else {
			assert_non_null(found);
			assert_string_equal(found->prefix.text, rows[i][1]);
		}
	}
	fixture_fini(&f);
}

static void answers_are_explained(void **state)
{
	static const struct {
		uid_t uid;
		const char *text;
		int (*check)(const struct reservation_set *set, const struct prefix *prefix,
			     const struct caller *caller, struct reservation_reason *ret_reason);
		const char *line;
	} rows[] = {
		{UID_A, "http://+:80/a/x", reservation_check_register,
		 "http://+:80/a/ is reserved for user:bob"},
		{1000, "http://+:80/a/x", reservation_check_register,
		 "allowed: http://+:80/a/ is reserved for user:bob"},
		{0, "http://+:80/a/x", reservation_check_register,
		 "allowed: root may use the whole URL space"},
		{UID_A, "http://localhost:8080/", reservation_check_register,
		 "allowed: loopback hosts are free on ports from 1024 on"},
		{UID_A, "http://+:80/b", reservation_check_register,
		 "no reservation covers http://+:80/b/, so only root may register it"},
		{UID_A, "https://+:80/b", reservation_check_register,
		 "port 80 carries http already; a port has one scheme"},
		{1000, "http://+:80/a/x", reservation_check_add,
		 "http://+:80/a/ is reserved for user:bob, and changes below it need the right to "
		 "delegate"},
		{UID_A, "http://+:80/b", reservation_check_add,
		 "no reservation is above http://+:80/b/, so only root may reserve it"},
		{0, "http://+:80/A", reservation_check_add,
		 "http://+:80/a/ is reserved already, for user:bob; to change that, delete it "
		 "first"},
		{0, "http://+:80/b", reservation_check_delete, "http://+:80/b/ is not reserved"},
	};
	struct fixture f;

	fixture_init(&f);
	reserve(&f, "http://+:80/a/", "user:1000");
	for (size_t i = 0; i < array_len(rows); i++) {
		cleanup_(prefix_fini) struct prefix prefix = {0};
		cleanup_(buf_fini) struct buf line = {0};
		const struct caller caller = {.uid = rows[i].uid, .gid = rows[i].uid};
		struct reservation_reason reason;

		must_parse(rows[i].text, &prefix);

		int verdict = rows[i].check(&f.set, &prefix, &caller, &reason);
		assert_int_equal(
			reservation_reason_format(&reason, verdict, &prefix, &test_names, &line),
			0);
		if (!slice_is_equal(buf_slice(&line), slice_from_str(rows[i].line))) {
			fail_msg("%s: %.*s", rows[i].text, SLICE_ARG(buf_slice(&line)));
		}
	}
	fixture_fini(&f);
}

static void hundred_thousand_reservations_cost_one_probe_per_segment(void **state)
{
	struct acl acl = {0};
	struct fixture f;

	fixture_init(&f);
	for (unsigned i = 0; i < 100000; i++) {
		char text[64];
		cleanup_(prefix_fini) struct prefix prefix = {0};

		(void)snprintf(text, sizeof(text), "http://+:%u/tenant/%u/", 80 + i % 3, i);
		must_parse(text, &prefix);
		assert_int_equal(reservation_set_insert(&f.set, &prefix, &acl, NULL), 0);
	}

	for (unsigned i = 0; i < 100000; i += 997) {
		char text[64];
		struct reservation_reason reason;

		(void)snprintf(text, sizeof(text), "http://+:%u/tenant/%u/a/b/c/", 80 + i % 3, i);
		assert_int_equal(check_register(&f, UID_A, text, &reason), RESERVATION_E_DENIED);
		assert_non_null(reason.reservation);
		assert_int_equal(reason.n_probes, 4);

		(void)snprintf(text, sizeof(text), "http://a.com:80/x/%u/y/", i);
		assert_int_equal(check_register(&f, UID_A, text, &reason), RESERVATION_E_DENIED);
		assert_null(reason.reservation);
		assert_int_equal(reason.n_probes, 4);
	}
	fixture_fini(&f);
}

static int reservation_use_all(void)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	cleanup_(acl_fini) struct acl acl = {0};
	cleanup_(buf_fini) struct buf line = {0};
	const struct caller caller = {.uid = UID_A};
	struct reservation_reason reason;
	struct fixture f = {0};

	reservation_set_init(&f.set, &f.schemes);

	int r = prefix_parse(SLICE("http://+:80/a"), &prefix, NULL);
	if (r == 0) {
		r = acl_parse(SLICE("user:1;sid:S-1-5-9-9"), NULL, &acl, NULL);
	}
	if (r == 0) {
		r = reservation_set_insert(&f.set, &prefix, &acl, "root");
	}
	if (r == 0) {
		r = reservation_check_register(&f.set, &prefix, &caller, &reason);
		assert_int_equal(r, RESERVATION_E_DENIED);
		r = reservation_reason_format(&reason, r, &prefix, NULL, &line);
	}
	assert_int_equal(f.set.by_key.n_entries == 0,
			 !scheme_table_conflicts(&f.schemes, PREFIX_SCHEME_HTTPS, 80));
	reservation_set_fini(&f.set);
	assert_false(scheme_table_conflicts(&f.schemes, PREFIX_SCHEME_HTTPS, 80));
	scheme_table_fini(&f.schemes);

	return r;
}

static void out_of_memory_is_passed_up(void **state)
{
	(void)mem_fail_at(UINT64_MAX);
	assert_int_equal(reservation_use_all(), 0);

	uint64_t n = mem_fail_at(0);
	assert_true(n > 10);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		assert_int_equal(reservation_use_all(), -ENOMEM);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_reservations_hold),
		cmocka_unit_test(worked_registrations_hold),
		cmocka_unit_test(only_loopback_on_high_ports_is_free),
		cmocka_unit_test(reservation_closes_the_free_loopback_below_it),
		cmocka_unit_test(explicit_root_reservation_delegates_but_keeps_root),
		cmocka_unit_test(deleting_asks_the_parent),
		cmocka_unit_test(port_has_one_scheme_while_it_is_used),
		cmocka_unit_test(insert_refuses_what_can_not_stand_together),
		cmocka_unit_test(longest_covering_reservation_is_found),
		cmocka_unit_test(answers_are_explained),
		cmocka_unit_test(hundred_thousand_reservations_cost_one_probe_per_segment),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("reservation", tests, NULL, NULL);
}
