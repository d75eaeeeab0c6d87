/* SPDX-License-Identifier: MIT */

/* Event loop: who is called for which event, removal while dispatching, init and fini. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "event/loop.h"
#include "probe.h"

#define N_MANY (LOOP_EVENTS_PER_TURN_MAX + 50)

static void readable_source_is_called_and_a_quiet_one_is_not(void **state)
{
	struct loop *loop = *state;
	struct probe *ready = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *quiet = probe_new(loop, EPOLLIN | EPOLLET);

	probe_signal(ready);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(ready->n_events, 1);
	assert_int_equal(ready->last_events, EPOLLIN);
	assert_int_equal(quiet->n_events, 0);
	probe_free(ready);
	probe_free(quiet);
}

static void edge_triggered_is_called_once_and_level_triggered_each_turn(void **state)
{
	struct loop *loop = *state;
	struct probe *edge = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *level = probe_new(loop, EPOLLIN);

	probe_signal(edge);
	probe_signal(level);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(loop_turn(loop, 0), 0);
	}
	assert_int_equal(edge->n_events, 1);
	assert_int_equal(level->n_events, 3);
	probe_free(edge);
	probe_free(level);
}

static void modified_mask_counts_from_then_on(void **state)
{
	struct loop *loop = *state;
	struct probe *probe = probe_new(loop, EPOLLIN);

	probe_signal(probe);
	assert_int_equal(loop_modify(loop, &probe->source, 0), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(probe->n_events, 0);
	assert_int_equal(loop_modify(loop, &probe->source, EPOLLIN | EPOLLOUT), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(probe->last_events, EPOLLIN | EPOLLOUT);
	probe_free(probe);
}

static void free_other(struct probe *probe)
{
	if (probe->other != NULL) {
		probe->other->other = NULL;
		probe_free(probe->other);
		probe->other = NULL;
	}
}

static void source_freed_by_an_earlier_callback_of_the_turn_is_not_called(void **state)
{
	struct loop *loop = *state;
	struct probe *a = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *b = probe_new(loop, EPOLLIN | EPOLLET);

	/* Whichever comes first frees the other; the sanitizer watches the freed one. */
	a->on_call = free_other;
	a->other = b;
	b->on_call = free_other;
	b->other = a;

	probe_signal(a);
	probe_signal(b);
	assert_int_equal(loop_turn(loop, -1), 0);

	/* The kernel reports in the order of readiness: a was first and is what is left. */
	assert_int_equal(a->n_events, 1);
	assert_null(a->other);
	probe_free(a);
}

static void free_self(struct probe *probe)
{
	probe_free(probe);
}

static void source_may_free_itself_in_its_callback(void **state)
{
	struct loop *loop = *state;

	for (int i = 0; i < 10; i++) {
		struct probe *probe = probe_new(loop, EPOLLIN);

		probe->on_call = free_self;
		probe_signal(probe);
	}
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
}

static void removed_source_is_not_called_and_may_be_added_again(void **state)
{
	struct loop *loop = *state;
	struct probe *probe = probe_new(loop, EPOLLIN);

	probe_signal(probe);
	loop_remove(loop, &probe->source);
	loop_remove(loop, &probe->source);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(probe->n_events, 0);
	assert_int_equal(loop_add(loop, &probe->source, EPOLLIN), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(probe->n_events, 1);
	probe_free(probe);
}

static void source_closed_before_its_removal_does_no_harm(void **state)
{
	struct loop *loop = *state;
	struct probe *probe = probe_new(loop, EPOLLIN);

	probe_signal(probe);
	fd_close(probe->source.fd);
	loop_remove(loop, &probe->source);
	mem_free(probe);
	assert_int_equal(loop_turn(loop, 0), 0);
}

static void more_sources_than_one_turn_takes_are_all_served(void **state)
{
	struct loop *loop = *state;
	static struct probe *probes[N_MANY];

	for (size_t i = 0; i < N_MANY; i++) {
		probes[i] = probe_new(loop, EPOLLIN | EPOLLET);
		probe_signal(probes[i]);
	}
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(loop_turn(loop, -1), 0);
	for (size_t i = 0; i < N_MANY; i++) {
		assert_int_equal(probes[i]->n_events, 1);
		probe_free(probes[i]);
	}
}

static void misuse_of_a_descriptor_is_an_error(void **state)
{
	struct loop *loop = *state;
	struct probe *probe = probe_new(loop, EPOLLIN);
	struct loop_source file = {.fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
				   .on_event = probe_on_event};

	assert_int_equal(loop_add(loop, &probe->source, EPOLLIN), -EEXIST);
	assert_int_equal(loop_add(loop, &file, EPOLLIN), -EPERM);
	assert_int_equal(loop_modify(loop, &file, EPOLLIN), -EPERM);
	fd_close(file.fd);
	assert_int_equal(loop_add(loop, &file, EPOLLIN), -EBADF);
	loop_remove(loop, &probe->source);
	assert_int_equal(loop_modify(loop, &probe->source, EPOLLIN), -ENOENT);
	probe_free(probe);
}

static void socket_tells_of_bytes_and_of_the_end(void **state)
{
	struct loop *loop = *state;
	int fds[2];
	struct probe probe = {.loop = loop, .source.on_event = probe_on_event};

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	probe.source.fd = fds[0];
	assert_int_equal(loop_add(loop, &probe.source, EPOLLIN | EPOLLRDHUP | EPOLLET), 0);
	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(probe.n_events, 0);

	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(probe.last_events, EPOLLIN);

	fd_close(fds[1]);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(probe.last_events, EPOLLIN | EPOLLRDHUP | EPOLLHUP);
	assert_int_equal(probe.n_events, 2);
	loop_remove(loop, &probe.source);
	fd_close(fds[0]);
}

static void failed_init_leaves_something_fini_accepts(void **state)
{
	struct loop loop;
	struct rlimit old;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	const struct rlimit none = {.rlim_cur = 0, .rlim_max = old.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	int r = loop_init(&loop);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(r, -EMFILE);
	loop_fini(&loop);
	loop_fini(&loop);
}

static void fini_of_a_zeroed_loop_closes_nothing(void **state)
{
	static struct loop zeroed;
	bool was_open = fcntl(STDIN_FILENO, F_GETFD) >= 0;

	loop_fini(&zeroed);
	loop_fini(NULL);
	assert_int_equal(fcntl(STDIN_FILENO, F_GETFD) >= 0, was_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(readable_source_is_called_and_a_quiet_one_is_not),
		LOOP_TEST(edge_triggered_is_called_once_and_level_triggered_each_turn),
		LOOP_TEST(modified_mask_counts_from_then_on),
		LOOP_TEST(source_freed_by_an_earlier_callback_of_the_turn_is_not_called),
		LOOP_TEST(source_may_free_itself_in_its_callback),
		LOOP_TEST(removed_source_is_not_called_and_may_be_added_again),
		LOOP_TEST(source_closed_before_its_removal_does_no_harm),
		LOOP_TEST(more_sources_than_one_turn_takes_are_all_served),
		LOOP_TEST(misuse_of_a_descriptor_is_an_error),
		LOOP_TEST(socket_tells_of_bytes_and_of_the_end),
		cmocka_unit_test(failed_init_leaves_something_fini_accepts),
		cmocka_unit_test(fini_of_a_zeroed_loop_closes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
