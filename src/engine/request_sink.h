#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One request on its way through the engine, whatever protocol it came by.  Embedded in whoever
 * parsed it (an HTTP/1.1 connection today, a stream of HTTP/2 or 3 later), which hands it to
 * request_submit() and gets everything that becomes of it through its request_sink: no later stage
 * knows connections.
 *
 *   submit ---> at a receiver (exchange) ---> on_head, on_bytes/on_block/on_file ..., on_end
 *      |              `---- on_refuse, on_break, on_put_back
 *      `-----> waits in a queue ----> on_retry
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "base/list.h"
#include "base/slice.h"
#include "http/field.h"
#include "http/reason.h"

struct exchange;
struct lane;
struct lane_file;
struct request;
struct worker;
struct worker_queue;

/* A response head as the application gave it: copied, its form checked, its content not. */
struct response_head {
	const char *bytes; /* what the fields point into */
	size_t n_bytes;
	const struct http_field *fields;
	size_t n_fields;
	struct slice phrase; /* empty: the standard one */
	unsigned status;     /* 1xx: interim, another head follows */
	int64_t body_bytes;  /* of the whole body; -1: not known */
	bool is_close_wanted;
};

/* What the protocol makes of the body that follows. */
struct response_plan {
	bool has_body;          /* false: no body byte may be sent (HEAD, 204, 304) */
	int64_t content_length; /* bytes that must follow; -1: not announced */
};

/*
 * Callbacks into whoever the answer is for.  All run on the request's worker.  After on_refuse,
 * on_break, on_end and a true on_put_back the request is at no receiver any more.
 */
struct request_sink {
	/* Answer with the error page of @reason (or none), and end. */
	void (*on_refuse)(struct request *request, enum http_reason reason);

	/* The answer can't be completed: the client must see that it is broken. */
	void (*on_break)(struct request *request);

	/*
	 * Write a head.  Return: 0 and *@ret_plan (not for interim heads); below or above 0: it may
	 * not be sent, nothing was written.
	 */
	int (*on_head)(struct request *request, const struct response_head *head,
		       struct response_plan *ret_plan);

	/* Body bytes, copied.  Return: 0; -ENOMEM. */
	int (*on_bytes)(struct request *request, struct slice bytes);

	/*
	 * Body bytes that lie in response block @number of @lane; lane_stage(BLOCK_FREE) when they
	 * have left.  Return: 0; -ENOMEM (the block is still the caller's).
	 */
	int (*on_block)(struct request *request, struct lane *lane, uint32_t number,
			struct slice bytes);

	/* Part of a file; FILE_DONE for the exchange when it has left.  Return: 0; -ENOMEM. */
	int (*on_file)(struct request *request, struct lane *lane, struct lane_file *file,
		       uint64_t offset, uint64_t len);

	/*
	 * The body is complete.
	 * @trailers: NULL or a head of which only the fields count
	 * @note: NULL or the exchange whose lane_on_sent() is due when all has left
	 *
	 * Return: 0; anything else: on_break is due.
	 */
	int (*on_end)(struct request *request, const struct response_head *trailers,
		      const struct exchange *note);

	/* The application wants the body, or a request block has become free. */
	void (*on_room)(struct request *request);

	/* A receiver may have room now, or the queue has gone: submit it again. */
	void (*on_retry)(struct request *request);

	/*
	 * The receiver has died without taking it: make it what it was before it was submitted,
	 * from the exchange's slot and blocks, and submit it again soon.
	 *
	 * Return: true; false: can't be, nothing was changed.
	 */
	bool (*on_put_back)(struct request *request, const struct exchange *exchange);
};

struct request {
	const struct request_sink *sink;
	struct worker *worker;
	struct exchange *exchange;  /* at a receiver; otherwise NULL */
	struct worker_queue *queue; /* waiting; otherwise NULL */
	struct list wait_link;      /* in worker_queue->waiting or lane->blocked */
	struct ip_endpoint local;
	struct ip_endpoint remote;
	uint64_t connection_id;
	uint8_t scheme;        /* enum prefix_scheme */
	uint8_t version_minor; /* of HTTP/1.x; 1 otherwise */
	bool is_head;          /* HEAD: the answer has no body */
	bool is_chunked;       /* its body comes without a length */
	bool has_body;
	bool is_continue_awaited; /* the body comes only after 100 Continue */
	bool is_resubmitted;      /* it was counted already */
};
