/* SPDX-License-Identifier: MIT */

/* Options taken out of command lines, and suggestions for misspelt words. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "httpcfg/suggest.h"
#include "httpcfg/words.h"

static void options_are_taken_wherever_they_stand(void **state)
{
	char *at[] = {"--json", "a", "--to", "x", "b", "--to=y", "--", "--json"};
	struct words words = {.at = at, .n = (int)array_len(at)};
	const char *value = NULL;

	(void)state;
	assert_true(words_take_flag(&words, "--json"));
	assert_false(words_take_flag(&words, "--json"));
	assert_int_equal(words_take_value(&words, "--to", &value), 0);
	assert_string_equal(value, "y");
	assert_int_equal(words_take_value(&words, "--to", &value), WORDS_E_ABSENT);
	assert_int_equal(words.n, 4);
	assert_string_equal(words.at[0], "a");
	assert_string_equal(words.at[1], "b");
	assert_string_equal(words.at[2], "--");
}

static void a_missing_value_is_named(void **state)
{
	char *at[] = {"a", "--to"};
	struct words words = {.at = at, .n = 2};
	const char *value = NULL;

	(void)state;
	assert_int_equal(words_take_value(&words, "--to", &value), WORDS_E_NO_VALUE);
	assert_null(value);
}

static void short_options_have_no_equals_sign(void **state)
{
	char *at[] = {"-m=x", "-m", "y"};
	struct words words = {.at = at, .n = 3};
	const char *value = NULL;

	(void)state;
	assert_int_equal(words_take_value(&words, "-m", &value), 0);
	assert_string_equal(value, "y");
	assert_int_equal(words.n, 1);
}

static void the_nearest_word_is_suggested(void **state)
{
	static const char *const candidates[] = {"status", "restore", "set", "show", "?"};
	static const struct {
		const char *word;
		const char *expected;
	} cases[] = {
		{"stauts", "status"}, {"STATUS", "status"},   {"statu", "status"},  {"sett", "set"},
		{"sho", "show"},      {"restroe", "restore"}, {"frobnicate", NULL}, {"x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_len(cases); i++) {
		struct suggestion suggestion = {0};
		for (size_t j = 0; j < array_len(candidates); j++) {
			suggest_consider(&suggestion, cases[i].word, candidates[j]);
		}
		if (cases[i].expected == NULL) {
			assert_null(suggestion.word);
		} else {
			assert_non_null(suggestion.word);
			assert_string_equal(suggestion.word, cases[i].expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_taken_wherever_they_stand),
		cmocka_unit_test(a_missing_value_is_named),
		cmocka_unit_test(short_options_have_no_equals_sign),
		cmocka_unit_test(the_nearest_word_is_suggested),
	};

	return cmocka_run_group_tests_name("httpcfg/words", tests, NULL, NULL);
}
