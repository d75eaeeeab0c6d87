#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The engine's process: this program executed again, so that it starts with an
 * address space that never saw the master's, and with three descriptors: 3 the
 * control socket, 4 the listening application socket, 5 the lock of the home.
 */

#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"

#define SPAWN_CONTROL_FD 3
#define SPAWN_APP_FD     4
#define SPAWN_LOCK_FD    5

/* Environment of the engine: "uid:gid" that it becomes right after its start. */
#define SPAWN_ENV_USER "HTTPSYS_ENGINE_USER"

struct spawn_process {
	pid_t pid;
	int pidfd; /* owned by the caller; readable when the process has ended */
};

/*
 * spawn_engine() - start an engine
 * @control_fd, @app_fd, @lock_fd: borrowed
 * @user: "uid:gid", or NULL = the master's
 *
 * Return: 0 and *@ret_process; -errno.
 */
int spawn_engine(int control_fd, int app_fd, int lock_fd, const char *user,
		 struct spawn_process *ret_process) must_check_;

/*
 * spawn_reap() - take the end of a process whose pidfd is readable; closes the pidfd
 * @ret_text: @size bytes: "exited with status 1", "was killed by signal 9 (Killed)"
 */
void spawn_reap(struct spawn_process *process, char *ret_text, size_t size);
