/* SPDX-License-Identifier: MIT */

/*
 * UTF-8: each code point is its own round trip, and as many sequences of each
 * length are accepted as there are code points: together, no other one is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/utf8.h"

static bool is_surrogate(uint32_t cp)
{
	return cp >= 0xd800 && cp <= 0xdfff;
}

static void every_code_point_survives_the_round_trip(void **state)
{
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		char text[UTF8_BYTES_MAX];
		uint32_t again = UINT32_MAX;
		size_t n = utf8_encode(cp, text);

		if (is_surrogate(cp)) {
			assert_int_equal(n, 0);
			continue;
		}
		size_t expected = 1 + (cp >= 0x80) + (cp >= 0x800) + (cp >= 0x10000);
		struct slice rest = slice_from(text, n);
		if (n != expected || !utf8_decode(&rest, &again) || again != cp || rest.len != 0) {
			fail_msg("U+%04x", cp);
		}
	}
}

static void code_points_beyond_the_end_are_not_written(void **state)
{
	char text[UTF8_BYTES_MAX] = "...";

	assert_int_equal(utf8_encode(0x110000, text), 0);
	assert_int_equal(utf8_encode(UINT32_MAX, text), 0);
	assert_string_equal(text, "...");
}

/* How many of all sequences of @n bytes are one code point of exactly that length. */
static uint32_t count_valid(size_t n, unsigned lead_min)
{
	uint32_t n_valid = 0;
	uint32_t n_tails = UINT32_C(1) << (8 * (n - 1));

	for (unsigned lead = lead_min; lead < 256; lead++) {
		for (uint32_t tail = 0; tail < n_tails; tail++) {
			char text[UTF8_BYTES_MAX];
			uint32_t cp;

			text[0] = (char)lead;
			for (size_t i = 1; i < n; i++) {
				text[i] = (char)(tail >> (8 * (i - 1)));
			}
			struct slice rest = slice_from(text, n);
			n_valid += utf8_decode(&rest, &cp) && rest.len == 0;
		}
	}

	return n_valid;
}

static void no_other_sequence_is_accepted(void **state)
{
	assert_int_equal(count_valid(1, 0), 0x80);
	assert_int_equal(count_valid(2, 0), 0x800 - 0x80);
	assert_int_equal(count_valid(3, 0xc0), 0x10000 - 0x800 - 0x800);
}

static void no_other_four_byte_sequence_is_accepted(void **state)
{
	uint32_t n_valid = 0;

	for (uint32_t bits = 0; bits < UINT32_C(1) << 24; bits++) {
		/* Leads 0xf0-0xff, any second byte, continuation bytes in third and fourth place.
		 */
		char text[4] = {(char)(0xf0 | bits >> 20), (char)(bits >> 12),
				(char)(0x80 | (bits >> 6 & 0x3f)), (char)(0x80 | (bits & 0x3f))};
		struct slice rest = slice_from(text, 4);
		uint32_t cp;

		n_valid += utf8_decode(&rest, &cp) && rest.len == 0;
	}
	assert_int_equal(n_valid, 0x110000 - 0x10000);
}

static void validity_is_of_the_whole_text(void **state)
{
	static const struct {
		struct slice text;
		bool is_valid;
	} rows[] = {
		{{.data = NULL}, true},
		{SLICE_INIT(""), true},
		{SLICE_INIT("plain \0 text"), true},
		{SLICE_INIT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"), true},
		{SLICE_INIT("\xf4\x8f\xbf\xbf"), true},
		{SLICE_INIT("\xef\xbf\xbf"), true},
		{SLICE_INIT("\x80"), false},
		{SLICE_INIT("ab\xc3"), false},
		{SLICE_INIT("\xc3z"), false},
		{SLICE_INIT("\xc0\xaf"), false},
		{SLICE_INIT("\xc1\xbf"), false},
		{SLICE_INIT("\xe0\x80\xaf"), false},
		{SLICE_INIT("\xe0\x9f\xbf"), false},
		{SLICE_INIT("\xf0\x80\x80\xaf"), false},
		{SLICE_INIT("\xf0\x8f\xbf\xbf"), false},
		{SLICE_INIT("\xed\xa0\x80"), false},
		{SLICE_INIT("\xed\xbf\xbf"), false},
		{SLICE_INIT("\xf4\x90\x80\x80"), false},
		{SLICE_INIT("\xf5\x80\x80\x80"), false},
		{SLICE_INIT("\xf8\x88\x80\x80\x80"), false},
		{SLICE_INIT("\xe2\x82"), false},
		{SLICE_INIT("\xf0\x9f\x98"), false},
		{SLICE_INIT("\xf0\x9f\x98z"), false},
		{SLICE_INIT("\xf0\x9fz\x80"), false},
		{SLICE_INIT("\xfe"), false},
		{SLICE_INIT("\xff"), false},
		{SLICE_INIT("good\xffgood"), false},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(utf8_is_valid(rows[i].text), rows[i].is_valid);
	}
}

static void failed_decode_changes_nothing(void **state)
{
	struct slice rest = SLICE("\xc3");
	const char *data = rest.data;
	uint32_t cp = 4711;

	assert_false(utf8_decode(&rest, &cp));
	assert_ptr_equal(rest.data, data);
	assert_int_equal(rest.len, 1);
	assert_int_equal(cp, 4711);

	/* What stands behind the slice does not count. */
	rest = slice_from("\xc3\xbc", 1);
	assert_false(utf8_decode(&rest, &cp));
	rest = (struct slice){0};
	assert_false(utf8_decode(&rest, &cp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_survives_the_round_trip),
		cmocka_unit_test(code_points_beyond_the_end_are_not_written),
		cmocka_unit_test(no_other_sequence_is_accepted),
		cmocka_unit_test(no_other_four_byte_sequence_is_accepted),
		cmocka_unit_test(validity_is_of_the_whole_text),
		cmocka_unit_test(failed_decode_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
