#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One connected application: its identity as the kernel gave it, its connection, and everything it
 * made.  Ends with its connection.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/quota.h"
#include "event/loop.h"
#include "urlspace/acl.h"
#include "wire/channel.h"

#define SESSION_PROGRAM_BYTES  64
#define SESSION_VERSION_BYTES  32

#define SESSION_OVER_QUOTA_MAX 16 /* of all users together */

struct control;

struct session {
	struct list link; /* in control->sessions */
	struct control *control;
	struct channel channel;
	struct loop_source source;
	uint64_t id;
	struct channel_peer peer;            /* owned */
	char program[SESSION_PROGRAM_BYTES]; /* what it calls itself: for people only */
	char version[SESSION_VERSION_BYTES]; /* of its library, by its own word */
	struct list groups;                  /* struct group::session_link */
	struct list handles;                 /* struct queue_handle::session_link */
	struct list receivers;               /* struct receiver::session_link */
	struct quota_charge charge;
	bool is_welcome;    /* HELLO was answered */
	bool is_over_quota; /* not charged; ends with the answer to HELLO */
	bool is_closing;    /* to be closed at the end of what is being done */
};

/* session_accept() - make a session of an accepted connection; @fd is adopted */
void session_accept(struct control *control, int fd);

/* session_free() - close the connection and end everything that the application made */
void session_free(struct session *session);

/*
 * session_caller() - the identity for questions of rights; borrows from @session
 *
 * The owner of a private instance (one that was not started by root) counts as root there.
 */
struct caller session_caller(const struct session *session);

/* session_send() - send a message; a session that can't be sent to is closed */
void session_send(struct session *session, struct message *message);

/*
 * session_reply() - answer request @serial
 * @code: 0 or WIRE_ERROR_
 * @text, @repair: may be NULL
 */
void session_reply(struct session *session, uint32_t serial, int code, const char *text,
		   const char *repair);

/* session_reply_id() - answer with success and the id of a new object */
void session_reply_id(struct session *session, uint32_t serial, enum field field, uint64_t id);

/* session_charge() - charge one object to the session's user; answers @serial itself when refused.
 * Return: true = charged */
bool session_charge(struct session *session, uint32_t serial, enum quota_resource resource,
		    struct quota_charge *charge);

/* session_find() - the session with that id; NULL = gone */
struct session *session_find(struct control *control, uint64_t id);

/* session_break() - close a session whose application violated the protocol, and say so */
void session_break(struct session *session, const char *why);
