/* SPDX-License-Identifier: MIT */

/*
 * One entry, one function; the table at the end says which.  Entries of an exchange that is not in
 * work (an old generation) can't come from an honest application: it keeps its slot until it says
 * END.  Entries of one whose client has gone are honest, and only give back what they carry.
 */

#include "engine/reply.h"

#include <assert.h>

#include "engine/lane.h"
#include "engine/reply_head.h"
#include "engine/request_sink.h"
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
	struct request *request = exchange->request;

	if (request == NULL) {
		return;
	}
	worker_count(request->worker, RESPONSES_INVALID);
	if (exchange->state == EXCHANGE_STATE_HEAD) {
		request->sink->on_refuse(request, HTTP_REASON_INTERNAL);
	} else {
		request->sink->on_break(request);
	}
	assert(exchange->request == NULL);
}

/* The application has said END: the client's answer ends, and the slot is free. */
static void reply_end(struct exchange *exchange, unsigned flags,
		      const struct response_head *trailers)
{
	struct lane *lane = exchange->lane;
	bool is_note_due = (flags & RING_FLAG_NOTIFY) != 0;

	if (exchange->request != NULL && exchange->has_body && exchange->is_length_known &&
	    exchange->n_left > 0) {
		reply_fail(exchange); /* fewer bytes than were announced */
	}

	struct request *request = exchange->request;
	if (request != NULL) {
		/* The request is through with us before it goes on: it may be submitted again. */
		exchange->request = NULL;
		request->exchange = NULL;
		list_remove(&request->wait_link);
		exchange->state = is_note_due ? EXCHANGE_STATE_NOTIFY : exchange->state;
		worker_count(lane->worker, RESPONSES_SENT);
		if (request->sink->on_end(request, trailers, is_note_due ? exchange : NULL) != 0) {
			request->sink->on_break(request);
		} else if (is_note_due) {
			return; /* freed by lane_on_sent() */
		}
	}
	if (is_note_due) {
		lane_stage(lane, RING_REQUEST_DONE, exchange->slot, exchange->generation,
			   RING_NO_BLOCK);
	}
	lane_exchange_free(exchange);
}

/*
 * Count @len body bytes against what was announced.  Return: true: send them; false: they are not
 * wanted (HEAD, 304), the client has gone, or the exchange has just failed.
 */
static bool reply_account(struct exchange *exchange, uint64_t len)
{
	if (exchange->request == NULL || !exchange->has_body || len == 0) {
		return false;
	}
	if (!exchange->is_length_known) {
		return true;
	}
	if (len > exchange->n_left) {
		reply_fail(exchange);

		return false;
	}
	exchange->n_left -= len;

	return true;
}

/*
 * Whoever keeps to the protocol has no more under way than its blocks, files and slots.  More would
 * be our memory, held by somebody who names one block again and again.
 */
static bool reply_is_piece_due(struct lane *lane)
{
	const struct ring_geometry *geometry = &lane->area.geometry;

	if (lane->n_pieces < geometry->n_blocks + geometry->n_slots + RING_FILES_MAX) {
		return true;
	}
	lane_break(lane, "it has more in flight than it has blocks and files");

	return false;
}

/* Body bytes inside block @block: sent from there, the block freed when they have left. */
static void reply_send_block(struct exchange *exchange, uint32_t block, const char *data,
			     uint64_t len)
{
	struct lane *lane = exchange->lane;
	struct request *request = exchange->request;

	if (!reply_account(exchange, len)) {
		reply_block_free(lane, block);
	} else if (reply_is_piece_due(lane) &&
		   request->sink->on_block(request, lane, block, slice_from(data, len)) < 0) {
		reply_block_free(lane, block);
		reply_fail(exchange);
	}
}

/* Body bytes behind the head in the slot: copied, because the slot is free after END. */
static void reply_send_inline(struct exchange *exchange, const char *data, uint64_t len)
{
	struct request *request = exchange->request;

	if (reply_account(exchange, len) &&
	    request->sink->on_bytes(request, slice_from(data, len)) < 0) {
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
	int verdict =
		exchange->state != EXCHANGE_STATE_HEAD
			? REPLY_HEAD_E_INVALID
			: reply_head_write(exchange, data, entry->length, is_end, &head_bytes);

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

	if (is_end) {
		reply_end(exchange, entry->flags, NULL);
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
		reply_end(exchange, entry->flags, NULL);
	}
}

/* Send part of a file.  Return: false: it was not queued and FILE_DONE is due. */
static bool reply_send_file(struct exchange *exchange, const struct ring_entry *entry)
{
	struct lane *lane = exchange->lane;
	struct request *request = exchange->request;
	struct lane_file *file = lane_file_find(lane, entry->block);
	uint64_t end;

	if (exchange->state != EXCHANGE_STATE_BODY || file == NULL ||
	    __builtin_add_overflow(entry->offset, entry->length, &end) ||
	    !lane_file_covers(file, end)) {
		reply_fail(exchange);

		return false;
	}
	if (!reply_account(exchange, entry->length) || !reply_is_piece_due(lane)) {
		return false;
	}
	if (request->sink->on_file(request, lane, file, entry->offset, entry->length) < 0) {
		reply_fail(exchange);

		return false;
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
		reply_end(exchange, entry->flags, NULL);
	}
}

static void reply_on_trailers(struct exchange *exchange, const struct ring_entry *entry)
{
	struct lane *lane = exchange->lane;
	const char *data = reply_block(lane, entry);
	struct response_head trailers = {0};

	if (data == NULL) {
		return;
	}

	bool is_usable = exchange->state == EXCHANGE_STATE_BODY &&
			 reply_trailers_read(lane->worker, data, entry->length, &trailers) == 0;
	reply_block_free(lane, entry->block);
	if (!is_usable) {
		reply_fail(exchange);
	}
	reply_end(exchange, entry->flags, &trailers);
}

static void reply_on_want_body(struct exchange *exchange, const struct ring_entry *entry)
{
	(void)entry;
	exchange->wants_body = true;
	if (exchange->request != NULL) {
		exchange->request->sink->on_room(exchange->request);
	}
}

static void reply_on_abort(struct exchange *exchange, const struct ring_entry *entry)
{
	if (exchange->request != NULL) {
		exchange->request->sink->on_break(exchange->request);
	}
	reply_end(exchange, entry->flags, NULL);
}

/* A request block comes back: whoever waits for one goes on. */
static void reply_on_body_free(struct lane *lane, const struct ring_entry *entry)
{
	uint32_t block = entry->block;

	if (block >= lane->area.geometry.n_blocks || lane->block_slots[block] == LANE_BLOCK_FREE) {
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
		struct request *request = list_entry(node, struct request, wait_link);

		list_remove(node);
		request->sink->on_room(request);
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
