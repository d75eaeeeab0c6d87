/* SPDX-License-Identifier: MIT */

/*
 * Verb dump: the commands that rebuild the configuration.  Every line can be pasted into a shell;
 * restore reads the whole (script.c knows the same three forms).
 */

#include <assert.h>

#include "base/buf.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/own.h"
#include "httpcfg/quote.h"
#include "httpcfg/reply.h"

/* Prints @before, @word quoted, @between and (unless NULL) @last quoted.  Return: 0; a code */
static int dump_print_line(const struct context *ctx, const char *before, const char *word,
			   const char *between, const char *last)
{
	cleanup_(buf_fini) struct buf line = {0};
	int r = buf_append_str(&line, before);
	if (r == 0) {
		r = quote_append(&line, word);
	}
	if (r == 0) {
		r = buf_append_str(&line, between);
	}
	if (r == 0 && last != NULL) {
		r = quote_append(&line, last);
	}
	if (r != 0) {
		return WIN32_NO_MEMORY;
	}
	fprintf(ctx->out, "%.*s\n", SLICE_ARG(buf_slice(&line)));

	return 0;
}

static int dump_print_listen_list(const struct context *ctx, const json_t *entries)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < json_array_size(entries); i++) {
		const char *entry = json_string_value(json_array_get(entries, i));
		code = dump_print_line(ctx, "httpcfg set iplisten -i ", entry != NULL ? entry : "",
				       "", NULL);
	}

	return code;
}

static int dump_print_reservations(const struct context *ctx, const json_t *reservations)
{
	int code = 0;
	for (size_t i = 0; code == 0 && i < json_array_size(reservations); i++) {
		const json_t *reservation = json_array_get(reservations, i);
		code = dump_print_line(ctx, "httpcfg set urlacl -u ",
				       document_text(reservation, "prefix"), " -a ",
				       document_text(reservation, "sddl"));
	}

	return code;
}

int dump_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	if (argc > 1) {
		return context_misuse(ctx, "dump takes no \"%s\"", argv[1]);
	}
	int code = context_connect_or_explain(ctx, "dump");
	if (code != 0) {
		return code;
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_DUMP, NULL, &reply.answer));
	if (reply_is_shown(&reply, ctx, "dump")) {
		return reply.code;
	}

	fputs("# The listener's configuration; apply all of it with: httpcfg restore FILE\n",
	      ctx->out);
	code = dump_print_listen_list(ctx, json_object_get(reply.document, "listen_list"));
	if (code == 0) {
		code = dump_print_reservations(ctx,
					       json_object_get(reply.document, "reservations"));
	}
	const json_t *parameters = json_object_get(reply.document, "parameters");
	for (size_t i = 0; i < json_array_size(parameters); i++) {
		const json_t *parameter = json_array_get(parameters, i);
		fprintf(ctx->out, "httpcfg parameter %s %llu\n", document_text(parameter, "name"),
			(unsigned long long)document_number(parameter, "value"));
	}

	return code;
}
