/* SPDX-License-Identifier: MIT */

/* The machine's addresses, and the watch over them in a network of its own. */

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "master/netlink.h"
#include "net.h"

static bool has_own_network;

static void note_change(struct netlink *netlink)
{
	(*(unsigned *)netlink->owner)++;
}

static void note_failure(struct netlink *netlink, int r)
{
	(void)netlink;
	fail_msg("netlink: %d", r);
}

static bool has_addr(const struct netlink *netlink, const char *text)
{
	struct ip_addr addr = net_endpoint(text, 1).addr;

	for (size_t i = 0; i < netlink->n_addrs; i++) {
		if (ip_addr_is_equal(&netlink->addrs[i], &addr)) {
			return true;
		}
	}

	return false;
}

/* Add or delete an address of the loopback interface, as ip(8) does. */
static void change_addr(uint16_t type, const char *text)
{
	struct ip_addr addr = net_endpoint(text, 1).addr;
	size_t len = addr.family == AF_INET ? 4 : 16;
	_Alignas(struct nlmsghdr) char bytes[256];
	struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	if (type == RTM_NEWADDR) {
		header->nlmsg_flags |= NLM_F_CREATE;
	}

	struct ifaddrmsg *message = mnl_nlmsg_put_extra_header(header, sizeof(*message));

	message->ifa_family = addr.family;
	message->ifa_prefixlen = (uint8_t)(len * 8);
	message->ifa_index = if_nametoindex("lo");
	mnl_attr_put(header, IFA_LOCAL, len, addr.bytes);

	struct mnl_socket *socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);

	assert_int_equal(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
	assert_true(mnl_socket_sendto(socket, header, header->nlmsg_len) > 0);

	ssize_t n = mnl_socket_recvfrom(socket, bytes, sizeof(bytes));

	assert_true(n > 0);
	assert_int_equal(mnl_cb_run(bytes, (size_t)n, 0, 0, NULL, NULL), MNL_CB_STOP);
	assert_int_equal(mnl_socket_close(socket), 0);
}

static void loopback_is_among_the_addresses(void **state)
{
	struct netlink netlink;
	bool is_changed = true;

	(void)state;
	assert_int_equal(netlink_init(&netlink, NULL, NULL, NULL, NULL), 0);
	assert_true(has_addr(&netlink, "127.0.0.1"));
	assert_int_equal(netlink_refresh(&netlink, &is_changed), 0);
	assert_false(is_changed);
	netlink_fini(&netlink);
}

static void addresses_that_come_and_go_are_told(void **state)
{
	static const char *const texts[] = {"127.9.8.7", "10.20.30.40", "2001:db8::42"};
	static struct loop loop;
	struct netlink netlink;
	unsigned n_changes = 0;

	(void)state;
	if (!has_own_network) {
		print_message("# needs root, for a network of its own\n");
		skip();
	}
	assert_int_equal(loop_init(&loop), 0);
	assert_int_equal(netlink_init(&netlink, &loop, note_change, note_failure, &n_changes), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		n_changes = 0;
		change_addr(RTM_NEWADDR, texts[i]);
		while (n_changes == 0) {
			assert_int_equal(loop_turn(&loop, NET_WAIT_MS), 0);
		}
		assert_true(has_addr(&netlink, texts[i]));
		n_changes = 0;
		change_addr(RTM_DELADDR, texts[i]);
		while (n_changes == 0) {
			assert_int_equal(loop_turn(&loop, NET_WAIT_MS), 0);
		}
		assert_false(has_addr(&netlink, texts[i]));
	}
	netlink_fini(&netlink);
	loop_fini(&loop);
}

static void no_memory_keeps_the_old_set(void **state)
{
	struct netlink netlink;
	bool is_changed;

	(void)state;
	assert_int_equal(netlink_init(&netlink, NULL, NULL, NULL, NULL), 0);

	size_t n = netlink.n_addrs;

	(void)mem_fail_at(1);
	assert_int_equal(netlink_refresh(&netlink, &is_changed), -12 /* ENOMEM */);
	(void)mem_fail_at(0);
	assert_int_equal(netlink.n_addrs, n);
	netlink_fini(&netlink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_is_among_the_addresses),
		cmocka_unit_test(addresses_that_come_and_go_are_told),
		cmocka_unit_test(no_memory_keeps_the_old_set),
	};

	has_own_network = net_unshare();

	return cmocka_run_group_tests(tests, NULL, NULL);
}
