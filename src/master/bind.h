#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Listening sockets, one call of the kernel after the other.
 *
 * Two facts of Linux decide how endpoints change.  A wildcard and a specific
 * address cannot be listened on side by side, not even by one program, unless
 * both sockets have SO_REUSEPORT and were created by the same uid; the option may
 * be set on a socket that listens already, and new connections then go to the
 * more specific one.  And a classic socket filter on a listening socket sees each
 * segment before the handshake does: dropping SYNs there ends the arrival of new
 * connections while half-open ones still complete.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/ipaddr.h"

enum bind_verdict {
	BIND_E_IN_USE = 1, /* EADDRINUSE: another socket has the port */
	BIND_E_DENIED,     /* EACCES, EPERM: a port below 1024 without the right */
	BIND_E_NO_ADDRESS, /* EADDRNOTAVAIL, ENODEV: not (any more) an address of this machine */
	BIND_E_NO_FAMILY,  /* EAFNOSUPPORT: the kernel has no IPv6 */
	BIND_E_SYSTEM,     /* anything else, for example no descriptors left; errno says what */
};

#define BIND_UID_KEEP ((uid_t)-1)

/*
 * bind_open() - make a socket and bind it; it does not listen yet
 * @socket_uid: whose the socket shall be (decided by socket(2)); BIND_UID_KEEP = the caller's
 * @is_reuseport: set SO_REUSEPORT first
 *
 * Return: 0 and an owned descriptor, close-on-exec and non-blocking; BIND_E_ with errno set.
 */
int bind_open(const struct ip_endpoint *endpoint, uid_t socket_uid, bool is_reuseport,
	      int *ret_fd) must_check_;

/*
 * bind_listen() - accept connections from now on
 * @backlog: length of the accept queue; net.core.somaxconn may lower it
 *
 * Return: 0; BIND_E_ with errno set.
 */
int bind_listen(int fd, int backlog) must_check_;

/* bind_set_reuseport() - allow or forbid further sockets.  Return: 0; BIND_E_ with errno set */
int bind_set_reuseport(int fd, bool is_on) must_check_;

/*
 * bind_shut_door() - let no new handshake begin at a listening socket
 *
 * By a filter SYNs are dropped in silence: their senders repeat them and meet whoever has the
 * address then.  Where a filter is not allowed, by bind_hide().
 *
 * Return: 0; BIND_E_SYSTEM with errno set.
 */
int bind_shut_door(int fd) must_check_;

/*
 * bind_hide() - let no segment but those of begun handshakes find a listening socket
 *
 * Needs no right (from Linux 5.7 on).  New connections find the next wider socket, or are refused.
 *
 * Return: 0; BIND_E_SYSTEM with errno set.
 */
int bind_hide(int fd) must_check_;

/*
 * bind_open_door() - take bind_shut_door() back
 *
 * Return: 0; BIND_E_SYSTEM with errno set: it stays shut (unhiding needs CAP_NET_RAW).
 */
int bind_open_door(int fd) must_check_;

/* bind_overlaps() - may two sockets on these not exist side by side without SO_REUSEPORT? */
bool bind_overlaps(const struct ip_endpoint *a, const struct ip_endpoint *b);
