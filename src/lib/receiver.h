#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A receiver: one consumer of a queue, with one lane to each thread of the engine.
 *
 * It belongs to one thread at a time, and that thread takes no lock while requests keep coming.
 * Other threads (a reconnection, httpsys_queue_free()) change only what is guarded by the session's
 * mutex, set a bit in `notices`, and write to notice_fd; the receiver's thread does the rest in
 * receiver_apply().
 *
 * epoll_fd, which the application may watch, holds the wake pipe of the present lanes, notice_fd
 * and the session's descriptor.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/list.h"
#include "httpsys.h"

struct lane;
struct lane_set;

enum receiver_notice {
	RECEIVER_NOTICE_LANES = 1, /* is_lost or next_set changed */
	RECEIVER_NOTICE_SHUT = 2,  /* queue or session are being freed */
};

struct httpsys_receiver {
	/* Guarded by the session's mutex. */
	struct list link; /* queue->receivers, or session->orphans */
	struct httpsys_session *session;
	struct httpsys_queue *queue; /* NULL: freed */
	uint64_t id;                 /* 0: the engine does not have it now */
	bool is_lost;                /* the set in use is of no use any more */
	struct lane_set *next_set;   /* to be installed; owned */

	/* Shared without it. */
	_Atomic unsigned notices; /* enum receiver_notice bits */
	_Atomic bool is_inside;   /* its thread is in httpsys_receive() */
	int notice_fd;            /* eventfd; owned */

	/* The receiver's thread alone. */
	int epoll_fd;           /* owned */
	uint32_t exchanges_max; /* as wished; 0: the engine's default */
	uint32_t prefetch;
	uint32_t spin_us;
	bool is_shut;
	bool is_asleep;        /* the lanes' sleep flags are set */
	uint32_t n_calls;      /* of httpsys_receive() */
	uint32_t next_lane;    /* where to look first */
	struct lane_set *set;  /* in use; NULL: none; owned */
	struct list lost_sets; /* struct lane_set::link: have requests that were not ended */
	struct list taken;  /* struct httpsys_request::link: arrived while something else waited */
	struct list events; /* struct httpsys_request::link: have something to tell */
	struct list dones;  /* struct httpsys_request::done_link: their last event is to be told */
	struct mono_time unwoken_since; /* 0: nothing is shown that the engine may not have seen */
};

/* Until when a call waits; the clock is read only when it comes to that. */
struct receiver_deadline {
	int timeout_ms; /* -1: for ever; 0: not at all */
	bool is_started;
	struct mono_time end;
};

/* receiver_attach() - attach it in the engine if it is not.  The session's mutex is held.
 * Return: 0; a code */
int receiver_attach(struct httpsys_receiver *receiver) must_check_;

/* receiver_forget() - the engine has gone.  The session's mutex is held */
void receiver_forget(struct httpsys_receiver *receiver);

/* receiver_shut() - its queue is being freed.  The session's mutex is held */
void receiver_shut(struct httpsys_receiver *receiver);

/*
 * receiver_turn() - let the engine have everything, and wait for something to happen
 *
 * Return: 0: something may have happened; AGAIN (time-out 0), TIMEOUT, SHUTDOWN, SYSTEM.
 */
int receiver_turn(struct httpsys_receiver *receiver,
		  struct receiver_deadline *deadline) must_check_;

/*
 * receiver_pump() - work off what the engine published; requests go to receiver->taken
 *
 * For calls that wait for something else than a request.
 */
void receiver_pump(struct httpsys_receiver *receiver);

/*
 * receiver_leave() - before such a call returns
 * @was_asleep: receiver->is_asleep at its beginning
 *
 * A program that went to sleep on the receiver's descriptor before must still be woken.
 */
void receiver_leave(struct httpsys_receiver *receiver, bool was_asleep);

/* receiver_break() - the engine wrote nonsense: give the connection up */
void receiver_break(struct httpsys_receiver *receiver);

/* receiver_apply() - do what other threads left in `notices` */
void receiver_apply(struct httpsys_receiver *receiver);

/* receiver_poll() - look at the descriptors, wait up to @timeout_ms.  Return: number of them that
 * were ready; -errno */
int receiver_poll(struct httpsys_receiver *receiver, int timeout_ms) must_check_;
