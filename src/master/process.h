#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What /proc says about a process, and which processes have given sockets open.
 * Processes come and go meanwhile, and other users' descriptors may be closed to
 * us: whatever cannot be read is left empty, never an error.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"

/*
 * What process_find_sockets() calls for each descriptor that is one of the sockets.
 * Return: 0; anything else ends the search.
 */
typedef int (*process_on_socket_fn)(void *context, pid_t pid, uint32_t inode);

/*
 * process_find_sockets() - which processes have these sockets open
 * @inodes: @n socket inodes, sorted
 * @ret_is_blind: some process's descriptors could not be read
 *
 * Return: 0; what @on_socket returned; -errno (no /proc).
 */
int process_find_sockets(const uint32_t *inodes, size_t n, process_on_socket_fn on_socket,
			 void *context, bool *ret_is_blind) must_check_;

/* process_uid() - the effective uid of @pid.  Return: false = gone */
bool process_uid(pid_t pid, uid_t *ret_uid);

/* process_parent() - the parent of @pid; 0 = unknown */
pid_t process_parent(pid_t pid);

/* process_program() - the name of the program of @pid, printable; empty = unknown */
void process_program(pid_t pid, char *ret_text, size_t size);

/* process_command() - the command line of @pid, printable; empty = unknown, or a kernel thread */
void process_command(pid_t pid, char *ret_text, size_t size);

/*
 * process_read_file() - the begin of /proc/@pid/@name as text, unprintable bytes as they are
 *
 * Return: bytes read, at most @size - 1, a NUL behind them; 0 = could not be read.
 */
size_t process_read_file(pid_t pid, const char *name, char *ret_text, size_t size);
