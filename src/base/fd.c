/* SPDX-License-Identifier: MIT */

/* Owned file descriptors; see fd.h. */

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/result.h"

int fd_close(int fd)
{
	int saved_errno = errno;

	if (fd >= 0) {
		/* Linux frees the descriptor even when close(2) reports EINTR or EIO. */
		(void)close(fd);
	}
	errno = saved_errno;

	return -1;
}

static int fd_change(int fd, int get, int set, int bit, int is_on)
{
	int flags = fcntl(fd, get);

	if (flags == -1) {
		return result_origin(-errno);
	}
	if (fcntl(fd, set, is_on ? flags | bit : flags & ~bit) == -1) {
		return result_origin(-errno);
	}

	return 0;
}

int fd_set_nonblock(int fd, int is_on)
{
	return fd_change(fd, F_GETFL, F_SETFL, O_NONBLOCK, is_on);
}

int fd_set_cloexec(int fd, int is_on)
{
	return fd_change(fd, F_GETFD, F_SETFD, FD_CLOEXEC, is_on);
}
