#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The engine's sandbox: no root, no capabilities, no files, few system calls.
 */

#include <stdbool.h>

#include "base/compiler.h"

/*
 * sandbox_drop_privileges() - become the user of HTTPSYS_ENGINE_USER ("uid:gid") when root, for
 * good
 *
 * Return: 0; -errno (-EINVAL: the variable is malformed, or root without it).
 */
int sandbox_drop_privileges(void) must_check_;

/* sandbox_is_private() - was this instance started by an ordinary user, who owns it? */
bool sandbox_is_private(void);

/*
 * sandbox_enter() - no new privileges, no path of any file system (landlock), only the system calls
 * of the table (seccomp); before any other thread is started
 *
 * A kernel without landlock is not an error: seccomp allows no open(2) either.
 *
 * Return: 0; -errno.
 */
int sandbox_enter(void) must_check_;
