#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Request queues, URL groups and receivers as both sides of the engine see them.  Made and freed by
 * the control thread; the workers see a queue through groups (RCU) and keep their own part of it in
 * per_worker[].
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct request;
struct queue;
struct worker;

enum group_state {
	GROUP_STATE_ACTIVE = 0,
	GROUP_STATE_INACTIVE = 1,
};

/* The workers' view of a URL group; part of struct group of the control thread. */
struct url_group {
	struct queue *queue; /* RCU; NULL: not bound */
	uint64_t id;
	uint32_t state; /* enum group_state, atomic */
};

/* One worker's part of a queue. */
struct worker_queue {
	struct queue *queue;
	struct list waiting; /* struct request::wait_link, oldest first */
	struct list lanes;   /* struct lane::queue_link, the preferred first */
	bool is_closed;      /* the control thread has taken the queue back: nothing may wait */
};

struct queue {
	uint64_t id;
	uint32_t entries_max; /* atomic */
	uint32_t state;       /* enum group_state, atomic */
	uint32_t n_waiting;   /* atomic; over all workers */
	uint64_t n_arrived;   /* atomic */
	uint64_t n_rejected;  /* atomic */
	uint32_t n_workers;
	struct worker_queue per_worker[];
};

/*
 * queue_new() - a queue without receivers
 * @n_workers: threads that will use it
 *
 * Return: owned by the caller; NULL = out of memory.
 */
struct queue *queue_new(uint64_t id, unsigned n_workers, uint32_t entries_max);

/* queue_free() - free it; nothing waits and no lane is attached any more; accepts NULL.
 * Return: NULL */
struct queue *queue_free(struct queue *queue);

/*
 * queue_wait() - worker: have @request wait for a receiver
 *
 * Return: true; false = the queue is full or closed (nothing changed, the rejection is counted).
 */
bool queue_wait(struct worker_queue *queue, struct request *request);

/* queue_forget() - worker: @request waits no longer */
void queue_forget(struct request *request);

/* queue_pick() - worker: the lane that should take the next request; NULL = none has room */
struct lane *queue_pick(struct worker_queue *queue);

/* queue_serve() - worker: deliver what waits, as far as lanes have room */
void queue_serve(struct worker_queue *queue);

/* queue_close() - worker: nothing may wait here any more: route everything that waits anew */
void queue_close(struct worker_queue *queue);
