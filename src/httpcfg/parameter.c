/* SPDX-License-Identifier: MIT */

/* Verb parameter: the listener's numeric parameters, with default, limits and meaning. */

#include <assert.h>

#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/own.h"
#include "httpcfg/reply.h"
#include "httpcfg/table.h"
#include "httpcfg/words.h"

#define PARAMETER_MAX UINT32_MAX

static int parameter_print_table(const struct context *ctx, const json_t *parameters)
{
	cleanup_(table_fini) struct table table;
	table_init(&table, "NAME|VALUE|DEFAULT|UNIT|MEANING");

	for (size_t i = 0; i < json_array_size(parameters); i++) {
		const json_t *parameter = json_array_get(parameters, i);
		table_cell(&table, "%s", document_text(parameter, "name"));
		table_cell(&table, "%llu%s",
			   (unsigned long long)document_number(parameter, "value"),
			   document_is(parameter, "is_set") ? "*" : "");
		table_cell(&table, "%llu",
			   (unsigned long long)document_number(parameter, "default"));
		table_cell(&table, "%s", document_text(parameter, "unit"));
		table_cell(&table, "%s", document_text(parameter, "text"));
	}
	if (table_print(&table, ctx->out) != 0) {
		return WIN32_NO_MEMORY;
	}
	fputs("  * set by an administrator\n", ctx->out);

	return 0;
}

static void parameter_print_one(const struct context *ctx, const json_t *parameter)
{
	const char *unit = document_text(parameter, "unit");

	fprintf(ctx->out, "%s = %llu%s%s%s\n", document_text(parameter, "name"),
		(unsigned long long)document_number(parameter, "value"), unit[0] != '\0' ? " " : "",
		unit, document_is(parameter, "is_set") ? "" : " (default)");
	fprintf(ctx->out, "  %s\n", document_text(parameter, "text"));
	fprintf(ctx->out, "  default %llu, smallest %llu, largest %llu\n",
		(unsigned long long)document_number(parameter, "default"),
		(unsigned long long)document_number(parameter, "min"),
		(unsigned long long)document_number(parameter, "max"));
}

/* @name NULL: all */
static int parameter_show(struct context *ctx, const char *name)
{
	const struct httpsys_query_arguments arguments = {.size = sizeof(arguments), .name = name};
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_PARAMETER, &arguments,
					 &reply.answer));
	if (reply_is_shown(&reply, ctx, "parameter")) {
		return reply.code;
	}

	const json_t *parameters = json_object_get(reply.document, "parameters");
	if (name == NULL) {
		return parameter_print_table(ctx, parameters);
	}
	parameter_print_one(ctx, json_array_get(parameters, 0));

	return 0;
}

int parameter_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	struct words words = {.at = argv + 1, .n = argc - 1};
	bool is_default = words_take_flag(&words, "--default");
	uint64_t value = 0;
	if (words.n > 2 || (is_default && words.n != 1)) {
		return context_misuse(ctx, "parameter takes a name and a value, or --default");
	}
	if (words.n == 2 && !slice_parse_u64(slice_from_str(words.at[1]), PARAMETER_MAX, &value)) {
		return context_misuse(ctx, "\"%s\" is no number (0-%u)", words.at[1],
				      PARAMETER_MAX);
	}
	int code = context_connect_or_explain(ctx, "parameter");
	if (code != 0) {
		return code;
	}
	if (words.n < 2 && !is_default) {
		return parameter_show(ctx, words.n == 1 ? words.at[0] : NULL);
	}

	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	int r = is_default ? httpsys_admin_parameter_delete(ctx->admin, words.at[0], &change,
							    &reply.answer)
			   : httpsys_admin_parameter_set(ctx->admin, words.at[0], value, &change,
							 &reply.answer);
	reply_settle(&reply, ctx, r);

	return reply_finish_change(&reply, ctx, "parameter");
}
