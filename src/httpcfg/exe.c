/* SPDX-License-Identifier: MIT */

/*
 * Actions, stores and switches of httpcfg.exe, in the order in which the original looks at them:
 * action, connection, store, switches, call.
 */

#include "httpcfg/exe.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "httpcfg/verb.h"
#include "httpcfg/words.h"

static const struct exe_store *const exe_stores[] = {
	&exe_store_ssl,
	&exe_store_urlacl,
	&exe_store_iplisten,
};

static const struct {
	const char *name;
	const char *function; /* what the original's last line calls it */
} exe_actions[EXE_ACTION_COUNT_] = {
	[EXE_ACTION_SET] = {"set", "HttpSetServiceConfiguration"},
	[EXE_ACTION_QUERY] = {"query", "HttpQueryServiceConfiguration"},
	[EXE_ACTION_DELETE] = {"delete", "HttpDeleteServiceConfiguration"},
};

static const struct exe_store *exe_store_find(const char *name)
{
	for (size_t i = 0; i < array_len(exe_stores); i++) {
		if (words_are_equal(name, exe_stores[i]->name)) {
			return exe_stores[i];
		}
	}

	return NULL;
}

static bool exe_is_switch(const char *word)
{
	return word[0] == '-' || word[0] == '/';
}

/* Return: NULL, or the first switch that the store does not have */
static const char *exe_switches_parse(const struct exe_store *store, int argc, char **argv,
				      struct exe_switches *ret_switches)
{
	for (int i = 0; i + 1 < argc && exe_is_switch(argv[i]); i += 2) {
		int letter = ascii_lower((unsigned char)argv[i][1]);
		if (letter == '\0' || strchr(store->letters, letter) == NULL) {
			return argv[i];
		}
		ret_switches->at[letter - 'a'] = argv[i + 1];
	}

	return NULL;
}

static int exe_invalid_command(const struct context *ctx, const char *word)
{
	fprintf(ctx->out, "%s is an invalid command\n", word);

	return WIN32_INVALID_PARAMETER;
}

static enum exe_action exe_action_find(const char *name)
{
	size_t i = 0;
	while (i < EXE_ACTION_COUNT_ && !words_are_equal(name, exe_actions[i].name)) {
		i++;
	}

	return (enum exe_action)i;
}

int exe_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0 && argv != NULL);

	enum exe_action action = exe_action_find(argv[0]);
	if (argc < 2 || action == EXE_ACTION_COUNT_) {
		verb_print_usage(ctx->out);
		return 0;
	}

	int code = context_connect(ctx);
	if (code != 0) {
		fprintf(ctx->out, "HttpInitialize failed with %d\n", code);
		fprintf(ctx->err, "httpcfg: %s\n", httpsys_admin_error());
		return code;
	}

	const struct exe_store *store = exe_store_find(argv[1]);
	if (store == NULL) {
		fputs("httpcfg: the stores are ssl, urlacl and iplisten\n", ctx->err);
		return exe_invalid_command(ctx, argv[1]);
	}

	struct exe_switches switches = {0};
	const char *unknown = exe_switches_parse(store, argc - 2, argv + 2, &switches);
	if (unknown != NULL) {
		fprintf(ctx->out, "%s %s\n", unknown, store->unknown);
		fprintf(ctx->err, "usage: httpcfg %s\n", ctx->synopsis);
		return WIN32_INVALID_PARAMETER;
	}

	return store->on_action[action](ctx, &switches);
}

bool exe_is_form(int argc, char *const *argv)
{
	assert(argc > 0 && argv != NULL);

	if (argc < 3) {
		return argc == 1 || exe_store_find(argv[1]) != NULL;
	}

	return exe_is_switch(argv[2]);
}

int exe_finish(const struct context *ctx, enum exe_action action, const struct reply *reply)
{
	assert(ctx != NULL && action < EXE_ACTION_COUNT_ && reply != NULL);

	if (ctx->is_json) {
		reply_print_json(reply, ctx);
		return reply->code;
	}

	bool is_silent = reply->code == 0 && (action == EXE_ACTION_QUERY || ctx->is_dry_run);
	if (!is_silent) {
		fprintf(ctx->out, "%s completed with %d\n", exe_actions[action].function,
			reply->code);
	}
	reply_explain(reply, ctx, exe_actions[action].name);
	reply_print_dry_run(reply, ctx);

	return reply->code;
}

int exe_bad_address(const struct context *ctx, const char *text)
{
	assert(ctx != NULL);

	fprintf(ctx->out, "%s is not a valid IP address.\n", text != NULL ? text : "(null)");
	if (text == NULL) {
		fprintf(ctx->err, "httpcfg: -i is missing\nusage: httpcfg %s\n", ctx->synopsis);
	}

	return text != NULL ? WIN32_NOT_AN_ADDRESS : WIN32_INVALID_PARAMETER;
}

void exe_print_rule(const struct context *ctx)
{
	assert(ctx != NULL);

	fputs("--------------------------------------"
	      "----------------------------------------\n",
	      ctx->out);
}
