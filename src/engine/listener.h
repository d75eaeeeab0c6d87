#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One worker's share of an endpoint: the listening socket in its epoll set (EPOLLEXCLUSIVE, so that
 * one connection wakes one thread).  The descriptor belongs to the control thread's endpoint and is
 * shared by all workers.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/list.h"
#include "event/loop.h"

struct worker;

struct listener {
	struct loop_source source; /* fd borrowed from the endpoint */
	struct list link;          /* in worker->listeners */
	struct worker *worker;
	struct ip_endpoint bound; /* 0.0.0.0 and :: as bound */
	uint8_t scheme;           /* enum prefix_scheme */
	uint64_t endpoint_id;
	bool is_watched; /* in the epoll set (not while accepting is paused) */
};

/* listener_open() - begin to accept on @fd.  Return: owned by the worker; NULL = no memory or epoll
 * refused (both are fatal to the endpoint) */
struct listener *listener_open(struct worker *worker, int fd, uint64_t endpoint_id, uint8_t scheme,
			       const struct ip_endpoint *bound);

/* listener_find() - the worker's listener of an endpoint; NULL = none */
struct listener *listener_find(struct worker *worker, uint64_t endpoint_id);

/* listener_drain() - accept everything that waits, then stop; the listener is freed */
void listener_drain(struct listener *listener);

/* listener_resume_all() - accept again after a pause for want of descriptors */
void listener_resume_all(struct worker *worker);
