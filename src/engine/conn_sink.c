/* SPDX-License-Identifier: MIT */

/*
 * The answer's way back to an HTTP/1.1 connection: heads are serialised, bodies framed, and queued
 * for the turn's send.
 */

#include <assert.h>
#include <errno.h>

#include "base/buf.h"
#include "base/result.h"
#include "engine/conn.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/worker.h"
#include "http/h1_write.h"
#include "ring/layout.h"

#define CONN_SINK_HEAD_BYTES       2048                       /* room that most heads need */
#define CONN_SINK_HEAD_LARGE_BYTES (2 * WORKER_SCRATCH_BYTES) /* room that suffices for any */

static struct conn *conn_of(struct request *request)
{
	return container_of(request, struct conn, request);
}

static void conn_sink_on_refuse(struct request *request, enum http_reason reason)
{
	conn_refuse(conn_of(request), reason);
}

static void conn_sink_on_break(struct request *request)
{
	conn_reset(conn_of(request));
}

static int conn_sink_on_head(struct request *request, const struct response_head *head,
			     struct response_plan *ret_plan)
{
	struct conn *conn = conn_of(request);
	struct worker *worker = request->worker;
	const size_t rooms[] = {CONN_SINK_HEAD_BYTES, CONN_SINK_HEAD_LARGE_BYTES};
	const struct h1_response response = {
		.head = head->bytes,
		.head_bytes = head->n_bytes,
		.fields = head->fields,
		.n_fields = head->n_fields,
		.phrase = head->phrase,
		.status = head->status,
		.body_bytes = head->body_bytes,
		.date = worker_date(worker),
		.server_policy = (enum h1_server_policy)worker->params->server_policy,
		.version_minor = request->version_minor,
		.is_head = request->is_head,
		/* A client that waits for 100 Continue may or may not send its body after this. */
		.is_keep_alive = conn->is_keep_alive && !worker->is_stopping &&
				 !conn->is_continue_due && !head->is_close_wanted,
	};
	struct h1_framing framing;
	int r = H1_WRITE_E_FULL;

	/* Who reads nothing needs no more interim responses. */
	if (head->status < 200 && conn->out.n_bytes > CONN_OUT_BYTES_MAX) {
		return 0;
	}

	for (size_t i = 0; i < array_len(rooms) && r == H1_WRITE_E_FULL; i++) {
		char *room = out_room(worker, &conn->out, rooms[i]);

		if (room == NULL) {
			return result_origin(-ENOMEM);
		}
		r = h1_write_head(room, rooms[i], &response, &framing);
	}
	if (r != 0) {
		return r;
	}

	out_wrote(&conn->out, framing.n_bytes);
	if (head->status >= 200) {
		conn->framing = framing;
		*ret_plan = (struct response_plan){
			.has_body = framing.has_body,
			.content_length = framing.content_length,
		};
	}
	conn_want_flush(conn);

	return 0;
}

static int conn_sink_chunk_head(struct conn *conn, uint64_t len)
{
	size_t n = 0;

	if (!conn->framing.is_chunked) {
		return 0;
	}

	char *room = out_room(conn->request.worker, &conn->out, H1_WRITE_CHUNK_HEAD_BYTES);
	if (room == NULL || h1_write_chunk_head(room, H1_WRITE_CHUNK_HEAD_BYTES, len, &n) != 0) {
		return result_origin(-ENOMEM);
	}
	out_wrote(&conn->out, n);

	return 0;
}

static int conn_sink_chunk_tail(struct conn *conn)
{
	conn_want_flush(conn);

	return conn->framing.is_chunked
		       ? out_append(conn->request.worker, &conn->out, SLICE("\r\n"))
		       : 0;
}

static int conn_sink_on_bytes(struct request *request, struct slice bytes)
{
	struct conn *conn = conn_of(request);
	int r = conn_sink_chunk_head(conn, bytes.len);

	if (r == 0) {
		r = out_append(request->worker, &conn->out, bytes);
	}

	return r == 0 ? conn_sink_chunk_tail(conn) : r;
}

static int conn_sink_on_block(struct request *request, struct lane *lane, uint32_t number,
			      struct slice bytes)
{
	struct conn *conn = conn_of(request);
	int r = conn_sink_chunk_head(conn, bytes.len);

	if (r == 0) {
		r = out_append_block(request->worker, &conn->out, lane, number, bytes.data,
				     bytes.len, true);
	}
	if (r == 0 && conn_sink_chunk_tail(conn) < 0) {
		/* The block is in the queue and comes back with it. */
		conn_reset(conn);
	}

	return r;
}

static int conn_sink_on_file(struct request *request, struct lane *lane, struct lane_file *file,
			     uint64_t offset, uint64_t len)
{
	struct conn *conn = conn_of(request);
	const struct exchange *exchange = request->exchange;
	int r = conn_sink_chunk_head(conn, len);

	if (r == 0) {
		r = out_append_file(request->worker, &conn->out, lane, file, offset, len,
				    exchange->slot, exchange->generation);
	}
	if (r == 0 && conn_sink_chunk_tail(conn) < 0) {
		conn_reset(conn);
	}

	return r;
}

/* The end of a chunked body. */
static int conn_sink_last_chunk(struct conn *conn, const struct response_head *trailers)
{
	struct worker *worker = conn->request.worker;
	size_t n = 0;

	if (trailers == NULL) {
		return out_append(worker, &conn->out, SLICE("0\r\n\r\n"));
	}

	char *room = out_room(worker, &conn->out, CONN_SINK_HEAD_LARGE_BYTES);
	if (room == NULL) {
		return result_origin(-ENOMEM);
	}

	int r = h1_write_last_chunk(room, CONN_SINK_HEAD_LARGE_BYTES, trailers->bytes,
				    trailers->n_bytes, trailers->fields, trailers->n_fields, &n);
	if (r == 0) {
		out_wrote(&conn->out, n);
	}

	return r;
}

static int conn_sink_on_end(struct request *request, const struct response_head *trailers,
			    const struct exchange *note)
{
	struct conn *conn = conn_of(request);
	int r = 0;

	if (conn->framing.is_chunked && conn->framing.has_body) {
		r = conn_sink_last_chunk(conn, trailers);
	}
	if (r == 0 && note != NULL) {
		r = out_append_note(request->worker, &conn->out, note->lane, note->slot,
				    note->generation);
	}
	if (r != 0) {
		return r;
	}
	conn_response_done(conn, conn->framing.is_keep_alive);

	return 0;
}

static void conn_sink_on_room(struct request *request)
{
	upload_allow(conn_of(request));
}

static void conn_sink_on_retry(struct request *request)
{
	struct conn *conn = conn_of(request);

	conn->phase = CONN_PHASE_IDLE;
	conn_process(conn, conn->in, conn->in_len);
}

/* Can the body be written down again from what was delivered? */
static bool conn_sink_is_whole(const struct request *request, const struct exchange *exchange)
{
	if (exchange->n_staged > LANE_BLOCKS_PER_EXCHANGE ||
	    exchange->n_blocks != exchange->n_staged) {
		return false;
	}

	/* A chunk's head that was fed is nowhere any more, so a chunked body is all or nothing. */
	return !request->is_chunked ||
	       (exchange->is_body_sent ? !exchange->has_trailers : !exchange->is_body_fed);
}

static int conn_sink_write_body(const struct request *request, const struct exchange *exchange,
				struct buf *buf)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < exchange->n_staged; i++) {
		const char *data = area_request_block(&exchange->lane->area, exchange->blocks[i]);
		size_t len = exchange->block_bytes[i];

		if (len > 0 && request->is_chunked) {
			r = buf_appendf(buf, "%zx\r\n", len);
		}
		if (r == 0) {
			r = buf_append(buf, slice_from(data, len));
		}
		if (r == 0 && len > 0 && request->is_chunked) {
			r = buf_append_str(buf, "\r\n");
		}
	}
	if (r == 0 && request->is_chunked && exchange->is_body_sent) {
		r = buf_append_str(buf, "0\r\n\r\n");
	}

	return r;
}

/*
 * The request is still in its slot byte by byte as it came, because the application can't write
 * there: its head, and the body as far as it was delivered, go in front of the other input.
 */
static bool conn_sink_on_put_back(struct request *request, const struct exchange *exchange)
{
	struct conn *conn = conn_of(request);
	const char *head = area_request_slot(&exchange->lane->area, exchange->slot) +
			   sizeof(struct ring_request_head);
	cleanup_(buf_fini) struct buf buf = {0};

	if (!conn_sink_is_whole(request, exchange) ||
	    buf_append(&buf, slice_from(head, exchange->head_bytes)) != 0 ||
	    conn_sink_write_body(request, exchange, &buf) != 0 ||
	    buf_append(&buf, slice_from(conn->in, conn->in_len)) != 0 ||
	    conn_keep(conn, buf.data, buf.len) != 0) {
		return false;
	}

	conn->phase = CONN_PHASE_IDLE;
	conn->is_body_pending = false;
	request->is_resubmitted = true;
	conn_want_flush(conn);

	return true;
}

const struct request_sink conn_sink = {
	.on_refuse = conn_sink_on_refuse,
	.on_break = conn_sink_on_break,
	.on_head = conn_sink_on_head,
	.on_bytes = conn_sink_on_bytes,
	.on_block = conn_sink_on_block,
	.on_file = conn_sink_on_file,
	.on_end = conn_sink_on_end,
	.on_room = conn_sink_on_room,
	.on_retry = conn_sink_on_retry,
	.on_put_back = conn_sink_on_put_back,
};
