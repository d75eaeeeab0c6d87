/* SPDX-License-Identifier: MIT */

/* Notes the path of fatal errors in the diagnostic log; see result.h. */

#include "base/result.h"

#include <string.h>

#include "base/diag.h"

void result_note(int r, const char *step, const char *file, int line)
{
	diag_debug("%s:%d: %s: %s (%d)", file, line, step, strerror(-r), r);
}
