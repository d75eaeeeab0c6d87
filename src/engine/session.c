/* SPDX-License-Identifier: MIT */

/*
 * Sessions of applications: acceptance, messages, end.  Every message has one handler in the table;
 * the decoder has already refused what an application may not send.
 */

#include "engine/session.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/mem.h"
#include "engine/app_queue.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/receiver.h"
#include "engine/registration.h"
#include "wire/error.h"

#define SESSION_MESSAGES_PER_EVENT 64

struct caller session_caller(const struct session *session)
{
	bool is_admin = session->peer.uid == session->control->admin_uid;

	return (struct caller){
		.uid = is_admin ? 0 : session->peer.uid,
		.gid = session->peer.gid,
		.groups = session->peer.groups,
		.n_groups = session->peer.n_groups,
	};
}

struct session *session_find(struct control *control, uint64_t id)
{
	list_for_each(node, &control->sessions)
	{
		struct session *session = list_entry(node, struct session, link);

		if (session->id == id) {
			return session;
		}
	}

	return NULL;
}

static void session_watch(struct session *session)
{
	uint32_t events = EPOLLIN | (channel_has_backlog(&session->channel) ? EPOLLOUT : 0u);

	if (loop_modify(&session->control->loop, &session->source, events) < 0) {
		session->is_closing = true;
	}
}

void session_send(struct session *session, struct message *message)
{
	if (session->is_closing) {
		message_fini(message);

		return;
	}
	if (channel_send(&session->channel, message) != 0) {
		session->is_closing = true;

		return;
	}
	if (channel_has_backlog(&session->channel)) {
		session_watch(session);
	}
}

void session_reply(struct session *session, uint32_t serial, int code, const char *text,
		   const char *repair)
{
	struct message reply;

	message_init(&reply, MESSAGE_REPLY, serial);
	message_set_signed(&reply, FIELD_CODE, code);
	if (code != 0 || text != NULL) {
		message_set_text(&reply, FIELD_TEXT,
				 slice_from_str(text != NULL ? text : wire_error_text(code)));
	}
	if (repair != NULL && repair[0] != '\0') {
		message_set_text(&reply, FIELD_REPAIR, slice_from_str(repair));
	}
	session_send(session, &reply);
}

void session_reply_id(struct session *session, uint32_t serial, enum field field, uint64_t id)
{
	struct message reply;

	message_init(&reply, MESSAGE_REPLY, serial);
	message_set_signed(&reply, FIELD_CODE, 0);
	message_set_number(&reply, field, id);
	session_send(session, &reply);
}

bool session_charge(struct session *session, uint32_t serial, enum quota_resource resource,
		    struct quota_charge *charge)
{
	struct quota *quota = &session->control->quota;
	int r = quota_charge(quota, session->peer.uid, resource, 1, charge);
	char text[160];

	if (r == 0) {
		return true;
	}
	(void)snprintf(text, sizeof(text), "uid %u has its maximum: %s is %llu",
		       (unsigned)session->peer.uid, quota_resource_name(resource),
		       (unsigned long long)quota->max[resource]);
	session_reply(session, serial,
		      r == QUOTA_E_EXCEEDED ? WIRE_ERROR_QUOTA : WIRE_ERROR_NO_MEMORY,
		      r == QUOTA_E_EXCEEDED ? text : NULL, NULL);

	return false;
}

void session_break(struct session *session, const char *why)
{
	control_event(session->control, 20007, 4, (struct slice){0},
		      "%s (pid %d, uid %u) was cut off: %s", session->program,
		      (int)session->peer.pid, (unsigned)session->peer.uid, why);
	session->is_closing = true;
}

static void session_copy_text(char *to, size_t size, struct slice text)
{
	size_t n = text.len < size - 1 ? text.len : size - 1;

	if (n > 0) {
		memcpy(to, text.data, n);
	}
	to[n] = '\0';
}

/* Perhaps there is room by now; otherwise this answers HELLO.  Return: false: the session ends. */
static bool session_admit_again(struct session *session, const struct message *hello)
{
	if (!session->is_over_quota) {
		return true;
	}
	if (!session_charge(session, hello->serial, QUOTA_RESOURCE_SESSIONS, &session->charge)) {
		session->is_closing = true;

		return false;
	}
	session->is_over_quota = false;
	session->control->n_over_quota--;

	return true;
}

static void session_on_hello(struct session *session, const struct message *message)
{
	struct slice program = message_text(message, FIELD_PROGRAM);
	struct message welcome;

	if (message_number(message, FIELD_PROTOCOL, 0) != WIRE_PROTOCOL_VERSION ||
	    session->is_welcome) {
		session_reply(session, message->serial, WIRE_ERROR_VERSION,
			      "the listener speaks protocol 1; use the library of its version",
			      NULL);
		session->is_closing = true;

		return;
	}
	if (!session_admit_again(session, message)) {
		return;
	}

	session_copy_text(session->program, sizeof(session->program), program);
	session_copy_text(session->version, sizeof(session->version),
			  message_text(message, FIELD_VERSION));
	session->is_welcome = true;

	message_init(&welcome, MESSAGE_WELCOME, message->serial);
	message_set_number(&welcome, FIELD_PROTOCOL, WIRE_PROTOCOL_VERSION);
	message_set_text(&welcome, FIELD_VERSION, SLICE(HTTPSYS_VERSION));
	message_set_number(&welcome, FIELD_SESSION_ID, session->id);
	message_set_number(&welcome, FIELD_COUNT, session->control->engine->n_workers);
	session_send(session, &welcome);
}

typedef void session_handler(struct session *session, const struct message *message);

static const struct {
	enum message_type type;
	session_handler *on_message;
} session_handlers[] = {
	{MESSAGE_HELLO, session_on_hello},
	{MESSAGE_GROUP_CREATE, group_on_create},
	{MESSAGE_GROUP_CLOSE, group_on_close},
	{MESSAGE_GROUP_SET, group_on_set},
	{MESSAGE_GROUP_BIND, group_on_bind},
	{MESSAGE_QUEUE_CREATE, app_queue_on_create},
	{MESSAGE_QUEUE_OPEN, app_queue_on_open},
	{MESSAGE_QUEUE_CLOSE, app_queue_on_close},
	{MESSAGE_QUEUE_SET, app_queue_on_set},
	{MESSAGE_URL_ADD, registration_on_add},
	{MESSAGE_URL_REMOVE, registration_on_remove},
	{MESSAGE_URL_QUERY, registration_on_query},
	{MESSAGE_RECEIVER_ATTACH, receiver_on_attach},
	{MESSAGE_RECEIVER_DETACH, receiver_on_detach},
};

static void session_on_message(struct session *session, const struct message *message)
{
	if (!session->is_welcome && message->type != MESSAGE_HELLO) {
		session_break(session, "its first message was not HELLO");

		return;
	}
	for (size_t i = 0; i < array_len(session_handlers); i++) {
		if (session_handlers[i].type == message->type) {
			session_handlers[i].on_message(session, message);

			return;
		}
	}
	session_break(session, "a message that applications may not send");
}

static void session_receive(struct session *session)
{
	for (unsigned i = 0; i < SESSION_MESSAGES_PER_EVENT && !session->is_closing; i++) {
		struct message message;
		int r = channel_receive(&session->channel, &message);

		switch (r) {
		case 0:
			session_on_message(session, &message);
			message_fini(&message);
			break;
		case CHANNEL_E_AGAIN:
			return;
		case CHANNEL_E_INVALID:
			session_break(session, session->channel.error);
			break;
		default:
			session->is_closing = true;
			break;
		}
	}
}

static void session_on_event(struct loop_source *source, uint32_t events)
{
	struct session *session = container_of(source, struct session, source);

	if ((events & EPOLLOUT) != 0) {
		if (channel_flush(&session->channel) != 0) {
			session->is_closing = true;
		} else if (!channel_has_backlog(&session->channel)) {
			session_watch(session);
		}
	}
	if (!session->is_closing) {
		session_receive(session);
	}
	if (session->is_closing) {
		session_free(session);
	}
}

/*
 * Charge the session to its user.  One over the quota is kept until its HELLO, to which the answer
 * says so; but only a few: whoever opens many gets no reason.  Return: false: it can't stay.
 */
static bool session_admit(struct session *session)
{
	struct control *control = session->control;
	int r = quota_charge(&control->quota, session->peer.uid, QUOTA_RESOURCE_SESSIONS, 1,
			     &session->charge);

	if (r == QUOTA_E_EXCEEDED && control->n_over_quota < SESSION_OVER_QUOTA_MAX) {
		session->is_over_quota = true;
		control->n_over_quota++;
	}

	return r == 0 || session->is_over_quota;
}

void session_accept(struct control *control, int fd)
{
	struct session *session = mem_new(sizeof(*session));

	if (session == NULL) {
		fd_close(fd);

		return;
	}

	session->control = control;
	session->channel.fd = -1;
	session->id = control_next_id(control);
	list_init(&session->link);
	list_init(&session->groups);
	list_init(&session->handles);
	list_init(&session->receivers);
	list_append(&control->sessions, &session->link);
	memcpy(session->program, "unknown", sizeof("unknown"));

	if (channel_init(&session->channel, fd, MESSAGE_SENDER_APP) < 0 ||
	    channel_peer_read(fd, &session->peer) < 0) {
		session_free(session);

		return;
	}

	session->source.fd = session->channel.fd;
	session->source.on_event = session_on_event;
	if (!session_admit(session) || loop_add(&control->loop, &session->source, EPOLLIN) < 0) {
		session_free(session);
	}
}

void session_free(struct session *session)
{
	struct control *control = session->control;

	/*
	 * Receivers first: what they have not taken goes back to the queue; then the groups, so
	 * that what waits is routed to whoever has the prefixes now; then the queues.
	 */
	session->is_closing = true;
	list_remove(&session->link);
	if (session->source.fd > 0 && session->source.on_event != NULL) {
		loop_remove(&control->loop, &session->source);
	}
	list_for_each(node, &session->receivers)
	{
		receiver_detach(list_entry(node, struct receiver, session_link));
	}
	list_for_each(node, &session->groups)
	{
		group_park(list_entry(node, struct group, session_link));
	}
	list_for_each(node, &session->handles)
	{
		app_queue_drop_handle(list_entry(node, struct queue_handle, session_link));
	}

	control->n_over_quota -= session->is_over_quota;
	quota_discharge(&session->charge);
	channel_peer_fini(&session->peer);
	channel_fini(&session->channel);
	mem_free(session);
}
