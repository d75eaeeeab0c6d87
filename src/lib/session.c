/* SPDX-License-Identifier: MIT */

/* Sessions: life, connection, dispatching; see session.h.  Calls are in session_call.c. */

#include "lib/session.h"

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "lib/error.h"
#include "lib/group.h"
#include "lib/lane.h"
#include "lib/queue.h"
#include "lib/receiver.h"
#include "lib/reconnect.h"
#include "lib/socket_path.h"
#include "wire/error.h"

void session_lock(struct httpsys_session *session)
{
	(void)pthread_mutex_lock(&session->mutex);
}

void session_unlock(struct httpsys_session *session)
{
	(void)pthread_mutex_unlock(&session->mutex);
}

bool session_is_connected(const struct httpsys_session *session)
{
	return session->state == SESSION_STATE_UP;
}

static int session_watch_fd(struct httpsys_session *session, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd == -1 || epoll_ctl(session->epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1) {
		return result_origin(-errno);
	}

	return 0;
}

/* session_send_hello() - the first message on a fresh connection.  Return: as channel_send() */
static int session_send_hello(struct httpsys_session *session)
{
	struct message hello;

	message_init(&hello, MESSAGE_HELLO, 0);
	message_set_number(&hello, FIELD_PROTOCOL, WIRE_PROTOCOL_VERSION);
	message_set_text(&hello, FIELD_PROGRAM, slice_from_str(socket_path_program()));
	message_set_text(&hello, FIELD_VERSION, slice_from_str(httpsys_version()));

	return session_send(session, &hello);
}

/* session_welcome() - the answer to HELLO has come.  Return: 0 and UP; the code of a refusal */
static int session_welcome(struct httpsys_session *session, const struct message *reply)
{
	uint64_t version = WIRE_PROTOCOL_VERSION;
	int r = session_judge(session, reply);

	if (r == 0 && reply->type != MESSAGE_WELCOME) {
		r = session_fail(session, HTTPSYS_E_PROTOCOL, NULL);
	}
	if (r == 0 && message_number(reply, FIELD_PROTOCOL, 0) != version) {
		r = session_fail(session, HTTPSYS_E_VERSION, NULL);
	}
	if (r == 0) {
		session->state = SESSION_STATE_UP;
	}

	return r;
}

int session_greet(struct httpsys_session *session)
{
	assert(session != NULL && session->state == SESSION_STATE_AWAY);

	int fd;
	int r = channel_connect(session->socket_path, &fd);
	if (r < 0) {
		return session_fail(session, error_from_connect(r), "No listener answers at %s: %s",
				    session->socket_path, strerror(-r));
	}
	r = channel_init(&session->channel, fd, MESSAGE_SENDER_ENGINE_APP);
	if (r < 0) {
		return session_fail(session, error_from_result(r), NULL);
	}

	session->state = SESSION_STATE_GREETING;
	r = session_send_hello(session);
	if (r == 0) {
		r = session_watch_fd(session, session->channel.fd);
	}
	if (r != 0) {
		session_close_channel(session);
		r = r < 0 ? error_from_result(r) : HTTPSYS_E_NO_DAEMON;

		return session_fail(session, r, NULL);
	}

	return 0;
}

/* session_connect() - greet, and wait for the answer.  Return: as httpsys_session_new() */
static int session_connect(struct httpsys_session *session)
{
	struct message reply;
	int code = session_greet(session);

	if (code != 0) {
		return code;
	}

	int r = session_await(session, session->serial, &reply);
	if (r == 0) {
		code = session_welcome(session, &reply);
		message_fini(&reply);

		return code;
	}

	return r < 0 ? error_from_result(r) : HTTPSYS_E_NO_DAEMON;
}

void session_close_channel(struct httpsys_session *session)
{
	assert(session != NULL);

	/* Closing takes it out of the epoll set: nobody else has this descriptor. */
	channel_fini(&session->channel);
	session->channel.fd = -1;
	session->state = SESSION_STATE_AWAY;
	session->incoming = lane_set_free(session->incoming);
}

static int session_init_fds(struct httpsys_session *session)
{
	session->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (session->epoll_fd == -1) {
		return result_origin(-errno);
	}

	session->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int r = session_watch_fd(session, session->timer_fd);
	if (r < 0) {
		return result_trace(r);
	}
	session->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return result_trace(session_watch_fd(session, session->news_fd));
}

int httpsys_session_new(const char *home, struct httpsys_session **ret_session)
{
	if (ret_session == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	struct httpsys_session *session = mem_new(sizeof(*session));
	if (session == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}
	session->channel.fd = -1;
	session->epoll_fd = -1;
	session->timer_fd = -1;
	session->news_fd = -1;
	(void)pthread_mutex_init(&session->mutex, NULL);
	list_init(&session->groups);
	list_init(&session->queues);
	list_init(&session->orphans);
	list_init(&session->news);

	int code = HTTPSYS_E_NO_MEMORY;
	session->socket_path = socket_path_new(home, "app.sock");
	if (session->socket_path != NULL) {
		int r = session_init_fds(session);

		code = r < 0 ? error_from_result(r) : session_connect(session);
	}
	if (code != 0) {
		int saved_errno = errno;

		httpsys_session_free(session);
		errno = saved_errno;

		return code;
	}
	*ret_session = session;

	return 0;
}

/* session_free_members() - free groups, queues and receivers; nobody uses them any more */
static void session_free_members(struct httpsys_session *session)
{
	/* Without a connection nothing is said: its end says it all. */
	session_lock(session);
	session->is_closing = true;
	session_close_channel(session);
	session_unlock(session);

	list_for_each(node, &session->groups)
	{
		httpsys_group_free(list_entry(node, struct httpsys_group, link));
	}
	list_for_each(node, &session->queues)
	{
		httpsys_queue_free(list_entry(node, struct httpsys_queue, link));
	}
	list_for_each(node, &session->orphans)
	{
		httpsys_receiver_free(list_entry(node, struct httpsys_receiver, link));
	}
	list_for_each(node, &session->news)
	{
		list_remove(node);
		session_news_free(list_entry(node, struct session_news, link));
	}
}

struct httpsys_session *httpsys_session_free(struct httpsys_session *session)
{
	if (session == NULL) {
		return NULL;
	}

	session_free_members(session);
	session->epoll_fd = fd_close(session->epoll_fd);
	session->timer_fd = fd_close(session->timer_fd);
	session->news_fd = fd_close(session->news_fd);
	(void)pthread_mutex_destroy(&session->mutex);
	mem_free(session->socket_path);

	return mem_free(session);
}

const char *httpsys_session_error(const struct httpsys_session *session)
{
	return session != NULL ? session->error : "";
}

void httpsys_session_watch(struct httpsys_session *session,
			   void (*on_state)(void *user, const char *prefix,
					    const struct httpsys_registration *state),
			   void *user)
{
	if (session == NULL) {
		return;
	}

	session_lock(session);
	session->on_state = on_state;
	session->user = user;
	session_unlock(session);
}

int httpsys_session_fd(const struct httpsys_session *session)
{
	return session != NULL ? session->epoll_fd : -1;
}

/* session_take_news() - handle one message that came unasked.  Return: 0; as session_await() */
static int session_take_news(struct httpsys_session *session, struct message *message)
{
	if (session->state == SESSION_STATE_GREETING && message->serial == session->serial) {
		return reconnect_welcome(session, session_welcome(session, message));
	}

	return session_hear(session, message) ? 0 : CHANNEL_E_INVALID;
}

/* session_read() - take all news off the connection, which is readable.  Return: 0; VERSION */
static int session_read(struct httpsys_session *session)
{
	int code = 0;

	while (session->state != SESSION_STATE_AWAY && code == 0) {
		struct message message;
		int r = channel_receive(&session->channel, &message);

		if (r == CHANNEL_E_AGAIN) {
			return 0;
		}
		if (r == 0) {
			r = session_take_news(session, &message);
			message_fini(&message);
		}
		if (r == HTTPSYS_E_VERSION) {
			code = r;
		} else if (r != 0) {
			code = session_transport_failed(session, r);
			code = code == HTTPSYS_E_NO_MEMORY ? code : 0;
		}
	}

	return code;
}

/* session_on_event() - one descriptor of the session is readable */
static int session_on_event(struct httpsys_session *session, int fd)
{
	if (fd == session->timer_fd) {
		uint64_t n_expired;

		/* Somebody else may have read it, or it was set anew: then there is nothing. */
		if (read(fd, &n_expired, sizeof(n_expired)) != (ssize_t)sizeof(n_expired)) {
			return 0;
		}

		reconnect_step(session);

		return 0;
	}
	if (fd == session->channel.fd) {
		return session_read(session);
	}

	return 0;
}

/* session_deliver() - call on_state for all news, with the mutex released; it is held before, after
 */
static void session_deliver(struct httpsys_session *session)
{
	eventfd_t n;

	/* Nothing to read means no news since. */
	(void)eventfd_read(session->news_fd, &n);

	while (!list_is_empty(&session->news)) {
		struct list *node = list_first(&session->news);
		struct session_news *news = list_entry(node, struct session_news, link);
		void (*on_state)(void *, const char *, const struct httpsys_registration *) =
			session->on_state;
		void *user = session->user;

		list_remove(node);
		if (on_state != NULL) {
			session_unlock(session);
			on_state(user, news->prefix, &news->state);
			session_lock(session);
		}
		session_news_free(news);
	}
}

int httpsys_session_dispatch(struct httpsys_session *session)
{
	if (session == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	struct epoll_event events[3];
	int code = 0;

	session_lock(session);
	int n = epoll_wait(session->epoll_fd, events, array_len(events), 0);
	if (n == -1 && errno != EINTR) {
		code = session_fail(session, error_from_result(result_origin(-errno)), NULL);
	}
	for (int i = 0; i < n; i++) {
		int r = session_on_event(session, events[i].data.fd);

		code = code == 0 ? r : code;
	}
	session_deliver(session);
	session_unlock(session);

	return code;
}
