/* SPDX-License-Identifier: MIT */

/*
 * The lines of a head.  The way through is straight for a valid and complete head; everything else
 * ends in h1_stop(), which looks whether the line at fault is complete and decides between "more"
 * and "refused".  Bytes behind head_bytes_max are not looked at.
 */

#include "http/h1_parse.h"

#include <assert.h>
#include <string.h>

#include "base/compiler.h"
#include "http/chars.h"
#include "http/field_line.h"
#include "http/h1_semantics.h"
#include "http/scan.h"

#define H1_VERSION_BYTES 8 /* "HTTP/1.1" */

enum h1_phase {
	H1_PHASE_START = 0, /* an empty line may come first */
	H1_PHASE_REQUEST_LINE,
	H1_PHASE_FIELDS,
	H1_PHASE_DONE, /* of the lines */
};

/* One call. */
struct h1_call {
	const char *begin;
	const char *end; /* of what may be looked at: at most head_bytes_max bytes */
	const struct http_limits *limits;
	struct h1_parser *parser;
	struct http_request *request;
	bool is_full; /* no byte behind @end can belong to an acceptable head */
};

/* Fill in what is known of the request line: offsets are slices once the bytes stay in place. */
static void h1_set_line(const struct h1_call *call)
{
	const struct h1_parser *parser = call->parser;

	call->request->method = slice_from(call->begin + parser->method_off, parser->method_len);
	call->request->target = slice_from(call->begin + parser->target_off, parser->target_len);
}

static enum h1_parse_result h1_reject(const struct h1_call *call, enum http_reason reason)
{
	h1_set_line(call);
	call->request->reason = (uint8_t)reason;
	call->request->status = (uint16_t)http_reason_status(reason);

	return H1_PARSE_REJECTED;
}

/*
 * The head does not end within head_bytes_max, and @line is where that shows.  Of a request line
 * the log shall have the method and as much of the target as there is.
 */
static enum http_reason h1_full_reason(const struct h1_call *call, const char *line)
{
	struct h1_parser *parser = call->parser;
	const char *method_end = memchr(line, ' ', (size_t)(call->end - line));

	if (parser->phase == H1_PHASE_FIELDS) {
		return HTTP_REASON_REQUEST_LENGTH;
	}
	/* RFC 9112, 3: 501 for a method longer than any we know, 414 for a target. */
	if (method_end == NULL || method_end - line > HTTP_METHOD_BYTES_MAX) {
		return HTTP_REASON_METHOD_NOT_IMPLEMENTED;
	}

	const char *target = method_end + 1;
	const char *target_end = memchr(target, ' ', (size_t)(call->end - target));
	parser->method_off = (uint32_t)(line - call->begin);
	parser->method_len = (uint16_t)(method_end - line);
	parser->target_off = (uint32_t)(target - call->begin);
	parser->target_len = (uint32_t)((target_end != NULL ? target_end : call->end) - target);

	return HTTP_REASON_URL_LENGTH;
}

/* The LF of the line at @line, searched for only where no earlier call did; NULL = not there yet.
 */
static const char *h1_find_lf(const struct h1_call *call, const char *line)
{
	const struct h1_parser *parser = call->parser;
	const char *from = line;

	if (line == call->begin + parser->line_off && parser->scanned_off > parser->line_off) {
		from = call->begin + parser->scanned_off;
	}

	return from < call->end ? memchr(from, '\n', (size_t)(call->end - from)) : NULL;
}

/*
 * The line at @line can't be read on: it is bad, for @reason, or not complete.  A line over the
 * length limit is refused for that, whatever else is wrong with it, as its end may never come.
 */
static enum h1_parse_result h1_stop(const struct h1_call *call, const char *line,
				    enum http_reason reason)
{
	struct h1_parser *parser = call->parser;
	const char *lf = h1_find_lf(call, line);
	size_t len = (size_t)((lf != NULL ? lf : call->end) - line);

	/* The one byte over the limit may be the CR. */
	if (parser->phase == H1_PHASE_FIELDS && len > (size_t)call->limits->field_bytes_max + 1) {
		return h1_reject(call, HTTP_REASON_FIELD_LENGTH);
	}
	if (lf != NULL) {
		return h1_reject(call, reason);
	}
	if (call->is_full) {
		return h1_reject(call, h1_full_reason(call, line));
	}
	parser->line_off = (uint32_t)(line - call->begin);
	parser->scanned_off = (uint32_t)(call->end - call->begin);

	return H1_PARSE_NEED_MORE;
}

/* What to say of a request line with a wrong byte at @p, which is before the end. */
static enum http_reason h1_line_reason(const struct h1_call *call, const char *p,
				       enum http_reason reason)
{
	if (*p == '\n' || (*p == '\r' && call->end - p >= 2 && p[1] != '\n')) {
		return HTTP_REASON_INVALID_CRLF;
	}

	return *p == '\r' || *p == ' ' ? HTTP_REASON_BAD_REQUEST : reason;
}

/*
 * The end of a target that holds more than VCHAR, from @p on: 8-bit bytes, which cooking judges,
 * and controls if they are allowed.
 */
static const char *h1_skip_odd_target(const struct h1_call *call, const char *p)
{
	bool allow_controls = call->limits->allow_unescaped_restricted_chars;

	for (; p < call->end; p++) {
		unsigned char c = (unsigned char)*p;
		bool is_control = c < 0x20 || c == 0x7f;

		if (c == ' ' || c == '\r' || c == '\n' || c == '\t' || c == '\0' ||
		    (is_control && !allow_controls)) {
			break;
		}
	}

	return p;
}

/* Read a version other than 1.1, or find out what is wrong with it.  Return: as h1_parse_version()
 */
static const char *h1_parse_odd_version(const struct h1_call *call, const char *p,
					enum http_reason *ret_reason)
{
	size_t n_left = (size_t)(call->end - p);
	const char *lf = n_left > 0 ? memchr(p, '\n', n_left) : NULL;

	*ret_reason = HTTP_REASON_BAD_REQUEST;
	if (lf == NULL) {
		return NULL;
	}
	if (memchr(p, '\r', (size_t)(lf - p)) != (lf > p ? lf - 1 : NULL)) {
		*ret_reason = HTTP_REASON_INVALID_CRLF;

		return NULL;
	}
	if (lf - p != H1_VERSION_BYTES + 1 || memcmp(p, "HTTP/", 5) != 0 || !ascii_is_digit(p[5]) ||
	    p[6] != '.' || !ascii_is_digit(p[7]) || p[5] == '0') {
		return NULL;
	}
	if (p[5] != '1') {
		*ret_reason = HTTP_REASON_VERSION_NOT_SUPPORTED;

		return NULL;
	}
	call->request->version_minor = (uint8_t)(p[7] - '0');

	return lf + 1;
}

/* Read the version at @p and its line end.  Return: the next line; NULL with *@ret_reason set. */
static const char *h1_parse_version(const struct h1_call *call, const char *p,
				    enum http_reason *ret_reason)
{
	if (likely(call->end - p >= H1_VERSION_BYTES + 2 &&
		   memcmp(p, "HTTP/1.1\r\n", H1_VERSION_BYTES + 2) == 0)) {
		call->request->version_minor = 1;

		return p + H1_VERSION_BYTES + 2;
	}

	return h1_parse_odd_version(call, p, ret_reason);
}

/* The end of the method at @line. */
static const char *h1_skip_method(const struct h1_call *call, const char *line)
{
	const char *p = line;

	if (likely(call->end - line >= 4 && memcmp(line, "GET ", 4) == 0)) {
		return line + 3;
	}
	while (p < call->end && http_char_is(*p, HTTP_CHAR_TOKEN)) {
		p++;
	}

	return p;
}

/* Note the request line, whose method ends at @p. */
static void h1_note_line(const struct h1_call *call, const char *line, const char *p,
			 const struct scan_target *found)
{
	struct h1_parser *parser = call->parser;
	struct slice method = slice_from(line, (size_t)(p - line));
	bool is_get = method.len == 3 && memcmp(line, "GET", 3) == 0;

	parser->method_off = (uint32_t)(line - call->begin);
	parser->method_len = (uint16_t)method.len;
	parser->target_off = parser->method_off + parser->method_len + 1U;
	parser->target_len = (uint32_t)(found->stop - (p + 1));
	parser->query_off = found->query != NULL ? (uint32_t)(found->query - call->begin) : 0;
	parser->is_target_plain = found->is_plain;
	call->request->method_id = (uint8_t)(is_get ? HTTP_METHOD_GET : http_method_find(method));
}

/* Read the request line at @line.  Return: the next line; NULL with *@ret_reason set. */
static const char *h1_parse_request_line(const struct h1_call *call, const char *line,
					 enum http_reason *ret_reason)
{
	const char *p = h1_skip_method(call, line);

	*ret_reason = HTTP_REASON_BAD_REQUEST;
	if (unlikely(p == call->end || *p != ' ' || p - line > HTTP_METHOD_BYTES_MAX)) {
		if (p < call->end) {
			*ret_reason = *p == ' ' ? HTTP_REASON_METHOD_NOT_IMPLEMENTED
						: h1_line_reason(call, p, HTTP_REASON_VERB);
		}

		return NULL;
	}

	struct scan_target found = scan_target(p + 1, call->end);
	if (unlikely(found.stop < call->end && *found.stop != ' ')) {
		found.stop = h1_skip_odd_target(call, found.stop);
		found.is_plain = false;
	}

	if (unlikely(found.stop == call->end || *found.stop != ' ' || found.stop == p + 1)) {
		if (found.stop < call->end) {
			*ret_reason = h1_line_reason(call, found.stop, HTTP_REASON_URL);
		}

		return NULL;
	}
	h1_note_line(call, line, p, &found);

	return h1_parse_version(call, found.stop + 1, ret_reason);
}

/* Note a field that is now in the table. */
static inline void h1_note_field(const struct h1_call *call, uint16_t id)
{
	struct http_request *request = call->request;

	request->n_fields++;
	if (id < HTTP_FIELD_COUNT_) {
		uint64_t bit = UINT64_C(1) << id;

		call->parser->repeated |= call->parser->seen & bit;
		if ((call->parser->seen & bit) == 0) {
			request->known[id] = (uint16_t)request->n_fields;
		}
		call->parser->seen |= bit;
	}
}

/* The field lines from @line to the empty line. */
static enum h1_parse_result h1_parse_fields(const struct h1_call *call, const char *line)
{
	struct http_request *request = call->request;
	uint32_t n_max = call->limits->n_fields_max < request->n_fields_cap
				 ? call->limits->n_fields_max
				 : request->n_fields_cap;

	for (;;) {
		struct http_field field;
		enum http_reason reason;

		if (call->end - line >= 2 && field_line_is_crlf(line)) {
			call->parser->phase = H1_PHASE_DONE;
			request->head_bytes = (uint32_t)(line + 2 - call->begin);

			return H1_PARSE_DONE;
		}

		const char *next = field_line_parse(call->begin, line, call->end, call->limits,
						    &field, &reason);
		if (unlikely(next == NULL)) {
			return h1_stop(call, line, reason);
		}
		if (unlikely((size_t)(next - line) > call->limits->field_bytes_max + 2)) {
			return h1_stop(call, line, HTTP_REASON_FIELD_LENGTH);
		}
		if (unlikely(request->n_fields >= n_max)) {
			return h1_stop(call, line, HTTP_REASON_REQUEST_LENGTH);
		}
		request->fields[request->n_fields] = field;
		h1_note_field(call, field.id);
		line = next;
	}
}

/*
 * The beginning: one empty line may come before the request line.  What can't begin a method is
 * refused at once, because it may never send an LF (a TLS hello, say).
 */
static enum h1_parse_result h1_parse_start(const struct h1_call *call, const char *line)
{
	struct h1_parser *parser = call->parser;
	enum http_reason reason;

	if (parser->phase == H1_PHASE_START) {
		if (call->end - line >= 2 && field_line_is_crlf(line)) {
			line += 2;
			parser->phase = H1_PHASE_REQUEST_LINE;
		} else if (call->end == line || (*line == '\r' && call->end - line == 1)) {
			return call->is_full ? h1_reject(call, HTTP_REASON_REQUEST_LENGTH)
					     : H1_PARSE_NEED_MORE;
		}
	}
	if (line < call->end && !http_char_is(*line, HTTP_CHAR_TOKEN)) {
		bool is_line_end = *line == '\r' || *line == '\n';

		return h1_reject(call, is_line_end ? HTTP_REASON_INVALID_CRLF : HTTP_REASON_VERB);
	}

	const char *next = h1_parse_request_line(call, line, &reason);
	if (unlikely(next == NULL)) {
		return h1_stop(call, line, reason);
	}
	parser->phase = H1_PHASE_FIELDS;

	return h1_parse_fields(call, next);
}

enum h1_parse_result h1_parse_head(const char *data, size_t len, const struct http_limits *limits,
				   struct h1_parser *parser, struct http_request *request)
{
	assert(data != NULL || len == 0);
	assert(limits != NULL && limits->field_bytes_max <= HTTP_FIELD_BYTES_MAX &&
	       limits->head_bytes_max <= HTTP_HEAD_BYTES_MAX &&
	       limits->n_fields_max <= HTTP_FIELDS_MAX);
	assert(parser != NULL && parser->phase < H1_PHASE_DONE && request != NULL);

	bool is_full = len >= limits->head_bytes_max;
	const struct h1_call call = {
		.begin = data,
		.end = data + (is_full ? limits->head_bytes_max : len),
		.limits = limits,
		.parser = parser,
		.request = request,
		.is_full = is_full,
	};
	const char *line = data + parser->line_off;

	if (parser->scanned_off > parser->line_off && h1_find_lf(&call, line) == NULL) {
		return h1_stop(&call, line, HTTP_REASON_NONE);
	}

	enum h1_parse_result result = parser->phase == H1_PHASE_FIELDS
					      ? h1_parse_fields(&call, line)
					      : h1_parse_start(&call, line);
	if (likely(result == H1_PARSE_DONE)) {
		h1_set_line(&call);

		enum http_reason reason = h1_semantics_apply(data, limits, parser, request);
		if (unlikely(reason != HTTP_REASON_NONE)) {
			return h1_reject(&call, reason);
		}
	}

	return result;
}
