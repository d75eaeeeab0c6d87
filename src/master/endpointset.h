#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All endpoints and all claims, and the one step that brings the first in line
 * with the second: endpointset_apply().  It runs after every change of the list,
 * of the machine's addresses, of the claims, and when a failed endpoint is tried
 * again.  Order of the step: new endpoints are bound, then listen, then go to the
 * engine, then the claims' states; only then what is not wanted any more is given
 * up.  Nothing waits in it.
 *
 * Knows no messages: what is to be told goes through struct endpointset_sink.
 * Owned by the master, on its loop.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/list.h"
#include "event/loop.h"
#include "master/claim.h"
#include "master/conflict.h"
#include "master/endpoint.h"
#include "master/events.h"
#include "master/listenlist.h"
#include "master/plan.h"

#define ENDPOINTSET_RETRY_MS 2000 /* how often a failed endpoint is tried again */

enum endpointset_verdict {
	ENDPOINTSET_E_EXISTS = 1, /* a claim of that id is open */
	ENDPOINTSET_E_NOT_FOUND,  /* no claim of that id */
};

struct endpointset;

/* Where decisions go.  Each int function: 0; -errno, which is passed up. */
struct endpointset_sink {
	int (*open)(void *context, const struct endpoint *endpoint); /* hand it to the engine */
	int (*retire)(void *context, uint64_t endpoint_id);
	int (*claim_state)(void *context, const struct claim *claim);
	bool (*has_engine)(void *context);
	void (*event)(void *context, const struct event *event);
	void (*endpoint_gone)(void *context);  /* one that was given up has closed */
	void (*failure)(void *context, int r); /* fatal, in a timer */
	void *context;
};

struct endpointset {
	struct loop *loop;                   /* borrowed */
	const struct endpointset_sink *sink; /* borrowed */
	struct list endpoints;               /* struct endpoint::link, owned */
	struct list claims;                  /* struct claim::link, owned; in order of opening */
	struct plan plan;                    /* the newest; for documents */
	const struct listenlist *list;       /* borrowed; may be replaced by the owner */
	struct listen_locals locals;         /* borrowed; as above */
	struct owner_ours ours;
	uid_t socket_uid;     /* whose the sockets are; BIND_UID_KEEP */
	int backlog;          /* ListenBacklog */
	int64_t drain_ms;     /* EndpointDrainTimeout */
	uint64_t id_last;     /* of endpoints */
	uint64_t retire_last; /* see endpoint::retire_number */
	struct timer retry;   /* armed while an endpoint is FAILED */
	struct endpoint_owner endpoint_owner;
};

/* endpointset_init() - nothing wanted, nothing open; list, locals and options are set afterwards */
void endpointset_init(struct endpointset *set, struct loop *loop,
		      const struct endpointset_sink *sink);

/* endpointset_fini() - close everything at once; accepts a zeroed one */
void endpointset_fini(struct endpointset *set);

/*
 * endpointset_apply() - open, close and tell what the present list, addresses and claims demand
 *
 * Return: 0; -errno.
 */
int endpointset_apply(struct endpointset *set) must_check_;

/*
 * endpointset_open_claim() - a claim of the engine, answered through sink->claim_state()
 * @id, @scheme, @want: as in struct claim
 * @ret_is_refused: it was refused and is forgotten; what it alone would have opened is closed
 *
 * Return: 0; ENDPOINTSET_E_EXISTS; -errno.
 */
int endpointset_open_claim(struct endpointset *set, uint64_t id, unsigned scheme,
			   const struct listen_want *want, bool *ret_is_refused) must_check_;

/*
 * endpointset_close_claim() - the engine needs it no longer
 *
 * Return: 0; ENDPOINTSET_E_NOT_FOUND (also one that was refused); -errno.
 */
int endpointset_close_claim(struct endpointset *set, uint64_t id) must_check_;

/* endpointset_find_claim() - the claim of the present engine with that id; NULL = none */
struct claim *endpointset_find_claim(const struct endpointset *set, uint64_t id);

/* endpointset_engine_gone() - claims become orphans, sockets are kept; what was closing closes */
void endpointset_engine_gone(struct endpointset *set);

/*
 * endpointset_drop_orphans() - the time to claim again is over
 *
 * Return: 0; -errno.
 */
int endpointset_drop_orphans(struct endpointset *set) must_check_;

/* endpointset_engine_closed() - the engine has closed its descriptor of that endpoint */
void endpointset_engine_closed(struct endpointset *set, uint64_t endpoint_id);

/* endpointset_retire_all() - give up everything; claims are forgotten */
void endpointset_retire_all(struct endpointset *set);

/*
 * endpointset_is_retired() - is everything closed that was given up until @number?
 * @number: endpointset::retire_last of some earlier moment
 */
bool endpointset_is_retired(const struct endpointset *set, uint64_t number);

/*
 * endpointset_preview() - the plan under another list, without touching a socket
 *
 * Return: 0 and *@ret_plan (plan_fini); -errno.
 */
int endpointset_preview(const struct endpointset *set, const struct listenlist *list,
			struct plan *ret_plan) must_check_;

/* endpointset_find() - the endpoint with exactly that address that can be used; NULL = none */
struct endpoint *endpointset_find(const struct endpointset *set, const struct ip_endpoint *address);
