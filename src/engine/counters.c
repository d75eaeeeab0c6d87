/* SPDX-License-Identifier: MIT */

/* Names and help texts of the counters; see counters.h. */

#include "engine/counters.h"

#include <assert.h>

static const struct {
	const char *name;
	const char *help;
} counters_rows[COUNTER_COUNT_] = {
#define COUNTER(name, text, help) [COUNTER_##name] = {text, help},
#include "engine/counters.def"
#undef COUNTER
};

const char *counters_name(enum counter counter)
{
	assert(counter < COUNTER_COUNT_);

	return counters_rows[counter].name;
}

const char *counters_help(enum counter counter)
{
	assert(counter < COUNTER_COUNT_);

	return counters_rows[counter].help;
}
