/* SPDX-License-Identifier: MIT */

/* Requests that wait, time-outs, and what becomes of them when applications go. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness.h"

#define GET "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

static void a_request_waits_for_a_receiver(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	fixture.app.receiver = httpsys_receiver_free(fixture.app.receiver);
	client_send(&fixture.client, GET);
	harness_await_counter(fixture.harness, "requests_queued", 1);
	assert_int_equal(httpsys_receiver_new(fixture.app.queue, NULL, &fixture.app.receiver), 0);
	app_answer(&fixture.app, "late");
	client_expect(&fixture.client, 200, "late");
	fixture_end(&fixture);
}

static void a_full_queue_refuses_the_next_request(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct client clients[3];

	(void)state;
	assert_int_equal(httpsys_queue_set(fixture.app.queue, HTTPSYS_QUEUE_ENTRIES_MAX, 2), 0);
	for (int i = 0; i < 3; i++) {
		clients[i] = client_open(fixture.port);
		client_send(&clients[i], GET);
		if (i < 2) {
			harness_await_counter(fixture.harness, "requests_queued", (uint64_t)i + 1);
		}
	}
	client_expect(&clients[2], 503, NULL);
	assert_int_equal(harness_counter(fixture.harness, "requests_queue_full"), 1);
	for (int i = 0; i < 2; i++) {
		app_answer(&fixture.app, "waited");
	}
	for (int i = 0; i < 3; i++) {
		if (i < 2) {
			client_expect(&clients[i], 200, "waited");
		}
		client_close(&clients[i]);
	}
	fixture_end(&fixture);
}

static void an_inactive_group_or_queue_refuses(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	assert_int_equal(httpsys_group_set(fixture.app.group, HTTPSYS_GROUP_STATE, 1), 0);
	client_send(&fixture.client, GET);
	client_expect(&fixture.client, 503, NULL);
	client_close(&fixture.client);
	assert_int_equal(httpsys_group_set(fixture.app.group, HTTPSYS_GROUP_STATE, 0), 0);

	assert_int_equal(httpsys_queue_set(fixture.app.queue, HTTPSYS_QUEUE_STATE, 1), 0);
	fixture.client = client_open(fixture.port);
	client_send(&fixture.client, GET);
	client_expect(&fixture.client, 503, NULL);
	client_close(&fixture.client);
	assert_int_equal(harness_counter(fixture.harness, "requests_disabled"), 2);
	assert_int_equal(httpsys_queue_set(fixture.app.queue, HTTPSYS_QUEUE_STATE, 0), 0);

	assert_int_equal(httpsys_group_bind(fixture.app.group, NULL), 0);
	fixture.client = client_open(fixture.port);
	client_send(&fixture.client, GET);
	client_expect(&fixture.client, 503, NULL);
	client_close(&fixture.client);
	assert_int_equal(harness_counter(fixture.harness, "requests_no_queue"), 1);

	assert_int_equal(httpsys_group_bind(fixture.app.group, fixture.app.queue), 0);
	fixture.client = client_open(fixture.port);
	client_send(&fixture.client, GET);
	app_answer(&fixture.app, "active");
	client_expect(&fixture.client, 200, "active");
	fixture_end(&fixture);
}

static void who_waits_too_long_is_told_or_closed(void **state)
{
	static const struct harness_parameter parameters[] = {{"IdleConnectionTimeout", 1},
							      {"HeaderWaitTimeout", 1},
							      {"EntityBodyTimeout", 1},
							      {"RequestQueueTimeout", 1},
							      {NULL, 0}};
	struct fixture fixture = fixture_start(parameters);
	struct client header = client_open(fixture.port);
	struct client idle = client_open(fixture.port);
	struct client body = client_open(fixture.port);
	struct client queued = client_open(fixture.port);

	(void)state;
	client_send(&body, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n");
	(void)app_receive(&fixture.app);
	client_send(&idle, GET);
	app_answer(&fixture.app, "once");
	client_expect(&idle, 200, "once");
	client_send(&header, "GET / HT");
	fixture.app.receiver = httpsys_receiver_free(fixture.app.receiver);
	client_expect(&body, 502, NULL);
	client_close(&body);
	client_send(&queued, GET);

	client_expect(&queued, 503, NULL);
	client_expect(&header, 408, NULL);
	client_expect_end(&idle);
	client_expect_end(&fixture.client);
	assert_int_equal(harness_counter(fixture.harness, "timeout_queue"), 1);
	assert_int_equal(harness_counter(fixture.harness, "timeout_header"), 1);
	assert_int_equal(harness_counter(fixture.harness, "timeout_idle"), 2);

	assert_int_equal(httpsys_receiver_new(fixture.app.queue, NULL, &fixture.app.receiver), 0);
	body = client_open(fixture.port);
	client_send(&body, "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n");
	(void)app_receive(&fixture.app);
	client_expect_end(&body);
	assert_int_equal(harness_counter(fixture.harness, "timeout_body"), 1);

	client_close(&header);
	client_close(&idle);
	client_close(&body);
	client_close(&queued);
	fixture_end(&fixture);
}

static void a_slow_application_is_no_late_client(void **state)
{
	static const struct harness_parameter parameters[] = {
		{"IdleConnectionTimeout", 1}, {"EntityBodyTimeout", 1}, {NULL, 0}};
	struct fixture fixture = fixture_start(parameters);

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	harness_pause(1500);
	app_respond(&fixture.app, request, "slow");
	client_expect(&fixture.client, 200, "slow");
	fixture_end(&fixture);
}

/* ---- applications that go ---- */

struct child_order {
	uint16_t port;
	const char *path;
	unsigned n_taken; /* requests it takes before it says that it is ready */
	bool is_begun;    /* it sends a head and some bytes for each */
	uint64_t grace_ms;
};

/* Register, take some requests, and wait for the end. */
static int child_take(struct harness *harness, int ready_fd, void *argument)
{
	const struct child_order *order = argument;
	struct app app = app_start(harness, order->port, order->path);
	struct httpsys_request *request;
	size_t n;

	if (httpsys_group_set(app.group, HTTPSYS_GROUP_GRACE_MS, order->grace_ms) != 0) {
		return 1;
	}
	if (order->n_taken > 0 && write(ready_fd, "", 1) != 1) {
		return 2;
	}
	for (unsigned i = 0; i < order->n_taken; i++) {
		if (httpsys_receive(app.receiver, HARNESS_WAIT_MS, &request) != 0) {
			return 3;
		}
		if (order->is_begun && (httpsys_response_begin(request, 200, NULL, 0, 100) != 0 ||
					httpsys_response_write(request, "abc", 3, -1, &n) != 0)) {
			return 4;
		}
		httpsys_receiver_flush(app.receiver);
	}
	if (order->n_taken == 0) {
		/* Credit is given by looking; nothing is there yet. */
		(void)httpsys_receive(app.receiver, 10, &request);
		if (write(ready_fd, "", 1) != 1) {
			return 5;
		}
	}
	for (;;) {
		pause();
	}
}

static void a_request_that_was_taken_fails_with_its_application(void **state)
{
	struct harness *harness = harness_start(NULL);
	struct child_order order = {.port = harness_port(harness), .path = "/", .n_taken = 1};
	pid_t pid = child_start(harness, 0, child_take, &order);
	struct client client = client_open(order.port);

	(void)state;
	client_send(&client, GET);
	harness_await_counter(harness, "requests_delivered", 1);
	harness_pause(100);
	child_kill(pid);
	client_expect(&client, 502, NULL);
	assert_int_equal(harness_counter(harness, "requests_abandoned"), 1);
	client_close(&client);
	harness_stop(harness);
}

static void a_response_that_was_begun_is_reset_with_its_application(void **state)
{
	struct harness *harness = harness_start(NULL);
	struct child_order order = {
		.port = harness_port(harness), .path = "/", .n_taken = 1, .is_begun = true};
	pid_t pid = child_start(harness, 0, child_take, &order);
	struct client client = client_open(order.port);

	(void)state;
	client_send(&client, GET);
	harness_await_counter(harness, "bytes_sent", 10);
	child_kill(pid);
	client_expect_reset(&client);
	client_close(&client);
	harness_stop(harness);
}

static void what_was_not_taken_waits_for_the_successor(void **state)
{
	struct harness *harness = harness_start(NULL);
	struct child_order order = {
		.port = harness_port(harness), .path = "/", .grace_ms = HARNESS_WAIT_MS};
	pid_t pid = child_start(harness, 0, child_take, &order);
	struct client clients[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		clients[i] = client_open(order.port);
		client_send(&clients[i],
			    i % 2 == 0 ? GET
				       : "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
					 "4\r\n\r\nbo");
	}
	/* Delivered to a process that does not look any more. */
	harness_await_counter(harness, "requests_delivered", 4);
	child_kill(pid);
	harness_await_counter(harness, "requests_requeued", 4);
	struct client late = client_open(order.port);
	client_send(&late, GET);
	harness_await_counter(harness, "requests_received", 5);

	struct app app = app_start(harness, order.port, "/");
	client_send(&clients[1], "dy");
	client_send(&clients[3], "dy");
	for (int i = 0; i < 5; i++) {
		struct httpsys_request *request = app_receive(&app);
		struct httpsys_slice data;
		char body[8] = "";
		size_t len = 0;

		while (httpsys_request_read(request, HARNESS_WAIT_MS, &data) == 0) {
			assert_true(len + data.len < sizeof(body));
			memcpy(body + len, data.data, data.len);
			len += data.len;
		}
		app_respond(&app, request, body);
	}
	for (int i = 0; i < 4; i++) {
		client_expect(&clients[i], 200, i % 2 == 0 ? "" : "body");
		client_close(&clients[i]);
	}
	client_expect(&late, 200, "");
	client_close(&late);
	app_end(&app);
	harness_stop(harness);
}

static void without_grace_the_prefix_is_free_at_once(void **state)
{
	struct harness *harness = harness_start(NULL);
	struct child_order order = {.port = harness_port(harness), .path = "/deep/"};
	struct app app = app_start(harness, order.port, "/");
	pid_t pid = child_start(harness, 0, child_take, &order);
	struct client client = client_open(order.port);

	(void)state;
	client_send(&client, "GET /deep/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	harness_await_counter(harness, "requests_delivered", 1);
	child_kill(pid);
	/* What waited is routed anew, to the shorter prefix. */
	app_answer(&app, "shorter");
	client_expect(&client, 200, "shorter");
	client_close(&client);
	app_end(&app);
	harness_stop(harness);
}

static void the_grace_period_ends(void **state)
{
	struct harness *harness = harness_start(NULL);
	struct child_order order = {.port = harness_port(harness), .path = "/", .grace_ms = 200};
	struct app other = app_start(harness, order.port, "/other/");
	pid_t pid = child_start(harness, 0, child_take, &order);
	struct client client = client_open(order.port);

	(void)state;
	client_send(&client, GET);
	harness_await_counter(harness, "requests_delivered", 1);
	child_kill(pid);
	client_expect(&client, 404, NULL);
	client_close(&client);
	app_end(&other);
	harness_stop(harness);
}

/* Open the queue "shared" and answer one request. */
static int child_share(struct harness *harness, int ready_fd, void *argument)
{
	struct httpsys_receiver *receiver;
	struct httpsys_request *request;
	struct httpsys_session *session;
	struct httpsys_queue *queue;

	(void)argument;
	if (httpsys_session_new(harness->home, &session) != 0 ||
	    httpsys_queue_open(session, "shared", &queue) != 0 ||
	    httpsys_receiver_new(queue, NULL, &receiver) != 0) {
		return 1;
	}
	if (httpsys_receive(receiver, 10, &request) != HTTPSYS_E_TIMEOUT ||
	    write(ready_fd, "", 1) != 1) {
		return 2;
	}
	if (httpsys_receive(receiver, HARNESS_WAIT_MS, &request) != 0 ||
	    httpsys_respond(request, 200, NULL, 0, "child", 5) != 0) {
		return 3;
	}
	httpsys_receiver_flush(receiver);
	httpsys_session_free(session);

	return 0;
}

static void two_processes_receive_from_a_named_queue(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_queue *queue;
	char prefix[64];

	(void)state;
	assert_int_equal(httpsys_queue_new(fixture.app.session, "shared", NULL, &queue), 0);
	assert_int_equal(httpsys_queue_new(fixture.app.session, "shared", NULL, &queue),
			 HTTPSYS_E_EXISTS);
	struct httpsys_group *group;
	assert_int_equal(httpsys_group_new(fixture.app.session, &group), 0);
	(void)snprintf(prefix, sizeof(prefix), "http://127.0.0.1:%u/shared/", fixture.port);
	assert_int_equal(httpsys_group_bind(group, queue), 0);
	assert_int_equal(httpsys_group_add(group, prefix, 0, NULL), 0);

	pid_t pids[2] = {child_start(fixture.harness, 0, child_share, NULL),
			 child_start(fixture.harness, 0, child_share, NULL)};
	for (int i = 0; i < 2; i++) {
		client_send(&fixture.client, "GET /shared/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
		client_expect(&fixture.client, 200, "child");
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(child_end(pids[i]), 0);
	}
	fixture_end(&fixture);
}

static void a_closed_queue_lets_its_requests_go(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	client_send(&fixture.client, GET);
	harness_await_counter(fixture.harness, "requests_queued", 1);
	fixture.app.receiver = httpsys_receiver_free(fixture.app.receiver);
	assert_int_equal(httpsys_group_bind(fixture.app.group, NULL), 0);
	fixture.app.queue = httpsys_queue_free(fixture.app.queue);
	client_expect(&fixture.client, 503, NULL);
	fixture_end(&fixture);
}

static void more_requests_than_slots_are_all_served(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct httpsys_receiver_options options = {.size = sizeof(options), .exchanges_max = 16};
	struct client clients[100];
	struct httpsys_request *held[16];

	(void)state;
	fixture.app.receiver = httpsys_receiver_free(fixture.app.receiver);
	assert_int_equal(httpsys_receiver_new(fixture.app.queue, &options, &fixture.app.receiver),
			 0);
	for (int i = 0; i < 100; i++) {
		clients[i] = client_open(fixture.port);
		client_send(&clients[i], GET);
	}
	/* Some are held while the slots of the others come and go. */
	for (int i = 0; i < 8; i++) {
		held[i] = app_receive(&fixture.app);
	}
	for (int i = 0; i < 92; i++) {
		app_answer(&fixture.app, "x");
	}
	for (int i = 0; i < 8; i++) {
		app_respond(&fixture.app, held[i], "x");
	}
	for (int i = 0; i < 100; i++) {
		client_expect(&clients[i], 200, "x");
		client_close(&clients[i]);
	}
	assert_int_equal(harness_counter(fixture.harness, "responses_sent"), 100);
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_waits_for_a_receiver),
		cmocka_unit_test(a_full_queue_refuses_the_next_request),
		cmocka_unit_test(an_inactive_group_or_queue_refuses),
		cmocka_unit_test(who_waits_too_long_is_told_or_closed),
		cmocka_unit_test(a_slow_application_is_no_late_client),
		cmocka_unit_test(a_request_that_was_taken_fails_with_its_application),
		cmocka_unit_test(a_response_that_was_begun_is_reset_with_its_application),
		cmocka_unit_test(what_was_not_taken_waits_for_the_successor),
		cmocka_unit_test(without_grace_the_prefix_is_free_at_once),
		cmocka_unit_test(the_grace_period_ends),
		cmocka_unit_test(two_processes_receive_from_a_named_queue),
		cmocka_unit_test(a_closed_queue_lets_its_requests_go),
		cmocka_unit_test(more_requests_than_slots_are_all_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
