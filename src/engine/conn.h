#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One client connection.  Lives on one worker from accept to close.
 *
 *   IDLE --first byte--> HEAD --complete--> QUEUED --a receiver has room--> EXCHANGE
 *     ^                    |                  |                               |
 *     |                    +---- refused -----+-- time-out, queue gone ---> (error answer)
 *     |                                                                        v
 *     +<---- response sent, body read or drained ---- DRAIN <----------------- +--> LINGER -> closed
 *
 * The bytes of a request that could not be delivered yet stay in `in` and are parsed again when
 * its turn comes, so that a waiting request is nothing but its bytes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/list.h"
#include "engine/out.h"
#include "event/loop.h"
#include "event/timer.h"
#include "http/h1_body.h"
#include "http/h1_parse.h"
#include "http/reason.h"

struct exchange;
struct worker;
struct worker_queue;

enum conn_phase {
	CONN_PHASE_IDLE = 0, /* between requests */
	CONN_PHASE_HEAD,     /* part of a head has come */
	CONN_PHASE_QUEUED,   /* a whole head waits in `in` for a receiver */
	CONN_PHASE_EXCHANGE, /* in work at an application */
	CONN_PHASE_DRAIN,    /* answered; the rest of the request's body is thrown away */
	CONN_PHASE_LINGER,   /* our side is shut; waiting for the client to close */
	CONN_PHASE_COUNT_,
};

struct conn {
	struct loop_source source;   /* the socket, owned */
	struct worker *worker;
	struct exchange *exchange;   /* phase EXCHANGE; otherwise NULL */
	struct worker_queue *queue;  /* phase QUEUED; otherwise NULL */
	struct list link;            /* in worker->conns */
	struct list flush_link;      /* in worker->flush */
	struct list wait_link;       /* in worker_queue->waiting or lane->blocked */
	struct timer timer;
	char *in;                    /* bytes received and not used, owned; NULL when there are none */
	uint32_t in_len;
	uint32_t in_capacity;
	uint8_t phase;               /* enum conn_phase */
	uint8_t scheme;              /* enum prefix_scheme of the endpoint */
	bool is_readable;            /* the socket may have more to read */
	bool is_writable;
	bool is_half_closed;         /* the client has shut its sending side */
	bool is_close_due;           /* close after what is in `out` */
	bool is_body_pending;        /* the request's body is not completely read */
	bool is_continue_due;        /* the client waits for 100 Continue */
	bool is_requeued;            /* the request was counted already */
	struct out out;
	struct h1_parser parser;
	struct h1_body body;
	uint64_t n_drained;
	uint64_t id;
	struct ip_endpoint local;
	struct ip_endpoint remote;
};

/* conn_new() - take over an accepted socket; on failure it is closed and counted */
void conn_new(struct worker *worker, int fd, uint8_t scheme, const struct ip_endpoint *local,
	      const struct ip_endpoint *remote);

/* conn_close() - close at once; an exchange in work is told that the client has gone */
void conn_close(struct conn *conn);

/* conn_reset() - close with a TCP reset: the answer can't be completed */
void conn_reset(struct conn *conn);

/* conn_leave_exchange() - the exchange loses its client: the application is told once */
void conn_leave_exchange(struct conn *conn);

/* conn_want_flush() - have conn_flush() called before the end of the turn */
void conn_want_flush(struct conn *conn);

/* conn_flush() - send what waits, then go on with what that made possible */
void conn_flush(struct conn *conn);

/* conn_refuse() - answer with an error page and close (reasons without a status: just close) */
void conn_refuse(struct conn *conn, enum http_reason reason);

/*
 * conn_response_done() - the response is complete in `out`: go on to the rest of the body, to the
 * next request, or to the end
 */
void conn_response_done(struct conn *conn, bool is_keep_alive);

/* conn_arm() - (re)start the time-out of the current phase */
void conn_arm(struct conn *conn);

/*
 * conn_keep() - keep @n bytes at @data as the connection's input, in front of nothing else
 *
 * Return: 0; -ENOMEM.
 */
int conn_keep(struct conn *conn, const char *data, size_t n) must_check_;

/* conn_append() - put @n bytes behind the connection's input.  Return: 0; -ENOMEM */
int conn_append(struct conn *conn, const char *data, size_t n) must_check_;

/* conn_consume() - drop the first @n bytes of the input */
void conn_consume(struct conn *conn, size_t n);

/* conn_list_free() - free recycled connections */
void conn_list_free(struct list *conns);

/* ---- request.c: from bytes to a receiver ---- */

/*
 * request_process() - parse, route and deliver the request whose bytes are @data; called with the
 * worker's read buffer or with conn->in; keeps what was not used
 */
void request_process(struct conn *conn, const char *data, size_t len);

/* ---- upload.c: the request's body ---- */

/*
 * upload_feed() - body bytes that came with the head: deliver (or drain) as far as possible
 *
 * Return: bytes used; the rest belongs to the next request or must wait.
 */
size_t upload_feed(struct conn *conn, const char *data, size_t len);

/* upload_read() - read the body from the socket while there is room for it */
void upload_read(struct conn *conn);

/* upload_allow() - the application wants the body: send 100 Continue when it is waited for */
void upload_allow(struct conn *conn);
