/* SPDX-License-Identifier: MIT */

/*
 * What we assume of the kernel's epoll, so that a kernel that changes it is found
 * by name.  Nothing of ours is tested here.
 */

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"

#define N_WAITERS 2

static void watch(int epoll_fd, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), 0);
}

/* What the set reports now, without waiting; 0 = nothing. */
static uint32_t look(int epoll_fd)
{
	struct epoll_event event = {0};
	int n = epoll_wait(epoll_fd, &event, 1, 0);

	assert_true(n >= 0);

	return n == 1 ? event.events : 0;
}

struct pair {
	int epoll_fd;
	int near_fd; /* in the set */
	int far_fd;
};

static void pair_init(struct pair *pair, uint32_t events)
{
	int fds[2];

	pair->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	assert_true(pair->epoll_fd >= 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	pair->near_fd = fds[0];
	pair->far_fd = fds[1];
	watch(pair->epoll_fd, pair->near_fd, events);
}

static void pair_fini(struct pair *pair)
{
	fd_close(pair->near_fd);
	fd_close(pair->far_fd);
	fd_close(pair->epoll_fd);
}

static void edge_comes_again_with_new_bytes_though_old_ones_are_unread(void **state)
{
	struct pair pair;

	pair_init(&pair, EPOLLIN | EPOLLET);
	assert_int_equal(look(pair.epoll_fd), 0);
	assert_int_equal(write(pair.far_fd, "a", 1), 1);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN);
	assert_int_equal(look(pair.epoll_fd), 0);
	assert_int_equal(write(pair.far_fd, "b", 1), 1);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN);
	assert_int_equal(look(pair.epoll_fd), 0);
	pair_fini(&pair);
}

static void partial_read_brings_no_new_edge(void **state)
{
	struct pair pair;
	char c;

	pair_init(&pair, EPOLLIN | EPOLLET);
	assert_int_equal(write(pair.far_fd, "ab", 2), 2);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN);
	assert_int_equal(read(pair.near_fd, &c, 1), 1);
	assert_int_equal(look(pair.epoll_fd), 0);
	pair_fini(&pair);
}

static void edge_is_reported_for_what_was_ready_before_it_was_watched(void **state)
{
	struct pair pair;
	int second_epoll_fd = epoll_create1(EPOLL_CLOEXEC);

	pair_init(&pair, EPOLLIN | EPOLLET);
	assert_int_equal(write(pair.far_fd, "a", 1), 1);
	watch(second_epoll_fd, pair.near_fd, EPOLLIN | EPOLLET);
	assert_int_equal(look(second_epoll_fd), EPOLLIN);
	fd_close(second_epoll_fd);
	pair_fini(&pair);
}

static void modify_with_the_same_mask_reports_the_edge_again(void **state)
{
	struct pair pair;

	pair_init(&pair, EPOLLIN | EPOLLET);
	assert_int_equal(write(pair.far_fd, "a", 1), 1);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN);
	struct epoll_event event = {.events = EPOLLIN | EPOLLET};
	assert_int_equal(epoll_ctl(pair.epoll_fd, EPOLL_CTL_MOD, pair.near_fd, &event), 0);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN);
	pair_fini(&pair);
}

static void full_socket_reports_room_as_an_edge(void **state)
{
	struct pair pair;
	char block[4096] = {0};

	pair_init(&pair, EPOLLOUT | EPOLLET);
	assert_int_equal(look(pair.epoll_fd), EPOLLOUT);
	while (write(pair.near_fd, block, sizeof(block)) > 0) {
		continue;
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(look(pair.epoll_fd), 0);
	while (read(pair.far_fd, block, sizeof(block)) > 0) {
		continue;
	}
	assert_int_equal(look(pair.epoll_fd), EPOLLOUT);
	assert_int_equal(look(pair.epoll_fd), 0);
	pair_fini(&pair);
}

static void half_close_is_an_edge_with_rdhup(void **state)
{
	struct pair pair;

	pair_init(&pair, EPOLLIN | EPOLLRDHUP | EPOLLET);
	assert_int_equal(shutdown(pair.far_fd, SHUT_WR), 0);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN | EPOLLRDHUP);
	assert_int_equal(look(pair.epoll_fd), 0);
	pair_fini(&pair);
}

static void last_close_takes_the_descriptor_out_of_the_set(void **state)
{
	struct pair pair;

	pair_init(&pair, EPOLLIN);
	assert_int_equal(write(pair.far_fd, "a", 1), 1);
	int copy = dup(pair.near_fd);
	pair.near_fd = fd_close(pair.near_fd);
	assert_int_equal(look(pair.epoll_fd), EPOLLIN);
	fd_close(copy);
	assert_int_equal(look(pair.epoll_fd), 0);
	pair_fini(&pair);
}

static void eventfd_reports_an_edge_for_each_write(void **state)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	uint64_t one = 1;

	/* The reader of a doorbell need not read it. */
	watch(epoll_fd, fd, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
		assert_int_equal(look(epoll_fd), EPOLLIN);
		assert_int_equal(look(epoll_fd), 0);
	}
	fd_close(fd);
	fd_close(epoll_fd);
}

static void exclusive_source_cannot_be_modified(void **state)
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};

	watch(epoll_fd, fd, EPOLLIN | EPOLLEXCLUSIVE);
	assert_int_equal(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, fd, &event), -1);
	assert_int_equal(errno, EINVAL);
	fd_close(fd);
	fd_close(epoll_fd);
}

static int listener_new(struct sockaddr_in *ret_addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 16), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*ret_addr = addr;

	return fd;
}

static int client_new(const struct sockaddr_in *addr)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)addr, sizeof(*addr)), 0);

	return fd;
}

static void exclusive_connection_is_seen_by_each_set_while_nobody_waits(void **state)
{
	struct sockaddr_in addr;
	int listen_fd = listener_new(&addr);
	int epoll_fds[N_WAITERS];

	/* No connection is lost because the one set that was told of it is busy elsewhere. */
	for (size_t i = 0; i < N_WAITERS; i++) {
		epoll_fds[i] = epoll_create1(EPOLL_CLOEXEC);
		watch(epoll_fds[i], listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
	}
	int client_fd = client_new(&addr);
	for (size_t i = 0; i < N_WAITERS; i++) {
		assert_int_equal(look(epoll_fds[i]), EPOLLIN);
	}

	/* Level-triggered: once it is accepted, nobody is told any more. */
	int accepted_fd = accept(listen_fd, NULL, NULL);
	assert_true(accepted_fd >= 0);
	for (size_t i = 0; i < N_WAITERS; i++) {
		assert_int_equal(look(epoll_fds[i]), 0);
		fd_close(epoll_fds[i]);
	}
	fd_close(accepted_fd);
	fd_close(client_fd);
	fd_close(listen_fd);
}

struct waiter {
	pthread_t thread;
	int epoll_fd;
	int listen_fd;
	int tid;       /* 0 until it is about to wait; atomic */
	bool was_told; /* of the connection */
};

static void *waiter_run(void *data)
{
	struct waiter *waiter = data;
	struct epoll_event event = {0};

	__atomic_store_n(&waiter->tid, (int)syscall(SYS_gettid), __ATOMIC_SEQ_CST);
	int n = epoll_wait(waiter->epoll_fd, &event, 1, -1);
	waiter->was_told = n == 1 && event.data.fd == waiter->listen_fd;

	return NULL;
}

/* Is the thread asleep?  It sleeps nowhere but in epoll_wait(2) once it has told its id. */
static bool waiter_is_asleep(const struct waiter *waiter)
{
	int tid = __atomic_load_n(&waiter->tid, __ATOMIC_SEQ_CST);
	char path[64];
	char line[256] = "";

	if (tid == 0) {
		return false;
	}
	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	(void)fclose(file);
	const char *end_of_name = strrchr(line, ')');

	return end_of_name != NULL && end_of_name[2] == 'S';
}

static void exclusive_connection_wakes_one_of_two_waiting_threads(void **state)
{
	struct sockaddr_in addr;
	int listen_fd = listener_new(&addr);
	int release_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct waiter waiters[N_WAITERS] = {0};
	uint64_t one = 1;
	int n_told = 0;

	for (size_t i = 0; i < N_WAITERS; i++) {
		waiters[i].listen_fd = listen_fd;
		waiters[i].epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		watch(waiters[i].epoll_fd, listen_fd, EPOLLIN | EPOLLEXCLUSIVE);
		watch(waiters[i].epoll_fd, release_fd, EPOLLIN);
		int r = pthread_create(&waiters[i].thread, NULL, waiter_run, &waiters[i]);
		assert_int_equal(r, 0);
	}
	for (size_t i = 0; i < N_WAITERS; i++) {
		while (!waiter_is_asleep(&waiters[i])) {
			(void)sched_yield();
		}
	}

	int client_fd = client_new(&addr);
	assert_int_equal(write(release_fd, &one, sizeof(one)), sizeof(one));
	for (size_t i = 0; i < N_WAITERS; i++) {
		assert_int_equal(pthread_join(waiters[i].thread, NULL), 0);
		n_told += waiters[i].was_told;
		fd_close(waiters[i].epoll_fd);
	}
	assert_int_equal(n_told, 1);
	fd_close(client_fd);
	fd_close(release_fd);
	fd_close(listen_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edge_comes_again_with_new_bytes_though_old_ones_are_unread),
		cmocka_unit_test(partial_read_brings_no_new_edge),
		cmocka_unit_test(edge_is_reported_for_what_was_ready_before_it_was_watched),
		cmocka_unit_test(modify_with_the_same_mask_reports_the_edge_again),
		cmocka_unit_test(full_socket_reports_room_as_an_edge),
		cmocka_unit_test(half_close_is_an_edge_with_rdhup),
		cmocka_unit_test(last_close_takes_the_descriptor_out_of_the_set),
		cmocka_unit_test(eventfd_reports_an_edge_for_each_write),
		cmocka_unit_test(exclusive_source_cannot_be_modified),
		cmocka_unit_test(exclusive_connection_is_seen_by_each_set_while_nobody_waits),
		cmocka_unit_test(exclusive_connection_wakes_one_of_two_waiting_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
