/* SPDX-License-Identifier: MIT */

/*
 * The forecast of a change of the listen list.  The master's document says which endpoints open,
 * close or cannot be opened, and how each claim (a port and maybe an address that prefixes want)
 * stands before and after; the engine's says which prefixes stand behind a claim.  What the two say
 * together is told prefix by prefix.
 */

#include "httpcfg/listen_change.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/ipaddr.h"
#include "base/result.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/owner.h"

/* Does @endpoint ("A:p") lie where @claim wants to be? */
static bool listen_change_concerns(const char *endpoint, const json_t *claim)
{
	struct ip_endpoint at;
	if (!ip_endpoint_parse(slice_from_str(endpoint), &at) ||
	    at.port != document_number(claim, "port")) {
		return false;
	}
	if (!document_has(claim, "address")) {
		return true;
	}

	struct ip_addr wanted;
	if (!ip_addr_parse(slice_from_str(document_text(claim, "address")), &wanted)) {
		return false;
	}

	return ip_addr_is_equal(&at.addr, &wanted) ||
	       (ip_addr_is_any(&at.addr) && at.addr.family == wanted.family);
}

/* Appends "@lead A:p, B:p" for the endpoints of @list that concern @claim.  Return: 0; -ENOMEM */
static int listen_change_append_endpoints(struct buf *buf, const char *lead, const json_t *list,
					  const json_t *claim)
{
	int r = 0;
	bool is_first = true;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *endpoint = json_string_value(json_array_get(list, i));
		if (endpoint == NULL || !listen_change_concerns(endpoint, claim)) {
			continue;
		}
		r = buf_appendf(buf, "%s%s", is_first ? lead : ", ", endpoint);
		is_first = false;
	}

	return result_fold(r);
}

/*
 * Appends how the prefixes of @claim fare; nothing when nothing changes for them.  Return: 0;
 * -ENOMEM
 */
static int listen_change_append_fate(struct buf *buf, const json_t *document, const json_t *claim)
{
	cleanup_(buf_fini) struct buf moves = {0};
	int r = listen_change_append_endpoints(&moves, "; now on ",
					       json_object_get(document, "opened"), claim);
	if (r == 0) {
		r = listen_change_append_endpoints(&moves, "; no longer on ",
						   json_object_get(document, "closed"), claim);
	}
	if (r != 0) {
		return result_trace(r);
	}

	const char *before = document_text(claim, "before");
	const char *after = document_text(claim, "after");
	bool is_same = strcmp(before, after) == 0;
	if (is_same && moves.len == 0) {
		return 0;
	}

	r = is_same ? buf_appendf(buf, "stays %s", after)
		    : buf_appendf(buf, "%s, was %s", after, before);
	if (r == 0) {
		r = buf_append(buf, buf_slice(&moves));
	}
	bool has_reason = strcmp(after, "served") != 0 && document_text(claim, "text")[0] != '\0';
	if (r == 0 && has_reason) {
		r = buf_appendf(buf, ": %s", document_text(claim, "text"));
	}

	return result_fold(r);
}

/* Prints one line per prefix of @claim.  Return: the number of lines */
static size_t listen_change_print_prefixes(const struct context *ctx, const json_t *engine,
					   const json_t *claim, struct slice fate)
{
	size_t n_lines = 0;
	const json_t *prefixes = json_object_get(engine, "prefixes");

	if (engine == NULL) {
		fprintf(ctx->err, "  the prefixes on port %llu: %.*s\n",
			(unsigned long long)document_number(claim, "port"), SLICE_ARG(fate));
		return 1;
	}
	for (size_t i = 0; i < json_array_size(prefixes); i++) {
		const json_t *prefix = json_array_get(prefixes, i);
		if (document_number(prefix, "claim_id") != document_number(claim, "id")) {
			continue;
		}
		fprintf(ctx->err, "  %s (%s, pid %llu): %.*s\n", document_text(prefix, "prefix"),
			document_text(prefix, "program"),
			(unsigned long long)document_number(prefix, "pid"), SLICE_ARG(fate));
		n_lines++;
	}
	if (n_lines > 0 && document_text(claim, "repair")[0] != '\0' &&
	    strcmp(document_text(claim, "after"), "served") != 0) {
		fprintf(ctx->err, "      try: %s\n", document_text(claim, "repair"));
	}

	return n_lines;
}

static size_t listen_change_print_claims(const struct context *ctx, const struct reply *reply)
{
	size_t n_lines = 0;
	const json_t *claims = json_object_get(reply->document, "claims");

	for (size_t i = 0; i < json_array_size(claims); i++) {
		cleanup_(buf_fini) struct buf fate = {0};
		const json_t *claim = json_array_get(claims, i);
		if (listen_change_append_fate(&fate, reply->document, claim) == 0 && fate.len > 0) {
			n_lines += listen_change_print_prefixes(ctx, reply->engine, claim,
								buf_slice(&fate));
		}
	}

	return n_lines;
}

static void listen_change_print_failed(const struct context *ctx, const json_t *document)
{
	const json_t *failed = json_object_get(document, "failed");

	for (size_t i = 0; i < json_array_size(failed); i++) {
		const json_t *endpoint = json_array_get(failed, i);
		cleanup_(buf_fini) struct buf owner = {0};
		bool has_owner = document_has(endpoint, "owner") &&
				 owner_append(&owner, json_object_get(endpoint, "owner")) == 0;
		fprintf(ctx->err, "  %s cannot be opened: %s", document_text(endpoint, "endpoint"),
			document_text(endpoint, "text"));
		if (has_owner) {
			fprintf(ctx->err, "; held by %.*s", SLICE_ARG(buf_slice(&owner)));
		}
		fputc('\n', ctx->err);
	}
}

void listen_change_print_forecast(const struct context *ctx, const struct reply *reply)
{
	assert(ctx != NULL && ctx->admin != NULL && reply != NULL);

	size_t n_lines = listen_change_print_claims(ctx, reply);
	listen_change_print_failed(ctx, reply->document);
	if (n_lines == 0 && httpsys_admin_is_offline(ctx->admin)) {
		fputs("  The listener is not running: this takes effect when it starts.\n",
		      ctx->err);
	} else if (n_lines == 0) {
		fputs("  No registered prefix gains or loses reachability.\n", ctx->err);
	}
}

/* Deleting may leave an empty list, which means the contrary of what one may expect. */
static void listen_change_print_empty(const struct context *ctx, const struct reply *reply)
{
	const json_t *list = json_object_get(reply->document, "list");
	if (!json_is_array(list) || json_array_size(list) > 0) {
		return;
	}

	fprintf(ctx->err,
		"  %s the last entry: all IPv4 and all IPv6 addresses %s open again.\n"
		"  To listen nowhere instead: httpcfg set iplisten -i none\n",
		ctx->is_dry_run ? "This is" : "This was", ctx->is_dry_run ? "would be" : "are");
}

static void listen_change_call(struct context *ctx, bool is_add, const char *entry, bool is_dry_run,
			       struct reply *ret_reply)
{
	struct httpsys_change change = context_change(ctx);
	change.is_dry_run = is_dry_run;

	int r = is_add ? httpsys_admin_listen_add(ctx->admin, entry, &change, &ret_reply->answer)
		       : httpsys_admin_listen_delete(ctx->admin, entry, &change,
						     &ret_reply->answer);
	reply_settle(ret_reply, ctx, r);
}

void listen_change(struct context *ctx, bool is_add, const char *entry, struct reply *ret_reply)
{
	assert(ctx != NULL && ctx->admin != NULL && entry != NULL && ret_reply != NULL);

	listen_change_call(ctx, is_add, entry, true, ret_reply);
	if (ret_reply->code != 0) {
		return; /* in earnest it would fail for the same reason */
	}

	if (!ctx->is_json) {
		listen_change_print_forecast(ctx, ret_reply);
	}
	if (!ctx->is_dry_run) {
		reply_fini(ret_reply);
		listen_change_call(ctx, is_add, entry, false, ret_reply);
	}
	if (!ctx->is_json && !is_add && ret_reply->code == 0) {
		listen_change_print_empty(ctx, ret_reply);
	}
}
