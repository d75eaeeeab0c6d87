/* SPDX-License-Identifier: MIT */

/* Timer wheel with an invented clock: never early, at most two slots late, lazy. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "event/timer.h"

#define N_TIMERS       200
#define ROUND_MS       ((int64_t)TIMER_SLOT_MS * TIMER_SLOTS)
#define START_MS       1000007 /* not at a slot's edge */
#define LATE_MS_MAX    (2 * TIMER_SLOT_MS)
#define N_RANDOM_STEPS 20000

/* A timer that remembers what became of it, and may do something when it fires. */
struct probe {
	struct timer timer;
	struct timer_wheel *wheel;
	int n_fired;
	struct mono_time fired_at;
	void (*on_fire)(struct probe *probe);
	struct probe *other;
};

static struct mono_time at_ms(int64_t ms)
{
	return (struct mono_time){.ns = (START_MS + ms) * NSEC_PER_MSEC};
}

static void probe_on_expire(struct timer *timer, struct mono_time now)
{
	struct probe *probe = container_of(timer, struct probe, timer);

	assert_false(timer_is_armed(timer));
	assert_true(timer->deadline.ns <= now.ns);
	probe->n_fired++;
	probe->fired_at = now;
	if (probe->on_fire != NULL) {
		probe->on_fire(probe);
	}
}

static void probe_init(struct probe *probe, struct timer_wheel *wheel)
{
	*probe = (struct probe){.wheel = wheel};
	timer_init(&probe->timer, probe_on_expire);
}

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;

	return *seed;
}

static void fires_never_early_and_at_most_two_slots_late(void **state)
{
	/* Every phase of the clock within a slot, deadlines up to two rounds away. */
	static const int64_t delays[] = {0,   1,   31,   32,    33,    63,    64,    65,
					 100, 999, 5000, 16383, 16384, 16385, 20000, 32800};

	for (int64_t phase = 0; phase < TIMER_SLOT_MS; phase++) {
		for (size_t i = 0; i < array_len(delays); i++) {
			struct timer_wheel wheel;
			struct probe probe;
			struct mono_time deadline = at_ms(phase + delays[i]);
			int64_t ms = phase;

			timer_wheel_init(&wheel, at_ms(phase));
			probe_init(&probe, &wheel);
			timer_arm(&wheel, &probe.timer, deadline);
			for (; probe.n_fired == 0; ms++) {
				assert_true(ms <= phase + delays[i] + LATE_MS_MAX);
				timer_wheel_run(&wheel, at_ms(ms));
			}
			assert_true(probe.fired_at.ns >= deadline.ns);
			assert_true(mono_diff_ms(probe.fired_at, deadline) <= LATE_MS_MAX);
			assert_int_equal(wheel.n_armed, 0);
		}
	}
}

static void deadline_moved_later_is_obeyed_without_rearming(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	timer_arm(&wheel, &probe.timer, at_ms(100));
	for (int64_t ms = 0; ms < 50000; ms += 10) {
		/* Each "request" notes the tick: 100 ms from now. */
		probe.timer.deadline = at_ms(ms + 100);
		timer_wheel_run(&wheel, at_ms(ms));
		assert_int_equal(probe.n_fired, 0);
		assert_true(timer_is_armed(&probe.timer));
	}

	timer_wheel_run(&wheel, at_ms(49990 + 99));
	assert_int_equal(probe.n_fired, 0);
	timer_wheel_run(&wheel, at_ms(49990 + 100 + LATE_MS_MAX));
	assert_int_equal(probe.n_fired, 1);
}

static void armed_timer_can_be_moved_earlier(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	timer_arm(&wheel, &probe.timer, at_ms(10000));
	timer_arm(&wheel, &probe.timer, at_ms(50));
	assert_int_equal(wheel.n_armed, 1);
	timer_wheel_run(&wheel, at_ms(50 + LATE_MS_MAX));
	assert_int_equal(probe.n_fired, 1);
	timer_wheel_run(&wheel, at_ms(20000));
	assert_int_equal(probe.n_fired, 1);
}

static void disarmed_timer_does_not_fire(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	timer_disarm(&wheel, &probe.timer);
	timer_arm(&wheel, &probe.timer, at_ms(50));
	timer_disarm(&wheel, &probe.timer);
	assert_false(timer_is_armed(&probe.timer));
	assert_int_equal(wheel.n_armed, 0);
	timer_wheel_run(&wheel, at_ms(1000));
	assert_int_equal(probe.n_fired, 0);
}

static void deadline_beyond_the_wheel_waits_for_its_round(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;
	int64_t deadline_ms = 3 * ROUND_MS + 5;
	int64_t ms = 0;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	timer_arm(&wheel, &probe.timer, at_ms(deadline_ms));
	for (; ms < deadline_ms; ms += TIMER_SLOT_MS) {
		timer_wheel_run(&wheel, at_ms(ms));
		assert_int_equal(probe.n_fired, 0);
	}
	timer_wheel_run(&wheel, at_ms(deadline_ms + LATE_MS_MAX));
	assert_int_equal(probe.n_fired, 1);
}

static void long_gap_fires_everything_that_is_due_once(void **state)
{
	struct timer_wheel wheel;
	struct probe probes[N_TIMERS];

	timer_wheel_init(&wheel, at_ms(0));
	for (int64_t i = 0; i < N_TIMERS; i++) {
		probe_init(&probes[i], &wheel);
		timer_arm(&wheel, &probes[i].timer, at_ms(i * 331));
	}

	/* Five rounds at once; deadlines reach four rounds. */
	timer_wheel_run(&wheel, at_ms(5 * ROUND_MS));
	for (size_t i = 0; i < N_TIMERS; i++) {
		assert_int_equal(probes[i].n_fired, 1);
	}
	assert_int_equal(wheel.n_armed, 0);
}

static void clock_that_stands_still_fires_nothing(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	timer_arm(&wheel, &probe.timer, at_ms(-5000));
	timer_wheel_run(&wheel, at_ms(0));
	assert_int_equal(probe.n_fired, 0);
	timer_wheel_run(&wheel, at_ms(TIMER_SLOT_MS));
	assert_int_equal(probe.n_fired, 1);
}

static void rearm_now(struct probe *probe)
{
	timer_arm(probe->wheel, &probe->timer, probe->fired_at);
}

static void timer_armed_from_a_callback_waits_for_a_later_run(void **state)
{
	static const int64_t gaps[] = {TIMER_SLOT_MS, 3 * TIMER_SLOT_MS, ROUND_MS, 7 * ROUND_MS};

	for (size_t i = 0; i < array_len(gaps); i++) {
		struct timer_wheel wheel;
		struct probe probe;
		int64_t ms = 0;

		timer_wheel_init(&wheel, at_ms(0));
		probe_init(&probe, &wheel);
		probe.on_fire = rearm_now;
		timer_arm(&wheel, &probe.timer, at_ms(0));
		for (int n = 1; n < 20; n++) {
			ms += gaps[i];
			timer_wheel_run(&wheel, at_ms(ms));
			assert_int_equal(probe.n_fired, n);
		}
		assert_int_equal(wheel.n_armed, 1);
	}
}

static void free_both(struct probe *probe)
{
	timer_disarm(probe->wheel, &probe->other->timer);
	mem_free(probe->other);
	mem_free(probe);
}

static void callback_may_free_itself_and_a_neighbour_that_is_due(void **state)
{
	for (int64_t distance_ms = 0; distance_ms < 3 * TIMER_SLOT_MS; distance_ms++) {
		struct timer_wheel wheel;
		struct probe *first = mem_new(sizeof(*first));
		struct probe *second = mem_new(sizeof(*second));

		assert_true(first != NULL && second != NULL);
		timer_wheel_init(&wheel, at_ms(0));
		probe_init(first, &wheel);
		probe_init(second, &wheel);
		first->on_fire = free_both;
		first->other = second;
		timer_arm(&wheel, &first->timer, at_ms(10));
		timer_arm(&wheel, &second->timer, at_ms(10 + distance_ms));
		timer_wheel_run(&wheel, at_ms(1000));
		assert_int_equal(wheel.n_armed, 0);
	}
}

static void wait_is_limited_by_the_caller_and_for_ever_without_timers(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	assert_int_equal(timer_wheel_wait_ms(&wheel, at_ms(0), -1), -1);
	assert_int_equal(timer_wheel_wait_ms(&wheel, at_ms(0), 0), 0);
	assert_int_equal(timer_wheel_wait_ms(&wheel, at_ms(0), 70), 70);

	timer_arm(&wheel, &probe.timer, at_ms(1000));
	assert_int_equal(timer_wheel_wait_ms(&wheel, at_ms(0), 70), 70);
	assert_in_range(timer_wheel_wait_ms(&wheel, at_ms(0), -1), 1000, 1000 + TIMER_SLOT_MS);
	assert_int_equal(timer_wheel_wait_ms(&wheel, at_ms(5000), -1), 0);

	timer_disarm(&wheel, &probe.timer);
	assert_int_equal(timer_wheel_wait_ms(&wheel, at_ms(0), -1), -1);
}

static void wait_finds_the_next_slot_at_every_distance(void **state)
{
	for (int64_t slot = 0; slot < TIMER_SLOTS - 1; slot++) {
		struct timer_wheel wheel;
		struct probe near;
		struct probe gone;
		struct mono_time deadline = at_ms(slot * TIMER_SLOT_MS);

		timer_wheel_init(&wheel, at_ms(0));
		probe_init(&near, &wheel);
		probe_init(&gone, &wheel);
		/* A disarmed one in front must not be taken for the next. */
		timer_arm(&wheel, &gone.timer, at_ms(slot * TIMER_SLOT_MS / 2));
		timer_disarm(&wheel, &gone.timer);
		timer_arm(&wheel, &near.timer, deadline);

		int wait_ms = timer_wheel_wait_ms(&wheel, at_ms(0), -1);
		assert_in_range(wait_ms, slot * TIMER_SLOT_MS, (slot + 1) * TIMER_SLOT_MS);
		timer_wheel_run(&wheel, at_ms(wait_ms));
		assert_int_equal(near.n_fired, 1);
	}
}

static void wait_is_right_wherever_the_clock_stands(void **state)
{
	struct timer_wheel wheel;
	struct probe probe;

	timer_wheel_init(&wheel, at_ms(0));
	probe_init(&probe, &wheel);
	for (int64_t ms = 0; ms < 5 * ROUND_MS; ms += 777) {
		timer_wheel_run(&wheel, at_ms(ms));
		timer_arm(&wheel, &probe.timer, at_ms(ms + 10000));
		assert_in_range(timer_wheel_wait_ms(&wheel, at_ms(ms), -1), 10000,
				10000 + TIMER_SLOT_MS);
	}
}

/* The naive model: what is armed, and until when it may take. */
static void check_against_model(struct probe *probes, int64_t now_ms)
{
	for (size_t i = 0; i < N_TIMERS; i++) {
		int64_t late_ms = mono_diff_ms(at_ms(now_ms), probes[i].timer.deadline);

		assert_true(!timer_is_armed(&probes[i].timer) || late_ms <= LATE_MS_MAX);
	}
}

static void loop_that_sleeps_as_told_is_never_late(void **state)
{
	uint32_t seed = 4711;
	struct timer_wheel wheel;
	struct probe probes[N_TIMERS];
	int64_t now_ms = 0;

	timer_wheel_init(&wheel, at_ms(0));
	for (size_t i = 0; i < N_TIMERS; i++) {
		probe_init(&probes[i], &wheel);
	}

	for (int step = 0; step < N_RANDOM_STEPS; step++) {
		struct probe *probe = &probes[random_next(&seed) % N_TIMERS];
		uint32_t range_ms = random_next(&seed) % 2 == 0 ? 300 : 40000;
		int64_t delay_ms = random_next(&seed) % range_ms;

		switch (random_next(&seed) % 4) {
		case 0:
			timer_disarm(&wheel, &probe->timer);
			break;
		case 1:
			/* Lazily later: only when it is later, and only while armed. */
			if (timer_is_armed(&probe->timer)) {
				probe->timer.deadline.ns += delay_ms * NSEC_PER_MSEC;
			}
			break;
		default:
			timer_arm(&wheel, &probe->timer, at_ms(now_ms + delay_ms));
			break;
		}

		int wait_ms = timer_wheel_wait_ms(&wheel, at_ms(now_ms), 1000);
		assert_in_range(wait_ms, 0, 1000);
		now_ms += random_next(&seed) % 3 == 0 ? wait_ms : 0;
		timer_wheel_run(&wheel, at_ms(now_ms));
		check_against_model(probes, now_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_never_early_and_at_most_two_slots_late),
		cmocka_unit_test(deadline_moved_later_is_obeyed_without_rearming),
		cmocka_unit_test(armed_timer_can_be_moved_earlier),
		cmocka_unit_test(disarmed_timer_does_not_fire),
		cmocka_unit_test(deadline_beyond_the_wheel_waits_for_its_round),
		cmocka_unit_test(long_gap_fires_everything_that_is_due_once),
		cmocka_unit_test(clock_that_stands_still_fires_nothing),
		cmocka_unit_test(timer_armed_from_a_callback_waits_for_a_later_run),
		cmocka_unit_test(callback_may_free_itself_and_a_neighbour_that_is_due),
		cmocka_unit_test(wait_is_limited_by_the_caller_and_for_ever_without_timers),
		cmocka_unit_test(wait_finds_the_next_slot_at_every_distance),
		cmocka_unit_test(wait_is_right_wherever_the_clock_stands),
		cmocka_unit_test(loop_that_sleeps_as_told_is_never_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
