#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which TCP sockets of the machine use a local port: the kernel's own list
 * (inet_diag), for IPv4 and IPv6.  Nothing here needs a right.  Sockets that are
 * bound but do not listen are told by kernels from 6.8 on only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/ipaddr.h"

#define SOCKDIAG_SOCKETS_MAX 65536 /* of one answer; further ones are left out */

enum sockdiag_state {
	SOCKDIAG_STATE_LISTENING = 1 << 0,
	SOCKDIAG_STATE_BOUND = 1 << 1,     /* has the port, listens not (yet) */
	SOCKDIAG_STATE_HANDSHAKE = 1 << 2, /* half-open: SYN received, ACK awaited */
	SOCKDIAG_STATE_CONNECTED = 1 << 3, /* any other that uses the port, TIME_WAIT excepted */
};

struct sockdiag_socket {
	struct ip_endpoint local;
	struct ip_endpoint remote; /* HANDSHAKE and CONNECTED */
	enum sockdiag_state state;
	bool is_dual;   /* an IPv6 wildcard that takes IPv4, too */
	uint32_t inode; /* 0: half-open ones have none */
	uid_t uid;
};

struct sockdiag_list {
	struct sockdiag_socket *items; /* owned */
	size_t n_items;
	size_t capacity;
};

/*
 * sockdiag_list_read() - the sockets with local port @port
 * @states: an OR of enum sockdiag_state
 * @port: 1-65535
 *
 * Return: 0 and *@ret_list (sockdiag_list_fini); -errno.
 */
int sockdiag_list_read(unsigned states, uint16_t port, struct sockdiag_list *ret_list) must_check_;

/* sockdiag_list_fini() - free it; accepts a zeroed one */
void sockdiag_list_fini(struct sockdiag_list *list);

/*
 * sockdiag_covers() - would @socket get, or keep others from, connections to @endpoint?
 *
 * True for equal addresses and when either side is the wildcard of the other's family.
 */
bool sockdiag_covers(const struct sockdiag_socket *socket, const struct ip_endpoint *endpoint);
