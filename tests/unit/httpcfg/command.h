#pragma once
/* SPDX-License-Identifier: MIT */

/* Running httpcfg's command lines against the fake, and comparing what comes out. */

#include <stddef.h>

/* A line of a test's table. */
struct command_case {
	const char *line;  /* as typed into a shell; the first word is httpcfg */
	int code;          /* expected */
	const char *calls; /* expected calls, a line each; NULL: not looked at */
	const char *out;   /* expected on stdout; NULL: not looked at */
	const char *err;   /* what stderr must contain; NULL: not looked at; "": nothing at all */
};

/* What a command printed and returned; owned, end with command_fini(). */
struct command {
	char *out;
	char *err;
	int code;
};

/* command_run() - run @line */
void command_run(const char *line, struct command *ret_command);

/* command_fini() - free what it printed */
void command_fini(struct command *command);

/* command_check() - run a case and fail the test if anything is not as expected; the calls noted
 * before are forgotten, answers laid out stay */
void command_check(const struct command_case *test);

/* command_check_golden() - run @line, and compare its stdout with the file golden/@name */
void command_check_golden(const char *line, const char *name);

/* command_golden() - the contents of golden/@name, NUL-terminated; owned by the caller (mem_free)
 */
char *command_golden(const char *name);
