#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Connecting to the administrative side: the running listener, or the listener's program in its
 * offline role, started for this one connection.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "wire/channel.h"

#define ADMIN_ERROR_BYTES 640

struct httpsys_admin {
	struct channel channel;
	uint32_t serial;   /* of the last call */
	pid_t offline_pid; /* the program that we started; 0: the listener runs by itself */
};

/*
 * admin_connect() - connect @admin and greet
 * @home: as in httpsys_session_new()
 * @ret_error: ADMIN_ERROR_BYTES bytes; on failure a sentence
 *
 * Return: 0; DENIED, VERSION, NO_DAEMON, PROTOCOL, SYSTEM, NO_MEMORY.
 */
int admin_connect(struct httpsys_admin *admin, const char *home, char *ret_error) must_check_;

/* admin_disconnect() - close the connection, and wait for the program that was started to end */
void admin_disconnect(struct httpsys_admin *admin);

/*
 * admin_exchange() - send @request and receive the answer with its serial
 * @timeout_ms: -1: as long as it takes
 *
 * Return: 0 and a message to be given to message_fini(); NO_DAEMON (connection lost), TIMEOUT,
 * PROTOCOL, SYSTEM, NO_MEMORY.
 */
int admin_exchange(struct httpsys_admin *admin, struct message *request, int timeout_ms,
		   struct message *ret_reply) must_check_;
