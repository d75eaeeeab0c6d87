/* SPDX-License-Identifier: MIT */

/*
 * Calls over a session's connection, and the news that arrive beside the answers; see session.h.
 */

#include "lib/session.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "lib/error.h"
#include "lib/lane.h"
#include "lib/reconnect.h"
#include "wire/error.h"

int session_fail(struct httpsys_session *session, int code, const char *format, ...)
{
	assert(session != NULL && code < 0);

	int saved_errno = errno;

	if (format == NULL) {
		(void)snprintf(session->error, sizeof(session->error), "%s", wire_error_text(code));
	} else {
		va_list args;

		va_start(args, format);
		(void)vsnprintf(session->error, sizeof(session->error), format, args);
		va_end(args);
	}
	errno = saved_errno;

	return code;
}

bool session_is_text(const char *s)
{
	struct slice text = slice_from_str(s);

	return text.len <= SESSION_TEXT_BYTES_MAX && utf8_is_valid(text);
}

static void session_copy_text(char *to, size_t size, struct slice text)
{
	(void)snprintf(to, size, "%.*s", SLICE_ARG(text));
}

void session_registration(const struct message *message, struct httpsys_registration *ret_state)
{
	uint64_t state = message_number(message, FIELD_STATE, WIRE_STATE_SERVED);

	ret_state->state = state <= HTTPSYS_STATE_UNREACHABLE ? (enum httpsys_state)state
							      : HTTPSYS_STATE_UNREACHABLE;
	session_copy_text(ret_state->text, sizeof(ret_state->text),
			  message_text(message, FIELD_TEXT));
	session_copy_text(ret_state->repair, sizeof(ret_state->repair),
			  message_text(message, FIELD_REPAIR));
}

struct session_news *session_news_free(struct session_news *news)
{
	if (news != NULL) {
		mem_free(news->prefix);
	}

	return mem_free(news);
}

void session_tell(struct httpsys_session *session, struct slice prefix,
		  const struct httpsys_registration *state)
{
	assert(session != NULL && state != NULL);

	if (session->on_state == NULL) {
		return;
	}

	struct session_news *news = mem_new(sizeof(*news));
	if (news == NULL) {
		return;
	}
	if (prefix.data != NULL) {
		news->prefix = mem_dup(prefix.data, prefix.len);
		if (news->prefix == NULL) {
			session_news_free(news);

			return;
		}
	}
	news->state = *state;
	list_append(&session->news, &news->link);

	/* The counter cannot overflow: it is read whenever it is seen. */
	(void)eventfd_write(session->news_fd, 1);
}

bool session_hear(struct httpsys_session *session, struct message *message)
{
	assert(session != NULL && message != NULL);

	if (message->type == MESSAGE_URL_STATE) {
		struct httpsys_registration state;

		session_registration(message, &state);
		session_tell(session, message_text(message, FIELD_PREFIX), &state);

		return true;
	}
	if (message->type == MESSAGE_RECEIVER_CHANNEL) {
		return lane_set_add(&session->incoming, message) == 0;
	}

	return false;
}

int session_await(struct httpsys_session *session, uint32_t serial, struct message *ret_reply)
{
	for (;;) {
		struct message message;
		int r = channel_receive(&session->channel, &message);

		if (r == CHANNEL_E_AGAIN) {
			r = channel_wait(&session->channel, SESSION_REPLY_MS);
			if (r != 0) {
				return r;
			}
			continue;
		}
		if (r != 0) {
			return r;
		}
		if (message.serial == serial &&
		    (message.type == MESSAGE_REPLY || message.type == MESSAGE_WELCOME)) {
			*ret_reply = message;

			return 0;
		}

		bool is_heard = session_hear(session, &message);
		message_fini(&message);
		if (!is_heard) {
			(void)snprintf(session->channel.error, sizeof(session->channel.error),
				       "%s out of turn", message_type_name(message.type));

			return CHANNEL_E_INVALID;
		}
	}
}

int session_transport_failed(struct httpsys_session *session, int r)
{
	assert(session != NULL && r != 0);

	char why[MESSAGE_ERROR_BYTES + 64];
	int code = HTTPSYS_E_NO_DAEMON;

	if (r == CHANNEL_E_INVALID) {
		(void)snprintf(why, sizeof(why), "the listener sent something malformed: %s",
			       session->channel.error);
		code = HTTPSYS_E_PROTOCOL;
	} else if (r == CHANNEL_E_AGAIN) {
		(void)snprintf(why, sizeof(why), "the listener did not answer for %d seconds",
			       SESSION_REPLY_MS / 1000);
	} else if (r == CHANNEL_E_CLOSED) {
		(void)snprintf(why, sizeof(why), "the listener closed the connection");
	} else {
		code = error_from_result(r);
		(void)snprintf(why, sizeof(why), "the connection failed: %s",
			       wire_error_text(code));
	}
	reconnect_lose(session, why);

	return session_fail(session, code, "%s", why);
}

int session_send(struct httpsys_session *session, struct message *request)
{
	assert(session != NULL && request != NULL);

	request->serial = ++session->serial;
	if (request->serial == 0) {
		/* 0 marks news. */
		request->serial = ++session->serial;
	}

	return channel_send(&session->channel, request);
}

int session_judge(struct httpsys_session *session, const struct message *reply)
{
	assert(session != NULL && reply != NULL);

	if (reply->type == MESSAGE_WELCOME) {
		return 0;
	}

	int code = error_from_code(message_signed(reply, FIELD_CODE, 0));
	if (code == 0) {
		return 0;
	}

	struct slice text = message_text(reply, FIELD_TEXT);
	struct slice repair = message_text(reply, FIELD_REPAIR);
	if (text.len == 0) {
		text = slice_from_str(wire_error_text(code));
	}

	return session_fail(session, code, "%.*s%s%.*s", SLICE_ARG(text),
			    repair.len > 0 ? "\n" : "", SLICE_ARG(repair));
}

int session_call(struct httpsys_session *session, struct message *request,
		 struct message *ret_reply)
{
	assert(session != NULL && request != NULL && ret_reply != NULL);

	if (!session_is_connected(session)) {
		message_fini(request);

		return session_fail(session, HTTPSYS_E_NO_DAEMON,
				    "The listener is not running; waiting for it at %s.",
				    session->socket_path);
	}

	struct message reply;
	int r = session_send(session, request);
	if (r == 0) {
		r = session_await(session, session->serial, &reply);
	}
	if (r != 0) {
		return session_transport_failed(session, r);
	}
	r = session_judge(session, &reply);
	if (r != 0) {
		message_fini(&reply);

		return r;
	}
	*ret_reply = reply;

	return 0;
}

int session_call_simple(struct httpsys_session *session, struct message *request)
{
	struct message reply;
	int r = session_call(session, request, &reply);

	if (r == 0) {
		message_fini(&reply);
	}

	return r;
}
