#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Event loop of one thread: an epoll set, a cached clock, deferred tasks and a
 * timer wheel.  Sources are registered once, edge-triggered by default; a
 * source is level-triggered when its owner leaves EPOLLET out of the mask.
 * The loop owns nothing but the epoll descriptor; sources belong to their
 * owners and must be removed before they are freed.  A source may be removed
 * (and freed) from any callback, also when its own event is still pending in
 * the same turn.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/list.h"
#include "event/timer.h"

#define LOOP_EVENTS_PER_TURN_MAX 256

struct loop_source {
	int fd; /* borrowed */
	void (*on_event)(struct loop_source *source, uint32_t events);
};

/* A function to be called once at the end of the current turn. */
struct loop_task {
	struct list link;
	void (*on_run)(struct loop_task *task);
};

struct loop {
	int epoll_fd;
	struct mono_time now; /* the tick: read once per turn */
	struct timer_wheel timers;
	struct list tasks; /* struct loop_task::link, run at the end of the turn */
	struct epoll_event events[LOOP_EVENTS_PER_TURN_MAX];
	int n_events;
	int n_dispatched; /* events of the last turn */
	int i_event;      /* the event being dispatched */
	/*
	 * May be NULL; called just before a wait that can block.  Returns false when work turned up
	 * meanwhile (in shared memory, say): the wait then only looks and does not block.
	 */
	bool (*on_sleep)(struct loop *loop);
	void (*on_wake)(struct loop *loop); /* may be NULL; just after such a wait */
	void *owner;                        /* for the callbacks */
	bool is_stopping;
};

/* loop_init() - make the epoll set; owner and callbacks are set afterwards.  Return: 0; -errno */
int loop_init(struct loop *loop) must_check_;

/* loop_fini() - close the epoll set; accepts a zeroed or failed one */
void loop_fini(struct loop *loop);

/*
 * loop_add() - watch source->fd for @events (EPOLLIN, EPOLLOUT, EPOLLET, EPOLLEXCLUSIVE ...)
 *
 * Return: 0; -errno.
 */
int loop_add(struct loop *loop, struct loop_source *source, uint32_t events) must_check_;

/* loop_modify() - replace the event mask of a watched source.  Return: 0; -errno */
int loop_modify(struct loop *loop, struct loop_source *source, uint32_t events) must_check_;

/* loop_remove() - stop watching; events of this turn not yet delivered are dropped */
void loop_remove(struct loop *loop, struct loop_source *source);

/* loop_defer() - call @task once at the end of this turn; no effect when it is already queued */
void loop_defer(struct loop *loop, struct loop_task *task);

/* loop_task_init() - an unqueued task */
static inline void loop_task_init(struct loop_task *task, void (*on_run)(struct loop_task *))
{
	list_init(&task->link);
	task->on_run = on_run;
}

/*
 * loop_turn() - wait once (not longer than @wait_ms; -1 = until something happens; timers shorten
 * it), dispatch, run expired timers, then the deferred tasks until none is left
 *
 * Return: 0; -errno.
 */
int loop_turn(struct loop *loop, int wait_ms) must_check_;

/* loop_run() - turns until loop->is_stopping.  Return: 0; -errno */
int loop_run(struct loop *loop) must_check_;
