/* SPDX-License-Identifier: MIT */

/*
 * Prefixes as values; see prefix.h.  The grammar is in prefix_parse.c.  One allocation holds the
 * canonical text, its NUL, the key and another NUL; both strings have the same length, because
 * folding changes ASCII letters only.
 */

#include "urlspace/prefix.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"

static const char *const prefix_scheme_names[PREFIX_SCHEME_COUNT_] = {
	[PREFIX_SCHEME_HTTP] = "http",
	[PREFIX_SCHEME_HTTPS] = "https",
};

static const char *const prefix_bucket_names[PREFIX_BUCKET_COUNT_] = {
	[PREFIX_BUCKET_STRONG] = "strong wildcard",
	[PREFIX_BUCKET_EXPLICIT] = "explicit",
	[PREFIX_BUCKET_IP] = "IP-bound",
	[PREFIX_BUCKET_WEAK] = "weak wildcard",
};

static const char *const prefix_rule_texts[PREFIX_RULE_COUNT_] = {
	[PREFIX_RULE_EMPTY] = "there is no prefix",
	[PREFIX_RULE_TOO_LONG] = "a prefix has at most 4096 bytes",
	[PREFIX_RULE_SCHEME_MISSING] = "a prefix begins with http:// or https://",
	[PREFIX_RULE_SCHEME_CASE] = "the scheme is written in small letters",
	[PREFIX_RULE_SCHEME_UNKNOWN] = "the scheme is http or https, no other",
	[PREFIX_RULE_HOST_EMPTY] = "the host is missing: a name, an IP address, + (every host) or "
				   "* (every other host)",
	[PREFIX_RULE_HOST_CHARACTER] = "a host name consists of letters, digits, '-', '_' and dots",
	[PREFIX_RULE_HOST_NOT_ASCII] =
		"a host name is ASCII: write the xn-- form, which is what clients send",
	[PREFIX_RULE_HOST_USERINFO] = "a prefix has no user name before the host",
	[PREFIX_RULE_HOST_ESCAPE] = "a host has no %-escapes",
	[PREFIX_RULE_HOST_LABEL] = "each part of a host name has 1 to 63 characters and neither "
				   "begins nor ends with '-'",
	[PREFIX_RULE_HOST_TRAILING_DOT] = "a host name does not end with a dot",
	[PREFIX_RULE_HOST_TOO_LONG] = "a host has at most 253 characters",
	[PREFIX_RULE_HOST_WILDCARD] =
		"a wildcard is the whole host (+ or *) or the first part of a name (*.example.com)",
	[PREFIX_RULE_HOST_IPV4] =
		"an IPv4 address is four numbers from 0 to 255 without leading zeros",
	[PREFIX_RULE_HOST_IPV6] = "an IPv6 address stands in brackets and must be complete: [::1]",
	[PREFIX_RULE_HOST_IPV6_BRACKETS] = "an IPv6 address stands in brackets",
	[PREFIX_RULE_HOST_ZONE] = "an address has no zone: it stands for itself on every interface",
	[PREFIX_RULE_HOST_ANY_ADDRESS] =
		"the unspecified address is no host: write + (every host) or * (every other host)",
	[PREFIX_RULE_PORT_MISSING] = "the port is missing",
	[PREFIX_RULE_PORT_ZERO] = "the port is 1 to 65535, not 0",
	[PREFIX_RULE_PORT_LEADING_ZERO] = "a port has no leading zero",
	[PREFIX_RULE_PORT_RANGE] = "the port is 1 to 65535",
	[PREFIX_RULE_PORT_CHARACTER] = "a port is a decimal number, there is no wildcard for it",
	[PREFIX_RULE_LOCAL_ADDRESS] =
		"behind host:port: stands one IP address, in brackets when it is IPv6",
	[PREFIX_RULE_LOCAL_ADDRESS_HOST] = "a local address behind the port goes with a host name",
	[PREFIX_RULE_ROOT_SLASH] = "the root path is missing",
	[PREFIX_RULE_QUERY] = "a prefix has no query",
	[PREFIX_RULE_FRAGMENT] = "a prefix has no fragment",
	[PREFIX_RULE_PATH_ESCAPE] =
		"the path is written unescaped: it is compared with the decoded path of a request",
	[PREFIX_RULE_PATH_CONTROL] = "a path has no control characters",
	[PREFIX_RULE_PATH_UTF8] = "the path is not valid UTF-8",
	[PREFIX_RULE_PATH_BACKSLASH] = "path segments are separated by '/', not by '\\'",
	[PREFIX_RULE_PATH_DOT_SEGMENT] = "'.' and '..' are resolved before a request is matched, "
					 "such a path is never asked for",
	[PREFIX_RULE_PATH_EMPTY_SEGMENT] = "a path has no empty segments ('//')",
};

static struct slice prefix_slice_rebase(struct slice s, const char *from, const char *to)
{
	return slice_from(to + (s.data - from), s.len);
}

void prefix_fini(struct prefix *prefix)
{
	if (prefix == NULL) {
		return;
	}

	mem_free(prefix->text);
	*prefix = (struct prefix){0};
}

int prefix_copy(const struct prefix *prefix, struct prefix *ret_copy)
{
	assert(prefix != NULL && prefix->text != NULL && ret_copy != NULL);

	const char *from = prefix->text;
	char *to = mem_dup(from, 2 * (prefix->key.len + 1));

	if (to == NULL) {
		return result_origin(-ENOMEM);
	}

	*ret_copy = *prefix;
	ret_copy->text = to;
	ret_copy->host = prefix_slice_rebase(prefix->host, from, to);
	ret_copy->path = prefix_slice_rebase(prefix->path, from, to);
	ret_copy->path_folded = prefix_slice_rebase(prefix->path_folded, from, to);
	ret_copy->key = prefix_slice_rebase(prefix->key, from, to);

	return 0;
}

bool prefix_is_equal(const struct prefix *a, const struct prefix *b)
{
	assert(a != NULL && b != NULL);

	return slice_is_equal(a->key, b->key);
}

bool prefix_covers(const struct prefix *ancestor, const struct prefix *other)
{
	assert(ancestor != NULL && ancestor->text != NULL && other != NULL);

	/* Both keys spell out everything in one order, and an ancestor's key ends in '/'. */
	return slice_has_prefix(other->key, ancestor->key);
}

struct slice prefix_key_parent(struct slice key)
{
	assert(key.len > 0 && key.data[key.len - 1] == '/');

	const char *slash = memrchr(key.data, '/', key.len - 1);

	/* A path has no empty segment, so two slashes in a row are those behind the scheme. */
	if (slash == NULL || slash == key.data || slash[-1] == '/') {
		return (struct slice){0};
	}

	return slice_from(key.data, (size_t)(slash - key.data) + 1);
}

void prefix_path_fold(struct slice path, char *ret_folded)
{
	assert(ret_folded != NULL || path.len == 0);

	for (size_t i = 0; i < path.len; i++) {
		ret_folded[i] = (char)ascii_lower((unsigned char)path.data[i]);
	}
}

const char *prefix_scheme_name(enum prefix_scheme scheme)
{
	assert(scheme < PREFIX_SCHEME_COUNT_);

	return prefix_scheme_names[scheme];
}

const char *prefix_bucket_name(enum prefix_bucket bucket)
{
	assert(bucket < PREFIX_BUCKET_COUNT_);

	return prefix_bucket_names[bucket];
}

const char *prefix_rule_text(enum prefix_rule rule)
{
	assert(rule < PREFIX_RULE_COUNT_);

	return prefix_rule_texts[rule];
}
