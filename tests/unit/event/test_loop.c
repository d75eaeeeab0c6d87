/* SPDX-License-Identifier: MIT */

/* Event loop: dispatch, removal while dispatching, deferred tasks, sleeping. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "event/loop.h"

#define N_MANY (LOOP_EVENTS_PER_TURN_MAX + 50)

/* A source with an eventfd of its own that counts its calls and may act in them. */
struct probe {
	struct loop_source source;
	struct loop_task task;
	struct loop *loop;
	int n_events;
	int n_runs;
	uint32_t last_events;
	void (*on_call)(struct probe *probe);
	struct probe *other;
};

static void probe_on_event(struct loop_source *source, uint32_t events)
{
	struct probe *probe = container_of(source, struct probe, source);

	probe->n_events++;
	probe->last_events = events;
	if (probe->on_call != NULL) {
		probe->on_call(probe);
	}
}

static void probe_on_run(struct loop_task *task)
{
	struct probe *probe = container_of(task, struct probe, task);

	probe->n_runs++;
	if (probe->on_call != NULL) {
		probe->on_call(probe);
	}
}

static void probe_signal(struct probe *probe)
{
	uint64_t one = 1;

	assert_int_equal(write(probe->source.fd, &one, sizeof(one)), sizeof(one));
}

static struct probe *probe_new(struct loop *loop, uint32_t events)
{
	struct probe *probe = mem_new(sizeof(*probe));

	assert_non_null(probe);
	probe->loop = loop;
	probe->source.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	probe->source.on_event = probe_on_event;
	loop_task_init(&probe->task, probe_on_run);
	assert_true(probe->source.fd >= 0);
	assert_int_equal(loop_add(loop, &probe->source, events), 0);

	return probe;
}

static void probe_free(struct probe *probe)
{
	loop_remove(probe->loop, &probe->source);
	fd_close(probe->source.fd);
	mem_free(probe);
}

static int set_up(void **state)
{
	struct loop *loop = mem_new(sizeof(*loop));

	assert_non_null(loop);
	assert_int_equal(loop_init(loop), 0);
	*state = loop;

	return 0;
}

static int tear_down(void **state)
{
	struct loop *loop = *state;

	assert_true(list_is_empty(&loop->tasks));
	assert_int_equal(loop->n_events, 0);
	loop_fini(loop);
	assert_int_equal(loop->epoll_fd, -1);
	mem_free(loop);

	return 0;
}

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
	loop->owner = NULL;
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

static void defer_other(struct probe *probe)
{
	if (probe->other != NULL) {
		loop_defer(probe->loop, &probe->other->task);
		loop_defer(probe->loop, &probe->other->task);
	}
}

static void tasks_run_once_at_the_end_of_the_turn_with_those_they_defer(void **state)
{
	struct loop *loop = *state;
	struct probe *source = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *first = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *second = probe_new(loop, EPOLLIN | EPOLLET);

	source->on_call = defer_other;
	source->other = first;
	first->on_call = defer_other;
	first->other = second;
	probe_signal(source);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(first->n_runs, 1);
	assert_int_equal(second->n_runs, 1);

	assert_int_equal(loop_turn(loop, 0), 0);
	assert_int_equal(first->n_runs, 1);
	probe_free(source);
	probe_free(first);
	probe_free(second);
}

struct order_timer {
	struct timer timer;
	struct probe *event;
	struct probe *task;
	bool was_between;
};

static void order_on_expire(struct timer *timer, struct mono_time now)
{
	struct order_timer *order = container_of(timer, struct order_timer, timer);

	order->was_between = order->event->n_events == 1 && order->task->n_runs == 0;
}

static void turn_is_events_then_timers_then_tasks(void **state)
{
	struct loop *loop = *state;
	struct probe *event = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *task = probe_new(loop, EPOLLIN | EPOLLET);
	struct order_timer order = {.event = event, .task = task};

	/* The wheel is put back in time, so that this turn finds the timer due. */
	timer_init(&order.timer, order_on_expire);
	loop->timers.tick -= 2;
	timer_arm(&loop->timers, &order.timer, (struct mono_time){.ns = 0});
	event->on_call = defer_other;
	event->other = task;
	probe_signal(event);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_true(order.was_between);
	assert_int_equal(task->n_runs, 1);
	probe_free(event);
	probe_free(task);
}

static void waiting_task_keeps_the_turn_from_blocking(void **state)
{
	struct loop *loop = *state;
	struct probe *probe = probe_new(loop, EPOLLIN | EPOLLET);

	loop_defer(loop, &probe->task);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(probe->n_runs, 1);
	probe_free(probe);
}

/* How often the loop went to sleep and woke, and what on_sleep is to do. */
struct sleeper {
	int n_sleeps;
	int n_wakes;
	bool may_block;
	struct probe *task;
};

static bool sleeper_on_sleep(struct loop *loop)
{
	struct sleeper *sleeper = loop->owner;

	assert_int_equal(sleeper->n_sleeps, sleeper->n_wakes);
	sleeper->n_sleeps++;
	if (sleeper->task != NULL) {
		loop_defer(loop, &sleeper->task->task);
	}

	return sleeper->may_block;
}

static void sleeper_on_wake(struct loop *loop)
{
	struct sleeper *sleeper = loop->owner;

	sleeper->n_wakes++;
	assert_int_equal(sleeper->n_sleeps, sleeper->n_wakes);
}

static void sleep_callbacks_stand_around_waits_that_can_block(void **state)
{
	struct loop *loop = *state;
	struct sleeper sleeper = {.may_block = true};
	struct probe *probe = probe_new(loop, EPOLLIN);

	loop->owner = &sleeper;
	loop->on_sleep = sleeper_on_sleep;
	loop->on_wake = sleeper_on_wake;
	assert_int_equal(loop_turn(loop, 0), 0);
	loop_defer(loop, &probe->task);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(sleeper.n_sleeps, 0);

	probe_signal(probe);
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(loop_turn(loop, 1000), 0);
	assert_int_equal(sleeper.n_sleeps, 2);
	assert_int_equal(sleeper.n_wakes, 2);
	assert_int_equal(probe->n_events, 2);
	probe_free(probe);
}

static void sleep_callback_can_call_the_sleep_off(void **state)
{
	struct loop *loop = *state;
	struct sleeper sleeper = {.may_block = false};
	struct probe *probe = probe_new(loop, EPOLLIN);

	loop->owner = &sleeper;
	loop->on_sleep = sleeper_on_sleep;
	loop->on_wake = sleeper_on_wake;

	/* Nothing is ready: these would block for ever. */
	assert_int_equal(loop_turn(loop, -1), 0);
	sleeper.may_block = true;
	sleeper.task = probe;
	assert_int_equal(loop_turn(loop, -1), 0);
	assert_int_equal(probe->n_runs, 1);
	assert_int_equal(sleeper.n_wakes, 2);
	probe_free(probe);
}

struct stop_timer {
	struct timer timer;
	struct loop *loop;
};

static void stop_on_expire(struct timer *timer, struct mono_time now)
{
	container_of(timer, struct stop_timer, timer)->loop->is_stopping = true;
}

static void timer_ends_a_sleep_without_events(void **state)
{
	struct loop *loop = *state;
	struct stop_timer stop = {.loop = loop};
	struct mono_time deadline = mono_add_ms(loop->now, 1);

	timer_init(&stop.timer, stop_on_expire);
	timer_arm(&loop->timers, &stop.timer, deadline);
	assert_int_equal(loop_run(loop), 0);
	assert_true(loop->now.ns >= deadline.ns);
}

static void stop_on_call(struct probe *probe)
{
	probe->loop->is_stopping = true;
}

static void run_ends_after_the_turn_that_stops_it(void **state)
{
	struct loop *loop = *state;
	struct probe *stopper = probe_new(loop, EPOLLIN | EPOLLET);
	struct probe *other = probe_new(loop, EPOLLIN | EPOLLET);

	stopper->on_call = stop_on_call;
	probe_signal(stopper);
	probe_signal(other);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(stopper->n_events, 1);
	assert_int_equal(other->n_events, 1);
	probe_free(stopper);
	probe_free(other);
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

static void signal_ends_a_sleep_without_an_error(void **state)
{
	struct loop *loop = *state;
	struct sigaction action = {.sa_handler = on_alarm};
	struct sigaction old;

	/* Again and again, so that one that comes before the sleep does no harm. */
	const struct itimerval interval = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};
	const struct itimerval off = {0};

	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &interval, NULL), 0);
	int r = loop_turn(loop, -1);
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
	assert_int_equal(r, 0);
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

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		LOOP_TEST(tasks_run_once_at_the_end_of_the_turn_with_those_they_defer),
		LOOP_TEST(turn_is_events_then_timers_then_tasks),
		LOOP_TEST(waiting_task_keeps_the_turn_from_blocking),
		LOOP_TEST(sleep_callbacks_stand_around_waits_that_can_block),
		LOOP_TEST(sleep_callback_can_call_the_sleep_off),
		LOOP_TEST(timer_ends_a_sleep_without_events),
		LOOP_TEST(run_ends_after_the_turn_that_stops_it),
		LOOP_TEST(signal_ends_a_sleep_without_an_error),
		LOOP_TEST(socket_tells_of_bytes_and_of_the_end),
		cmocka_unit_test(failed_init_leaves_something_fini_accepts),
		cmocka_unit_test(fini_of_a_zeroed_loop_closes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
