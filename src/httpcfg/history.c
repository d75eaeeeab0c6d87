/* SPDX-License-Identifier: MIT */

/* Verb history: the revisions of the registry, newest first, or one of them in full. */

#include "httpcfg/history.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/own.h"
#include "httpcfg/owner.h"
#include "httpcfg/reply.h"
#include "httpcfg/table.h"
#include "httpcfg/words.h"

#define HISTORY_N_DEFAULT 20

static void history_user(const json_t *revision, char ret_user[OWNER_USER_BYTES])
{
	const char *user = document_text(revision, "user");
	if (user[0] == '\0') {
		owner_user_format(document_number(revision, "uid"), ret_user);
		return;
	}

	(void)snprintf(ret_user, OWNER_USER_BYTES, "%s", user);
}

static int history_print_table(const struct context *ctx, const json_t *revisions)
{
	cleanup_(table_fini) struct table table;
	table_init(&table, "REVISION|TIME|USER|COMMAND");

	for (size_t i = 0; i < json_array_size(revisions); i++) {
		const json_t *revision = json_array_get(revisions, i);
		char user[OWNER_USER_BYTES];
		history_user(revision, user);
		table_cell(&table, "%llu",
			   (unsigned long long)document_number(revision, "revision"));
		table_cell(&table, "%s", document_text(revision, "time"));
		table_cell(&table, "%s", user);
		table_cell(&table, "%s", document_text(revision, "command"));
		if (document_text(revision, "comment")[0] != '\0') {
			table_note(&table, "# %s", document_text(revision, "comment"));
		}
	}

	return table_print(&table, ctx->out) != 0 ? WIN32_NO_MEMORY : 0;
}

static int history_print_changes(const struct context *ctx, const json_t *changes)
{
	for (size_t i = 0; i < json_array_size(changes); i++) {
		const json_t *change = json_array_get(changes, i);
		cleanup_(buf_fini) struct buf line = {0};
		int r = buf_appendf(&line, "  %s %s: ", document_text(change, "key"),
				    document_text(change, "name"));
		if (r == 0) {
			r = document_append_value(&line, json_object_get(change, "old"));
		}
		if (r == 0) {
			r = buf_append_str(&line, " -> ");
		}
		if (r == 0) {
			r = document_append_value(&line, json_object_get(change, "new"));
		}
		if (r != 0) {
			return WIN32_NO_MEMORY;
		}
		fprintf(ctx->out, "%.*s\n", SLICE_ARG(buf_slice(&line)));
	}

	return 0;
}

static int history_print_revision(const struct context *ctx, const json_t *revision)
{
	char user[OWNER_USER_BYTES];

	history_user(revision, user);
	fprintf(ctx->out, "Revision %llu, %s, by %s (uid %llu)\n",
		(unsigned long long)document_number(revision, "revision"),
		document_text(revision, "time"), user,
		(unsigned long long)document_number(revision, "uid"));
	if (document_text(revision, "command")[0] != '\0') {
		fprintf(ctx->out, "  command: %s\n", document_text(revision, "command"));
	}
	if (document_text(revision, "comment")[0] != '\0') {
		fprintf(ctx->out, "  comment: %s\n", document_text(revision, "comment"));
	}

	return history_print_changes(ctx, json_object_get(revision, "changes"));
}

int history_show_revision(struct context *ctx, const char *number)
{
	assert(ctx != NULL && number != NULL);

	struct httpsys_query_arguments arguments = {.size = sizeof(arguments)};
	if (!slice_parse_u64(slice_from_str(number), INT64_MAX, &arguments.revision) ||
	    arguments.revision == 0) {
		return context_misuse(ctx, "\"%s\" is no revision (1 or more)", number);
	}
	if (ctx->admin == NULL) {
		int code = context_connect_or_explain(ctx, "history");
		if (code != 0) {
			return code;
		}
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_HISTORY, &arguments, &reply.answer));
	if (reply_is_shown(&reply, ctx, "history")) {
		return reply.code;
	}

	const json_t *revisions = json_object_get(reply.document, "revisions");

	return history_print_revision(ctx, json_array_get(revisions, 0));
}

int history_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	const char *number = NULL;
	struct words words = {.at = argv + 1, .n = argc - 1};
	int r = words_take_value(&words, "-r", &number);
	if (r == WORDS_E_NO_VALUE || words.n > 1 || (r == 0 && words.n > 0)) {
		return context_misuse(ctx, "history takes one number, or -r and a revision");
	}
	if (r == 0) {
		return history_show_revision(ctx, number);
	}

	struct httpsys_query_arguments arguments = {.size = sizeof(arguments),
						    .maximum = HISTORY_N_DEFAULT};
	if (words.n == 1 &&
	    !slice_parse_u64(slice_from_str(words.at[0]), INT64_MAX, &arguments.maximum)) {
		return context_misuse(ctx, "\"%s\" is no number of revisions", words.at[0]);
	}
	int code = context_connect_or_explain(ctx, "history");
	if (code != 0) {
		return code;
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_HISTORY, &arguments, &reply.answer));
	if (reply_is_shown(&reply, ctx, "history")) {
		return reply.code;
	}

	return history_print_table(ctx, json_object_get(reply.document, "revisions"));
}
