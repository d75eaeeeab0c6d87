#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Coarse lazy timer wheel of one thread.  Resolution TIMER_SLOT_MS.  Lazy: the
 * owner of an armed timer may move timer->deadline later at any time by plain
 * assignment (a request only notes the loop's tick); when the slot comes the
 * wheel looks at the deadline again and re-arms instead of firing.  Deadlines
 * further away than the wheel is long are re-examined each time round.
 * A timer never fires early; late by at most two slots.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"

#define TIMER_SLOT_MS       32
#define TIMER_SLOTS         512

#define TIMER_BITS_PER_WORD 64

struct timer {
	struct list link;
	struct mono_time deadline; /* fire at or after; the owner may assign a later one */
	void (*on_expire)(struct timer *timer, struct mono_time now);
};

struct timer_wheel {
	struct list slots[TIMER_SLOTS];
	uint64_t is_used[TIMER_SLOTS / TIMER_BITS_PER_WORD]; /* a clear bit: the slot is empty */
	int64_t tick; /* the slot number (time / TIMER_SLOT_MS) handled last */
	uint32_t n_armed;
};

/* timer_wheel_init() - empty wheel that starts at @now */
void timer_wheel_init(struct timer_wheel *wheel, struct mono_time now);

/* timer_init() - an unarmed timer */
void timer_init(struct timer *timer, void (*on_expire)(struct timer *, struct mono_time));

/* timer_arm() - fire at @deadline; an armed timer is moved (earlier or later) */
void timer_arm(struct timer_wheel *wheel, struct timer *timer, struct mono_time deadline);

/* timer_disarm() - do not fire; fine when it is not armed */
void timer_disarm(struct timer_wheel *wheel, struct timer *timer);

/* timer_is_armed() - will it fire? */
bool timer_is_armed(const struct timer *timer);

/* timer_wheel_run() - fire what is due; callbacks may arm, disarm and free any timer */
void timer_wheel_run(struct timer_wheel *wheel, struct mono_time now);

/*
 * timer_wheel_wait_ms() - how long a loop may sleep: to the next non-empty slot, at most @max_ms
 * (-1 = no limit).  Return: milliseconds; -1 = for ever.
 */
int timer_wheel_wait_ms(const struct timer_wheel *wheel, struct mono_time now, int max_ms);
