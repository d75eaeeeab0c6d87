/* SPDX-License-Identifier: MIT */

/* SDDL: what is read, what it becomes, what is refused and where. */

#include "urlspace/sddl.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"

static void sddl_has_a_canonical_form(void **state)
{
	static const char *const rows[][2] = {
		{"D:(A;;GX;;;WD)", "D:(A;;GX;;;WD)"},
		{"D:(A;;GX;;;WD)(A;;GA;;;S-1-22-1-1000)", "D:(A;;GX;;;WD)(A;;GA;;;S-1-22-1-1000)"},
		{"D:", "D:"},
		{"D:P", "D:"},
		{"D:PAI(A;;GX;;;WD)", "D:(A;;GX;;;WD)"},
		{"D:ARAIP(A;;GX;;;WD)", "D:(A;;GX;;;WD)"},
		{"D:(A;;GX;;;AU)", "D:(A;;GX;;;WD)"},
		{"D:(A;;GX;;;S-1-1-0)", "D:(A;;GX;;;WD)"},
		{"D:(A;;GX;;;S-1-5-11)", "D:(A;;GX;;;WD)"},
		{"D:(A;;GA;;;BA)(A;;GA;;;SY)", "D:(A;;GA;;;BA)(A;;GA;;;BA)"},
		{"D:(A;;GA;;;S-1-5-32-544)", "D:(A;;GA;;;BA)"},
		{"D:(A;;GA;;;S-1-5-18)", "D:(A;;GA;;;BA)"},
		{"D:(A;;GA;;;S-1-22-1-0)", "D:(A;;GA;;;BA)"},
		{"D:(A;;GA;;;S-1-22-2-0)", "D:(A;;GA;;;S-1-22-2-0)"},
		{"D:(A;;GX;;;S-1-22-1-4294967294)", "D:(A;;GX;;;S-1-22-1-4294967294)"},
		{"D:(A;;GX;;;S-1-5-21-1-2-3-1001)", "D:(A;;GX;;;S-1-5-21-1-2-3-1001)"},
		{"D:(A;;GX;;;S-1-5-80-1-2-3-4-5)", "D:(A;;GX;;;S-1-5-80-1-2-3-4-5)"},
		{"D:(D;;GX;;;WD)(A;;GW;;;BA)", "D:(D;;GX;;;WD)(A;;GW;;;BA)"},
		{"D:(A;;GXGW;;;WD)", "D:(A;;GA;;;WD)"},
		{"D:(A;;GRGX;;;WD)", "D:(A;;GXGR;;;WD)"},
		{"D:(A;;GXGWGR;;;WD)", "D:(A;;GA;;;WD)"},
		{"D:(A;;0x20000000;;;WD)", "D:(A;;GX;;;WD)"},
		{"D:(A;;0x10000000;;;WD)", "D:(A;;GA;;;WD)"},
		{"D:(A;;0xE0000000;;;WD)", "D:(A;;GA;;;WD)"},
		{"D:(A;OICI;GX;;;WD)", "D:(A;;GX;;;WD)"},
		{"O:BAG:SYD:(A;;GX;;;WD)", "D:(A;;GX;;;WD)"},
		{"O:S-1-5-18G:S-1-5-32-544D:P(A;;GX;;;WD)S:AI(AU;SAFA;GA;;;WD)", "D:(A;;GX;;;WD)"},
		{"S:(AU;SA;GA;;;WD)D:(A;;GX;;;WD)", "D:(A;;GX;;;WD)"},
		{"D:PS:", "D:"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct acl acl = {0};
		struct acl again = {0};
		struct acl_error error;
		struct buf text = {0};

		if (sddl_parse(slice_from_str(rows[i][0]), &acl, &error) != 0) {
			fail_msg("%s: %zu: %s", rows[i][0], error.position, error.message);
		}
		assert_int_equal(sddl_format(&acl, &text), 0);
		if (!slice_is_equal(buf_slice(&text), slice_from_str(rows[i][1]))) {
			fail_msg("%s: %.*s", rows[i][0], SLICE_ARG(buf_slice(&text)));
		}
		assert_int_equal(sddl_parse(buf_slice(&text), &again, NULL), 0);
		assert_true(acl_is_equal(&acl, &again));
		buf_fini(&text);
		acl_fini(&again);
		acl_fini(&acl);
	}
}

static const struct {
	const char *text;
	size_t position;
	const char *word; /* in the message */
} refused_rows[] = {
	{"", 0, "no D: part"},
	{"O:BA", 4, "no D: part"},
	{"X:(A;;GX;;;WD)", 0, "expected D:"},
	{"D", 0, "expected D:"},
	{"(A;;GX;;;WD)", 0, "expected D:"},
	{"D:(A;;GX;;;WD", 13, "six fields"},
	{"D:(A;;GX;;WD)", 12, "six fields"},
	{"D:(A;;GX;;;;WD)", 11, "six fields"},
	{"D:(A;;GX;;;WD))", 14, "expected D:"},
	{"D:(A;;GX;;;WD) ", 14, "expected D:"},
	{"D: (A;;GX;;;WD)", 2, "P, AR, AI"},
	{"D:X(A;;GX;;;WD)", 2, "P, AR, AI"},
	{"D:PA(A;;GX;;;WD)", 3, "P, AR, AI"},
	{"D:NO_ACCESS_CONTROL", 2, "P, AR, AI"},
	{"D:(A;;GX;;;WD)D:", 14, "twice"},
	{"D:(OA;;GX;;;WD)", 3, "type A"},
	{"D:(a;;GX;;;WD)", 3, "type A"},
	{"D:(A;IO;GX;;;WD)", 5, "flags"},
	{"D:(A;O;GX;;;WD)", 5, "flags"},
	{"D:(A;OICII;GX;;;WD)", 9, "flags"},
	{"D:(A;;;;;WD)", 6, "rights"},
	{"D:(A;;FA;;;WD)", 6, "rights"},
	{"D:(A;;GXF;;;WD)", 8, "rights"},
	{"D:(A;;gx;;;WD)", 6, "rights"},
	{"D:(A;;0x;;;WD)", 6, "mask"},
	{"D:(A;;0x1;;;WD)", 6, "mask"},
	{"D:(A;;0xg;;;WD)", 8, "mask"},
	{"D:(A;;0x020000000;;;WD)", 16, "mask"},
	{"D:(A;;GX;x;;WD)", 9, "GUID"},
	{"D:(A;;GX;;x;WD)", 10, "GUID"},
	{"D:(A;;GX;;;)", 11, "no SID"},
	{"D:(A;;GX;;;NS)", 11, "write S-1-22-1-UID"},
	{"D:(A;;GX;;;LS)", 11, "write S-1-22-1-UID"},
	{"D:(A;;GX;;;S-1-5-20)", 11, "write S-1-22-1-UID"},
	{"D:(A;;GX;;;BU)", 11, "no counterpart"},
	{"D:(A;;GX;;;wd)", 11, "no counterpart"},
	{"D:(A;;GX;;;everyone)", 11, "no SID"},
	{"D:(A;;GX;;;S-1-5)", 16, "no SID"},
	{"D:(A;;GX;;;S-2-5-1)", 11, "no SID"},
	{"D:(A;;GX;;;S-1-5-x)", 17, "no SID"},
	{"D:(A;;GX;;;S-1-5-)", 17, "no SID"},
	{"D:(A;;GX;;;S-1-5-01)", 17, "no SID"},
	{"D:(A;;GX;;;S-1-5-4294967296)", 17, "no SID"},
	{"D:(A;;GX;;;S-1-281474976710656-1)", 15, "no SID"},
	{"D:(A;;GX;;;S-1-5-1-2-3-4-5-6-7-8-9-10-11-12-13-14-15-16)", 53, "no SID"},
	{"D:(A;;GX;;;S-1-22-1-4294967295)", 20, "no user"},
	{"D:(A;;GX;;;S-1-22-1-1-2)", 20, "no user"},
	{"O:xD:", 2, "no SID"},
	{"O:D:", 2, "no SID"},
	{"S:(AUD:", 7, "not closed"},
};

static void refused_sddl_has_a_position(void **state)
{
	for (size_t i = 0; i < array_len(refused_rows); i++) {
		struct acl acl = {0};
		struct acl_error error;

		assert_int_equal(sddl_parse(slice_from_str(refused_rows[i].text), &acl, &error),
				 ACL_E_INVALID);
		if (error.position != refused_rows[i].position ||
		    strstr(error.message, refused_rows[i].word) == NULL) {
			fail_msg("%s: %zu: %s", refused_rows[i].text, error.position,
				 error.message);
		}
		assert_int_equal(sddl_parse(slice_from_str(refused_rows[i].text), &acl, NULL),
				 ACL_E_INVALID);
	}
}

static void limits_are_kept(void **state)
{
	static char text[ACL_TEXT_BYTES_MAX + 2];
	struct acl acl = {0};
	struct acl_error error;
	size_t len = 2;

	memcpy(text, "D:", 3);
	for (size_t i = 0; i <= ACL_ACES_MAX; i++) {
		assert_int_equal(sddl_parse(slice_from(text, len), &acl, &error), 0);
		assert_int_equal(acl.n_aces, i);
		acl_fini(&acl);
		memcpy(text + len, "(A;;GX;;;WD)", 12);
		len += 12;
	}
	assert_int_equal(sddl_parse(slice_from(text, len), &acl, &error), ACL_E_INVALID);
	assert_int_equal(error.position, len - 12);

	memset(text, 'P', sizeof(text));
	memcpy(text, "D:", 2);
	assert_int_equal(sddl_parse(slice_from(text, ACL_TEXT_BYTES_MAX), &acl, &error), 0);
	acl_fini(&acl);
	assert_int_equal(sddl_parse(slice_from(text, ACL_TEXT_BYTES_MAX + 1), &acl, &error),
			 ACL_E_INVALID);
	assert_int_equal(error.position, ACL_TEXT_BYTES_MAX);
}

static void full_buffer_is_out_of_memory(void **state)
{
	struct acl acl = {0};
	struct buf text = {.len_max = 13};

	assert_int_equal(sddl_parse(SLICE("D:(A;;GX;;;WD)"), &acl, NULL), 0);
	assert_int_equal(sddl_format(&acl, &text), -ENOMEM);
	buf_fini(&text);
	acl_fini(&acl);
}

static int sddl_use_all(void)
{
	struct acl acl = {0};
	struct buf text = {0};

	int r = sddl_parse(SLICE("D:(A;;GX;;;S-1-5-21-1-2-3-4-5-6-7-8-9)(A;;GA;;;BA)"), &acl, NULL);
	if (r == 0) {
		r = sddl_format(&acl, &text);
	}
	buf_fini(&text);
	acl_fini(&acl);

	return r;
}

static void out_of_memory_is_passed_up(void **state)
{
	(void)mem_fail_at(UINT64_MAX);
	assert_int_equal(sddl_use_all(), 0);

	uint64_t n = mem_fail_at(0);
	assert_true(n > 3);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		assert_int_equal(sddl_use_all(), -ENOMEM);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sddl_has_a_canonical_form),
		cmocka_unit_test(refused_sddl_has_a_position),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(full_buffer_is_out_of_memory),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("sddl", tests, NULL, NULL);
}
