#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One worker: a thread with its event loop, its connections and its lanes.  Nothing on the request
 * path is shared with other threads but what is read through RCU (routes, parameters) and the
 * queues' length counters.
 *
 * A turn: events (receive, parse, route, deliver; accept) -> pump: lanes are read, connections are
 * flushed, lanes are published -> wait.
 *
 * Applications that sleep are woken when nothing else is ready, at the latest WORKER_WAKE_DELAY_NS
 * after they got news: a batch is then as large as it can be, and on a shared core the application
 * does not run between two halves of it.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "engine/counters.h"
#include "engine/mailbox.h"
#include "engine/out.h"
#include "event/loop.h"
#include "http/field.h"

struct engine;
struct params;

#define WORKER_WAKE_DELAY_NS 50000
#define WORKER_READ_BYTES    65536
#define WORKER_SCRATCH_BYTES 65536 /* private copy of a response head */

struct worker {
	struct loop loop;
	struct mailbox mailbox;
	struct engine *engine;
	const struct params *params; /* snapshot, read anew after each wait */
	struct list conns;           /* struct conn::link, all of them */
	struct list flush;        /* struct conn::flush_link: something to send or to go on with */
	struct list active_lanes; /* struct lane::active_link */
	struct list wakes;        /* struct lane::wake_link */
	struct mono_time wakes_since;
	struct list listeners; /* struct listener::link */
	struct out_pool out_pool;
	struct list free_conns; /* struct conn::link, recycled */
	uint32_t n_conns;
	uint32_t index;
	uint64_t next_id;          /* connection and request ids: counter and worker number */
	char *read_bytes;          /* WORKER_READ_BYTES, owned */
	char *scratch;             /* WORKER_SCRATCH_BYTES, owned */
	struct http_field *fields; /* for the head being parsed, owned */
	uint32_t n_fields_cap;
	char *cook; /* for its path, owned */
	uint32_t cook_bytes;
	struct http_field *response_fields; /* for the response head being written, owned */
	int64_t date_second;
	char date[CLOCK_HTTP_DATE_BYTES];
	bool is_stopping;      /* no new connection; existing ones end after their response */
	bool is_accept_paused; /* out of descriptors: listeners rest until the timer */
	struct timer accept_timer;
	struct counters counters;
	pthread_t thread;
	bool is_started;
};

/* worker_init() - make worker @index of @engine, without a thread.  Return: 0; -errno (nothing is
 * left) */
int worker_init(struct worker *worker, struct engine *engine, unsigned index) must_check_;

/* worker_fini() - free what worker_init() made; connections and lanes have gone */
void worker_fini(struct worker *worker);

/*
 * worker_pump() - the second half of a turn: what the applications have answered leaves, what came
 * goes to them
 */
void worker_pump(struct worker *worker);

/* worker_start() - make worker @index and start its thread.  Return: 0; -errno */
int worker_start(struct worker *worker, struct engine *engine, unsigned index) must_check_;

/* worker_join() - wait for the end of a worker that was told to end, and free it */
void worker_join(struct worker *worker);

/* worker_post_end() - tell the worker to close everything at once and end its thread */
void worker_post_end(struct worker *worker);

/* worker_want_wake() - have lane_wake_receiver() called for the lane with @wake_link soon */
void worker_want_wake(struct worker *worker, struct list *wake_link);

/* worker_date() - the Date field's value for now (29 bytes), made anew once a second */
struct slice worker_date(struct worker *worker);

/* worker_next_id() - a number that no other connection or request of this engine has */
uint64_t worker_next_id(struct worker *worker);

/*
 * worker_fit_buffers() - adapt the parse buffers to the current parameters
 *
 * Return: 0; -ENOMEM (the old ones stay).
 */
int worker_fit_buffers(struct worker *worker) must_check_;

/* worker_count() - count an event */
#define worker_count(worker, counter) counters_add(&(worker)->counters, COUNTER_##counter, 1)
