#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Results of functions that can fail: 0 = done, below 0 = fatal (an errno
 * value, passed up unchanged), above 0 = a verdict of the callee's own enum
 * that the direct caller must handle by name.
 *
 *   return result_origin(-errno);          a fatal error is born
 *   if (r < 0) return result_trace(r);     it passes up unchanged
 *   return result_fold(r);                 verdicts are impossible here: make them fatal
 *
 * Each step is noted (file and line) in the diagnostic log at debug level, so
 * that a fatal error arrives with its path; success costs one comparison.
 */

#include "base/compiler.h"

/* result_note() - write one step of a fatal error's path to the diagnostic log */
void result_note(int r, const char *step, const char *file, int line);

static inline int result_step_(int r, const char *step, const char *file, int line)
{
	if (unlikely(r < 0)) {
		result_note(r, step, file, line);
	}

	return r;
}

static inline int result_fold_(int r, const char *file, int line)
{
	if (likely(r == 0)) {
		return 0;
	}

	r = r > 0 ? -131 /* ENOTRECOVERABLE */ : r;
	result_note(r, "fold", file, line);

	return r;
}

#define result_origin(r) result_step_((r), "origin", __FILE__, __LINE__)
#define result_trace(r)  result_step_((r), "trace", __FILE__, __LINE__)
#define result_fold(r)   result_fold_((r), __FILE__, __LINE__)
