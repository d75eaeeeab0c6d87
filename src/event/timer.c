/* SPDX-License-Identifier: MIT */

/*
 * Timer wheel; see timer.h.  Slot number s is looked at once the time has reached
 * s * TIMER_SLOT_MS, and a deadline belongs to the first slot behind it: that is
 * why nothing fires early.  Slot s lives in slots[s modulo TIMER_SLOTS]; a timer
 * found there before its round has come is put back.  Disarming leaves the bit in
 * is_used alone, because it does not know the slot; the next visit clears it.
 */

#include "event/timer.h"

#include <assert.h>
#include <stddef.h>

#define TIMER_SLOT_NS (TIMER_SLOT_MS * NSEC_PER_MSEC)

static size_t timer_slot_index(int64_t slot)
{
	return (size_t)slot % TIMER_SLOTS;
}

static uint64_t timer_slot_bit(size_t index)
{
	return UINT64_C(1) << (index % TIMER_BITS_PER_WORD);
}

void timer_wheel_init(struct timer_wheel *wheel, struct mono_time now)
{
	assert(wheel != NULL && now.ns >= 0);

	*wheel = (struct timer_wheel){.tick = now.ns / TIMER_SLOT_NS};
	for (size_t i = 0; i < TIMER_SLOTS; i++) {
		list_init(&wheel->slots[i]);
	}
}

void timer_init(struct timer *timer, void (*on_expire)(struct timer *, struct mono_time))
{
	assert(timer != NULL && on_expire != NULL);

	*timer = (struct timer){.on_expire = on_expire};
	list_init(&timer->link);
}

/* Link @timer into the slot of its deadline; one that is past goes to the next slot. */
static void timer_link(struct timer_wheel *wheel, struct timer *timer)
{
	int64_t slot = timer->deadline.ns / TIMER_SLOT_NS + 1;
	size_t index = timer_slot_index(slot > wheel->tick ? slot : wheel->tick + 1);

	list_append(&wheel->slots[index], &timer->link);
	wheel->is_used[index / TIMER_BITS_PER_WORD] |= timer_slot_bit(index);
}

void timer_arm(struct timer_wheel *wheel, struct timer *timer, struct mono_time deadline)
{
	assert(wheel != NULL && timer != NULL && timer->on_expire != NULL);

	timer_disarm(wheel, timer);
	timer->deadline = deadline;
	timer_link(wheel, timer);
	wheel->n_armed++;
}

void timer_disarm(struct timer_wheel *wheel, struct timer *timer)
{
	assert(wheel != NULL && timer != NULL);

	if (timer_is_armed(timer)) {
		list_remove(&timer->link);
		wheel->n_armed--;
	}
}

bool timer_is_armed(const struct timer *timer)
{
	assert(timer != NULL);

	return !list_is_empty(&timer->link);
}

/*
 * The slot's timers move to a list of this function first: a callback may disarm or free any of
 * them, and what it arms goes to the wheel and waits for a later run.
 */
static void timer_visit_slot(struct timer_wheel *wheel, size_t index, struct mono_time now)
{
	struct list due;
	struct list *link;

	list_init(&due);
	list_for_each(node, &wheel->slots[index])
	{
		list_remove(node);
		list_append(&due, node);
	}
	wheel->is_used[index / TIMER_BITS_PER_WORD] &= ~timer_slot_bit(index);

	for (link = list_first(&due); link != NULL; link = list_first(&due)) {
		struct timer *timer = list_entry(link, struct timer, link);

		list_remove(link);
		if (timer->deadline.ns > now.ns) {
			timer_link(wheel, timer);
			continue;
		}
		wheel->n_armed--;
		timer->on_expire(timer, now);
	}
}

void timer_wheel_run(struct timer_wheel *wheel, struct mono_time now)
{
	assert(wheel != NULL);

	int64_t last = now.ns / TIMER_SLOT_NS;
	int64_t slot = wheel->tick + 1;

	if (last <= wheel->tick) {
		return;
	}

	/* After a long sleep each slot is visited once, not once for each round that was missed. */
	if (slot <= last - TIMER_SLOTS) {
		slot = last - TIMER_SLOTS + 1;
	}
	wheel->tick = last;
	for (; slot <= last; slot++) {
		timer_visit_slot(wheel, timer_slot_index(slot), now);
	}
}

/* How many slots behind wheel->tick the next used one is, 1 to TIMER_SLOTS; 0 = none is used. */
static int64_t timer_next_used(const struct timer_wheel *wheel)
{
	int64_t n = 1;

	while (n <= TIMER_SLOTS) {
		size_t index = timer_slot_index(wheel->tick + n);
		unsigned shift = (unsigned)(index % TIMER_BITS_PER_WORD);
		uint64_t bits = wheel->is_used[index / TIMER_BITS_PER_WORD] >> shift;

		if (bits == 0) {
			n += TIMER_BITS_PER_WORD - shift;
			continue;
		}
		n += __builtin_ctzll(bits);
		if (!list_is_empty(&wheel->slots[timer_slot_index(wheel->tick + n)])) {
			return n;
		}
		n++;
	}

	return 0;
}

int timer_wheel_wait_ms(const struct timer_wheel *wheel, struct mono_time now, int max_ms)
{
	assert(wheel != NULL && max_ms >= -1);

	int64_t n = wheel->n_armed > 0 ? timer_next_used(wheel) : 0;

	if (n == 0) {
		return max_ms;
	}

	int64_t wait_ns = (wheel->tick + n) * TIMER_SLOT_NS - now.ns;
	int64_t wait_ms = wait_ns > 0 ? (wait_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC : 0;

	return max_ms >= 0 && wait_ms > max_ms ? max_ms : (int)wait_ms;
}
