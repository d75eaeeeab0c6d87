/* SPDX-License-Identifier: MIT */

/* Answers of the administrative interface, and the three parts of every error message. */

#include "httpcfg/reply.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/result.h"
#include "httpcfg/document.h"

void reply_fini(struct reply *reply)
{
	assert(reply != NULL);

	json_decref(reply->document);
	json_decref(reply->engine);
	httpsys_answer_fini(&reply->answer);
	*reply = (struct reply){0};
}

/* Return: 0 (@ret_document NULL when there is no text); -EBADMSG; -ENOMEM */
static int reply_load(const char *text, size_t len, bool is_cleaned, json_t **ret_document)
{
	if (text == NULL) {
		*ret_document = NULL;
		return 0;
	}

	json_t *document = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (document == NULL) {
		return result_origin(-EBADMSG);
	}

	int r = is_cleaned ? document_clean(document) : 0;
	if (r != 0) {
		json_decref(document);
		return result_trace(r);
	}
	*ret_document = document;

	return 0;
}

static void reply_load_documents(struct reply *reply, bool is_cleaned)
{
	const struct httpsys_answer *answer = &reply->answer;

	int r = reply_load(answer->document, answer->document_len, is_cleaned, &reply->document);
	if (r == 0) {
		r = reply_load(answer->engine_document, answer->engine_document_len, is_cleaned,
			       &reply->engine);
	}
	if (r != 0) {
		reply_refuse(reply, r == -ENOMEM ? HTTPSYS_E_NO_MEMORY : HTTPSYS_E_PROTOCOL,
			     "the listener's answer cannot be read",
			     "httpcfg --version (tool and listener should be of one version)");
	}
}

void reply_refuse(struct reply *reply, int error, const char *text, const char *repair)
{
	assert(reply != NULL && error != 0 && text != NULL && repair != NULL);

	reply->error = error;
	reply->code = httpsys_win32(error);
	reply->text = text;
	reply->repair = repair;
}

void reply_settle(struct reply *reply, const struct context *ctx, int r)
{
	assert(reply != NULL && ctx != NULL);

	if (r != 0) {
		reply_refuse(reply, r, httpsys_strerror(r),
			     "httpcfg status (is the listener still there?)");
		return;
	}

	struct httpsys_answer *answer = &reply->answer;
	reply->error = answer->code;
	reply->code = httpsys_win32(answer->code);
	reply->has_warning = answer->code == HTTPSYS_E_CHANGED;
	reply->text = answer->text != NULL ? answer->text : httpsys_strerror(answer->code);
	reply->repair = answer->repair != NULL ? answer->repair : "";
	if (!ctx->is_json && answer->text != NULL) {
		document_clean_text(answer->text);
	}
	if (!ctx->is_json && answer->repair != NULL) {
		document_clean_text(answer->repair);
	}
	reply_load_documents(reply, !ctx->is_json);
}

static void reply_set_missing(json_t *object, const char *name, json_t *value)
{
	if (json_object_get(object, name) != NULL) {
		json_decref(value);
		return;
	}

	/* Out of memory here costs a member; the code is set first. */
	(void)json_object_set_new(object, name, value);
}

void reply_print_json(const struct reply *reply, const struct context *ctx)
{
	assert(reply != NULL && reply->text != NULL && ctx != NULL);

	json_t *object = json_object();
	if (object == NULL) {
		fprintf(ctx->out, "{\"code\": %d}\n", reply->code); /* no memory for more */
		return;
	}

	(void)json_object_set_new(object, "code", json_integer(reply->code));
	if (json_is_object(reply->document)) {
		(void)json_object_update(object, reply->document);
	}
	reply_set_missing(object, "text", document_string(reply->text));
	reply_set_missing(object, "repair", document_string(reply->repair));
	if (reply->answer.revision != 0) {
		reply_set_missing(object, "revision",
				  json_integer((json_int_t)reply->answer.revision));
	}
	if (reply->engine != NULL) {
		(void)json_object_set(object, "engine", reply->engine);
	}
	document_print_json(ctx->out, object);
	json_decref(object);
}

void reply_explain(const struct reply *reply, const struct context *ctx, const char *what)
{
	assert(reply != NULL && reply->text != NULL && ctx != NULL && what != NULL);

	if (reply->code == 0 && !reply->has_warning) {
		return;
	}

	if (reply->code != 0) {
		fprintf(ctx->err, "httpcfg: %s failed: %s (error %d)\n", what, reply->text,
			reply->code);
	} else {
		fprintf(ctx->err, "httpcfg: warning: %s\n", reply->text);
	}
	if (reply->repair[0] != '\0') {
		fprintf(ctx->err, "  try: %s\n", reply->repair);
	}
}

void reply_print_dry_run(const struct reply *reply, const struct context *ctx)
{
	assert(reply != NULL && reply->text != NULL && ctx != NULL);

	if (ctx->is_dry_run && reply->code == 0) {
		fprintf(ctx->err, "Dry run: %s\n",
			reply->text[0] != '\0' ? reply->text : "nothing was changed");
	}
}

int reply_finish_change(const struct reply *reply, const struct context *ctx, const char *what)
{
	assert(reply != NULL && ctx != NULL && what != NULL);

	if (ctx->is_json) {
		reply_print_json(reply, ctx);
		return reply->code;
	}

	reply_explain(reply, ctx, what);
	reply_print_dry_run(reply, ctx);
	if (ctx->is_dry_run) {
		return reply->code;
	}
	if (reply->code == 0 && reply->text[0] != '\0' && !reply->has_warning) {
		fprintf(ctx->out, "%s\n", reply->text);
	}
	if (reply->code == 0 && reply->answer.revision != 0) {
		fprintf(ctx->out, "revision %llu\n", (unsigned long long)reply->answer.revision);
	}

	return reply->code;
}

bool reply_is_shown(const struct reply *reply, const struct context *ctx, const char *what)
{
	assert(reply != NULL && ctx != NULL && what != NULL);

	if (ctx->is_json) {
		reply_print_json(reply, ctx);
		return true;
	}

	reply_explain(reply, ctx, what);

	return reply->code != 0;
}
