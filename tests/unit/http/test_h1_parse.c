/* SPDX-License-Identifier: MIT */

/* Request lines, field lines and limits: what is accepted, and what each refusal is called. */

#include "http/h1_parse.h"

#include <stdio.h>

#include "base/compiler.h"
#include "fixture.h"

static void browser_request_is_read(void **state)
{
	struct fixture *fixture = *state;
	const struct http_request *request = fixture_accept(
		fixture, "GET /a/b.html?q=1&r=%2f HTTP/1.1\r\n"
			 "Host: www.example.com:8080\r\n"
			 "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101\r\n"
			 "ACCEPT-language:de,en;q=0.5\r\n"
			 "X-Own-Field:\t blanks around \t \r\n"
			 "Empty:\r\n"
			 "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
			 "Connection: keep-alive\r\n"
			 "\r\nnext");
	const char *head = fixture->head + 1;

	assert_int_equal(request->method_id, HTTP_METHOD_GET);
	fixture_must_equal(request->method, "GET");
	fixture_must_equal(request->target, "/a/b.html?q=1&r=%2f");
	fixture_must_equal(request->path, "/a/b.html");
	fixture_must_equal(request->query, "?q=1&r=%2f");
	fixture_must_equal(request->host.text, "www.example.com:8080");
	fixture_must_equal(request->host.name, "www.example.com");
	assert_int_equal(request->host.port, 8080);
	assert_int_equal(request->n_fields, 7);
	assert_memory_equal(head + request->head_bytes, "next", 4);
	assert_int_equal(request->fields[2].id, HTTP_FIELD_ACCEPT_LANGUAGE);
	fixture_must_equal(http_field_name(&request->fields[2], head), "ACCEPT-language");
	fixture_must_equal(http_field_value(&request->fields[2], head), "de,en;q=0.5");
	assert_int_equal(request->fields[3].id, HTTP_FIELD_UNKNOWN);
	fixture_must_equal(http_field_value(&request->fields[3], head), "blanks around");
	fixture_must_equal(http_field_value(&request->fields[4], head), "");
	assert_ptr_equal(http_request_find(request, HTTP_FIELD_IF_UNMODIFIED_SINCE),
			 &request->fields[5]);
	assert_null(http_request_find(request, HTTP_FIELD_COOKIE));
	assert_true(request->is_keep_alive);
	assert_int_equal(request->content_length, -1);
	assert_false(http_request_has_body(request));
}

static void plain_path_is_not_copied(void **state)
{
	struct fixture *fixture = *state;
	const struct http_request *request =
		fixture_accept(fixture, "GET /a.b/c HTTP/1.1\r\nHost: h\r\n\r\n");

	assert_ptr_equal(request->path.data, request->target.data);
	request = fixture_accept(fixture, "GET /a/./c HTTP/1.1\r\nHost: h\r\n\r\n");
	assert_ptr_equal(request->path.data, request->cook);
	fixture_must_equal(request->path, "/a/c");
}

static void methods_are_case_sensitive_tokens(void **state)
{
	static const struct {
		const char *method;
		enum http_method id;
	} rows[] = {
		{"GET", HTTP_METHOD_GET},       {"HEAD", HTTP_METHOD_HEAD},
		{"DELETE", HTTP_METHOD_DELETE}, {"PROPPATCH", HTTP_METHOD_PROPPATCH},
		{"xyzzy", HTTP_METHOD_UNKNOWN}, {"PATCH", HTTP_METHOD_UNKNOWN},
		{"G", HTTP_METHOD_UNKNOWN},     {"!#$%&'*+-.^_`|~09", HTTP_METHOD_UNKNOWN},
		{"GETS", HTTP_METHOD_UNKNOWN},
	};
	char text[128];

	for (size_t i = 0; i < array_len(rows); i++) {
		(void)snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: h\r\n\r\n",
			       rows[i].method);
		const struct http_request *request = fixture_accept(*state, text);

		assert_int_equal(request->method_id, rows[i].id);
		fixture_must_equal(request->method, rows[i].method);
	}
}

static void known_method_in_small_letters_is_400_unless_allowed(void **state)
{
	struct fixture *fixture = *state;
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("get / HTTP/1.1\r\nHost: h\r\n\r\n", VERB),
		FIXTURE_ROW("Post / HTTP/1.1\r\nHost: h\r\n\r\n", VERB),
	};

	fixture_check_rows(fixture, rows, array_len(rows));
	fixture->limits.allow_case_insensitive_verbs = true;
	assert_int_equal(fixture_accept(fixture, "get / HTTP/1.1\r\nHost: h\r\n\r\n")->method_id,
			 HTTP_METHOD_GET);
}

static void bad_request_lines_are_refused(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("foo\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET /\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / \r\n", BAD_REQUEST),
		FIXTURE_ROW("GET\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET  / HTTP/1.1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET /  HTTP/1.1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/1.1 \r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / a HTTP/1.1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET\t/ HTTP/1.1\r\n", VERB),
		FIXTURE_ROW("GET /\tHTTP/1.1\r\n", URL),
		FIXTURE_ROW(" GET / HTTP/1.1\r\n", VERB),
		FIXTURE_ROW(":", VERB),
		FIXTURE_ROW("\x16\x03\x01", VERB),
		FIXTURE_ROW("G\xc3\x84T / HTTP/1.1\r\n", VERB),
		FIXTURE_ROW("GE(T / HTTP/1.1\r\n", VERB),
		FIXTURE_ROW("GET /\0 HTTP/1.1\r\n", URL),
		FIXTURE_ROW("GET /\x01 HTTP/1.1\r\n", URL),
		FIXTURE_ROW("GET /\x7f HTTP/1.1\r\n", URL),
		FIXTURE_ROW("GET / HTTP/1.1\n", INVALID_CRLF),
		FIXTURE_ROW("GET / HTTP/1.1\r\r\n", INVALID_CRLF),
		FIXTURE_ROW("GET /\rHTTP/1.1\r\n", INVALID_CRLF),
		FIXTURE_ROW("GET /\n", INVALID_CRLF),
		FIXTURE_ROW("G\rET / HTTP/1.1\r\n", INVALID_CRLF),
		FIXTURE_ROW("GET / H\nxxxxxxxxxxxxxxxxxxxx", INVALID_CRLF),
		FIXTURE_ROW("\nGET / HTTP/1.1\r\n", INVALID_CRLF),
		FIXTURE_ROW("\rGET / HTTP/1.1\r\n", INVALID_CRLF),
		FIXTURE_ROW("\r\n\r\nGET / HTTP/1.1\r\n", INVALID_CRLF),
		FIXTURE_ROW("\r\n\nGET / HTTP/1.1\r\n", INVALID_CRLF),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void one_empty_line_before_the_request_line_is_skipped(void **state)
{
	const struct http_request *request =
		fixture_accept(*state, "\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n");

	fixture_must_equal(request->method, "GET");
	fixture_must_equal(request->path, "/x");
	assert_int_equal(request->head_bytes, 30);
}

static void versions_other_than_1_are_505(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\n\r\n", NONE),
		FIXTURE_ROW("GET / HTTP/1.0\r\n\r\n", NONE),
		FIXTURE_ROW("GET / HTTP/1.9\r\nHost: h\r\n\r\n", NONE),
		FIXTURE_ROW("GET / HTTP/2.0\r\n", VERSION_NOT_SUPPORTED),
		FIXTURE_ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION_NOT_SUPPORTED),
		FIXTURE_ROW("GET / HTTP/9.9\r\n", VERSION_NOT_SUPPORTED),
		FIXTURE_ROW("GET / HTTP/0.9\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / http/1.1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/1.\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/1.10\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/11.1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/1,1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTTP/+1.1\r\n", BAD_REQUEST),
		FIXTURE_ROW("GET / HTCPCP/1.0\r\n", BAD_REQUEST),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void minor_version_over_1_is_treated_as_1_1(void **state)
{
	const struct http_request *request =
		fixture_accept(*state, "GET / HTTP/1.7\r\nHost: h\r\n\r\n");

	assert_int_equal(request->version_minor, 7);
	assert_true(request->is_keep_alive);
}

static void bad_field_lines_are_refused(void **state)
{
#define HEAD "GET / HTTP/1.1\r\nHost: h\r\n"
	static const struct fixture_row rows[] = {
		FIXTURE_ROW(HEAD "X-Y: \x80\xff\t!~\r\n\r\n", NONE),
		FIXTURE_ROW(HEAD "!#$%&'*+-.^_`|~: 1\r\n\r\n", NONE),
		FIXTURE_ROW(HEAD "a\r\n", HEADER),
		FIXTURE_ROW(HEAD "abcdefghijklmnopqrstuvwxyz\r\n", HEADER),
		FIXTURE_ROW(HEAD ": a\r\n", HEADER),
		FIXTURE_ROW(HEAD "a : b\r\n", HEADER),
		FIXTURE_ROW(HEAD "a\t: b\r\n", HEADER),
		FIXTURE_ROW(HEAD " a: b\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\r\n c\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\r\n\tc: d\r\n", HEADER),
		FIXTURE_ROW(HEAD "a b: c\r\n", HEADER),
		FIXTURE_ROW(HEAD "a?b: c\r\n", HEADER),
		FIXTURE_ROW(HEAD "a\x80: c\r\n", HEADER),
		FIXTURE_ROW(HEAD "a\0b: c\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\0c\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\x01\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\x7f\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\x0b\r\n", HEADER),
		FIXTURE_ROW(HEAD "a: b\n", INVALID_CRLF),
		FIXTURE_ROW(HEAD "a: b\rc\r\n", INVALID_CRLF),
		FIXTURE_ROW(HEAD "a: b\r\r\n", INVALID_CRLF),
		FIXTURE_ROW(HEAD "a\rb: c\r\n", INVALID_CRLF),
		FIXTURE_ROW(HEAD "a\nb: c\r\n", INVALID_CRLF),
		FIXTURE_ROW(HEAD "\n", INVALID_CRLF),
		FIXTURE_ROW(HEAD "\rX\r\n", INVALID_CRLF),
		FIXTURE_ROW("GET / HTTP/1.1\r\n Host: h\r\n\r\n", HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\n\r\n", HOSTNAME),
	};
#undef HEAD

	fixture_check_rows(*state, rows, array_len(rows));
}

static void obs_fold_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n  c\r\n\r\n", HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\nA:\r\n\tb: c\r\n\r\n", HEADER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void blank_before_the_first_field_is_refused(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\n \r\nHost: h\r\n\r\n", HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\n\tTransfer-Encoding: chunked\r\nHost: h\r\n\r\n",
			    HEADER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void blank_before_the_colon_is_400(void **state)
{
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost : h\r\n\r\n", HEADER),
		FIXTURE_ROW("POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 1\r\n\r\n", HEADER),
		FIXTURE_ROW("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\t: chunked\r\n\r\n",
			    HEADER),
	};

	fixture_check_rows(*state, rows, array_len(rows));
}

static void weak_name_syntax_accepts_separators(void **state)
{
	struct fixture *fixture = *state;
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na?(b): c\r\n\r\n", NONE),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na b: c\r\n", HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na : c\r\n", HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na\0: c\r\n", HEADER),
	};

	fixture->limits.allow_weak_header_name_syntax = true;
	fixture_check_rows(fixture, rows, array_len(rows));
}

static void weak_value_syntax_accepts_controls_but_not_cr_lf_nul(void **state)
{
	struct fixture *fixture = *state;
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na: \x01z\x1f\x7f\r\n\r\n", NONE),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na: \x01\0\r\n", HEADER),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na: \x01\n", INVALID_CRLF),
		FIXTURE_ROW("GET / HTTP/1.1\r\nHost: h\r\na: \x01\rb\r\n", INVALID_CRLF),
	};

	fixture->limits.allow_weak_header_value_syntax = true;
	fixture_check_rows(fixture, rows, array_len(rows));
}

static void raw_controls_in_targets_need_their_switch(void **state)
{
	struct fixture *fixture = *state;
	static const struct fixture_row rows[] = {
		FIXTURE_ROW("GET /\x01?\x7f\x02 HTTP/1.1\r\nHost: h\r\n\r\n", NONE),
		FIXTURE_ROW("GET /\t HTTP/1.1\r\nHost: h\r\n\r\n", URL),
		FIXTURE_ROW("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", URL),
		FIXTURE_ROW("GET /a\nb HTTP/1.1\r\nHost: h\r\n\r\n", INVALID_CRLF),
	};

	fixture->limits.allow_unescaped_restricted_chars = true;
	fixture_check_rows(fixture, rows, array_len(rows));
}

/* "GET /xxx... HTTP/1.1" CRLF "Host: h" CRLF "a: xxx..." CRLF CRLF with so many x. */
static struct slice make_head(char *text, size_t n_path, size_t n_value)
{
	size_t n = 0;

	memcpy(text, "GET /", 5);
	n += 5;
	memset(text + n, 'x', n_path);
	n += n_path;
	memcpy(text + n, " HTTP/1.1\r\nHost: h\r\na: ", 23);
	n += 23;
	memset(text + n, 'x', n_value);
	n += n_value;
	memcpy(text + n, "\r\n\r\n", 4);

	return slice_from(text, n + 4);
}

static void head_at_its_limit_passes_and_one_over_is_431(void **state)
{
	struct fixture *fixture = *state;
	char *text = fixture->text;

	fixture->limits.head_bytes_max = 400;
	struct slice head = make_head(text, 3, 365);
	assert_int_equal(head.len, 400);
	assert_int_equal(fixture_parse(fixture, head), H1_PARSE_DONE);
	head = make_head(text, 3, 366);
	assert_int_equal(fixture_parse(fixture, head), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.reason, HTTP_REASON_REQUEST_LENGTH);
	assert_int_equal(fixture->request.status, 431);
}

static void default_head_limit_is_16_kib(void **state)
{
	struct fixture *fixture = *state;
	char *text = fixture->text;
	struct slice head = make_head(text, 3, 16384 - 35);

	assert_int_equal(head.len, 16384);
	assert_int_equal(fixture_parse(fixture, head), H1_PARSE_DONE);
	head = make_head(text, 3, 16384 - 34);
	assert_int_equal(fixture_parse(fixture, head), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.status, 431);
}

static void field_at_its_limit_passes_and_one_over_is_431(void **state)
{
	struct fixture *fixture = *state;
	char text[512];

	fixture->limits.field_bytes_max = 64;
	assert_int_equal(fixture_parse(fixture, make_head(text, 0, 61)), H1_PARSE_DONE);
	assert_int_equal(fixture_parse(fixture, make_head(text, 0, 62)), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.reason, HTTP_REASON_FIELD_LENGTH);
	assert_int_equal(fixture->request.status, 431);
}

static void endless_field_is_refused_without_its_end(void **state)
{
	struct fixture *fixture = *state;
	char text[512];
	struct slice head = make_head(text, 0, 63);

	fixture->limits.field_bytes_max = 64;
	/* 66 bytes of the line: 64, one that might be CR, one too many. */
	head.len -= 4;
	assert_int_equal(fixture_parse(fixture, head), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.reason, HTTP_REASON_FIELD_LENGTH);
	head.len -= 1;
	assert_int_equal(fixture_parse(fixture, head), H1_PARSE_NEED_MORE);
}

static void target_over_the_head_limit_is_414(void **state)
{
	struct fixture *fixture = *state;
	char *text = fixture->text;

	fixture->limits.url_segment_chars_max = 0;
	assert_int_equal(fixture_parse(fixture, make_head(text, 16384 - 32, 0)), H1_PARSE_DONE);
	assert_int_equal(fixture_parse(fixture, make_head(text, 17000, 0)), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.reason, HTTP_REASON_URL_LENGTH);
	assert_int_equal(fixture->request.status, 414);
}

static void method_over_255_bytes_is_501(void **state)
{
	struct fixture *fixture = *state;
	char text[600];

	memset(text, 'M', 256);
	memcpy(text + 255, " / HTTP/1.1\r\nHost: h\r\n\r\n", 25);
	assert_int_equal(fixture_parse(fixture, slice_from(text, 280)), H1_PARSE_DONE);
	memset(text, 'M', 256);
	memcpy(text + 256, " / HTTP/1.1\r\nHost: h\r\n\r\n", 25);
	assert_int_equal(fixture_parse(fixture, slice_from(text, 281)), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.status, 501);
	memset(text, 'M', sizeof(text));
	fixture->limits.head_bytes_max = 512;
	assert_int_equal(fixture_parse(fixture, slice_from(text, 511)), H1_PARSE_NEED_MORE);
	assert_int_equal(fixture_parse(fixture, slice_from(text, 512)), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.status, 501);
}

static void fields_at_their_number_pass_and_one_more_is_431(void **state)
{
	struct fixture *fixture = *state;
	static const char at_limit[] = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\n\r\n";
	static const char over[] = "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n";

	fixture->limits.n_fields_max = 3;
	(void)fixture_accept(fixture, at_limit);
	assert_int_equal(fixture_parse(fixture, slice_from_str(over)), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.reason, HTTP_REASON_REQUEST_LENGTH);
	fixture->limits.n_fields_max = 200;
	fixture->n_fields_cap = 3;
	(void)fixture_accept(fixture, at_limit);
	assert_int_equal(fixture_parse(fixture, slice_from_str(over)), H1_PARSE_REJECTED);
	assert_int_equal(fixture->request.reason, HTTP_REASON_REQUEST_LENGTH);
}

static void head_that_is_cut_short_needs_more(void **state)
{
	static const char text[] = "\r\nGET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n";

	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		assert_int_equal(fixture_parse(*state, slice_from(text, n)), H1_PARSE_NEED_MORE);
	}
}

static void pipelined_heads_are_read_one_after_the_other(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
				   "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
	const struct http_request *request = fixture_accept(fixture, text);

	fixture_must_equal(request->path, "/1");
	request = fixture_accept(fixture, text + request->head_bytes);
	fixture_must_equal(request->path, "/2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(browser_request_is_read),
		FIXTURE_TEST(plain_path_is_not_copied),
		FIXTURE_TEST(methods_are_case_sensitive_tokens),
		FIXTURE_TEST(known_method_in_small_letters_is_400_unless_allowed),
		FIXTURE_TEST(bad_request_lines_are_refused),
		FIXTURE_TEST(one_empty_line_before_the_request_line_is_skipped),
		FIXTURE_TEST(versions_other_than_1_are_505),
		FIXTURE_TEST(minor_version_over_1_is_treated_as_1_1),
		FIXTURE_TEST(bad_field_lines_are_refused),
		FIXTURE_TEST(obs_fold_is_400),
		FIXTURE_TEST(blank_before_the_first_field_is_refused),
		FIXTURE_TEST(blank_before_the_colon_is_400),
		FIXTURE_TEST(weak_name_syntax_accepts_separators),
		FIXTURE_TEST(weak_value_syntax_accepts_controls_but_not_cr_lf_nul),
		FIXTURE_TEST(raw_controls_in_targets_need_their_switch),
		FIXTURE_TEST(head_at_its_limit_passes_and_one_over_is_431),
		FIXTURE_TEST(default_head_limit_is_16_kib),
		FIXTURE_TEST(field_at_its_limit_passes_and_one_over_is_431),
		FIXTURE_TEST(endless_field_is_refused_without_its_end),
		FIXTURE_TEST(target_over_the_head_limit_is_414),
		FIXTURE_TEST(method_over_255_bytes_is_501),
		FIXTURE_TEST(fields_at_their_number_pass_and_one_more_is_431),
		FIXTURE_TEST(head_that_is_cut_short_needs_more),
		FIXTURE_TEST(pipelined_heads_are_read_one_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
