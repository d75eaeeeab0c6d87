#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The table of verbs and how a command line finds its row.  Help, completion and the suggestions
 * for misspelt verbs come from the same rows.
 */

#include <stdio.h>

struct context;

enum verb_dialect {
	VERB_DIALECT_EXE = 0, /* httpcfg.exe: switches */
	VERB_DIALECT_NETSH,   /* netsh http: tag=value */
	VERB_DIALECT_OWN,
	VERB_DIALECT_COUNT_,
};

struct verb {
	const char *name;
	enum verb_dialect dialect;
	int (*run)(struct context *ctx, int argc, char **argv); /* argv[0] is the verb */
	const char *next;     /* words that can come next, for completion; NULL: netsh's objects */
	const char *synopsis; /* how it is written, from the verb on */
	const char *summary;  /* one line */
};

/*
 * verb_run() - run one command line
 * @argv: argv[0] is the program; words are taken out of the array
 * @out, @err: borrowed
 *
 * Return: the Win32 code to exit with, 0 = done.
 */
int verb_run(int argc, char **argv, FILE *out, FILE *err);

/* verb_print_usage() - print the usage text: all verbs with their synopsis */
void verb_print_usage(FILE *out);

/* verb_find() - the row of a verb, without case; NULL: no such verb */
const struct verb *verb_find(const char *name);

/* verb_nearest() - the name of the verb nearest to @name; NULL: none is near */
const char *verb_nearest(const char *name);

/* verb_print_names() - print the verbs, one a line */
void verb_print_names(FILE *out);
