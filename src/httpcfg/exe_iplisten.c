/* SPDX-License-Identifier: MIT */

/*
 * Store iplisten of httpcfg.exe: the listen list.  -i is an address, or "A:p", "[v6]:p" or "none",
 * which the original does not have.
 */

#include <assert.h>

#include "httpcfg/document.h"
#include "httpcfg/exe.h"
#include "httpcfg/listen_change.h"

static int exe_iplisten_change(struct context *ctx, const struct exe_switches *switches,
			       enum exe_action action)
{
	const char *entry = EXE_SWITCH(switches, 'i');
	if (entry == NULL) {
		return exe_bad_address(ctx, NULL);
	}

	cleanup_(reply_fini) struct reply reply = {0};
	listen_change(ctx, action == EXE_ACTION_SET, entry, &reply);
	if (reply.code == WIN32_NOT_AN_ADDRESS && !ctx->is_json) {
		reply_explain(&reply, ctx, action == EXE_ACTION_SET ? "set" : "delete");
		return exe_bad_address(ctx, entry);
	}

	return exe_finish(ctx, action, &reply);
}

static int exe_iplisten_set(struct context *ctx, const struct exe_switches *switches)
{
	return exe_iplisten_change(ctx, switches, EXE_ACTION_SET);
}

static int exe_iplisten_delete(struct context *ctx, const struct exe_switches *switches)
{
	return exe_iplisten_change(ctx, switches, EXE_ACTION_DELETE);
}

static int exe_iplisten_query(struct context *ctx, const struct exe_switches *switches)
{
	(void)switches; /* the original lists all, whatever -i says */

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_LISTEN, NULL, &reply.answer));
	if (reply.code != 0 || ctx->is_json) {
		return exe_finish(ctx, EXE_ACTION_QUERY, &reply);
	}

	const json_t *entries = json_object_get(reply.document, "entries");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		fprintf(ctx->out, "IP         :%s.\n",
			document_text(json_array_get(entries, i), "entry"));
		exe_print_rule(ctx);
	}
	if (json_array_size(entries) == 0) {
		fputs("The list is empty: all IPv4 and all IPv6 addresses are used.\n", ctx->err);
	}

	return 0;
}

const struct exe_store exe_store_iplisten = {
	.name = "iplisten",
	.letters = "i",
	.unknown = "is not a valid command.",
	.on_action =
		{
			[EXE_ACTION_SET] = exe_iplisten_set,
			[EXE_ACTION_QUERY] = exe_iplisten_query,
			[EXE_ACTION_DELETE] = exe_iplisten_delete,
		},
};
