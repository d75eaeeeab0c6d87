/* SPDX-License-Identifier: MIT */

/*
 * Connections: life, output, time-outs; see conn.h.  Events only set flags and queue the
 * connection for the turn's flush, where it sends first and then goes on with what it has
 * (conn_input.c).
 */

#include "engine/conn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/worker.h"

#define CONN_IN_BYTES_MIN 2048 /* first allocation for kept input */

int conn_keep(struct conn *conn, const char *data, size_t n)
{
	/* @data may lie in the old input: copy before it is freed. */
	size_t capacity = n > CONN_IN_BYTES_MIN ? n : CONN_IN_BYTES_MIN;
	char *in = mem_new(capacity);

	if (in == NULL) {
		return result_origin(-ENOMEM);
	}
	memcpy(in, data, n);
	mem_free(conn->in);
	conn->in = in;
	conn->in_len = (uint32_t)n;
	conn->in_capacity = (uint32_t)capacity;

	return 0;
}

int conn_append(struct conn *conn, const char *data, size_t n)
{
	size_t needed = conn->in_len + n;

	if (needed > conn->in_capacity) {
		size_t capacity =
			needed > 2ul * conn->in_capacity ? needed : 2ul * conn->in_capacity;

		capacity = capacity > CONN_IN_BYTES_MIN ? capacity : CONN_IN_BYTES_MIN;
		char *in = mem_resize(conn->in, capacity);
		if (in == NULL) {
			return result_origin(-ENOMEM);
		}
		conn->in = in;
		conn->in_capacity = (uint32_t)capacity;
	}
	memcpy(conn->in + conn->in_len, data, n);
	conn->in_len += (uint32_t)n;

	return 0;
}

void conn_consume(struct conn *conn, size_t n)
{
	assert(n <= conn->in_len);

	conn->in_len -= (uint32_t)n;
	if (conn->in_len == 0) {
		conn->in = mem_free(conn->in);
		conn->in_capacity = 0;
	} else if (n > 0) {
		memmove(conn->in, conn->in + n, conn->in_len);
	}
}

static uint64_t conn_timeout_s(const struct conn *conn)
{
	const struct params *params = conn->request.worker->params;

	switch ((enum conn_phase)conn->phase) {
	case CONN_PHASE_HEAD:
		return params->header_wait_timeout_s;
	case CONN_PHASE_QUEUED:
		return params->queue_timeout_s;
	case CONN_PHASE_EXCHANGE:
		return params->entity_body_timeout_s;
	case CONN_PHASE_DRAIN:
	case CONN_PHASE_LINGER:
		return params->drain_timeout_s;
	default:
		return params->idle_timeout_s;
	}
}

void conn_arm(struct conn *conn)
{
	struct mono_time deadline =
		mono_add_ms(conn->request.worker->loop.now, (int64_t)conn_timeout_s(conn) * 1000);

	/* Later is only noted, the wheel looks again; earlier must move the timer. */
	if (timer_is_armed(&conn->timer) && deadline.ns >= conn->timer.deadline.ns) {
		conn->timer.deadline = deadline;
	} else {
		timer_arm(&conn->request.worker->loop.timers, &conn->timer, deadline);
	}
}

/* What a time-out in each phase is counted as. */
static enum counter conn_timeout_counter(const struct conn *conn)
{
	static const enum counter counters[CONN_PHASE_COUNT_] = {
		[CONN_PHASE_IDLE] = COUNTER_TIMEOUT_IDLE,
		[CONN_PHASE_HEAD] = COUNTER_TIMEOUT_HEADER,
		[CONN_PHASE_QUEUED] = COUNTER_TIMEOUT_QUEUE,
		[CONN_PHASE_EXCHANGE] = COUNTER_TIMEOUT_BODY,
		[CONN_PHASE_DRAIN] = COUNTER_TIMEOUT_DRAIN,
		[CONN_PHASE_LINGER] = COUNTER_TIMEOUT_DRAIN,
	};

	return out_is_empty(&conn->out) ? counters[conn->phase] : COUNTER_TIMEOUT_SEND;
}

/* Is the client late?  An application may take as long as it likes. */
static bool conn_is_client_late(const struct conn *conn)
{
	if (conn->phase != CONN_PHASE_EXCHANGE || !out_is_empty(&conn->out)) {
		return true;
	}

	return conn->is_body_pending && conn->request.exchange->wants_body &&
	       list_is_empty(&conn->request.wait_link);
}

static void conn_on_expire(struct timer *timer, struct mono_time now)
{
	struct conn *conn = container_of(timer, struct conn, timer);

	(void)now;
	if (!conn_is_client_late(conn)) {
		conn_arm(conn);

		return;
	}

	counters_add(&conn->request.worker->counters, conn_timeout_counter(conn), 1);
	switch ((enum conn_phase)conn->phase) {
	case CONN_PHASE_QUEUED:
		conn_refuse(conn, HTTP_REASON_TIMER_REQ_QUEUE);
		break;
	case CONN_PHASE_HEAD:
		conn_refuse(conn, HTTP_REASON_TIMER_HEADER_WAIT);
		break;
	default:
		conn_close(conn);
		break;
	}
}

void conn_close(struct conn *conn)
{
	struct worker *worker = conn->request.worker;

	if (conn->source.fd == -1) {
		return;
	}

	request_leave(&conn->request);
	out_clear(worker, &conn->out);
	timer_disarm(&worker->loop.timers, &conn->timer);
	loop_remove(&worker->loop, &conn->source);
	conn->source.fd = fd_close(conn->source.fd);
	conn->in = mem_free(conn->in);
	conn->in_len = 0;
	list_remove(&conn->flush_link);
	list_remove(&conn->link);

	/* Callers up the stack still look at fd: the memory is reused after this turn at the
	 * earliest, because the free list is used first in, first out, from the next accept on. */
	list_append(&worker->free_conns, &conn->link);
	worker->n_conns--;
	engine_connection_end(worker->engine);
	worker_count(worker, CONNECTIONS_CLOSED);
}

void conn_reset(struct conn *conn)
{
	const struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (conn->source.fd != -1) {
		/* If it fails the client sees an orderly end in the middle of a body: as good. */
		(void)setsockopt(conn->source.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		conn_close(conn);
	}
}

void conn_want_flush(struct conn *conn)
{
	if (list_is_empty(&conn->flush_link) && conn->source.fd != -1) {
		list_append(&conn->request.worker->flush, &conn->flush_link);
	}
}

void conn_refuse(struct conn *conn, enum http_reason reason)
{
	struct worker *worker = conn->request.worker;
	const struct h1_error error = {
		.reason = reason,
		.date = worker_date(worker),
		.server_policy = (enum h1_server_policy)worker->params->server_policy,
		.is_head = conn->is_head,
	};
	size_t n = 0;

	request_leave(&conn->request);
	if (http_reason_status(reason) == 0) {
		conn_close(conn);

		return;
	}

	char *room = out_room(worker, &conn->out, H1_WRITE_ERROR_BYTES);
	if (room == NULL || h1_write_error(room, H1_WRITE_ERROR_BYTES, &error, &n) != 0) {
		conn_close(conn);

		return;
	}
	out_wrote(&conn->out, n);
	conn_linger(conn);
}

void conn_linger(struct conn *conn)
{
	conn->phase = CONN_PHASE_LINGER;
	conn->is_close_due = true;
	conn->is_linger_due = true;
	conn->is_body_pending = false;
	conn->n_drained = 0;
	conn_arm(conn);
	conn_want_flush(conn);
}

void conn_response_done(struct conn *conn, bool is_keep_alive)
{
	conn->is_continue_due = false;
	conn->n_drained = 0;

	if (!is_keep_alive || conn->request.worker->is_stopping) {
		conn->is_close_due = true;
		conn->phase = CONN_PHASE_LINGER;
	} else {
		conn->phase = conn->is_body_pending ? CONN_PHASE_DRAIN : CONN_PHASE_IDLE;
	}
	conn_arm(conn);
	conn_want_flush(conn);
}

/* Our last byte has left: close, or shut our side and wait when the client may still be sending. */
static void conn_finish(struct conn *conn)
{
	if (!conn->is_linger_due && !conn->is_body_pending && conn->in_len == 0 &&
	    !conn->is_readable) {
		conn_close(conn);

		return;
	}

	/* Closing now would reset the connection and could destroy the answer (RFC 9112 9.6). */
	conn->is_close_due = false;
	conn->is_body_pending = false;
	conn->phase = CONN_PHASE_LINGER;
	conn_consume(conn, conn->in_len);
	(void)shutdown(conn->source.fd, SHUT_WR);
	conn_arm(conn);
}

static void conn_close_if_idle(struct conn *conn)
{
	if (conn->source.fd != -1 && conn->phase == CONN_PHASE_IDLE && conn->in_len == 0 &&
	    out_is_empty(&conn->out)) {
		conn_close(conn);
	}
}

void conn_flush(struct conn *conn)
{
	struct worker *worker = conn->request.worker;
	uint64_t n_sent = 0;
	int r = 0;

	if (conn->is_writable && !out_is_empty(&conn->out)) {
		r = out_flush(worker, &conn->out, conn->source.fd, &n_sent);
		counters_add(&worker->counters, COUNTER_BYTES_SENT, n_sent);
	}
	switch (r) {
	case OUT_E_FAILED:
		conn_close(conn);

		return;
	case OUT_E_BLOCKED:
		conn->is_writable = false;
		break;
	case OUT_E_YIELD:
		conn_want_flush(conn);
		break;
	default:
		break;
	}

	if (n_sent > 0) {
		conn_arm(conn);
	}
	if (conn->is_close_due && out_is_empty(&conn->out)) {
		conn_finish(conn);
	}
	if (conn->source.fd != -1) {
		conn_go_on(conn);
	}
	if (worker->is_stopping) {
		conn_close_if_idle(conn);
	}
}

void conn_stop(struct conn *conn)
{
	/* A request that came before the order is answered, also when its event was not seen yet.
	 */
	if (conn->phase == CONN_PHASE_IDLE) {
		conn->is_readable = true;
		conn_go_on(conn);
	}
	conn_close_if_idle(conn);
}

static void conn_on_event(struct loop_source *source, uint32_t events)
{
	struct conn *conn = container_of(source, struct conn, source);

	if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
		conn_close(conn);

		return;
	}
	if ((events & EPOLLRDHUP) != 0) {
		conn->is_half_closed = true;
		conn->is_readable = true;
	}
	if ((events & EPOLLIN) != 0) {
		conn->is_readable = true;
	}
	if ((events & EPOLLOUT) != 0) {
		conn->is_writable = true;
	}

	/* The commonest case by far at once; everything else at the end of the turn. */
	if (conn_is_between_requests(conn) && conn->is_readable && out_is_empty(&conn->out)) {
		conn_go_on(conn);
	} else if (conn->phase != CONN_PHASE_QUEUED || !out_is_empty(&conn->out)) {
		conn_want_flush(conn);
	}
}

static struct conn *conn_alloc(struct worker *worker)
{
	struct list *node = list_first(&worker->free_conns);

	if (node == NULL) {
		return mem_new(sizeof(struct conn));
	}

	struct conn *conn = list_entry(node, struct conn, link);
	list_remove(node);
	*conn = (struct conn){0};

	return conn;
}

void conn_new(struct worker *worker, int fd, uint8_t scheme, const struct ip_endpoint *local,
	      const struct ip_endpoint *remote)
{
	struct conn *conn = conn_alloc(worker);

	if (conn == NULL) {
		worker_count(worker, ACCEPT_FAILED_MEMORY);
		fd_close(fd);
		engine_connection_end(worker->engine);

		return;
	}

	conn->source.fd = fd;
	conn->source.on_event = conn_on_event;
	conn->request = (struct request){
		.sink = &conn_sink,
		.worker = worker,
		.scheme = scheme,
		.local = *local,
		.remote = *remote,
		.connection_id = worker_next_id(worker),
	};
	conn->is_writable = true;
	list_init(&conn->link);
	list_init(&conn->flush_link);
	list_init(&conn->request.wait_link);
	timer_init(&conn->timer, conn_on_expire);

	if (loop_add(&worker->loop, &conn->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) < 0) {
		worker_count(worker, ACCEPT_FAILED_MEMORY);
		fd_close(fd);
		mem_free(conn);
		engine_connection_end(worker->engine);

		return;
	}
	list_append(&worker->conns, &conn->link);
	worker->n_conns++;
	worker_count(worker, CONNECTIONS_ACCEPTED);
	/* Until its first request is complete a connection is waited for as for a head. */
	conn->phase = CONN_PHASE_HEAD;
	conn_arm(conn);
	conn->phase = CONN_PHASE_IDLE;
}

void conn_list_free(struct list *conns)
{
	list_for_each(node, conns)
	{
		list_remove(node);
		mem_free(list_entry(node, struct conn, link));
	}
}
