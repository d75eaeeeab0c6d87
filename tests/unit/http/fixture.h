#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Parses heads for the tests: each head whole, cut in two at every position and byte by byte, with
 * the bytes in a new block of exactly their size for each call.  All ways must agree, so every row
 * of every table also tests the incremental parser, and the address sanitizer sees each read too
 * far.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "http/h1_parse.h"

#define FIXTURE_FIELDS     300
#define FIXTURE_COOK_BYTES 65536
#define FIXTURE_TEXT_BYTES 70000
#define FIXTURE_CUT_MAX    1500 /* longer heads are cut in a few places only */

struct fixture {
	struct http_limits limits;
	struct http_request request;
	struct http_field fields[FIXTURE_FIELDS];
	char cook[FIXTURE_COOK_BYTES];
	char *head;                    /* the bytes that request points into, from 1; owned */
	char text[FIXTURE_TEXT_BYTES]; /* room for a test's long head */
	uint32_t n_fields_cap;
};

/* A head that must be refused, or with HTTP_REASON_NONE accepted. */
struct fixture_row {
	const char *text;
	size_t len;
	enum http_reason reason;
};

#define FIXTURE_ROW(text, reason)                              \
	{                                                      \
		(text), sizeof(text) - 1, HTTP_REASON_##reason \
	}

/* The default limits, and room for all fields. */
static inline void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){
		.limits = http_limits_default(),
		.n_fields_cap = FIXTURE_FIELDS,
	};
}

/* Give back the bytes of the last head. */
static inline void fixture_fini(struct fixture *fixture)
{
	mem_free(fixture->head);
	fixture->head = NULL;
}

/* Parse the first @n_first bytes of @text, then @n_step more at a time. */
static inline enum h1_parse_result fixture_parse_pieces(struct fixture *fixture, struct slice text,
							size_t n_first, size_t n_step)
{
	struct h1_parser parser = {0};
	enum h1_parse_result result = H1_PARSE_NEED_MORE;

	http_request_init(&fixture->request, fixture->fields, fixture->n_fields_cap, fixture->cook,
			  sizeof(fixture->cook));
	for (size_t n = n_first; result == H1_PARSE_NEED_MORE; n += n_step) {
		size_t n_now = n < text.len ? n : text.len;

		fixture_fini(fixture);
		fixture->head = mem_new(n_now + 1);
		assert_non_null(fixture->head);
		char *bytes = fixture->head + 1; /* odd, and at the very end of the block */
		memcpy(bytes, text.data, n_now);
		result = h1_parse_head(bytes, n_now, &fixture->limits, &parser, &fixture->request);
		if (n_now == text.len) {
			break;
		}
	}

	return result;
}

/* Two ways of cutting one head gave these. */
static inline void fixture_must_agree(const struct http_request *a, const struct http_request *b)
{
	assert_int_equal(a->reason, b->reason);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->head_bytes, b->head_bytes);
	assert_int_equal(a->n_fields, b->n_fields);
	assert_int_equal(a->method_id, b->method_id);
	assert_int_equal(a->version_minor, b->version_minor);
	assert_int_equal(a->target_form, b->target_form);
	assert_int_equal(a->content_length, b->content_length);
	assert_int_equal(a->is_chunked, b->is_chunked);
	assert_int_equal(a->is_keep_alive, b->is_keep_alive);
	assert_int_equal(a->target.len, b->target.len);
	assert_int_equal(a->path.len, b->path.len);
	assert_int_equal(a->query.len, b->query.len);
	assert_int_equal(a->host.name.len, b->host.name.len);
	assert_memory_equal(a->known, b->known, sizeof(a->known));
}

/* Parse @text in every way; they must agree.  Return: the outcome, with request filled in. */
static inline enum h1_parse_result fixture_parse(struct fixture *fixture, struct slice text)
{
	enum h1_parse_result result = fixture_parse_pieces(fixture, text, text.len, 1);
	struct http_request whole = fixture->request;
	size_t step = text.len <= FIXTURE_CUT_MAX ? 1 : text.len / 16;

	for (size_t cut = 0; cut < text.len; cut += step) {
		enum h1_parse_result other =
			fixture_parse_pieces(fixture, text, cut, text.len - cut);

		if (other != result || fixture->request.reason != whole.reason) {
			fail_msg("%.*s: cut at %zu: %d, reason %d; whole %d, reason %d",
				 SLICE_ARG(text), cut, other, fixture->request.reason, result,
				 whole.reason);
		}
		if (result != H1_PARSE_NEED_MORE) {
			fixture_must_agree(&whole, &fixture->request);
		}
	}

	enum h1_parse_result bytewise = fixture_parse_pieces(fixture, text, 0, step);
	assert_int_equal(bytewise, result);
	if (result != H1_PARSE_NEED_MORE) {
		fixture_must_agree(&whole, &fixture->request);
	}

	return fixture_parse_pieces(fixture, text, text.len, 1);
}

/* Each row is refused for its reason, or accepted, with the limits of @fixture. */
static inline void fixture_check_rows(struct fixture *fixture, const struct fixture_row *rows,
				      size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++) {
		struct slice text = slice_from(rows[i].text, rows[i].len);
		enum h1_parse_result result = fixture_parse(fixture, text);
		enum h1_parse_result want =
			rows[i].reason == HTTP_REASON_NONE ? H1_PARSE_DONE : H1_PARSE_REJECTED;

		if (result != want || fixture->request.reason != rows[i].reason) {
			fail_msg("row %zu: %.*s: result %d, reason %.*s; wanted %.*s", i,
				 SLICE_ARG(text), result,
				 SLICE_ARG(http_reason_log_text(fixture->request.reason)),
				 SLICE_ARG(http_reason_log_text(rows[i].reason)));
		}
		assert_int_equal(fixture->request.status, http_reason_status(rows[i].reason));
	}
}

/* @s has the bytes of @want. */
static inline void fixture_must_equal(struct slice s, const char *want)
{
	if (!slice_is_equal(s, slice_from_str(want))) {
		fail_msg("\"%.*s\", wanted \"%s\"", SLICE_ARG(s), want);
	}
}

/* For cmocka: a fixture as the test's state. */
static inline int fixture_set_up(void **state)
{
	struct fixture *fixture = mem_new(sizeof(*fixture));

	if (fixture == NULL) {
		return -1;
	}
	fixture_init(fixture);
	*state = fixture;

	return 0;
}

/* For cmocka: the end of that. */
static inline int fixture_tear_down(void **state)
{
	fixture_fini(*state);
	mem_free(*state);

	return 0;
}

#define FIXTURE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_set_up, fixture_tear_down)

/* Parse @text, which must be accepted. */
static inline const struct http_request *fixture_accept(struct fixture *fixture, const char *text)
{
	enum h1_parse_result result = fixture_parse(fixture, slice_from_str(text));

	if (result != H1_PARSE_DONE) {
		fail_msg("%s: result %d, reason %.*s", text, result,
			 SLICE_ARG(http_reason_log_text(fixture->request.reason)));
	}

	return &fixture->request;
}
