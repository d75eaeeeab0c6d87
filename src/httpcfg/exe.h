#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The dialect of httpcfg.exe: httpcfg set|query|delete ssl|urlacl|iplisten [switches].
 *
 * Its rules are kept to the letter, because scripts rely on them: action and store are compared
 * without case; a switch is '-' or '/' and whatever follows, of which only the first character
 * counts, and takes the next word; reading stops at a word that is no switch or has no word behind
 * it, and what is left is ignored; the last of equal switches wins.  What the original prints goes
 * to stdout, word for word; why something failed and what to do goes to stderr.
 */

#include "httpcfg/context.h"
#include "httpcfg/reply.h"

enum exe_action {
	EXE_ACTION_SET = 0,
	EXE_ACTION_QUERY,
	EXE_ACTION_DELETE,
	EXE_ACTION_COUNT_,
};

/* The values of the switches by letter, borrowed; NULL: not given. */
struct exe_switches {
	const char *at[26];
};

/* The value of the switch with small letter @letter. */
#define EXE_SWITCH(switches, letter) ((switches)->at[(letter) - 'a'])

/* A store: its switches, and what each action does; a function returns the exit code. */
struct exe_store {
	const char *name;
	const char *letters; /* of its switches */
	const char *unknown; /* message for any other: the words behind the switch */
	int (*on_action[EXE_ACTION_COUNT_])(struct context *ctx, const struct exe_switches *);
};

extern const struct exe_store exe_store_ssl;
extern const struct exe_store exe_store_urlacl;
extern const struct exe_store exe_store_iplisten;

/* exe_run() - run a command line of this dialect; argv[0] is the action.  Return: the exit code */
int exe_run(struct context *ctx, int argc, char **argv);

/* exe_is_form() - is "delete STORE ..." meant in this dialect and not in netsh's? */
bool exe_is_form(int argc, char *const *argv);

/*
 * exe_finish() - the line that ends an action, "HttpSetServiceConfiguration completed with 0", and
 * the explanation; or JSON.  A query that was answered has no such line.
 *
 * Return: the exit code.
 */
int exe_finish(const struct context *ctx, enum exe_action action, const struct reply *reply);

/*
 * exe_bad_address() - "X is not a valid IP address."
 * @text: NULL: no address was given
 *
 * Return: the exit code, 10022 or (nothing given) 87.
 */
int exe_bad_address(const struct context *ctx, const char *text);

/* exe_print_rule() - the line of 78 '-' below a record */
void exe_print_rule(const struct context *ctx);
