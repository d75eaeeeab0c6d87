/* SPDX-License-Identifier: MIT */

/*
 * UTF-8 by table: one row per form of the lead byte.  A form is the number of
 * bytes, the lead byte's fixed and free bits, and the smallest code point that
 * may be written in it; whatever is smaller is overlong.
 */

#include "base/utf8.h"

#include <assert.h>

#define UTF8_CODE_POINT_MAX UINT32_C(0x10ffff)

struct utf8_form {
	uint8_t mask;   /* the lead byte's fixed bits */
	uint8_t lead;   /* their value */
	uint32_t first; /* smallest code point of this form */
};

/* Row i is the form of i + 1 bytes. */
static const struct utf8_form utf8_forms[UTF8_BYTES_MAX] = {
	{.mask = 0x80, .lead = 0x00, .first = 0x0},
	{.mask = 0xe0, .lead = 0xc0, .first = 0x80},
	{.mask = 0xf0, .lead = 0xe0, .first = 0x800},
	{.mask = 0xf8, .lead = 0xf0, .first = 0x10000},
};

static bool utf8_is_code_point(uint32_t cp)
{
	bool is_surrogate = cp >= 0xd800 && cp <= 0xdfff;

	return cp <= UTF8_CODE_POINT_MAX && !is_surrogate;
}

bool utf8_is_valid(struct slice s)
{
	uint32_t cp;

	while (s.len > 0) {
		if (!utf8_decode(&s, &cp)) {
			return false;
		}
	}

	return true;
}

size_t utf8_encode(uint32_t cp, char out[UTF8_BYTES_MAX])
{
	assert(out != NULL);

	if (!utf8_is_code_point(cp)) {
		return 0;
	}

	size_t n = UTF8_BYTES_MAX;
	while (cp < utf8_forms[n - 1].first) {
		n--;
	}

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	out[0] = (char)(utf8_forms[n - 1].lead | cp);

	return n;
}

bool utf8_decode(struct slice *rest, uint32_t *ret_cp)
{
	assert(rest != NULL && ret_cp != NULL);

	if (rest->len == 0) {
		return false;
	}

	const unsigned char *p = (const unsigned char *)rest->data;
	size_t n = 1;
	while (n <= UTF8_BYTES_MAX && (p[0] & utf8_forms[n - 1].mask) != utf8_forms[n - 1].lead) {
		n++;
	}
	if (n > UTF8_BYTES_MAX || n > rest->len) {
		return false;
	}

	uint32_t cp = p[0] & (uint8_t)~utf8_forms[n - 1].mask;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			return false;
		}
		cp = cp << 6 | (p[i] & 0x3f);
	}
	if (cp < utf8_forms[n - 1].first || !utf8_is_code_point(cp)) {
		return false;
	}

	*rest = slice_from_offset(*rest, n);
	*ret_cp = cp;

	return true;
}
