/* SPDX-License-Identifier: MIT */

/* Slices: comparison, cutting, numbers and character classes that know no locale. */

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/slice.h"

static void assert_slice(struct slice s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	assert_true(slice_is_equal(s, slice_from_str(expected)));
}

static void equality_is_by_bytes(void **state)
{
	static const struct {
		struct slice a, b;
		bool is_equal, is_equal_nocase;
	} rows[] = {
		{SLICE_INIT(""), {.data = NULL}, true, true},
		{SLICE_INIT("abc"), SLICE_INIT("abc"), true, true},
		{SLICE_INIT("abc"), SLICE_INIT("ABC"), false, true},
		{SLICE_INIT("abc"), SLICE_INIT("abcd"), false, false},
		{SLICE_INIT("a\0b"), SLICE_INIT("a\0b"), true, true},
		{SLICE_INIT("a\0b"), SLICE_INIT("a\0c"), false, false},
		{SLICE_INIT("\xe4"), SLICE_INIT("\xc4"), false, false},
		{SLICE_INIT("@[`{"), SLICE_INIT("`{@["), false, false},
		{SLICE_INIT("Z9_z"), SLICE_INIT("z9_Z"), false, true},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(slice_is_equal(rows[i].a, rows[i].b), rows[i].is_equal);
		assert_int_equal(slice_is_equal_nocase(rows[i].a, rows[i].b),
				 rows[i].is_equal_nocase);
	}
}

static void prefix_is_at_the_front_only(void **state)
{
	assert_true(slice_has_prefix(SLICE("http://"), SLICE("http")));
	assert_true(slice_has_prefix(SLICE("http"), SLICE("http")));
	assert_true(slice_has_prefix(SLICE(""), SLICE("")));
	assert_true(slice_has_prefix((struct slice){0}, (struct slice){0}));
	assert_false(slice_has_prefix(SLICE("htt"), SLICE("http")));
	assert_false(slice_has_prefix(SLICE("xhttp"), SLICE("http")));
	assert_false(slice_has_prefix(SLICE("HTTP"), SLICE("http")));
}

static void cut_takes_each_part_once(void **state)
{
	struct slice rest = SLICE("a,,bc,");

	assert_slice(slice_cut(&rest, ','), "a");
	assert_slice(slice_cut(&rest, ','), "");
	assert_slice(slice_cut(&rest, ','), "bc");
	assert_non_null(rest.data);
	assert_slice(slice_cut(&rest, ','), "");
	assert_null(rest.data);
	assert_slice(slice_cut(&rest, ','), "");
	assert_null(rest.data);
}

static void offset_into_nothing_is_nothing(void **state)
{
	struct slice s = slice_from_offset((struct slice){0}, 0);

	assert_null(s.data);
	assert_int_equal(s.len, 0);
	assert_slice(slice_from_offset(SLICE("abc"), 3), "");
	assert_slice(slice_from_offset(SLICE("abc"), 1), "bc");
}

static void trim_takes_blanks_and_tabs_only(void **state)
{
	assert_slice(slice_trim(SLICE(" \t a b\t ")), "a b");
	assert_slice(slice_trim(SLICE("\r\na\v")), "\r\na\v");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE("")), "");
	assert_slice(slice_trim((struct slice){0}), "");
}

static void numbers_are_digits_only_and_bounded(void **state)
{
	static const struct {
		struct slice text;
		uint64_t max;
		bool is_number;
		uint64_t value;
	} rows[] = {
		{SLICE_INIT("0"), 0, true, 0},
		{SLICE_INIT("1"), 0, false, 0},
		{SLICE_INIT("65535"), 65535, true, 65535},
		{SLICE_INIT("65536"), 65535, false, 0},
		{SLICE_INIT("007"), 10, true, 7},
		{SLICE_INIT("18446744073709551615"), UINT64_MAX, true, UINT64_MAX},
		{SLICE_INIT("18446744073709551616"), UINT64_MAX, false, 0},
		{SLICE_INIT("99999999999999999999"), UINT64_MAX, false, 0},
		{SLICE_INIT("184467440737095516150"), UINT64_MAX, false, 0},
		{SLICE_INIT(""), 10, false, 0},
		{{.data = NULL}, 10, false, 0},
		{SLICE_INIT("+1"), 10, false, 0},
		{SLICE_INIT("-1"), 10, false, 0},
		{SLICE_INIT(" 1"), 10, false, 0},
		{SLICE_INIT("1 "), 10, false, 0},
		{SLICE_INIT("1\0"), 10, false, 0},
		{SLICE_INIT("0x1"), 10, false, 0},
		{SLICE_INIT("1e1"), 100, false, 0},
		{SLICE_INIT("\xb2"), 10, false, 0},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		uint64_t value = 4711;
		bool is_number = slice_parse_u64(rows[i].text, rows[i].max, &value);

		assert_int_equal(is_number, rows[i].is_number);
		assert_int_equal(value, is_number ? rows[i].value : 4711);
	}
}

static void character_classes_agree_with_the_c_locale(void **state)
{
	for (int c = 0; c < 256; c++) {
		assert_int_equal(ascii_is_digit((char)c), isdigit(c) != 0);
		assert_int_equal(ascii_is_alpha((char)c), isalpha(c) != 0);
		assert_int_equal(ascii_lower((unsigned char)c), tolower(c));
		assert_int_equal(ascii_hex_value((char)c) >= 0, isxdigit(c) != 0);
	}
	assert_int_equal(ascii_hex_value('0'), 0);
	assert_int_equal(ascii_hex_value('9'), 9);
	assert_int_equal(ascii_hex_value('a'), 10);
	assert_int_equal(ascii_hex_value('F'), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_by_bytes),
		cmocka_unit_test(prefix_is_at_the_front_only),
		cmocka_unit_test(cut_takes_each_part_once),
		cmocka_unit_test(offset_into_nothing_is_nothing),
		cmocka_unit_test(trim_takes_blanks_and_tabs_only),
		cmocka_unit_test(numbers_are_digits_only_and_bounded),
		cmocka_unit_test(character_classes_agree_with_the_c_locale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
