#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Request queues as applications see them: named or anonymous, opened by one or more sessions,
 * freed with the last handle.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/quota.h"
#include "engine/queue.h"
#include "engine/session.h"
#include "urlspace/acl.h"

#define APP_QUEUE_NAME_BYTES_MAX 255
#define APP_QUEUE_ENTRIES_MAX    65535

struct message;

struct app_queue {
	struct control *control;
	struct queue *queue; /* the workers' object, owned */
	uint64_t id;
	char *name;     /* owned; NULL: anonymous */
	struct acl acl; /* who else may open it; empty: the same uid */
	uid_t uid;
	pid_t pid;
	uint64_t creator_id;   /* session that may set properties */
	struct list groups;    /* struct group::queue_link */
	struct list receivers; /* struct receiver::queue_link */
	unsigned n_refs;       /* handles, bound groups and receivers */
	struct quota_charge charge;
};

/* A session's claim on a queue. */
struct queue_handle {
	struct list session_link;
	struct app_queue *queue;
};

/* Handlers of a session's messages; each answers. */
void app_queue_on_create(struct session *session, const struct message *message);
void app_queue_on_open(struct session *session, const struct message *message);
void app_queue_on_close(struct session *session, const struct message *message);
void app_queue_on_set(struct session *session, const struct message *message);

/* app_queue_find() - the session's queue that @message names; answers NOT_FOUND itself: NULL */
struct app_queue *app_queue_find(struct session *session, const struct message *message);

/* app_queue_ref() / app_queue_unref() - one more, one less user; the last one closes it */
void app_queue_ref(struct app_queue *queue);
void app_queue_unref(struct app_queue *queue);

/* app_queue_drop_handle() - a session gives its handle back */
void app_queue_drop_handle(struct queue_handle *handle);
