#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An endpoint: address and port that we listen on, or want to.  The master keeps
 * its own descriptor for as long as the engine has one, so that the socket
 * survives the engine and can be taken back while it is being given up.
 *
 *   FAILED -> BOUND -> LISTENING -> DRAINING -> CLOSING -> gone
 *     ^-- a failed attempt    ^-----------+----------+  wanted again
 *
 * DRAINING: the door is shut (bind.h) and half-open handshakes are waited for.
 * CLOSING: the engine was told; it accepts what is queued, closes and answers.
 * Neither blocks the loop, both end at a deadline.  Owned by struct endpointset.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "base/list.h"
#include "event/loop.h"
#include "event/timer.h"
#include "master/handshake.h"
#include "master/plan.h"

enum endpoint_state {
	ENDPOINT_STATE_FAILED = 0, /* wanted, cannot be opened now; tried again */
	ENDPOINT_STATE_BOUND,      /* has the port, does not listen yet */
	ENDPOINT_STATE_LISTENING,
	ENDPOINT_STATE_DRAINING,
	ENDPOINT_STATE_CLOSING,
	ENDPOINT_STATE_COUNT_,
};

struct endpoint;

/* What an endpoint that is being given up tells its owner; may free the endpoint. */
struct endpoint_owner {
	/* Nothing half-open is left: tell the engine to close its descriptor. */
	void (*on_drained)(struct endpoint *endpoint);
	/* The engine did not answer in time. */
	void (*on_timeout)(struct endpoint *endpoint);
	void *context;
};

struct endpoint {
	struct list link; /* struct endpointset::endpoints */
	uint64_t id;      /* a new one each time it is handed to the engine anew */
	unsigned scheme;  /* 0 http, 1 https */
	enum endpoint_state state;
	struct plan_item item;  /* address, and why it could not be opened */
	int fd;                 /* owned; -1 in FAILED */
	uint32_t inode;         /* of the socket; 0 = none */
	bool is_sent;           /* the engine has it under @id */
	bool is_reuseport;      /* SO_REUSEPORT is set */
	bool is_wanted;         /* by the plan that is being carried out */
	bool is_lost;           /* cannot be taken back; another may stand at its address */
	uint64_t retire_number; /* order of giving up; 0 = not given up */
	struct loop *loop;      /* borrowed */
	struct timer timer;
	struct mono_time deadline;
	struct handshake_set handshakes;
	const struct endpoint_owner *owner; /* borrowed */
};

/*
 * endpoint_new() - an endpoint in FAILED without a socket
 *
 * Return: owned by the caller (endpoint_free); NULL = out of memory.
 */
struct endpoint *endpoint_new(const struct ip_endpoint *address, unsigned scheme, struct loop *loop,
			      const struct endpoint_owner *owner) must_check_;

/* endpoint_free() - close the socket, unlink, free; accepts NULL.  Return: NULL */
struct endpoint *endpoint_free(struct endpoint *endpoint);

/* endpoint_adopt_fd() - take over a bound socket: state BOUND */
void endpoint_adopt_fd(struct endpoint *endpoint, int fd, bool is_reuseport);

/* endpoint_fail() - close the socket and remember why: state FAILED */
void endpoint_fail(struct endpoint *endpoint, const struct plan_item *why);

/*
 * endpoint_drain() - shut the door and call on_drained when nothing half-open is left
 * @timeout_ms: longest wait for that
 * @number: for endpoint::retire_number
 */
void endpoint_drain(struct endpoint *endpoint, int64_t timeout_ms, uint64_t number);

/* endpoint_await_engine() - from DRAINING to CLOSING: call on_timeout when the engine is silent */
void endpoint_await_engine(struct endpoint *endpoint);

/*
 * endpoint_revive() - from DRAINING or CLOSING back to LISTENING: open the door again
 *
 * Return: false = the door stays shut: it goes on ending and is_lost is set; a new socket is
 * needed.
 */
bool endpoint_revive(struct endpoint *endpoint);

/* endpoint_is_retiring() - DRAINING or CLOSING? */
static inline bool endpoint_is_retiring(const struct endpoint *endpoint)
{
	return endpoint->state == ENDPOINT_STATE_DRAINING ||
	       endpoint->state == ENDPOINT_STATE_CLOSING;
}

/* endpoint_set_reuseport() - set or clear SO_REUSEPORT when it is not so already */
void endpoint_set_reuseport(struct endpoint *endpoint, bool is_on);

/* endpoint_state_name() - "listening", "failed", "retiring" ... */
const char *endpoint_state_name(enum endpoint_state state);
