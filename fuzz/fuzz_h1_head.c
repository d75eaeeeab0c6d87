/* SPDX-License-Identifier: MIT */

/*
 * Request heads.  The first byte chooses limits; the rest is parsed whole and byte by byte, which
 * must agree, and what comes out must lie within what went in.
 */

#include <stdint.h>
#include <stdlib.h>

#include "http/h1_parse.h"

#define FIELDS_CAP 64
#define COOK_BYTES 8192

struct outcome {
	enum h1_parse_result result;
	struct http_request request;
	struct http_field fields[FIELDS_CAP];
	char cook[COOK_BYTES];
};

static void must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static struct http_limits limits_from(uint8_t choice)
{
	struct http_limits limits = http_limits_default();

	limits.head_bytes_max = 4096;
	limits.enable_non_utf8 = (choice & 1) == 0;
	limits.favor_utf8 = (choice & 2) == 0;
	limits.allow_restricted_chars = (choice & 4) != 0;
	limits.allow_unescaped_restricted_chars = (choice & 4) != 0;
	limits.allow_weak_header_name_syntax = (choice & 8) != 0;
	limits.allow_weak_header_value_syntax = (choice & 8) != 0;
	limits.is_host_mismatch_allowed = (choice & 16) != 0;
	if ((choice & 32) != 0) {
		limits.head_bytes_max = 300;
		limits.field_bytes_max = 64;
		limits.n_fields_max = 4;
		limits.url_segments_max = 3;
		limits.url_segment_chars_max = 9;
	}

	return limits;
}

/* Parse from byte @n_first on, @n_step more at a time. */
static void parse(const char *data, size_t len, size_t n_first, size_t n_step,
		  const struct http_limits *limits, struct outcome *outcome)
{
	struct h1_parser parser = {0};

	http_request_init(&outcome->request, outcome->fields, FIELDS_CAP, outcome->cook,
			  COOK_BYTES);
	for (size_t n = n_first;; n += n_step) {
		size_t n_now = n < len ? n : len;

		outcome->result = h1_parse_head(data, n_now, limits, &parser, &outcome->request);
		if (outcome->result != H1_PARSE_NEED_MORE || n_now == len) {
			return;
		}
	}
}

static void check_slice(struct slice s, const char *data, size_t len, const struct outcome *outcome)
{
	bool is_in_head = s.data >= data && s.data + s.len <= data + len;
	bool is_in_cook = s.data >= outcome->cook && s.data + s.len <= outcome->cook + COOK_BYTES;
	bool is_constant = s.len == 0 || slice_is_equal(s, SLICE("/"));

	must(is_in_head || is_in_cook || is_constant);
}

/* What is true of every request that was accepted. */
static void check_accepted(const struct outcome *outcome, const char *data, size_t len,
			   const struct http_limits *limits)
{
	const struct http_request *request = &outcome->request;

	must(request->head_bytes <= len && request->head_bytes <= limits->head_bytes_max);
	must(memcmp(data + request->head_bytes - 4, "\r\n\r\n", 4) == 0);
	must(!request->is_chunked || request->content_length == -1);
	must(request->host.kind != HTTP_HOST_NONE || request->version_minor == 0);
	must(request->path.len > 0 &&
	     (request->path.data[0] == '/' || slice_is_equal(request->path, SLICE("*"))));
	must(memchr(request->path.data, '\0', request->path.len) == NULL);
	must(memmem(request->path.data, request->path.len, "/../", 4) == NULL);
	must(memmem(request->path.data, request->path.len, "/./", 3) == NULL);
	check_slice(request->method, data, len, outcome);
	check_slice(request->target, data, len, outcome);
	check_slice(request->path, data, len, outcome);
	check_slice(request->query, data, len, outcome);
	check_slice(request->host.text, data, len, outcome);
	for (uint32_t i = 0; i < request->n_fields; i++) {
		struct slice value = http_field_value(&request->fields[i], data);

		check_slice(http_field_name(&request->fields[i], data), data, len, outcome);
		check_slice(value, data, len, outcome);
		must(value.len == 0 || memchr(value.data, '\n', value.len) == NULL);
		must(value.len == 0 || memchr(value.data, '\r', value.len) == NULL);
	}
}

/* Two ways of cutting the same bytes gave @a and @b. */
static void check_same(const struct outcome *a, const struct outcome *b)
{
	must(a->result == b->result);
	if (a->result == H1_PARSE_NEED_MORE) {
		return;
	}
	must(a->request.reason == b->request.reason);
	must(a->request.n_fields == b->request.n_fields);
	must(a->request.head_bytes == b->request.head_bytes);
	must(a->request.content_length == b->request.content_length);
	must(a->request.is_chunked == b->request.is_chunked);
	must(a->request.is_keep_alive == b->request.is_keep_alive);
	must(slice_is_equal(a->request.target, b->request.target));
	must(slice_is_equal(a->request.path, b->request.path));
	must(memcmp(a->fields, b->fields, a->request.n_fields * sizeof(a->fields[0])) == 0);
	must(memcmp(a->request.known, b->request.known, sizeof(a->request.known)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct outcome whole;
	static struct outcome pieces;

	if (size < 1) {
		return 0;
	}

	const char *data = (const char *)input + 1;
	size_t len = size - 1;
	struct http_limits limits = limits_from(input[0]);

	parse(data, len, len, 1, &limits, &whole);
	parse(data, len, 0, 1, &limits, &pieces);
	check_same(&whole, &pieces);
	parse(data, len, len / 2, len, &limits, &pieces);
	check_same(&whole, &pieces);
	if (whole.result == H1_PARSE_DONE) {
		check_accepted(&whole, data, len, &limits);
	}
	if (whole.result == H1_PARSE_REJECTED) {
		must(whole.request.status >= 400);
	}

	return 0;
}
