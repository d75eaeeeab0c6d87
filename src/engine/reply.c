/* SPDX-License-Identifier: MIT */

/*
 * One entry, one function; the table at the end says which.  Entries of an exchange that is not in
 * work (an old generation) can't come from an honest application: it keeps its slot until it says
 * END.  Entries of one whose client has gone are honest, and only give back what they carry.
 */

#include "engine/reply.h"

#include <assert.h>

#include "engine/conn.h"
#include "engine/lane.h"
#include "engine/reply_head.h"
#include "engine/worker.h"

/* The bytes in block @entry->block from offset on; NULL (and the lane broken) if out of bounds. */
static const char *reply_block(struct lane *lane, const struct ring_entry *entry)
{
	const struct ring_geometry *geometry = &lane->area.geometry;

	if (entry->block >= geometry->n_blocks || entry->offset > geometry->block_bytes ||
	    entry->length > geometry->block_bytes - entry->offset) {
		lane_break(lane, "a body lies outside its block");

		return NULL;
	}

	return area_response_block(&lane->area, entry->block) + entry->offset;
}

static void reply_block_free(struct lane *lane, uint32_t block)
{
	lane_stage(lane, RING_REQUEST_BLOCK_FREE, 0, 0, block);
}

/* The exchange can't be completed any more: cut the client off, wait for the application's END. */
static void reply_fail(struct exchange *exchange)
{
	struct conn *conn = exchange->conn;

	if (conn == NULL) {
		return;
	}
	worker_count(conn->worker, RESPONSES_INVALID);
	if (exchange->state == EXCHANGE_STATE_HEAD) {
		conn_refuse(conn, HTTP_REASON_INTERNAL);
	} else {
		conn_reset(conn);
	}
}

/* The application has said END: close the framing, free the slot, let the connection go on. */
static void reply_end(struct exchange *exchange, unsigned flags, bool is_last_chunk_due)
{
	struct lane *lane = exchange->lane;
	struct conn *conn = exchange->conn;
	bool is_keep_alive = exchange->framing.is_keep_alive;

	if (conn != NULL && exchange->framing.content_length > 0 && exchange->n_left > 0 &&
	    exchange->framing.has_body) {
		reply_fail(exchange);
		conn = NULL;
	}
	if (conn != NULL && is_last_chunk_due && exchange->framing.is_chunked &&
	    exchange->framing.has_body &&
	    out_append(lane->worker, &conn->out, SLICE("0\r\n\r\n")) < 0) {
		reply_fail(exchange);
		conn = NULL;
	}

	bool is_note_due = (flags & RING_FLAG_NOTIFY) != 0;
	if (conn != NULL && is_note_due &&
	    out_append_note(lane->worker, &conn->out, lane, exchange->slot,
			    exchange->generation) == 0) {
		exchange->state = EXCHANGE_STATE_NOTIFY;
		exchange->conn = NULL;
	} else {
		if (is_note_due) {
			lane_stage(lane, RING_REQUEST_DONE, exchange->slot, exchange->generation,
				   RING_NO_BLOCK);
		}
		lane_exchange_free(exchange);
	}

	if (conn != NULL) {
		conn->exchange = NULL;
		list_remove(&conn->wait_link);
		worker_count(lane->worker, RESPONSES_SENT);
		conn_response_done(conn, is_keep_alive);
	}
}

/*
 * Count @len body bytes against the framing.  Return: true: send them; false: they are not wanted
 * (HEAD, 304) or the exchange has just failed.
 */
static bool reply_account(struct exchange *exchange, uint64_t len)
{
	if (exchange->conn == NULL || !exchange->framing.has_body || len == 0) {
		return false;
	}
	if (exchange->framing.content_length < 0) {
		return true;
	}
	if (len > exchange->n_left) {
		reply_fail(exchange);

		return false;
	}
	exchange->n_left -= len;

	return true;
}

static int reply_chunk_head(struct exchange *exchange, uint64_t len)
{
	struct conn *conn = exchange->conn;
	size_t n = 0;

	if (!exchange->framing.is_chunked) {
		return 0;
	}

	char *room = out_room(conn->worker, &conn->out, H1_WRITE_CHUNK_HEAD_BYTES);
	if (room == NULL ||
	    h1_write_chunk_head(room, H1_WRITE_CHUNK_HEAD_BYTES, len, &n) != 0) {
		return -1;
	}
	out_wrote(&conn->out, n);

	return 0;
}

static int reply_chunk_tail(struct exchange *exchange)
{
	struct conn *conn = exchange->conn;

	return exchange->framing.is_chunked
		       ? out_append(conn->worker, &conn->out, SLICE("\r\n"))
		       : 0;
}

/* Body bytes inside block @block: sent from there, the block freed when they have left. */
static void reply_send_block(struct exchange *exchange, uint32_t block, const char *data,
			     uint64_t len)
{
	struct lane *lane = exchange->lane;
	struct conn *conn = exchange->conn;

	if (!reply_account(exchange, len)) {
		reply_block_free(lane, block);

		return;
	}
	if (reply_chunk_head(exchange, len) < 0) {
		reply_block_free(lane, block);
		reply_fail(exchange);

		return;
	}
	if (out_append_block(lane->worker, &conn->out, lane, block, data, len, true) < 0) {
		reply_block_free(lane, block);
		reply_fail(exchange);

		return;
	}
	if (reply_chunk_tail(exchange) < 0) {
		reply_fail(exchange);

		return;
	}
	conn_want_flush(conn);
}

/* Body bytes behind the head in the slot: copied, because the slot is free after END. */
static void reply_send_inline(struct exchange *exchange, const char *data, uint64_t len)
{
	struct conn *conn = exchange->conn;

	if (!reply_account(exchange, len)) {
		return;
	}
	if (reply_chunk_head(exchange, len) < 0 ||
	    out_append(conn->worker, &conn->out, slice_from(data, len)) < 0 ||
	    reply_chunk_tail(exchange) < 0) {
		reply_fail(exchange);
	}
}

static void reply_on_head(struct exchange *exchange, const struct ring_entry *entry)
{
	struct lane *lane = exchange->lane;
	bool is_in_slot = entry->block == RING_NO_BLOCK;
	uint32_t capacity = is_in_slot ? lane->area.geometry.response_slot_bytes
				       : lane->area.geometry.block_bytes;
	bool is_end = (entry->flags & RING_FLAG_END) != 0;

	if ((!is_in_slot && entry->block >= lane->area.geometry.n_blocks) ||
	    entry->length > capacity || entry->length < sizeof(struct ring_response_head)) {
		lane_break(lane, "a response head lies outside its slot or block");

		return;
	}

	const char *data = is_in_slot ? area_response_slot(&lane->area, exchange->slot)
				      : area_response_block(&lane->area, entry->block);
	uint64_t head_bytes = 0;
	int verdict = exchange->state != EXCHANGE_STATE_HEAD
			      ? REPLY_HEAD_E_INVALID
			      : reply_head_write(exchange, data, entry->length, is_end,
						 &head_bytes);

	if (verdict == REPLY_HEAD_E_INVALID) {
		reply_fail(exchange);
	}
	if (verdict != 0) {
		if (!is_in_slot) {
			reply_block_free(lane, entry->block);
		}
	} else if (is_in_slot) {
		reply_send_inline(exchange, data + head_bytes, entry->length - head_bytes);
	} else {
		reply_send_block(exchange, entry->block, data + head_bytes,
				 entry->length - head_bytes);
	}

	if (exchange->conn != NULL) {
		conn_want_flush(exchange->conn);
	}
	if (is_end) {
		reply_end(exchange, entry->flags, true);
	}
}

static void reply_on_body(struct exchange *exchange, const struct ring_entry *entry)
{
	struct lane *lane = exchange->lane;
	const char *data = reply_block(lane, entry);

	if (data == NULL) {
		return;
	}
	if (exchange->state != EXCHANGE_STATE_BODY) {
		reply_block_free(lane, entry->block);
		reply_fail(exchange);
	} else {
		reply_send_block(exchange, entry->block, data, entry->length);
	}
	if ((entry->flags & RING_FLAG_END) != 0) {
		reply_end(exchange, entry->flags, true);
	}
}

/* Queue part of a file.  Return: false: it was not queued and FILE_DONE is due. */
static bool reply_send_file(struct exchange *exchange, const struct ring_entry *entry)
{
	struct lane *lane = exchange->lane;
	struct conn *conn = exchange->conn;
	struct lane_file *file = lane_file_find(lane, entry->block);
	uint64_t end;

	if (exchange->state != EXCHANGE_STATE_BODY || file == NULL ||
	    __builtin_add_overflow(entry->offset, entry->length, &end) ||
	    !lane_file_covers(file, end)) {
		reply_fail(exchange);

		return false;
	}
	if (!reply_account(exchange, entry->length)) {
		return false;
	}
	if (reply_chunk_head(exchange, entry->length) < 0 ||
	    out_append_file(lane->worker, &conn->out, lane, file, entry->offset, entry->length,
			    exchange->slot, exchange->generation) < 0) {
		reply_fail(exchange);

		return false;
	}
	if (reply_chunk_tail(exchange) < 0) {
		reply_fail(exchange);
	} else {
		conn_want_flush(conn);
	}

	return true;
}

static void reply_on_file(struct exchange *exchange, const struct ring_entry *entry)
{
	if (!reply_send_file(exchange, entry)) {
		lane_stage(exchange->lane, RING_REQUEST_FILE_DONE, exchange->slot,
			   exchange->generation, RING_NO_BLOCK);
	}
	if ((entry->flags & RING_FLAG_END) != 0) {
		reply_end(exchange, entry->flags, true);
	}
}

static void reply_on_trailers(struct exchange *exchange, const struct ring_entry *entry)
{
	struct lane *lane = exchange->lane;
	const char *data = reply_block(lane, entry);
	bool is_last_chunk_due = true;

	if (data == NULL) {
		return;
	}
	if (exchange->conn != NULL && exchange->state != EXCHANGE_STATE_BODY) {
		reply_fail(exchange);
	} else if (exchange->conn != NULL && exchange->framing.is_chunked &&
		   exchange->framing.has_body) {
		is_last_chunk_due = false;
		if (reply_trailers_write(exchange, data, entry->length) != 0) {
			reply_fail(exchange);
		}
	}
	reply_block_free(lane, entry->block);
	reply_end(exchange, entry->flags, is_last_chunk_due);
}

static void reply_on_want_body(struct exchange *exchange, const struct ring_entry *entry)
{
	(void)entry;
	exchange->wants_body = true;
	if (exchange->conn != NULL) {
		upload_allow(exchange->conn);
	}
}

static void reply_on_abort(struct exchange *exchange, const struct ring_entry *entry)
{
	if (exchange->conn != NULL) {
		conn_reset(exchange->conn);
	}
	reply_end(exchange, entry->flags, false);
}

/* A request block comes back: whoever waits for one goes on. */
static void reply_on_body_free(struct lane *lane, const struct ring_entry *entry)
{
	uint32_t block = entry->block;

	if (block >= lane->area.geometry.n_blocks ||
	    lane->block_slots[block] == LANE_BLOCK_FREE) {
		lane_break(lane, "it frees a request block that it does not hold");

		return;
	}

	if (lane->block_slots[block] == LANE_BLOCK_ORPHAN) {
		lane_block_release(lane, block);
	} else {
		lane_block_return(&lane->exchanges[lane->block_slots[block]], block);
	}
	list_for_each(node, &lane->blocked)
	{
		struct conn *conn = list_entry(node, struct conn, wait_link);

		list_remove(node);
		conn_want_flush(conn);
	}
}

typedef void reply_handler(struct exchange *exchange, const struct ring_entry *entry);

static reply_handler *const reply_handlers[] = {
	[RING_RESPONSE_HEAD - RING_RESPONSE_HEAD] = reply_on_head,
	[RING_RESPONSE_BODY - RING_RESPONSE_HEAD] = reply_on_body,
	[RING_RESPONSE_FILE - RING_RESPONSE_HEAD] = reply_on_file,
	[RING_RESPONSE_TRAILERS - RING_RESPONSE_HEAD] = reply_on_trailers,
	[RING_RESPONSE_WANT_BODY - RING_RESPONSE_HEAD] = reply_on_want_body,
	[RING_RESPONSE_ABORT - RING_RESPONSE_HEAD] = reply_on_abort,
};

void reply_on_entry(struct lane *lane, const struct ring_entry *entry)
{
	unsigned row = (unsigned)entry->type - RING_RESPONSE_HEAD;

	if (entry->type == RING_RESPONSE_BODY_FREE) {
		reply_on_body_free(lane, entry);

		return;
	}
	if (row >= array_len(reply_handlers) || reply_handlers[row] == NULL) {
		lane_break(lane, "an entry of unknown type");

		return;
	}
	if (entry->slot >= lane->area.geometry.n_slots) {
		lane_break(lane, "an entry for a slot that does not exist");

		return;
	}

	struct exchange *exchange = &lane->exchanges[entry->slot];
	if (exchange->state == EXCHANGE_STATE_FREE || exchange->state == EXCHANGE_STATE_NOTIFY ||
	    exchange->generation != entry->generation) {
		lane_break(lane, "an entry for an exchange that is over");

		return;
	}
	reply_handlers[row](exchange, entry);
}
