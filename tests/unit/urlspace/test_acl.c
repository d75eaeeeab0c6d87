/* SPDX-License-Identifier: MIT */

/* Who is allowed by a list. */

#include "urlspace/acl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"

static const gid_t acl_groups[] = {50, 2000};

static const struct caller root = {.uid = 0, .gid = 0};
static const struct caller bob = {.uid = 1000, .gid = 1000, .groups = acl_groups, .n_groups = 2};
static const struct caller eve = {.uid = 1001, .gid = 1001};

static void acl_must_parse(const char *text, struct acl *ret_acl)
{
	struct acl_error error;

	if (acl_parse(slice_from_str(text), NULL, ret_acl, &error) != 0) {
		fail_msg("%s: %zu: %s", text, error.position, error.message);
	}
}

static void entries_decide_in_order(void **state)
{
	const unsigned listen = ACL_RIGHT_LISTEN;
	const unsigned delegate = ACL_RIGHT_DELEGATE;
	const struct {
		const char *text;
		const struct caller *caller;
		unsigned rights;
		bool is_allowed;
	} rows[] = {
		{"D:", &root, listen | delegate, true},
		{"D:", &bob, listen, false},
		{"D:(D;;GA;;;WD)", &root, listen, true},
		{"D:(A;;GX;;;WD)", &eve, listen, true},
		{"D:(A;;GX;;;WD)", &eve, delegate, false},
		{"D:(A;;GW;;;WD)", &eve, delegate, true},
		{"D:(A;;GW;;;WD)", &eve, listen, false},
		{"D:(A;;GR;;;WD)", &eve, listen, false},
		{"D:(A;;GA;;;AU)", &eve, listen | delegate, true},
		{"D:(A;;GX;;;S-1-22-1-1000)", &bob, listen, true},
		{"D:(A;;GX;;;S-1-22-1-1000)", &eve, listen, false},
		{"D:(A;;GX;;;S-1-22-2-1000)", &bob, listen, true},
		{"D:(A;;GX;;;S-1-22-2-2000)", &bob, listen, true},
		{"D:(A;;GX;;;S-1-22-2-2000)", &eve, listen, false},
		{"D:(A;;GX;;;BA)", &bob, listen, false},
		{"D:(A;;GA;;;S-1-5-21-1-2-3-1000)", &bob, listen, false},
		{"D:(D;;GX;;;S-1-22-1-1000)(A;;GX;;;WD)", &bob, listen, false},
		{"D:(D;;GX;;;S-1-22-1-1000)(A;;GX;;;WD)", &eve, listen, true},
		{"D:(A;;GX;;;WD)(D;;GX;;;S-1-22-1-1000)", &bob, listen, true},
		{"D:(D;;GX;;;S-1-22-1-1000)(A;;GA;;;WD)", &bob, delegate, true},
		{"D:(D;;GX;;;S-1-22-1-1000)(A;;GA;;;WD)", &bob, listen | delegate, false},
		{"D:(A;;GX;;;WD)(A;;GW;;;S-1-22-1-1000)", &bob, listen | delegate, true},
		{"D:(A;;GX;;;WD)(A;;GW;;;S-1-22-1-1000)", &eve, listen | delegate, false},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct acl acl = {0};

		acl_must_parse(rows[i].text, &acl);
		if (acl_allows(&acl, rows[i].caller, rows[i].rights) != rows[i].is_allowed) {
			fail_msg("%s: uid %u, rights %u", rows[i].text, rows[i].caller->uid,
				 rows[i].rights);
		}
		acl_fini(&acl);
	}
}

static void either_spelling_is_read(void **state)
{
	struct acl sddl = {0};
	struct acl grants = {0};
	struct acl other = {0};

	acl_must_parse("D:(A;;GA;;;S-1-22-1-1000)(D;;GX;;;S-1-22-2-7)", &sddl);
	acl_must_parse("user:1000=listen,delegate;deny:group:7", &grants);
	acl_must_parse("user:1000=listen,delegate;deny:group:8", &other);
	assert_true(acl_is_equal(&sddl, &grants));
	assert_false(acl_is_equal(&sddl, &other));
	acl_fini(&sddl);
	assert_false(acl_is_equal(&sddl, &grants));
	acl_fini(&grants);
	acl_fini(&other);
	acl_fini(NULL);
}

static void list_is_limited(void **state)
{
	struct ace ace = {.rights = ACL_RIGHT_LISTEN};
	struct acl acl = {0};

	for (size_t i = 0; i < ACL_ACES_MAX; i++) {
		assert_int_equal(acl_append(&acl, &ace), 0);
	}
	assert_int_equal(acl_append(&acl, &ace), ACL_E_FULL);
	assert_int_equal(acl.n_aces, ACL_ACES_MAX);
	acl_fini(&acl);
}

static void messages_are_printable(void **state)
{
	struct acl_error error;
	struct acl acl;

	assert_int_equal(acl_parse(SLICE("\x1b[2J\xff"), NULL, &acl, &error), ACL_E_INVALID);
	for (const char *c = error.message; *c != '\0'; c++) {
		assert_true(*c >= ' ' && *c <= '~');
	}
}

static int acl_use_all(void)
{
	struct acl acl = {0};
	struct acl copy = {0};

	int r = acl_parse(SLICE("D:(A;;GX;;;S-1-5-21-9)(A;;GX;;;WD)"), NULL, &acl, NULL);
	if (r == 0) {
		r = acl_copy(&acl, &copy);
	}
	if (r == 0) {
		assert_true(acl_is_equal(&acl, &copy));
	}
	acl_fini(&copy);
	acl_fini(&acl);

	return r;
}

static void out_of_memory_is_passed_up(void **state)
{
	(void)mem_fail_at(UINT64_MAX);
	assert_int_equal(acl_use_all(), 0);

	uint64_t n = mem_fail_at(0);
	assert_true(n > 4);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		assert_int_equal(acl_use_all(), -ENOMEM);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_decide_in_order),
		cmocka_unit_test(either_spelling_is_read),
		cmocka_unit_test(list_is_limited),
		cmocka_unit_test(messages_are_printable),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("acl", tests, NULL, NULL);
}
