#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One client connection.  Lives on one worker from accept to close.
 *
 *   IDLE --first byte--> HEAD --complete--> QUEUED --a receiver has room--> EXCHANGE
 *     ^                    |                  |                               |
 *     |                    +---- refused -----+-- time-out, queue gone ---> (error answer)
 *     |                                                                        v
 *     +<---- response sent, body read or drained ---- DRAIN <----------------- +--> LINGER ->
 * closed
 *
 * The bytes of a request that could not be delivered yet stay in `in` and are parsed again when
 * its turn comes, so that a waiting request is nothing but its bytes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "engine/out.h"
#include "engine/request.h"
#include "event/loop.h"
#include "event/timer.h"
#include "http/h1_body.h"
#include "http/h1_parse.h"
#include "http/h1_write.h"
#include "http/reason.h"

struct worker;

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
	struct loop_source source; /* the socket, owned */
	struct request request;    /* the one that is in work; one at a time */
	struct list link;          /* in worker->conns */
	struct list flush_link;    /* in worker->flush */
	struct timer timer;
	char *in; /* bytes received and not used, owned; NULL when there are none */
	uint32_t in_len;
	uint32_t in_capacity;
	uint8_t phase;    /* enum conn_phase */
	bool is_readable; /* the socket may have more to read */
	bool is_writable;
	bool is_half_closed;       /* the client has shut its sending side */
	bool is_close_due;         /* close after what is in `out` */
	bool is_linger_due;        /* then wait for the client's end: it may still be sending */
	bool is_head;              /* the request in work is HEAD: no error page */
	bool is_body_pending;      /* the request's body is not completely read */
	bool is_continue_due;      /* the client waits for 100 Continue */
	bool is_keep_alive;        /* the request's client would keep the connection */
	struct h1_framing framing; /* of the response, from its head on */
	struct out out;
	struct h1_parser parser;
	struct h1_body body;
	uint64_t n_drained;
};

/* conn_new() - take over an accepted socket that engine_connection_begin() has counted; on failure
 * it is closed */
void conn_new(struct worker *worker, int fd, uint8_t scheme, const struct ip_endpoint *local,
	      const struct ip_endpoint *remote);

/* conn_close() - close at once; an exchange in work is told that the client has gone */
void conn_close(struct conn *conn);

/* conn_reset() - close with a TCP reset: the answer can't be completed */
void conn_reset(struct conn *conn);

/* conn_want_flush() - have conn_flush() called before the end of the turn */
void conn_want_flush(struct conn *conn);

/* conn_flush() - send what waits, then go on with what that made possible */
void conn_flush(struct conn *conn);

/* conn_stop() - the engine stops: answer what has come, close when there is nothing to answer */
void conn_stop(struct conn *conn);

/* conn_refuse() - answer with an error page and close (reasons without a status: just close) */
void conn_refuse(struct conn *conn, enum http_reason reason);

/* conn_linger() - close in order once `out` has left; what the client still sends is thrown away */
void conn_linger(struct conn *conn);

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

/* ---- conn_input.c: from bytes to requests ---- */

#define CONN_OUT_BYTES_MAX 65536 /* unsent bytes over which no further request is begun */

/*
 * conn_process() - parse and submit the request whose bytes are @data (the worker's read buffer, or
 * conn->in); keeps what was not used
 */
void conn_process(struct conn *conn, const char *data, size_t len);

/* conn_is_between_requests() - is it open and waiting for a request, or for more of one? */
static inline bool conn_is_between_requests(const struct conn *conn)
{
	return conn->source.fd != -1 &&
	       (conn->phase == CONN_PHASE_IDLE || conn->phase == CONN_PHASE_HEAD);
}

/* conn_go_on() - do everything that can be done now: body, next request, lingering */
void conn_go_on(struct conn *conn);

/* ---- conn_sink.c: what the later stages want of us ---- */

extern const struct request_sink conn_sink;

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
