#pragma once
/* SPDX-License-Identifier: MIT */

/* Sockets that the tests of this folder make: loopback, ports chosen by the kernel. */

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ipaddr.h"

#define NET_WAIT_MS 5000 /* for what must happen */
#define NET_CALM_MS 150  /* for what must not happen */

/* An address and port from its text. */
static inline struct ip_endpoint net_endpoint(const char *address, uint16_t port)
{
	struct ip_endpoint endpoint = {.port = port};

	if (!ip_addr_parse(slice_from_str(address), &endpoint.addr)) {
		(void)fprintf(stderr, "# no address: %s\n", address);
	}

	return endpoint;
}

/* A bound socket; port 0: the kernel chooses.  Return: -1 = cannot be bound */
static inline int net_bind(const char *address, uint16_t port, bool is_v6only)
{
	struct ip_endpoint endpoint = net_endpoint(address, port != 0 ? port : 1);
	struct sockaddr_storage storage;
	socklen_t len = ip_endpoint_to_sockaddr(&endpoint, &storage);
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = is_v6only;

	if (port == 0) {
		((struct sockaddr_in *)&storage)->sin_port = 0; /* same place in sockaddr_in6 */
	}
	if (storage.ss_family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	}
	if (fd != -1 && bind(fd, (const struct sockaddr *)&storage, len) == -1) {
		(void)close(fd);
		fd = -1;
	}

	return fd;
}

static inline uint16_t net_port(int fd)
{
	struct sockaddr_storage storage = {0};
	socklen_t len = sizeof(storage);

	(void)getsockname(fd, (struct sockaddr *)&storage, &len);

	return ntohs(((const struct sockaddr_in *)&storage)->sin_port);
}

/* A port that nobody has at this moment, on any address. */
static inline uint16_t net_free_port(void)
{
	int fd = net_bind("0.0.0.0", 0, false);
	uint16_t port = net_port(fd);

	(void)close(fd);

	return port;
}

/* A connection under way; non-blocking. */
static inline int net_connect(const char *address, uint16_t port)
{
	struct ip_endpoint endpoint = net_endpoint(address, port);
	struct sockaddr_storage storage;
	socklen_t len = ip_endpoint_to_sockaddr(&endpoint, &storage);
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)connect(fd, (const struct sockaddr *)&storage, len);

	return fd;
}

/* Does @fd get one of @events within @wait_ms? */
static inline bool net_wait(int fd, short events, int wait_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = events};

	return poll(&poll_fd, 1, wait_ms) == 1 && (poll_fd.revents & events) != 0;
}

/* Is the connection of @fd there within @wait_ms? */
static inline bool net_is_connected(int fd, int wait_ms)
{
	int error = 1;
	socklen_t len = sizeof(error);

	return net_wait(fd, POLLOUT, wait_ms) &&
	       getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0;
}

/*
 * A network of its own, so that no other program is in the way.  Only root can; others test in
 * the machine's.  Return: is it our own?
 */
static inline bool net_unshare(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) == -1) {
		return false;
	}

	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_up = ioctl(fd, SIOCSIFFLAGS, &request) == 0;

	(void)close(fd);

	return is_up;
}
