/* SPDX-License-Identifier: MIT */

/*
 * Endpoints with real sockets and an engine that is this test: what it is told, in which order, and
 * that no connection is lost while the list changes.
 */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/fd.h"
#include "fake_engine.h"
#include "master/endpointset.h"
#include "net.h"
#include "wire/error.h"

static void nothing_is_bound_without_a_claim(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	assert_int_equal(endpointset_apply(&engine->set), 0);
	assert_true(can_bind(engine, "0.0.0.0"));
	engine_claim(engine, 1, NULL, &is_refused);
	assert_false(can_bind(engine, "0.0.0.0"));
	assert_int_equal(endpointset_close_claim(&engine->set, 1), 0);
	engine_settle(engine);
	assert_true(can_bind(engine, "0.0.0.0"));
	assert_true(can_bind(engine, "::"));
}

static void endpoints_are_handed_over_before_the_claims_state(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	engine_claim(engine, 1, NULL, &is_refused);
	assert_false(is_refused);
	assert_string_equal(engine->log, "open 0.0.0.0 open :: served ");
	engine_claim(engine, 2, "127.0.0.1", &is_refused);
	assert_string_equal(engine->log, "open 0.0.0.0 open :: served served ");
	assert_int_equal(endpointset_close_claim(&engine->set, 2), 0);
	assert_int_equal(endpointset_close_claim(&engine->set, 2), ENDPOINTSET_E_NOT_FOUND);
	assert_true(has_listening(engine, "0.0.0.0"));
}

static void narrower_list_opens_first_and_frees_the_rest(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	engine_claim(engine, 1, NULL, &is_refused);
	engine->log[0] = '\0';
	engine_change(engine, "127.0.0.1");
	assert_string_equal(engine->log, "open 127.0.0.1 ");
	engine_settle(engine);
	assert_string_equal(engine->log, "open 127.0.0.1 retire retire ");
	assert_true(has_listening(engine, "127.0.0.1"));
	assert_true(can_bind(engine, "127.0.0.2"));
	assert_true(can_bind(engine, "::1"));
	assert_false(can_bind(engine, "127.0.0.1"));
}

static void reuseport_is_cleared_after_the_change(void **state)
{
	struct engine *engine = *state;
	struct ip_endpoint at = net_endpoint("127.0.0.1", engine->port);
	int value = 1;
	socklen_t len = sizeof(value);
	bool is_refused;

	engine_claim(engine, 1, NULL, &is_refused);
	engine_change(engine, "127.0.0.1");

	const struct endpoint *endpoint = endpointset_find(&engine->set, &at);

	assert_true(endpoint->is_reuseport);
	engine_settle(engine);
	assert_int_equal(getsockopt(endpoint->fd, SOL_SOCKET, SO_REUSEPORT, &value, &len), 0);
	assert_int_equal(value, 0);
}

static void foreign_address_refuses_and_leaves_nothing(void **state)
{
	struct engine *engine = *state;
	int foreign = net_bind("127.0.0.2", engine->port, false);
	bool is_refused;

	assert_int_equal(listen(foreign, 4), 0);
	engine_claim(engine, 1, NULL, &is_refused);
	assert_true(is_refused);
	assert_int_equal(engine->verdict.code, WIRE_ERROR_PORT_IN_USE);
	assert_non_null(strstr(engine->verdict.text, "test_endpointset (pid "));
	assert_non_null(strstr(engine->verdict.text, "127.0.0.2:"));
	assert_string_equal(engine->log, "failed refused ");
	assert_true(can_bind(engine, "::"));
	assert_true(list_is_empty(&engine->set.endpoints));
	fd_close(foreign);
	engine_claim(engine, 2, NULL, &is_refused);
	assert_false(is_refused);
}

static void bound_foreign_socket_refuses_too(void **state)
{
	struct engine *engine = *state;
	int foreign = net_bind("127.0.0.1", engine->port, false);
	bool is_refused;

	engine_claim(engine, 1, NULL, &is_refused);
	assert_true(is_refused);
	assert_int_equal(engine->verdict.code, WIRE_ERROR_PORT_IN_USE);
	assert_true(can_bind(engine, "::"));
	fd_close(foreign);
}

static void neighbours_address_leaves_the_others_up_and_is_retried(void **state)
{
	struct engine *engine = *state;
	int foreign = net_bind("127.0.0.2", engine->port, false);
	struct mono_time deadline = mono_add_ms(clock_mono(), NET_WAIT_MS);
	bool is_refused;

	assert_int_equal(listen(foreign, 4), 0);
	engine_set_list(engine, "127.0.0.1 127.0.0.2");
	engine_claim(engine, 1, NULL, &is_refused);
	assert_false(is_refused);
	assert_int_equal(engine->verdict.state, WIRE_STATE_PARTLY_SERVED);
	assert_true(has_listening(engine, "127.0.0.1"));
	fd_close(foreign);
	while (!has_listening(engine, "127.0.0.2")) {
		assert_true(clock_mono().ns < deadline.ns);
		engine_turn(engine);
	}
	assert_int_equal(engine->verdict.state, WIRE_STATE_SERVED);
	assert_string_equal(engine->log,
			    "failed open 127.0.0.1 partly served open 127.0.0.2 served ");
}

static void address_that_comes_and_goes_is_followed(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	engine->set.locals.n_addrs = 1;
	engine_set_list(engine, "127.0.0.1 ::1");
	engine_claim(engine, 1, NULL, &is_refused);
	assert_false(has_listening(engine, "::1"));
	assert_int_equal(engine->verdict.state, WIRE_STATE_SERVED);
	engine->set.locals.n_addrs = 2;
	assert_int_equal(endpointset_apply(&engine->set), 0);
	assert_true(has_listening(engine, "::1"));
	engine->set.locals.n_addrs = 1;
	assert_int_equal(endpointset_apply(&engine->set), 0);
	engine_settle(engine);
	assert_true(can_bind(engine, "::1"));
}

static void literal_outside_the_list_is_unreachable_until_listed(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	engine_set_list(engine, "127.0.0.1");
	engine_claim(engine, 1, "127.0.0.3", &is_refused);
	assert_false(is_refused);
	assert_int_equal(engine->verdict.state, WIRE_STATE_UNREACHABLE);
	assert_string_equal(engine->verdict.repair, "httpcfg set iplisten -i 127.0.0.3");
	assert_true(can_bind(engine, "127.0.0.3"));
	engine_change(engine, "127.0.0.1 127.0.0.3");
	assert_int_equal(engine->verdict.state, WIRE_STATE_SERVED);
	assert_true(has_listening(engine, "127.0.0.3"));
	assert_false(has_listening(engine, "127.0.0.1"));
}

static void sockets_survive_the_engine(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	engine_set_list(engine, "127.0.0.1 127.0.0.2:1");
	engine_claim(engine, 1, NULL, &is_refused);
	engine->is_up = false;
	endpointset_engine_gone(&engine->set);
	engine->endpoints[0].fd = fd_close(engine->endpoints[0].fd);

	int client = net_connect("127.0.0.1", engine->port);

	assert_true(net_wait(client, POLLOUT, NET_WAIT_MS));
	engine->is_up = true;
	engine->log[0] = '\0';
	engine_claim(engine, 7, NULL, &is_refused);
	assert_string_equal(engine->log, "open 127.0.0.1 served ");
	engine_turn(engine);
	assert_true(net_wait(client, POLLIN, NET_WAIT_MS));
	assert_int_equal(endpointset_drop_orphans(&engine->set), 0);
	assert_true(has_listening(engine, "127.0.0.1"));
	fd_close(client);
}

static void what_nobody_claims_again_is_closed(void **state)
{
	struct engine *engine = *state;
	bool is_refused;

	engine_claim(engine, 1, NULL, &is_refused);
	engine->is_up = false;
	endpointset_engine_gone(&engine->set);
	for (size_t i = 0; i < ENGINE_ENDPOINTS_MAX; i++) {
		engine->endpoints[i].fd = fd_close(engine->endpoints[i].fd);
	}
	engine->is_up = true;
	assert_true(has_listening(engine, "0.0.0.0"));
	assert_int_equal(endpointset_drop_orphans(&engine->set), 0);
	assert_true(can_bind(engine, "0.0.0.0"));
	assert_true(list_is_empty(&engine->set.endpoints));
}

/* The engine was told to close it and is slow: it gets the same socket under a new number. */
static void endpoint_wanted_again_while_closing_is_taken_back(void **state)
{
	struct engine *engine = *state;
	struct ip_endpoint at = net_endpoint("127.0.0.1", engine->port);
	bool is_refused;

	engine_set_list(engine, "127.0.0.1");
	engine_claim(engine, 1, NULL, &is_refused);

	uint64_t id = endpointset_find(&engine->set, &at)->id;

	engine->is_slow = true;
	engine_change(engine, "none");
	while (endpointset_find(&engine->set, &at)->state != ENDPOINT_STATE_CLOSING) {
		engine_turn(engine);
	}
	engine_change(engine, "127.0.0.1");
	assert_true(has_listening(engine, "127.0.0.1"));
	assert_true(endpointset_find(&engine->set, &at)->id != id);
	endpointset_engine_closed(&engine->set, id); /* late: means the old number */
	assert_true(has_listening(engine, "127.0.0.1"));
	engine->is_slow = false;

	int client = net_connect("127.0.0.1", engine->port);

	assert_true(net_wait(client, POLLOUT, NET_WAIT_MS));
	engine_turn(engine);
	assert_true(net_wait(client, POLLIN, NET_WAIT_MS));
	fd_close(client);
}

static void preview_touches_no_socket(void **state)
{
	struct engine *engine = *state;
	int foreign = net_bind("127.0.0.2", engine->port, false);
	struct ip_endpoint held = net_endpoint("127.0.0.2", engine->port);
	struct ip_endpoint free_one = net_endpoint("127.0.0.1", engine->port);
	struct listenlist other = {0};
	struct listen_entry entry;
	struct plan plan;
	bool is_refused;

	assert_int_equal(listen(foreign, 4), 0);
	engine_set_list(engine, "127.0.0.3");
	engine_claim(engine, 1, NULL, &is_refused);
	assert_int_equal(listen_entry_parse(SLICE("127.0.0.1"), &entry, NULL), 0);
	assert_int_equal(listenlist_add(&other, &entry), 0);
	assert_int_equal(listen_entry_parse(SLICE("127.0.0.2"), &entry, NULL), 0);
	assert_int_equal(listenlist_add(&other, &entry), 0);
	engine->log[0] = '\0';
	assert_int_equal(endpointset_preview(&engine->set, &other, &plan), 0);
	assert_true(plan_has_open(&plan, &free_one));
	assert_false(plan_has_open(&plan, &held));
	assert_non_null(strstr(plan_find(&plan, &held)->text, "test_endpointset (pid "));
	assert_string_equal(engine->log, "");
	assert_true(can_bind(engine, "127.0.0.1"));
	assert_true(has_listening(engine, "127.0.0.3"));
	plan_fini(&plan);
	listenlist_fini(&other);
	fd_close(foreign);
}

/* A client in another process connects without a pause; each of its connections is answered. */
static void run_client(uint16_t port, int stop_fd)
{
	struct pollfd stop = {.fd = stop_fd, .events = POLLIN};
	int n_failed = 0;

	while (poll(&stop, 1, 0) == 0 && n_failed == 0) {
		struct sockaddr_in address = {
			.sin_family = AF_INET,
			.sin_port = htons(port),
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		};
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		char byte;

		n_failed += connect(fd, (const struct sockaddr *)&address, sizeof(address)) == -1 ||
			    recv(fd, &byte, 1, 0) != 1;
		(void)close(fd);
	}
	_exit(n_failed == 0 ? 0 : 1);
}

static void no_connection_is_lost_while_the_list_changes(void **state)
{
	static const char *const lists[] = {"127.0.0.1", "", "127.0.0.1 127.0.0.2", "0.0.0.0"};
	struct engine *engine = *state;
	unsigned n_changes = 0;
	int stop[2];
	int status;
	bool is_refused;

	engine_claim(engine, 1, NULL, &is_refused);
	assert_int_equal(pipe(stop), 0);

	pid_t client = fork();

	if (client == 0) {
		run_client(engine->port, stop[0]);
	}
	while (n_changes < 8) {
		unsigned n_before = engine->n_answered;

		engine_change(engine, lists[n_changes % 4]);
		engine_settle(engine);
		n_changes++;
		while (engine->n_answered < n_before + 40) {
			engine_turn(engine);
			assert_int_equal(waitpid(client, &status, WNOHANG), 0);
		}
	}
	assert_int_equal(write(stop[1], "x", 1), 1);
	while (waitpid(client, &status, WNOHANG) == 0) {
		engine_turn(engine);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	print_message("# %u connections over %u changes\n", engine->n_answered, n_changes);
	(void)close(stop[0]);
	(void)close(stop[1]);
}

#define engine_test(f) cmocka_unit_test_setup_teardown(f, engine_setup, engine_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		engine_test(nothing_is_bound_without_a_claim),
		engine_test(endpoints_are_handed_over_before_the_claims_state),
		engine_test(narrower_list_opens_first_and_frees_the_rest),
		engine_test(reuseport_is_cleared_after_the_change),
		engine_test(foreign_address_refuses_and_leaves_nothing),
		engine_test(bound_foreign_socket_refuses_too),
		engine_test(neighbours_address_leaves_the_others_up_and_is_retried),
		engine_test(address_that_comes_and_goes_is_followed),
		engine_test(literal_outside_the_list_is_unreachable_until_listed),
		engine_test(sockets_survive_the_engine),
		engine_test(what_nobody_claims_again_is_closed),
		engine_test(endpoint_wanted_again_while_closing_is_taken_back),
		engine_test(preview_touches_no_socket),
		engine_test(no_connection_is_lost_while_the_list_changes),
	};

	(void)net_unshare();

	return cmocka_run_group_tests(tests, NULL, NULL);
}
