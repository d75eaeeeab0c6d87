/* SPDX-License-Identifier: MIT */

/* Sockets in the file system, and who the kernel says is at their other end. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "wire/channel.h"

/* A directory of its own for each test. */
struct place {
	char dir[PATH_MAX];
	char path[PATH_MAX + 16];
};

static int place_setup(void **state)
{
	static struct place place;
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(place.dir, sizeof(place.dir), "%s/httpsys-test-XXXXXX",
		       tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(place.dir) == NULL) {
		return -1;
	}
	(void)snprintf(place.path, sizeof(place.path), "%s/test.sock", place.dir);
	*state = &place;

	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);

	return rmdir(place->dir);
}

static void nobody_there_is_told_apart(void **state)
{
	struct place *place = *state;
	int fd;

	assert_int_equal(channel_connect(place->path, &fd), -ENOENT);

	/* A socket whose process has gone. */
	assert_int_equal(channel_listen(place->path, 0600, &fd), 0);
	close(fd);
	assert_int_equal(channel_connect(place->path, &fd), -ECONNREFUSED);
}

static void a_dead_socket_is_replaced_a_live_one_is_not(void **state)
{
	struct place *place = *state;
	int dead_fd;
	int live_fd;
	int fd;

	assert_int_equal(channel_listen(place->path, 0600, &dead_fd), 0);
	close(dead_fd);
	assert_int_equal(channel_listen(place->path, 0600, &live_fd), 0);
	assert_int_equal(channel_listen(place->path, 0600, &fd), -EADDRINUSE);
	assert_int_equal(channel_connect(place->path, &fd), 0);
	close(fd);
	close(live_fd);
}

static void the_mode_is_what_was_asked_for_whatever_the_umask(void **state)
{
	struct place *place = *state;
	struct stat info;
	int fd;
	mode_t old = umask(0077);

	assert_int_equal(channel_listen(place->path, 0666, &fd), 0);
	(void)umask(old);
	assert_int_equal(stat(place->path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0666);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
}

static void a_path_longer_than_sockaddr_un_works(void **state)
{
	struct place *place = *state;
	char dir[PATH_MAX + 128];
	char path[sizeof(dir) + 16];
	int listen_fd;
	int fd;

	(void)snprintf(dir, sizeof(dir), "%s/%0100d", place->dir, 0);
	(void)snprintf(path, sizeof(path), "%s/app.sock", dir);
	assert_true(strlen(path) > 108);
	assert_int_equal(channel_connect(path, &fd), -ENOENT);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(channel_connect(path, &fd), -ENOENT);
	assert_int_equal(channel_listen(path, 0600, &listen_fd), 0);
	assert_int_equal(channel_connect(path, &fd), 0);
	close(fd);
	close(listen_fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void the_kernel_says_who_the_peer_is(void **state)
{
	struct channel_peer peer;
	int fds[2];
	int n_groups = getgroups(0, NULL);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	assert_int_equal(channel_peer_read(fds[0], &peer), 0);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, getuid());
	assert_int_equal(peer.gid, getgid());
	assert_int_equal(peer.n_groups, n_groups);
	channel_peer_fini(&peer);
	assert_null(peer.groups);

	if (n_groups > 0) {
		mem_fail_at(1);
		assert_int_equal(channel_peer_read(fds[0], &peer), -ENOMEM);
		mem_fail_at(0);
	}
	close(fds[0]);
	close(fds[1]);
	channel_peer_fini(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nobody_there_is_told_apart, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(a_dead_socket_is_replaced_a_live_one_is_not,
						place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(the_mode_is_what_was_asked_for_whatever_the_umask,
						place_setup, place_teardown),
		cmocka_unit_test_setup_teardown(a_path_longer_than_sockaddr_un_works, place_setup,
						place_teardown),
		cmocka_unit_test(the_kernel_says_who_the_peer_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
