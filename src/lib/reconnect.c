/* SPDX-License-Identifier: MIT */

/*
 * Loss of the listener and return; see reconnect.h.
 *
 *   up -------- end, malformed message, time-out ---> away: ids 0, receivers told, timer 50 ms
 *   away ------ timer: connect, HELLO --------------> greeting (nobody waits for the answer)
 *   greeting -- WELCOME ----------------------------> up: everything is made anew
 *   up, something refused -- timer -----------------> what is missing is tried again
 *
 * The timer's pause doubles up to 2 s, and begins at 50 ms again when everything is there.
 */

#include "lib/reconnect.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "lib/group.h"
#include "lib/queue.h"
#include "lib/session.h"

#define RECONNECT_PAUSE_MS_MIN 50
#define RECONNECT_PAUSE_MS_MAX 2000

void reconnect_later(struct httpsys_session *session)
{
	assert(session != NULL);

	if (session->is_closing) {
		return;
	}
	if (session->backoff_ms < RECONNECT_PAUSE_MS_MIN) {
		session->backoff_ms = RECONNECT_PAUSE_MS_MIN;
	}

	int64_t ns = session->backoff_ms * NSEC_PER_MSEC;
	struct itimerspec timer = {
		.it_value = {.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC}};
	/* It cannot fail: the descriptor is a timer and the value is in range. */
	(void)timerfd_settime(session->timer_fd, 0, &timer, NULL);

	session->backoff_ms *= 2;
	if (session->backoff_ms > RECONNECT_PAUSE_MS_MAX) {
		session->backoff_ms = RECONNECT_PAUSE_MS_MAX;
	}
}

void reconnect_lose(struct httpsys_session *session, const char *why)
{
	assert(session != NULL && why != NULL);

	if (session->state == SESSION_STATE_AWAY) {
		return;
	}

	bool was_up = session_is_connected(session);
	session_close_channel(session);
	if (!was_up) {
		reconnect_later(session);

		return;
	}
	list_for_each(node, &session->groups)
	{
		group_forget(list_entry(node, struct httpsys_group, link));
	}
	list_for_each(node, &session->queues)
	{
		queue_forget(list_entry(node, struct httpsys_queue, link));
	}

	struct httpsys_registration state = {.state = HTTPSYS_STATE_UNREACHABLE};
	(void)snprintf(state.text, sizeof(state.text), "%s", why);
	session_tell(session, (struct slice){0}, &state);

	session->backoff_ms = 0;
	reconnect_later(session);
}

/* reconnect_restore() - make everything that the engine does not have.  Return: true: all there */
static bool reconnect_restore(struct httpsys_session *session)
{
	bool is_whole = true;

	list_for_each(node, &session->queues)
	{
		int r = queue_restore(list_entry(node, struct httpsys_queue, link));

		is_whole = is_whole && r == 0;
	}

	/* Receivers before prefixes: whatever arrives then has somebody to work on it. */
	list_for_each(node, &session->queues)
	{
		int r = queue_restore_receivers(list_entry(node, struct httpsys_queue, link));

		is_whole = is_whole && r == 0;
	}
	list_for_each(node, &session->groups)
	{
		int r = group_restore(list_entry(node, struct httpsys_group, link), &is_whole);

		is_whole = is_whole && r == 0;
	}

	return is_whole && session_is_connected(session);
}

/* reconnect_complete() - make what is missing; again later when something still is */
static void reconnect_complete(struct httpsys_session *session)
{
	if (reconnect_restore(session)) {
		session->backoff_ms = 0;
	} else {
		reconnect_later(session);
	}
}

void reconnect_step(struct httpsys_session *session)
{
	assert(session != NULL);

	if (session->is_closing || session->state == SESSION_STATE_GREETING) {
		return;
	}
	if (session->state == SESSION_STATE_UP) {
		reconnect_complete(session);

		return;
	}
	if (session_greet(session) != 0) {
		reconnect_later(session);
	}
}

int reconnect_welcome(struct httpsys_session *session, int code)
{
	assert(session != NULL);

	if (code != 0) {
		session_close_channel(session);
		reconnect_later(session);

		return code == HTTPSYS_E_VERSION ? code : 0;
	}

	struct httpsys_registration state = {.state = HTTPSYS_STATE_SERVED,
					     .text = "the listener is back"};
	session_tell(session, (struct slice){0}, &state);
	reconnect_complete(session);

	return 0;
}
