/* SPDX-License-Identifier: MIT */

/*
 * What a complete head means.  The rows of the smuggling tests are the known ways to make two
 * readers of one connection disagree on where a request ends or whom it is for.
 */

#include "http/h1_semantics.h"

#include <stdio.h>

#include "base/compiler.h"
#include "fixture.h"

#define POST    "POST / HTTP/1.1\r\nHost: h\r\n"
#define POST_10 "POST / HTTP/1.0\r\n"
#define END     "\r\n\r\n"

static void content_length_and_transfer_encoding_together_are_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Content-Length: 5\r\nTransfer-Encoding: chunked" END,
			    BAD_REQUEST),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 0" END,
			    BAD_REQUEST),
		FIXTURE_ROW(POST "transfer-encoding: CHUNKED\r\nCONTENT-LENGTH: 5" END,
			    BAD_REQUEST),
		FIXTURE_ROW(POST "Transfer-Encoding: identity\r\nContent-Length: 5" END,
			    BAD_REQUEST),
		FIXTURE_ROW(POST "Transfer-Encoding:\r\nContent-Length: 5" END, BAD_REQUEST),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void repeated_content_length_is_400_even_when_equal(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Content-Length: 5\r\nContent-Length: 5" END, BAD_REQUEST),
		FIXTURE_ROW(POST "Content-Length: 5\r\nContent-Length: 6" END, BAD_REQUEST),
		FIXTURE_ROW(POST "Content-Length: 5\r\nA: b\r\ncontent-length: 5" END, BAD_REQUEST),
		FIXTURE_ROW(POST "Content-Length: 5, 5" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 5,6" END, NUMBER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void content_length_is_decimal_digits_only(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Content-Length: 0" END, NONE),
		FIXTURE_ROW(POST "Content-Length: 007" END, NONE),
		FIXTURE_ROW(POST "Content-Length:\t5 " END, NONE),
		FIXTURE_ROW(POST "Content-Length: 9223372036854775807" END, NONE),
		FIXTURE_ROW(POST "Content-Length: 9223372036854775808" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 18446744073709551616" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 99999999999999999999999" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length:" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: +5" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: -5" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 0x5" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 5 5" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 5\t5" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 5;" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 5.0" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 1e3" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: a" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: \"5\"" END, NUMBER),
		FIXTURE_ROW(POST "Content-Length: 5\x0b" END, HEADER),
		FIXTURE_ROW(POST "Content-Length : 5" END, HEADER),
		FIXTURE_ROW(POST " Content-Length: 5" END, HEADER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void transfer_encoding_other_than_chunked_is_501(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Transfer-Encoding: chunked" END, NONE),
		FIXTURE_ROW(POST "Transfer-Encoding: \t Chunked\t" END, NONE),
		FIXTURE_ROW(POST "Transfer-Encoding: identity" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: gzip" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: gzip, chunked" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked, identity" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked, chunked" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked," END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: ,chunked" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked;a=b" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: xchunked" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: \"chunked\"" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked\xa0" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding:" END, NOT_IMPLEMENTED),
		FIXTURE_ROW(POST "Transfer-Encoding: \x0b"
				 "chunked" END,
			    HEADER),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked\0" END, HEADER),
		FIXTURE_ROW(POST "Transfer-Encoding\0: chunked" END, HEADER),
		FIXTURE_ROW(POST "Transfer-Encoding : chunked" END, HEADER),
		FIXTURE_ROW(POST "Transfer\rEncoding: chunked" END, INVALID_CRLF),
		FIXTURE_ROW(POST "X: y\rTransfer-Encoding: chunked" END, INVALID_CRLF),
		FIXTURE_ROW(POST "X: y\nTransfer-Encoding: chunked" END, INVALID_CRLF),
		FIXTURE_ROW(POST "Transfer-Encoding:\n chunked" END, INVALID_CRLF),
		FIXTURE_ROW(POST "Transfer-Encoding:\r\n chunked" END, HEADER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void repeated_transfer_encoding_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" END,
			    BAD_REQUEST),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x" END,
			    BAD_REQUEST),
		FIXTURE_ROW(POST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked" END,
			    BAD_REQUEST),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void transfer_encoding_in_http_1_0_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST_10 "Transfer-Encoding: chunked" END, BAD_REQUEST),
		FIXTURE_ROW(POST_10 "Transfer-Encoding: gzip" END, BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/1.0\r\nTransfer-Encoding: chunked" END, BAD_REQUEST),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void names_that_only_look_like_framing_do_not_frame(void **state)
{
	const struct http_request *request = fixture_accept(
		*state, "GET / HTTP/1.1\r\nHost: h\r\nContent_Length: 5\r\nTransfer_Encoding: x\r\n"
			"ContentLength: 5\r\nXTransfer-Encoding: y\r\nTransfer-Encodin: z" END);

	assert_int_equal(request->content_length, -1);
	assert_false(request->is_chunked);
	assert_false(http_request_has_body(request));
}

static void body_framing_is_reported(void **state)
{
	const struct http_request *request = fixture_accept(*state, POST "Content-Length: 12" END);

	assert_int_equal(request->content_length, 12);
	assert_true(http_request_has_body(request));
	request = fixture_accept(*state, POST "Transfer-Encoding: chunked" END);
	assert_int_equal(request->content_length, -1);
	assert_true(request->is_chunked);
	assert_true(http_request_has_body(request));
	request = fixture_accept(*state, POST "Content-Length: 0" END);
	assert_false(http_request_has_body(request));
	request = fixture_accept(*state, "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3" END);
	assert_int_equal(request->content_length, 3);
}

static void post_and_put_without_length_are_411(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("POST / HTTP/1.1\r\nHost: h" END, LENGTH_REQUIRED),
		FIXTURE_ROW("PUT / HTTP/1.1\r\nHost: h" END, LENGTH_REQUIRED),
		FIXTURE_ROW("POST / HTTP/1.0" END, LENGTH_REQUIRED),
		FIXTURE_ROW("DELETE / HTTP/1.1\r\nHost: h" END, NONE),
		FIXTURE_ROW("xyzzy / HTTP/1.1\r\nHost: h" END, NONE),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void body_at_its_limit_passes_and_one_over_is_413(void **state)
{
	struct fixture *fixture = *state;
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Content-Length: 1000" END, NONE),
		FIXTURE_ROW(POST "Content-Length: 1001" END, ENTITY_TOO_LARGE),
		FIXTURE_ROW(POST "Transfer-Encoding: chunked" END, NONE),
	};

	fixture->limits.body_bytes_max = 1000;
	fixture_check_rows(fixture, rows, array_len(rows));
}

static void missing_host_in_http_1_1_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.2" END, HOSTNAME),
		FIXTURE_ROW("GET http://h/ HTTP/1.1" END, HOSTNAME),
		FIXTURE_ROW("OPTIONS * HTTP/1.1" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.0" END, NONE),
	};

	fixture_check_rows(*state, rows, array_len(rows));
	assert_int_equal(fixture_accept(*state, "GET / HTTP/1.0" END)->host.kind, HTTP_HOST_NONE);
}

static void repeated_host_is_400_even_when_equal(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nHost: h" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nhost: i" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.0\r\nHost: h\r\nHost: h" END, HOSTNAME),
		FIXTURE_ROW("GET http://h/ HTTP/1.1\r\nHost: h\r\nHost: h" END, HOSTNAME),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void malformed_host_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost:" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: a b" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: a,b" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: u@h" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h/p" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h:0" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: http://h" END, HOSTNAME),
		FIXTURE_ROW("GET / HTTP/1.0\r\nHost: a b" END, HOSTNAME),
		FIXTURE_ROW("GET http://h/ HTTP/1.1\r\nHost: h h" END, HOSTNAME),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void absolute_form_against_host_is_400_unless_allowed(void **state)
{
	struct fixture *fixture = *state;
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET http://localhost:81/ HTTP/1.1\r\nHost: ignored" END, HOSTNAME),
		FIXTURE_ROW("GET http://a/ HTTP/1.1\r\nHost: a:81" END, HOSTNAME),
		FIXTURE_ROW("GET http://a/ HTTP/1.1\r\nHost: a." END, HOSTNAME),
		FIXTURE_ROW("GET http://10.0.0.1/ HTTP/1.1\r\nHost: 10.0.0.2" END, HOSTNAME),
		FIXTURE_ROW("GET http://a/ HTTP/1.1\r\nHost: A:80" END, NONE),
		FIXTURE_ROW("GET https://a/ HTTP/1.1\r\nHost: A:443" END, NONE),
		FIXTURE_ROW("GET http://[::1]:8/ HTTP/1.1\r\nHost: [0::1]:8" END, NONE),
		FIXTURE_ROW("GET http://a/ HTTP/1.0" END, NONE),
	};

	fixture_check_rows(fixture, rows, array_len(rows));
	fixture->limits.is_host_mismatch_allowed = true;

	const struct http_request *request =
		fixture_accept(fixture, "GET http://localhost:81/x HTTP/1.1\r\nHost: ignored" END);
	fixture_must_equal(request->host.text, "localhost:81");
	assert_int_equal(request->host.port, 81);
	fixture_must_equal(request->path, "/x");
}

static void target_forms_are_told_apart(void **state)
{
	const struct http_request *request =
		fixture_accept(*state, "GET HTTP://h?q HTTP/1.1\r\nHost: h" END);

	assert_int_equal(request->target_form, HTTP_TARGET_ABSOLUTE);
	assert_int_equal(request->scheme, HTTP_SCHEME_HTTP);
	fixture_must_equal(request->path, "/");
	fixture_must_equal(request->query, "?q");
	request = fixture_accept(*state, "GET https://h/a%20b? HTTP/1.1\r\nHost: h" END);
	assert_int_equal(request->scheme, HTTP_SCHEME_HTTPS);
	fixture_must_equal(request->path, "/a b");
	fixture_must_equal(request->query, "?");
	request = fixture_accept(*state, "OPTIONS * HTTP/1.1\r\nHost: h" END);
	assert_int_equal(request->target_form, HTTP_TARGET_ASTERISK);
	fixture_must_equal(request->path, "*");
	request = fixture_accept(*state, "GET /a HTTP/1.1\r\nHost: h" END);
	assert_int_equal(request->target_form, HTTP_TARGET_ORIGIN);
	assert_null(request->query.data);
}

static void targets_of_no_form_are_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET * HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("OPTIONS ** HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET a HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET h:80 HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET ftp://h/ HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET http:/h/ HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET http:///a HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET http://u@h/ HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET \\a HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET ?q HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET /a#b HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET /a?q#b HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET /%00 HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET /%zz HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET /../a HTTP/1.1\r\nHost: h" END, URL),
		FIXTURE_ROW("GET http://a_b..c/ HTTP/1.1\r\nHost: h" END, HOSTNAME),
		FIXTURE_ROW("GET http://h\\@i/ HTTP/1.1\r\nHost: h" END, URL),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void connect_is_501(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("CONNECT h:443 HTTP/1.1\r\nHost: h:443" END, METHOD_NOT_IMPLEMENTED),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void small_cook_buffer_is_414(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "GET /a%20b HTTP/1.1\r\nHost: h" END;
	struct h1_parser parser = {0};
	char cook[11];

	http_request_init(&fixture->request, fixture->fields, FIXTURE_FIELDS, cook, sizeof(cook));
	assert_int_equal(
		h1_parse_head(text, sizeof(text) - 1, &fixture->limits, &parser, &fixture->request),
		H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.status, 414);
}

static void connection_options_decide_keep_alive(void **state)
{
	static const struct {
		const char *line;
		bool is_kept_1_1;
		bool is_kept_1_0;
	} rows[] = {
		{"A: b", true, false},
		{"Connection: close", false, false},
		{"Connection: keep-alive", true, true},
		{"Connection: Keep-Alive, TE", true, true},
		{"Connection: TE ,\tCLOSE", false, false},
		{"Connection: close, keep-alive", false, false},
		{"Connection: keep-alive\r\nA: b\r\nConnection: close", false, false},
		{"Connection: close\r\nConnection: keep-alive", false, false},
		{"Connection: , ,", true, false},
		{"Connection:", true, false},
		{"Connection: closed", true, false},
		{"Keep-Alive: 300", true, false},
	};
	char text[256];

	for (size_t i = 0; i < array_len(rows); i++) {
		(void)snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: h\r\n%s" END,
			       rows[i].line);
		assert_int_equal(fixture_accept(*state, text)->is_keep_alive, rows[i].is_kept_1_1);
		(void)snprintf(text, sizeof(text), "GET / HTTP/1.0\r\n%s" END, rows[i].line);
		assert_int_equal(fixture_accept(*state, text)->is_keep_alive, rows[i].is_kept_1_0);
	}
}

static void connection_that_is_no_list_of_tokens_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nConnection: a b" END, HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nConnection: a=b" END, HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nConnection: a\r\nConnection: ;" END,
			    HEADER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void upgrade_needs_its_connection_option_and_http_1_1(void **state)
{
#define UPGRADE "Upgrade: websocket\r\n"
	const struct http_request *request = fixture_accept(
		*state, "GET / HTTP/1.1\r\nHost: h\r\n" UPGRADE "Connection: Upgrade" END);

	assert_true(request->has_upgrade);
	request = fixture_accept(*state, "GET / HTTP/1.1\r\nHost: h\r\n" UPGRADE "A: b" END);
	assert_false(request->has_upgrade);
	request = fixture_accept(*state, "GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade" END);
	assert_false(request->has_upgrade);
	request = fixture_accept(*state, "GET / HTTP/1.0\r\n" UPGRADE "Connection: upgrade" END);
	assert_false(request->has_upgrade);
#undef UPGRADE
}

static void expectation_other_than_100_continue_is_417(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(POST "Content-Length: 1\r\nExpect: 100-Continue" END, NONE),
		FIXTURE_ROW(POST "Content-Length: 1\r\nExpect: x" END, EXPECTATION),
		FIXTURE_ROW(POST "Content-Length: 1\r\nExpect:" END, EXPECTATION),
		FIXTURE_ROW(POST "Content-Length: 1\r\nExpect: 100-continue\r\nExpect: x" END,
			    EXPECTATION),
		FIXTURE_ROW(POST_10 "Content-Length: 1\r\nExpect: x" END, NONE),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void continue_is_awaited_only_before_a_body_and_not_in_http_1_0(void **state)
{
	static const char expect[] = "Expect: 100-continue";
	static const struct {
		const char *head;
		bool is_awaited;
	} rows[] = {
		{POST "Content-Length: 1\r\n", true},
		{POST "Transfer-Encoding: chunked\r\n", true},
		{POST "Content-Length: 0\r\n", false},
		{"GET / HTTP/1.1\r\nHost: h\r\n", false},
		{POST_10 "Content-Length: 1\r\n", false},
	};
	char text[256];

	for (size_t i = 0; i < array_len(rows); i++) {
		(void)snprintf(text, sizeof(text), "%s%s" END, rows[i].head, expect);
		assert_int_equal(fixture_accept(*state, text)->is_continue_awaited,
				 rows[i].is_awaited);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(content_length_and_transfer_encoding_together_are_400),
		FIXTURE_TEST(repeated_content_length_is_400_even_when_equal),
		FIXTURE_TEST(content_length_is_decimal_digits_only),
		FIXTURE_TEST(transfer_encoding_other_than_chunked_is_501),
		FIXTURE_TEST(repeated_transfer_encoding_is_400),
		FIXTURE_TEST(transfer_encoding_in_http_1_0_is_400),
		FIXTURE_TEST(names_that_only_look_like_framing_do_not_frame),
		FIXTURE_TEST(body_framing_is_reported),
		FIXTURE_TEST(post_and_put_without_length_are_411),
		FIXTURE_TEST(body_at_its_limit_passes_and_one_over_is_413),
		FIXTURE_TEST(missing_host_in_http_1_1_is_400),
		FIXTURE_TEST(repeated_host_is_400_even_when_equal),
		FIXTURE_TEST(malformed_host_is_400),
		FIXTURE_TEST(absolute_form_against_host_is_400_unless_allowed),
		FIXTURE_TEST(target_forms_are_told_apart),
		FIXTURE_TEST(targets_of_no_form_are_400),
		FIXTURE_TEST(connect_is_501),
		FIXTURE_TEST(small_cook_buffer_is_414),
		FIXTURE_TEST(connection_options_decide_keep_alive),
		FIXTURE_TEST(connection_that_is_no_list_of_tokens_is_400),
		FIXTURE_TEST(upgrade_needs_its_connection_option_and_http_1_1),
		FIXTURE_TEST(expectation_other_than_100_continue_is_417),
		FIXTURE_TEST(continue_is_awaited_only_before_a_body_and_not_in_http_1_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
