#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The endpoints that the master has handed to this engine: one listening socket each, accepted from
 * by all workers.
 */

#include <stdint.h>

#include "base/ipaddr.h"
#include "base/list.h"

struct control;
struct message;

struct endpoint {
	struct list link; /* in control->endpoints */
	uint64_t id;
	int fd; /* owned */
	uint8_t scheme;
	struct ip_endpoint bound;
};

/* endpoint_on_open() - the master hands over a listening socket */
void endpoint_on_open(struct control *control, struct message *message);

/* endpoint_on_retire() - accept what waits, stop, close, and say so */
void endpoint_on_retire(struct control *control, const struct message *message);

/* endpoint_fini_all() - close all at the engine's end */
void endpoint_fini_all(struct control *control);
