#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Counters of one worker thread: written by that thread alone, read by the control thread while
 * they move (relaxed atomics).  The table is counters.def.
 */

#include <stdint.h>

enum counter {
#define COUNTER(name, text, help) COUNTER_##name,
#include "engine/counters.def"
#undef COUNTER
	COUNTER_COUNT_
};

struct counters {
	uint64_t values[COUNTER_COUNT_];
};

/* counters_add() - the owning thread counts @n more */
static inline void counters_add(struct counters *counters, enum counter counter, uint64_t n)
{
	uint64_t *value = &counters->values[counter];

	__atomic_store_n(value, __atomic_load_n(value, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* counters_read() - any thread reads one */
static inline uint64_t counters_read(const struct counters *counters, enum counter counter)
{
	return __atomic_load_n(&counters->values[counter], __ATOMIC_RELAXED);
}

/* counters_name() / counters_help() - the table's texts */
const char *counters_name(enum counter counter);
const char *counters_help(enum counter counter);
