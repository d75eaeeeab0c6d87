/* SPDX-License-Identifier: MIT */

/* Requests and responses through the whole engine: connections, statuses, limits. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness.h"

#define GET "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static void hello_is_answered_on_a_kept_connection(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	for (int i = 0; i < 3; i++) {
		char body[32];

		(void)snprintf(body, sizeof(body), "hello %d", i);
		client_send(&fixture.client, GET);
		app_answer(&fixture.app, body);
		client_expect(&fixture.client, 200, body);
	}
	assert_int_equal(harness_counter(fixture.harness, "responses_sent"), 3);
	assert_int_equal(harness_counter(fixture.harness, "connections_accepted"), 1);
	fixture_end(&fixture);
}

static struct httpsys_slice slice_of(const char *text)
{
	return (struct httpsys_slice){text, strlen(text)};
}

static void assert_slice(struct httpsys_slice slice, const char *text)
{
	assert_int_equal(slice.len, strlen(text));
	assert_memory_equal(slice.data, text, slice.len);
}

static void a_request_arrives_as_it_was_sent(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, "PURGE /a/%62/../c?x=1&y HTTP/1.1\r\nHost: 127.0.0.1\r\n"
				     "X-One: 1\r\nAccept: a\r\nAccept: b\r\n\r\n");
	struct httpsys_request *request = app_receive(&fixture.app);

	assert_slice(httpsys_request_method(request), "PURGE");
	assert_slice(httpsys_request_target(request), "/a/%62/../c?x=1&y");
	assert_slice(httpsys_request_path(request), "/a/c");
	assert_slice(httpsys_request_query(request), "x=1&y");
	assert_slice(httpsys_request_host(request), "127.0.0.1");
	assert_slice(httpsys_request_field(request, "x-ONE"), "1");
	assert_slice(httpsys_request_field(request, "accept"), "a");
	assert_int_equal(httpsys_request_n_fields(request), 4);
	assert_int_equal(httpsys_request_context(request), 7);
	assert_int_equal(httpsys_request_version(request), 11);
	assert_int_equal(httpsys_request_content_length(request), 0);
	app_respond(&fixture.app, request, "ok");
	client_expect(&fixture.client, 200, "ok");
	fixture_end(&fixture);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char requests[4096] = "";
	char body[32];

	(void)state;
	for (int i = 0; i < 16; i++) {
		(void)snprintf(requests + strlen(requests), sizeof(requests) - strlen(requests),
			       "GET /%d HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", i);
	}
	client_send(&fixture.client, requests);
	for (int i = 0; i < 16; i++) {
		struct httpsys_request *request = app_receive(&fixture.app);
		struct httpsys_slice path = httpsys_request_path(request);

		(void)snprintf(body, sizeof(body), "%.*s", (int)path.len, path.data);
		app_respond(&fixture.app, request, body);
	}
	for (int i = 0; i < 16; i++) {
		(void)snprintf(body, sizeof(body), "/%d", i);
		client_expect(&fixture.client, 200, body);
	}
	fixture_end(&fixture);
}

static void a_head_response_has_the_length_but_no_body(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, "HEAD / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	app_answer(&fixture.app, "twelve bytes");
	struct response response = client_read(&fixture.client, true);
	assert_int_equal(response.status, 200);
	assert_string_equal(response_field(&response, "Content-Length"), "12");
	response_free(&response);
	client_send(&fixture.client, GET);
	app_answer(&fixture.app, "next");
	client_expect(&fixture.client, 200, "next");
	fixture_end(&fixture);
}

static void a_head_request_is_refused_without_a_page(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	struct client client = client_open(fixture.port);
	client_send(&client, "HEAD /x HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: nonsense\r\n\r\n");
	struct response response = client_read(&client, true);
	assert_int_equal(response.status, 417);
	response_free(&response);
	client_expect_end(&client);
	client_close(&client);
	fixture_end(&fixture);
}

static void http_1_0_closes_unless_it_asks_to_keep(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client,
		    "GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n");
	app_answer(&fixture.app, "kept");
	struct response response = client_read(&fixture.client, false);
	assert_string_equal(response_field(&response, "Connection"), "keep-alive");
	response_free(&response);
	client_send(&fixture.client, "GET / HTTP/1.0\r\n\r\n");
	app_answer(&fixture.app, "closed");
	client_expect(&fixture.client, 200, "closed");
	client_expect_end(&fixture.client);
	fixture_end(&fixture);
}

static void http_1_0_gets_a_streamed_body_until_close(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	size_t n;

	(void)state;
	client_send(&fixture.client, "GET / HTTP/1.0\r\n\r\n");
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_write(request, "abc", 3, -1, &n), 0);
	assert_int_equal(httpsys_response_end(request, NULL, 0), 0);
	httpsys_receiver_flush(fixture.app.receiver);
	struct response response = client_read(&fixture.client, false);
	assert_true(response.is_closed);
	assert_string_equal(response.body, "abc");
	response_free(&response);
	fixture_end(&fixture);
}

static void connection_close_is_honoured_on_both_sides(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client,
		    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
	app_answer(&fixture.app, "bye");
	struct response response = client_read(&fixture.client, false);
	assert_string_equal(response_field(&response, "Connection"), "close");
	response_free(&response);
	client_expect_end(&fixture.client);
	fixture_end(&fixture);
}

static void a_refused_request_gets_its_status_and_the_connection_ends(void **state)
{
	static const struct {
		const char *request;
		int status;
	} rows[] = {
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
		{"GET / HTTP/1.1\nHost: a\n\n", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400},
		{"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"GET /../.. HTTP/1.1\r\nHost: a\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n",
		 400},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
		{"POST / HTTP/1.1\r\nHost: a\r\n\r\n", 411},
		{"GET / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", 417},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
	};
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct client client = client_open(fixture.port);

		client_send(&client, rows[i].request);
		struct response response = client_read(&client, false);
		if (response.status != rows[i].status) {
			fail_msg("row %zu: expected %d, got %s", i, rows[i].status, response.head);
		}
		assert_string_equal(response_field(&response, "Connection"), "close");
		response_free(&response);
		client_expect_end(&client);
		client_close(&client);
	}
	assert_int_equal(harness_counter(fixture.harness, "requests_rejected"),
			 sizeof(rows) / sizeof(rows[0]));
	app_assert_idle(&fixture.app);
	fixture_end(&fixture);
}

static void a_host_nobody_has_is_400_a_path_404(void **state)
{
	struct harness *harness = harness_start(NULL);
	uint16_t port = harness_port(harness);
	struct app app = app_start(harness, port, "/only/here/");
	struct client client = client_open(port);

	(void)state;
	client_send(&client, "GET /elsewhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	client_expect(&client, 404, NULL);
	client_close(&client);
	assert_int_equal(harness_counter(harness, "requests_no_path"), 1);

	/* The same port, but only a name: nothing is left for another host. */
	char prefix[64];
	(void)snprintf(prefix, sizeof(prefix), "http://localhost:%u/", port);
	assert_int_equal(httpsys_group_add(app.group, prefix, 0, NULL), 0);
	(void)snprintf(prefix, sizeof(prefix), "http://127.0.0.1:%u/only/here/", port);
	assert_int_equal(httpsys_group_remove(app.group, prefix), 0);
	client = client_open(port);
	client_send(&client, "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
	client_expect(&client, 400, NULL);
	client_expect_end(&client);
	client_close(&client);
	assert_int_equal(harness_counter(harness, "requests_no_host"), 1);
	app_end(&app);
	harness_stop(harness);
}

/* Send a GET whose head has exactly @bytes bytes. */
static void send_head_of(struct client *client, size_t bytes, size_t field_bytes)
{
	char *head = calloc(1, bytes + 1);
	size_t len = (size_t)snprintf(head, bytes, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n");

	while (len < bytes - 2) {
		size_t n = bytes - 2 - len < field_bytes ? bytes - 2 - len : field_bytes;

		/* What is left behind this line must be a line, too. */
		if (bytes - 2 - len > n && bytes - 2 - len - n < 8) {
			n -= 8;
		}
		memset(head + len, 'v', n);
		memcpy(head + len, "X-A: ", 5);
		memcpy(head + len + n - 2, "\r\n", 2);
		len += n;
	}
	memcpy(head + len, "\r\n", 2);
	client_send_bytes(client, head, bytes);
	free(head);
}

static void the_head_may_be_as_long_as_the_limit_and_not_longer(void **state)
{
	static const struct harness_parameter parameters[] = {
		{"MaxRequestBytes", 1000}, {"MaxFieldLength", 300}, {NULL, 0}};
	struct fixture fixture = fixture_start(parameters);

	(void)state;
	send_head_of(&fixture.client, 1000, 200);
	app_answer(&fixture.app, "fits");
	client_expect(&fixture.client, 200, "fits");
	send_head_of(&fixture.client, 1001, 200);
	client_expect(&fixture.client, 431, NULL);
	client_expect_end(&fixture.client);
	client_close(&fixture.client);

	fixture.client = client_open(fixture.port);
	send_head_of(&fixture.client, 33 + 302 + 2, 302);
	app_answer(&fixture.app, "a line of 300");
	client_expect(&fixture.client, 200, "a line of 300");
	send_head_of(&fixture.client, 33 + 303 + 2, 303);
	client_expect(&fixture.client, 431, NULL);
	fixture_end(&fixture);
}

static void limits_change_while_a_connection_lives(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	send_head_of(&fixture.client, 2000, 200);
	app_answer(&fixture.app, "default");
	client_expect(&fixture.client, 200, "default");
	for (int i = 0; i < 20; i++) {
		harness_set(fixture.harness, "MaxRequestBytes", i % 2 == 0 ? 1000 : 3000);
		harness_sync(fixture.harness);
		struct client client = client_open(fixture.port);
		send_head_of(&client, 2000, 200);
		if (i % 2 == 0) {
			client_expect(&client, 431, NULL);
		} else {
			app_answer(&fixture.app, "more");
			client_expect(&client, 200, "more");
		}
		client_close(&client);
	}
	fixture_end(&fixture);
}

static void a_long_target_is_414(void **state)
{
	static const struct harness_parameter parameters[] = {{"MaxRequestBytes", 1000}, {NULL, 0}};
	struct fixture fixture = fixture_start(parameters);
	char target[1200];

	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	client_send(&fixture.client, "GET ");
	client_send_bytes(&fixture.client, target, sizeof(target));
	client_send(&fixture.client, " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	client_expect(&fixture.client, 414, NULL);
	fixture_end(&fixture);
}

static void a_head_in_pieces_is_one_request(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	const char *head = "GET /p HTTP/1.1\r\nHost: 127.0.0.1\r\nX: y\r\n\r\n";

	(void)state;
	for (size_t i = 0; i < strlen(head); i++) {
		client_send_bytes(&fixture.client, head + i, 1);
		harness_sync(fixture.harness);
	}
	app_answer(&fixture.app, "one");
	client_expect(&fixture.client, 200, "one");
	assert_int_equal(harness_counter(fixture.harness, "requests_received"), 1);
	fixture_end(&fixture);
}

static void the_application_sees_a_client_that_goes(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_request *other;

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_false(httpsys_request_is_gone(request));
	const struct linger linger = {1, 0};
	setsockopt(fixture.client.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	client_close(&fixture.client);

	int64_t end = millis() + HARNESS_WAIT_MS;
	while (!httpsys_request_is_gone(request)) {
		assert_int_equal(httpsys_receive(fixture.app.receiver, 10, &other),
				 HTTPSYS_E_TIMEOUT);
		assert_true(millis() < end);
	}
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), HTTPSYS_E_GONE);
	httpsys_receiver_flush(fixture.app.receiver);

	fixture.client = client_open(fixture.port);
	client_send(&fixture.client, GET);
	app_answer(&fixture.app, "the slot is free again");
	client_expect(&fixture.client, 200, NULL);
	fixture_end(&fixture);
}

static void a_client_that_only_stops_sending_is_answered(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, GET);
	shutdown(fixture.client.fd, SHUT_WR);
	for (int i = 0; i < 3; i++) {
		harness_sync(fixture.harness);
		harness_pause(20); /* the application must not be faster than the news of the end */
	}
	app_answer(&fixture.app, "still here");
	client_expect(&fixture.client, 200, "still here");
	client_expect_end(&fixture.client);
	fixture_end(&fixture);
}

static void a_large_response_reaches_a_client_that_stopped_sending(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char block[32768];
	size_t n;

	(void)state;
	memset(block, 'b', sizeof(block));
	client_send(&fixture.client, GET);
	shutdown(fixture.client.fd, SHUT_WR);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, 64 * 32768), 0);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(httpsys_response_write(request, block, sizeof(block), -1, &n), 0);
		assert_int_equal(n, sizeof(block));
	}
	assert_int_equal(httpsys_response_end(request, NULL, 0), 0);
	httpsys_receiver_flush(fixture.app.receiver);
	harness_sync(fixture.harness);
	struct response response = client_read(&fixture.client, false);
	assert_int_equal(response.body_len, 64 * 32768);
	response_free(&response);
	client_expect_end(&fixture.client);
	fixture_end(&fixture);
}

static void an_application_cannot_frame_its_response(void **state)
{
	static const char *const names[] = {"Content-Length", "Transfer-Encoding", "Connection",
					    "Date"};
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct httpsys_field field = {slice_of(names[i]), slice_of("1")};

		assert_int_equal(httpsys_respond(request, 200, &field, 1, "x", 1),
				 HTTPSYS_E_INVALID);
	}
	struct httpsys_field split = {slice_of("X"), slice_of("a\r\nSet-Cookie: b")};
	assert_int_equal(httpsys_respond(request, 200, &split, 1, "x", 1), HTTPSYS_E_INVALID);
	app_respond(&fixture.app, request, "clean");
	client_expect(&fixture.client, 200, "clean");
	fixture_end(&fixture);
}

static void an_abort_resets_the_connection(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	size_t n;

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, 100), 0);
	assert_int_equal(httpsys_response_write(request, "abc", 3, -1, &n), 0);
	httpsys_request_abort(request);
	httpsys_receiver_flush(fixture.app.receiver);
	client_expect_reset(&fixture.client);
	fixture_end(&fixture);
}

static void interim_responses_come_before_the_final_one(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_field link = {slice_of("Link"), slice_of("</a.css>; rel=preload")};

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 103, &link, 1, -1), 0);
	app_respond(&fixture.app, request, "final");
	struct response response = client_read(&fixture.client, false);
	assert_int_equal(response.status, 103);
	assert_string_equal(response_field(&response, "Link"), "</a.css>; rel=preload");
	response_free(&response);
	client_expect(&fixture.client, 200, "final");
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_answered_on_a_kept_connection),
		cmocka_unit_test(a_request_arrives_as_it_was_sent),
		cmocka_unit_test(pipelined_requests_are_answered_in_order),
		cmocka_unit_test(a_head_response_has_the_length_but_no_body),
		cmocka_unit_test(a_head_request_is_refused_without_a_page),
		cmocka_unit_test(http_1_0_closes_unless_it_asks_to_keep),
		cmocka_unit_test(http_1_0_gets_a_streamed_body_until_close),
		cmocka_unit_test(connection_close_is_honoured_on_both_sides),
		cmocka_unit_test(a_refused_request_gets_its_status_and_the_connection_ends),
		cmocka_unit_test(a_host_nobody_has_is_400_a_path_404),
		cmocka_unit_test(the_head_may_be_as_long_as_the_limit_and_not_longer),
		cmocka_unit_test(limits_change_while_a_connection_lives),
		cmocka_unit_test(a_long_target_is_414),
		cmocka_unit_test(a_head_in_pieces_is_one_request),
		cmocka_unit_test(the_application_sees_a_client_that_goes),
		cmocka_unit_test(a_client_that_only_stops_sending_is_answered),
		cmocka_unit_test(a_large_response_reaches_a_client_that_stopped_sending),
		cmocka_unit_test(an_application_cannot_frame_its_response),
		cmocka_unit_test(an_abort_resets_the_connection),
		cmocka_unit_test(interim_responses_come_before_the_final_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
