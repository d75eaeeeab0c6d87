/* SPDX-License-Identifier: MIT */

/*
 * Abandoned exchanges; see abandon.h.  A request in a slot is still there byte by byte as it came,
 * because the application can't write to the request area: putting it back means copying its head,
 * and the body as far as it was delivered, in front of the connection's other input.
 */

#include "engine/abandon.h"

#include <stdio.h>

#include "base/buf.h"
#include "engine/conn.h"
#include "engine/lane.h"
#include "engine/queue.h"
#include "engine/receiver.h"
#include "engine/worker.h"
#include "ring/layout.h"

static bool abandon_is_taken(const struct exchange *exchange)
{
	const struct lane *lane = exchange->lane;
	uint32_t tail = __atomic_load_n(lane->writer.tail, __ATOMIC_ACQUIRE);

	return (int32_t)(exchange->position - tail) < 0;
}

/* Can the body be written down again from what was delivered? */
static bool abandon_is_whole(const struct exchange *exchange)
{
	if (exchange->n_staged > LANE_BLOCKS_PER_EXCHANGE ||
	    exchange->n_blocks != exchange->n_staged) {
		return false;
	}

	return exchange->n_staged == 0 || !exchange->is_chunked ||
	       (exchange->is_body_sent && !exchange->has_trailers);
}

static int abandon_write_body(const struct exchange *exchange, struct buf *buf)
{
	const struct lane *lane = exchange->lane;

	for (uint32_t i = 0; i < exchange->n_staged; i++) {
		const char *data = area_request_block(&lane->area, exchange->blocks[i]);
		size_t len = exchange->block_bytes[i];

		if (len == 0) {
			continue;
		}
		if (exchange->is_chunked && buf_appendf(buf, "%zx\r\n", len) != 0) {
			return -1;
		}
		if (buf_append(buf, slice_from(data, len)) != 0) {
			return -1;
		}
		if (exchange->is_chunked && buf_append_str(buf, "\r\n") != 0) {
			return -1;
		}
	}

	return exchange->is_chunked && exchange->is_body_sent ? buf_append_str(buf, "0\r\n\r\n")
							      : 0;
}

/* Rebuild the request's bytes.  Return: true, and the connection is ready to be processed again. */
static bool abandon_rebuild(struct exchange *exchange, struct conn *conn)
{
	const struct lane *lane = exchange->lane;
	const char *head = area_request_slot(&lane->area, exchange->slot) +
			   sizeof(struct ring_request_head);
	struct buf buf = {0};
	bool is_done = false;

	if (buf_append(&buf, slice_from(head, exchange->head_bytes)) == 0 &&
	    abandon_write_body(exchange, &buf) == 0 &&
	    (conn->in_len == 0 || buf_append(&buf, slice_from(conn->in, conn->in_len)) == 0)) {
		is_done = conn_keep(conn, buf.data, buf.len) == 0;
	}
	buf_fini(&buf);

	return is_done;
}

static void abandon_one(struct exchange *exchange)
{
	struct conn *conn = exchange->conn;
	struct worker *worker = exchange->lane->worker;
	bool is_requeued = false;

	if (conn == NULL) {
		lane_exchange_free(exchange);

		return;
	}

	bool is_begun = exchange->state != EXCHANGE_STATE_HEAD;
	if (!is_begun && !abandon_is_taken(exchange) && abandon_is_whole(exchange)) {
		is_requeued = abandon_rebuild(exchange, conn);
	}
	conn->exchange = NULL;
	list_remove(&conn->wait_link);
	lane_exchange_free(exchange);

	if (is_requeued) {
		worker_count(worker, REQUESTS_REQUEUED);
		conn->phase = CONN_PHASE_IDLE;
		conn->is_requeued = true;
		conn->is_body_pending = false;
		conn_want_flush(conn);

		return;
	}

	worker_count(worker, REQUESTS_ABANDONED);
	if (is_begun) {
		conn_reset(conn);
	} else {
		conn_refuse(conn, HTTP_REASON_CONNECTION_ABANDONED);
	}
}

void abandon_exchanges(struct lane *lane)
{
	uint32_t n_abandoned = 0;

	for (uint32_t i = 0; i < lane->area.geometry.n_slots; i++) {
		struct exchange *exchange = &lane->exchanges[i];

		if (exchange->state == EXCHANGE_STATE_NOTIFY) {
			lane_exchange_free(exchange);
		} else if (exchange->state != EXCHANGE_STATE_FREE) {
			n_abandoned++;
			abandon_one(exchange);
		}
	}

	receiver_report_abandoned(lane->receiver, n_abandoned);
}
