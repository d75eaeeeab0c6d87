#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The diagnostic log of a process: lines on stderr with a syslog priority
 * prefix where systemd reads them ("<4>..."), plain otherwise.  Quiet when all
 * is well.  The level and the role's name are the only globals of the program
 * beside the "please stop" flag.  Safe from any thread; never allocates.
 */

#include "base/compiler.h"

enum diag_level {
	DIAG_LEVEL_ERROR = 3,
	DIAG_LEVEL_WARNING = 4,
	DIAG_LEVEL_NOTICE = 5,
	DIAG_LEVEL_INFO = 6,
	DIAG_LEVEL_DEBUG = 7,
};

/* Whatever is less important than this is not written.  Default: INFO; HTTPSYS_DEBUG=1: DEBUG. */
extern enum diag_level diag_level_max;

/*
 * diag_init() - name this process in its lines and read the environment
 * @role: for example "httpsysd" or "httpsysd[engine]"; must stay valid
 */
void diag_init(const char *role);

/*
 * diag_write() - write one line
 *
 * Lines of 1,000 bytes and more are cut there and end in "..."; control characters in the message
 * become "?".
 */
void diag_write(enum diag_level level, const char *format, ...) printf_(2, 3);

#define diag_error(...)   diag_write(DIAG_LEVEL_ERROR, __VA_ARGS__)
#define diag_warning(...) diag_write(DIAG_LEVEL_WARNING, __VA_ARGS__)
#define diag_notice(...)  diag_write(DIAG_LEVEL_NOTICE, __VA_ARGS__)
#define diag_info(...)    diag_write(DIAG_LEVEL_INFO, __VA_ARGS__)
#define diag_debug(...)                                             \
	do {                                                        \
		if (unlikely(diag_level_max >= DIAG_LEVEL_DEBUG)) { \
			diag_write(DIAG_LEVEL_DEBUG, __VA_ARGS__);  \
		}                                                   \
	} while (0)
