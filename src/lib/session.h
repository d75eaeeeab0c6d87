#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A session: the connection to the listener's application socket and all that was made over it.
 *
 * Any thread may use a session; the mutex serialises.  A call sends one message and waits for the
 * REPLY with its serial; what else arrives meanwhile is news, which is kept and delivered from
 * httpsys_session_dispatch() with the mutex released (a callback may call the library again).
 *
 * Everything an application made has a handle here and a number (id) in the engine; id 0 says that
 * the engine does not have it now.  After a loss all ids are 0, and reconnect.c makes them anew.
 *
 * Owned by the application; owns its groups, queues and receivers.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/slice.h"
#include "httpsys.h"
#include "wire/channel.h"
#include "wire/message.h"

#define SESSION_ERROR_BYTES 1280
#define SESSION_TEXT_BYTES_MAX \
	16384                  /* of a name, prefix or ACL; more than any is allowed to have */
#define SESSION_REPLY_MS 30000 /* a listener that does not answer that long is given up */

struct lane_set;

enum session_state {
	SESSION_STATE_AWAY = 0, /* no connection; the timer runs */
	SESSION_STATE_GREETING, /* HELLO was sent, WELCOME is awaited */
	SESSION_STATE_UP,       /* calls can be made */
};

/* What the application's on_state is still to be told. */
struct session_news {
	struct list link; /* session->news */
	char *prefix;     /* owned; NULL: the listener itself */
	struct httpsys_registration state;
};

struct httpsys_session {
	pthread_mutex_t mutex;  /* guards all below, and the lists and ids of groups and queues */
	char *socket_path;      /* owned */
	struct channel channel; /* fd -1: AWAY */
	enum session_state state;
	uint32_t serial;     /* of the last call, or of HELLO */
	int epoll_fd;        /* httpsys_session_fd(): the next three descriptors and the channel */
	int timer_fd;        /* time to try again */
	int news_fd;         /* eventfd: news wait */
	int backoff_ms;      /* until the next try */
	bool is_closing;     /* being freed: no more tries */
	struct list groups;  /* struct httpsys_group::link */
	struct list queues;  /* struct httpsys_queue::link */
	struct list orphans; /* struct httpsys_receiver::link of freed queues */
	struct list news;    /* struct session_news::link, oldest first */
	struct lane_set *incoming; /* lanes that arrive during RECEIVER_ATTACH; owned */
	void (*on_state)(void *user, const char *prefix, const struct httpsys_registration *state);
	void *user;
	char error[SESSION_ERROR_BYTES];
};

/* session_lock() / session_unlock() - the mutex */
void session_lock(struct httpsys_session *session);
void session_unlock(struct httpsys_session *session);

/* session_is_connected() - can calls be made?  The mutex is held */
bool session_is_connected(const struct httpsys_session *session);

/*
 * session_fail() - note why a call fails.  The mutex is held
 * @format: NULL: the sentence of the code
 *
 * Return: @code.
 */
int session_fail(struct httpsys_session *session, int code, const char *format, ...) printf_(3, 4);

/* session_is_text() - can @s travel as a text: not too long, UTF-8? */
bool session_is_text(const char *s);

/*
 * session_call() - send @request and wait for its REPLY.  The mutex is held
 * @request: its serial is set here; its descriptors are taken
 * @ret_reply: written only on success; the caller must message_fini() it; its texts live until the
 *             next call
 *
 * A connection that fails is given up (reconnect_lose()).
 *
 * Return: 0, or the HTTPSYS_E_ number that the engine answered or that happened; session->error
 * says why.
 */
int session_call(struct httpsys_session *session, struct message *request,
		 struct message *ret_reply) must_check_;

/* session_call_simple() - session_call() without use for the reply's fields.  Return: the same */
int session_call_simple(struct httpsys_session *session, struct message *request) must_check_;

/* session_news_free() - free one piece of news; accepts NULL.  Return: NULL */
struct session_news *session_news_free(struct session_news *news);

/* session_hear() - take a message that is no answer.  Return: false: it may not come now */
bool session_hear(struct httpsys_session *session, struct message *message) must_check_;

/* session_send() - give @request a serial and send it.  Return: as channel_send() */
int session_send(struct httpsys_session *session, struct message *request) must_check_;

/*
 * session_await() - receive until the answer to @serial is there
 *
 * Return: 0 and the answer; a verdict of the channel, CHANNEL_E_AGAIN: no answer in time; -errno.
 */
int session_await(struct httpsys_session *session, uint32_t serial,
		  struct message *ret_reply) must_check_;

/* session_judge() - what a REPLY or WELCOME says.  Return: 0, or its code and session->error */
int session_judge(struct httpsys_session *session, const struct message *reply) must_check_;

/* session_transport_failed() - give a connection up for which session_await() or session_send() has
 * returned @r.  Return: the public number */
int session_transport_failed(struct httpsys_session *session, int r) must_check_;

/*
 * session_greet() - connect and send HELLO; the answer comes as news.  The mutex is held, AWAY
 *
 * Return: 0; NO_DAEMON, DENIED, SYSTEM, NO_MEMORY: still AWAY.
 */
int session_greet(struct httpsys_session *session) must_check_;

/* session_close_channel() - drop the connection: AWAY.  The mutex is held */
void session_close_channel(struct httpsys_session *session);

/*
 * session_tell() - keep news for on_state, unless nobody listens.  The mutex is held
 * @prefix: data NULL: the listener itself
 *
 * Without memory the news are lost: httpsys_group_query() still tells the truth.
 */
void session_tell(struct httpsys_session *session, struct slice prefix,
		  const struct httpsys_registration *state);

/* session_registration() - what a message says about a prefix's state */
void session_registration(const struct message *message, struct httpsys_registration *ret_state);
