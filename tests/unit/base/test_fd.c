/* SPDX-License-Identifier: MIT */

/* Owned descriptors: closed once, errno kept, flags set and cleared. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"

static void close_returns_none_and_keeps_errno(void **state)
{
	int fd = dup(STDERR_FILENO);
	int old = fd;

	assert_true(fd >= 0);
	errno = ENFILE;
	fd = fd_close(fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, ENFILE);
	assert_int_equal(fcntl(old, F_GETFD), -1);
	assert_int_equal(errno, EBADF);

	errno = 0;
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, 0);
}

static void cleanup_closes_what_was_not_moved_away(void **state)
{
	int watched;

	{
		cleanup_(fd_close_p) int fd = dup(STDERR_FILENO);
		cleanup_(fd_close_p) int none = -1;

		assert_int_equal(none, -1);
		watched = fd;
		assert_true(fcntl(watched, F_GETFD) >= 0);
	}
	assert_int_equal(fcntl(watched, F_GETFD), -1);
}

static void flags_are_set_and_cleared(void **state)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(fd_set_nonblock(fds[0], 1), 0);
	assert_true((fcntl(fds[0], F_GETFL) & O_NONBLOCK) != 0);
	assert_int_equal(fd_set_nonblock(fds[0], 0), 0);
	assert_true((fcntl(fds[0], F_GETFL) & O_NONBLOCK) == 0);
	assert_int_equal(fd_set_cloexec(fds[0], 1), 0);
	assert_true((fcntl(fds[0], F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(fd_set_cloexec(fds[0], 0), 0);
	assert_true((fcntl(fds[0], F_GETFD) & FD_CLOEXEC) == 0);
	fd_close(fds[0]);
	fd_close(fds[1]);
	assert_int_equal(fd_set_nonblock(fds[0], 1), -EBADF);
	assert_int_equal(fd_set_cloexec(fds[0], 1), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_returns_none_and_keeps_errno),
		cmocka_unit_test(cleanup_closes_what_was_not_moved_away),
		cmocka_unit_test(flags_are_set_and_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
