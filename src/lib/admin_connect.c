/* SPDX-License-Identifier: MIT */

/*
 * Connecting to the administrative side; see admin_connect.h.  The offline role serves the socket
 * that it finds as descriptor 3, and ends when we close ours.
 */

#include "lib/admin_connect.h"

#include <assert.h>
#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "httpsys.h"
#include "lib/error.h"
#include "lib/socket_path.h"
#include "wire/error.h"

#define ADMIN_OFFLINE_FD    3
#define ADMIN_HELLO_WAIT_MS 15000 /* the offline role may wait 5 s for another one */

static int admin_fail(char *ret_error, int code, const char *format, ...) printf_(3, 4);

/* admin_fail() - write down why.  Return: @code */
static int admin_fail(char *ret_error, int code, const char *format, ...)
{
	va_list args;
	int saved_errno = errno;

	va_start(args, format);
	(void)vsnprintf(ret_error, ADMIN_ERROR_BYTES, format, args);
	va_end(args);
	errno = saved_errno;

	return code;
}

/* admin_spawn() - start @program with @fd as its descriptor 3.  Return: 0; -errno */
static int admin_spawn(const char *program, const char *home, int fd, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	char *argv[5] = {(char *)(uintptr_t)program};
	int n = 1;

	if (home != NULL) {
		argv[n++] = (char *)(uintptr_t) "--home";
		argv[n++] = (char *)(uintptr_t)home;
	}
	argv[n] = (char *)(uintptr_t) "--offline";

	int r = posix_spawn_file_actions_init(&actions);
	if (r != 0) {
		return result_origin(-r);
	}
	r = posix_spawn_file_actions_adddup2(&actions, fd, ADMIN_OFFLINE_FD);
	if (r == 0) {
		r = posix_spawn(ret_pid, program, &actions, NULL, argv, environ);
	}
	(void)posix_spawn_file_actions_destroy(&actions);

	/* A program that is not there is news for the caller, not an error's origin. */
	return -r;
}

/* admin_start_offline() - start the offline role and connect to it */
static int admin_start_offline(struct httpsys_admin *admin, const char *home, char *ret_error)
{
	cleanup_(mem_free_p) char *program = socket_path_daemon_new();
	int fds[2];

	if (program == NULL) {
		return admin_fail(ret_error, HTTPSYS_E_NO_MEMORY, "%s",
				  wire_error_text(HTTPSYS_E_NO_MEMORY));
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1) {
		return admin_fail(ret_error, error_from_result(result_origin(-errno)),
				  "socketpair: %s", strerror(errno));
	}
	cleanup_(fd_close_p) int ours = fds[0];
	cleanup_(fd_close_p) int theirs = fds[1];

	int r = admin_spawn(program, socket_path_home(home), theirs, &admin->offline_pid);
	if (r < 0) {
		admin->offline_pid = 0;

		return admin_fail(ret_error, HTTPSYS_E_NO_DAEMON,
				  "No listener is running, and %s, which could work on the "
				  "configuration without it, cannot be started: %s",
				  program, strerror(-r));
	}

	r = channel_init(&admin->channel, ours, MESSAGE_SENDER_MASTER_ADMIN);
	ours = -1;
	if (r < 0) {
		return admin_fail(ret_error, error_from_result(r), "%s", strerror(-r));
	}

	return 0;
}

/* admin_reach() - connect to the listener, or start the offline role.  Return: as admin_connect()
 */
static int admin_reach(struct httpsys_admin *admin, const char *home, char *ret_error)
{
	cleanup_(mem_free_p) char *path = socket_path_new(home, "admin.sock");

	if (path == NULL) {
		return admin_fail(ret_error, HTTPSYS_E_NO_MEMORY, "%s",
				  wire_error_text(HTTPSYS_E_NO_MEMORY));
	}

	int fd;
	int r = channel_connect(path, &fd);
	if (r == -ENOENT || r == -ENOTDIR || r == -ECONNREFUSED) {
		return admin_start_offline(admin, home, ret_error);
	}
	if (r < 0) {
		return admin_fail(ret_error, error_from_connect(r), "%s: %s", path, strerror(-r));
	}
	r = channel_init(&admin->channel, fd, MESSAGE_SENDER_MASTER_ADMIN);
	if (r < 0) {
		return admin_fail(ret_error, error_from_result(r), "%s: %s", path, strerror(-r));
	}

	return 0;
}

/* admin_judge_hello() - what the answer to HELLO says */
static int admin_judge_hello(const struct message *reply, char *ret_error)
{
	if (reply->type == MESSAGE_WELCOME) {
		if (message_number(reply, FIELD_PROTOCOL, 0) == WIRE_PROTOCOL_VERSION) {
			return 0;
		}

		return admin_fail(ret_error, HTTPSYS_E_VERSION, "%s",
				  wire_error_text(HTTPSYS_E_VERSION));
	}

	int code = error_from_code(message_signed(reply, FIELD_CODE, HTTPSYS_E_PROTOCOL));
	struct slice text = message_text(reply, FIELD_TEXT);

	code = code != 0 ? code : HTTPSYS_E_PROTOCOL;
	if (text.len == 0) {
		text = slice_from_str(wire_error_text(code));
	}

	return admin_fail(ret_error, code, "%.*s", SLICE_ARG(text));
}

int admin_connect(struct httpsys_admin *admin, const char *home, char *ret_error)
{
	assert(admin != NULL && ret_error != NULL);

	int r = admin_reach(admin, home, ret_error);
	if (r != 0) {
		return r;
	}

	struct message hello;
	struct message reply;
	message_init(&hello, MESSAGE_HELLO, 0);
	message_set_number(&hello, FIELD_PROTOCOL, WIRE_PROTOCOL_VERSION);
	message_set_text(&hello, FIELD_PROGRAM, slice_from_str(socket_path_program()));
	message_set_text(&hello, FIELD_VERSION, slice_from_str(httpsys_version()));
	r = admin_exchange(admin, &hello, ADMIN_HELLO_WAIT_MS, &reply);
	if (r == HTTPSYS_E_TIMEOUT) {
		return admin_fail(ret_error, HTTPSYS_E_NO_DAEMON,
				  "The listener does not answer on its administrative socket.");
	}
	if (r == HTTPSYS_E_NO_DAEMON) {
		return admin_fail(ret_error, r, "%s",
				  admin->offline_pid != 0
					  ? "No listener is running, and its program ended without "
					    "serving the configuration."
					  : "The listener closed the connection at once.");
	}
	if (r != 0) {
		return admin_fail(ret_error, r, "%s", wire_error_text(r));
	}
	r = admin_judge_hello(&reply, ret_error);
	message_fini(&reply);

	return r;
}

void admin_disconnect(struct httpsys_admin *admin)
{
	assert(admin != NULL);

	channel_fini(&admin->channel);
	admin->channel.fd = -1;
	if (admin->offline_pid != 0) {
		int status;

		/* It ends at the end of its connection; what it ended with was answered before. */
		while (waitpid(admin->offline_pid, &status, 0) == -1 && errno == EINTR) {
		}
		admin->offline_pid = 0;
	}
}

/* admin_code() - a verdict of the channel as a public number */
static int admin_code(int r)
{
	switch (r) {
	case CHANNEL_E_AGAIN:
		return HTTPSYS_E_TIMEOUT;
	case CHANNEL_E_CLOSED:
		return HTTPSYS_E_NO_DAEMON;
	case CHANNEL_E_INVALID:
		return HTTPSYS_E_PROTOCOL;
	default:
		return error_from_result(r);
	}
}

int admin_exchange(struct httpsys_admin *admin, struct message *request, int timeout_ms,
		   struct message *ret_reply)
{
	assert(admin != NULL && request != NULL && ret_reply != NULL);

	request->serial = ++admin->serial;
	int r = channel_send(&admin->channel, request);

	while (r == 0) {
		r = channel_receive(&admin->channel, ret_reply);
		if (r == CHANNEL_E_AGAIN) {
			r = channel_wait(&admin->channel, timeout_ms);
			continue;
		}
		if (r == 0) {
			if (ret_reply->serial == admin->serial) {
				return 0;
			}
			/* Belongs to a call that was given up. */
			message_fini(ret_reply);
		}
	}

	return admin_code(r);
}
