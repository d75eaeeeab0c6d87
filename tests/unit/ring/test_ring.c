/* SPDX-License-Identifier: MIT */

/*
 * Rings: order, room, counters that lie, and the sleep protocol between two threads.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "ring/area.h"
#include "ring/ring.h"

#define N_ENTRIES_SENT UINT64_C(10000000)

struct lane {
	struct area area;
	struct ring_writer writer; /* the engine's */
	struct ring_reader reader; /* the application's, of the same ring */
	struct ring_writer app_writer;
	struct ring_reader engine_reader;
	int wake_fd;
};

static void lane_init(struct lane *lane)
{
	struct ring_geometry geometry = area_geometry(16, 4096);

	/* Both ends in one process: the test has the response area writable, too. */
	assert_int_equal(area_create(&lane->area, &geometry), 0);
	struct area app;
	assert_int_equal(area_adopt(&app, dup(lane->area.request_fd), dup(lane->area.response_fd)),
			 0);
	struct area mixed = lane->area;
	ring_engine_ends(&mixed, &lane->writer, &lane->engine_reader);
	ring_app_ends(&app, &lane->app_writer, &lane->reader);
	lane->wake_fd = eventfd(0, EFD_CLOEXEC);

	/* The application's mappings stay until the process ends, as its ends do. */
	close(app.request_fd);
	close(app.response_fd);
}

static void lane_fini(struct lane *lane)
{
	close(lane->wake_fd);
	area_fini(&lane->area);
}

static uint32_t reader_count(const struct ring_reader *reader)
{
	uint32_t n = 99;

	assert_int_equal(ring_reader_count(reader, &n), 0);

	return n;
}

static void entries_are_seen_when_published_and_in_order(void **state)
{
	struct lane lane;

	lane_init(&lane);
	for (uint32_t i = 0; i < 5; i++) {
		*ring_writer_stage(&lane.writer) = (struct ring_entry){.type = 1, .slot = i};
	}
	assert_int_equal(reader_count(&lane.reader), 0);
	assert_false(ring_writer_publish(&lane.writer));
	assert_int_equal(reader_count(&lane.reader), 5);
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(ring_reader_take(&lane.reader).slot, i);
	}
	assert_int_equal(reader_count(&lane.reader), 0);
	lane_fini(&lane);
}

static void both_directions_are_separate(void **state)
{
	struct lane lane;

	lane_init(&lane);
	*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = 1};
	(void)ring_writer_publish(&lane.writer);
	assert_int_equal(reader_count(&lane.engine_reader), 0);
	*ring_writer_stage(&lane.app_writer) = (struct ring_entry){.slot = 2};
	ring_writer_show(&lane.app_writer);
	assert_int_equal(ring_reader_take(&lane.engine_reader).slot, 2);
	assert_int_equal(ring_reader_take(&lane.reader).slot, 1);
	lane_fini(&lane);
}

static void room_shrinks_by_staging_and_returns_by_release(void **state)
{
	struct lane lane;

	lane_init(&lane);
	uint32_t n = lane.writer.n_entries;
	assert_int_equal(ring_writer_room(&lane.writer), n);
	for (uint32_t i = 0; i < n; i++) {
		*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = i};
	}
	assert_int_equal(ring_writer_room(&lane.writer), 0);
	(void)ring_writer_publish(&lane.writer);
	assert_int_equal(reader_count(&lane.reader), n);
	(void)ring_reader_take(&lane.reader);
	assert_int_equal(ring_writer_room(&lane.writer), 0);
	ring_reader_release(&lane.reader);
	assert_int_equal(ring_writer_room(&lane.writer), 1);
	lane_fini(&lane);
}

static void counters_wrap_around(void **state)
{
	struct lane lane;

	lane_init(&lane);
	uint32_t start = UINT32_MAX - 3;
	lane.writer.staged = lane.writer.published = start;
	lane.reader.taken = start;
	*lane.writer.head = start;
	*lane.reader.tail = start;
	assert_int_equal(ring_writer_room(&lane.writer), lane.writer.n_entries);
	for (uint32_t i = 0; i < 10; i++) {
		*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = i};
	}
	(void)ring_writer_publish(&lane.writer);
	assert_int_equal(reader_count(&lane.reader), 10);
	for (uint32_t i = 0; i < 10; i++) {
		assert_int_equal(ring_reader_take(&lane.reader).slot, i);
	}
	ring_reader_release(&lane.reader);
	assert_int_equal(ring_writer_room(&lane.writer), lane.writer.n_entries);
	lane_fini(&lane);
}

static void a_head_that_lies_is_corrupt(void **state)
{
	struct lane lane;
	uint32_t n = 4711;

	lane_init(&lane);
	*lane.writer.head = lane.writer.n_entries + 1;
	assert_int_equal(ring_reader_count(&lane.reader, &n), RING_E_CORRUPT);
	*lane.writer.head = UINT32_MAX;
	assert_int_equal(ring_reader_count(&lane.reader, &n), RING_E_CORRUPT);
	assert_int_equal(n, 4711);
	*lane.writer.head = lane.writer.n_entries;
	assert_int_equal(ring_reader_count(&lane.reader, &n), 0);
	lane_fini(&lane);
}

static void a_tail_that_lies_leaves_no_room(void **state)
{
	struct lane lane;

	lane_init(&lane);
	*lane.reader.tail = 1;
	assert_int_equal(ring_writer_room(&lane.writer), 0);
	*lane.reader.tail = 1u << 31;
	assert_int_equal(ring_writer_room(&lane.writer), 0);
	lane_fini(&lane);
}

static void a_sleeper_is_woken_once_something_is_published(void **state)
{
	struct lane lane;

	lane_init(&lane);
	assert_true(ring_reader_sleep(&lane.reader));
	assert_false(ring_writer_publish(&lane.writer));
	*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = 1};
	assert_true(ring_writer_publish(&lane.writer));
	ring_reader_wake(&lane.reader);
	*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = 2};
	assert_false(ring_writer_publish(&lane.writer));

	/* Who would sleep over published entries stays awake. */
	assert_false(ring_reader_sleep(&lane.reader));
	*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = 3};
	assert_false(ring_writer_publish(&lane.writer));
	lane_fini(&lane);
}

static void showing_alone_does_not_look_whether_the_reader_sleeps(void **state)
{
	struct lane lane;

	lane_init(&lane);
	assert_true(ring_reader_sleep(&lane.reader));
	*ring_writer_stage(&lane.writer) = (struct ring_entry){.slot = 1};
	ring_writer_show(&lane.writer);
	assert_int_equal(reader_count(&lane.reader), 1);
	assert_true(ring_writer_must_wake(&lane.writer));
	ring_reader_wake(&lane.reader);
	assert_false(ring_writer_must_wake(&lane.writer));
	lane_fini(&lane);
}

/* writer_wait() - until there is room; the reader is awake or is being woken */
static void writer_wait(struct lane *lane)
{
	while (ring_writer_room(&lane->writer) == 0) {
		(void)sched_yield();
	}
}

static void *writer_run(void *argument)
{
	struct lane *lane = argument;
	uint64_t sent = 0;
	uint64_t random = 88172645463325252u;

	while (sent < N_ENTRIES_SENT) {
		/* Batches of changing size, so that the reader sleeps and wakes at all phases. */
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		for (uint64_t n = random % 64 + 1; n > 0 && sent < N_ENTRIES_SENT; n--) {
			writer_wait(lane);
			*ring_writer_stage(&lane->writer) =
				(struct ring_entry){.type = 1, .offset = sent, .length = ~sent};
			sent++;
			if (ring_writer_room(&lane->writer) == 0 &&
			    ring_writer_publish(&lane->writer)) {
				(void)eventfd_write(lane->wake_fd, 1);
			}
		}
		if (ring_writer_publish(&lane->writer)) {
			(void)eventfd_write(lane->wake_fd, 1);
		}
	}

	return NULL;
}

static void ten_million_entries_arrive_whole_and_nobody_oversleeps(void **state)
{
	struct lane lane;
	pthread_t thread;
	uint64_t received = 0;
	eventfd_t ignored;

	lane_init(&lane);
	assert_int_equal(pthread_create(&thread, NULL, writer_run, &lane), 0);
	while (received < N_ENTRIES_SENT) {
		uint32_t n = reader_count(&lane.reader);

		if (n == 0) {
			/* A lost wake-up would block here for ever. */
			if (ring_reader_sleep(&lane.reader)) {
				assert_int_equal(eventfd_read(lane.wake_fd, &ignored), 0);
				ring_reader_wake(&lane.reader);
			}
			continue;
		}
		for (; n > 0; n--) {
			struct ring_entry entry = ring_reader_take(&lane.reader);

			if (entry.offset != received || entry.length != ~received) {
				fail_msg("entry %llu is torn", (unsigned long long)received);
			}
			received++;
		}
		ring_reader_release(&lane.reader);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(reader_count(&lane.reader), 0);
	lane_fini(&lane);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_seen_when_published_and_in_order),
		cmocka_unit_test(both_directions_are_separate),
		cmocka_unit_test(room_shrinks_by_staging_and_returns_by_release),
		cmocka_unit_test(counters_wrap_around),
		cmocka_unit_test(a_head_that_lies_is_corrupt),
		cmocka_unit_test(a_tail_that_lies_leaves_no_room),
		cmocka_unit_test(a_sleeper_is_woken_once_something_is_published),
		cmocka_unit_test(showing_alone_does_not_look_whether_the_reader_sleeps),
		cmocka_unit_test(ten_million_entries_arrive_whole_and_nobody_oversleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
