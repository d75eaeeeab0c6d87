#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * HTTP/1.1 request bodies: a decoder for both framings (RFC 9112, 6 and 7).  It owns no memory:
 * body bytes are handed on as slices of the input.
 *
 *   length    LENGTH ----------------------------------------------> END
 *   chunked   SIZE -> [EXT] -> LF -> DATA -> DATA_CR -> DATA_LF -+
 *              ^-------------------------------------------------+
 *             size 0: TRAILER (line by line) ----------------------> END
 *
 * Nothing is skipped and nothing is repaired: whatever differs from the grammar is refused,
 * because two readers that repair differently are how requests are smuggled.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/limits.h"
#include "http/reason.h"
#include "http/request.h"

enum h1_body_event_kind {
	H1_BODY_NEED_MORE = 0, /* come again with the bytes that were not consumed and more */
	H1_BODY_DATA,          /* event->data: body bytes, at least one */
	H1_BODY_TRAILER,       /* event->name, event->value: one valid trailer field */
	H1_BODY_END,           /* the body is complete; what follows is the next request */
	H1_BODY_REJECTED,      /* event->reason; the connection can't be used any more */
};

struct h1_body_event {
	enum h1_body_event_kind kind;
	enum http_reason reason;
	struct slice data;
	struct slice name;
	struct slice value;
	uint16_t name_id; /* enum http_field_id */
};

struct h1_body {
	const struct http_limits *limits;
	uint64_t left_bytes;     /* of the chunk, or of the whole body */
	uint64_t received_bytes; /* body bytes handed out, or promised by the current chunk */
	uint32_t line_bytes;     /* of the chunk's extensions; of the trailer line scanned so far */
	uint32_t trailer_bytes;
	uint32_t n_trailers;
	uint8_t n_digits;
	uint8_t state;
	uint8_t reason; /* enum http_reason; once refused it stays refused */
};

/*
 * h1_body_init() - begin the body of @request, which h1_parse_head() reported as DONE
 * @limits: kept; outlives @body
 */
void h1_body_init(struct h1_body *body, const struct http_request *request,
		  const struct http_limits *limits);

/*
 * h1_body_feed() - decode up to the next event
 * @in, @n_in: bytes behind those that were consumed so far; @n_in may be 0
 * @ret_event: what was found; its slices point into @in
 *
 * Call in a loop until NEED_MORE, END or REJECTED.  With NEED_MORE part of a trailer line may be
 * left unconsumed: at most limits->trailer_bytes_max bytes.
 *
 * Return: the number of bytes consumed, at most @n_in.
 */
size_t h1_body_feed(struct h1_body *body, const char *in, size_t n_in,
		    struct h1_body_event *ret_event);

/* h1_body_is_done() - has END been reported? */
bool h1_body_is_done(const struct h1_body *body);
