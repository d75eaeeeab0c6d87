#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Loss of the listener and return: what reconnect.c does for session.c.  All with the session's
 * mutex held.
 */

#include "base/compiler.h"

struct httpsys_session;

/*
 * reconnect_lose() - the connection is of no use any more: close it, forget the engine's numbers,
 * tell receivers and the application, try again soon
 *
 * Nothing happens when it is closed already.
 */
void reconnect_lose(struct httpsys_session *session, const char *why);

/* reconnect_later() - try again in backoff_ms, and double it for the next time */
void reconnect_later(struct httpsys_session *session);

/*
 * reconnect_step() - the time has come: greet the listener if it was away, or make what is missing
 */
void reconnect_step(struct httpsys_session *session);

/*
 * reconnect_welcome() - the greeting was answered: make everything anew, or go away and try later
 * @code: 0, or why the listener refused
 *
 * Return: 0; VERSION.
 */
int reconnect_welcome(struct httpsys_session *session, int code) must_check_;
