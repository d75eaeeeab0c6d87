/* SPDX-License-Identifier: MIT */

/*
 * The decoder's states, one function each.  A function takes what it can from the input and says
 * whether to go on with the next state or to return the event that it wrote.
 */

#include "http/h1_body.h"

#include <assert.h>

#include "base/compiler.h"
#include "http/chars.h"
#include "http/field_line.h"

#define H1_BODY_SIZE_DIGITS_MAX 16

enum h1_body_state {
	H1_BODY_STATE_DONE = 0,
	H1_BODY_STATE_REJECTED,
	H1_BODY_STATE_LENGTH,
	H1_BODY_STATE_SIZE,
	H1_BODY_STATE_BLANK, /* blanks behind the size: only an extension may follow */
	H1_BODY_STATE_EXT,
	H1_BODY_STATE_SIZE_LF,
	H1_BODY_STATE_DATA,
	H1_BODY_STATE_DATA_CR,
	H1_BODY_STATE_DATA_LF,
	H1_BODY_STATE_TRAILER,
	H1_BODY_STATE_COUNT_
};

/* One call of h1_body_feed(). */
struct h1_body_call {
	const char *in;
	size_t n;
	size_t at; /* bytes consumed */
	struct h1_body_event *event;
};

/* A state's function.  Return: true = go on; false = return the event. */
typedef bool (*h1_body_step)(struct h1_body *body, struct h1_body_call *call);

static bool h1_body_reject(struct h1_body *body, struct h1_body_call *call, enum http_reason reason)
{
	body->state = H1_BODY_STATE_REJECTED;
	body->reason = (uint8_t)reason;
	call->event->kind = H1_BODY_REJECTED;
	call->event->reason = reason;

	return false;
}

static bool h1_body_on_done(struct h1_body *body, struct h1_body_call *call)
{
	call->event->kind = H1_BODY_END;

	return false;
}

static bool h1_body_on_rejected(struct h1_body *body, struct h1_body_call *call)
{
	return h1_body_reject(body, call, (enum http_reason)body->reason);
}

/* Hand out body bytes and go to @next when they are complete. */
static bool h1_body_take_data(struct h1_body *body, struct h1_body_call *call,
			      enum h1_body_state next)
{
	size_t n = call->n - call->at;

	if (n > body->left_bytes) {
		n = (size_t)body->left_bytes;
	}
	call->event->kind = H1_BODY_DATA;
	call->event->data = slice_from(call->in + call->at, n);
	call->at += n;
	body->left_bytes -= n;
	if (body->left_bytes == 0) {
		body->state = (uint8_t)next;
	}

	return false;
}

static bool h1_body_on_length(struct h1_body *body, struct h1_body_call *call)
{
	return h1_body_take_data(body, call, H1_BODY_STATE_DONE);
}

static bool h1_body_on_data(struct h1_body *body, struct h1_body_call *call)
{
	return h1_body_take_data(body, call, H1_BODY_STATE_DATA_CR);
}

/* One more digit of a chunk size. */
static bool h1_body_add_digit(struct h1_body *body, struct h1_body_call *call, int digit)
{
	if (body->n_digits == H1_BODY_SIZE_DIGITS_MAX) {
		return h1_body_reject(body, call, HTTP_REASON_NUMBER);
	}
	body->n_digits++;
	body->left_bytes = body->left_bytes << 4 | (uint64_t)digit;

	return true;
}

/* Count a byte behind the size. */
static bool h1_body_count_ext(struct h1_body *body, struct h1_body_call *call)
{
	body->line_bytes++;

	return body->line_bytes <= body->limits->chunk_ext_bytes_max ||
	       h1_body_reject(body, call, HTTP_REASON_BAD_REQUEST);
}

static bool h1_body_on_size(struct h1_body *body, struct h1_body_call *call)
{
	char c = call->in[call->at++];
	int digit = ascii_hex_value(c);

	if (digit >= 0) {
		return h1_body_add_digit(body, call, digit);
	}
	if (c == '\n') {
		return h1_body_reject(body, call, HTTP_REASON_INVALID_CRLF);
	}
	if (body->n_digits == 0) {
		return h1_body_reject(body, call, HTTP_REASON_NUMBER);
	}

	if (c == '\r') {
		body->state = H1_BODY_STATE_SIZE_LF;

		return true;
	}
	if (c != ';' && !field_line_is_blank(c)) {
		return h1_body_reject(body, call, HTTP_REASON_NUMBER);
	}
	body->state = c == ';' ? H1_BODY_STATE_EXT : H1_BODY_STATE_BLANK;

	return h1_body_count_ext(body, call);
}

static bool h1_body_on_blank(struct h1_body *body, struct h1_body_call *call)
{
	char c = call->in[call->at++];

	if (c == ';') {
		body->state = H1_BODY_STATE_EXT;
	} else if (!field_line_is_blank(c)) {
		return h1_body_reject(body, call,
				      c == '\n' ? HTTP_REASON_INVALID_CRLF : HTTP_REASON_NUMBER);
	}

	return h1_body_count_ext(body, call);
}

static bool h1_body_on_ext(struct h1_body *body, struct h1_body_call *call)
{
	char c = call->in[call->at++];

	if (c == '\r') {
		body->state = H1_BODY_STATE_SIZE_LF;

		return true;
	}
	if (!http_char_is(c, HTTP_CHAR_VALUE)) {
		return h1_body_reject(
			body, call, c == '\n' ? HTTP_REASON_INVALID_CRLF : HTTP_REASON_BAD_REQUEST);
	}

	return h1_body_count_ext(body, call);
}

/* The chunk head is complete: charge its size. */
static bool h1_body_on_size_lf(struct h1_body *body, struct h1_body_call *call)
{
	uint64_t total;

	if (call->in[call->at++] != '\n') {
		return h1_body_reject(body, call, HTTP_REASON_INVALID_CRLF);
	}
	if (__builtin_add_overflow(body->received_bytes, body->left_bytes, &total) ||
	    total > INT64_MAX) {
		return h1_body_reject(body, call, HTTP_REASON_NUMBER);
	}
	if (body->limits->body_bytes_max != 0 && total > body->limits->body_bytes_max) {
		return h1_body_reject(body, call, HTTP_REASON_ENTITY_TOO_LARGE);
	}
	body->received_bytes = total;
	body->n_digits = 0;
	body->line_bytes = 0;
	body->state = body->left_bytes > 0 ? H1_BODY_STATE_DATA : H1_BODY_STATE_TRAILER;

	return true;
}

/* The line end behind a chunk's bytes: @want, else the chunk was longer than its size said. */
static bool h1_body_take_byte(struct h1_body *body, struct h1_body_call *call, char want,
			      enum h1_body_state next)
{
	char c = call->in[call->at++];

	if (c != want) {
		bool is_line_end = c == '\r' || c == '\n' || want == '\n';

		return h1_body_reject(body, call,
				      is_line_end ? HTTP_REASON_INVALID_CRLF
						  : HTTP_REASON_BAD_REQUEST);
	}
	body->state = (uint8_t)next;

	return true;
}

static bool h1_body_on_data_cr(struct h1_body *body, struct h1_body_call *call)
{
	return h1_body_take_byte(body, call, '\r', H1_BODY_STATE_DATA_LF);
}

static bool h1_body_on_data_lf(struct h1_body *body, struct h1_body_call *call)
{
	return h1_body_take_byte(body, call, '\n', H1_BODY_STATE_SIZE);
}

/* A complete trailer line, with its LF at @lf. */
static bool h1_body_take_trailer(struct h1_body *body, struct h1_body_call *call, const char *lf)
{
	const char *line = call->in + call->at;
	struct h1_body_event *event = call->event;
	struct http_field field;
	enum http_reason reason;

	if (field_line_parse(call->in, line, lf + 1, body->limits, &field, &reason) == NULL) {
		return h1_body_reject(body, call, reason);
	}
	body->n_trailers++;
	if (body->n_trailers > body->limits->n_fields_max) {
		return h1_body_reject(body, call, HTTP_REASON_REQUEST_LENGTH);
	}
	if (!http_field_is_trailer_allowed((enum http_field_id)field.id)) {
		return h1_body_reject(body, call, HTTP_REASON_HEADER);
	}
	event->kind = H1_BODY_TRAILER;
	event->name = http_field_name(&field, call->in);
	event->value = http_field_value(&field, call->in);
	event->name_id = field.id;
	body->trailer_bytes += (uint32_t)(lf + 1 - line);
	body->line_bytes = 0;
	call->at = (size_t)(lf + 1 - call->in);

	return false;
}

/* The beginning of a trailer line, or of the empty line. */
static bool h1_body_on_trailer(struct h1_body *body, struct h1_body_call *call)
{
	const char *line = call->in + call->at;
	size_t n = call->n - call->at;

	assert(n >= body->line_bytes);
	if (n >= 2 && field_line_is_crlf(line)) {
		call->at += 2;
		body->state = H1_BODY_STATE_DONE;

		return true;
	}

	if (n == 1 && line[0] == '\r') {
		return false;
	}

	size_t n_new = n - body->line_bytes;
	const char *lf = n_new > 0 ? memchr(line + body->line_bytes, '\n', n_new) : NULL;
	size_t line_bytes = lf != NULL ? (size_t)(lf + 1 - line) : n;
	if (line_bytes > body->limits->trailer_bytes_max - body->trailer_bytes) {
		return h1_body_reject(body, call, HTTP_REASON_REQUEST_LENGTH);
	}
	if (lf != NULL) {
		return h1_body_take_trailer(body, call, lf);
	}
	body->line_bytes = (uint32_t)n;

	return false;
}

static const h1_body_step h1_body_steps[H1_BODY_STATE_COUNT_] = {
	[H1_BODY_STATE_DONE] = h1_body_on_done,
	[H1_BODY_STATE_REJECTED] = h1_body_on_rejected,
	[H1_BODY_STATE_LENGTH] = h1_body_on_length,
	[H1_BODY_STATE_SIZE] = h1_body_on_size,
	[H1_BODY_STATE_BLANK] = h1_body_on_blank,
	[H1_BODY_STATE_EXT] = h1_body_on_ext,
	[H1_BODY_STATE_SIZE_LF] = h1_body_on_size_lf,
	[H1_BODY_STATE_DATA] = h1_body_on_data,
	[H1_BODY_STATE_DATA_CR] = h1_body_on_data_cr,
	[H1_BODY_STATE_DATA_LF] = h1_body_on_data_lf,
	[H1_BODY_STATE_TRAILER] = h1_body_on_trailer,
};

void h1_body_init(struct h1_body *body, const struct http_request *request,
		  const struct http_limits *limits)
{
	assert(body != NULL && request != NULL && limits != NULL);
	assert(limits->trailer_bytes_max <= HTTP_HEAD_BYTES_MAX);

	*body = (struct h1_body){.limits = limits, .state = H1_BODY_STATE_DONE};
	if (request->is_chunked) {
		body->state = H1_BODY_STATE_SIZE;
	} else if (request->content_length > 0) {
		body->state = H1_BODY_STATE_LENGTH;
		body->left_bytes = (uint64_t)request->content_length;
		body->received_bytes = body->left_bytes;
	}
}

size_t h1_body_feed(struct h1_body *body, const char *in, size_t n_in,
		    struct h1_body_event *ret_event)
{
	assert(body != NULL && body->limits != NULL && body->state < H1_BODY_STATE_COUNT_);
	assert(in != NULL || n_in == 0);
	assert(ret_event != NULL);

	struct h1_body_call call = {.in = in, .n = n_in, .event = ret_event};

	*ret_event = (struct h1_body_event){.kind = H1_BODY_NEED_MORE};
	/* The two states at the end need no input to report themselves. */
	while (call.at < n_in || body->state <= H1_BODY_STATE_REJECTED) {
		if (!h1_body_steps[body->state](body, &call)) {
			break;
		}
	}

	return call.at;
}

bool h1_body_is_done(const struct h1_body *body)
{
	assert(body != NULL);

	return body->state == H1_BODY_STATE_DONE;
}
