#pragma once
/* SPDX-License-Identifier: MIT */

/* Where the listener's sockets and program are, and what this program is called. */

#include "base/compiler.h"

/*
 * socket_path_new() - path of a control socket
 * @home: the listener's directory; NULL: HTTPSYS_HOME, or the installed default
 * @name: "app.sock" or "admin.sock"
 *
 * Return: owned (mem_free); NULL = out of memory.
 */
char *socket_path_new(const char *home, const char *name) must_check_;

/* socket_path_home() - @home, or HTTPSYS_HOME, or NULL: the installed default.  Borrowed */
const char *socket_path_home(const char *home);

/*
 * socket_path_daemon_new() - path of the listener's program: HTTPSYS_DAEMON, or beside this
 * program, or one directory above, or the installed one
 *
 * Return: owned (mem_free); NULL = out of memory.
 */
char *socket_path_daemon_new(void) must_check_;

/* socket_path_program() - name of this program, for people; never NULL, UTF-8 */
const char *socket_path_program(void);
