/* SPDX-License-Identifier: MIT */

/* The kernel's word on real sockets: of this process, of a child, listening, bound, wildcard. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/mem.h"
#include "master/owner.h"
#include "master/process.h"
#include "master/sockdiag.h"
#include "net.h"

static const struct owner_ours nobody;

static int listening_socket(const char *address, bool is_v6only)
{
	int fd = net_bind(address, 0, is_v6only);

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 4), 0);

	return fd;
}

static const struct sockdiag_socket *find_socket(const struct sockdiag_list *list,
						 enum sockdiag_state state)
{
	for (size_t i = 0; i < list->n_items; i++) {
		if (list->items[i].state == state) {
			return &list->items[i];
		}
	}

	return NULL;
}

static bool kernel_tells_bound_sockets(void)
{
	struct utsname name;
	unsigned major = 0;
	unsigned minor = 0;

	(void)uname(&name);

	return sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 8));
}

static void listening_socket_is_listed(void **state)
{
	static const struct {
		const char *address;
		bool is_v6only;
		bool is_dual;
	} cases[] = {
		{"127.0.0.1", false, false}, {"0.0.0.0", false, false}, {"::1", true, false},
		{"::", true, false},         {"::", false, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = listening_socket(cases[i].address, cases[i].is_v6only);
		uint16_t port = net_port(fd);
		struct ip_endpoint at = net_endpoint(cases[i].address, port);
		struct sockdiag_list list;

		assert_int_equal(sockdiag_list_read(SOCKDIAG_STATE_LISTENING, port, &list), 0);

		const struct sockdiag_socket *socket = find_socket(&list, SOCKDIAG_STATE_LISTENING);

		assert_non_null(socket);
		assert_true(ip_endpoint_is_equal(&socket->local, &at));
		assert_int_equal(socket->is_dual, cases[i].is_dual);
		assert_int_equal(socket->uid, geteuid());
		assert_true(socket->inode != 0);
		sockdiag_list_fini(&list);
		fd_close(fd);
	}
}

static void bound_socket_is_listed_by_new_kernels(void **state)
{
	int fd = net_bind("127.0.0.1", 0, false);
	struct sockdiag_list list;

	(void)state;
	if (!kernel_tells_bound_sockets()) {
		print_message("# needs Linux 6.8\n");
		fd_close(fd);
		skip();
	}
	assert_int_equal(sockdiag_list_read(SOCKDIAG_STATE_BOUND | SOCKDIAG_STATE_LISTENING,
					    net_port(fd), &list),
			 0);
	assert_non_null(find_socket(&list, SOCKDIAG_STATE_BOUND));
	sockdiag_list_fini(&list);
	fd_close(fd);
}

static void connection_is_listed_with_both_ends(void **state)
{
	int fd = listening_socket("127.0.0.1", false);
	uint16_t port = net_port(fd);
	int client = net_connect("127.0.0.1", port);
	struct sockdiag_list list;

	(void)state;
	assert_true(net_wait(fd, POLLIN, NET_WAIT_MS));
	assert_int_equal(sockdiag_list_read(SOCKDIAG_STATE_CONNECTED, net_port(client), &list), 0);

	const struct sockdiag_socket *socket = find_socket(&list, SOCKDIAG_STATE_CONNECTED);

	assert_non_null(socket);
	assert_int_equal(socket->remote.port, port);
	sockdiag_list_fini(&list);
	fd_close(client);
	fd_close(fd);
}

static void covering_follows_address_and_family(void **state)
{
	static const struct {
		const char *held;
		bool is_dual;
		const char *wanted;
		bool covers;
	} cases[] = {
		{"127.0.0.1", false, "127.0.0.1", true},
		{"127.0.0.1", false, "127.0.0.2", false},
		{"0.0.0.0", false, "127.0.0.2", true},
		{"127.0.0.2", false, "0.0.0.0", true},
		{"0.0.0.0", false, "::", false},
		{"::", false, "0.0.0.0", false},
		{"::", true, "0.0.0.0", true},
		{"::", true, "127.0.0.1", true},
		{"::1", false, "::", true},
		{"::1", false, "127.0.0.1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ip_endpoint wanted = net_endpoint(cases[i].wanted, 80);
		struct sockdiag_socket held = {
			.local = net_endpoint(cases[i].held, 80),
			.is_dual = cases[i].is_dual,
		};

		assert_int_equal(sockdiag_covers(&held, &wanted), cases[i].covers);
		wanted.port = 81;
		assert_false(sockdiag_covers(&held, &wanted));
	}
}

static void own_socket_has_this_process_as_owner(void **state)
{
	int fd = listening_socket("127.0.0.1", false);
	const struct owner_ours ours = {.master = getpid()};
	struct owner_list owners;
	char text[512];
	char expected[128];

	(void)state;
	assert_int_equal(owner_list_read(net_port(fd), NULL, &ours, &owners), 0);
	assert_int_equal(owners.n_items, 1);
	assert_int_equal(owners.items[0].pid, getpid());
	assert_int_equal(owners.items[0].uid, geteuid());
	assert_string_equal(owners.items[0].program, "test_owner");
	assert_non_null(strstr(owners.items[0].command, "test_owner"));
	assert_true(owners.items[0].is_ours);
	assert_true(owners.items[0].is_listening);
	owner_format(&owners.items[0], text, sizeof(text));
	(void)snprintf(expected, sizeof(expected),
		       "127.0.0.1:%u is held by test_owner (pid %d, uid %u", net_port(fd),
		       (int)getpid(), (unsigned)geteuid());
	assert_memory_equal(text, expected, strlen(expected));
	owner_list_fini(&owners);
	fd_close(fd);
}

static void wildcard_is_found_for_any_address_of_its_family(void **state)
{
	int fd = listening_socket("0.0.0.0", false);
	uint16_t port = net_port(fd);
	struct ip_endpoint v4 = net_endpoint("127.0.0.9", port);
	struct ip_endpoint v6 = net_endpoint("::1", port);
	struct owner_list owners;

	(void)state;
	assert_int_equal(owner_list_read(port, &v4.addr, &nobody, &owners), 0);
	assert_int_equal(owners.n_items, 1);
	assert_true(ip_addr_is_any(&owners.items[0].endpoint.addr));
	owner_list_fini(&owners);
	assert_int_equal(owner_list_read(port, &v6.addr, &nobody, &owners), 0);
	assert_int_equal(owners.n_items, 0);
	owner_list_fini(&owners);
	fd_close(fd);
}

static void free_port_has_no_owner(void **state)
{
	struct owner_list owners;

	(void)state;
	assert_int_equal(owner_list_read(net_free_port(), NULL, &nobody, &owners), 0);
	assert_int_equal(owners.n_items, 0);
	owner_list_fini(&owners);
}

/* A child inherits the socket: both hold it, and the one that made it comes first. */
static void several_holders_are_listed_parent_first(void **state)
{
	int fd = listening_socket("127.0.0.1", false);
	struct owner_list owners;
	int gate[2];

	(void)state;
	assert_int_equal(pipe(gate), 0);

	pid_t child = fork();

	if (child == 0) {
		char byte;

		(void)close(gate[1]);
		(void)!read(gate[0], &byte, 1); /* until the parent closes its end */
		_exit(0);
	}
	assert_int_equal(owner_list_read(net_port(fd), NULL, &nobody, &owners), 0);
	assert_int_equal(owners.n_items, 2);
	assert_int_equal(owners.items[0].pid, getpid());
	assert_int_equal(owners.items[1].pid, child);
	assert_int_equal(owners.items[1].parent_pid, getpid());
	owner_list_fini(&owners);
	(void)close(gate[0]);
	(void)close(gate[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fd_close(fd);
}

/* What an unprivileged program learns of root's socket is its uid, and that more is hidden. */
static void closed_processes_leave_the_uid(void **state)
{
	int fd = listening_socket("127.0.0.1", false);
	uint16_t port = net_port(fd);
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("# needs root\n");
		fd_close(fd);
		skip();
	}

	pid_t child = fork();

	if (child == 0) {
		struct owner_list owners;
		bool is_good = close(fd) == 0 && setuid(65534) == 0 &&
			       owner_list_read(port, NULL, &nobody, &owners) == 0 &&
			       owners.n_items == 1 && owners.items[0].pid == 0 &&
			       owners.items[0].uid == 0 && owners.is_blind;

		_exit(is_good ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fd_close(fd);
}

static void command_line_is_written_only_when_allowed(void **state)
{
	const struct owner owner = {
		.endpoint = net_endpoint("127.0.0.1", 80),
		.is_listening = true,
		.pid = 812,
		.uid = 38,
		.program = "gunicorn",
		.command = "gunicorn --secret x",
		.user = "list",
		.cgroup = {.unit = "mailman3.service"},
	};
	struct buf buf = {0};
	struct json_writer writer;
	char text[256];

	(void)state;
	json_init(&writer, &buf);
	owner_write_json(&owner, false, &writer);
	assert_int_equal(json_finish(&writer), 0);
	assert_null(memmem(buf.data, buf.len, "secret", 6));
	buf_clear(&buf);
	json_init(&writer, &buf);
	owner_write_json(&owner, true, &writer);
	assert_int_equal(json_finish(&writer), 0);
	assert_non_null(memmem(buf.data, buf.len, "secret", 6));
	buf_fini(&buf);
	owner_format(&owner, text, sizeof(text));
	assert_string_equal(text, "127.0.0.1:80 is held by gunicorn (pid 812, uid 38 list, "
				  "unit mailman3.service)");
}

static void no_memory_is_reported(void **state)
{
	int fd = listening_socket("127.0.0.1", false);
	struct owner_list owners = {0};
	int r = -1;

	(void)state;
	for (uint64_t n = 1; r != 0; n++) {
		(void)mem_fail_at(n);
		r = owner_list_read(net_port(fd), NULL, &nobody, &owners);
		(void)mem_fail_at(0);
		assert_true(r == 0 || r == -12 /* ENOMEM */);
		assert_true(n < 50);
	}
	owner_list_fini(&owners);
	fd_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listening_socket_is_listed),
		cmocka_unit_test(bound_socket_is_listed_by_new_kernels),
		cmocka_unit_test(connection_is_listed_with_both_ends),
		cmocka_unit_test(covering_follows_address_and_family),
		cmocka_unit_test(own_socket_has_this_process_as_owner),
		cmocka_unit_test(wildcard_is_found_for_any_address_of_its_family),
		cmocka_unit_test(free_port_has_no_owner),
		cmocka_unit_test(several_holders_are_listed_parent_first),
		cmocka_unit_test(closed_processes_leave_the_uid),
		cmocka_unit_test(command_line_is_written_only_when_allowed),
		cmocka_unit_test(no_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
