/* SPDX-License-Identifier: MIT */

/* The kernel's list of TCP sockets over sock_diag; see sockdiag.h. */

#include "master/sockdiag.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/nldump.h"

/* States of the kernel that <netinet/tcp.h> does not know (include/net/tcp_states.h). */
#define SOCKDIAG_NEW_SYN_RECV   12
#define SOCKDIAG_BOUND_INACTIVE 13

#define SOCKDIAG_ATTEMPTS_MAX   4

struct sockdiag_state_row {
	enum sockdiag_state state;
	uint32_t kernel_states; /* bit per TCP state of the kernel */
};

static const struct sockdiag_state_row sockdiag_states[] = {
	{SOCKDIAG_STATE_LISTENING, 1u << TCP_LISTEN},
	/* Asked for as the first, reported as the second. */
	{SOCKDIAG_STATE_BOUND, 1u << SOCKDIAG_BOUND_INACTIVE | 1u << TCP_CLOSE},
	{SOCKDIAG_STATE_HANDSHAKE, 1u << TCP_SYN_RECV | 1u << SOCKDIAG_NEW_SYN_RECV},
	{SOCKDIAG_STATE_CONNECTED,
	 1u << TCP_ESTABLISHED | 1u << TCP_SYN_SENT | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 |
		 1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING},
};

struct sockdiag_reading {
	struct sockdiag_list *list;
	uint16_t port;
	unsigned states;
};

static struct ip_endpoint sockdiag_endpoint(int family, const __be32 *bytes, __be16 port,
					    uint32_t interface)
{
	struct sockaddr_storage storage = {0};

	if (family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)&storage;

		in->sin_family = AF_INET;
		in->sin_port = port;
		memcpy(&in->sin_addr, bytes, sizeof(in->sin_addr));
	} else {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&storage;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = port;
		memcpy(&in6->sin6_addr, bytes, sizeof(in6->sin6_addr));
		in6->sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr) ? interface : 0;
	}

	return ip_endpoint_from_sockaddr(&storage);
}

/* Our word for a kernel state; 0 = none of those that were asked for. */
static unsigned sockdiag_state_of(uint8_t kernel_state, unsigned asked)
{
	for (size_t i = 0; i < array_len(sockdiag_states); i++) {
		if (kernel_state < 32 &&
		    (sockdiag_states[i].kernel_states >> kernel_state & 1) != 0) {
			return sockdiag_states[i].state & asked;
		}
	}

	return 0;
}

static int sockdiag_list_add(struct sockdiag_list *list, const struct sockdiag_socket *socket)
{
	if (list->n_items == list->capacity) {
		size_t capacity = list->capacity > 0 ? list->capacity * 2 : 16;
		struct sockdiag_socket *items = mem_resize(list->items, capacity * sizeof(*items));

		if (items == NULL) {
			return -ENOMEM;
		}
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->n_items] = *socket;
	list->n_items++;

	return 0;
}

static int sockdiag_on_attribute(const struct nlattr *attribute, void *data)
{
	bool *is_v6only = data;

	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
	    mnl_attr_get_payload_len(attribute) >= 1) {
		*is_v6only = mnl_attr_get_u8(attribute) != 0;
	}

	return MNL_CB_OK;
}

static bool sockdiag_has_v6only(const struct nlmsghdr *header)
{
	bool is_v6only = false;

	/* The callback never ends the walk. */
	(void)mnl_attr_parse(header, sizeof(struct inet_diag_msg), sockdiag_on_attribute,
			     &is_v6only);

	return is_v6only;
}

static int sockdiag_on_answer(const struct nlmsghdr *header, void *data)
{
	struct sockdiag_reading *reading = data;

	if (header->nlmsg_len < mnl_nlmsg_size(sizeof(struct inet_diag_msg))) {
		return MNL_CB_OK;
	}

	const struct inet_diag_msg *message = mnl_nlmsg_get_payload(header);
	unsigned state = sockdiag_state_of(message->idiag_state, reading->states);

	/* Kernels that do not know a filter ignore it, so everything is looked at again. */
	if (state == 0 || ntohs(message->id.idiag_sport) != reading->port ||
	    (message->idiag_family != AF_INET && message->idiag_family != AF_INET6) ||
	    reading->list->n_items >= SOCKDIAG_SOCKETS_MAX) {
		return MNL_CB_OK;
	}

	const struct inet_diag_sockid *id = &message->id;
	struct sockdiag_socket socket = {
		.local = sockdiag_endpoint(message->idiag_family, id->idiag_src, id->idiag_sport,
					   id->idiag_if),
		.remote = sockdiag_endpoint(message->idiag_family, id->idiag_dst, id->idiag_dport,
					    id->idiag_if),
		.state = (enum sockdiag_state)state,
		.inode = message->idiag_inode,
		.uid = message->idiag_uid,
	};

	socket.is_dual = message->idiag_family == AF_INET6 && ip_addr_is_any(&socket.local.addr) &&
			 !sockdiag_has_v6only(header);
	if (sockdiag_list_add(reading->list, &socket) < 0) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}

	return MNL_CB_OK;
}

static uint32_t sockdiag_kernel_states(unsigned states)
{
	uint32_t mask = 0;

	for (size_t i = 0; i < array_len(sockdiag_states); i++) {
		if ((states & sockdiag_states[i].state) != 0) {
			mask |= sockdiag_states[i].kernel_states;
		}
	}

	return mask;
}

/* Dump one family behind what the list has; starts anew when the kernel says so. */
static int sockdiag_read_family(struct sockdiag_reading *reading, uint8_t family)
{
	size_t n_before = reading->list->n_items;
	_Alignas(struct nlmsghdr) char bytes[256];
	int r = -EINTR;

	for (unsigned i = 0; r == -EINTR && i < SOCKDIAG_ATTEMPTS_MAX; i++) {
		struct nlmsghdr *header = mnl_nlmsg_put_header(bytes);

		header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
		header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;

		struct inet_diag_req_v2 *request =
			mnl_nlmsg_put_extra_header(header, sizeof(struct inet_diag_req_v2));

		request->sdiag_family = family;
		request->sdiag_protocol = IPPROTO_TCP;
		request->idiag_states = sockdiag_kernel_states(reading->states);
		request->id.idiag_sport = htons(reading->port);
		reading->list->n_items = n_before;
		r = nldump_run(NETLINK_SOCK_DIAG, header, sockdiag_on_answer, reading);
	}

	return r == -EINTR ? 0 : result_trace(r);
}

int sockdiag_list_read(unsigned states, uint16_t port, struct sockdiag_list *ret_list)
{
	assert(states != 0 && port != 0 && ret_list != NULL);

	struct sockdiag_list list = {0};
	struct sockdiag_reading reading = {.list = &list, .port = port, .states = states};
	int r = sockdiag_read_family(&reading, AF_INET);

	if (r == 0) {
		r = sockdiag_read_family(&reading, AF_INET6);
	}
	if (r < 0) {
		sockdiag_list_fini(&list);
		return result_trace(r);
	}
	*ret_list = list;

	return 0;
}

void sockdiag_list_fini(struct sockdiag_list *list)
{
	assert(list != NULL);

	mem_free(list->items);
	*list = (struct sockdiag_list){0};
}

bool sockdiag_covers(const struct sockdiag_socket *socket, const struct ip_endpoint *endpoint)
{
	assert(socket != NULL && endpoint != NULL);

	const struct ip_addr *held = &socket->local.addr;

	if (socket->local.port != endpoint->port) {
		return false;
	}
	if (held->family != endpoint->addr.family) {
		return socket->is_dual;
	}

	return ip_addr_is_any(held) || ip_addr_is_any(&endpoint->addr) ||
	       ip_addr_is_equal(held, &endpoint->addr);
}
