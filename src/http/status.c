/* SPDX-License-Identifier: MIT */

/*
 * The status lines are kept whole, as constant text, because they are copied into every response;
 * the phrase is a part of the line.
 */

#include "http/status.h"

#include "base/compiler.h"

#define STATUS_LINE_PREFIX_BYTES 13 /* "HTTP/1.1 200 " */
#define STATUS_FIRST             100U
#define STATUS_N                 500U

static const struct slice status_lines[STATUS_N] = {
#define HTTP_STATUS_ROW(code, phrase)                                         \
	[(code)-STATUS_FIRST] = {.data = "HTTP/1.1 " #code " " phrase "\r\n", \
				 .len = sizeof("HTTP/1.1 " #code " " phrase "\r\n") - 1},
#include "http/status.def"
#undef HTTP_STATUS_ROW
};

struct slice http_status_line(unsigned status)
{
	if (status < STATUS_FIRST || status - STATUS_FIRST >= STATUS_N) {
		return (struct slice){0};
	}

	return status_lines[status - STATUS_FIRST];
}

struct slice http_status_phrase(unsigned status)
{
	struct slice line = http_status_line(status);

	if (line.len == 0) {
		return line;
	}
	line.len -= 2;

	return slice_from_offset(line, STATUS_LINE_PREFIX_BYTES);
}
