#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The words of a command line, from which options are taken out wherever they stand, so that what
 * is left can be read by the rules of its dialect.  Words behind a "--" are never options.  The
 * strings are borrowed; the array is the caller's and shrinks.
 */

#include <stdbool.h>

#include "base/compiler.h"

struct words {
	char **at;
	int n;
};

enum words_verdict {
	WORDS_E_ABSENT = 1, /* the option is not there; nothing was changed */
	WORDS_E_NO_VALUE,   /* it is the last word: its value is missing */
};

/* words_are_equal() - the same word, ASCII letters without case */
bool words_are_equal(const char *a, const char *b);

/* words_take_flag() - take every @option out.  Return: was it there? */
bool words_take_flag(struct words *words, const char *option);

/*
 * words_take_value() - take "@option VALUE" (of a long one also "@option=VALUE") out, every one
 * @ret_value: the last one's value; borrowed
 *
 * Return: 0; WORDS_E_ABSENT; WORDS_E_NO_VALUE.
 */
int words_take_value(struct words *words, const char *option, const char **ret_value) must_check_;
