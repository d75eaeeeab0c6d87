/* SPDX-License-Identifier: MIT */

/*
 * Verb explain: who answers a URL, and why.  Two questions that are never mixed: which connections
 * reach the listener at all (the master knows), and to which entry a request then goes (the engine
 * knows).
 */

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

static const struct {
	const char *name;
	const char *meaning;
} buckets[] = {
	{"strong", "strong wildcard, host \"+\""},
	{"explicit", "this host name"},
	{"ip", "this address"},
	{"weak", "weak wildcard, host \"*\""},
};

static const char *explain_bucket(const char *name)
{
	for (size_t i = 0; i < array_len(buckets); i++) {
		if (strcmp(name, buckets[i].name) == 0) {
			return buckets[i].meaning;
		}
	}

	return name;
}

static void explain_print_repair(const struct context *ctx, const json_t *object)
{
	if (document_text(object, "repair")[0] != '\0') {
		fprintf(ctx->out, "    try: %s\n", document_text(object, "repair"));
	}
}

static void explain_print_destination(const struct context *ctx, const json_t *destination)
{
	const char *address = document_text(destination, "address");
	const char *endpoint = document_text(destination, "endpoint");
	bool is_v6 = strchr(address, ':') != NULL;

	fprintf(ctx->out, "  %s%s%s:%llu: ", is_v6 ? "[" : "", address, is_v6 ? "]" : "",
		(unsigned long long)document_number(destination, "port"));
	if (document_is(destination, "is_reached")) {
		fprintf(ctx->out, "reaches the listener (endpoint %s)\n", endpoint);
		return;
	}

	cleanup_(buf_fini) struct buf owner = {0};
	bool has_owner = document_has(destination, "owner") &&
			 owner_append(&owner, json_object_get(destination, "owner")) == 0;
	if (has_owner) {
		fprintf(ctx->out, "answered by %.*s instead", SLICE_ARG(buf_slice(&owner)));
	} else {
		fputs("nobody answers", ctx->out);
	}
	if (document_text(destination, "text")[0] != '\0') {
		fprintf(ctx->out, ": %s", document_text(destination, "text"));
	}
	fputc('\n', ctx->out);
	explain_print_repair(ctx, destination);
}

/* Return: how many of the destinations reach the listener */
static size_t explain_print_destinations(const struct context *ctx, const json_t *destinations)
{
	size_t n_reached = 0;

	fputs("Connections to\n", ctx->out);
	for (size_t i = 0; i < json_array_size(destinations); i++) {
		const json_t *destination = json_array_get(destinations, i);
		explain_print_destination(ctx, destination);
		n_reached += document_is(destination, "is_reached");
	}
	if (json_array_size(destinations) == 0) {
		fputs("  (no address of this machine)\n", ctx->out);
	}

	return n_reached;
}

static void explain_print_entry(const struct context *ctx, const json_t *entry)
{
	char user[OWNER_USER_BYTES];

	if (strcmp(document_text(entry, "kind"), "reservation") == 0) {
		fprintf(ctx->out, "  entry:  %s, a reservation (%s)\n",
			document_text(entry, "prefix"), document_text(entry, "sddl"));
		return;
	}

	owner_user_format(document_number(entry, "uid"), user);
	fprintf(ctx->out, "  entry:  %s (%s)\n", document_text(entry, "prefix"),
		document_text(entry, "state"));
	fprintf(ctx->out, "  owner:  %s, pid %llu, user %s\n", document_text(entry, "program"),
		(unsigned long long)document_number(entry, "pid"), user);

	const char *queue = document_text(entry, "queue_name");
	fprintf(ctx->out, "  queue:  %s\n", queue[0] != '\0' ? queue : "(unnamed)");
}

/* Return: 0; a Win32 code */
static int explain_print_considered(const struct context *ctx, const json_t *considered)
{
	if (json_array_size(considered) == 0) {
		return 0;
	}

	cleanup_(table_fini) struct table table;
	table_init(&table, "|BUCKET|ENTRY|KIND|");
	for (size_t i = 0; i < json_array_size(considered); i++) {
		const json_t *row = json_array_get(considered, i);
		table_cell(&table, "%s", document_is(row, "is_match") ? "*" : "");
		table_cell(&table, "%s", document_text(row, "bucket"));
		table_cell(&table, "%s", document_text(row, "prefix"));
		table_cell(&table, "%s", document_text(row, "kind"));
		table_cell(&table, "%s", document_text(row, "text"));
	}
	fputs("\nLooked at, in this order\n", ctx->out);

	return table_print(&table, ctx->out) != 0 ? WIN32_NO_MEMORY : 0;
}

static int explain_print_route(const struct context *ctx, const json_t *engine, const char *method,
			       size_t n_reached)
{
	const char *bucket = document_text(engine, "bucket");
	const char *reason = document_text(engine, "reason");
	bool is_delivered = strcmp(document_text(engine, "outcome"), "delivered") == 0;

	fprintf(ctx->out, "\nA %s", method);
	if (document_has(engine, "host") && document_has(engine, "path")) {
		fprintf(ctx->out, " for host %s, path %s,", document_text(engine, "host"),
			document_text(engine, "path"));
	}
	fputs(n_reached > 0 ? " is " : " would be, if it reached the listener, ", ctx->out);
	if (is_delivered) {
		fputs("delivered\n", ctx->out);
	} else {
		fprintf(ctx->out, "refused with status %llu%s%s\n",
			(unsigned long long)document_number(engine, "status"),
			strcmp(reason, "N/A") == 0 ? "" : ", reason ",
			strcmp(reason, "N/A") == 0 ? "" : reason);
	}
	if (bucket[0] != '\0') {
		fprintf(ctx->out, "  bucket: %s\n", explain_bucket(bucket));
	}
	if (document_has(engine, "entry")) {
		explain_print_entry(ctx, json_object_get(engine, "entry"));
	}
	if (document_text(engine, "text")[0] != '\0') {
		fprintf(ctx->out, "  why:    %s\n", document_text(engine, "text"));
	}
	explain_print_repair(ctx, engine);

	return explain_print_considered(ctx, json_object_get(engine, "considered"));
}

static int explain_print(const struct context *ctx, const struct reply *reply,
			 const struct httpsys_query_arguments *arguments)
{
	size_t n_reached = 0;
	const json_t *destinations = json_object_get(reply->document, "destinations");
	if (json_is_array(destinations)) {
		n_reached = explain_print_destinations(ctx, destinations);
	}
	if (reply->engine == NULL) {
		fputs("The listener is not running: no prefix is registered now.\n"
		      "    try: systemctl start httpsys\n",
		      ctx->out);
		return 0;
	}

	return explain_print_route(ctx, reply->engine, arguments->method, n_reached);
}

int explain_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	struct httpsys_query_arguments arguments = {.size = sizeof(arguments), .method = "GET"};
	struct words words = {.at = argv + 1, .n = argc - 1};
	if (words_take_value(&words, "--to", &arguments.address) == WORDS_E_NO_VALUE ||
	    words_take_value(&words, "--method", &arguments.method) == WORDS_E_NO_VALUE) {
		return context_misuse(ctx, "an option's value is missing");
	}
	if (words.n != 1) {
		return context_misuse(ctx, "explain takes one URL");
	}
	arguments.url = words.at[0];

	int code = context_connect_or_explain(ctx, "explain");
	if (code != 0) {
		return code;
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_EXPLAIN, &arguments, &reply.answer));
	if (reply_is_shown(&reply, ctx, "explain")) {
		return reply.code;
	}

	return explain_print(ctx, &reply, &arguments);
}
