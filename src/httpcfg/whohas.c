/* SPDX-License-Identifier: MIT */

/* Verb whohas: which programs hold a port, on all addresses or on one. */

#include <assert.h>
#include <string.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/own.h"
#include "httpcfg/owner.h"
#include "httpcfg/reply.h"
#include "httpcfg/table.h"

#define PORT_MAX 65535

static void whohas_append(struct table *table, const json_t *holder)
{
	const char *user = document_text(holder, "user");
	const char *unit = document_text(holder, "unit");
	const char *container = document_text(holder, "container");
	const char *place = unit[0] != '\0' ? unit : container;
	const char *program = document_text(holder, "program");
	unsigned long long pid = document_number(holder, "pid");

	table_cell(table, "%s", document_text(holder, "endpoint"));
	table_cell(table, "%s%s", program[0] != '\0' ? program : "(not known)",
		   document_is(holder, "is_ours") ? " (this listener)" : "");
	table_cell(table, pid != 0 ? "%llu" : "-", pid);
	if (user[0] != '\0') {
		table_cell(table, "%s", user);
	} else {
		table_cell(table, "%llu", (unsigned long long)document_number(holder, "uid"));
	}
	table_cell(table, "%s", place[0] != '\0' ? place : "-");
	table_cell(table, "%s", document_text(holder, "state"));
}

int whohas_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	if (argc != 2) {
		return context_misuse(ctx, "whohas takes one port or address and port");
	}

	struct httpsys_query_arguments arguments = {.size = sizeof(arguments)};
	struct ip_endpoint endpoint;
	char address[IP_ADDR_TEXT_BYTES];
	if (ip_endpoint_parse(slice_from_str(argv[1]), &endpoint)) {
		ip_addr_format(&endpoint.addr, address);
		arguments.address = address;
		arguments.port = endpoint.port;
	} else if (!slice_parse_u64(slice_from_str(argv[1]), PORT_MAX, &arguments.port) ||
		   arguments.port == 0) {
		return context_misuse(ctx, "\"%s\" is no port (1-65535) and no ADDRESS:PORT",
				      argv[1]);
	}

	int code = context_connect_or_explain(ctx, "whohas");
	if (code != 0) {
		return code;
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_WHOHAS, &arguments, &reply.answer));
	if (reply_is_shown(&reply, ctx, "whohas")) {
		return reply.code;
	}

	const json_t *holders = json_object_get(reply.document, "holders");
	if (json_array_size(holders) == 0) {
		fprintf(ctx->out, "nobody holds %s\n", argv[1]);
		return 0;
	}
	cleanup_(table_fini) struct table table;
	table_init(&table, "ENDPOINT|PROGRAM|PID|USER|UNIT|STATE");
	for (size_t i = 0; i < json_array_size(holders); i++) {
		whohas_append(&table, json_array_get(holders, i));
	}

	if (table_print(&table, ctx->out) != 0) {
		return WIN32_NO_MEMORY;
	}
	if (document_text(reply.document, "text")[0] != '\0') {
		fprintf(ctx->err, "  %s\n", document_text(reply.document, "text"));
	}

	return 0;
}
