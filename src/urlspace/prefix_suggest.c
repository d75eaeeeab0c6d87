/* SPDX-License-Identifier: MIT */

/* Repairs of texts that are no prefixes; see prefix_suggest.h. */

#include "urlspace/prefix_suggest.h"

#include <assert.h>
#include <errno.h>

#include "base/result.h"
#include "base/utf8.h"

/*
 * A repair writes a text that keeps the rule which was broken at @position of @text.  Return: 0;
 * PREFIX_SUGGEST_E_NONE; -ENOMEM.
 */
typedef int (*prefix_repair)(struct slice text, size_t position, struct buf *out);

/* The text with the bytes [from, to) replaced. */
static int prefix_splice(struct slice text, size_t from, size_t to, struct slice by,
			 struct buf *out)
{
	int r = buf_append(out, slice_from(text.data, from));

	if (r == 0) {
		r = buf_append(out, by);
	}
	if (r == 0) {
		r = buf_append(out, slice_from_offset(text, to));
	}

	return result_fold(r);
}

/* The offset of the first of @set in the text from @from on, or its length. */
static size_t prefix_find_any(struct slice text, size_t from, const char *set)
{
	while (from < text.len && memchr(set, text.data[from], strlen(set)) == NULL) {
		from++;
	}

	return from;
}

/* The offset of the path: the first '/' behind the authority that begins the text's "//". */
static size_t prefix_find_path(struct slice text)
{
	const char *slashes = memmem(text.data, text.len, "//", 2);

	return slashes != NULL ? prefix_find_any(text, (size_t)(slashes - text.data) + 2, "/")
			       : text.len;
}

static int prefix_add_scheme(struct slice text, size_t position, struct buf *out)
{
	struct slice begin = slice_from(text.data, text.len < 4 ? text.len : 4);

	/* "http:/host" could mean more than one thing. */
	if (slice_is_equal_nocase(begin, SLICE("http"))) {
		return PREFIX_SUGGEST_E_NONE;
	}

	return prefix_splice(text, 0, 0, SLICE("http://"), out);
}

static int prefix_lower_scheme(struct slice text, size_t position, struct buf *out)
{
	size_t end = prefix_find_any(text, 0, ":");
	char scheme[sizeof("https")];

	assert(end < sizeof(scheme));
	prefix_path_fold(slice_from(text.data, end), scheme);

	return prefix_splice(text, 0, end, slice_from(scheme, end), out);
}

static int prefix_drop_userinfo(struct slice text, size_t position, struct buf *out)
{
	size_t host = prefix_find_any(text, 0, "/") + 2;

	return prefix_splice(text, host, position + 1, SLICE(""), out);
}

static int prefix_drop_character(struct slice text, size_t position, struct buf *out)
{
	return prefix_splice(text, position, position + 1, SLICE(""), out);
}

static int prefix_drop_zone(struct slice text, size_t position, struct buf *out)
{
	return prefix_splice(text, position, prefix_find_any(text, position, "]"), SLICE(""), out);
}

static int prefix_drop_rest(struct slice text, size_t position, struct buf *out)
{
	return prefix_splice(text, position, text.len, SLICE(""), out);
}

static int prefix_add_slash(struct slice text, size_t position, struct buf *out)
{
	return prefix_splice(text, position, position, SLICE("/"), out);
}

static int prefix_use_strong_wildcard(struct slice text, size_t position, struct buf *out)
{
	bool has_brackets = text.data[position] == '[';
	size_t end = prefix_find_any(text, position, has_brackets ? "]" : ":/");

	return prefix_splice(text, position, has_brackets ? end + 1 : end, SLICE("+"), out);
}

/* Brackets around an address; the last number is the port when the rest is still an address. */
static int prefix_add_brackets(struct slice text, size_t position, struct buf *out)
{
	size_t end = prefix_find_any(text, position, "/?#");
	size_t zone = prefix_find_any(text, position, "%/?#");
	struct slice authority = slice_from(text.data, end);
	const char *last = memrchr(authority.data, ':', authority.len);
	size_t colon = last != NULL ? (size_t)(last - text.data) : end;
	struct ip_addr addr;
	size_t number_end = zone < colon ? zone : colon;
	struct slice number = slice_from(text.data + position, number_end - position);
	size_t close = ip_addr_parse(number, &addr) ? colon : end;
	int r = prefix_splice(slice_from(text.data, close), position, position, SLICE("["), out);

	if (r == 0) {
		r = prefix_splice(slice_from_offset(text, close), 0, 0, SLICE("]"), out);
	}

	return result_trace(r);
}

static int prefix_add_port(struct slice text, size_t position, struct buf *out)
{
	bool is_https = slice_has_prefix(text, SLICE("https:"));
	bool has_colon = text.data[position - 1] == ':';
	struct slice port = is_https ? SLICE(":443") : SLICE(":80");

	return prefix_splice(text, position, position, slice_from_offset(port, has_colon ? 1 : 0),
			     out);
}

static int prefix_drop_zeros(struct slice text, size_t position, struct buf *out)
{
	size_t end = position;

	while (end < text.len && text.data[end] == '0') {
		end++;
	}

	return prefix_splice(text, position, end, SLICE(""), out);
}

/* "*:80:10.0.0.1" and "10.0.0.1:80:10.0.0.1" mean the prefix that is bound to the address. */
static int prefix_move_local_addr(struct slice text, size_t position, struct buf *out)
{
	size_t end = prefix_find_any(text, position, "/?#");
	struct slice addr = slice_from(text.data + position, end - position);
	size_t host = prefix_find_any(text, 0, "/") + 2;
	size_t host_end = text.data[host] == '[' ? prefix_find_any(text, host, "]") + 1
						 : prefix_find_any(text, host, ":");
	struct slice host_text = slice_from(text.data + host, host_end - host);

	if (host_text.len > 1 && !slice_is_equal(host_text, addr)) {
		return PREFIX_SUGGEST_E_NONE;
	}

	int r = prefix_splice(slice_from(text.data, position - 1), host, host_end, addr, out);
	if (r == 0) {
		r = result_fold(buf_append(out, slice_from_offset(text, end)));
	}

	return result_trace(r);
}

/* The code point of an escape at @at, and its length in bytes; 0 = there is none. */
static size_t prefix_read_escape(struct slice text, size_t at, uint32_t *ret_value)
{
	bool is_wide = at + 1 < text.len && (text.data[at + 1] | 0x20) == 'u';
	size_t start = at + (is_wide ? 2 : 1);
	size_t n_digits = is_wide ? 4 : 2;
	uint32_t value = 0;

	if (text.data[at] != '%' || text.len < start + n_digits) {
		return 0;
	}

	for (size_t i = 0; i < n_digits; i++) {
		int digit = ascii_hex_value(text.data[start + i]);

		if (digit < 0) {
			return 0;
		}
		value = value << 4 | (uint32_t)digit;
	}
	*ret_value = value;

	return start + n_digits - at;
}

static int prefix_unescape(struct slice text, size_t position, struct buf *out)
{
	int r = result_fold(buf_append(out, slice_from(text.data, position)));

	for (size_t at = position; r == 0 && at < text.len;) {
		char bytes[UTF8_BYTES_MAX] = {text.data[at]};
		size_t n_bytes = 1;
		uint32_t value;
		size_t len = prefix_read_escape(text, at, &value);

		/* %XX is one byte of UTF-8, %uXXXX is a whole code point. */
		if (len == 3) {
			bytes[0] = (char)value;
		} else if (len > 3) {
			n_bytes = utf8_encode(value, bytes);
		}
		if (n_bytes == 0) {
			return PREFIX_SUGGEST_E_NONE;
		}
		r = result_fold(buf_append(out, slice_from(bytes, n_bytes)));
		at += len > 0 ? len : 1;
	}

	return r;
}

static int prefix_turn_slashes(struct slice text, size_t position, struct buf *out)
{
	int r = result_fold(buf_append(out, text));

	for (size_t i = position; r == 0 && i < out->len; i++) {
		if (out->data[i] == '\\') {
			out->data[i] = '/';
		}
	}

	return r;
}

/* Take the last segment off the path that begins at @path in @out; the root has none. */
static void prefix_drop_segment(struct buf *out, size_t path)
{
	if (out->len > path + 1) {
		out->len--;
	}
	while (out->len > path + 1 && out->data[out->len - 1] != '/') {
		out->len--;
	}
}

/* Resolve '.', '..' and empty segments as for a request (RFC 3986 5.2.4). */
static int prefix_normalise(struct slice text, size_t position, struct buf *out)
{
	size_t path = prefix_find_path(text);
	struct slice rest = slice_from_offset(text, path + 1);
	int r = result_fold(buf_append(out, slice_from(text.data, path + 1)));

	while (r == 0 && rest.len > 0) {
		struct slice segment = slice_cut(&rest, '/');

		if (slice_is_equal(segment, SLICE(".."))) {
			prefix_drop_segment(out, path);
		} else if (segment.len > 0 && !slice_is_equal(segment, SLICE("."))) {
			r = result_fold(buf_append(out, segment));
			r = r == 0 ? result_fold(buf_append(out, SLICE("/"))) : r;
		}
	}

	return r;
}

static const struct {
	const char *advice;
	prefix_repair repair;
} prefix_repairs[PREFIX_RULE_COUNT_] = {
	[PREFIX_RULE_SCHEME_MISSING] = {"add the scheme", prefix_add_scheme},
	[PREFIX_RULE_SCHEME_CASE] = {"write it so", prefix_lower_scheme},
	[PREFIX_RULE_HOST_USERINFO] = {"leave it out", prefix_drop_userinfo},
	[PREFIX_RULE_HOST_TRAILING_DOT] = {"leave it out", prefix_drop_character},
	[PREFIX_RULE_HOST_IPV6_BRACKETS] = {"add the brackets", prefix_add_brackets},
	[PREFIX_RULE_HOST_ZONE] = {"leave the zone out", prefix_drop_zone},
	[PREFIX_RULE_HOST_ANY_ADDRESS] = {"for every host", prefix_use_strong_wildcard},
	[PREFIX_RULE_PORT_MISSING] = {"add the port", prefix_add_port},
	[PREFIX_RULE_PORT_LEADING_ZERO] = {"leave it out", prefix_drop_zeros},
	[PREFIX_RULE_LOCAL_ADDRESS_HOST] = {"for every host on that address",
					    prefix_move_local_addr},
	[PREFIX_RULE_ROOT_SLASH] = {"add the missing '/'", prefix_add_slash},
	[PREFIX_RULE_QUERY] = {"leave it out", prefix_drop_rest},
	[PREFIX_RULE_FRAGMENT] = {"leave it out", prefix_drop_rest},
	[PREFIX_RULE_PATH_ESCAPE] = {"unescaped", prefix_unescape},
	[PREFIX_RULE_PATH_BACKSLASH] = {"write it so", prefix_turn_slashes},
	[PREFIX_RULE_PATH_DOT_SEGMENT] = {"resolved", prefix_normalise},
	[PREFIX_RULE_PATH_EMPTY_SEGMENT] = {"write it so", prefix_normalise},
};

/* Repair until it is a prefix: each rule once, so that the loop ends. */
static int prefix_repair_all(struct buf *work, struct prefix_error error, struct prefix *ret_prefix)
{
	bool is_done[PREFIX_RULE_COUNT_] = {false};

	for (;;) {
		prefix_repair repair = prefix_repairs[error.rule].repair;

		if (repair == NULL || is_done[error.rule]) {
			return PREFIX_SUGGEST_E_NONE;
		}
		is_done[error.rule] = true;

		struct buf next = {0};
		int r = repair(buf_slice(work), error.position, &next);
		buf_fini(work);
		*work = next;
		if (r == PREFIX_SUGGEST_E_NONE) {
			return PREFIX_SUGGEST_E_NONE;
		}
		if (r < 0) {
			return result_trace(r);
		}

		r = prefix_parse(buf_slice(work), ret_prefix, &error);
		if (r != PREFIX_E_INVALID) {
			return result_fold(r);
		}
	}
}

static int prefix_buf_result(int r)
{
	return r == BUF_E_FULL ? result_origin(-ENOMEM) : result_trace(r);
}

int prefix_suggest(struct slice text, const struct prefix_error *error, struct buf *buf)
{
	assert(error != NULL && error->rule < PREFIX_RULE_COUNT_ && buf != NULL);
	assert(error->position <= text.len);

	cleanup_(buf_fini) struct buf work = {0};
	cleanup_(prefix_fini) struct prefix prefix = {0};

	int r = result_fold(buf_append(&work, text));
	if (r < 0) {
		return result_trace(r);
	}

	r = prefix_repair_all(&work, *error, &prefix);
	if (r == PREFIX_SUGGEST_E_NONE) {
		return PREFIX_SUGGEST_E_NONE;
	}
	if (r < 0) {
		return result_trace(r);
	}

	return prefix_buf_result(buf_append_str(buf, prefix.text));
}

/* Which character, counted from 1, begins at or holds the byte at @position. */
static size_t prefix_character_number(struct slice text, size_t position)
{
	size_t n = 1;

	for (size_t i = 0; i < position; i++) {
		n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	}

	return n;
}

int prefix_error_format(struct slice text, const struct prefix_error *error, struct buf *buf)
{
	assert(error != NULL && error->rule < PREFIX_RULE_COUNT_ && buf != NULL);
	assert(error->position <= text.len);

	cleanup_(buf_fini) struct buf suggestion = {0};

	int r = prefix_suggest(text, error, &suggestion);
	if (r < 0) {
		return result_trace(r);
	}

	bool has_suggestion = r != PREFIX_SUGGEST_E_NONE;
	r = buf_appendf(buf, "character %zu: %s", prefix_character_number(text, error->position),
			prefix_rule_text(error->rule));
	if (r == 0 && has_suggestion) {
		r = buf_appendf(buf, "; %s: %.*s", prefix_repairs[error->rule].advice,
				SLICE_ARG(buf_slice(&suggestion)));
	}

	return prefix_buf_result(r);
}
