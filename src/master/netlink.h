#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The addresses that the machine has, and a watch over them.  Every message of
 * the kernel about addresses or links only means "look again": the watch socket
 * is emptied and the whole set is asked for anew, so that a lost message
 * (ENOBUFS) needs no treatment of its own and the set is never assembled from
 * pieces.  An IPv6 address counts once duplicate address detection is through.
 * Owned by the master, on its loop.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "event/loop.h"

struct mnl_socket;

struct netlink {
	struct loop *loop;         /* borrowed; NULL = no watch */
	struct loop_source source; /* the watch socket */
	struct mnl_socket *watch;  /* owned */
	struct ip_addr *addrs;     /* owned; sorted, each once */
	size_t n_addrs;
	void (*on_change)(struct netlink *netlink);
	/* The set could not be read, @r is the errno; the old set stays. */
	void (*on_failure)(struct netlink *netlink, int r);
	void *owner; /* for the callbacks */
};

/*
 * netlink_init() - read the addresses and begin to watch
 * @loop: NULL = read once, never call back
 * @on_change, @on_failure: may be NULL when @loop is
 *
 * Return: 0; -errno (to be given to netlink_fini() all the same).
 */
int netlink_init(struct netlink *netlink, struct loop *loop, void (*on_change)(struct netlink *),
		 void (*on_failure)(struct netlink *, int), void *owner) must_check_;

/* netlink_fini() - stop watching and free the set; accepts a zeroed one */
void netlink_fini(struct netlink *netlink);

/*
 * netlink_refresh() - ask the kernel now
 * @ret_is_changed: is the set another one than before?
 *
 * Return: 0; -errno (the set is as before).
 */
int netlink_refresh(struct netlink *netlink, bool *ret_is_changed) must_check_;
