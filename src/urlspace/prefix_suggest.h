#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What to type instead of a text that is no prefix.  Each rule of the grammar has at most one
 * repair; repairs are applied, each at most once, until the text is a prefix.  When that does not
 * come out, there is no suggestion: a wrong one is worse than none.
 */

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "urlspace/prefix.h"

enum prefix_suggest_verdict {
	PREFIX_SUGGEST_E_NONE = 1, /* no repair makes a prefix of it; nothing was appended */
};

/*
 * prefix_suggest() - append the prefix that was probably meant
 * @text: a text that prefix_parse() refused
 * @error: what it said
 *
 * Return: 0; PREFIX_SUGGEST_E_NONE; -ENOMEM (also when @buf is at its limit).
 */
int prefix_suggest(struct slice text, const struct prefix_error *error,
		   struct buf *buf) must_check_;

/*
 * prefix_error_format() - append one line for people
 *
 * "character 23: the root needs its '/'; add the missing '/': http://localhost:50000/".  Characters
 * are counted from 1, as UTF-8.  Bytes of the text that would disturb a terminal are not repeated.
 *
 * Return: 0; -ENOMEM (also when @buf is at its limit; it may hold a part of the line then).
 */
int prefix_error_format(struct slice text, const struct prefix_error *error,
			struct buf *buf) must_check_;
