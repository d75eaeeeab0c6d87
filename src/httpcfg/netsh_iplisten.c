/* SPDX-License-Identifier: MIT */

/* netsh's add, delete and show iplisten.  The tag of delete has two spellings in the original. */

#include <assert.h>

#include "httpcfg/document.h"
#include "httpcfg/listen_change.h"
#include "httpcfg/netsh.h"

static int netsh_iplisten_change(struct context *ctx, const struct netsh_command *command,
				 bool is_add, const char *entry)
{
	cleanup_(reply_fini) struct reply reply = {0};
	listen_change(ctx, is_add, entry, &reply);

	return netsh_finish(ctx, command, &reply);
}

int netsh_iplisten_add(struct context *ctx, const struct netsh_command *command,
		       const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL && values->at[0] != NULL);

	return netsh_iplisten_change(ctx, command, true, values->at[0]);
}

int netsh_iplisten_delete(struct context *ctx, const struct netsh_command *command,
			  const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL);

	const char *entry = values->at[0] != NULL ? values->at[0] : values->at[1];
	bool has_both = values->at[0] != NULL && values->at[1] != NULL;
	if (entry == NULL || has_both) {
		return netsh_bad_syntax(ctx, command);
	}

	return netsh_iplisten_change(ctx, command, false, entry);
}

int netsh_iplisten_show(struct context *ctx, const struct netsh_command *command,
			const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL);

	cleanup_(reply_fini) struct reply reply = {0};
	reply_settle(&reply, ctx,
		     httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_LISTEN, NULL, &reply.answer));
	int code = 0;
	if (netsh_is_finished(ctx, command, &reply, &code)) {
		return code;
	}

	netsh_print_title(ctx, "IP addresses present in the IP listen list:", "");
	const json_t *entries = json_object_get(reply.document, "entries");
	for (size_t i = 0; i < json_array_size(entries); i++) {
		fprintf(ctx->out, "    %s\n", document_text(json_array_get(entries, i), "entry"));
	}
	fputc('\n', ctx->out);

	return 0;
}
