/* SPDX-License-Identifier: MIT */

/* Sockets to listen on; see bind.h. */

#include "master/bind.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/fsuid.h>
#include <sys/socket.h>

#include "base/fd.h"

#define BIND_TCP_FLAGS_OFFSET 13
#define BIND_TCP_SYN          0x02
#define BIND_TCP_ACK          0x10

/* No interface has this number: they are given from 1 upwards. */
#define BIND_INTERFACE_NONE INT32_MAX

static int bind_verdict(int error)
{
	switch (error) {
	case EADDRINUSE:
		return BIND_E_IN_USE;
	case EACCES:
	case EPERM:
		return BIND_E_DENIED;
	case EADDRNOTAVAIL:
	case ENODEV:
		return BIND_E_NO_ADDRESS;
	case EAFNOSUPPORT:
		return BIND_E_NO_FAMILY;
	default:
		return BIND_E_SYSTEM;
	}
}

static int bind_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) == -1 ? bind_verdict(errno) : 0;
}

/* The uid that the kernel notes on the socket is the file system uid of this moment. */
static int bind_create(int family, uid_t socket_uid)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

	if (socket_uid == BIND_UID_KEEP) {
		return socket(family, type, IPPROTO_TCP);
	}

	int before = setfsuid(socket_uid);
	int fd = socket(family, type, IPPROTO_TCP);
	int error = errno;

	/* setfsuid() only tells the value before; it cannot fail back to where it was. */
	(void)setfsuid((uid_t)before);
	errno = error;

	return fd;
}

int bind_open(const struct ip_endpoint *endpoint, uid_t socket_uid, bool is_reuseport, int *ret_fd)
{
	assert(endpoint != NULL && endpoint->port != 0 && ret_fd != NULL);
	assert(endpoint->addr.family == AF_INET || endpoint->addr.family == AF_INET6);

	cleanup_(fd_close_p) int fd = bind_create(endpoint->addr.family, socket_uid);

	if (fd == -1) {
		return bind_verdict(errno);
	}

	/* Connections of an earlier socket in TIME_WAIT do not keep the port. */
	int r = bind_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r == 0 && endpoint->addr.family == AF_INET6) {
		r = bind_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	}
	if (r == 0 && is_reuseport) {
		r = bind_set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	}
	if (r != 0) {
		return r;
	}

	struct sockaddr_storage sockaddr;
	socklen_t len = ip_endpoint_to_sockaddr(endpoint, &sockaddr);

	if (bind(fd, (const struct sockaddr *)&sockaddr, len) == -1) {
		return bind_verdict(errno);
	}
	*ret_fd = fd;
	fd = -1;

	return 0;
}

int bind_listen(int fd, int backlog)
{
	assert(fd >= 0 && backlog > 0);

	return listen(fd, backlog) == -1 ? bind_verdict(errno) : 0;
}

int bind_set_reuseport(int fd, bool is_on)
{
	assert(fd >= 0);

	return bind_set(fd, SOL_SOCKET, SO_REUSEPORT, is_on);
}

int bind_shut_door(int fd)
{
	assert(fd >= 0);

	/*
	 * The filter sees the segment from its TCP header on.  Connections that are accepted later
	 * inherit it, which does no harm: their peers do not send a SYN any more.
	 */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, BIND_TCP_FLAGS_OFFSET),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, BIND_TCP_SYN | BIND_TCP_ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BIND_TCP_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = {.len = array_len(code), .filter = code};

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == -1) {
		return bind_hide(fd);
	}

	return 0;
}

int bind_hide(int fd)
{
	assert(fd >= 0);

	/*
	 * The look-up of listening sockets passes by one that is bound to another interface than
	 * the segment's.  Half-open connections are found in a table of their own, and they and
	 * what becomes of them keep the interface that they began with (none).
	 */
	return bind_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, BIND_INTERFACE_NONE) != 0 ? BIND_E_SYSTEM
										    : 0;
}

int bind_open_door(int fd)
{
	assert(fd >= 0);

	int interface = 0;
	socklen_t len = sizeof(interface);

	if (getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &interface, &len) == 0 && interface != 0 &&
	    bind_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0) != 0) {
		return BIND_E_SYSTEM;
	}

	int r = bind_set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);

	/* No filter is attached: the door is open. */
	return r != 0 && errno != ENOENT ? BIND_E_SYSTEM : 0;
}

bool bind_overlaps(const struct ip_endpoint *a, const struct ip_endpoint *b)
{
	assert(a != NULL && b != NULL);

	return a->port == b->port && a->addr.family == b->addr.family &&
	       (ip_addr_is_any(&a->addr) || ip_addr_is_any(&b->addr) ||
		ip_addr_is_equal(&a->addr, &b->addr));
}
