#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Classes of bytes in protocol text, as bits in one table of 256 entries.  No locale is involved.
 */

#include <stdbool.h>
#include <stdint.h>

#define HTTP_CHAR_TOKEN     0x01U /* tchar (RFC 9110, 5.6.2) */
#define HTTP_CHAR_VALUE     0x02U /* VCHAR, obs-text, SP, HTAB (RFC 9110, 5.5) */
#define HTTP_CHAR_TARGET    0x04U /* VCHAR: all that a request target may hold unasked */
#define HTTP_CHAR_LABEL     0x08U /* of a host name: letters, digits, '-', '_' */
#define HTTP_CHAR_WEAK_NAME 0x10U /* VCHAR except ':' */

extern const uint8_t http_chars[256];

/* http_char_is() - is @c in any of @classes? */
static inline bool http_char_is(char c, unsigned classes)
{
	return (http_chars[(unsigned char)c] & classes) != 0;
}
