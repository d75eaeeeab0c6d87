/* SPDX-License-Identifier: MIT */

/*
 * What Linux does with listening sockets that overlap, and with a socket filter on one: the facts
 * that changing endpoints without losing a connection rests on.
 */

#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/fd.h"
#include "master/bind.h"
#include "master/handshake.h"
#include "net.h"

static int open_listening(const char *address, uint16_t port, bool is_reuseport)
{
	struct ip_endpoint endpoint = net_endpoint(address, port);
	int fd;

	assert_int_equal(bind_open(&endpoint, BIND_UID_KEEP, is_reuseport, &fd), 0);
	assert_int_equal(bind_listen(fd, 16), 0);

	return fd;
}

static void wildcard_and_address_exclude_each_other(void **state)
{
	static const char *const pairs[][2] = {
		{"0.0.0.0", "127.0.0.1"}, {"127.0.0.1", "0.0.0.0"}, {"::", "::1"}, {"::1", "::"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		uint16_t port = net_free_port();
		struct ip_endpoint second = net_endpoint(pairs[i][1], port);
		int first_fd = open_listening(pairs[i][0], port, false);
		int fd;

		assert_int_equal(bind_open(&second, BIND_UID_KEEP, false, &fd), BIND_E_IN_USE);
		assert_int_equal(errno, EADDRINUSE);
		fd_close(first_fd);
	}
}

static void families_do_not_exclude_each_other(void **state)
{
	uint16_t port = net_free_port();
	int v4 = open_listening("0.0.0.0", port, false);
	int v6 = open_listening("::", port, false);

	(void)state;
	fd_close(v4);
	fd_close(v6);
}

/* The option set on a socket that listens already; the more specific one gets what comes. */
static void narrower_socket_joins_and_takes_its_address(void **state)
{
	uint16_t port = net_free_port();
	int wide = open_listening("0.0.0.0", port, false);

	(void)state;
	assert_int_equal(bind_set_reuseport(wide, true), 0);

	int narrow = open_listening("127.0.0.1", port, true);
	int to_narrow = net_connect("127.0.0.1", port);
	int to_wide = net_connect("127.0.0.2", port);

	assert_true(net_wait(narrow, POLLIN, NET_WAIT_MS));
	assert_true(net_wait(wide, POLLIN, NET_WAIT_MS));

	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	int accepted = accept(wide, (struct sockaddr *)&peer, &len);

	assert_int_equal(net_port(to_wide), ntohs(peer.sin_port));
	fd_close(accepted);
	fd_close(to_narrow);
	fd_close(to_wide);
	fd_close(narrow);
	fd_close(wide);
}

static void wider_socket_joins_and_takes_the_rest(void **state)
{
	uint16_t port = net_free_port();
	int narrow = open_listening("127.0.0.1", port, false);

	(void)state;
	assert_int_equal(bind_set_reuseport(narrow, true), 0);

	int wide = open_listening("0.0.0.0", port, true);
	int client = net_connect("127.0.0.2", port);

	assert_true(net_wait(wide, POLLIN, NET_WAIT_MS));
	fd_close(narrow);

	int other = net_connect("127.0.0.1", port);
	int accepted = accept(wide, NULL, NULL);

	assert_true(net_wait(wide, POLLIN, NET_WAIT_MS));
	assert_true(net_wait(other, POLLOUT, NET_WAIT_MS));
	fd_close(accepted);
	fd_close(client);
	fd_close(other);
	fd_close(wide);
}

static void check_new_ones_stay_out_and_queued_ones_in(int (*shut)(int fd))
{
	uint16_t port = net_free_port();
	int fd = open_listening("127.0.0.1", port, false);
	int queued = net_connect("127.0.0.1", port);

	assert_true(net_wait(fd, POLLIN, NET_WAIT_MS));
	assert_int_equal(shut(fd), 0);

	int late = net_connect("127.0.0.1", port);

	assert_false(net_is_connected(late, NET_CALM_MS));

	int accepted = accept(fd, NULL, NULL);

	assert_true(accepted >= 0);
	assert_int_equal(send(accepted, "x", 1, 0), 1);
	assert_true(net_wait(queued, POLLIN, NET_WAIT_MS));
	fd_close(accepted);
	fd_close(queued);
	fd_close(late);
	fd_close(fd);
}

static void shut_door_keeps_new_ones_out_and_queued_ones_in(void **state)
{
	(void)state;
	check_new_ones_stay_out_and_queued_ones_in(bind_shut_door);
}

static void hidden_socket_keeps_new_ones_out_and_queued_ones_in(void **state)
{
	(void)state;
	check_new_ones_stay_out_and_queued_ones_in(bind_hide);
}

/* TCP_DEFER_ACCEPT keeps a connection half-open until its first byte, which arrives with ACK. */
static void check_half_open_connection_passes(int (*shut)(int fd))
{
	uint16_t port = net_free_port();
	struct ip_endpoint local = net_endpoint("127.0.0.1", port);
	int fd = open_listening("127.0.0.1", port, false);
	struct handshake_set set = {0};
	int wait_s = 30;

	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &wait_s, sizeof(wait_s)), 0);

	int client = net_connect("127.0.0.1", port);

	assert_true(net_wait(client, POLLOUT, NET_WAIT_MS));
	assert_int_equal(shut(fd), 0);
	assert_int_equal(handshake_set_update(&set, &local), 0);
	assert_int_equal(set.n_remotes, 1);
	assert_int_equal(set.remotes[0].port, net_port(client));
	assert_int_equal(send(client, "x", 1, 0), 1);
	assert_true(net_wait(fd, POLLIN, NET_WAIT_MS));
	assert_int_equal(handshake_set_update(&set, &local), 0);
	assert_int_equal(set.n_remotes, 0);

	int accepted = accept(fd, NULL, NULL);
	char byte;

	assert_int_equal(recv(accepted, &byte, 1, 0), 1);
	assert_int_equal(send(accepted, "y", 1, 0), 1);
	assert_true(net_wait(client, POLLIN, NET_WAIT_MS));
	assert_int_equal(send(client, "z", 1, 0), 1);
	assert_true(net_wait(accepted, POLLIN, NET_WAIT_MS));
	fd_close(accepted);
	handshake_set_fini(&set);
	fd_close(client);
	fd_close(fd);
}

static void half_open_connection_passes_the_shut_door(void **state)
{
	(void)state;
	check_half_open_connection_passes(bind_shut_door);
}

static void half_open_connection_finds_the_hidden_socket(void **state)
{
	(void)state;
	check_half_open_connection_passes(bind_hide);
}

/* What comes to a hidden socket's address finds the wildcard at once. */
static void hidden_socket_leaves_its_address_to_the_wildcard(void **state)
{
	uint16_t port = net_free_port();
	int narrow = open_listening("127.0.0.1", port, true);
	int wide = open_listening("0.0.0.0", port, true);

	(void)state;
	assert_int_equal(bind_hide(narrow), 0);

	int client = net_connect("127.0.0.1", port);

	assert_true(net_wait(wide, POLLIN, NET_WAIT_MS));
	assert_false(net_wait(narrow, POLLIN, 0));
	fd_close(client);
	fd_close(wide);
	fd_close(narrow);
}

/* The set that is waited for never grows: others' handshakes on the same port do not matter. */
static void later_handshakes_are_not_waited_for(void **state)
{
	uint16_t port = net_free_port();
	struct ip_endpoint local = net_endpoint("0.0.0.0", port);
	int fd = open_listening("127.0.0.1", port, false);
	struct handshake_set set = {0};
	int wait_s = 30;

	(void)state;
	assert_int_equal(handshake_set_update(&set, &local), 0);
	assert_int_equal(set.n_remotes, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &wait_s, sizeof(wait_s)), 0);

	int client = net_connect("127.0.0.1", port);

	assert_true(net_wait(client, POLLOUT, NET_WAIT_MS));
	assert_int_equal(handshake_set_update(&set, &local), 0);
	assert_int_equal(set.n_remotes, 0);
	handshake_set_fini(&set);
	fd_close(client);
	fd_close(fd);
}

static void door_can_be_opened_again(void **state)
{
	uint16_t port = net_free_port();
	int fd = open_listening("127.0.0.1", port, false);

	(void)state;
	assert_int_equal(bind_open_door(fd), 0); /* was never shut */
	assert_int_equal(bind_shut_door(fd), 0);
	if (bind_open_door(fd) != 0) {
		assert_int_not_equal(geteuid(), 0);
		print_message("# this machine allows it to root only\n");
		fd_close(fd);
		skip();
	}

	int client = net_connect("127.0.0.1", port);

	assert_true(net_wait(client, POLLOUT, NET_WAIT_MS));
	fd_close(client);
	fd_close(fd);
}

static void failures_have_their_names(void **state)
{
	uint16_t port = net_free_port();
	struct ip_endpoint absent = net_endpoint("192.0.2.77", port);
	int fd;

	(void)state;
	assert_int_equal(bind_open(&absent, BIND_UID_KEEP, false, &fd), BIND_E_NO_ADDRESS);
	if (geteuid() != 0) {
		struct ip_endpoint low = net_endpoint("127.0.0.1", 80);
		int r = bind_open(&low, BIND_UID_KEEP, false, &fd);

		/* The limit is a setting of the machine; in use is possible, too. */
		assert_true(r == BIND_E_DENIED || r == BIND_E_IN_USE || r == 0);
		if (r == 0) {
			fd_close(fd);
		}
	}
}

static void socket_belongs_to_the_uid_asked_for(void **state)
{
	struct ip_endpoint endpoint = net_endpoint("127.0.0.1", net_free_port());
	struct stat status;
	int fd;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root\n");
		skip();
	}
	assert_int_equal(bind_open(&endpoint, 65534, false, &fd), 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_uid, 65534);
	fd_close(fd);

	/* And only that one. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_uid, 0);
	fd_close(fd);
}

/* SO_REUSEPORT shares with the same uid only: nobody else can join while a change is under way. */
static void other_uid_cannot_join(void **state)
{
	uint16_t port = net_free_port();
	struct ip_endpoint wide = net_endpoint("0.0.0.0", port);
	struct ip_endpoint narrow = net_endpoint("127.0.0.1", port);
	int fd;
	int other;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root\n");
		skip();
	}
	assert_int_equal(bind_open(&wide, 65534, true, &fd), 0);
	assert_int_equal(bind_listen(fd, 16), 0);
	assert_int_equal(bind_open(&narrow, 65533, true, &other), BIND_E_IN_USE);
	assert_int_equal(bind_open(&narrow, 65534, true, &other), 0);
	fd_close(other);
	fd_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wildcard_and_address_exclude_each_other),
		cmocka_unit_test(families_do_not_exclude_each_other),
		cmocka_unit_test(narrower_socket_joins_and_takes_its_address),
		cmocka_unit_test(wider_socket_joins_and_takes_the_rest),
		cmocka_unit_test(shut_door_keeps_new_ones_out_and_queued_ones_in),
		cmocka_unit_test(hidden_socket_keeps_new_ones_out_and_queued_ones_in),
		cmocka_unit_test(half_open_connection_passes_the_shut_door),
		cmocka_unit_test(half_open_connection_finds_the_hidden_socket),
		cmocka_unit_test(hidden_socket_leaves_its_address_to_the_wildcard),
		cmocka_unit_test(later_handshakes_are_not_waited_for),
		cmocka_unit_test(door_can_be_opened_again),
		cmocka_unit_test(failures_have_their_names),
		cmocka_unit_test(socket_belongs_to_the_uid_asked_for),
		cmocka_unit_test(other_uid_cannot_join),
	};

	(void)net_unshare();

	return cmocka_run_group_tests(tests, NULL, NULL);
}
