#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Response heads and trailers: from the application's binary form in shared memory, through a
 * private copy, to the bytes on the wire.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

struct exchange;
struct response_head;
struct worker;

#define REPLY_FIELDS_MAX 1024 /* field lines of a response head or trailer section */

enum reply_head_verdict {
	REPLY_HEAD_E_INVALID = 1, /* it may not be sent: refuse the response */
	REPLY_HEAD_E_INTERIM, /* an interim response was written (or left out); a head follows */
	REPLY_HEAD_E_GONE,    /* the client has gone: nothing was written */
};

/*
 * reply_head_write() - check the form of the head at @data and hand it to the request's sink
 * @len: bytes of head and first body bytes together
 * @is_end: the response is complete with this entry
 * @ret_head_bytes: where the body bytes begin in @data
 *
 * On success the exchange knows what body must follow, and its state is EXCHANGE_STATE_BODY.
 *
 * Return: 0, or a verdict.
 */
int reply_head_write(struct exchange *exchange, const char *data, uint64_t len, bool is_end,
		     uint64_t *ret_head_bytes) must_check_;

/*
 * reply_trailers_read() - check the form of the trailer fields at @data
 * @ret_trailers: its bytes and fields are the worker's, valid until the next head is read
 *
 * Return: 0; REPLY_HEAD_E_INVALID.
 */
int reply_trailers_read(struct worker *worker, const char *data, uint64_t len,
			struct response_head *ret_trailers) must_check_;
