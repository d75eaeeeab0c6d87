#pragma once
/* SPDX-License-Identifier: MIT */

/* The nearest word of a list, for "did you mean". */

#include <stddef.h>

/* The search so far; begin with a zeroed one. */
struct suggestion {
	const char *word; /* borrowed; NULL: nothing is near */
	size_t distance;  /* of word */
};

/*
 * suggest_consider() - keep @candidate if it is nearer to @word than what was found before
 *
 * The distance counts inserted, removed, changed and swapped letters; more than a third of the
 * word's letters (two of a short word) is too far to be a slip of the finger.
 */
void suggest_consider(struct suggestion *suggestion, const char *word, const char *candidate);
