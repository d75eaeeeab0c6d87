#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The control thread of the engine: everything that is not the request path.  It owns the objects
 * of applications and the routing table, talks to the master and to the applications, and gives
 * orders to the workers.  Nothing here is touched by any other thread, except the mailbox.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/quota.h"
#include "engine/mailbox.h"
#include "engine/params.h"
#include "event/loop.h"
#include "urlspace/reservation.h"
#include "urlspace/scheme_table.h"
#include "wire/channel.h"

struct engine;

#define CONTROL_REFUSALS 64 /* refused registrations that are remembered, to log each once */

struct control {
	struct engine *engine;
	struct loop loop;
	struct mailbox mailbox;
	struct channel master;
	struct loop_source master_source;
	struct loop_source app_source; /* the applications' listening socket */
	struct list sessions;          /* struct session::link, owned */
	struct list parked;            /* struct group::session_link: their sessions have gone */
	struct map groups;             /* by id */
	struct map queues;             /* by id */
	struct map queue_names;        /* named ones, by name */
	struct map receivers;          /* by id */
	struct map registrations;      /* by prefix key */
	struct map claims;             /* by struct claim_key */
	struct map claim_ids;          /* by id */
	struct list endpoints;         /* struct endpoint::link, owned */
	struct reservation_set reservations;
	struct scheme_table schemes;
	struct quota quota;
	struct params params; /* as the master said; the workers have a copy */
	uid_t admin_uid; /* who may register anything: root, or the owner of a private instance */
	uint64_t next_id;
	unsigned n_over_quota;               /* sessions with is_over_quota */
	uint64_t refusals[CONTROL_REFUSALS]; /* hashes of prefix and process; 0 = none */
	unsigned next_refusal;
	struct timer stop_timer;
	struct timer accept_timer; /* armed: applications wait until there are descriptors */
	bool is_started;           /* ENGINE_START has come */
	bool is_stopping;
};

/* control_init() - take over the socket to the master and the applications' socket.
 * Return: 0; -errno */
int control_init(struct control *control, struct engine *engine, int master_fd,
		 int app_fd) must_check_;

/* control_fini() - free everything; the workers have ended */
void control_fini(struct control *control);

/* control_wait_for_start() - handle the master's first messages until ENGINE_START.
 * Return: 0; -errno (the master has gone, or sent nonsense) */
int control_wait_for_start(struct control *control) must_check_;

/* control_start() - accept applications and tell the master.  Return: 0; -errno */
int control_start(struct control *control) must_check_;

/* control_run() - serve until the master ends it.  Return: 0; -errno */
int control_run(struct control *control) must_check_;

/* control_send() - send to the master; when that fails the engine ends */
void control_send(struct control *control, struct message *message);

/*
 * control_event() - have the master log an event
 * @prefix: empty = none
 */
void control_event(struct control *control, unsigned event_id, unsigned level, struct slice prefix,
		   const char *format, ...) printf_(5, 6);

/* control_next_id() - a number for a new object */
uint64_t control_next_id(struct control *control);

/* control_find_by_id() - the object with that id in one of the maps by id; NULL = none */
void *control_find_by_id(const struct map *map, uint64_t id);

/* control_on_memory() - a step that can't be undone found no memory: end, the master starts anew */
void control_on_memory(struct control *control, const char *what) __attribute__((__noreturn__));
