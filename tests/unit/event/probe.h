#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * For tests of the event loop: a probe, which is a source and a task that counts
 * its calls, and a loop in *state.  Include after cmocka.h.
 */

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "event/loop.h"

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

static inline void probe_on_event(struct loop_source *source, uint32_t events)
{
	struct probe *probe = container_of(source, struct probe, source);

	probe->n_events++;
	probe->last_events = events;
	if (probe->on_call != NULL) {
		probe->on_call(probe);
	}
}

static inline void probe_on_run(struct loop_task *task)
{
	struct probe *probe = container_of(task, struct probe, task);

	probe->n_runs++;
	if (probe->on_call != NULL) {
		probe->on_call(probe);
	}
}

static inline void probe_signal(struct probe *probe)
{
	uint64_t one = 1;

	assert_int_equal(write(probe->source.fd, &one, sizeof(one)), sizeof(one));
}

static inline struct probe *probe_new(struct loop *loop, uint32_t events)
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

static inline void probe_free(struct probe *probe)
{
	loop_remove(probe->loop, &probe->source);
	fd_close(probe->source.fd);
	mem_free(probe);
}

static inline int loop_set_up(void **state)
{
	struct loop *loop = mem_new(sizeof(*loop));

	assert_non_null(loop);
	assert_int_equal(loop_init(loop), 0);
	*state = loop;

	return 0;
}

static inline int loop_tear_down(void **state)
{
	struct loop *loop = *state;

	assert_true(list_is_empty(&loop->tasks));
	assert_int_equal(loop->n_events, 0);
	loop_fini(loop);
	assert_int_equal(loop->epoll_fd, -1);
	mem_free(loop);

	return 0;
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, loop_set_up, loop_tear_down)
