/* SPDX-License-Identifier: MIT */

/*
 * The commands of netsh http in one table, and the reading of their tags.  What has no counterpart
 * in the listener is in the table, too, and says so.
 */

#include "httpcfg/netsh.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "httpcfg/history.h"
#include "httpcfg/suggest.h"
#include "httpcfg/verb.h"
#include "httpcfg/words.h"

#define NO_TLS   "the listener has no TLS, so there are no certificate bindings"
#define NO_CACHE "the listener keeps no responses"
#define PARAMETERS                                                            \
	"time-outs are parameters: httpcfg parameter IdleConnectionTimeout, " \
	"httpcfg parameter HeaderWaitTimeout"

static int netsh_unsupported(struct context *ctx, const struct netsh_command *command,
			     const struct netsh_values *values)
{
	(void)values;

	cleanup_(reply_fini) struct reply reply = {0};
	reply_refuse(&reply, HTTPSYS_E_NOT_SUPPORTED, command->hint, "");

	return netsh_finish(ctx, command, &reply);
}

static int netsh_revision_show(struct context *ctx, const struct netsh_command *command,
			       const struct netsh_values *values)
{
	(void)command;

	return history_show_revision(ctx, values->at[0]);
}

#define UNSUPPORTED(verb, object, failed, hint)                            \
	{                                                                  \
		verb, object, "", 0, netsh_unsupported, NULL, failed, hint \
	}

static const struct netsh_command commands[] = {
	{"add", "iplisten", "ipaddress", 1, netsh_iplisten_add, "IP address", "IP address", NULL},
	{"delete", "iplisten", "ipaddress address", 0, netsh_iplisten_delete, "IP address",
	 "IP address", NULL},
	{"show", "iplisten", "", 0, netsh_iplisten_show, NULL, "IP listen list", NULL},
	{"add", "urlacl", "url user listen delegate sddl", 1, netsh_urlacl_add, "URL reservation",
	 "Url reservation", NULL},
	{"delete", "urlacl", "url", 1, netsh_urlacl_delete, "URL reservation", "Url reservation",
	 NULL},
	{"show", "urlacl", "url", 0, netsh_urlacl_show, NULL, "Url reservation", NULL},
	{"show", "servicestate", "view verbose", 0, netsh_servicestate_show, NULL,
	 "HTTP service state", NULL},
	{"show", "revision", "revision", 1, netsh_revision_show, NULL, "Revision", NULL},

	UNSUPPORTED("add", "sslcert", "SSL Certificate", NO_TLS),
	UNSUPPORTED("update", "sslcert", "SSL Certificate", NO_TLS),
	UNSUPPORTED("delete", "sslcert", "SSL Certificate", NO_TLS),
	UNSUPPORTED("show", "sslcert", "SSL Certificate", NO_TLS),
	UNSUPPORTED("update", "sslpropertyex", "SSL Certificate", NO_TLS),
	UNSUPPORTED("add", "timeout", "Timeout", PARAMETERS),
	UNSUPPORTED("delete", "timeout", "Timeout", PARAMETERS),
	UNSUPPORTED("show", "timeout", "Timeout", PARAMETERS),
	UNSUPPORTED("add", "cacheparam", "Cache parameter", NO_CACHE),
	UNSUPPORTED("show", "cacheparam", "Cache parameter", NO_CACHE),
	UNSUPPORTED("add", "setting", "Setting", NO_TLS),
	UNSUPPORTED("delete", "setting", "Setting", NO_TLS),
	UNSUPPORTED("show", "setting", "Setting", NO_TLS),
	UNSUPPORTED("delete", "cache", "Cache", NO_CACHE),
	UNSUPPORTED("show", "cachestate", "Cache", NO_CACHE),
	UNSUPPORTED("flush", "logbuffer", "Log buffer",
		    "the listener's logs are written at once, there is nothing to flush"),
};

#undef UNSUPPORTED

static const struct netsh_command *netsh_find(const char *verb, const char *object)
{
	for (size_t i = 0; i < array_len(commands); i++) {
		if (words_are_equal(verb, commands[i].verb) &&
		    words_are_equal(object, commands[i].object)) {
			return &commands[i];
		}
	}

	return NULL;
}

static int netsh_unknown(const struct context *ctx, const char *verb, const char *object)
{
	fprintf(ctx->out, "The following command was not found: %s%s%s.\n", verb,
		object != NULL ? " " : "", object != NULL ? object : "");

	struct suggestion suggestion = {0};
	for (size_t i = 0; object != NULL && i < array_len(commands); i++) {
		if (words_are_equal(verb, commands[i].verb)) {
			suggest_consider(&suggestion, object, commands[i].object);
		}
	}
	if (suggestion.word != NULL) {
		fprintf(ctx->err, "  did you mean: httpcfg %s %s\n", verb, suggestion.word);
	} else {
		fprintf(ctx->err, "usage: httpcfg %s\n", ctx->synopsis);
	}

	return 1;
}

/* The length of the letters before the first '='; 0: the word is no tag=value. */
static size_t netsh_tag_len(const char *word)
{
	size_t len = 0;
	while (ascii_is_alpha(word[len])) {
		len++;
	}

	return word[len] == '=' ? len : 0;
}

/* The position of @tag among @tags; -1: not there. */
static int netsh_tag_find(const char *tags, struct slice tag)
{
	struct slice rest = slice_from_str(tags);

	for (int i = 0; rest.len > 0; i++) {
		if (slice_is_equal_nocase(slice_cut(&rest, ' '), tag)) {
			return i;
		}
	}

	return -1;
}

static int netsh_n_tags(const char *tags)
{
	struct slice rest = slice_from_str(tags);
	int n = 0;

	for (; rest.len > 0; n++) {
		(void)slice_cut(&rest, ' ');
	}
	assert(n <= NETSH_TAGS_MAX);

	return n;
}

/* Return: true; false: a word fits no tag, or its tag has a value already */
static bool netsh_parse(const struct netsh_command *command, int argc, char **argv,
			struct netsh_values *ret_values)
{
	int n_tags = netsh_n_tags(command->tags);

	for (int i = 0; i < argc; i++) {
		size_t len = netsh_tag_len(argv[i]);
		int at = 0;
		if (len > 0) {
			at = netsh_tag_find(command->tags, slice_from(argv[i], len));
		} else {
			while (at < n_tags && ret_values->at[at] != NULL) {
				at++;
			}
		}
		if (at < 0 || at >= n_tags || ret_values->at[at] != NULL) {
			return false;
		}
		ret_values->at[at] = len > 0 ? argv[i] + len + 1 : argv[i];
	}

	return true;
}

static void netsh_print_usage(const struct context *ctx, const struct netsh_command *command)
{
	struct slice rest = slice_from_str(command->tags);

	fprintf(ctx->err, "usage: httpcfg %s %s", command->verb, command->object);
	for (int i = 0; rest.len > 0; i++) {
		struct slice tag = slice_cut(&rest, ' ');
		fprintf(ctx->err, i < command->n_required ? " [%.*s=]VALUE" : " [[%.*s=]VALUE]",
			SLICE_ARG(tag));
	}
	fputc('\n', ctx->err);
}

int netsh_bad_syntax(const struct context *ctx, const struct netsh_command *command)
{
	assert(ctx != NULL && command != NULL);

	fputs("The syntax supplied for this command is not valid. "
	      "Check help for the correct syntax.\n",
	      ctx->out);
	netsh_print_usage(ctx, command);

	return 1;
}

int netsh_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0 && argv != NULL);

	if (argc < 2) {
		return netsh_unknown(ctx, argv[0], NULL);
	}
	const struct netsh_command *command = netsh_find(argv[0], argv[1]);
	if (command == NULL) {
		return netsh_unknown(ctx, argv[0], argv[1]);
	}

	struct netsh_values values = {0};
	if (command->hint != NULL) {
		return command->run(ctx, command, &values);
	}
	if (!netsh_parse(command, argc - 2, argv + 2, &values)) {
		return netsh_bad_syntax(ctx, command);
	}
	for (int i = 0; i < command->n_required; i++) {
		if (values.at[i] == NULL) {
			fputs("One or more essential parameters were not entered.\n", ctx->out);
			netsh_print_usage(ctx, command);
			return 1;
		}
	}

	int code = context_connect(ctx);
	if (code != 0) {
		fprintf(ctx->out, "%s %s failed, Error: %d\n", command->failed, command->verb,
			code);
		fprintf(ctx->err, "httpcfg: %s\n", httpsys_admin_error());
		return 1;
	}

	return command->run(ctx, command, &values);
}

void netsh_print_words(FILE *out, const char *verb, const char *object)
{
	assert(out != NULL && verb != NULL);

	const struct netsh_command *command = object != NULL ? netsh_find(verb, object) : NULL;
	if (command != NULL) {
		struct slice rest = slice_from_str(command->tags);
		while (rest.len > 0) {
			struct slice tag = slice_cut(&rest, ' ');
			fprintf(out, "%.*s=\n", SLICE_ARG(tag));
		}
		return;
	}

	for (size_t i = 0; object == NULL && i < array_len(commands); i++) {
		if (words_are_equal(verb, commands[i].verb)) {
			fprintf(out, "%s\n", commands[i].object);
		}
	}
}

int netsh_finish(const struct context *ctx, const struct netsh_command *command,
		 const struct reply *reply)
{
	assert(ctx != NULL && command != NULL && reply != NULL);

	int exit_code = reply->code != 0;
	if (ctx->is_json) {
		reply_print_json(reply, ctx);
		return exit_code;
	}

	bool is_add = words_are_equal(command->verb, "add");
	if (reply->code != 0) {
		fprintf(ctx->out, "\n%s %s failed, Error: %d\n%s\n\n", command->failed,
			command->verb, reply->code, httpsys_strerror(reply->error));
	} else if (!ctx->is_dry_run) {
		fprintf(ctx->out, "\n%s successfully %s\n\n", command->done,
			is_add ? "added" : "deleted");
	}
	reply_explain(reply, ctx, command->verb);
	reply_print_dry_run(reply, ctx);

	return exit_code;
}

bool netsh_is_finished(const struct context *ctx, const struct netsh_command *command,
		       const struct reply *reply, int *ret_code)
{
	assert(ctx != NULL && command != NULL && reply != NULL && ret_code != NULL);

	if (reply->code == 0 && !ctx->is_json) {
		return false;
	}
	*ret_code = netsh_finish(ctx, command, reply);

	return true;
}

void netsh_print_title(const struct context *ctx, const char *title, const char *end)
{
	assert(ctx != NULL && title != NULL && end != NULL);

	fprintf(ctx->out, "\n%s%s\n", title, end);
	for (size_t i = 0; i < strlen(title); i++) {
		fputc('-', ctx->out);
	}
	fprintf(ctx->out, "%s\n\n", end);
}
