/* SPDX-License-Identifier: MIT */

/*
 * Store ssl of httpcfg.exe: certificates.  The switches are checked as the original does; then the
 * answer is that the listener has no TLS: 50, not supported.
 */

#include <assert.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "httpcfg/exe.h"

#define SSL_HASH_DIGITS 40 /* a SHA-1 hash */

static bool exe_ssl_is_hash(const char *text)
{
	size_t n = 0;
	while (ascii_hex_value(text[n]) >= 0) {
		n++;
	}

	return n == SSL_HASH_DIGITS && text[n] == '\0';
}

static int exe_ssl_action(struct context *ctx, const struct exe_switches *switches,
			  enum exe_action action)
{
	const char *hash = EXE_SWITCH(switches, 'h');
	if (hash != NULL && !exe_ssl_is_hash(hash)) {
		fprintf(ctx->out, "%s is not a valid hash.\n", hash);
		fputs("httpcfg: a certificate's hash is 40 hexadecimal digits without blanks\n",
		      ctx->err);
		return WIN32_INVALID_PARAMETER;
	}

	const char *key = EXE_SWITCH(switches, 'i');
	struct ip_endpoint endpoint;
	bool is_missing = key == NULL && action != EXE_ACTION_QUERY;
	if (is_missing || (key != NULL && !ip_endpoint_parse(slice_from_str(key), &endpoint))) {
		return exe_bad_address(ctx, key);
	}

	cleanup_(reply_fini) struct reply reply = {0};
	reply_refuse(&reply, HTTPSYS_E_NOT_SUPPORTED,
		     "the listener has no TLS, so there are no certificate bindings",
		     "a program in front of it that ends TLS and forwards plain HTTP");

	return exe_finish(ctx, action, &reply);
}

static int exe_ssl_set(struct context *ctx, const struct exe_switches *switches)
{
	return exe_ssl_action(ctx, switches, EXE_ACTION_SET);
}

static int exe_ssl_query(struct context *ctx, const struct exe_switches *switches)
{
	return exe_ssl_action(ctx, switches, EXE_ACTION_QUERY);
}

static int exe_ssl_delete(struct context *ctx, const struct exe_switches *switches)
{
	return exe_ssl_action(ctx, switches, EXE_ACTION_DELETE);
}

const struct exe_store exe_store_ssl = {
	.name = "ssl",
	.letters = "ihgcmrxtnf",
	.unknown = "is an invalid command",
	.on_action =
		{
			[EXE_ACTION_SET] = exe_ssl_set,
			[EXE_ACTION_QUERY] = exe_ssl_query,
			[EXE_ACTION_DELETE] = exe_ssl_delete,
		},
};
