/* SPDX-License-Identifier: MIT */

/* Responses, byte by byte; each one also with every output size that is too small. */

#include "http/h1_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"

#define DATE        "Sun, 06 Nov 1994 08:49:37 GMT"
#define OUT_BYTES   2048
#define FIELDS_MAX  8
#define SERVER_DATE "Server: httpsys\r\nDate: " DATE "\r\n"

/* An application's response head: the lines of "name: value\n", turned into a field table. */
struct write_head {
	char text[1024];
	struct http_field fields[FIELDS_MAX];
	size_t n_fields;
};

static void write_add_lines(struct write_head *head, const char *lines)
{
	struct slice rest = slice_from_str(lines);
	size_t n = rest.len;

	assert_true(n < sizeof(head->text));
	memcpy(head->text, lines, n);
	rest.data = head->text;
	while (rest.len > 0) {
		struct slice line = slice_cut(&rest, '\n');
		struct slice name = slice_cut(&line, ':');

		assert_true(head->n_fields < FIELDS_MAX);
		head->fields[head->n_fields++] = (struct http_field){
			.name_off = (uint32_t)(name.data - head->text),
			.name_len = (uint16_t)name.len,
			.value_off = (uint32_t)(line.data - head->text),
			.value_len = (uint32_t)line.len,
			.id = 77, /* nobody must believe it */
		};
	}
}

static struct h1_response write_response(unsigned status, int64_t body_bytes)
{
	return (struct h1_response){
		.status = status,
		.body_bytes = body_bytes,
		.date = SLICE(DATE),
		.version_minor = 1,
		.is_keep_alive = true,
	};
}

/* Write @response with the fields of @lines, into a block of exactly the size needed. */
static int write_lines(struct h1_response response, const char *lines, char *ret_text,
		       struct h1_framing *ret_framing)
{
	struct write_head head = {0};

	write_add_lines(&head, lines);
	response.head = head.text;
	response.head_bytes = strlen(lines);
	response.fields = head.fields;
	response.n_fields = head.n_fields;

	char *out = mem_new(OUT_BYTES);
	assert_non_null(out);
	int r = h1_write_head(out, OUT_BYTES, &response, ret_framing);
	mem_free(out);
	if (r != 0) {
		return r;
	}
	for (size_t cap = 1; cap <= ret_framing->n_bytes; cap++) {
		out = mem_new(cap);
		assert_non_null(out);
		r = h1_write_head(out, cap, &response, ret_framing);
		assert_int_equal(r, cap < ret_framing->n_bytes ? H1_WRITE_E_FULL : 0);
		memcpy(ret_text, out, cap);
		ret_text[cap] = '\0';
		mem_free(out);
	}

	return 0;
}

static void write_must_be(struct h1_response response, const char *lines, const char *want,
			  struct h1_framing *ret_framing)
{
	char text[OUT_BYTES + 1] = "";
	int r = write_lines(response, lines, text, ret_framing);

	assert_int_equal(r, 0);
	assert_string_equal(text, want);
}

static void known_length_becomes_content_length(void **state)
{
	struct h1_framing framing;

	write_must_be(write_response(200, 13), "Content-Type: text/plain",
		      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" SERVER_DATE
		      "Content-Length: 13\r\n\r\n",
		      &framing);
	assert_int_equal(framing.content_length, 13);
	assert_true(framing.has_body);
	assert_false(framing.is_chunked);
	assert_true(framing.is_keep_alive);
}

static void unknown_length_is_chunked_in_1_1_and_until_close_in_1_0(void **state)
{
	struct h1_framing framing;
	struct h1_response response = write_response(200, H1_WRITE_LENGTH_UNKNOWN);

	write_must_be(response, "",
		      "HTTP/1.1 200 OK\r\n" SERVER_DATE "Transfer-Encoding: chunked\r\n\r\n",
		      &framing);
	assert_true(framing.is_chunked && framing.has_body && framing.is_keep_alive);
	assert_int_equal(framing.content_length, -1);
	response.version_minor = 0;
	write_must_be(response, "", "HTTP/1.1 200 OK\r\n" SERVER_DATE "Connection: close\r\n\r\n",
		      &framing);
	assert_false(framing.is_chunked);
	assert_false(framing.is_keep_alive);
}

static void streamed_body_keeps_the_length_the_application_promised(void **state)
{
	struct h1_framing framing;
	struct h1_response response = write_response(200, H1_WRITE_LENGTH_UNKNOWN);

	write_must_be(response, "content-length: 70",
		      "HTTP/1.1 200 OK\r\n" SERVER_DATE "Content-Length: 70\r\n\r\n", &framing);
	assert_int_equal(framing.content_length, 70);
	assert_false(framing.is_chunked);
}

static void content_length_against_the_body_is_refused(void **state)
{
	static const char *const rows[] = {
		"Content-Length: 12",
		"Content-Length: 14",
		"Content-Length: 13\nContent-Length: 13",
		"Content-Length: +13",
		"Content-Length: 13, 13",
		"Content-Length:",
		"Content-Length: 99999999999999999999",
	};
	struct h1_framing framing;
	char text[OUT_BYTES + 1];

	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(write_lines(write_response(200, 13), rows[i], text, &framing),
				 H1_WRITE_E_FRAMING);
	}
	assert_int_equal(write_lines(write_response(200, 13), "Content-Length: 13", text, &framing),
			 0);
}

static void statuses_without_body_have_neither_length_nor_body(void **state)
{
	struct h1_framing framing;
	char text[OUT_BYTES + 1];

	write_must_be(write_response(204, 0), "", "HTTP/1.1 204 No Content\r\n" SERVER_DATE "\r\n",
		      &framing);
	assert_false(framing.has_body);
	assert_false(framing.is_chunked);
	write_must_be(write_response(204, H1_WRITE_LENGTH_UNKNOWN), "Content-Length: 0",
		      "HTTP/1.1 204 No Content\r\n" SERVER_DATE "\r\n", &framing);
	write_must_be(write_response(304, 0), "ETag: \"a\"\nContent-Length: 99",
		      "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n" SERVER_DATE
		      "Content-Length: 99\r\n\r\n",
		      &framing);
	assert_false(framing.has_body);
	write_must_be(write_response(304, 0), "",
		      "HTTP/1.1 304 Not Modified\r\n" SERVER_DATE "\r\n", &framing);
	write_must_be(write_response(103, 0), "Link: </a>",
		      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", &framing);
	write_must_be(write_response(205, 0), "",
		      "HTTP/1.1 205 Reset Content\r\n" SERVER_DATE "Content-Length: 0\r\n\r\n",
		      &framing);
	assert_int_equal(write_lines(write_response(204, 1), "", text, &framing),
			 H1_WRITE_E_FRAMING);
	assert_int_equal(write_lines(write_response(304, 1), "", text, &framing),
			 H1_WRITE_E_FRAMING);
	assert_int_equal(write_lines(write_response(204, 0), "Content-Length: 1", text, &framing),
			 H1_WRITE_E_FRAMING);
	assert_int_equal(write_lines(write_response(205, 1), "", text, &framing),
			 H1_WRITE_E_FRAMING);
	assert_int_equal(
		write_lines(write_response(205, H1_WRITE_LENGTH_UNKNOWN), "", text, &framing),
		H1_WRITE_E_FRAMING);
}

static void head_has_the_length_but_no_body(void **state)
{
	struct h1_framing framing;
	struct h1_response response = write_response(200, 13);

	response.is_head = true;
	write_must_be(response, "", "HTTP/1.1 200 OK\r\n" SERVER_DATE "Content-Length: 13\r\n\r\n",
		      &framing);
	assert_false(framing.has_body);
	response.body_bytes = 0;
	write_must_be(response, "Content-Length: 99",
		      "HTTP/1.1 200 OK\r\n" SERVER_DATE "Content-Length: 99\r\n\r\n", &framing);
	write_must_be(response, "", "HTTP/1.1 200 OK\r\n" SERVER_DATE "\r\n", &framing);
	assert_false(framing.has_body);
	assert_false(framing.is_chunked);
	assert_true(framing.is_keep_alive);
	response.body_bytes = H1_WRITE_LENGTH_UNKNOWN;
	write_must_be(response, "", "HTTP/1.1 200 OK\r\n" SERVER_DATE "\r\n", &framing);
	assert_true(framing.is_keep_alive);
}

static void engine_owned_fields_of_the_application_are_left_out(void **state)
{
	struct h1_framing framing;

	write_must_be(write_response(200, 0),
		      "Date: yesterday\nTransfer-Encoding: chunked\nKeep-Alive: x\n"
		      "Connection: x-secret\nX: y",
		      "HTTP/1.1 200 OK\r\nX: y\r\n" SERVER_DATE "Content-Length: 0\r\n\r\n",
		      &framing);
}

static void connection_says_what_differs_from_the_version(void **state)
{
	static const struct {
		const char *lines;
		uint8_t version_minor;
		bool is_keep_alive;
		const char *want;
		bool is_kept;
	} rows[] = {
		{"", 1, true, "", true},
		{"", 1, false, "Connection: close\r\n", false},
		{"", 0, true, "Connection: keep-alive\r\n", true},
		{"", 0, false, "Connection: close\r\n", false},
		{"Connection: close", 1, true, "Connection: close\r\n", false},
		{"Connection: x, CLOSE ,y", 1, true, "Connection: close\r\n", false},
		{"Connection: keep-alive", 1, false, "Connection: close\r\n", false},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct h1_response response = write_response(200, 0);
		struct h1_framing framing;
		char want[256];

		response.version_minor = rows[i].version_minor;
		response.is_keep_alive = rows[i].is_keep_alive;
		(void)snprintf(want, sizeof(want),
			       "HTTP/1.1 200 OK\r\n" SERVER_DATE "Content-Length: 0\r\n%s\r\n",
			       rows[i].want);
		write_must_be(response, rows[i].lines, want, &framing);
		assert_int_equal(framing.is_keep_alive, rows[i].is_kept);
	}
}

static void upgrade_brings_its_connection_option(void **state)
{
	struct h1_framing framing;
	struct h1_response response = write_response(101, 0);

	write_must_be(response, "Upgrade: websocket",
		      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
		      "Connection: upgrade\r\n\r\n",
		      &framing);
	response = write_response(426, 0);
	response.is_keep_alive = false;
	write_must_be(response, "Upgrade: x",
		      "HTTP/1.1 426 Upgrade Required\r\nUpgrade: x\r\n" SERVER_DATE
		      "Content-Length: 0\r\nConnection: upgrade, close\r\n\r\n",
		      &framing);
}

static void server_token_follows_its_policy(void **state)
{
	static const struct {
		enum h1_server_policy policy;
		const char *lines;
		const char *want;
	} rows[] = {
		{H1_SERVER_APPEND, "", "Server: httpsys\r\n"},
		{H1_SERVER_APPEND, "server: own/1", "server: own/1 httpsys\r\n"},
		{H1_SERVER_APPLICATION, "", "Server: httpsys\r\n"},
		{H1_SERVER_NEVER, "", ""},
		{H1_SERVER_NEVER, "Server: own/1", "Server: own/1\r\n"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct h1_response response = write_response(200, 0);
		struct h1_framing framing;
		char want[256];

		response.server_policy = rows[i].policy;
		(void)snprintf(want, sizeof(want),
			       "HTTP/1.1 200 OK\r\n%sDate: " DATE "\r\nContent-Length: 0\r\n\r\n",
			       rows[i].want);
		write_must_be(response, rows[i].lines, want, &framing);
	}
}

static void status_and_phrase_are_checked(void **state)
{
	struct h1_framing framing;
	char text[OUT_BYTES + 1];
	struct h1_response response = write_response(200, 0);

	response.phrase = SLICE("Fine \xc3\xbc");
	write_must_be(response, "",
		      "HTTP/1.1 200 Fine \xc3\xbc\r\n" SERVER_DATE "Content-Length: 0\r\n\r\n",
		      &framing);
	response.status = 599;
	response.phrase = SLICE("");
	write_must_be(response, "", "HTTP/1.1 599 \r\n" SERVER_DATE "Content-Length: 0\r\n\r\n",
		      &framing);
	response.phrase = SLICE("a\r\nX: y");
	assert_int_equal(write_lines(response, "", text, &framing), H1_WRITE_E_STATUS);
	response.phrase = SLICE("a\0");
	assert_int_equal(write_lines(response, "", text, &framing), H1_WRITE_E_STATUS);
	assert_int_equal(write_lines(write_response(99, 0), "", text, &framing), H1_WRITE_E_STATUS);
	assert_int_equal(write_lines(write_response(1000, 0), "", text, &framing),
			 H1_WRITE_E_STATUS);
	assert_int_equal(write_lines(write_response(0, 0), "", text, &framing), H1_WRITE_E_STATUS);
}

static void bad_fields_of_the_application_are_refused(void **state)
{
	static const char *const rows[] = {
		"a b: c",
		" a: b",
		"a : b",
		": b",
		"a\r: b",
		"a\x80: b",
		"a: b\rc",
		"a: b\x01",
		"a: \x7f",
		"Date: a\rb",
		"Connection: a\x02",
		"Server: \x03",
		"Content-Length: 1\r",
	};
	struct h1_framing framing;
	char text[OUT_BYTES + 1];

	for (size_t i = 0; i < array_len(rows); i++) {
		if (write_lines(write_response(200, 0), rows[i], text, &framing) !=
		    H1_WRITE_E_FIELD) {
			fail_msg("%s", rows[i]);
		}
	}
}

static void line_feed_and_nul_in_a_value_are_refused(void **state)
{
	static const char head[] = "Ab\ncd\0ef";
	struct http_field field = {.name_off = 0, .name_len = 2, .value_off = 1, .value_len = 4};
	struct h1_response response = write_response(200, 0);
	struct h1_framing framing;
	char out[256];

	response.head = head;
	response.head_bytes = sizeof(head) - 1;
	response.fields = &field;
	response.n_fields = 1;
	assert_int_equal(h1_write_head(out, sizeof(out), &response, &framing), H1_WRITE_E_FIELD);
	field.value_off = 4;
	assert_int_equal(h1_write_head(out, sizeof(out), &response, &framing), H1_WRITE_E_FIELD);
	field.value_len = 1;
	assert_int_equal(h1_write_head(out, sizeof(out), &response, &framing), 0);
}

static void fields_outside_the_head_are_refused(void **state)
{
	static const struct http_field rows[] = {
		{.name_off = 5, .name_len = 1, .value_off = 0, .value_len = 1},
		{.name_off = 0, .name_len = 5, .value_off = 0, .value_len = 1},
		{.name_off = 3, .name_len = 2, .value_off = 0, .value_len = 1},
		{.name_off = 0, .name_len = 1, .value_off = 5, .value_len = 0},
		{.name_off = 0, .name_len = 1, .value_off = 1, .value_len = 4},
		{.name_off = UINT32_MAX, .name_len = 2, .value_off = 0, .value_len = 1},
		{.name_off = 0, .name_len = 1, .value_off = 1, .value_len = UINT32_MAX},
		{.name_off = 0, .name_len = 1, .value_off = UINT32_MAX, .value_len = 1},
	};
	struct h1_response response = write_response(200, 0);
	struct h1_framing framing;
	char out[256];

	response.head = "abcdefghijklmnop"; /* valid bytes behind it: only the bounds refuse */
	response.head_bytes = 4;
	response.n_fields = 1;
	for (size_t i = 0; i < array_len(rows); i++) {
		response.fields = &rows[i];
		assert_int_equal(h1_write_head(out, sizeof(out), &response, &framing),
				 H1_WRITE_E_FIELD);
	}
}

static void chunk_head_is_the_size_in_hex(void **state)
{
	static const struct {
		uint64_t n;
		const char *want;
	} rows[] = {
		{1, "1\r\n"},
		{15, "f\r\n"},
		{16, "10\r\n"},
		{65536, "10000\r\n"},
		{UINT64_MAX, "ffffffffffffffff\r\n"},
	};
	char out[H1_WRITE_CHUNK_HEAD_BYTES];
	size_t n;

	for (size_t i = 0; i < array_len(rows); i++) {
		size_t len = strlen(rows[i].want);

		assert_int_equal(h1_write_chunk_head(out, len, rows[i].n, &n), 0);
		assert_int_equal(n, len);
		assert_memory_equal(out, rows[i].want, len);
		assert_int_equal(h1_write_chunk_head(out, len - 1, rows[i].n, &n), H1_WRITE_E_FULL);
	}
}

static void last_chunk_carries_the_trailers_that_may_be_there(void **state)
{
	static const char want[] = "0\r\nX-Sum: 1\r\nETag: \"a\"\r\n\r\n";
	struct write_head head = {0};
	static const char lines[] =
		"X-Sum: 1\nContent-Length: 5\nTransfer-Encoding: x\nSet-Cookie: a\nETag: \"a\"";
	char out[256];
	size_t n;

	write_add_lines(&head, lines);
	assert_int_equal(h1_write_last_chunk(out, sizeof(want) - 1, head.text, sizeof(lines) - 1,
					     head.fields, head.n_fields, &n),
			 0);
	assert_int_equal(n, sizeof(want) - 1);
	assert_memory_equal(out, want, n);
	assert_int_equal(h1_write_last_chunk(out, sizeof(want) - 2, head.text, sizeof(lines) - 1,
					     head.fields, head.n_fields, &n),
			 H1_WRITE_E_FULL);
	head.fields[0].value_len = 60000;
	assert_int_equal(h1_write_last_chunk(out, sizeof(out), head.text, sizeof(lines) - 1,
					     head.fields, head.n_fields, &n),
			 H1_WRITE_E_FIELD);
	assert_int_equal(h1_write_last_chunk(out, 5, NULL, 0, NULL, 0, &n), 0);
	assert_memory_equal(out, "0\r\n\r\n", 5);
}

static void continue_is_an_interim_response(void **state)
{
	assert_true(slice_is_equal(h1_write_continue(), SLICE("HTTP/1.1 100 Continue\r\n\r\n")));
}

static void error_page_has_the_layout_of_the_original(void **state)
{
	static const char page[] =
		"<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\""
		"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n"
		"<HTML><HEAD><TITLE>Bad Request</TITLE>\r\n"
		"<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\">"
		"</HEAD>\r\n"
		"<BODY><h2>Bad Request - Invalid Hostname</h2>\r\n"
		"<hr><p>HTTP Error 400. The request hostname is invalid.</p>\r\n"
		"</BODY></HTML>\r\n";
	struct h1_error error = {.reason = HTTP_REASON_HOSTNAME, .date = SLICE(DATE)};
	char out[H1_WRITE_ERROR_BYTES];
	char want[H1_WRITE_ERROR_BYTES];
	size_t n;
	int len = snprintf(want, sizeof(want),
			   "HTTP/1.1 400 Bad Request\r\n"
			   "Content-Type: text/html; charset=us-ascii\r\n" SERVER_DATE
			   "Connection: close\r\nContent-Length: %zu\r\n\r\n%s",
			   sizeof(page) - 1, page);

	assert_int_equal(h1_write_error(out, sizeof(out), &error, &n), 0);
	assert_int_equal(n, len);
	assert_memory_equal(out, want, n);
	error.is_head = true;
	assert_int_equal(h1_write_error(out, sizeof(out), &error, &n), 0);
	assert_int_equal(n, (size_t)len - (sizeof(page) - 1));
	assert_memory_equal(out, want, n);
}

static void every_reason_with_a_status_has_a_page_that_fits(void **state)
{
	for (unsigned reason = 1; reason < HTTP_REASON_COUNT_; reason++) {
		struct h1_error error = {
			.reason = (enum http_reason)reason,
			.date = SLICE(DATE),
			.server_policy = H1_SERVER_APPLICATION,
		};
		char out[H1_WRITE_ERROR_BYTES];
		size_t n;
		size_t n_again;

		if (http_reason_status(error.reason) == 0) {
			continue;
		}
		assert_int_equal(h1_write_error(out, sizeof(out), &error, &n), 0);
		assert_null(memmem(out, n, "Server:", 7));
		assert_int_equal(h1_write_error(out, n - 1, &error, &n_again), H1_WRITE_E_FULL);
		assert_int_equal(h1_write_error(out, n, &error, &n_again), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_length_becomes_content_length),
		cmocka_unit_test(unknown_length_is_chunked_in_1_1_and_until_close_in_1_0),
		cmocka_unit_test(streamed_body_keeps_the_length_the_application_promised),
		cmocka_unit_test(content_length_against_the_body_is_refused),
		cmocka_unit_test(statuses_without_body_have_neither_length_nor_body),
		cmocka_unit_test(head_has_the_length_but_no_body),
		cmocka_unit_test(engine_owned_fields_of_the_application_are_left_out),
		cmocka_unit_test(connection_says_what_differs_from_the_version),
		cmocka_unit_test(upgrade_brings_its_connection_option),
		cmocka_unit_test(server_token_follows_its_policy),
		cmocka_unit_test(status_and_phrase_are_checked),
		cmocka_unit_test(bad_fields_of_the_application_are_refused),
		cmocka_unit_test(line_feed_and_nul_in_a_value_are_refused),
		cmocka_unit_test(fields_outside_the_head_are_refused),
		cmocka_unit_test(chunk_head_is_the_size_in_hex),
		cmocka_unit_test(last_chunk_carries_the_trailers_that_may_be_there),
		cmocka_unit_test(continue_is_an_interim_response),
		cmocka_unit_test(error_page_has_the_layout_of_the_original),
		cmocka_unit_test(every_reason_with_a_status_has_a_page_that_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
