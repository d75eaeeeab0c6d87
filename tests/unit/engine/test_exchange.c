/* SPDX-License-Identifier: MIT */

/* Requests and responses through the whole engine: connections, framing, files. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness.h"

#define GET "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

struct fixture {
	struct harness *harness;
	uint16_t port;
	struct app app;
	struct client client;
};

static struct fixture fixture_start(const struct harness_parameter *parameters)
{
	struct fixture fixture = {.harness = harness_start(parameters)};

	fixture.port = harness_port(fixture.harness);
	fixture.app = app_start(fixture.harness, fixture.port, "/");
	fixture.client = client_open(fixture.port);

	return fixture;
}

static void fixture_end(struct fixture *fixture)
{
	client_close(&fixture->client);
	app_end(&fixture->app);
	harness_stop(fixture->harness);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hello_is_answered_on_a_kept_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
