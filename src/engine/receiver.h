#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Receivers: one attached consumer of a queue, with one lane to each worker.
 */

#include <stdint.h>

#include "base/list.h"
#include "base/quota.h"
#include "engine/app_queue.h"
#include "engine/session.h"

struct lane;
struct message;

struct receiver {
	struct list session_link; /* in session->receivers */
	struct list queue_link;   /* in queue->receivers */
	struct control *control;
	struct session *session; /* NULL: it has gone, the lanes are being detached */
	struct app_queue *queue; /* a reference */
	uint64_t id;
	uint64_t session_id;
	uint32_t serial;   /* of the RECEIVER_ATTACH to be answered */
	int wake_read_fd;  /* to be sent with the answer; -1 afterwards */
	uint32_t n_failed; /* atomic: workers that could not make their lane */
	uid_t uid;
	pid_t pid;
	char program[SESSION_PROGRAM_BYTES];
	struct quota_charge charge;
	struct lane_setup *setups; /* per worker, until each has taken its own */
	uint32_t *n_in_work;       /* per worker: exchanges; atomic, written by that worker */
	struct lane **lanes;       /* per worker; touched by that worker alone */
};

/* Handlers of a session's messages; each answers. */
void receiver_on_attach(struct session *session, const struct message *message);
void receiver_on_detach(struct session *session, const struct message *message);

/* receiver_detach() - end it: all workers detach their lanes, then it is freed */
void receiver_detach(struct receiver *receiver);

/* receiver_note_in_work() - worker @index: so many exchanges are in work on its lane */
void receiver_note_in_work(struct receiver *receiver, unsigned index, uint32_t n);

/* receiver_count_in_work() - requests that are in work at this receiver */
uint32_t receiver_count_in_work(const struct receiver *receiver);

/* receiver_report_broken() - any worker: the application violated the protocol */
void receiver_report_broken(struct receiver *receiver, const char *why);

/* receiver_report_abandoned() - any worker: @n requests were in work when it went */
void receiver_report_abandoned(struct receiver *receiver, uint32_t n);
