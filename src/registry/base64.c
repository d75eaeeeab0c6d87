/* SPDX-License-Identifier: MIT */

/* Base64; see base64.h. */

#include "registry/base64.h"

#include <assert.h>
#include <errno.h>

#include "base/result.h"

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct slice bytes, struct buf *buf)
{
	assert(buf != NULL);

	int r = buf_reserve(buf, bytes.len / 3 * 4 + 4);

	if (r != 0) {
		return r;
	}

	while (bytes.len > 0) {
		size_t n = bytes.len < 3 ? bytes.len : 3;
		uint32_t group = 0;

		for (size_t i = 0; i < 3; i++) {
			group = group << 8 | (i < n ? (unsigned char)bytes.data[i] : 0);
		}
		for (size_t i = 0; i < 4; i++) {
			char c = base64_alphabet[group >> (18 - 6 * i) & 0x3f];

			buf->data[buf->len++] = i <= n ? c : '=';
		}
		bytes = slice_from_offset(bytes, n);
	}

	return 0;
}

/* The six bits of a digit; -1 = no digit. */
static int base64_value(char c)
{
	const char *at = c != '\0' ? strchr(base64_alphabet, c) : NULL;

	return at != NULL ? (int)(at - base64_alphabet) : -1;
}

/* Decode four digits, of which the last @n_padding are '='.  False: they are none. */
static bool base64_decode_group(const char *digits, size_t n_padding, uint32_t *ret_group)
{
	uint32_t group = 0;

	for (size_t i = 0; i < 4; i++) {
		int value = i < 4 - n_padding ? base64_value(digits[i]) : 0;

		if (value < 0) {
			return false;
		}
		group = group << 6 | (uint32_t)value;
	}

	*ret_group = group;

	/* The bits that padding leaves over are zero, or two texts would mean the same bytes. */
	return (group & ((1U << (8 * n_padding)) - 1)) == 0;
}

int base64_decode(struct slice text, struct buf *buf)
{
	assert(buf != NULL);

	if (text.len % 4 != 0) {
		return BASE64_E_INVALID;
	}

	int r = buf_reserve(buf, text.len / 4 * 3);

	if (r != 0) {
		return result_origin(-ENOMEM);
	}

	while (text.len > 0) {
		size_t n_padding = 0;
		uint32_t group;

		if (text.len == 4 && text.data[3] == '=') {
			n_padding = text.data[2] == '=' ? 2 : 1;
		}
		if (!base64_decode_group(text.data, n_padding, &group)) {
			return BASE64_E_INVALID;
		}
		for (size_t i = 0; i < 3 - n_padding; i++) {
			buf->data[buf->len++] = (char)(group >> (16 - 8 * i));
		}
		text = slice_from_offset(text, 4);
	}

	return 0;
}
