#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One field line (RFC 9112, 5), of a head or of a trailer section.  Inline because a head is mostly
 * field lines.  The line is judged as a whole: what is wrong with it is only said when its LF is
 * there, which the caller finds out, as that is rare.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "http/chars.h"
#include "http/field.h"
#include "http/field_table.h"
#include "http/limits.h"
#include "http/reason.h"
#include "http/scan.h"

/* field_line_is_crlf() - are the two bytes at @p a line end? */
static inline bool field_line_is_crlf(const char *p)
{
	return p[0] == '\r' && p[1] == '\n';
}

/* field_line_is_blank() - SP or HTAB */
static inline bool field_line_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* field_line_is_name() - is it a valid name that is not in the table? */
static inline bool field_line_is_name(const char *p, size_t len, const struct http_limits *limits)
{
	unsigned classes =
		limits->allow_weak_header_name_syntax ? HTTP_CHAR_WEAK_NAME : HTTP_CHAR_TOKEN;

	for (size_t i = 0; i < len; i++) {
		if (!http_char_is(p[i], classes)) {
			return false;
		}
	}

	return len > 0 && len <= UINT16_MAX;
}

/* field_line_reason() - what to say of a line whose first wrong byte is at @p */
static inline enum http_reason field_line_reason(const char *p, const char *end)
{
	bool is_stray = *p == '\n' || (*p == '\r' && end - p >= 2 && p[1] != '\n');

	return is_stray ? HTTP_REASON_INVALID_CRLF : HTTP_REASON_HEADER;
}

/* field_line_bad_name() - what to say of a line that has no valid name and colon */
static inline enum http_reason field_line_bad_name(const char *line, const char *end)
{
	const char *p = line;

	while (p < end && http_char_is(*p, HTTP_CHAR_TOKEN)) {
		p++;
	}

	return p < end ? field_line_reason(p, end) : HTTP_REASON_HEADER;
}

/* field_line_end() - where the value at @p ends: at a CR, at a byte it may not hold, or at @end */
static inline const char *field_line_end(const char *begin, const char *p, const char *end,
					 const struct http_limits *limits)
{
	const char *stop = scan_value(begin, p, end);

	if (unlikely(limits->allow_weak_header_value_syntax)) {
		while (stop < end && *stop != '\r' && *stop != '\n' && *stop != '\0') {
			stop = scan_value(begin, stop + 1, end);
		}
	}

	return stop;
}

/*
 * field_line_parse() - read one field line
 * @begin, @end: all readable bytes; offsets count from @begin
 * @line: where the line begins; not at an empty line
 * @ret_field: name, value and number
 * @ret_reason: set when NULL is returned: what is wrong, provided that the line's LF is there
 *
 * Return: the beginning of the next line; NULL when the line is incomplete or bad.
 */
static inline const char *field_line_parse(const char *begin, const char *line, const char *end,
					   const struct http_limits *limits,
					   struct http_field *ret_field,
					   enum http_reason *ret_reason)
{
	const char *colon = scan_colon(begin, line, end);
	size_t name_len = (size_t)(colon - line);

	if (unlikely(colon == end)) {
		*ret_reason = field_line_bad_name(line, end);

		return NULL;
	}

	uint16_t id = field_table_find(&field_table_request, line, name_len, end);
	if (id == HTTP_FIELD_UNKNOWN && !field_line_is_name(line, name_len, limits)) {
		*ret_reason = field_line_bad_name(line, end);

		return NULL;
	}

	const char *value = colon + 1;
	while (value < end && field_line_is_blank(*value)) {
		value++;
	}

	const char *cr = field_line_end(begin, value, end, limits);
	if (unlikely(end - cr < 2 || !field_line_is_crlf(cr))) {
		*ret_reason = cr < end ? field_line_reason(cr, end) : HTTP_REASON_HEADER;

		return NULL;
	}

	const char *value_end = cr;
	while (value_end > value && field_line_is_blank(value_end[-1])) {
		value_end--;
	}
	*ret_field = (struct http_field){
		.name_off = (uint32_t)(line - begin),
		.value_off = (uint32_t)(value - begin),
		.value_len = (uint32_t)(value_end - value),
		.name_len = (uint16_t)name_len,
		.id = id,
	};

	return cr + 2;
}
