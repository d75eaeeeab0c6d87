/* SPDX-License-Identifier: MIT */

/* Shell quoting: what is written can be read back, by this reader and by a shell. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "httpcfg/quote.h"

static void words_are_quoted_when_needed(void **state)
{
	static const struct {
		const char *word;
		const char *quoted;
	} cases[] = {
		{"127.0.0.1:80", "127.0.0.1:80"},
		{"http://+:80/x/", "http://+:80/x/"},
		{"http://*:80/", "'http://*:80/'"},
		{"", "''"},
		{"a b", "'a b'"},
		{"o'brien", "'o'\\''brien'"},
		{"D:(A;;GX;;;WD)", "'D:(A;;GX;;;WD)'"},
		{"caf\xc3\xa9", "'caf\xc3\xa9'"},
		{"#x", "'#x'"},
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct buf buf = {0};
		assert_int_equal(quote_append(&buf, cases[i].word), 0);
		char *line = buf_take_str(&buf);
		assert_string_equal(line, cases[i].quoted);

		char *words[QUOTE_WORDS_MAX];
		size_t n = 0;
		assert_int_equal(quote_split(line, words, &n), 0);
		assert_int_equal(n, 1);
		assert_string_equal(words[0], cases[i].word);
		mem_free(line);
	}
}

static void lines_are_split(void **state)
{
	static const struct {
		const char *line;
		int verdict;
		size_t n;
		const char *words[4];
	} cases[] = {
		{"", 0, 0, {NULL}},
		{" \t ", 0, 0, {NULL}},
		{"# only 'a comment", 0, 0, {NULL}},
		{"a b", 0, 2, {"a", "b"}},
		{"  a\tb  ", 0, 2, {"a", "b"}},
		{"a # rest", 0, 1, {"a"}},
		{"a#b", 0, 1, {"a#b"}},
		{"a'b c'd", 0, 1, {"ab cd"}},
		{"\"a \\\"b\\\" \\x\"", 0, 1, {"a \"b\" \\x"}},
		{"a\\ b", 0, 1, {"a b"}},
		{"'' x", 0, 2, {"", "x"}},
		{"'a", QUOTE_E_UNFINISHED, 0, {NULL}},
		{"\"a", QUOTE_E_UNFINISHED, 0, {NULL}},
		{"a\\", QUOTE_E_UNFINISHED, 0, {NULL}},
		{"a;b", QUOTE_E_SPECIAL, 0, {NULL}},
		{"$a", QUOTE_E_SPECIAL, 0, {NULL}},
		{"\"$a\"", QUOTE_E_SPECIAL, 0, {NULL}},
		{"`a`", QUOTE_E_SPECIAL, 0, {NULL}},
		{"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25",
		 QUOTE_E_TOO_MANY,
		 0,
		 {NULL}},
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		char *line = mem_dup(cases[i].line, strlen(cases[i].line));
		char *words[QUOTE_WORDS_MAX];
		size_t n = 0;
		int r = quote_split(line, words, &n);
		if (r != cases[i].verdict || n != cases[i].n) {
			fail_msg("%s: verdict %d, %zu words", cases[i].line, r, n);
		}
		for (size_t j = 0; j < n; j++) {
			assert_string_equal(words[j], cases[i].words[j]);
		}
		assert_true(r == 0 || quote_verdict_text(r)[0] != '\0');
		mem_free(line);
	}
}

static void no_memory_is_reported(void **state)
{
	(void)state;
	struct buf buf = {0};
	(void)mem_fail_at(1);
	assert_true(quote_append(&buf, "a b") < 0);
	(void)mem_fail_at(0);
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_quoted_when_needed),
		cmocka_unit_test(lines_are_split),
		cmocka_unit_test(no_memory_is_reported),
	};

	return cmocka_run_group_tests_name("httpcfg/quote", tests, NULL, NULL);
}
