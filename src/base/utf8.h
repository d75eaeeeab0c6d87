#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * UTF-8, strictly as in RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define UTF8_BYTES_MAX   4
#define UTF8_REPLACEMENT UINT32_C(0xfffd) /* what stands for bytes that cannot be read */

/* utf8_is_valid() - is the whole of @s well-formed?  The empty slice is. */
bool utf8_is_valid(struct slice s);

/*
 * utf8_encode() - write one code point
 * @cp: 0 to 0x10ffff, not a surrogate
 * @out: takes up to 4 bytes; no NUL is written
 *
 * Return: the number of bytes written, 1 to 4; 0 (nothing written) when @cp is no such code point.
 */
size_t utf8_encode(uint32_t cp, char out[UTF8_BYTES_MAX]);

/*
 * utf8_decode() - read one code point off the front of @rest
 *
 * Return: true, *@ret_cp set and @rest moved behind it; false (nothing changed) when @rest is empty
 * or does not begin with a well-formed code point.
 */
bool utf8_decode(struct slice *rest, uint32_t *ret_cp);
