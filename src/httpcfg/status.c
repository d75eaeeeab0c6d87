/* SPDX-License-Identifier: MIT */

/*
 * Verb status: one page that says what runs, where it listens, which prefixes are served, and what
 * is wrong with what is not, with its repair below it.
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

/* A section of the page: its title, the columns, where its rows are, and what stands for none. */
struct status_section {
	const char *title;
	const char *heads;
	bool is_of_engine; /* the rows are in the engine's document */
	const char *rows;
	const char *none;
	void (*append_row)(struct table *table, const json_t *row);
};

static unsigned long long status_number(const json_t *object, const char *name)
{
	return document_number(object, name);
}

static const char *status_text_or_dash(const json_t *object, const char *name)
{
	const char *text = document_text(object, name);

	return text[0] != '\0' ? text : "-";
}

/* A number, or "-" when the engine does not count it. */
static void status_append_number(struct table *table, const json_t *row, const char *name)
{
	if (document_has(row, name)) {
		table_cell(table, "%llu", status_number(row, name));
	} else {
		table_cell(table, "-");
	}
}

static void status_append_user(struct table *table, const json_t *row)
{
	char user[OWNER_USER_BYTES];

	owner_user_format(document_number(row, "uid"), user);
	table_cell(table, "%s", user);
}

/* The last cell of a row: "state: why", and the repair as a note. */
static void status_append_state(struct table *table, const json_t *row)
{
	const char *state = document_text(row, "state");
	const char *text = document_text(row, "text");
	bool is_explained = text[0] != '\0' && strcmp(text, state) != 0;

	table_cell(table, "%s%s%s", state, is_explained ? ": " : "", is_explained ? text : "");
	if (document_text(row, "repair")[0] != '\0') {
		table_note(table, "try: %s", document_text(row, "repair"));
	}
}

static void status_append_entry(struct table *table, const json_t *row)
{
	table_cell(table, "%s", document_text(row, "entry"));
	status_append_state(table, row);
}

static void status_append_endpoint(struct table *table, const json_t *row)
{
	table_cell(table, "%s", document_text(row, "endpoint"));
	table_cell(table, "%s", document_text(row, "scheme"));

	cleanup_(buf_fini) struct buf owner = {0};
	bool has_owner = document_has(row, "owner") &&
			 owner_append(&owner, json_object_get(row, "owner")) == 0;
	if (has_owner) {
		table_cell(table, "%.*s", SLICE_ARG(buf_slice(&owner)));
	} else {
		table_cell(table, "%s",
			   strcmp(document_text(row, "state"), "listening") == 0 ? "httpsysd"
										 : "-");
	}
	status_append_state(table, row);
}

static void status_append_prefix(struct table *table, const json_t *row)
{
	table_cell(table, "%s%s", document_text(row, "prefix"),
		   document_is(row, "is_parked") ? " (parked)" : "");
	table_cell(table, "%s", status_text_or_dash(row, "program"));
	table_cell(table, "%llu", status_number(row, "pid"));
	status_append_user(table, row);
	table_cell(table, "%s", status_text_or_dash(row, "queue_name"));
	status_append_state(table, row);
}

static void status_append_queue(struct table *table, const json_t *row)
{
	const char *name = document_text(row, "name");

	table_cell(table, "%s", name[0] != '\0' ? name : "(unnamed)");
	table_cell(table, "%llu", status_number(row, "pid"));
	table_cell(table, "%zu", json_array_size(json_object_get(row, "receivers")));
	table_cell(table, "%llu of %llu", status_number(row, "n_waiting"),
		   status_number(row, "entries_max"));
	status_append_number(table, row, "n_in_work");
	status_append_number(table, row, "n_arrived");
	status_append_number(table, row, "n_rejected");
	table_cell(table, "%s", document_text(row, "state"));
}

static void status_append_session(struct table *table, const json_t *row)
{
	table_cell(table, "%llu", status_number(row, "pid"));
	table_cell(table, "%s", status_text_or_dash(row, "program"));
	status_append_user(table, row);
	table_cell(table, "%s", document_text(row, "id"));
	table_cell(table, "%s", status_text_or_dash(row, "version"));
}

static const struct status_section sections[] = {
	{"Listen list", "ENTRY|STATE", false, "listen_list",
	 "empty: all IPv4 and all IPv6 addresses", status_append_entry},
	{"Endpoints", "ENDPOINT|SCHEME|HELD BY|STATE", false, "endpoints",
	 "none: nothing is bound before a program registers a prefix", status_append_endpoint},
	{"Prefixes", "PREFIX|PROGRAM|PID|USER|QUEUE|STATE", true, "prefixes",
	 "none: no program has registered one", status_append_prefix},
	{"Queues", "QUEUE|PID|RECEIVERS|WAITING|IN WORK|ARRIVED|REJECTED|STATE", true, "queues",
	 "none", status_append_queue},
	{"Processes", "PID|PROGRAM|USER|SESSION|LIBRARY", true, "sessions",
	 "none: no program is connected", status_append_session},
};

static int status_print_section(const struct context *ctx, const struct status_section *section,
				const json_t *rows)
{
	fprintf(ctx->out, "\n%s:\n", section->title);
	if (json_array_size(rows) == 0) {
		fprintf(ctx->out, "  (%s)\n", section->none);
		return 0;
	}

	cleanup_(table_fini) struct table table;
	table_init(&table, section->heads);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		section->append_row(&table, json_array_get(rows, i));
	}

	return table_print(&table, ctx->out) != 0 ? WIN32_NO_MEMORY : 0;
}

static void status_print_head(const struct context *ctx, const json_t *document)
{
	if (!document_is(document, "is_running")) {
		fprintf(ctx->out,
			"Listener: not running (working on the registry directly), "
			"revision %llu\n",
			status_number(document, "revision"));
	} else {
		fprintf(ctx->out,
			"Listener: running since %s, pid %llu, engine pid %llu, "
			"revision %llu, version %s\n",
			document_text(document, "since"), status_number(document, "pid"),
			status_number(document, "engine_pid"), status_number(document, "revision"),
			document_text(document, "version"));
	}
	if (document_text(document, "home")[0] != '\0') {
		fprintf(ctx->out, "Home: %s\n", document_text(document, "home"));
	}
}

int status_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	if (argc > 1) {
		return context_misuse(ctx, "status takes no \"%s\"", argv[1]);
	}
	int code = context_connect_or_explain(ctx, "status");
	if (code != 0) {
		return code;
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_STATUS, NULL, &reply.answer));
	if (reply_is_shown(&reply, ctx, "status")) {
		return reply.code;
	}

	status_print_head(ctx, reply.document);
	for (size_t i = 0; code == 0 && i < array_len(sections); i++) {
		const json_t *document = sections[i].is_of_engine ? reply.engine : reply.document;
		if (document != NULL) {
			code = status_print_section(ctx, &sections[i],
						    json_object_get(document, sections[i].rows));
		}
	}
	if (reply.engine == NULL && document_is(reply.document, "is_running")) {
		fputs("\nThe engine does not answer: prefixes, queues and processes are not "
		      "known.\n",
		      ctx->out);
	}

	return code;
}
