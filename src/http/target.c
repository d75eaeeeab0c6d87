/* SPDX-License-Identifier: MIT */

/*
 * Splitting and cooking of targets.  Cooking reads units (a raw byte, an escaped byte, a code point
 * from "%u"), joins bytes to code points, and writes UTF-8; at each '/' the segment just written is
 * looked at.  Escapes are read once: what they yield is never read as an escape again.
 */

#include "http/target.h"

#include <assert.h>

#include "base/compiler.h"
#include "base/utf8.h"
#include "http/scan.h"

/* One unit of a raw path. */
struct target_unit {
	uint32_t value;  /* byte or code point */
	uint8_t n_raw;   /* bytes of the raw path that it takes */
	bool is_point;   /* a code point from "%u", not a byte */
	bool is_escaped; /* written with '%' */
};

/* The path as far as it is written. */
struct target_writer {
	char *out;
	size_t len;
	size_t segment; /* where the current segment begins: behind its '/' */
	uint32_t n_segments;
	uint32_t n_chars; /* of the current segment */
	const struct http_limits *limits;
};

/* Read @n hexadecimal digits at the beginning of @s.  False when they are not there. */
static bool target_read_hex(struct slice s, size_t n, uint32_t *ret_value)
{
	uint32_t value = 0;

	if (s.len < n) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		int digit = ascii_hex_value(s.data[i]);

		if (digit < 0) {
			return false;
		}
		value = value << 4 | (uint32_t)digit;
	}
	*ret_value = value;

	return true;
}

static bool target_is_percent_u(struct slice s)
{
	return s.len >= 2 && s.data[0] == '%' && (s.data[1] | 0x20) == 'u';
}

/* Read "%uNNNN", or two of them that are a surrogate pair. */
static bool target_read_percent_u(struct slice s, struct target_unit *ret_unit)
{
	uint32_t high;
	uint32_t low;

	if (!target_read_hex(slice_from_offset(s, 2), 4, &high)) {
		return false;
	}
	*ret_unit = (struct target_unit){
		.value = high,
		.n_raw = 6,
		.is_point = true,
		.is_escaped = true,
	};
	if (high < 0xd800 || high > 0xdfff) {
		return true;
	}

	struct slice rest = slice_from_offset(s, 6);
	if (high > 0xdbff || !target_is_percent_u(rest) ||
	    !target_read_hex(slice_from_offset(rest, 2), 4, &low) || low < 0xdc00 || low > 0xdfff) {
		return false;
	}
	ret_unit->value = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	ret_unit->n_raw = 12;

	return true;
}

/* Read the unit at the beginning of @s, which is not empty.  False when it is a bad escape. */
static bool target_read_unit(struct slice s, const struct http_limits *limits,
			     struct target_unit *ret_unit)
{
	struct target_unit unit = {.value = (unsigned char)s.data[0], .n_raw = 1};

	if (s.data[0] == '%') {
		if (target_is_percent_u(s)) {
			return limits->percent_u_allowed && target_read_percent_u(s, ret_unit);
		}
		if (!target_read_hex(slice_from_offset(s, 1), 2, &unit.value)) {
			return false;
		}
		unit.n_raw = 3;
		unit.is_escaped = true;
	}
	*ret_unit = unit;

	return true;
}

/*
 * Turn the byte in @unit, 0x80 or more, and those that follow into a code point: UTF-8 if they are
 * that, else Latin-1 if that is allowed.  @s begins with the unit.
 */
static bool target_join_bytes(struct slice s, const struct http_limits *limits,
			      struct target_unit *unit)
{
	char bytes[UTF8_BYTES_MAX];
	uint8_t n_raw[UTF8_BYTES_MAX + 1] = {0};
	struct target_unit next = *unit;
	size_t n = 0;
	size_t at = 0;

	if (limits->enable_non_utf8 && !limits->favor_utf8) {
		return true;
	}
	do {
		bytes[n++] = (char)next.value;
		at += next.n_raw;
		n_raw[n] = (uint8_t)at;
	} while (n < UTF8_BYTES_MAX && at < s.len &&
		 target_read_unit(slice_from_offset(s, at), limits, &next) && !next.is_point &&
		 next.value >= 0x80);

	struct slice rest = slice_from(bytes, n);
	uint32_t cp;
	if (!utf8_decode(&rest, &cp)) {
		return limits->enable_non_utf8;
	}
	unit->value = cp;
	unit->n_raw = n_raw[n - rest.len];

	return true;
}

/* May the path hold this code point?  U+0000 never. */
static bool target_is_char_allowed(const struct target_unit *unit, const struct http_limits *limits)
{
	uint32_t cp = unit->value;

	if (cp > 0x9f || (cp > 0x1f && cp < 0x7f)) {
		return true;
	}
	if (cp == 0) {
		return false;
	}
	if (unit->is_escaped) {
		return limits->allow_restricted_chars;
	}

	return limits->allow_unescaped_restricted_chars && cp != '\t' && cp != '\r' && cp != '\n';
}

/* The current segment is complete: remove it when it is "." or "..".  False = above the root. */
static bool target_close_segment(struct target_writer *writer)
{
	const char *segment = writer->out + writer->segment;
	size_t len = writer->len - writer->segment;

	writer->n_chars = 0;
	if (len == 1 && segment[0] == '.') {
		writer->len = writer->segment;

		return true;
	}
	if (len != 2 || segment[0] != '.' || segment[1] != '.') {
		return true;
	}
	if (writer->segment <= 1) {
		return false;
	}
	writer->len = writer->segment - 1;
	while (writer->out[writer->len - 1] != '/') {
		writer->len--;
	}
	writer->segment = writer->len;

	return true;
}

/* A '/' is next.  False = above the root, or one segment too many. */
static bool target_open_segment(struct target_writer *writer)
{
	uint32_t n_max = writer->limits->url_segments_max;
	size_t len_before = writer->len;

	if (writer->len > 0 && !target_close_segment(writer)) {
		return false;
	}
	writer->n_segments++;
	if (n_max != 0 && writer->n_segments > n_max) {
		return false;
	}
	/* A segment that was removed leaves the '/' before it, which now ends the one before. */
	if (writer->len == len_before) {
		writer->out[writer->len++] = '/';
	}
	writer->segment = writer->len;

	return true;
}

/* Write one character that is not '/'.  False when the segment becomes too long. */
static bool target_put_char(struct target_writer *writer, uint32_t cp)
{
	uint32_t n_max = writer->limits->url_segment_chars_max;

	writer->n_chars++;
	if (n_max != 0 && writer->n_chars > n_max) {
		return false;
	}
	writer->len += utf8_encode(cp, writer->out + writer->len);

	return true;
}

static bool target_cook_all(struct slice raw, const struct http_limits *limits,
			    struct target_writer *writer)
{
	struct target_unit unit;

	for (struct slice rest = raw; rest.len > 0; rest = slice_from_offset(rest, unit.n_raw)) {
		if (!target_read_unit(rest, limits, &unit) ||
		    (unit.value >= 0x80 && !unit.is_point &&
		     !target_join_bytes(rest, limits, &unit)) ||
		    !target_is_char_allowed(&unit, limits)) {
			return false;
		}

		bool is_slash = unit.value == '/' || unit.value == '\\';
		if (is_slash ? !target_open_segment(writer)
			     : !target_put_char(writer, unit.value)) {
			return false;
		}
	}

	return target_close_segment(writer);
}

/* Can the path be used as it is? */
static bool target_is_plain(struct slice raw, const struct http_limits *limits)
{
	struct scan_target found = scan_target(raw.data, raw.data + raw.len);
	size_t n_max = http_target_plain_bytes_max(limits);

	return found.is_plain && found.query == NULL && found.stop == raw.data + raw.len &&
	       raw.len <= n_max;
}

enum http_reason http_target_cook(struct slice raw, const struct http_limits *limits, char *out,
				  size_t cap, struct slice *ret_path)
{
	assert(limits != NULL && ret_path != NULL);

	if (raw.len == 0 || raw.data[0] != '/') {
		return HTTP_REASON_URL;
	}
	if (target_is_plain(raw, limits)) {
		*ret_path = raw;

		return HTTP_REASON_NONE;
	}
	if (cap < HTTP_TARGET_COOKED_BYTES(raw.len)) {
		return HTTP_REASON_URL_LENGTH;
	}

	struct target_writer writer = {.out = out, .limits = limits};
	if (!target_cook_all(raw, limits, &writer)) {
		return HTTP_REASON_URL;
	}
	*ret_path = slice_from(out, writer.len);

	return HTTP_REASON_NONE;
}

/* Cut "scheme://" off @rest.  False when it is neither http nor https. */
static bool target_cut_scheme(struct slice *rest, uint8_t *ret_scheme)
{
	static const struct {
		struct slice text;
		uint8_t scheme;
	} schemes[] = {
		{{.data = "http://", .len = 7}, HTTP_SCHEME_HTTP},
		{{.data = "https://", .len = 8}, HTTP_SCHEME_HTTPS},
	};

	for (size_t i = 0; i < array_len(schemes); i++) {
		struct slice text = schemes[i].text;

		if (rest->len >= text.len &&
		    slice_is_equal_nocase(slice_from(rest->data, text.len), text)) {
			*rest = slice_from_offset(*rest, text.len);
			*ret_scheme = schemes[i].scheme;

			return true;
		}
	}

	return false;
}

/* The bytes of @s before the first byte that is in @stops. */
static size_t target_span(struct slice s, const char *stops, size_t n_stops)
{
	size_t n = 0;

	while (n < s.len && memchr(stops, s.data[n], n_stops) == NULL) {
		n++;
	}

	return n;
}

enum http_reason http_target_split(struct slice raw, bool is_connect,
				   struct http_target *ret_target)
{
	assert(ret_target != NULL);

	struct http_target target = {.form = HTTP_TARGET_ORIGIN};
	struct slice rest = raw;

	if (raw.len == 0 || memchr(raw.data, '#', raw.len) != NULL) {
		return HTTP_REASON_URL;
	}
	if (is_connect) {
		*ret_target = (struct http_target){
			.form = HTTP_TARGET_AUTHORITY,
			.authority = raw,
		};

		return HTTP_REASON_NONE;
	}
	if (slice_is_equal(raw, SLICE("*"))) {
		*ret_target = (struct http_target){
			.form = HTTP_TARGET_ASTERISK,
			.raw_path = raw,
		};

		return HTTP_REASON_NONE;
	}
	if (raw.data[0] != '/') {
		if (!target_cut_scheme(&rest, &target.scheme)) {
			return HTTP_REASON_URL;
		}
		target.form = HTTP_TARGET_ABSOLUTE;
		target.authority = slice_from(rest.data, target_span(rest, "/?", 2));
		/* RFC 9110, 4.2.4: user information is an attack or a mistake. */
		if (target.authority.len == 0 ||
		    memchr(target.authority.data, '@', target.authority.len) != NULL) {
			return HTTP_REASON_URL;
		}
		rest = slice_from_offset(rest, target.authority.len);
	}
	target.raw_path = slice_from(rest.data, target_span(rest, "?", 1));
	if (target.raw_path.len < rest.len) {
		target.query = slice_from_offset(rest, target.raw_path.len);
	}
	*ret_target = target;

	return HTTP_REASON_NONE;
}
