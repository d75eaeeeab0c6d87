/* SPDX-License-Identifier: MIT */

/* The fast searches find what the portable ones find, wherever the text lies and ends. */

#include "http/scan.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "base/slice.h"

#define TEXT_BYTES 70
#define N_ROUNDS   200000

/* A small generator with a fixed seed: the same texts in every run. */
static uint32_t scan_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;

	return *seed >> 8;
}

/* Text of which most bytes are harmless and some are what the searches look for. */
static void scan_fill(char *text, size_t n, uint32_t *seed)
{
	static const char special[] = ":\t\r\n /.%\\?#/./.\x7f\x80\xff\x1f!~";

	for (size_t i = 0; i < n; i++) {
		bool is_special = scan_random(seed) % 24 == 0;

		text[i] = is_special ? special[scan_random(seed) % sizeof(special)] : 'a';
	}
}

static void fast_searches_agree_with_the_portable_ones(void **state)
{
	uint32_t seed = 1;

	for (unsigned i = 0; i < N_ROUNDS; i++) {
		size_t n = scan_random(&seed) % TEXT_BYTES;
		char *block = mem_new(n + 1);

		assert_non_null(block);
		char *text = block + 1;
		const char *end = text + n;
		scan_fill(text, n, &seed);
		const char *p = text + (n > 0 ? scan_random(&seed) % n : 0);

		assert_ptr_equal(scan_value(text, p, end), scan_value_portable(p, end));
		assert_ptr_equal(scan_colon(text, p, end), scan_colon_portable(p, end));

		struct scan_target none = {.is_plain = true};
		struct scan_target want = scan_target_portable(p, p, end, none);
		struct scan_target found = scan_target(p, end);
		assert_ptr_equal(found.stop, want.stop);
		assert_ptr_equal(found.query, want.query);
		assert_int_equal(found.is_plain, want.is_plain);
		mem_free(block);
	}
}

static void classes_are_those_of_the_grammar(void **state)
{
	for (unsigned c = 0; c < 256; c++) {
		bool is_alnum = ascii_is_digit((char)c) || (c < 128 && ascii_is_alpha((char)c));
		bool is_vchar = c > 0x20 && c < 0x7f;
		bool is_token = is_alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", (int)c) != NULL);

		assert_int_equal(http_char_is((char)c, HTTP_CHAR_TOKEN), is_token);
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_TARGET), is_vchar);
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_WEAK_NAME), is_vchar && c != ':');
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_VALUE),
				 is_vchar || c >= 0x80 || c == ' ' || c == '\t');
		assert_int_equal(http_char_is((char)c, HTTP_CHAR_LABEL),
				 is_alnum || c == '-' || c == '_');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fast_searches_agree_with_the_portable_ones),
		cmocka_unit_test(classes_are_those_of_the_grammar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
