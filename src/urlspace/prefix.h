#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A URL prefix: scheme://host:port/path/, what a reservation protects and what a registration
 * claims.  A value with one owned allocation; all its slices point into that.
 *
 * The form of the host decides the bucket, and two prefixes have to do with each other only inside
 * one bucket:
 *
 *   +                  STRONG    any Host field, any local address
 *   name, *.name       EXPLICIT  the Host field; *.name stands for one or more labels before .name
 *   name, port:IP      EXPLICIT  the Host field and the local address of the connection
 *   IPv4, [IPv6]       IP        the local address of the connection, not the Host field
 *   *                  WEAK      what nothing above wants
 *
 * Two spellings of one prefix have the same key: the host is lower-case, the address canonical, the
 * path ends in '/' and compares without case over ASCII letters only (no locale, no Unicode
 * folding, so that every program agrees on what is equal).  The path is UTF-8, never %-escaped: it
 * is compared with the decoded path of a request.  Nothing is repaired in silence except a missing
 * final '/' behind a non-empty path; everything else is refused with the rule that it breaks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/ipaddr.h"
#include "base/slice.h"

#define PREFIX_BYTES_MAX       4096 /* longest canonical text; a longer one is refused */
#define PREFIX_HOST_BYTES_MAX  253  /* longest host name (RFC 1123 2.1, RFC 1035 2.3.4) */
#define PREFIX_LABEL_BYTES_MAX 63   /* longest label of a host name */

enum prefix_verdict {
	PREFIX_E_INVALID = 1, /* no prefix; struct prefix_error says why */
};

enum prefix_scheme {
	PREFIX_SCHEME_HTTP = 0,
	PREFIX_SCHEME_HTTPS,
	PREFIX_SCHEME_COUNT_,
};

/* In the order in which a request looks through them. */
enum prefix_bucket {
	PREFIX_BUCKET_STRONG = 0,
	PREFIX_BUCKET_EXPLICIT,
	PREFIX_BUCKET_IP,
	PREFIX_BUCKET_WEAK,
	PREFIX_BUCKET_COUNT_,
};

/* The rules of the grammar, each with its sentence: prefix_error_format(). */
enum prefix_rule {
	PREFIX_RULE_EMPTY = 0,
	PREFIX_RULE_TOO_LONG,
	PREFIX_RULE_SCHEME_MISSING,
	PREFIX_RULE_SCHEME_CASE,
	PREFIX_RULE_SCHEME_UNKNOWN,
	PREFIX_RULE_HOST_EMPTY,
	PREFIX_RULE_HOST_CHARACTER,
	PREFIX_RULE_HOST_NOT_ASCII,
	PREFIX_RULE_HOST_USERINFO,
	PREFIX_RULE_HOST_ESCAPE,
	PREFIX_RULE_HOST_LABEL,
	PREFIX_RULE_HOST_TRAILING_DOT,
	PREFIX_RULE_HOST_TOO_LONG,
	PREFIX_RULE_HOST_WILDCARD,
	PREFIX_RULE_HOST_IPV4,
	PREFIX_RULE_HOST_IPV6,
	PREFIX_RULE_HOST_IPV6_BRACKETS,
	PREFIX_RULE_HOST_ZONE,
	PREFIX_RULE_HOST_ANY_ADDRESS,
	PREFIX_RULE_PORT_MISSING,
	PREFIX_RULE_PORT_ZERO,
	PREFIX_RULE_PORT_LEADING_ZERO,
	PREFIX_RULE_PORT_RANGE,
	PREFIX_RULE_PORT_CHARACTER,
	PREFIX_RULE_LOCAL_ADDRESS,
	PREFIX_RULE_LOCAL_ADDRESS_HOST,
	PREFIX_RULE_ROOT_SLASH,
	PREFIX_RULE_QUERY,
	PREFIX_RULE_FRAGMENT,
	PREFIX_RULE_PATH_ESCAPE,
	PREFIX_RULE_PATH_CONTROL,
	PREFIX_RULE_PATH_UTF8,
	PREFIX_RULE_PATH_BACKSLASH,
	PREFIX_RULE_PATH_DOT_SEGMENT,
	PREFIX_RULE_PATH_EMPTY_SEGMENT,
	PREFIX_RULE_COUNT_,
};

/* Why a text is no prefix: the first rule that it breaks, and where. */
struct prefix_error {
	enum prefix_rule rule;
	size_t position; /* offset in the text, bytes; may be its length */
};

struct prefix {
	enum prefix_scheme scheme;
	enum prefix_bucket bucket;
	bool is_subdomain_wildcard; /* EXPLICIT only: host is "*.name" */
	bool has_local_addr;        /* EXPLICIT only: the host:port:IP form */
	uint16_t port;              /* 1-65535 */
	struct ip_addr addr;        /* IP bucket and host:port:IP form; family 0 = none */
	struct slice host;          /* as in the text: "+", "*.name", lower-case name, "[::1]" */
	struct slice path;          /* as registered; begins and ends in '/' */
	struct slice path_folded;   /* the path for comparing: the end of key */
	struct slice key;           /* the whole text for comparing: equal keys = equal prefixes */
	char *text;                 /* canonical text, NUL-terminated, owned; holds all slices */
};

/*
 * prefix_parse() - read a whole slice as a prefix
 * @ret_prefix: filled on success only; owned by the caller (prefix_fini)
 * @ret_error: filled on PREFIX_E_INVALID; NULL when the caller does not want to know
 *
 * The text may hold any bytes and may be empty.
 *
 * Return: 0; PREFIX_E_INVALID; -ENOMEM.
 */
int prefix_parse(struct slice text, struct prefix *ret_prefix,
		 struct prefix_error *ret_error) must_check_;

/* prefix_fini() - free the text; accepts NULL and zeroed ones, leaves it zeroed */
void prefix_fini(struct prefix *prefix);

/*
 * prefix_copy() - an independent copy
 * @ret_copy: filled on success only; owned by the caller (prefix_fini)
 *
 * Return: 0; -ENOMEM.
 */
int prefix_copy(const struct prefix *prefix, struct prefix *ret_copy) must_check_;

/* prefix_is_equal() - do both name the same part of the URL space in the same bucket? */
bool prefix_is_equal(const struct prefix *a, const struct prefix *b);

/*
 * prefix_covers() - is @other equal to @ancestor or below it?
 *
 * Same scheme, bucket, host, port and local address, and @ancestor's path is the begin of @other's
 * on a segment boundary: /a/ covers /a/b/ but not /ab/.
 */
bool prefix_covers(const struct prefix *ancestor, const struct prefix *other);

/*
 * prefix_key_parent() - cut the last path segment off a key
 * @key: a prefix's key, or what this function returned
 *
 * Return: the key of the next shorter prefix, in the same memory; the empty slice when @key is a
 * root ("http://+:80/").
 */
struct slice prefix_key_parent(struct slice key);

/*
 * prefix_path_fold() - write the form in which paths are compared
 * @path: decoded path, any bytes
 * @ret_folded: room for path.len bytes; may be path.data; no NUL is written
 */
void prefix_path_fold(struct slice path, char *ret_folded);

/* prefix_scheme_name() - "http" or "https" */
const char *prefix_scheme_name(enum prefix_scheme scheme);

/* prefix_bucket_name() - "strong wildcard", "explicit", "IP-bound" or "weak wildcard" */
const char *prefix_bucket_name(enum prefix_bucket bucket);

/* prefix_rule_text() - the sentence of a rule, without position and without a final stop */
const char *prefix_rule_text(enum prefix_rule rule);
