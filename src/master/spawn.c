/* SPDX-License-Identifier: MIT */

/* Starting and reaping the engine's process; see spawn.h. */

#include "master/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/text.h"

#define SPAWN_FDS         3
#define SPAWN_FD_SAFE_MIN 10 /* above the numbers that the engine gets */
#define SPAWN_ENV_BYTES   64

/* Variables that are the master's own business. */
static const char *const spawn_env_dropped[] = {"NOTIFY_SOCKET=", SPAWN_ENV_USER "="};

static bool spawn_is_dropped(const char *variable)
{
	for (size_t i = 0; i < array_len(spawn_env_dropped); i++) {
		if (strncmp(variable, spawn_env_dropped[i], strlen(spawn_env_dropped[i])) == 0) {
			return true;
		}
	}

	return false;
}

/* The master's environment without its own variables and with @user; the array is owned. */
static char **spawn_environment(char *user)
{
	size_t n = 0;

	for (char **variable = environ; *variable != NULL; variable++) {
		n++;
	}

	char **copy = mem_new_array(n + 2, sizeof(*copy));

	if (copy == NULL) {
		return NULL;
	}
	n = 0;
	for (char **variable = environ; *variable != NULL; variable++) {
		if (!spawn_is_dropped(*variable)) {
			copy[n] = *variable;
			n++;
		}
	}
	if (user[0] != '\0') {
		copy[n] = user;
	}

	return copy;
}

/* The engine gets no signal blocked and none ignored. */
static int spawn_set_signals(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;

	sigemptyset(&none);
	sigfillset(&all);

	int r = posix_spawnattr_setsigmask(attributes, &none);
	if (r == 0) {
		r = posix_spawnattr_setsigdefault(attributes, &all);
	}
	if (r == 0) {
		r = posix_spawnattr_setflags(attributes,
					     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	}

	return r;
}

/* Return: 0 or a positive errno, as posix_spawn(3) does. */
static int spawn_execute(const int *fds, char **environment, pid_t *ret_pid)
{
	char *arguments[] = {"httpsysd", "--engine", NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0) {
		return r;
	}
	for (int i = 0; r == 0 && i < SPAWN_FDS; i++) {
		r = posix_spawn_file_actions_adddup2(&actions, fds[i], SPAWN_CONTROL_FD + i);
	}
	if (r == 0) {
		r = posix_spawnattr_init(&attributes);
	}
	if (r == 0) {
		r = spawn_set_signals(&attributes);
		if (r == 0) {
			r = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
					environment);
		}
		(void)posix_spawnattr_destroy(&attributes); /* never fails on Linux */
	}
	(void)posix_spawn_file_actions_destroy(&actions); /* never fails on Linux */

	return r;
}

int spawn_engine(int control_fd, int app_fd, int lock_fd, const char *user,
		 struct spawn_process *ret_process)
{
	assert(control_fd >= 0 && app_fd >= 0 && lock_fd >= 0 && ret_process != NULL);

	const int given[SPAWN_FDS] = {control_fd, app_fd, lock_fd};
	int fds[SPAWN_FDS] = {-1, -1, -1};
	char variable[SPAWN_ENV_BYTES] = "";
	int r = 0;

	if (user != NULL) {
		text_setf(variable, sizeof(variable), "%s=%s", SPAWN_ENV_USER, user);
	}

	cleanup_(mem_free_p) char **environment = spawn_environment(variable);

	/* Away from the target numbers first, so that no dup2() overwrites a source. */
	for (int i = 0; r == 0 && i < SPAWN_FDS; i++) {
		fds[i] = fcntl(given[i], F_DUPFD_CLOEXEC, SPAWN_FD_SAFE_MIN);
		r = fds[i] == -1 ? errno : 0;
	}
	if (r == 0) {
		r = environment == NULL ? ENOMEM
					: spawn_execute(fds, environment, &ret_process->pid);
	}
	for (int i = 0; i < SPAWN_FDS; i++) {
		fds[i] = fd_close(fds[i]);
	}
	if (r != 0) {
		return result_origin(-r);
	}

	/* By number: the wrapper came with glibc 2.36. */
	ret_process->pidfd = (int)syscall(SYS_pidfd_open, ret_process->pid, 0);
	if (ret_process->pidfd == -1) {
		r = -errno;
		/* Nobody would notice its end: it may not live. */
		(void)kill(ret_process->pid, SIGKILL);
		(void)waitpid(ret_process->pid, NULL, 0);
		return result_origin(r);
	}

	return 0;
}

void spawn_reap(struct spawn_process *process, char *ret_text, size_t size)
{
	assert(process != NULL && process->pidfd != -1 && ret_text != NULL);

	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)process->pid, &info, WEXITED) == -1) {
		text_setf(ret_text, size, "has ended (%s)", strerror(errno));
	} else if (info.si_code == CLD_EXITED) {
		text_setf(ret_text, size, "exited with status %d", info.si_status);
	} else {
		text_setf(ret_text, size, "was killed by signal %d (%s)", info.si_status,
			  strsignal(info.si_status));
	}
	process->pidfd = fd_close(process->pidfd);
	process->pid = 0;
}
