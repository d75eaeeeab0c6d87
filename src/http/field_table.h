#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The lookup of known field names, inline because the head parser does it once per line.
 * A perfect hash over length, first and last letter finds the only candidate; one comparison of 16
 * or 32 bytes confirms it.  The table checks itself: two names in one slot are a compile-time
 * warning, and test_field.c finds every name.
 */

#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "http/field.h"
#include "http/scan.h"

#define FIELD_TABLE_NAME_BYTES 32 /* longest name, rounded up to whole blocks */
#define FIELD_TABLE_SLOTS      128U
#define FIELD_TABLE_NONE       0xff

/* The slot of a name; @first and @last are small letters (or '-' or digits, as they are). */
#define FIELD_TABLE_SLOT(len, first, last) \
	(((unsigned)(len)*3U + (unsigned)(first)*44U + (unsigned)(last)*46U) % FIELD_TABLE_SLOTS)

struct field_table_row {
	char name[FIELD_TABLE_NAME_BYTES]; /* usual spelling, filled up with zeros */
	uint8_t len;                       /* 0 = no such row */
	uint8_t policy;                    /* enum http_field_policy */
	bool is_trailer_allowed;
};

struct field_table {
	uint8_t ids[FIELD_TABLE_SLOTS]; /* slot to id plus 1; 0 = empty */
	struct field_table_row rows[HTTP_FIELD_COUNT_];
};

extern const struct field_table field_table_request;
extern const struct field_table field_table_response;

/* field_table_is_equal_portable() - same letters in any case; both have @len bytes */
static inline bool field_table_is_equal_portable(const char *name, const char *p, size_t len)
{
	return slice_is_equal_nocase(slice_from(name, len), slice_from(p, len));
}

#if defined(__SSE2__)
/*
 * field_table_differences() - one bit per byte in which 16 bytes at @p differ from @name
 *
 * A bit that is set in 0x40 marks a letter in @name, as names consist of letters, '-' and digits:
 * only there the case bit 0x20 is left out of the comparison.
 */
static inline uint32_t field_table_differences(const char *name, const char *p)
{
	__m128i want = scan_load(name);
	__m128i case_bits = _mm_srli_epi16(_mm_and_si128(want, _mm_set1_epi8(0x40)), 1);
	__m128i same = _mm_cmpeq_epi8(_mm_or_si128(want, case_bits),
				      _mm_or_si128(scan_load(p), case_bits));

	return ~scan_mask(same) & 0xffff;
}
#endif

/*
 * field_table_find() - the number of the name of @len bytes at @p
 * @end: end of the readable bytes
 *
 * Return: the number; 0xffff when it is not known.  A known name is a valid token.
 */
static inline uint16_t field_table_find(const struct field_table *table, const char *p, size_t len,
					const char *end)
{
	if (len == 0) {
		return HTTP_FIELD_UNKNOWN;
	}

	unsigned slot =
		FIELD_TABLE_SLOT(len, (unsigned char)p[0] | 0x20, (unsigned char)p[len - 1] | 0x20);
	unsigned id = table->ids[slot];
	/* Slot 0 means none: row 0 then fails by its length or by its letters. */
	const struct field_table_row *row = &table->rows[id != 0 ? id - 1 : 0];

	if (row->len != len) {
		return HTTP_FIELD_UNKNOWN;
	}
#if defined(__SSE2__)
	if (end - p >= (len > SCAN_BLOCK ? FIELD_TABLE_NAME_BYTES : SCAN_BLOCK)) {
		uint32_t differences = field_table_differences(row->name, p);

		if (len > SCAN_BLOCK) {
			differences |=
				field_table_differences(row->name + SCAN_BLOCK, p + SCAN_BLOCK)
				<< SCAN_BLOCK;
		}
		differences &= (UINT32_C(1) << len) - 1;

		return differences == 0 ? (uint16_t)(id - 1) : HTTP_FIELD_UNKNOWN;
	}
#endif
	if (!field_table_is_equal_portable(row->name, p, len)) {
		return HTTP_FIELD_UNKNOWN;
	}

	return (uint16_t)(id - 1);
}
