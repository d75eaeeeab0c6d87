#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a call of the administrative interface came to, ready to be shown: the Win32 code, the
 * explanation, and the documents parsed.  A call that brought no answer at all (connection lost, no
 * memory) makes a reply, too, so that verbs have one way to fail.
 *
 *   cleanup_(reply_fini) struct reply reply = {0};
 *   reply_settle(&reply, ctx, httpsys_admin_query(ctx->admin, ..., &reply.answer));
 *   if (reply.code != 0) ...
 */

#include <httpsys_admin.h>
#include <jansson.h>
#include <stdbool.h>

#include "httpcfg/context.h"

struct reply {
	struct httpsys_answer answer; /* owned */
	json_t *document;             /* owned: the master's; NULL: none */
	json_t *engine;               /* owned: the engine's; NULL: none */
	const char *text;             /* what happened and why; never NULL after settling */
	const char *repair;           /* what to type next; never NULL, may be empty */
	int error;                    /* 0 or HTTPSYS_E_ */
	int code;                     /* the same as a Win32 code; 0 = done */
	bool has_warning;             /* done, and text says what to be aware of */
};

/* reply_fini() - free answer and documents; accepts a zeroed reply */
void reply_fini(struct reply *reply);

/*
 * reply_settle() - fill the rest of @reply from what the call returned
 * @r: the call's return value; reply->answer was its last argument
 *
 * Unless JSON was asked for, all text is made safe for a terminal.
 */
void reply_settle(struct reply *reply, const struct context *ctx, int r);

/*
 * reply_refuse() - make the reply of a request that httpcfg refuses itself
 * @error: HTTPSYS_E_, not 0
 * @text, @repair: borrowed; they outlive the reply
 */
void reply_refuse(struct reply *reply, int error, const char *text, const char *repair);

/*
 * reply_print_json() - print the reply as one JSON object on ctx->out
 *
 * The members of the master's document, the engine's document as "engine", "code" (Win32), and
 * "text", "repair" and "revision" where the document has no member of that name.
 */
void reply_print_json(const struct reply *reply, const struct context *ctx);

/*
 * reply_explain() - say on ctx->err why @what failed and what to type next, or what to be aware of;
 * nothing when all is well
 */
void reply_explain(const struct reply *reply, const struct context *ctx, const char *what);

/* reply_print_dry_run() - with --dry-run, say on ctx->err that nothing was changed, and the text of
 * a change that would have succeeded */
void reply_print_dry_run(const struct reply *reply, const struct context *ctx);

/*
 * reply_finish_change() - how our own verbs end a change: text and revision on ctx->out, or the
 * explanation on ctx->err; or JSON
 *
 * Return: reply->code.
 */
int reply_finish_change(const struct reply *reply, const struct context *ctx, const char *what);

/*
 * reply_is_shown() - has the reply been shown completely, because it failed or because JSON was
 * asked for?  If not, the caller prints its document.
 */
bool reply_is_shown(const struct reply *reply, const struct context *ctx, const char *what);
