/* SPDX-License-Identifier: MIT */

/* Lists in Linux words, with invented names, and the look-ups of this machine. */

#include "urlspace/grants.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"
#include "names.h"
#include "urlspace/nss.h"
#include "urlspace/sddl.h"

static void grants_read_and_print(void **state)
{
	static const char *const rows[][3] = {
		/* text, SDDL, canonical */
		{"user:www", "D:(A;;GX;;;S-1-22-1-33)", "user:www"},
		{"user:1000", "D:(A;;GX;;;S-1-22-1-1000)", "user:bob"},
		{"user:1234", "D:(A;;GX;;;S-1-22-1-1234)", "user:1234"},
		{"user:1007", "D:(A;;GX;;;S-1-22-1-1007)", "user:1007"},
		{"user:a b", "D:(A;;GX;;;S-1-22-1-1008)", "user:1008"},
		{"user:1009", "D:(A;;GX;;;S-1-22-1-1009)", "user:1009"},
		{"user:root", "D:(A;;GX;;;BA)", "user:root"},
		{"group:web", "D:(A;;GX;;;S-1-22-2-2000)", "group:web"},
		{"everyone", "D:(A;;GX;;;WD)", "everyone"},
		{"nobody", "D:", "nobody"},
		{"user:www=listen,delegate", "D:(A;;GA;;;S-1-22-1-33)", "user:www=listen,delegate"},
		{" user:www = delegate , listen ; everyone ", "D:(A;;GA;;;S-1-22-1-33)(A;;GX;;;WD)",
		 "user:www=listen,delegate;everyone"},
		{"user:www=delegate,user:bob", "D:(A;;GW;;;S-1-22-1-33)(A;;GX;;;S-1-22-1-1000)",
		 "user:www=delegate;user:bob"},
		{"user:www,group:web,everyone=read",
		 "D:(A;;GX;;;S-1-22-1-33)(A;;GX;;;S-1-22-2-2000)(A;;GR;;;WD)",
		 "user:www;group:web;everyone=read"},
		{"deny:user:bob;everyone", "D:(D;;GX;;;S-1-22-1-1000)(A;;GX;;;WD)",
		 "deny:user:bob;everyone"},
		{"sid:S-1-5-21-7", "D:(A;;GX;;;S-1-5-21-7)", "sid:S-1-5-21-7"},
		{"sid:WD", "D:(A;;GX;;;WD)", "everyone"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct acl acl = {0};
		struct acl again = {0};
		struct acl_error error;
		struct buf sddl = {0};
		struct buf text = {0};

		if (grants_parse(slice_from_str(rows[i][0]), &test_names, &acl, &error) != 0) {
			fail_msg("%s: %zu: %s", rows[i][0], error.position, error.message);
		}
		assert_int_equal(sddl_format(&acl, &sddl), 0);
		assert_int_equal(grants_format(&acl, &test_names, &text), 0);
		if (!slice_is_equal(buf_slice(&sddl), slice_from_str(rows[i][1])) ||
		    !slice_is_equal(buf_slice(&text), slice_from_str(rows[i][2]))) {
			fail_msg("%s: %.*s %.*s", rows[i][0], SLICE_ARG(buf_slice(&sddl)),
				 SLICE_ARG(buf_slice(&text)));
		}
		assert_int_equal(grants_parse(buf_slice(&text), &test_names, &again, NULL), 0);
		assert_true(acl_is_equal(&acl, &again));
		buf_fini(&text);
		buf_fini(&sddl);
		acl_fini(&again);
		acl_fini(&acl);
	}
}

static void refused_grants_have_a_position(void **state)
{
	static const struct {
		const char *text;
		size_t position;
		const char *word; /* in the message */
	} rows[] = {
		{"", 0, "expected user:NAME"},
		{"www", 0, "expected user:NAME"},
		{"user:www;", 9, "expected user:NAME"},
		{"everyone nobody", 0, "expected user:NAME"},
		{"user:www, ,everyone", 10, "expected user:NAME"},
		{"deny:", 5, "expected user:NAME"},
		{"user:", 5, "no user ''"},
		{"user:alice", 5, "no user 'alice'"},
		{"everyone;group:alice", 15, "no group 'alice'"},
		{"user:4294967295", 5, "no user"},
		{"user:-1", 5, "no user"},
		{"user:www=", 9, "a right is"},
		{"user:www=write", 9, "a right is"},
		{"user:www=listen,write", 16, "expected user:NAME"},
		{"user:www=listen;delegate", 16, "expected user:NAME"},
		{"sid:BU", 4, "no counterpart"},
		{"sid:x", 4, "no SID"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct acl acl;
		struct acl_error error;

		assert_int_equal(
			grants_parse(slice_from_str(rows[i].text), &test_names, &acl, &error),
			ACL_E_INVALID);
		if (error.position != rows[i].position ||
		    strstr(error.message, rows[i].word) == NULL) {
			fail_msg("%s: %zu: %s", rows[i].text, error.position, error.message);
		}
	}
}

static void names_need_a_look_up(void **state)
{
	struct acl acl = {0};
	struct acl_error error;
	struct buf text = {0};

	assert_int_equal(grants_parse(SLICE("user:www"), NULL, &acl, &error), ACL_E_INVALID);
	assert_non_null(strstr(error.message, "number"));
	assert_int_equal(grants_parse(SLICE("user:33;group:2000"), NULL, &acl, &error), 0);
	assert_int_equal(grants_format(&acl, NULL, &text), 0);
	assert_true(slice_is_equal(buf_slice(&text), SLICE("user:33;group:2000")));
	buf_fini(&text);
	acl_fini(&acl);
}

static void failing_look_up_is_passed_up(void **state)
{
	struct acl acl = {0};
	struct buf text = {0};

	assert_int_equal(grants_parse(SLICE("everyone;user:broken"), &test_names, &acl, NULL),
			 -EIO);
	assert_int_equal(grants_parse(SLICE("user:5"), NULL, &acl, NULL), 0);
	assert_int_equal(grants_format(&acl, &test_names, &text), -EIO);
	buf_fini(&text);
	acl_fini(&acl);
}

static void length_and_entries_are_limited(void **state)
{
	static char text[ACL_TEXT_BYTES_MAX + 1];
	struct acl acl = {0};
	struct acl_error error;

	memset(text, ' ', sizeof(text));
	memcpy(text, "everyone", 8);
	assert_int_equal(grants_parse(slice_from(text, ACL_TEXT_BYTES_MAX), NULL, &acl, &error), 0);
	acl_fini(&acl);
	assert_int_equal(grants_parse(slice_from(text, sizeof(text)), NULL, &acl, &error),
			 ACL_E_INVALID);

	for (size_t i = 0; i <= ACL_ACES_MAX; i++) {
		memcpy(text + 9 * i, "everyone;", 9);
	}
	size_t len = 9 * ACL_ACES_MAX - 1;
	assert_int_equal(grants_parse(slice_from(text, len), NULL, &acl, &error), 0);
	acl_fini(&acl);
	assert_int_equal(grants_parse(slice_from(text, len + 9), NULL, &acl, &error),
			 ACL_E_INVALID);
	assert_int_equal(error.position, len + 1);
}

static void this_machine_knows_root(void **state)
{
	const struct acl_names *names = nss_names();
	char name[ACL_NAME_BYTES];
	uint32_t id = 1;

	assert_int_equal(names->uid_by_name(NULL, SLICE("root"), &id), 0);
	assert_int_equal(id, 0);
	id = 1;
	assert_int_equal(names->gid_by_name(NULL, SLICE("root"), &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(names->name_by_uid(NULL, 0, name), 0);
	assert_string_equal(name, "root");
	assert_int_equal(names->name_by_gid(NULL, 0, name), 0);
	assert_string_equal(name, "root");

	assert_int_equal(names->uid_by_name(NULL, SLICE("no such user"), &id), ACL_NAMES_E_UNKNOWN);
	assert_int_equal(names->uid_by_name(NULL, SLICE("root\0x"), &id), ACL_NAMES_E_UNKNOWN);
	assert_int_equal(names->gid_by_name(NULL, SLICE(""), &id), ACL_NAMES_E_UNKNOWN);
	assert_int_equal(names->name_by_uid(NULL, 4294967000U, name), ACL_NAMES_E_UNKNOWN);
}

static int grants_use_all(void)
{
	struct acl acl = {0};
	struct buf text = {0};
	uint32_t id;

	int r = grants_parse(SLICE("user:www;sid:S-1-5-21-1-2-3-4-5-6-7-8-9;everyone"), &test_names,
			     &acl, NULL);
	if (r == 0) {
		r = grants_format(&acl, &test_names, &text);
	}
	if (r == 0) {
		r = nss_names()->uid_by_name(NULL, SLICE("root"), &id);
	}
	buf_fini(&text);
	acl_fini(&acl);

	return r;
}

static void out_of_memory_is_passed_up(void **state)
{
	(void)mem_fail_at(UINT64_MAX);
	assert_int_equal(grants_use_all(), 0);

	uint64_t n = mem_fail_at(0);
	assert_true(n > 5);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		assert_int_equal(grants_use_all(), -ENOMEM);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(grants_read_and_print),
		cmocka_unit_test(refused_grants_have_a_position),
		cmocka_unit_test(names_need_a_look_up),
		cmocka_unit_test(failing_look_up_is_passed_up),
		cmocka_unit_test(length_and_entries_are_limited),
		cmocka_unit_test(this_machine_knows_root),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("grants", tests, NULL, NULL);
}
