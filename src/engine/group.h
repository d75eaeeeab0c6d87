#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * URL groups: prefixes that share properties and a queue.  Made by a session; parked for the grace
 * period when the session ends, so that requests wait for the application to come back.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/quota.h"
#include "engine/queue.h"
#include "engine/session.h"
#include "event/timer.h"

#define GROUP_GRACE_MS_MAX 600000

struct app_queue;
struct control;
struct message;

struct group {
	struct url_group url_group; /* what the workers see */
	struct list session_link;   /* in session->groups or control->parked */
	struct control *control;
	struct session *session;   /* NULL: parked */
	struct app_queue *queue;   /* bound to; a handle of its own */
	struct list queue_link;    /* in queue->groups */
	struct list registrations; /* struct registration::group_link */
	uint32_t n_registrations;
	uint64_t id;
	bool is_shared;
	uint32_t grace_ms;
	uid_t uid;
	pid_t pid;
	char program[SESSION_PROGRAM_BYTES];
	struct timer grace_timer;
	struct quota_charge charge;
};

/* Handlers of a session's messages; each answers. */
void group_on_create(struct session *session, const struct message *message);
void group_on_close(struct session *session, const struct message *message);
void group_on_set(struct session *session, const struct message *message);
void group_on_bind(struct session *session, const struct message *message);

/* group_find() - the session's group that @message names; answers NOT_FOUND itself and returns NULL
 */
struct group *group_find(struct session *session, const struct message *message);

/* group_park() - the session ends: keep the group for its grace period, or free it */
void group_park(struct group *group);

/* group_free() - remove its prefixes and free it */
void group_free(struct group *group);

/* group_unbind() - take the queue away */
void group_unbind(struct group *group);
