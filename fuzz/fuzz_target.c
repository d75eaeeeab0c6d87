/* SPDX-License-Identifier: MIT */

/*
 * Targets and hosts.  The first byte chooses limits; the rest is split and cooked.  A cooked path
 * is canonical: it is UTF-8, begins with '/', holds no dot segment and no '\', fits the bound, and
 * cooking the same bytes in escaped form gives the same.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "http/host.h"
#include "http/target.h"

#define RAW_BYTES_MAX 2048

static void must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static struct http_limits limits_from(uint8_t choice)
{
	struct http_limits limits = http_limits_default();

	limits.enable_non_utf8 = (choice & 1) == 0;
	limits.favor_utf8 = (choice & 2) == 0;
	limits.percent_u_allowed = (choice & 4) == 0;
	limits.allow_restricted_chars = (choice & 8) != 0;
	limits.allow_unescaped_restricted_chars = (choice & 16) != 0;
	if ((choice & 32) != 0) {
		limits.url_segments_max = 3;
		limits.url_segment_chars_max = 5;
	}
	if ((choice & 64) != 0) {
		limits.url_segments_max = 0;
		limits.url_segment_chars_max = 0;
	}

	return limits;
}

/* No segment of @path is "." or "..". */
static void check_segments(struct slice path)
{
	struct slice rest = slice_from_offset(path, 1);

	while (rest.data != NULL) {
		struct slice segment = slice_cut(&rest, '/');

		must(!slice_is_equal(segment, SLICE(".")) && !slice_is_equal(segment, SLICE("..")));
	}
}

/* Escape all of @path; cooking that must give @path. */
static void check_escaped(struct slice path, struct http_limits limits)
{
	static char escaped[6 * RAW_BYTES_MAX];
	static char out[12 * RAW_BYTES_MAX];
	static const char digits[] = "0123456789abcdef";
	struct slice again;
	size_t n = 0;

	limits.allow_restricted_chars = true;
	limits.favor_utf8 = true;
	escaped[n++] = '/';
	for (size_t i = 1; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];

		escaped[n++] = '%';
		escaped[n++] = digits[c >> 4];
		escaped[n++] = digits[c & 0xf];
	}
	must(http_target_cook(slice_from(escaped, n), &limits, out, sizeof(out), &again) ==
	     HTTP_REASON_NONE);
	must(slice_is_equal(again, path));
}

static void check_path(struct slice raw, const struct http_limits *limits)
{
	/* One byte more than the bound, to see that it is not touched. */
	static char out[HTTP_TARGET_COOKED_BYTES(RAW_BYTES_MAX) + 1];
	size_t cap = HTTP_TARGET_COOKED_BYTES(raw.len);
	struct slice path;

	out[cap] = '!';
	enum http_reason reason = http_target_cook(raw, limits, out, cap, &path);
	must(out[cap] == '!');
	if (reason != HTTP_REASON_NONE) {
		must(reason == HTTP_REASON_URL);

		return;
	}
	must(path.len > 0 && path.len <= cap && path.data[0] == '/');
	must(utf8_is_valid(path));
	must(memchr(path.data, '\\', path.len) == NULL);
	must(memchr(path.data, '\0', path.len) == NULL);
	check_segments(path);
	check_escaped(path, *limits);
}

static void check_host(struct slice text)
{
	struct http_host host;

	if (!http_host_parse(text, &host)) {
		return;
	}
	must(host.name.len > 0 && host.name.len <= 255 && slice_is_equal(host.text, text));
	must(host.kind == HTTP_HOST_NAME || host.addr.family != 0);
	must(http_host_is_equal(&host, &host, 80));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	if (size < 1 || size > RAW_BYTES_MAX) {
		return 0;
	}

	struct slice raw = slice_from(input + 1, size - 1);
	struct http_limits limits = limits_from(input[0]);
	struct http_target target;

	check_host(raw);
	check_path(raw, &limits);
	if (http_target_split(raw, false, &target) == HTTP_REASON_NONE) {
		check_host(target.authority);
		check_path(target.raw_path, &limits);
	}

	return 0;
}
