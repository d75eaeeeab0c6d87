#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A slice: bytes that somebody else owns.  Never NUL-terminated by contract,
 * may hold any byte.  Passed by value.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *data; /* may be NULL only when len is 0 */
	size_t len;       /* bytes */
};

/* A slice over a string literal. */
#define SLICE(literal) ((struct slice){.data = (literal), .len = sizeof(literal) - 1})

/* The same as the initialiser of something static, where SLICE() is no constant. */
#define SLICE_INIT(literal)                                   \
	{                                                     \
		.data = (literal), .len = sizeof(literal) - 1 \
	}

/* The two arguments that "%.*s" takes. */
#define SLICE_ARG(s) (int)(s).len, (s).data

/* slice_from() - the slice over @len bytes at @data */
static inline struct slice slice_from(const void *data, size_t len)
{
	return (struct slice){.data = data, .len = len};
}

/* slice_from_str() - the slice over a NUL-terminated string; NULL gives the empty slice */
static inline struct slice slice_from_str(const char *s)
{
	return (struct slice){.data = s, .len = s != NULL ? strlen(s) : 0};
}

/* slice_is_equal() - same length and same bytes */
static inline bool slice_is_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* slice_is_equal_nocase() - same, but ASCII letters compare without case (no locale) */
bool slice_is_equal_nocase(struct slice a, struct slice b);

/* slice_has_prefix() - does @s begin with @prefix, byte by byte? */
static inline bool slice_has_prefix(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || memcmp(s.data, prefix.data, prefix.len) == 0);
}

/* slice_from_offset() - @s without its first @n bytes; @n is at most s.len */
static inline struct slice slice_from_offset(struct slice s, size_t n)
{
	/* NULL + 0 is not defined in C. */
	return (struct slice){.data = n > 0 ? s.data + n : s.data, .len = s.len - n};
}

/*
 * slice_cut() - take the part before the first @separator off @rest
 *
 * Return: that part, with @rest moved behind the separator; the whole of @rest, with @rest made
 * empty (data NULL), when there is no separator.
 */
struct slice slice_cut(struct slice *rest, char separator);

/* slice_trim() - @s without blanks and tabs at both ends */
struct slice slice_trim(struct slice s);

/*
 * slice_parse_u64() - read a whole slice as a decimal number
 * @max: the largest value accepted
 *
 * Digits only: no sign, no blanks, no empty slice; leading zeros are accepted.
 *
 * Return: true and *@ret_value; false (nothing written) when it is no such number or over @max.
 */
bool slice_parse_u64(struct slice s, uint64_t max, uint64_t *ret_value);

/* ascii_lower() - an ASCII capital letter's small one, any other byte unchanged (no locale) */
static inline unsigned char ascii_lower(unsigned char c)
{
	return (unsigned)(c - 'A') < 26 ? (unsigned char)(c | 0x20) : c;
}

/* ascii_is_digit() - is it 0-9? (no locale) */
static inline bool ascii_is_digit(char c)
{
	return (unsigned)(c - '0') < 10;
}

/* ascii_is_alpha() - is it an ASCII letter? (no locale) */
static inline bool ascii_is_alpha(char c)
{
	return (unsigned)((c | 0x20) - 'a') < 26;
}

/* ascii_hex_value() - the value 0-15 of a hexadecimal digit, -1 for any other byte */
static inline int ascii_hex_value(char c)
{
	if (ascii_is_digit(c)) {
		return c - '0';
	}
	unsigned d = (unsigned)((c | 0x20) - 'a');

	return d < 6 ? (int)d + 10 : -1;
}
