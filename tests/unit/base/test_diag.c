/* SPDX-License-Identifier: MIT */

/* Diagnostic log and the path of fatal errors: what arrives on stderr, byte by byte. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/result.h"

struct capture {
	int read_fd;
	int saved_stderr;
	char text[4096];
};

static void capture_begin(struct capture *capture)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	capture->read_fd = fds[0];
	capture->saved_stderr = dup(STDERR_FILENO);
	assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
	fd_close(fds[1]);
}

static const char *capture_end(struct capture *capture)
{
	assert_int_equal(dup2(capture->saved_stderr, STDERR_FILENO), STDERR_FILENO);
	fd_close(capture->saved_stderr);

	ssize_t n = read(capture->read_fd, capture->text, sizeof(capture->text) - 1);
	assert_true(n >= 0);
	capture->text[n] = '\0';
	fd_close(capture->read_fd);

	return capture->text;
}

static int set_up(void **state)
{
	(void)unsetenv("HTTPSYS_DEBUG");
	(void)unsetenv("JOURNAL_STREAM");
	diag_level_max = DIAG_LEVEL_INFO;
	diag_init("role");

	return 0;
}

static void line_names_the_role(void **state)
{
	struct capture capture;

	capture_begin(&capture);
	diag_warning("port %d is taken", 80);
	diag_error("second");
	assert_string_equal(capture_end(&capture), "role: port 80 is taken\nrole: second\n");
}

static void journal_gets_the_priority(void **state)
{
	struct capture capture;

	assert_int_equal(setenv("JOURNAL_STREAM", "8:1", 1), 0);
	diag_init("role");
	capture_begin(&capture);
	diag_error("e");
	diag_warning("w");
	diag_notice("n");
	diag_info("i");
	assert_string_equal(capture_end(&capture),
			    "<3>role: e\n<4>role: w\n<5>role: n\n<6>role: i\n");
}

static void debug_is_silent_until_asked_for(void **state)
{
	struct capture capture;

	capture_begin(&capture);
	diag_debug("hidden");
	assert_int_equal(setenv("HTTPSYS_DEBUG", "0", 1), 0);
	diag_init("role");
	diag_debug("hidden");
	assert_int_equal(setenv("HTTPSYS_DEBUG", "1", 1), 0);
	diag_init("role");
	diag_debug("seen");
	assert_string_equal(capture_end(&capture), "role: seen\n");
}

static void level_hides_what_matters_less(void **state)
{
	struct capture capture;

	diag_level_max = DIAG_LEVEL_ERROR;
	capture_begin(&capture);
	diag_warning("hidden");
	diag_error("seen");
	assert_string_equal(capture_end(&capture), "role: seen\n");
}

static void long_line_is_cut_and_says_so(void **state)
{
	/* "role: " and 993 bytes are 999: the longest line that is whole. */
	for (size_t n = 980; n < 1100; n++) {
		char message[1101];
		struct capture capture;
		bool is_cut = n > 993;

		memset(message, 'x', n);
		message[n] = '\0';
		capture_begin(&capture);
		diag_info("%s", message);
		const char *text = capture_end(&capture);

		assert_int_equal(strlen(text), is_cut ? 1003 : n + 7);
		assert_string_equal(text + strlen(text) - 4, is_cut ? "...\n" : "xxx\n");
		assert_int_equal(strspn(text + 6, "x"), is_cut ? 993 : n);
	}
}

static void very_long_role_does_no_harm(void **state)
{
	static char role[3000];
	struct capture capture;

	memset(role, 'r', sizeof(role) - 1);
	diag_init(role);
	capture_begin(&capture);
	diag_info("message");
	const char *text = capture_end(&capture);
	diag_init("role");

	assert_int_equal(strlen(text), 1003);
	assert_string_equal(text + 999, "...\n");
}

static void control_characters_cannot_forge_a_line(void **state)
{
	struct capture capture;

	capture_begin(&capture);
	diag_info("%s", "path\nrole: forged\r\x1b[31m\x7f\t\xc3\xbc");
	assert_string_equal(capture_end(&capture), "role: path?role: forged??[31m??\xc3\xbc\n");
}

static void errno_survives(void **state)
{
	struct capture capture;

	capture_begin(&capture);
	errno = ENFILE;
	diag_info("x");
	int after = errno;
	(void)capture_end(&capture);
	assert_int_equal(after, ENFILE);
}

static int fails_deep_down(void)
{
	return result_origin(-ENFILE);
}

static int passes_it_up(void)
{
	return result_trace(fails_deep_down());
}

static void fatal_error_arrives_with_its_path(void **state)
{
	struct capture capture;

	diag_level_max = DIAG_LEVEL_DEBUG;
	capture_begin(&capture);
	assert_int_equal(passes_it_up(), -ENFILE);
	const char *text = capture_end(&capture);

	const char *origin = strstr(text, "origin: Too many open files in system (-23)");
	const char *trace = strstr(text, "trace: Too many open files in system (-23)");
	assert_non_null(origin);
	assert_non_null(trace);
	assert_true(origin < trace);
	assert_non_null(strstr(text, "test_diag.c:"));
}

static void success_and_verdicts_pass_silently(void **state)
{
	struct capture capture;

	diag_level_max = DIAG_LEVEL_DEBUG;
	capture_begin(&capture);
	assert_int_equal(result_origin(0), 0);
	assert_int_equal(result_trace(7), 7);
	assert_int_equal(result_fold(0), 0);
	assert_string_equal(capture_end(&capture), "");
}

static void forgotten_verdict_becomes_fatal(void **state)
{
	assert_int_equal(result_fold(1), -ENOTRECOVERABLE);
	assert_int_equal(result_fold(-EIO), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(line_names_the_role, set_up),
		cmocka_unit_test_setup(journal_gets_the_priority, set_up),
		cmocka_unit_test_setup(debug_is_silent_until_asked_for, set_up),
		cmocka_unit_test_setup(level_hides_what_matters_less, set_up),
		cmocka_unit_test_setup(long_line_is_cut_and_says_so, set_up),
		cmocka_unit_test_setup(very_long_role_does_no_harm, set_up),
		cmocka_unit_test_setup(control_characters_cannot_forge_a_line, set_up),
		cmocka_unit_test_setup(errno_survives, set_up),
		cmocka_unit_test_setup(fatal_error_arrives_with_its_path, set_up),
		cmocka_unit_test_setup(success_and_verdicts_pass_silently, set_up),
		cmocka_unit_test_setup(forgotten_verdict_becomes_fatal, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
