/* SPDX-License-Identifier: MIT */

/*
 * Event loop; see loop.h.  A turn is: wait once, read the clock, dispatch, fire
 * timers, run deferred tasks.  The kernel's answer of a turn stays in loop->events
 * while it is dispatched; loop_remove() strikes its source out of the rest, which
 * is what makes it safe to free a source while an event of it is pending.
 */

#include "event/loop.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

#include "base/fd.h"
#include "base/result.h"

int loop_init(struct loop *loop)
{
	assert(loop != NULL);

	*loop = (struct loop){.epoll_fd = -1};
	loop->now = clock_mono();
	list_init(&loop->tasks);
	timer_wheel_init(&loop->timers, loop->now);

	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd == -1) {
		return result_origin(-errno);
	}

	return 0;
}

void loop_fini(struct loop *loop)
{
	/* In a zeroed one epoll_fd is 0, which is not ours: the task list tells it apart. */
	if (loop == NULL || loop->tasks.next == NULL) {
		return;
	}

	loop->epoll_fd = fd_close(loop->epoll_fd);
}

static int loop_control(struct loop *loop, int op, struct loop_source *source, uint32_t events)
{
	assert(loop != NULL && source != NULL && source->fd >= 0 && source->on_event != NULL);

	struct epoll_event event = {.events = events, .data.ptr = source};

	if (epoll_ctl(loop->epoll_fd, op, source->fd, &event) == -1) {
		return result_origin(-errno);
	}

	return 0;
}

int loop_add(struct loop *loop, struct loop_source *source, uint32_t events)
{
	return loop_control(loop, EPOLL_CTL_ADD, source, events);
}

int loop_modify(struct loop *loop, struct loop_source *source, uint32_t events)
{
	return loop_control(loop, EPOLL_CTL_MOD, source, events);
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	assert(loop != NULL && source != NULL);

	/* Fails only when the descriptor is not in the set (any more); that is what is wanted. */
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);

	for (int i = loop->i_event; i < loop->n_events; i++) {
		if (loop->events[i].data.ptr == source) {
			loop->events[i].data.ptr = NULL;
		}
	}
}

void loop_defer(struct loop *loop, struct loop_task *task)
{
	assert(loop != NULL && task != NULL && task->on_run != NULL);

	if (list_is_empty(&task->link)) {
		list_append(&loop->tasks, &task->link);
	}
}

/* One epoll_wait(2) into loop->events; a signal counts as "nothing happened". */
static int loop_wait(struct loop *loop, int timeout_ms)
{
	int n = epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS_PER_TURN_MAX, timeout_ms);

	if (n == -1 && errno != EINTR) {
		return result_origin(-errno);
	}
	loop->n_events = n > 0 ? n : 0;

	return 0;
}

/* Wait with on_sleep and on_wake around it when it can block. */
static int loop_sleep(struct loop *loop, int timeout_ms)
{
	bool can_block = timeout_ms != 0;

	if (can_block && loop->on_sleep != NULL) {
		bool may_block = loop->on_sleep(loop);

		if (!may_block || !list_is_empty(&loop->tasks)) {
			timeout_ms = 0;
		}
	}

	int r = loop_wait(loop, timeout_ms);
	if (can_block && loop->on_wake != NULL) {
		loop->on_wake(loop);
	}

	return result_trace(r);
}

static void loop_dispatch(struct loop *loop)
{
	for (loop->i_event = 0; loop->i_event < loop->n_events; loop->i_event++) {
		const struct epoll_event *event = &loop->events[loop->i_event];
		struct loop_source *source = event->data.ptr;

		if (source != NULL) {
			source->on_event(source, event->events);
		}
	}

	loop->n_dispatched = loop->n_events;
	loop->i_event = 0;
	loop->n_events = 0;
}

static void loop_run_tasks(struct loop *loop)
{
	struct list *link;

	for (link = list_first(&loop->tasks); link != NULL; link = list_first(&loop->tasks)) {
		struct loop_task *task = list_entry(link, struct loop_task, link);

		list_remove(link);
		task->on_run(task);
	}
}

int loop_turn(struct loop *loop, int wait_ms)
{
	assert(loop != NULL && loop->epoll_fd >= 0 && wait_ms >= -1);

	bool has_tasks = !list_is_empty(&loop->tasks);
	int timeout_ms = has_tasks ? 0 : timer_wheel_wait_ms(&loop->timers, loop->now, wait_ms);

	int r = loop_sleep(loop, timeout_ms);
	if (r < 0) {
		return result_trace(r);
	}

	loop->now = clock_mono();
	loop_dispatch(loop);
	timer_wheel_run(&loop->timers, loop->now);
	loop_run_tasks(loop);

	return 0;
}

int loop_run(struct loop *loop)
{
	assert(loop != NULL);

	while (!loop->is_stopping) {
		int r = loop_turn(loop, -1);

		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}
