#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The dialect of netsh http: httpcfg add|delete|show|update|flush OBJECT [tag=]value ...
 *
 * A value without tag takes the next tag of the command that has none yet.  A word counts as
 * tag=value only when letters alone stand before its first '=', so that a URL may hold one.  Tags
 * and objects are compared without case.  Results and failures go to stdout in the original's words
 * and layouts, explanations to stderr; the exit code is 0 or 1.
 */

#include <stdio.h>

#include "httpcfg/context.h"
#include "httpcfg/reply.h"

#define NETSH_TAGS_MAX 8 /* of one command that is carried out */

/* The values by the position of their tag in netsh_command::tags; NULL: not given. */
struct netsh_values {
	const char *at[NETSH_TAGS_MAX];
};

struct netsh_command {
	const char *verb;
	const char *object;
	const char *tags; /* in positional order, separated by blanks */
	int n_required;   /* the first so many must be given */
	int (*run)(struct context *ctx, const struct netsh_command *command,
		   const struct netsh_values *values); /* returns the exit code */
	const char *done;   /* what is "successfully added"; for show NULL */
	const char *failed; /* what "add failed" is said of */
	const char *hint;   /* not supported: what there is instead */
};

/* netsh_run() - run a command line of this dialect; argv[0] is the verb.  Return: the exit code */
int netsh_run(struct context *ctx, int argc, char **argv);

/*
 * netsh_print_words() - for completion: the objects of @verb, or the tags of "@verb @object"
 * @object: NULL: none was typed
 */
void netsh_print_words(FILE *out, const char *verb, const char *object);

/*
 * netsh_finish() - print how a command ended: success, or failure with code and system text, and
 * the explanation; or JSON
 *
 * Return: the exit code, 0 or 1.
 */
int netsh_finish(const struct context *ctx, const struct netsh_command *command,
		 const struct reply *reply);

/* netsh_is_finished() - has a query been shown completely, because it failed or JSON was asked
 * for?  *@ret_code is the exit code then */
bool netsh_is_finished(const struct context *ctx, const struct netsh_command *command,
		       const struct reply *reply, int *ret_code);

/* netsh_bad_syntax() - say that a value is not valid.  Return: the exit code, 1 */
int netsh_bad_syntax(const struct context *ctx, const struct netsh_command *command);

/* netsh_print_title() - blank line, title and @end, a '-' per letter of the title and @end, blank
 * line */
void netsh_print_title(const struct context *ctx, const char *title, const char *end);

/*
 * netsh_iplisten_add() and the rest - the commands that are carried out, each in the file of its
 * object
 *
 * Return: the exit code, 0 or 1.
 */
int netsh_iplisten_add(struct context *ctx, const struct netsh_command *command,
		       const struct netsh_values *values);
int netsh_iplisten_delete(struct context *ctx, const struct netsh_command *command,
			  const struct netsh_values *values);
int netsh_iplisten_show(struct context *ctx, const struct netsh_command *command,
			const struct netsh_values *values);
int netsh_urlacl_add(struct context *ctx, const struct netsh_command *command,
		     const struct netsh_values *values);
int netsh_urlacl_delete(struct context *ctx, const struct netsh_command *command,
			const struct netsh_values *values);
int netsh_urlacl_show(struct context *ctx, const struct netsh_command *command,
		      const struct netsh_values *values);
int netsh_servicestate_show(struct context *ctx, const struct netsh_command *command,
			    const struct netsh_values *values);
