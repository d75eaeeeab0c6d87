#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Request targets (RFC 9112, 3.2) and their cooking: from the bytes of the request line to the
 * path that routing and applications see.
 *
 *   form      origin  /path?query        absolute  http://host/path?query
 *             asterisk  *                authority  host:port
 *   cooking   1. "%XX" and, if allowed, "%uNNNN" become what they stand for, "%2F" included; once
 *             2. 8-bit bytes must be UTF-8, or are Latin-1 and become UTF-8
 *             3. '\' becomes '/'; "." and ".." segments go; above the root is refused
 *   query     stays as sent
 *
 * A path that needs none of this is not copied: the cooked path is a slice of the target.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/limits.h"
#include "http/reason.h"

enum http_target_form {
	HTTP_TARGET_ORIGIN = 0,
	HTTP_TARGET_ABSOLUTE,
	HTTP_TARGET_ASTERISK,
	HTTP_TARGET_AUTHORITY,
};

enum http_scheme {
	HTTP_SCHEME_NONE = 0, /* the target names none: the connection's */
	HTTP_SCHEME_HTTP,
	HTTP_SCHEME_HTTPS,
};

struct http_target {
	struct slice authority; /* absolute and authority form */
	struct slice raw_path;  /* from '/' up to the query; empty in "http://host?query" */
	struct slice query;     /* with its '?'; data NULL when there is none */
	uint8_t form;           /* enum http_target_form */
	uint8_t scheme;         /* enum http_scheme */
};

/* Bytes that http_target_cook() may need for a raw path of @n bytes. */
#define HTTP_TARGET_COOKED_BYTES(n) (2 * (size_t)(n))

/*
 * http_target_plain_bytes_max() - no raw path up to so many bytes can break a segment limit
 */
static inline size_t http_target_plain_bytes_max(const struct http_limits *limits)
{
	size_t segments_max = limits->url_segments_max - 1U; /* 0 = no limit becomes the largest */
	size_t chars_max = limits->url_segment_chars_max - 1U;

	return (segments_max < chars_max ? segments_max : chars_max) + 1;
}

/*
 * http_target_split() - find form, authority, path and query of a target
 * @raw: the target, already free of blanks
 * @is_connect: the method is CONNECT: the target is an authority
 *
 * Return: HTTP_REASON_NONE and *@ret_target; HTTP_REASON_URL for anything that has no form, for a
 * scheme other than http and https, for user information, an empty authority and a fragment.
 */
enum http_reason http_target_split(struct slice raw, bool is_connect,
				   struct http_target *ret_target);

/*
 * http_target_cook() - cook a raw path
 * @raw: begins with '/'; may hold any byte behind that
 * @out, @cap: where the result goes if it differs from @raw; HTTP_TARGET_COOKED_BYTES(raw.len)
 * @ret_path: the result, in @raw or in @out
 *
 * Return: HTTP_REASON_NONE; HTTP_REASON_URL for bad escapes, refused characters, bytes that are no
 * UTF-8 when that is required, a path above the root and the segment limits;
 * HTTP_REASON_URL_LENGTH when @cap is below the bound.  *@ret_path is then not written.
 */
enum http_reason http_target_cook(struct slice raw, const struct http_limits *limits, char *out,
				  size_t cap, struct slice *ret_path);
