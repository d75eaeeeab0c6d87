/* SPDX-License-Identifier: MIT */

/* Slices: comparisons and cutting that are too long for the header. */

#include "base/slice.h"

#include <assert.h>

bool slice_is_equal_nocase(struct slice a, struct slice b)
{
	if (a.len != b.len) {
		return false;
	}

	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower((unsigned char)a.data[i]) !=
		    ascii_lower((unsigned char)b.data[i])) {
			return false;
		}
	}

	return true;
}

struct slice slice_cut(struct slice *rest, char separator)
{
	assert(rest != NULL);

	struct slice part = *rest;
	const char *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;

	if (at == NULL) {
		*rest = (struct slice){0};

		return part;
	}

	part.len = (size_t)(at - part.data);
	*rest = slice_from_offset(*rest, part.len + 1);

	return part;
}

static bool slice_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
	while (s.len > 0 && slice_is_blank(s.data[0])) {
		s = slice_from_offset(s, 1);
	}
	while (s.len > 0 && slice_is_blank(s.data[s.len - 1])) {
		s.len--;
	}

	return s;
}

bool slice_parse_u64(struct slice s, uint64_t max, uint64_t *ret_value)
{
	assert(ret_value != NULL);

	uint64_t value = 0;

	if (s.len == 0) {
		return false;
	}

	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_digit(s.data[i]) || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value)) {
			return false;
		}
	}

	if (value > max) {
		return false;
	}
	*ret_value = value;

	return true;
}
