#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Searches through the bytes of a head.  Each comes as a portable loop, and with SSE2 (part of
 * every x86-64) as 16 bytes at a time; scan_x() is the better one.  Nothing outside
 * [begin, end) is read: a tail shorter than 16 bytes is looked at through a load that ends at end
 * and overlaps bytes already seen, when there are 16 bytes at all.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "http/chars.h"

#define SCAN_BLOCK 16 /* bytes looked at in one step */

/* What scan_target() found. */
struct scan_target {
	const char *stop;  /* first byte that is not VCHAR; end when there is none */
	const char *query; /* first '?' before stop; NULL when there is none */
	bool is_plain;     /* no '#'; and before the query no '%', no '\' and no "/." */
};

/* scan_value_portable() - see scan_value() */
static inline const char *scan_value_portable(const char *p, const char *end)
{
	while (p < end && http_char_is(*p, HTTP_CHAR_VALUE)) {
		p++;
	}

	return p;
}

/* scan_colon_portable() - see scan_colon() */
static inline const char *scan_colon_portable(const char *p, const char *end)
{
	while (p < end && *p != ':') {
		p++;
	}

	return p;
}

/* scan_target_portable() - see scan_target(); @found holds what was found in front of @p */
static inline struct scan_target scan_target_portable(const char *begin, const char *p,
						      const char *end, struct scan_target found)
{
	for (; p < end && http_char_is(*p, HTTP_CHAR_TARGET); p++) {
		bool is_path = found.query == NULL;
		bool is_dot_segment = *p == '.' && p > begin && p[-1] == '/';

		if (*p == '#' || (is_path && (*p == '%' || *p == '\\' || is_dot_segment))) {
			found.is_plain = false;
		}
		if (*p == '?' && is_path) {
			found.query = p;
		}
	}
	found.stop = p;

	return found;
}

#if defined(__SSE2__)

/* scan_load() - the 16 bytes at @p, wherever they are aligned */
static inline __m128i scan_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* scan_mask() - one bit per byte of @x that is set, lowest first */
static inline uint32_t scan_mask(__m128i x)
{
	return (uint32_t)_mm_movemask_epi8(x);
}

/* scan_value_mask() - the bytes of @x that end a field value: controls except HTAB, and DEL */
static inline uint32_t scan_value_mask(__m128i x)
{
	__m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
	__m128i tabs = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'));
	__m128i dels = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));

	return scan_mask(_mm_or_si128(_mm_andnot_si128(tabs, controls), dels));
}

/* scan_colon_mask() - the colons of @x */
static inline uint32_t scan_colon_mask(__m128i x)
{
	return scan_mask(_mm_cmpeq_epi8(x, _mm_set1_epi8(':')));
}

/*
 * scan_with() - the first byte of [p, end) that @mask_of finds; end when there is none
 *
 * The 16 bytes before @end must be readable.
 */
static inline const char *scan_with(uint32_t (*mask_of)(__m128i), const char *p, const char *end)
{
	for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
		uint32_t mask = mask_of(scan_load(p));

		if (mask != 0) {
			return p + __builtin_ctz(mask);
		}
	}
	if (p < end) {
		uint32_t mask = mask_of(scan_load(end - SCAN_BLOCK)) >> (p - (end - SCAN_BLOCK));

		return mask != 0 ? p + __builtin_ctz(mask) : end;
	}

	return end;
}

/*
 * scan_target_block() - one block of scan_target(): 16 bytes at @p
 * @after_slash: 1 when the byte before @p is '/'; updated
 *
 * Return: true when the block holds the stop.
 */
static inline bool scan_target_block(const char *p, __m128i x, uint32_t *after_slash,
				     struct scan_target *found)
{
	/* The signed comparison finds 8-bit bytes along with blanks and controls. */
	uint32_t stops = scan_mask(_mm_or_si128(_mm_cmplt_epi8(x, _mm_set1_epi8(0x21)),
						_mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f))));
	uint32_t inside = stops != 0 ? (stops & -stops) - 1 : 0xffff;
	uint32_t odd = scan_mask(_mm_cmpeq_epi8(x, _mm_set1_epi8('#'))) & inside;

	if (found->query == NULL) {
		uint32_t marks = scan_mask(_mm_cmpeq_epi8(x, _mm_set1_epi8('?'))) & inside;
		uint32_t path = marks != 0 ? (marks & -marks) - 1 : inside;
		uint32_t escapes = scan_mask(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('%')),
							  _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'))));
		uint32_t slashes = scan_mask(_mm_cmpeq_epi8(x, _mm_set1_epi8('/')));
		uint32_t dots = scan_mask(_mm_cmpeq_epi8(x, _mm_set1_epi8('.')));

		odd |= (escapes | (dots & (slashes << 1 | *after_slash))) & path;
		*after_slash = slashes >> (SCAN_BLOCK - 1) & 1;
		found->query = marks != 0 ? p + __builtin_ctz(marks) : NULL;
	}
	found->is_plain = found->is_plain && odd == 0;
	found->stop = p + (stops != 0 ? __builtin_ctz(stops) : SCAN_BLOCK);

	return stops != 0;
}

#endif

/*
 * scan_value() - the first byte of [p, end) that can't stand in a field value; @end when there is
 * none
 * @begin: where the readable bytes begin, at or before @p
 */
static inline const char *scan_value(const char *begin, const char *p, const char *end)
{
#if defined(__SSE2__)
	if (end - begin >= SCAN_BLOCK) {
		return scan_with(scan_value_mask, p, end);
	}
#endif
	return scan_value_portable(p, end);
}

/* scan_colon() - the first ':' of [p, end); @end when there is none.  @begin as in scan_value() */
static inline const char *scan_colon(const char *begin, const char *p, const char *end)
{
#if defined(__SSE2__)
	if (end - begin >= SCAN_BLOCK) {
		return scan_with(scan_colon_mask, p, end);
	}
#endif
	return scan_colon_portable(p, end);
}

/*
 * scan_target() - look through a request target that begins at @p
 *
 * Return: where it ends, where its query begins and whether its path can be used as it is.
 */
static inline struct scan_target scan_target(const char *p, const char *end)
{
	struct scan_target found = {.is_plain = true, .stop = p};
	const char *begin = p;
#if defined(__SSE2__)
	uint32_t after_slash = 0;

	for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
		if (scan_target_block(p, scan_load(p), &after_slash, &found)) {
			return found;
		}
	}
#endif
	return scan_target_portable(begin, p, end, found);
}
