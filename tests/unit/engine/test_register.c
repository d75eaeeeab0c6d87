/* SPDX-License-Identifier: MIT */

/* Prefixes, rights, quotas and endpoints while the engine runs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness.h"

#define USER 65533 /* an unprivileged user without a name */

static void get(struct client *client, const char *path, const char *host)
{
	char request[512];

	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
	client_send(client, request);
}

static void add(struct app *app, const char *host, uint16_t port, const char *path, int expected)
{
	char prefix[256];

	(void)snprintf(prefix, sizeof(prefix), "%s:%u%s", host, port, path);
	int r = httpsys_group_add(app->group, prefix, 0, NULL);
	if (r != expected) {
		fail_msg("%s: expected %d, got %d: %s", prefix, expected, r,
			 httpsys_session_error(app->session));
	}
}

static void a_longer_prefix_takes_over_and_gives_back(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct app deep = app_start(fixture.harness, fixture.port, "/a/b/");

	(void)state;
	get(&fixture.client, "/A/B/c", "127.0.0.1");
	app_answer(&deep, "deep");
	client_expect(&fixture.client, 200, "deep");
	get(&fixture.client, "/a/bc", "127.0.0.1");
	app_answer(&fixture.app, "root");
	client_expect(&fixture.client, 200, "root");
	app_end(&deep);
	harness_sync(fixture.harness);
	get(&fixture.client, "/a/b/c", "127.0.0.1");
	app_answer(&fixture.app, "root again");
	client_expect(&fixture.client, 200, "root again");
	fixture_end(&fixture);
}

static void a_prefix_has_one_owner(void **state)
{
	struct fixture fixture = fixture_start(NULL);

	(void)state;
	add(&fixture.app, "http://127.0.0.1", fixture.port, "/", HTTPSYS_E_EXISTS);
	add(&fixture.app, "https://127.0.0.1", fixture.port, "/tls/", HTTPSYS_E_EXISTS);
	add(&fixture.app, "http://127.0.0.1", fixture.port, "/x?y", HTTPSYS_E_INVALID);
	add(&fixture.app, "http://127.0.0.1", fixture.port, "/more/", 0);
	fixture_end(&fixture);
}

static void a_refused_claim_refuses_the_registration(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	uint16_t port = harness_port(fixture.harness);

	(void)state;
	harness_refuse_next(fixture.harness, HTTPSYS_E_PORT_IN_USE);
	add(&fixture.app, "http://127.0.0.1", port, "/", HTTPSYS_E_PORT_IN_USE);
	assert_non_null(strstr(httpsys_session_error(fixture.app.session), "served"));
	/* Nothing is left of it: it may be tried again. */
	add(&fixture.app, "http://127.0.0.1", port, "/", 0);
	harness_sync(fixture.harness);
	assert_int_equal(harness_claims_closed(fixture.harness), 1);
	fixture_end(&fixture);
}

static void a_prefix_too_deep_is_refused_and_nothing_breaks(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char prefix[1200];
	int len = snprintf(prefix, sizeof(prefix), "http://127.0.0.1:%u/", fixture.port);

	(void)state;
	for (int i = 0; i < 254; i++) {
		memcpy(prefix + len + 2 * i, "a/", 3);
	}
	assert_int_equal(httpsys_group_add(fixture.app.group, prefix, 0, NULL), 0);
	strncat(prefix, "b/", sizeof(prefix) - strlen(prefix) - 1);
	assert_int_equal(httpsys_group_add(fixture.app.group, prefix, 0, NULL), HTTPSYS_E_INVALID);
	get(&fixture.client, "/", "127.0.0.1");
	app_answer(&fixture.app, "alive");
	client_expect(&fixture.client, 200, "alive");
	fixture_end(&fixture);
}

static void a_reservation_stops_requests_until_it_goes(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char prefix[64];

	(void)state;
	(void)snprintf(prefix, sizeof(prefix), "http://127.0.0.1:%u/kept/", fixture.port);
	harness_reserve(fixture.harness, prefix, "D:(A;;GX;;;WD)");
	harness_sync(fixture.harness);
	get(&fixture.client, "/kept/x", "127.0.0.1");
	client_expect(&fixture.client, 503, NULL);
	client_close(&fixture.client);
	assert_int_equal(harness_counter(fixture.harness, "requests_reserved"), 1);

	fixture.client = client_open(fixture.port);
	harness_unreserve(fixture.harness, prefix);
	harness_sync(fixture.harness);
	get(&fixture.client, "/kept/x", "127.0.0.1");
	app_answer(&fixture.app, "free");
	client_expect(&fixture.client, 200, "free");
	fixture_end(&fixture);
}

/* What a user without privileges may register. */
struct rights_order {
	uint16_t port;
	const char *host;
	const char *path;
};

static int child_register(struct harness *harness, int ready_fd, void *argument)
{
	const struct rights_order *order = argument;
	struct httpsys_session *session;
	struct httpsys_group *group;
	char prefix[256];

	(void)ready_fd;
	(void)snprintf(prefix, sizeof(prefix), "%s:%u%s", order->host, order->port, order->path);
	if (httpsys_session_new(harness->home, &session) != 0 ||
	    httpsys_group_new(session, &group) != 0) {
		return 99;
	}
	int r = httpsys_group_add(group, prefix, 0, NULL);
	httpsys_session_free(session);

	return -r;
}

static void users_register_where_a_reservation_lets_them(void **state)
{
	static const struct {
		const char *host;
		const char *path;
		const char *reserved_path; /* of a reservation for http://+ */
		const char *acl;
		int code;
	} rows[] = {
		{"http://127.0.0.1", "/", NULL, NULL, 0},
		{"http://localhost", "/", NULL, NULL, 0},
		{"http://+", "/", NULL, NULL, -HTTPSYS_E_DENIED},
		{"http://example.com", "/", NULL, NULL, -HTTPSYS_E_DENIED},
		{"http://+", "/app/sub/", "/app/", "user:65533", 0},
		{"http://+", "/app/sub/", "/app/", "user:1", -HTTPSYS_E_DENIED},
		{"http://+", "/app/", "/app/", "group:65533", 0},
		{"http://*", "/", "/", "everyone", -HTTPSYS_E_DENIED},
	};

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	struct harness *harness = harness_start(NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rights_order order = {harness_port(harness), rows[i].host, rows[i].path};
		char reservation[128];

		if (rows[i].reserved_path != NULL) {
			(void)snprintf(reservation, sizeof(reservation), "http://+:%u%s",
				       order.port, rows[i].reserved_path);
			harness_reserve(harness, reservation, rows[i].acl);
			harness_sync(harness);
		}
		int code = child_end(child_start(harness, USER, child_register, &order));
		if (code != rows[i].code) {
			fail_msg("row %zu: expected %d, got %d", i, rows[i].code, code);
		}
	}
	harness_stop(harness);
}

/* What making the @i-th object of a kind must give when two are allowed. */
static int fill_code(int i)
{
	return i < 2 ? 0 : HTTPSYS_E_QUOTA;
}

/* Groups and queues up to the limit, and one over it.  Return: true = as it should be. */
static bool fill_groups_and_queues(struct httpsys_session *session)
{
	struct httpsys_group *group;
	struct httpsys_queue *queue;

	for (int i = 0; i < 3; i++) {
		if (httpsys_group_new(session, &group) != fill_code(i) ||
		    httpsys_queue_new(session, NULL, NULL, &queue) != fill_code(i)) {
			return false;
		}
	}

	return true;
}

static bool fill_prefixes_and_receivers(struct httpsys_group *group, struct httpsys_queue *queue,
					uint16_t port)
{
	struct httpsys_receiver *receiver;
	char prefix[64];

	for (int i = 0; i < 3; i++) {
		(void)snprintf(prefix, sizeof(prefix), "http://127.0.0.1:%u/%d/", port, i);
		if (httpsys_group_add(group, prefix, 0, NULL) != fill_code(i) ||
		    httpsys_receiver_new(queue, NULL, &receiver) != fill_code(i)) {
			return false;
		}
	}

	return true;
}

static int child_fill(struct harness *harness, int ready_fd, void *argument)
{
	const uint16_t *port = argument;
	struct httpsys_session *sessions[3];
	struct httpsys_group *group;
	struct httpsys_queue *queue;

	(void)ready_fd;
	for (int i = 0; i < 3; i++) {
		if (httpsys_session_new(harness->home, &sessions[i]) != fill_code(i)) {
			return 1;
		}
	}
	if (!fill_groups_and_queues(sessions[0]) ||
	    httpsys_group_new(sessions[1], &group) != HTTPSYS_E_QUOTA) {
		return 2;
	}

	/* What the first had is free again. */
	sessions[0] = httpsys_session_free(sessions[0]);
	int r = HTTPSYS_E_QUOTA;
	for (int i = 0; i < 200 && r == HTTPSYS_E_QUOTA; i++) {
		r = httpsys_group_new(sessions[1], &group);
		harness_pause(10);
	}
	if (r != 0 || httpsys_queue_new(sessions[1], NULL, NULL, &queue) != 0) {
		return 3;
	}

	return fill_prefixes_and_receivers(group, queue, *port) ? 0 : 4;
}

static void what_a_user_may_hold_is_limited(void **state)
{
	static const struct harness_parameter parameters[] = {
		{"MaxSessionsPerUser", 2}, {"MaxUrlGroupsPerUser", 2}, {"MaxPrefixesPerUser", 2},
		{"MaxQueuesPerUser", 2},   {"MaxReceiversPerUser", 2}, {NULL, 0}};

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	struct harness *harness = harness_start(parameters);
	uint16_t port = harness_port(harness);
	assert_int_equal(child_end(child_start(harness, USER, child_fill, &port)), 0);
	harness_stop(harness);
}

static int child_open_queue(struct harness *harness, int ready_fd, void *argument)
{
	struct httpsys_session *session;
	struct httpsys_queue *queue;

	(void)ready_fd;
	if (httpsys_session_new(harness->home, &session) != 0) {
		return 99;
	}

	return -httpsys_queue_open(session, argument, &queue);
}

static void a_queue_opens_for_its_access_list(void **state)
{
	struct httpsys_queue *queue;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	struct fixture fixture = fixture_start(NULL);
	assert_int_equal(httpsys_queue_new(fixture.app.session, "mine", NULL, &queue), 0);
	assert_int_equal(httpsys_queue_new(fixture.app.session, "theirs", "user:65533", &queue), 0);
	assert_int_equal(child_end(child_start(fixture.harness, USER, child_open_queue, "mine")),
			 -HTTPSYS_E_DENIED);
	assert_int_equal(child_end(child_start(fixture.harness, USER, child_open_queue, "theirs")),
			 0);
	assert_int_equal(child_end(child_start(fixture.harness, USER, child_open_queue, "nobodys")),
			 -HTTPSYS_E_NOT_FOUND);
	fixture_end(&fixture);
}

static void a_retired_endpoint_loses_no_connection(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct client clients[50];

	(void)state;
	for (int i = 0; i < 50; i++) {
		clients[i] = client_open(fixture.port);
		get(&clients[i], "/", "127.0.0.1");
	}
	harness_retire(fixture.harness, fixture.port);
	for (int i = 0; i < 50; i++) {
		app_answer(&fixture.app, "accepted");
	}
	for (int i = 0; i < 50; i++) {
		client_expect(&clients[i], 200, "accepted");
		/* It goes on although nobody listens any more. */
		get(&clients[i], "/", "127.0.0.1");
		app_answer(&fixture.app, "kept");
		client_expect(&clients[i], 200, "kept");
		client_close(&clients[i]);
	}
	fixture_end(&fixture);
}

static void connections_over_the_maximum_are_closed(void **state)
{
	static const struct harness_parameter parameters[] = {{"MaxConnections", 3}, {NULL, 0}};
	struct fixture fixture = fixture_start(parameters);
	struct client clients[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		clients[i] = client_open(fixture.port);
	}
	harness_await_counter(fixture.harness, "accept_failed_connection_limit", 1);
	client_expect_end(&clients[2]);
	client_close(&clients[2]);
	client_close(&clients[1]);
	harness_await_counter(fixture.harness, "connections_closed", 1);
	clients[1] = client_open(fixture.port);
	get(&clients[1], "/", "127.0.0.1");
	app_answer(&fixture.app, "room");
	client_expect(&clients[1], 200, "room");
	client_close(&clients[0]);
	client_close(&clients[1]);
	fixture_end(&fixture);
}

static void a_stop_waits_for_what_is_in_work(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct client idle = client_open(fixture.port);
	struct message message;

	(void)state;
	get(&idle, "/", "127.0.0.1");
	app_answer(&fixture.app, "idle");
	client_expect(&idle, 200, "idle");
	get(&fixture.client, "/", "127.0.0.1");
	struct httpsys_request *request = app_receive(&fixture.app);
	message_init(&message, MESSAGE_ENGINE_STOP, 0);
	harness_send(fixture.harness, &message);
	client_expect_end(&idle);
	client_close(&idle);
	assert_false(harness_is_stopped(fixture.harness));
	app_respond(&fixture.app, request, "last");
	struct response response = client_read(&fixture.client, false);
	assert_string_equal(response.body, "last");
	assert_string_equal(response_field(&response, "Connection"), "close");
	response_free(&response);
	client_close(&fixture.client);
	int64_t end = millis() + HARNESS_WAIT_MS;
	while (!harness_is_stopped(fixture.harness)) {
		assert_true(millis() < end);
		harness_pause(5);
	}
	fixture_end(&fixture);
}

static void a_stop_answers_what_came_before_it(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct client clients[30];
	struct message message;

	(void)state;
	for (int i = 0; i < 30; i++) {
		clients[i] = client_open(fixture.port);
		get(&clients[i], "/", "127.0.0.1");
		app_answer(&fixture.app, "first");
		client_expect(&clients[i], 200, "first");
	}
	for (int i = 0; i < 30; i++) {
		get(&clients[i], "/", "127.0.0.1");
	}
	message_init(&message, MESSAGE_ENGINE_STOP, 0);
	harness_send(fixture.harness, &message);
	for (int i = 0; i < 30; i++) {
		app_answer(&fixture.app, "second");
	}
	for (int i = 0; i < 30; i++) {
		client_expect(&clients[i], 200, "second");
		client_close(&clients[i]);
	}
	fixture_end(&fixture);
}

static void explain_says_who_gets_a_request(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	char url[64];

	(void)state;
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", fixture.port);
	char *text = harness_query(fixture.harness, WIRE_QUERY_EXPLAIN, url);
	assert_non_null(strstr(text, "\"outcome\":\"delivered\""));
	assert_non_null(strstr(text, "\"bucket\":\"ip\""));
	free(text);
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/%%zz", fixture.port);
	text = harness_query(fixture.harness, WIRE_QUERY_EXPLAIN, url);
	assert_non_null(strstr(text, "\"outcome\":\"refused\""));
	assert_non_null(strstr(text, "\"status\":400"));
	free(text);
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_longer_prefix_takes_over_and_gives_back),
		cmocka_unit_test(a_prefix_has_one_owner),
		cmocka_unit_test(a_refused_claim_refuses_the_registration),
		cmocka_unit_test(a_prefix_too_deep_is_refused_and_nothing_breaks),
		cmocka_unit_test(a_reservation_stops_requests_until_it_goes),
		cmocka_unit_test(users_register_where_a_reservation_lets_them),
		cmocka_unit_test(what_a_user_may_hold_is_limited),
		cmocka_unit_test(a_queue_opens_for_its_access_list),
		cmocka_unit_test(a_retired_endpoint_loses_no_connection),
		cmocka_unit_test(connections_over_the_maximum_are_closed),
		cmocka_unit_test(a_stop_waits_for_what_is_in_work),
		cmocka_unit_test(a_stop_answers_what_came_before_it),
		cmocka_unit_test(explain_says_who_gets_a_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
