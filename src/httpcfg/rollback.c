/* SPDX-License-Identifier: MIT */

/* Verb rollback: everything as it was after a revision, as a new revision. */

#include <assert.h>

#include "base/slice.h"
#include "httpcfg/listen_change.h"
#include "httpcfg/own.h"
#include "httpcfg/reply.h"

int rollback_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	uint64_t revision;
	if (argc != 2 || !slice_parse_u64(slice_from_str(argv[1]), INT64_MAX, &revision)) {
		return context_misuse(ctx, "rollback takes the number of a revision "
					   "(httpcfg history lists them)");
	}
	int code = context_connect_or_explain(ctx, "rollback");
	if (code != 0) {
		return code;
	}

	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_rollback(ctx->admin, revision, &change, &reply.answer));

	if (ctx->is_dry_run && reply.code == 0 && !ctx->is_json) {
		listen_change_print_forecast(ctx, &reply);
	}

	return reply_finish_change(&reply, ctx, "rollback");
}
