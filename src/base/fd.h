#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * File descriptors as owned things: -1 is "none"; closed exactly once.
 */

#include "base/compiler.h"

/* fd_close() - close @fd unless it is -1; keeps errno.  Return: -1, to assign to the owner */
int fd_close(int fd);

/* fd_close_p() - for cleanup_(): closes the descriptor in the variable at @fd */
static inline void fd_close_p(int *fd)
{
	*fd = fd_close(*fd);
}

/* fd_set_nonblock() - set or clear O_NONBLOCK.  Return: 0; -errno */
int fd_set_nonblock(int fd, int is_on) must_check_;

/* fd_set_cloexec() - set or clear FD_CLOEXEC.  Return: 0; -errno */
int fd_set_cloexec(int fd, int is_on) must_check_;
