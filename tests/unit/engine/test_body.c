/* SPDX-License-Identifier: MIT */

/* Bodies both ways through the whole engine: framing, trailers, back-pressure. */

#include <poll.h>
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

/* Read the whole body of @request.  Return: NUL-terminated, owned. */
static char *read_all(struct httpsys_request *request, size_t *ret_len)
{
	char *body = calloc(1, 1);
	struct httpsys_slice data;
	size_t len = 0;

	int r = httpsys_request_read(request, HARNESS_WAIT_MS, &data);
	for (; r == 0; r = httpsys_request_read(request, HARNESS_WAIT_MS, &data)) {
		body = realloc(body, len + data.len + 1);
		memcpy(body + len, data.data, data.len);
		len += data.len;
		body[len] = '\0';
	}
	assert_int_equal(r, HTTPSYS_E_END);
	if (ret_len != NULL) {
		*ret_len = len;
	}

	return body;
}

static void echo(struct app *app, struct httpsys_request *request)
{
	char *body = read_all(request, NULL);

	app_respond(app, request, body);
	free(body);
}

static void a_chunked_body_may_be_cut_anywhere(void **state)
{
	static const char request_text[] =
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5\r\nhello\r\n06;x=y\r\n world\r\n0\r\nX-Sum: 42\r\nX-Last: yes\r\n\r\n";
	struct fixture fixture = fixture_start(NULL);
	size_t len = strlen(request_text);
	uint64_t n_received = 0;

	(void)state;
	for (size_t cut = 1; cut < len; cut++) {
		client_send_bytes(&fixture.client, request_text, cut);
		harness_await_counter(fixture.harness, "bytes_received", n_received + cut);
		client_send_bytes(&fixture.client, request_text + cut, len - cut);
		n_received += len;

		struct httpsys_request *request = app_receive(&fixture.app);
		char *body = read_all(request, NULL);
		struct httpsys_slice sum = httpsys_request_trailer(request, "x-sum");
		struct httpsys_slice last = httpsys_request_trailer(request, "X-Last");

		assert_string_equal(body, "hello world");
		assert_int_equal(sum.len, 2);
		assert_memory_equal(sum.data, "42", 2);
		assert_int_equal(last.len, 3);
		free(body);
		app_respond(&fixture.app, request, "ok");
		client_expect(&fixture.client, 200, "ok");
	}
	fixture_end(&fixture);
}

static void parameters_change_in_the_middle_of_a_body(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: "
				     "chunked\r\n\r\n5;x=");
	struct httpsys_request *request = app_receive(&fixture.app);
	for (int i = 0; i < 5; i++) {
		harness_set(fixture.harness, "MaxFieldLength", 1000 + (uint64_t)i);
		harness_sync(fixture.harness);
	}
	client_send(&fixture.client, "y\r\nhello\r\n0\r\nT: 1\r\n\r\n");
	echo(&fixture.app, request);
	client_expect(&fixture.client, 200, "hello");
	fixture_end(&fixture);
}

static void trailers_of_many_exchanges_use_up_no_blocks(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	for (int i = 0; i < 300; i++) {
		client_send(&fixture.client,
			    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: "
			    "chunked\r\n\r\n1\r\nx\r\n0\r\nT: ");
		if (i % 8 == 0) {
			harness_sync(fixture.harness);
		}
		client_send(&fixture.client, "v\r\n\r\n");
		struct httpsys_request *request = app_receive(&fixture.app);
		/* Some are answered without a look at the body. */
		if (i % 2 == 0) {
			echo(&fixture.app, request);
		} else {
			app_respond(&fixture.app, request, "x");
		}
		client_expect(&fixture.client, 200, "x");
	}
	fixture_end(&fixture);
}

static void refused_bodies_use_up_no_blocks(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_request *request;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct client client = client_open(fixture.port);

		client_send(&client, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: "
				     "chunked\r\n\r\nzz\r\n");
		request = app_receive(&fixture.app);
		client_expect(&client, 400, NULL);
		client_close(&client);
		(void)httpsys_respond(request, 200, NULL, 0, "", 0);
		httpsys_receiver_flush(fixture.app.receiver);
	}
	client_send(&fixture.client,
		    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc");
	echo(&fixture.app, app_receive(&fixture.app));
	client_expect(&fixture.client, 200, "abc");
	fixture_end(&fixture);
}

static void pipelined_requests_stand_behind_bodies(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client,
		    "POST /1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nfirst"
		    "POST /2 HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "6\r\nsecond\r\n0\r\n\r\n"
		    "GET /3 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	echo(&fixture.app, app_receive(&fixture.app));
	echo(&fixture.app, app_receive(&fixture.app));
	app_answer(&fixture.app, "third");
	client_expect(&fixture.client, 200, "first");
	client_expect(&fixture.client, 200, "second");
	client_expect(&fixture.client, 200, "third");
	fixture_end(&fixture);
}

static void a_malformed_chunk_after_the_head_is_refused(void **state)
{
	static const char *const bodies[] = {"5\nhello",
					     "g\r\n",
					     "5\r\nhelloX",
					     "-1\r\n",
					     "fffffffffffffffff\r\n",
					     "0\r\nbad name: x\r\n",
					     "0\r\nContent-Length: 3\r\n\r\n"};
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct client client = client_open(fixture.port);

		client_send(&client, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: "
				     "chunked\r\n\r\n");
		client_send(&client, bodies[i]);

		struct httpsys_request *request = app_receive(&fixture.app);
		client_expect(&client, 400, NULL);
		client_expect_end(&client);
		client_close(&client);
		(void)httpsys_respond(request, 200, NULL, 0, "", 0);
		httpsys_receiver_flush(fixture.app.receiver);
	}
	fixture_end(&fixture);
}

static void one_hundred_continue_is_sent_when_the_body_is_wanted(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_slice data;

	(void)state;
	client_send(&fixture.client, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
				     "4\r\nExpect: 100-continue\r\n\r\n");
	struct httpsys_request *request = app_receive(&fixture.app);
	struct pollfd poll_fd = {.fd = fixture.client.fd, .events = POLLIN};
	assert_int_equal(poll(&poll_fd, 1, 50), 0); /* nothing before it is wanted */
	assert_int_equal(httpsys_request_read(request, 0, &data), HTTPSYS_E_AGAIN);
	httpsys_receiver_flush(fixture.app.receiver);
	client_expect(&fixture.client, 100, NULL);
	client_send(&fixture.client, "body");
	echo(&fixture.app, request);
	client_expect(&fixture.client, 200, "body");
	client_send(&fixture.client, GET);
	app_answer(&fixture.app, "kept");
	client_expect(&fixture.client, 200, "kept");
	fixture_end(&fixture);
}

static void a_body_that_nobody_wants_is_not_continued(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
				     "4\r\nExpect: 100-continue\r\n\r\n");
	app_answer(&fixture.app, "no, thanks");
	struct response response = client_read(&fixture.client, false);
	assert_int_equal(response.status, 200);
	assert_string_equal(response_field(&response, "Connection"), "close");
	response_free(&response);
	client_expect_end(&fixture.client);
	fixture_end(&fixture);
}

static void an_unread_body_is_drained_and_the_connection_kept(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char body[32768];

	(void)state;
	memset(body, 'd', sizeof(body));
	client_send(&fixture.client,
		    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 40000\r\n\r\n");
	app_answer(&fixture.app, "early");
	client_expect(&fixture.client, 200, "early");
	client_send_bytes(&fixture.client, body, 32768);
	client_send_bytes(&fixture.client, body, 40000 - 32768);
	client_send(&fixture.client, GET);
	app_answer(&fixture.app, "next");
	client_expect(&fixture.client, 200, "next");
	assert_int_equal(harness_counter(fixture.harness, "connections_accepted"), 1);
	fixture_end(&fixture);
}

static void an_unread_body_over_the_limit_ends_the_connection(void **state)
{
	static const struct harness_parameter parameters[] = {{"MaxEntityDrainBytes", 10000},
							      {NULL, 0}};
	struct fixture fixture = fixture_start(parameters);
	char body[32768];

	(void)state;
	memset(body, 'd', sizeof(body));
	client_send(&fixture.client,
		    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000000\r\n\r\n");
	app_answer(&fixture.app, "early");
	client_expect(&fixture.client, 200, "early");
	ssize_t n = 1;
	for (int i = 0; i < 300 && n > 0; i++) {
		n = send(fixture.client.fd, body, sizeof(body), MSG_NOSIGNAL);
	}
	harness_await_counter(fixture.harness, "connections_closed", 1);
	app_assert_idle(&fixture.app);
	fixture_end(&fixture);
}

#define LARGE_BYTES (16u << 20)

/* Byte @i of every large body. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + i / 4099);
}

static void *send_large(void *argument)
{
	struct client *client = argument;
	unsigned char bytes[8192];

	for (size_t at = 0; at < LARGE_BYTES; at += sizeof(bytes)) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			bytes[i] = pattern(at + i);
		}
		for (size_t done = 0; done < sizeof(bytes);) {
			ssize_t n =
				send(client->fd, bytes + done, sizeof(bytes) - done, MSG_NOSIGNAL);

			if (n <= 0) {
				return argument;
			}
			done += (size_t)n;
		}
	}

	return NULL;
}

static void a_large_upload_passes_whole(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_slice data;
	pthread_t thread;
	char head[128];
	void *failure;
	size_t at = 0;

	(void)state;
	(void)snprintf(head, sizeof(head),
		       "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %u\r\n\r\n",
		       LARGE_BYTES);
	client_send(&fixture.client, head);
	assert_int_equal(pthread_create(&thread, NULL, send_large, &fixture.client), 0);
	struct httpsys_request *request = app_receive(&fixture.app);
	int r = httpsys_request_read(request, HARNESS_WAIT_MS, &data);
	for (; r == 0; r = httpsys_request_read(request, HARNESS_WAIT_MS, &data)) {
		for (size_t i = 0; i < data.len; i++) {
			if ((unsigned char)data.data[i] != pattern(at + i)) {
				fail_msg("byte %zu is wrong", at + i);
			}
		}
		at += data.len;
	}
	assert_int_equal(r, HTTPSYS_E_END);
	assert_int_equal(at, LARGE_BYTES);
	pthread_join(thread, &failure);
	assert_null(failure);
	app_respond(&fixture.app, request, "thanks");
	client_expect(&fixture.client, 200, "thanks");
	fixture_end(&fixture);
}

static void an_application_that_does_not_read_stops_the_client(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char bytes[65536] = {0};
	size_t n_sent = 0;

	(void)state;
	client_send(&fixture.client,
		    "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000\r\n\r\n");
	struct httpsys_request *request = app_receive(&fixture.app);
	struct pollfd poll_fd = {.fd = fixture.client.fd, .events = POLLOUT};
	while (poll(&poll_fd, 1, 300) == 1) {
		ssize_t n =
			send(fixture.client.fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT);

		assert_true(n > 0);
		n_sent += (size_t)n;
		assert_true(n_sent < 100u << 20);
	}
	/* What the engine took is four blocks; the rest waits in the sockets. */
	assert_true(harness_counter(fixture.harness, "bytes_received") < 4 * 32768 + 1000);
	httpsys_request_abort(request);
	httpsys_receiver_flush(fixture.app.receiver);
	fixture_end(&fixture);
}

static void *read_large(void *argument)
{
	struct client *client = argument;
	struct response response = client_read(client, false);

	for (size_t i = 0; i < response.body_len; i++) {
		if ((unsigned char)response.body[i] != pattern(i)) {
			fail_msg("byte %zu is wrong", i);
		}
	}
	assert_int_equal(response.body_len, LARGE_BYTES);
	response_free(&response);

	return NULL;
}

/* @content_length: -1 = chunked */
static void download(int64_t content_length)
{
	struct fixture fixture = fixture_start(NULL);
	unsigned char bytes[10000];
	pthread_t thread;
	size_t at = 0;

	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, content_length), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_large, &fixture.client), 0);
	while (at < LARGE_BYTES) {
		size_t len = LARGE_BYTES - at < sizeof(bytes) ? LARGE_BYTES - at : sizeof(bytes);
		size_t n;

		for (size_t i = 0; i < len; i++) {
			bytes[i] = pattern(at + i);
		}
		assert_int_equal(httpsys_response_write(request, bytes, len, HARNESS_WAIT_MS, &n),
				 0);
		at += n;
	}
	assert_int_equal(httpsys_response_end(request, NULL, 0), 0);
	httpsys_receiver_flush(fixture.app.receiver);
	pthread_join(thread, NULL);
	fixture_end(&fixture);
}

static void a_large_download_passes_whole(void **state)
{
	(void)state;
	download(LARGE_BYTES);
}

static void a_large_chunked_download_passes_whole(void **state)
{
	(void)state;
	download(-1);
}

static void a_client_that_does_not_read_stops_the_application(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char bytes[32768] = {0};
	size_t total = 0;
	size_t n;
	int r = 0;

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	while (r == 0) {
		r = httpsys_response_write(request, bytes, sizeof(bytes), 300, &n);
		total += r == 0 ? n : 0;
		assert_true(total < 100u << 20);
	}
	assert_int_equal(r, HTTPSYS_E_TIMEOUT);

	/* Meanwhile others are served. */
	struct client other = client_open(fixture.port);
	client_send(&other, GET);
	app_answer(&fixture.app, "other");
	client_expect(&other, 200, "other");
	client_close(&other);
	httpsys_request_abort(request);
	httpsys_receiver_flush(fixture.app.receiver);
	fixture_end(&fixture);
}

static void response_trailers_follow_a_chunked_body(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_field trailer = {{"X-Digest", 8}, {"abc", 3}};
	size_t n;

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_write(request, "data", 4, -1, &n), 0);
	assert_int_equal(httpsys_response_end(request, &trailer, 1), 0);
	httpsys_receiver_flush(fixture.app.receiver);
	struct response response = client_read(&fixture.client, false);
	assert_string_equal(response.body, "data");
	assert_string_equal(response.trailers, "X-Digest: abc\r\n\r\n");
	response_free(&response);
	client_send(&fixture.client, GET);
	app_answer(&fixture.app, "next");
	client_expect(&fixture.client, 200, "next");
	fixture_end(&fixture);
}

static void fewer_bytes_than_promised_reset_the_connection(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	size_t n;

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, 10), 0);
	assert_int_equal(httpsys_response_write(request, "1234", 4, -1, &n), 0);
	assert_int_equal(httpsys_response_end(request, NULL, 0), HTTPSYS_E_INVALID);
	httpsys_receiver_flush(fixture.app.receiver);
	client_expect_reset(&fixture.client);
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunked_body_may_be_cut_anywhere),
		cmocka_unit_test(parameters_change_in_the_middle_of_a_body),
		cmocka_unit_test(trailers_of_many_exchanges_use_up_no_blocks),
		cmocka_unit_test(refused_bodies_use_up_no_blocks),
		cmocka_unit_test(pipelined_requests_stand_behind_bodies),
		cmocka_unit_test(a_malformed_chunk_after_the_head_is_refused),
		cmocka_unit_test(one_hundred_continue_is_sent_when_the_body_is_wanted),
		cmocka_unit_test(a_body_that_nobody_wants_is_not_continued),
		cmocka_unit_test(an_unread_body_is_drained_and_the_connection_kept),
		cmocka_unit_test(an_unread_body_over_the_limit_ends_the_connection),
		cmocka_unit_test(a_large_upload_passes_whole),
		cmocka_unit_test(an_application_that_does_not_read_stops_the_client),
		cmocka_unit_test(a_large_download_passes_whole),
		cmocka_unit_test(a_large_chunked_download_passes_whole),
		cmocka_unit_test(a_client_that_does_not_read_stops_the_application),
		cmocka_unit_test(response_trailers_follow_a_chunked_body),
		cmocka_unit_test(fewer_bytes_than_promised_reset_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
