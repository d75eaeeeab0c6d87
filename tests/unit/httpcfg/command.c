/* SPDX-License-Identifier: MIT */

/*
 * Command lines are split as httpcfg itself splits a script.  With HTTPCFG_GOLDEN_WRITE=1 in the
 * environment golden files are written instead of compared; look at the difference before it is
 * committed.
 */

#include "httpcfg/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "httpcfg/fake_admin.h"
#include "httpcfg/quote.h"
#include "httpcfg/verb.h"

#define PATH_BYTES 512

void command_run(const char *line, struct command *ret_command)
{
	char *words[QUOTE_WORDS_MAX + 1] = {0};
	size_t n_words = 0;
	char *copy = mem_dup(line, strlen(line));
	assert_non_null(copy);
	assert_int_equal(quote_split(copy, words, &n_words), 0);

	char *out = NULL;
	char *err = NULL;
	size_t out_len = 0;
	size_t err_len = 0;
	FILE *out_file = open_memstream(&out, &out_len);
	FILE *err_file = open_memstream(&err, &err_len);
	assert_non_null(out_file);
	assert_non_null(err_file);
	int code = verb_run((int)n_words, words, out_file, err_file);
	assert_int_equal(fclose(out_file), 0);
	assert_int_equal(fclose(err_file), 0);
	mem_free(copy);

	assert_int_equal(fake_admin.n_connected, 0);
	*ret_command = (struct command){.out = out, .err = err, .code = code};
}

void command_fini(struct command *command)
{
	free(command->out); /* open_memstream's own */
	free(command->err);
	*command = (struct command){0};
}

static int command_is_expected(const char *expected, const char *got, const char *what)
{
	if (expected == NULL || strcmp(expected, got) == 0) {
		return 1;
	}
	print_error("%s:\n--- expected\n%s\n--- got\n%s\n", what, expected, got);

	return 0;
}

void command_check(const struct command_case *test)
{
	struct command command = {0};
	fake_admin.calls[0] = '\0';
	command_run(test->line, &command);

	int is_right = command_is_expected(test->calls, fake_admin.calls, "calls") &
		       command_is_expected(test->out, command.out, "stdout");
	if (test->err != NULL) {
		is_right &= test->err[0] == '\0' ? command.err[0] == '\0'
						 : strstr(command.err, test->err) != NULL;
	}
	if (!is_right || command.code != test->code) {
		print_error("%s\ncode %d, expected %d; stderr:\n%s\n", test->line, command.code,
			    test->code, command.err);
		fail();
	}
	command_fini(&command);
}

static void command_golden_path(const char *name, char ret_path[PATH_BYTES])
{
	int n = snprintf(ret_path, PATH_BYTES, "%s/%s", TEST_GOLDEN_DIR, name);
	assert_true(n > 0 && n < PATH_BYTES);
}

char *command_golden(const char *name)
{
	char path[PATH_BYTES];
	command_golden_path(name, path);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		fail_msg("cannot open %s", path);
	}

	struct buf text = {0};
	size_t n = 0;
	do {
		assert_int_equal(buf_reserve(&text, 4096), 0);
		n = fread(text.data + text.len, 1, 4096, file);
		text.len += n;
	} while (n > 0);
	(void)fclose(file);
	char *taken = buf_take_str(&text);
	assert_non_null(taken);

	return taken;
}

void command_check_golden(const char *line, const char *name)
{
	struct command command = {0};
	command_run(line, &command);
	assert_int_equal(command.code, 0);

	if (getenv("HTTPCFG_GOLDEN_WRITE") != NULL) {
		char path[PATH_BYTES];
		command_golden_path(name, path);
		FILE *file = fopen(path, "w");
		assert_non_null(file);
		assert_true(fputs(command.out, file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
	char *expected = command_golden(name);
	int is_right = command_is_expected(expected, command.out, line);
	mem_free(expected);
	command_fini(&command);
	assert_true(is_right);
}
