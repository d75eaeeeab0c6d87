/* SPDX-License-Identifier: MIT */

/* One turn of the event loop: its order, deferred tasks, timers, and going to sleep. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/time.h>
#include <cmocka.h>

#include "event/loop.h"
#include "probe.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(tasks_run_once_at_the_end_of_the_turn_with_those_they_defer),
		LOOP_TEST(turn_is_events_then_timers_then_tasks),
		LOOP_TEST(waiting_task_keeps_the_turn_from_blocking),
		LOOP_TEST(sleep_callbacks_stand_around_waits_that_can_block),
		LOOP_TEST(sleep_callback_can_call_the_sleep_off),
		LOOP_TEST(timer_ends_a_sleep_without_events),
		LOOP_TEST(run_ends_after_the_turn_that_stops_it),
		LOOP_TEST(signal_ends_a_sleep_without_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
