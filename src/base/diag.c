/* SPDX-License-Identifier: MIT */

/*
 * Diagnostic log: one write(2) per line, so that lines of several processes on
 * the same stderr do not mix.  What a client or an application sent may stand in
 * a message: control characters are replaced, so that nobody can forge a line or
 * talk to a terminal.  Keeps errno.
 */

#include "base/diag.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIAG_LINE_BYTES_MAX 1000
#define DIAG_TAIL_BYTES     4 /* "..." and the line's end */

enum diag_level diag_level_max = DIAG_LEVEL_INFO;

static const char *diag_role = "httpsys";
static bool diag_has_prefix;

void diag_init(const char *role)
{
	assert(role != NULL);

	const char *debug = getenv("HTTPSYS_DEBUG");

	diag_role = role;
	diag_has_prefix = getenv("JOURNAL_STREAM") != NULL;
	if (debug != NULL && strcmp(debug, "0") != 0) {
		diag_level_max = DIAG_LEVEL_DEBUG;
	}
}

/* What a formatting function returned, as the bytes that are really there. */
static size_t diag_clamp(int n, size_t size)
{
	size_t len = n > 0 ? (size_t)n : 0;

	return len < size ? len : size - 1;
}

static void diag_replace_controls(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f) {
			text[i] = '?';
		}
	}
}

void diag_write(enum diag_level level, const char *format, ...)
{
	assert(format != NULL);

	int saved_errno = errno;
	char line[DIAG_LINE_BYTES_MAX + DIAG_TAIL_BYTES];
	char priority[8] = "";

	if (level > diag_level_max) {
		return;
	}

	if (diag_has_prefix) {
		(void)snprintf(priority, sizeof(priority), "<%d>", (int)level);
	}

	int n = snprintf(line, DIAG_LINE_BYTES_MAX, "%s%s: ", priority, diag_role);
	size_t len = diag_clamp(n, DIAG_LINE_BYTES_MAX);
	size_t room = DIAG_LINE_BYTES_MAX - len;

	va_list args;
	va_start(args, format);
	n = vsnprintf(line + len, room, format, args);
	va_end(args);

	diag_replace_controls(line + len, diag_clamp(n, room));
	len += diag_clamp(n, room);
	if (n > 0 && (size_t)n >= room) {
		memcpy(line + len, "...", 3);
		len += 3;
	}
	line[len++] = '\n';

	/* Nobody can be told when stderr itself fails. */
	ssize_t written = write(STDERR_FILENO, line, len);
	(void)written;
	errno = saved_errno;
}
