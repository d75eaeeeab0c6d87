#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A request queue as the application's side knows it.  Owned by its session, guarded by the
 * session's mutex; owns its receivers until it is freed, when they become the session's orphans:
 * they answer SHUTDOWN and stay valid until httpsys_receiver_free() or httpsys_session_free().
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "httpsys.h"

#define QUEUE_N_PROPERTIES 3 /* numbers of enum httpsys_queue_property are below */

struct httpsys_queue {
	struct list link; /* session->queues */
	struct httpsys_session *session;
	uint64_t id;    /* 0: the engine does not have it now */
	char *name;     /* owned; NULL: anonymous */
	char *acl;      /* owned; NULL: the same user only */
	bool is_opened; /* another process made it */
	uint64_t values[QUEUE_N_PROPERTIES];
	unsigned is_set;       /* bit per property number */
	struct list receivers; /* struct httpsys_receiver::link */
};

/* queue_forget() - the engine has gone: queue and receivers are not there any more */
void queue_forget(struct httpsys_queue *queue);

/* queue_restore() - make the queue in the engine if it is missing.  Return: 0; a code */
int queue_restore(struct httpsys_queue *queue) must_check_;

/* queue_restore_receivers() - attach the receivers that are missing.  Return: 0; a code */
int queue_restore_receivers(struct httpsys_queue *queue) must_check_;
