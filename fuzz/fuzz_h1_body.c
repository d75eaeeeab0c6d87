/* SPDX-License-Identifier: MIT */

/*
 * Chunked bodies.  The first byte chooses limits; the rest is decoded whole and byte by byte, which
 * must agree.  A body that is accepted is written again as chunks and must decode to the same
 * bytes.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/h1_body.h"
#include "http/h1_write.h"

#define DATA_BYTES 65536

struct outcome {
	enum h1_body_event_kind kind;
	enum http_reason reason;
	size_t n_consumed;
	size_t n_data;
	size_t n_trailer_bytes;
	unsigned n_trailers;
	char data[DATA_BYTES];
};

static void must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static void note_event(struct outcome *outcome, const struct h1_body_event *event)
{
	outcome->kind = event->kind;
	outcome->reason = event->reason;
	if (event->kind == H1_BODY_DATA) {
		must(event->data.len > 0 && outcome->n_data + event->data.len <= DATA_BYTES);
		memcpy(outcome->data + outcome->n_data, event->data.data, event->data.len);
		outcome->n_data += event->data.len;
	}
	if (event->kind == H1_BODY_TRAILER) {
		outcome->n_trailers++;
		outcome->n_trailer_bytes += event->name.len + event->value.len;
		must(http_field_is_token(event->name));
		must(http_field_value_is_valid(event->value));
	}
}

/* Decode from byte @n_first on, @n_step more at a time. */
static void decode(const char *data, size_t len, size_t n_first, size_t n_step,
		   const struct http_limits *limits, struct outcome *outcome)
{
	const struct http_request request = {.content_length = -1, .is_chunked = true};
	struct h1_body body;

	memset(outcome, 0, sizeof(*outcome) - sizeof(outcome->data));
	h1_body_init(&body, &request, limits);
	for (size_t n = n_first;; n += n_step) {
		size_t n_now = n < len ? n : len;

		do {
			struct h1_body_event event;

			outcome->n_consumed += h1_body_feed(&body, data + outcome->n_consumed,
							    n_now - outcome->n_consumed, &event);
			must(outcome->n_consumed <= n_now);
			note_event(outcome, &event);
		} while (outcome->kind == H1_BODY_DATA || outcome->kind == H1_BODY_TRAILER);
		if (outcome->kind != H1_BODY_NEED_MORE || n_now == len) {
			return;
		}
	}
}

static void check_same(const struct outcome *a, const struct outcome *b)
{
	must(a->kind == b->kind && a->reason == b->reason);
	must(a->n_data == b->n_data && memcmp(a->data, b->data, a->n_data) == 0);
	must(a->n_trailers == b->n_trailers && a->n_trailer_bytes == b->n_trailer_bytes);
	must(a->kind == H1_BODY_REJECTED || a->n_consumed == b->n_consumed);
}

/* Write the body of @outcome as one chunk; reading that must give the same. */
static void check_rewritten(const struct outcome *outcome)
{
	static char text[DATA_BYTES + 64];
	static struct outcome again;
	struct http_limits limits = http_limits_default();
	size_t n = 0;
	size_t n_tail;

	if (outcome->n_data > 0) {
		must(h1_write_chunk_head(text, sizeof(text), outcome->n_data, &n) == 0);
		memcpy(text + n, outcome->data, outcome->n_data);
		n += outcome->n_data;
		memcpy(text + n, "\r\n", 2);
		n += 2;
	}
	must(h1_write_last_chunk(text + n, sizeof(text) - n, NULL, 0, NULL, 0, &n_tail) == 0);
	n += n_tail;
	decode(text, n, n, 1, &limits, &again);
	must(again.kind == H1_BODY_END && again.n_consumed == n);
	must(again.n_data == outcome->n_data &&
	     memcmp(again.data, outcome->data, again.n_data) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	static struct outcome whole;
	static struct outcome pieces;
	struct http_limits limits = http_limits_default();

	if (size < 1 || size > DATA_BYTES) {
		return 0;
	}
	if ((input[0] & 1) != 0) {
		limits.chunk_ext_bytes_max = 8;
		limits.trailer_bytes_max = 40;
		limits.n_fields_max = 3;
		limits.body_bytes_max = 32;
	}

	const char *data = (const char *)input + 1;
	size_t len = size - 1;

	decode(data, len, len, 1, &limits, &whole);
	decode(data, len, 0, 1, &limits, &pieces);
	check_same(&whole, &pieces);
	decode(data, len, len / 2, len, &limits, &pieces);
	check_same(&whole, &pieces);
	if (whole.kind == H1_BODY_END) {
		check_rewritten(&whole);
	}

	return 0;
}
