/* SPDX-License-Identifier: MIT */

/*
 * Diagnostic log: one write(2) per line, so that lines of several processes on
 * the same stderr do not mix.  Keeps errno.
 */

#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIAG_LINE_BYTES_MAX 1000

enum diag_level diag_level_max = DIAG_LEVEL_INFO;

static const char *diag_role = "httpsys";
static bool diag_has_prefix;

void diag_init(const char *role)
{
	const char *debug = getenv("HTTPSYS_DEBUG");

	diag_role = role;
	diag_has_prefix = getenv("JOURNAL_STREAM") != NULL;
	if (debug != NULL && strcmp(debug, "0") != 0) {
		diag_level_max = DIAG_LEVEL_DEBUG;
	}
}

void diag_write(enum diag_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[DIAG_LINE_BYTES_MAX + 8];
	int n = 0;

	if (level > diag_level_max) {
		return;
	}

	if (diag_has_prefix) {
		n = snprintf(line, sizeof(line), "<%d>", (int)level);
	}
	n += snprintf(line + n, DIAG_LINE_BYTES_MAX - (size_t)n, "%s: ", diag_role);

	va_list args;
	va_start(args, format);
	int m = vsnprintf(line + n, DIAG_LINE_BYTES_MAX - (size_t)n, format, args);
	va_end(args);

	if (m < 0) {
		m = 0;
	}
	n += m;
	if (n >= DIAG_LINE_BYTES_MAX) {
		n = DIAG_LINE_BYTES_MAX - 1;
		memcpy(line + n, "...", 3);
		n += 3;
	}
	line[n++] = '\n';

	/* Nobody can be told when stderr itself fails. */
	ssize_t written = write(STDERR_FILENO, line, (size_t)n);
	(void)written;
	errno = saved_errno;
}
