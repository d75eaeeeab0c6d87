/* SPDX-License-Identifier: MIT */

/*
 * The body decoder.  Each input is decoded whole, cut in two at every position and byte by byte;
 * all ways must yield the same bytes, trailers, end and reason.
 */

#include "http/h1_body.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"

#define TEXT_BYTES 4096

/* What came out. */
struct body_result {
	enum h1_body_event_kind kind; /* the last one */
	enum http_reason reason;
	size_t n_consumed;
	char data[TEXT_BYTES];
	size_t n_data;
	char trailers[TEXT_BYTES]; /* "name=value;" each */
	size_t n_trailers;
};

struct body_row {
	const char *text;
	size_t len;
	const char *data; /* what is decoded; NULL = refused */
	enum http_reason reason;
};

#define GOOD(text, data)                                           \
	{                                                          \
		(text), sizeof(text) - 1, (data), HTTP_REASON_NONE \
	}
#define BAD(text, reason)                                            \
	{                                                            \
		(text), sizeof(text) - 1, NULL, HTTP_REASON_##reason \
	}

static void body_append(char *text, size_t *n, struct slice s, const char *behind)
{
	assert_true(*n + s.len + 1 < TEXT_BYTES);
	memcpy(text + *n, s.data, s.len);
	*n += s.len;
	if (behind != NULL) {
		text[(*n)++] = *behind;
	}
}

/* Feed @in, which begins behind what was consumed before, until the decoder wants more or ends. */
static size_t body_feed_all(struct h1_body *body, struct slice in, struct body_result *result)
{
	size_t at = 0;

	do {
		struct h1_body_event event;
		size_t n = h1_body_feed(body, in.data + at, in.len - at, &event);

		assert_true(n <= in.len - at);
		at += n;
		result->kind = event.kind;
		result->reason = event.reason;
		if (event.kind == H1_BODY_DATA) {
			assert_true(event.data.len > 0);
			body_append(result->data, &result->n_data, event.data, NULL);
		} else if (event.kind == H1_BODY_TRAILER) {
			body_append(result->trailers, &result->n_trailers, event.name, "=");
			body_append(result->trailers, &result->n_trailers, event.value, ";");
		}
	} while (result->kind == H1_BODY_DATA || result->kind == H1_BODY_TRAILER);

	return at;
}

/* Decode @text: @n_first bytes, then @n_step more at a time. */
static void body_decode_pieces(const struct http_request *request, const struct http_limits *limits,
			       struct slice text, size_t n_first, size_t n_step,
			       struct body_result *result)
{
	struct h1_body body;

	*result = (struct body_result){0};
	h1_body_init(&body, request, limits);
	for (size_t n = n_first;; n += n_step) {
		size_t n_now = n < text.len ? n : text.len;
		size_t n_in = n_now - result->n_consumed;
		char *block = mem_new(n_in + 1);

		assert_non_null(block);
		memcpy(block + 1, text.data + result->n_consumed, n_in);
		result->n_consumed += body_feed_all(&body, slice_from(block + 1, n_in), result);
		mem_free(block);
		if (result->kind != H1_BODY_NEED_MORE || n_now == text.len) {
			break;
		}
	}
	assert_int_equal(h1_body_is_done(&body), result->kind == H1_BODY_END);
}

/* Decode @text in every way; all must agree. */
static void body_decode(const struct http_request *request, const struct http_limits *limits,
			struct slice text, struct body_result *result)
{
	static struct body_result other;

	body_decode_pieces(request, limits, text, text.len, 1, result);
	for (size_t cut = 0; cut <= text.len; cut++) {
		/* The last round goes byte by byte. */
		size_t n_first = cut == text.len ? 0 : cut;
		size_t n_step = cut == text.len ? 1 : text.len - cut;

		body_decode_pieces(request, limits, text, n_first, n_step, &other);
		if (other.kind != result->kind || other.reason != result->reason) {
			fail_msg("%.*s: cut at %zu: %d, %d; whole %d, %d", SLICE_ARG(text), cut,
				 other.kind, other.reason, result->kind, result->reason);
		}
		assert_int_equal(other.n_data, result->n_data);
		assert_memory_equal(other.data, result->data, result->n_data);
		assert_int_equal(other.n_trailers, result->n_trailers);
		assert_memory_equal(other.trailers, result->trailers, result->n_trailers);
		if (result->kind == H1_BODY_END) {
			assert_int_equal(other.n_consumed, result->n_consumed);
		}
	}
}

static void body_check_rows(const struct body_row *rows, size_t n_rows,
			    const struct http_limits *limits)
{
	const struct http_request request = {.content_length = -1, .is_chunked = true};
	static struct body_result result;

	for (size_t i = 0; i < n_rows; i++) {
		struct slice text = slice_from(rows[i].text, rows[i].len);

		body_decode(&request, limits, text, &result);
		if (rows[i].data == NULL) {
			if (result.kind != H1_BODY_REJECTED || result.reason != rows[i].reason) {
				fail_msg("row %zu: %.*s: %d, reason %.*s", i, SLICE_ARG(text),
					 result.kind,
					 SLICE_ARG(http_reason_log_text(result.reason)));
			}
			continue;
		}
		if (result.kind != H1_BODY_END) {
			fail_msg("row %zu: %.*s: %d, reason %d", i, SLICE_ARG(text), result.kind,
				 result.reason);
		}
		assert_int_equal(result.n_data, strlen(rows[i].data));
		assert_memory_equal(result.data, rows[i].data, result.n_data);
	}
}

static void chunks_are_joined(void **state)
{
	static const struct body_row rows[] = {
		GOOD("0\r\n\r\n", ""),
		GOOD("5\r\nhello\r\n0\r\n\r\n", "hello"),
		GOOD("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET /", "hello world"),
		GOOD("a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n", "01234567890123456789"),
		GOOD("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
		GOOD("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", "x"),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void bytes_behind_the_last_chunk_are_not_consumed(void **state)
{
	const struct http_request request = {.content_length = -1, .is_chunked = true};
	struct http_limits limits = http_limits_default();
	static struct body_result result;

	body_decode(&request, &limits, SLICE("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), &result);
	assert_int_equal(result.kind, H1_BODY_END);
	assert_int_equal(result.n_consumed, 11);
}

static void chunk_size_is_1_to_16_hex_digits(void **state)
{
	static const struct body_row rows[] = {
		BAD("\r\n", NUMBER),
		BAD("g\r\n", NUMBER),
		BAD("+1\r\nx", NUMBER),
		BAD("-1\r\nx", NUMBER),
		BAD("0x1\r\nx", NUMBER),
		BAD(" 1\r\nx", NUMBER),
		BAD("1,\r\nx", NUMBER),
		BAD("1_0\r\nx", NUMBER),
		BAD(";a\r\n", NUMBER),
		BAD("\x00\r\n", NUMBER),
		BAD("1\x80\r\n", NUMBER),
		BAD("00000000000000001\r\nx\r\n0\r\n\r\n", NUMBER),
		BAD("10000000000000001\r\nx", NUMBER),
		BAD("8000000000000000\r\nx", NUMBER),
		BAD("ffffffffffffffff\r\nx", NUMBER),
		BAD("1\r\nx\r\n7fffffffffffffff\r\nx", NUMBER),
		BAD("1\r\nx\r\nffffffffffffffff\r\nx", NUMBER),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void largest_chunk_size_is_read(void **state)
{
	const struct http_request request = {.content_length = -1, .is_chunked = true};
	struct http_limits limits = http_limits_default();
	static struct body_result result;

	body_decode(&request, &limits, SLICE("7fffffffffffffff\r\nabc"), &result);
	assert_int_equal(result.kind, H1_BODY_NEED_MORE);
	assert_int_equal(result.n_data, 3);
}

static void line_ends_in_chunk_heads_are_crlf(void **state)
{
	static const struct body_row rows[] = {
		BAD("1\nx\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("1\rx\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("1\r\r\nx\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("1;a\nx\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("1;a\rb\r\nx\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("1 \nx\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("0\n\r\n", INVALID_CRLF),
		BAD("0\r\n\n", INVALID_CRLF),
		BAD("0\r\n\r\r\n", INVALID_CRLF),
		BAD("0\r\n\rx\r\n", INVALID_CRLF),
		BAD("\n1\r\nx\r\n", INVALID_CRLF),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void chunk_longer_or_shorter_than_its_size_is_refused(void **state)
{
	static const struct body_row rows[] = {
		BAD("1\r\nxy\r\n0\r\n\r\n", BAD_REQUEST),
		BAD("3\r\nx\r\n0\r\n\r\n", BAD_REQUEST),
		BAD("1\r\nx0\r\n\r\n", BAD_REQUEST),
		BAD("1\r\nx\n0\r\n\r\n", INVALID_CRLF),
		BAD("1\r\nx\r0\r\n\r\n", INVALID_CRLF),
		BAD("1\r\nx\r\r\n0\r\n\r\n", INVALID_CRLF),
		BAD("1\r\nx\r\n\r\n0\r\n\r\n", NUMBER),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void chunk_extensions_are_ignored_but_checked(void **state)
{
	static const struct body_row rows[] = {
		GOOD("1;a\r\nx\r\n0;b=c;d=\"e f\"\r\n\r\n", "x"),
		GOOD("1 ;a\r\nx\r\n0\t ; b = c\r\n\r\n", "x"),
		GOOD("1;\xc3\xa4=\x80\r\nx\r\n0\r\n\r\n", "x"),
		BAD("1 \r\nx\r\n0\r\n\r\n", NUMBER),
		BAD("1 a\r\nx\r\n0\r\n\r\n", NUMBER),
		BAD("1 1\r\nx\r\n0\r\n\r\n", NUMBER),
		BAD("1a;\0\r\nx", BAD_REQUEST),
		BAD("1;a\x7f\r\nx", BAD_REQUEST),
		BAD("1;a\x0b\r\nx", BAD_REQUEST),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void chunk_extension_at_its_limit_passes_and_one_over_is_refused(void **state)
{
	static const struct body_row rows[] = {
		GOOD("1;abc\r\nx\r\n0;def\r\n\r\n", "x"),
		GOOD("1  ;a\r\nx\r\n0\r\n\r\n", "x"),
		BAD("1;abcd\r\nx\r\n0\r\n\r\n", BAD_REQUEST),
		BAD("1   ;a\r\nx\r\n0\r\n\r\n", BAD_REQUEST),
		BAD("1     ", BAD_REQUEST),
		BAD("1;abc\r\nx\r\n0;defg\r\n\r\n", BAD_REQUEST),
	};
	static const struct body_row none[] = {
		GOOD("1\r\nx\r\n0\r\n\r\n", "x"),
		BAD("1;\r\nx\r\n0\r\n\r\n", BAD_REQUEST),
	};
	struct http_limits limits = http_limits_default();

	limits.chunk_ext_bytes_max = 4;
	body_check_rows(rows, array_len(rows), &limits);
	limits.chunk_ext_bytes_max = 0;
	body_check_rows(none, array_len(none), &limits);
}

static void body_at_its_limit_passes_and_one_byte_more_is_413(void **state)
{
	static const struct body_row rows[] = {
		GOOD("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"),
		BAD("6\r\nabcdef\r\n0\r\n\r\n", ENTITY_TOO_LARGE),
		BAD("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", ENTITY_TOO_LARGE),
	};
	struct http_limits limits = http_limits_default();

	limits.body_bytes_max = 5;
	body_check_rows(rows, array_len(rows), &limits);
}

static void trailers_are_handed_out_as_fields(void **state)
{
	const struct http_request request = {.content_length = -1, .is_chunked = true};
	struct http_limits limits = http_limits_default();
	static struct body_result result;
	static const char want[] = "X-Sum=a b;Empty=;Last-Modified=x;";

	body_decode(&request, &limits,
		    SLICE("1\r\nx\r\n0\r\nX-Sum: \ta b \r\nEmpty:\r\nLast-Modified:x\r\n\r\n"),
		    &result);
	assert_int_equal(result.kind, H1_BODY_END);
	assert_int_equal(result.n_trailers, sizeof(want) - 1);
	assert_memory_equal(result.trailers, want, sizeof(want) - 1);
}

static void framing_and_routing_fields_in_trailers_are_400(void **state)
{
	static const struct body_row rows[] = {
		BAD("0\r\nContent-Length: 1\r\n\r\n", HEADER),
		BAD("0\r\ntransfer-encoding: chunked\r\n\r\n", HEADER),
		BAD("0\r\nHost: h\r\n\r\n", HEADER),
		BAD("0\r\nConnection: close\r\n\r\n", HEADER),
		BAD("0\r\nUpgrade: x\r\n\r\n", HEADER),
		BAD("0\r\nTrailer: x\r\n\r\n", HEADER),
		BAD("0\r\nAuthorization: x\r\n\r\n", HEADER),
		BAD("0\r\nCookie: x\r\n\r\n", HEADER),
		BAD("0\r\nContent-Type: x\r\n\r\n", HEADER),
		BAD("0\r\nContent-Encoding: x\r\n\r\n", HEADER),
		BAD("0\r\nContent-Range: x\r\n\r\n", HEADER),
		BAD("0\r\nExpect: x\r\n\r\n", HEADER),
		BAD("0\r\nX: y\r\nTE: x\r\n\r\n", HEADER),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void bad_trailer_lines_are_refused(void **state)
{
	static const struct body_row rows[] = {
		BAD("0\r\nX\r\n\r\n", HEADER),
		BAD("0\r\nX : y\r\n\r\n", HEADER),
		BAD("0\r\n X: y\r\n\r\n", HEADER),
		BAD("0\r\nX: y\r\n z\r\n\r\n", HEADER),
		BAD("0\r\nX: \x01\r\n\r\n", HEADER),
		BAD("0\r\n: y\r\n\r\n", HEADER),
		BAD("0\r\nX: y\n\r\n", INVALID_CRLF),
		BAD("0\r\nX: y\rz\r\n\r\n", INVALID_CRLF),
		BAD("0\r\nX\ny\r\n\r\n", INVALID_CRLF),
		BAD("0\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", HEADER),
	};
	struct http_limits limits = http_limits_default();

	body_check_rows(rows, array_len(rows), &limits);
}

static void trailers_at_their_limits_pass_and_one_over_is_431(void **state)
{
	static const struct body_row rows[] = {
		GOOD("0\r\nA: 12345\r\nB: 12\r\n\r\n", ""),
		GOOD("0\r\nA: 123456789012\r\n\r\n", ""),
		GOOD("0\r\nA: 1\r\nB: 2\r\n\r\n", ""),
		BAD("0\r\nA: 123456\r\nB: 12\r\n\r\n", REQUEST_LENGTH),
		BAD("0\r\nA: 1234567890123\r\n\r\n", REQUEST_LENGTH),
		BAD("0\r\nA: 1234567890123456", REQUEST_LENGTH),
		BAD("0\r\nA:\r\nB:\r\nC:\r\n\r\n", REQUEST_LENGTH),
	};
	struct http_limits limits = http_limits_default();

	limits.trailer_bytes_max = 17;
	limits.n_fields_max = 2;
	body_check_rows(rows, array_len(rows), &limits);
}

static void length_body_ends_at_its_length(void **state)
{
	const struct http_request request = {.content_length = 5};
	const struct http_request empty = {.content_length = 0};
	const struct http_request none = {.content_length = -1};
	struct http_limits limits = http_limits_default();
	static struct body_result result;

	body_decode(&request, &limits, SLICE("helloGET /"), &result);
	assert_int_equal(result.kind, H1_BODY_END);
	assert_int_equal(result.n_consumed, 5);
	assert_memory_equal(result.data, "hello", 5);
	body_decode(&request, &limits, SLICE("hell"), &result);
	assert_int_equal(result.kind, H1_BODY_NEED_MORE);
	body_decode(&empty, &limits, SLICE("GET /"), &result);
	assert_int_equal(result.kind, H1_BODY_END);
	assert_int_equal(result.n_consumed, 0);
	body_decode(&none, &limits, SLICE(""), &result);
	assert_int_equal(result.kind, H1_BODY_END);
}

static void end_and_refusal_stay(void **state)
{
	const struct http_request request = {.content_length = -1, .is_chunked = true};
	struct http_limits limits = http_limits_default();
	struct h1_body_event event;
	struct h1_body body;

	h1_body_init(&body, &request, &limits);
	assert_int_equal(h1_body_feed(&body, "0\r\n\r\n", 5, &event), 5);
	assert_int_equal(event.kind, H1_BODY_END);
	assert_int_equal(h1_body_feed(&body, "5\r\n", 3, &event), 0);
	assert_int_equal(event.kind, H1_BODY_END);
	h1_body_init(&body, &request, &limits);
	(void)h1_body_feed(&body, "x", 1, &event);
	assert_int_equal(event.kind, H1_BODY_REJECTED);
	assert_int_equal(h1_body_feed(&body, "0\r\n\r\n", 5, &event), 0);
	assert_int_equal(event.kind, H1_BODY_REJECTED);
	assert_int_equal(event.reason, HTTP_REASON_NUMBER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_joined),
		cmocka_unit_test(bytes_behind_the_last_chunk_are_not_consumed),
		cmocka_unit_test(chunk_size_is_1_to_16_hex_digits),
		cmocka_unit_test(largest_chunk_size_is_read),
		cmocka_unit_test(line_ends_in_chunk_heads_are_crlf),
		cmocka_unit_test(chunk_longer_or_shorter_than_its_size_is_refused),
		cmocka_unit_test(chunk_extensions_are_ignored_but_checked),
		cmocka_unit_test(chunk_extension_at_its_limit_passes_and_one_over_is_refused),
		cmocka_unit_test(body_at_its_limit_passes_and_one_byte_more_is_413),
		cmocka_unit_test(trailers_are_handed_out_as_fields),
		cmocka_unit_test(framing_and_routing_fields_in_trailers_are_400),
		cmocka_unit_test(bad_trailer_lines_are_refused),
		cmocka_unit_test(trailers_at_their_limits_pass_and_one_over_is_431),
		cmocka_unit_test(length_body_ends_at_its_length),
		cmocka_unit_test(end_and_refusal_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
