/* SPDX-License-Identifier: MIT */

/* The surroundings of a verb: connection, kind of change, usage errors. */

#include "httpcfg/context.h"

#include <assert.h>
#include <stdarg.h>

void context_fini(struct context *ctx)
{
	assert(ctx != NULL);

	ctx->admin = httpsys_admin_free(ctx->admin);
}

int context_connect(struct context *ctx)
{
	assert(ctx != NULL && ctx->admin == NULL);

	int r = httpsys_admin_new(ctx->home, &ctx->admin);
	if (r != 0) {
		ctx->admin = NULL;
		return httpsys_win32(r);
	}

	return 0;
}

int context_connect_or_explain(struct context *ctx, const char *what)
{
	assert(ctx != NULL && what != NULL);

	int code = context_connect(ctx);
	if (code != 0) {
		fprintf(ctx->err,
			"httpcfg: %s failed: %s (error %d)\n  try: systemctl start httpsys\n", what,
			httpsys_admin_error(), code);
	}

	return code;
}

struct httpsys_change context_change(const struct context *ctx)
{
	assert(ctx != NULL);

	return (struct httpsys_change){
		.size = sizeof(struct httpsys_change),
		.is_dry_run = ctx->is_dry_run,
		.comment = ctx->comment,
		.command = ctx->command,
	};
}

int context_misuse(const struct context *ctx, const char *format, ...)
{
	assert(ctx != NULL && ctx->synopsis != NULL && format != NULL);

	va_list args;
	va_start(args, format);
	fputs("httpcfg: ", ctx->err);
	vfprintf(ctx->err, format, args);
	fputc('\n', ctx->err);
	va_end(args);

	fprintf(ctx->err, "usage: httpcfg %s\n", ctx->synopsis);

	return WIN32_INVALID_PARAMETER;
}
