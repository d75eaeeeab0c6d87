/* SPDX-License-Identifier: MIT */

/*
 * A connection's input: bytes become requests, one at a time.  A request that has to wait, or whose
 * head is not complete, stays in conn->in and is parsed again when there is reason to.
 */

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "engine/conn.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/worker.h"
#include "http/request.h"

/* Throw away what a client sends that we have finished with.  Closes at its end or the limit. */
static void conn_discard(struct conn *conn)
{
	struct worker *worker = conn->request.worker;

	while (conn->is_readable) {
		ssize_t n = recv(conn->source.fd, worker->read_bytes, WORKER_READ_BYTES, 0);

		if (n > 0) {
			conn->n_drained += (uint64_t)n;
		}
		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n == -1 && errno == EAGAIN) {
			conn->is_readable = false;
		} else if (n <= 0 || conn->n_drained > worker->params->drain_bytes_max) {
			conn_close(conn);

			return;
		}
	}
}

/* A submitted request is at a receiver: as much of its body as is here goes after it. */
static void conn_on_delivered(struct conn *conn, const struct http_request *parsed,
			      const char *data, size_t len)
{
	const struct exchange *exchange = conn->request.exchange;
	size_t used = parsed->head_bytes;

	conn->phase = CONN_PHASE_EXCHANGE;
	conn->is_keep_alive = parsed->is_keep_alive;
	conn->is_continue_due = parsed->is_continue_awaited;
	conn->is_body_pending = http_request_has_body(parsed);
	conn_arm(conn);

	if (conn->is_body_pending) {
		h1_body_init(&conn->body, parsed, &conn->request.worker->params->limits);
		used += upload_feed(conn, data + used, len - used);
		if (conn->request.exchange != exchange) {
			return; /* the body was refused */
		}
	}
	if (data == conn->in) {
		conn_consume(conn, used);
	} else if (used < len && conn_keep(conn, data + used, len - used) < 0) {
		conn_close(conn);

		return;
	}
	if (conn->is_body_pending) {
		conn_want_flush(conn);
	}
}

static void conn_submit(struct conn *conn, const struct http_request *parsed, const char *data,
			size_t len)
{
	enum http_reason reason;

	switch (request_submit(&conn->request, parsed, data, &reason)) {
	case 0:
		conn_on_delivered(conn, parsed, data, len);
		break;
	case REQUEST_E_QUEUED:
		conn->phase = CONN_PHASE_QUEUED;
		conn_arm(conn);
		if (data != conn->in && conn_keep(conn, data, len) < 0) {
			conn_close(conn);
		}
		break;
	case REQUEST_E_REFUSED:
		conn_refuse(conn, reason);
		break;
	}
}

void conn_process(struct conn *conn, const char *data, size_t len)
{
	struct worker *worker = conn->request.worker;
	struct http_request parsed;

	/* Scanned from the start again: what is in conn->in has seldom come in small pieces. */
	http_request_init(&parsed, worker->fields, worker->n_fields_cap, worker->cook,
			  worker->cook_bytes);
	conn->parser = (struct h1_parser){0};

	enum h1_parse_result result =
		h1_parse_head(data, len, &worker->params->limits, &conn->parser, &parsed);

	conn->is_head = parsed.method_id == HTTP_METHOD_HEAD;
	switch (result) {
	case H1_PARSE_NEED_MORE:
		if (len > 0 && conn->phase == CONN_PHASE_IDLE) {
			conn->phase = CONN_PHASE_HEAD;
			conn_arm(conn); /* once: a head that trickles in does not live longer */
		}
		if (data != conn->in && len > 0 && conn_keep(conn, data, len) < 0) {
			conn_close(conn);

			return;
		}
		if (conn->is_half_closed && !conn->is_readable) {
			conn_close(conn);
		}
		break;
	case H1_PARSE_REJECTED:
		worker_count(worker, REQUESTS_REJECTED);
		conn_refuse(conn, (enum http_reason)parsed.reason);
		break;
	case H1_PARSE_DONE:
		conn_submit(conn, &parsed, data, len);
		break;
	}
}

/* The client sends no more requests: close, but not before the last response has left. */
static void conn_on_input_end(struct conn *conn)
{
	if (out_is_empty(&conn->out)) {
		conn_close(conn);

		return;
	}
	conn->is_readable = false;
	conn->is_close_due = true;
	conn->phase = CONN_PHASE_LINGER;
	conn_consume(conn, conn->in_len);
	conn_arm(conn);
}

/* Read the next request, or more of one. */
static void conn_read_request(struct conn *conn)
{
	struct worker *worker = conn->request.worker;
	bool is_fresh = conn->in_len == 0;
	ssize_t n;

	do {
		n = recv(conn->source.fd, worker->read_bytes, WORKER_READ_BYTES, 0);
	} while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN) {
		conn->is_readable = false;

		return;
	}
	if (n == 0) {
		conn_on_input_end(conn);

		return;
	}
	if (n < 0) {
		conn_close(conn);

		return;
	}

	counters_add(&worker->counters, COUNTER_BYTES_RECEIVED, (uint64_t)n);
	/* A short read has emptied the socket (edge-triggered: an end still to come is a new edge,
	 * except the one that was told already). */
	if (n < WORKER_READ_BYTES) {
		conn->is_readable = conn->is_half_closed;
	}
	if (is_fresh) {
		conn_process(conn, worker->read_bytes, (size_t)n);
	} else if (conn_append(conn, worker->read_bytes, (size_t)n) < 0) {
		conn_close(conn);
	} else {
		conn_process(conn, conn->in, conn->in_len);
	}
}

/* The request's body, or what is left of it after the answer. */
static void conn_go_on_with_body(struct conn *conn)
{
	if (conn->phase != CONN_PHASE_DRAIN &&
	    (conn->phase != CONN_PHASE_EXCHANGE || !conn->is_body_pending)) {
		return;
	}

	upload_read(conn);
	if (conn->source.fd != -1 && conn->phase == CONN_PHASE_DRAIN && !conn->is_body_pending) {
		conn->phase = CONN_PHASE_IDLE;
		conn_arm(conn);
	}
}

void conn_go_on(struct conn *conn)
{
	conn_go_on_with_body(conn);
	if (conn->source.fd != -1 && conn->phase == CONN_PHASE_LINGER && !conn->is_close_due) {
		conn_discard(conn);
	}

	/* The next request: first what came along with the last one.  Who does not take responses
	 * gets no further ones. */
	if (conn->source.fd != -1 && conn->phase == CONN_PHASE_IDLE && conn->in_len > 0 &&
	    conn->out.n_bytes < CONN_OUT_BYTES_MAX) {
		conn_process(conn, conn->in, conn->in_len);
	}
	while (conn_is_between_requests(conn) && conn->is_readable &&
	       conn->out.n_bytes < CONN_OUT_BYTES_MAX) {
		conn_read_request(conn);
	}

	/* Perhaps gone, perhaps only through with sending: say so, and answer all the same. */
	if (conn->source.fd != -1 && conn->phase == CONN_PHASE_EXCHANGE && conn->is_half_closed &&
	    !conn->is_body_pending) {
		request_tell_leaving(&conn->request);
	}
}
