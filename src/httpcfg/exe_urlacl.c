/* SPDX-License-Identifier: MIT */

/*
 * Store urlacl of httpcfg.exe: reservations.  -u is the prefix, -a says who may register below it,
 * in SDDL or in Linux words ("user:www").
 */

#include <assert.h>

#include "httpcfg/document.h"
#include "httpcfg/exe.h"

/* The original hands NULL to the API, which answers 87. */
static int exe_urlacl_missing(struct context *ctx, enum exe_action action, const char *text)
{
	cleanup_(reply_fini) struct reply reply = {0};
	reply_refuse(&reply, HTTPSYS_E_INVALID, text,
		     "httpcfg set urlacl -u http://+:80/path/ -a user:NAME");

	return exe_finish(ctx, action, &reply);
}

static int exe_urlacl_set(struct context *ctx, const struct exe_switches *switches)
{
	const char *prefix = EXE_SWITCH(switches, 'u');
	const char *acl = EXE_SWITCH(switches, 'a');
	if (prefix == NULL || acl == NULL) {
		return exe_urlacl_missing(ctx, EXE_ACTION_SET,
					  prefix == NULL ? "the prefix is missing (-u)"
							 : "who may register is missing (-a)");
	}

	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_urlacl_add(ctx->admin, prefix, acl, &change, &reply.answer));

	return exe_finish(ctx, EXE_ACTION_SET, &reply);
}

static int exe_urlacl_delete(struct context *ctx, const struct exe_switches *switches)
{
	const char *prefix = EXE_SWITCH(switches, 'u');
	if (prefix == NULL) {
		return exe_urlacl_missing(ctx, EXE_ACTION_DELETE, "the prefix is missing (-u)");
	}

	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_urlacl_delete(ctx->admin, prefix, &change, &reply.answer));

	return exe_finish(ctx, EXE_ACTION_DELETE, &reply);
}

static int exe_urlacl_query(struct context *ctx, const struct exe_switches *switches)
{
	const struct httpsys_query_arguments arguments = {
		.size = sizeof(arguments),
		.prefix = EXE_SWITCH(switches, 'u'),
	};
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_URLACL, &arguments, &reply.answer));
	if (reply.code != 0 || ctx->is_json) {
		return exe_finish(ctx, EXE_ACTION_QUERY, &reply);
	}

	const json_t *reservations = json_object_get(reply.document, "reservations");
	for (size_t i = 0; i < json_array_size(reservations); i++) {
		const json_t *reservation = json_array_get(reservations, i);
		fprintf(ctx->out, "URL : %s\nACL : %s\n", document_text(reservation, "prefix"),
			document_text(reservation, "sddl"));
		exe_print_rule(ctx);
	}

	return 0;
}

const struct exe_store exe_store_urlacl = {
	.name = "urlacl",
	.letters = "ua",
	.unknown = "is not a valid command.",
	.on_action =
		{
			[EXE_ACTION_SET] = exe_urlacl_set,
			[EXE_ACTION_QUERY] = exe_urlacl_query,
			[EXE_ACTION_DELETE] = exe_urlacl_delete,
		},
};
