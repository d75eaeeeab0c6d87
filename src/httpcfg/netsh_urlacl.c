/* SPDX-License-Identifier: MIT */

/*
 * netsh's add, delete and show urlacl.  user=NAME with listen= and delegate= becomes a grant in
 * Linux words, "user:NAME=listen,delegate"; sddl= is handed on as it is.
 */

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/netsh.h"
#include "httpcfg/words.h"

/* The tags of "add urlacl" in the order of its row. */
enum urlacl_tag {
	URLACL_TAG_URL = 0,
	URLACL_TAG_USER,
	URLACL_TAG_LISTEN,
	URLACL_TAG_DELEGATE,
	URLACL_TAG_SDDL,
};

/* Return: true; false: it is neither yes nor no */
static bool urlacl_parse_answer(const char *text, bool *ret_answer)
{
	bool is_yes = words_are_equal(text, "yes");
	if (!is_yes && !words_are_equal(text, "no")) {
		return false;
	}
	*ret_answer = is_yes;

	return true;
}

/*
 * Appends the grant for @user, which may be "\Everyone", a name, "user:NAME" or "group:NAME".
 * Return: 0; -ENOMEM
 */
static int urlacl_append_grant(struct buf *buf, const char *user, bool can_listen,
			       bool can_delegate)
{
	const char *name = user[0] == '\\' ? user + 1 : user;
	bool has_kind = strchr(name, ':') != NULL;
	int r = 0;
	if (words_are_equal(name, "everyone")) {
		r = buf_append_str(buf, "everyone");
	} else {
		r = buf_appendf(buf, "%s%s", has_kind ? "" : "user:", name);
	}
	if (r == 0) {
		r = buf_appendf(buf, "=%s%s%s", can_listen ? "listen" : "",
				can_listen && can_delegate ? "," : "",
				can_delegate ? "delegate" : "");
	}
	if (r == 0) {
		r = buf_append(buf, slice_from("", 1));
	}

	return result_fold(r);
}

static int urlacl_add(struct context *ctx, const struct netsh_command *command, const char *url,
		      const char *acl)
{
	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_urlacl_add(ctx->admin, url, acl, &change, &reply.answer));

	return netsh_finish(ctx, command, &reply);
}

int netsh_urlacl_add(struct context *ctx, const struct netsh_command *command,
		     const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL);

	const char *url = values->at[URLACL_TAG_URL];
	const char *user = values->at[URLACL_TAG_USER];
	const char *sddl = values->at[URLACL_TAG_SDDL];
	const char *listen = values->at[URLACL_TAG_LISTEN];
	const char *delegate = values->at[URLACL_TAG_DELEGATE];
	bool has_rights = listen != NULL || delegate != NULL;
	bool is_either = (user != NULL) != (sddl != NULL);
	if (!is_either || (sddl != NULL && has_rights)) {
		return netsh_bad_syntax(ctx, command);
	}
	if (sddl != NULL) {
		return urlacl_add(ctx, command, url, sddl);
	}

	bool can_listen = true;
	bool can_delegate = false;
	if ((listen != NULL && !urlacl_parse_answer(listen, &can_listen)) ||
	    (delegate != NULL && !urlacl_parse_answer(delegate, &can_delegate))) {
		return netsh_bad_syntax(ctx, command);
	}

	cleanup_(reply_fini) struct reply reply = {0};
	if (!can_listen && !can_delegate) {
		reply_refuse(&reply, HTTPSYS_E_INVALID,
			     "listen=no without delegate=yes grants nothing", "listen=yes");
		return netsh_finish(ctx, command, &reply);
	}
	cleanup_(buf_fini) struct buf grant = {0};
	if (urlacl_append_grant(&grant, user, can_listen, can_delegate) != 0) {
		reply_refuse(&reply, HTTPSYS_E_NO_MEMORY, "out of memory", "");
		return netsh_finish(ctx, command, &reply);
	}

	return urlacl_add(ctx, command, url, grant.data);
}

int netsh_urlacl_delete(struct context *ctx, const struct netsh_command *command,
			const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL);

	struct httpsys_change change = context_change(ctx);
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_urlacl_delete(ctx->admin, values->at[URLACL_TAG_URL], &change,
						 &reply.answer));

	return netsh_finish(ctx, command, &reply);
}

static void urlacl_print(const struct context *ctx, const json_t *reservation)
{
	fprintf(ctx->out, "    Reserved URL            : %s \n",
		document_text(reservation, "prefix"));

	const json_t *users = json_object_get(reservation, "users");
	for (size_t i = 0; i < json_array_size(users); i++) {
		const json_t *user = json_array_get(users, i);
		fprintf(ctx->out,
			"        User: %s\n"
			"            Listen: %s\n"
			"            Delegate: %s\n",
			document_text(user, "user"), document_is(user, "listen") ? "Yes" : "No",
			document_is(user, "delegate") ? "Yes" : "No");
	}
	fprintf(ctx->out, "            SDDL: %s \n\n", document_text(reservation, "sddl"));
}

int netsh_urlacl_show(struct context *ctx, const struct netsh_command *command,
		      const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL);

	const struct httpsys_query_arguments arguments = {
		.size = sizeof(arguments),
		.prefix = values->at[URLACL_TAG_URL],
	};
	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(
		&reply, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_URLACL, &arguments, &reply.answer));
	int code = 0;
	if (netsh_is_finished(ctx, command, &reply, &code)) {
		return code;
	}

	netsh_print_title(ctx, "URL Reservations:", " ");
	const json_t *reservations = json_object_get(reply.document, "reservations");
	for (size_t i = 0; i < json_array_size(reservations); i++) {
		urlacl_print(ctx, json_array_get(reservations, i));
	}

	return 0;
}
