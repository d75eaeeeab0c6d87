/* SPDX-License-Identifier: MIT */

/* What people are told about a text that is no prefix; the suggestions themselves: test_prefix.c.
 */

#include "urlspace/prefix_suggest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void error_line_counts_characters_from_one(void **state)
{
	static const struct {
		const char *text;
		const char *line;
	} rows[] = {
		{"http://localhost:50000", "character 23: the root path is missing; "
					   "add the missing '/': http://localhost:50000/"},
		{"http://+:80/\xc3\xa9?", "character 14: a prefix has no query; "
					  "leave it out: http://+:80/\xc3\xa9/"},
		{"http://+:0/", "character 10: the port is 1 to 65535, not 0"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		cleanup_(buf_fini) struct buf line = {0};
		struct slice text = slice_from_str(rows[i].text);
		struct prefix prefix;
		struct prefix_error error;

		assert_int_equal(prefix_parse(text, &prefix, &error), PREFIX_E_INVALID);
		assert_int_equal(prefix_error_format(text, &error, &line), 0);
		assert_true(slice_is_equal(buf_slice(&line), slice_from_str(rows[i].line)));
	}
}

static void full_buffer_is_out_of_memory(void **state)
{
	struct slice text = SLICE("http://+:80");
	struct buf line = {.len_max = 11};
	struct prefix prefix;
	struct prefix_error error;

	assert_int_equal(prefix_parse(text, &prefix, &error), PREFIX_E_INVALID);
	assert_int_equal(prefix_suggest(text, &error, &line), -ENOMEM);
	assert_int_equal(prefix_error_format(text, &error, &line), -ENOMEM);
	buf_fini(&line);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_line_counts_characters_from_one),
		cmocka_unit_test(full_buffer_is_out_of_memory),
	};

	return cmocka_run_group_tests_name("prefix_suggest", tests, NULL, NULL);
}
