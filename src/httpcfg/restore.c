/* SPDX-License-Identifier: MIT */

/*
 * Verb restore: the whole configuration replaced, in one transaction, by what dump printed, as a
 * script or as JSON.  What --json adds around the document of dump is taken off.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/listen_change.h"
#include "httpcfg/own.h"
#include "httpcfg/reply.h"
#include "httpcfg/script.h"

#define RESTORE_BYTES_MAX   (64u * 1024 * 1024)
#define RESTORE_CHUNK_BYTES 65536

/* The members that reply_print_json() puts beside those of the document. */
static const char *const envelope[] = {"code", "text", "repair", "revision", "engine"};

static void restore_closep(FILE **file)
{
	if (*file != NULL && *file != stdin) {
		(void)fclose(*file); /* only read from */
	}
}

/* Reads all and adds a NUL.  Return: 0; BUF_E_FULL; -errno */
static int restore_read(const char *path, struct buf *ret_text)
{
	cleanup_(restore_closep) FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file == NULL) {
		return result_origin(-errno);
	}

	size_t n = 0;
	do {
		int r = buf_reserve(ret_text, RESTORE_CHUNK_BYTES);
		if (r != 0) {
			return r;
		}
		n = fread(ret_text->data + ret_text->len, 1, RESTORE_CHUNK_BYTES, file);
		ret_text->len += n;
	} while (n > 0);
	if (ferror(file)) {
		return result_origin(-EIO);
	}

	return buf_append(ret_text, slice_from("", 1));
}

static bool restore_is_json(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '{';
}

static int restore_invalid(const struct context *ctx, const char *path, size_t line,
			   const char *text)
{
	fprintf(ctx->err,
		"httpcfg: restore failed: %s:%zu: %s\n"
		"  try: httpcfg dump, to see what restore reads; nothing was changed\n",
		path, line, text);

	return WIN32_INVALID_PARAMETER;
}

/* Return: 0 and a document; a Win32 code, explained */
static int restore_load(const struct context *ctx, const char *path, char *text,
			json_t **ret_document)
{
	if (restore_is_json(text)) {
		json_error_t error;
		json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, &error);
		if (document == NULL) {
			size_t line = error.line > 0 ? (size_t)error.line : 1;
			return restore_invalid(ctx, path, line, error.text);
		}
		for (size_t i = 0; i < array_len(envelope); i++) {
			(void)json_object_del(document, envelope[i]); /* may be absent */
		}
		*ret_document = document;
		return 0;
	}

	struct script_error error;
	int r = script_parse(text, ret_document, &error);
	if (r == SCRIPT_E_INVALID) {
		return restore_invalid(ctx, path, error.line, error.text);
	}

	return r != 0 ? WIN32_NO_MEMORY : 0;
}

static int restore_document(struct context *ctx, const json_t *document)
{
	cleanup_(buf_fini) struct buf text = {0};
	if (document_append_json(&text, document) != 0) {
		return WIN32_NO_MEMORY;
	}
	int code = context_connect_or_explain(ctx, "restore");
	if (code != 0) {
		return code;
	}

	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_restore(ctx->admin, text.data, text.len, &change, &reply.answer));

	if (ctx->is_dry_run && reply.code == 0 && !ctx->is_json) {
		listen_change_print_forecast(ctx, &reply);
	}

	return reply_finish_change(&reply, ctx, "restore");
}

int restore_run(struct context *ctx, int argc, char **argv)
{
	assert(ctx != NULL && argc > 0);

	if (argc != 2) {
		return context_misuse(ctx, "restore takes one file, or - for the standard input");
	}

	cleanup_(buf_fini) struct buf text = {.len_max = RESTORE_BYTES_MAX};
	int r = restore_read(argv[1], &text);
	if (r != 0) {
		fprintf(ctx->err, "httpcfg: restore failed: %s: %s\n", argv[1],
			r < 0 ? strerror(-r) : "the file is larger than 64 MiB");
		return r == -ENOMEM ? WIN32_NO_MEMORY : WIN32_INVALID_PARAMETER;
	}
	if (strlen(text.data) + 1 != text.len) {
		return restore_invalid(ctx, argv[1], 1, "the file holds NUL bytes");
	}

	json_t *document = NULL;
	int code = restore_load(ctx, argv[1], text.data, &document);
	if (code == 0) {
		code = restore_document(ctx, document);
	}
	json_decref(document);

	return code;
}
