#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Status codes and their standard phrases (RFC 9110, 15), and the ready-made status lines of
 * HTTP/1.1 responses.  The rows are in "http/status.def".
 */

#include <stdbool.h>

#include "base/slice.h"

/* http_status_phrase() - the standard phrase of @status; empty when it has none */
struct slice http_status_phrase(unsigned status);

/* http_status_line() - "HTTP/1.1 200 OK\r\n"; empty for a status without a standard phrase */
struct slice http_status_line(unsigned status);

/* http_status_is_valid() - may a response carry it: 100 to 999 */
static inline bool http_status_is_valid(unsigned status)
{
	return status >= 100 && status <= 999;
}

/* http_status_is_interim() - 1xx: a final response follows on the same exchange */
static inline bool http_status_is_interim(unsigned status)
{
	return status >= 100 && status < 200;
}

/* http_status_has_body() - false where RFC 9112, 6.3 rules a body out: 1xx, 204, 304 */
static inline bool http_status_has_body(unsigned status)
{
	return status >= 200 && status != 204 && status != 304;
}
