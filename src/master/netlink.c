/* SPDX-License-Identifier: MIT */

/* The machine's addresses over rtnetlink; see netlink.h. */

#include "master/netlink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/nldump.h"

/* A set that changes while it is read is read again; after that many times the last one is taken.
 */
#define NETLINK_ATTEMPTS_MAX 8

struct netlink_set {
	struct ip_addr *addrs;
	size_t n;
	size_t capacity;
};

static int netlink_set_add(struct netlink_set *set, const struct ip_addr *addr)
{
	if (set->n == set->capacity) {
		size_t capacity = set->capacity > 0 ? set->capacity * 2 : 16;
		struct ip_addr *addrs = mem_resize(set->addrs, capacity * sizeof(*addrs));

		if (addrs == NULL) {
			return -ENOMEM;
		}
		set->addrs = addrs;
		set->capacity = capacity;
	}
	set->addrs[set->n] = *addr;
	set->n++;

	return 0;
}

/* Can a socket be bound to an address with these IFA_F_ flags now? */
static bool netlink_is_usable(uint32_t flags)
{
	bool is_tentative = (flags & IFA_F_TENTATIVE) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;

	return !is_tentative && (flags & IFA_F_DADFAILED) == 0;
}

/* The address in an attribute of the right length; family 0 when there is none. */
static struct ip_addr netlink_read_addr(const struct nlattr *attribute, int family, int interface)
{
	struct ip_addr addr = {.family = (uint8_t)family};
	size_t len = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);

	if (attribute == NULL || mnl_attr_get_payload_len(attribute) != len) {
		return (struct ip_addr){0};
	}
	memcpy(addr.bytes, mnl_attr_get_payload(attribute), len);
	if (family == AF_INET6 && addr.bytes[0] == 0xfe && (addr.bytes[1] & 0xc0) == 0x80) {
		addr.scope_id = (uint32_t)interface;
	}

	return addr;
}

static int netlink_on_attribute(const struct nlattr *attribute, void *data)
{
	const struct nlattr **attributes = data;

	if (mnl_attr_type_valid(attribute, IFA_MAX) > 0) {
		attributes[mnl_attr_get_type(attribute)] = attribute;
	}

	return MNL_CB_OK;
}

static int netlink_on_answer(const struct nlmsghdr *header, void *data)
{
	struct netlink_set *set = data;

	if (header->nlmsg_type != RTM_NEWADDR ||
	    header->nlmsg_len < mnl_nlmsg_size(sizeof(struct ifaddrmsg))) {
		return MNL_CB_OK;
	}

	const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
	const struct nlattr *attributes[IFA_MAX + 1] = {NULL};

	/* The callback never ends the walk. */
	(void)mnl_attr_parse(header, sizeof(*message), netlink_on_attribute, attributes);

	/* IFA_FLAGS holds all 32 bits; the old member has room for eight. */
	const struct nlattr *wide = attributes[IFA_FLAGS];
	uint32_t flags = wide != NULL && mnl_attr_get_payload_len(wide) == sizeof(uint32_t)
				 ? mnl_attr_get_u32(wide)
				 : message->ifa_flags;

	if ((message->ifa_family != AF_INET && message->ifa_family != AF_INET6) ||
	    !netlink_is_usable(flags)) {
		return MNL_CB_OK;
	}

	/* On a point-to-point interface IFA_ADDRESS is the other end's. */
	const struct nlattr *own =
		attributes[IFA_LOCAL] != NULL ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	struct ip_addr addr = netlink_read_addr(own, message->ifa_family, (int)message->ifa_index);

	if (addr.family != 0 && netlink_set_add(set, &addr) < 0) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}

	return MNL_CB_OK;
}

static int netlink_compare(const void *a, const void *b)
{
	const struct ip_addr *left = a;
	const struct ip_addr *right = b;

	if (left->family != right->family) {
		return left->family < right->family ? -1 : 1;
	}

	int order = memcmp(left->bytes, right->bytes, sizeof(left->bytes));
	if (order != 0) {
		return order;
	}

	return left->scope_id < right->scope_id ? -1 : left->scope_id > right->scope_id;
}

static void netlink_set_sort(struct netlink_set *set)
{
	size_t n = 0;

	if (set->n == 0) {
		return;
	}
	qsort(set->addrs, set->n, sizeof(*set->addrs), netlink_compare);
	for (size_t i = 0; i < set->n; i++) {
		if (n == 0 || netlink_compare(&set->addrs[n - 1], &set->addrs[i]) != 0) {
			set->addrs[n] = set->addrs[i];
			n++;
		}
	}
	set->n = n;
}

static int netlink_read(struct netlink_set *ret_set)
{
	struct netlink_set set = {0};
	char bytes[64];
	int r = -EINTR;

	for (unsigned i = 0; r == -EINTR && i < NETLINK_ATTEMPTS_MAX; i++) {
		struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);

		header->nlmsg_type = RTM_GETADDR;
		header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;

		struct ifaddrmsg *message =
			mnl_nlmsg_put_extra_header(header, sizeof(struct ifaddrmsg));

		message->ifa_family = AF_UNSPEC;
		set.n = 0;
		r = nldump_run(NETLINK_ROUTE, header, netlink_on_answer, &set);
	}
	if (r < 0 && r != -EINTR) {
		mem_free(set.addrs);
		return result_trace(r);
	}
	netlink_set_sort(&set);
	*ret_set = set;

	return 0;
}

int netlink_refresh(struct netlink *netlink, bool *ret_is_changed)
{
	assert(netlink != NULL && ret_is_changed != NULL);

	struct netlink_set set;
	int r = netlink_read(&set);

	if (r < 0) {
		return result_trace(r);
	}

	bool is_changed = set.n != netlink->n_addrs;
	for (size_t i = 0; !is_changed && i < set.n; i++) {
		is_changed = !ip_addr_is_equal(&set.addrs[i], &netlink->addrs[i]);
	}

	mem_free(netlink->addrs);
	netlink->addrs = set.addrs;
	netlink->n_addrs = set.n;
	*ret_is_changed = is_changed;

	return 0;
}

/* Empty the socket; what is in it does not matter, ENOBUFS (messages were lost) neither. */
static void netlink_drain(int fd)
{
	char buffer[8192];

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n == -1 && errno != EINTR && errno != ENOBUFS) {
			return;
		}
	}
}

static void netlink_on_event(struct loop_source *source, uint32_t events)
{
	struct netlink *netlink = container_of(source, struct netlink, source);
	bool is_changed = false;

	(void)events; /* readable, or ENOBUFS pending: both mean look again */
	netlink_drain(source->fd);

	int r = netlink_refresh(netlink, &is_changed);
	if (r < 0) {
		netlink->on_failure(netlink, r);
	} else if (is_changed) {
		netlink->on_change(netlink);
	}
}

static int netlink_watch(struct netlink *netlink)
{
	netlink->watch = mnl_socket_open2(NETLINK_ROUTE, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (netlink->watch == NULL) {
		return result_origin(-errno);
	}

	unsigned groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
	if (mnl_socket_bind(netlink->watch, groups, MNL_SOCKET_AUTOPID) == -1) {
		return result_origin(-errno);
	}

	netlink->source = (struct loop_source){
		.fd = mnl_socket_get_fd(netlink->watch),
		.on_event = netlink_on_event,
	};

	int r = loop_add(netlink->loop, &netlink->source, EPOLLIN);
	if (r < 0) {
		netlink->source.fd = -1;
	}

	return result_trace(r);
}

int netlink_init(struct netlink *netlink, struct loop *loop, void (*on_change)(struct netlink *),
		 void (*on_failure)(struct netlink *, int), void *owner)
{
	assert(netlink != NULL);
	assert(loop == NULL || (on_change != NULL && on_failure != NULL));

	bool is_changed;

	*netlink = (struct netlink){
		.loop = loop,
		.source.fd = -1,
		.on_change = on_change,
		.on_failure = on_failure,
		.owner = owner,
	};

	/* Watch first: what changes between the two steps is told. */
	int r = loop != NULL ? netlink_watch(netlink) : 0;
	if (r < 0) {
		return result_trace(r);
	}

	return result_trace(netlink_refresh(netlink, &is_changed));
}

void netlink_fini(struct netlink *netlink)
{
	assert(netlink != NULL);

	if (netlink->watch != NULL) {
		if (netlink->source.fd != -1) {
			loop_remove(netlink->loop, &netlink->source);
		}
		/* Nothing is left to be flushed on a netlink socket. */
		(void)mnl_socket_close(netlink->watch);
	}
	mem_free(netlink->addrs);
	*netlink = (struct netlink){.source.fd = -1};
}
