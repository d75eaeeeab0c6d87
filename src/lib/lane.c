/* SPDX-License-Identifier: MIT */

/* Lanes, the application's side; see lane.h and ring/layout.h. */

#include "lib/lane.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "lib/receiver.h"
#include "lib/request.h"

/* The rest of the ring that is kept for entries which must always fit: per slot HEAD, WANT_BODY and
 * END, per block BODY_FREE and BODY. */
static uint32_t lane_reserve(const struct lane *lane)
{
	return 3 * lane->area.geometry.n_slots + 2 * lane->area.geometry.n_blocks;
}

static int lane_request_new(struct lane *lane, const struct ring_entry *entry)
{
	struct httpsys_request *request = &lane->requests[entry->slot];

	/* The engine has finished what was in the slot before, so a file it sent is free, too. */
	file_done(&lane->files, request->file_number);
	request->file_number = FILE_NUMBER_NONE;
	if (!request_begin(request, entry->generation, entry->length)) {
		return LANE_E_CORRUPT;
	}
	lane->n_taken++;
	lane->set->n_open++;

	return LANE_E_REQUEST;
}

/* lane_find_request() - the request that @entry is about; NULL: it has ended */
static struct httpsys_request *lane_find_request(struct lane *lane, const struct ring_entry *entry)
{
	struct httpsys_request *request = &lane->requests[entry->slot];

	return request->state != REQUEST_STATE_FREE && request->generation == entry->generation
		       ? request
		       : NULL;
}

/* lane_keep_body() - put a block with body bytes or trailers where @request finds it */
static void lane_keep_body(struct lane *lane, struct httpsys_request *request,
			   const struct ring_entry *entry)
{
	struct lane_body *body = &lane->bodies[entry->block];

	if ((entry->flags & RING_FLAG_TRAILERS) != 0) {
		request->body_trailers = entry->block;

		return;
	}
	body->next = RING_NO_BLOCK;
	if (request->body_first == RING_NO_BLOCK) {
		request->body_first = entry->block;
	} else {
		lane->bodies[request->body_last].next = entry->block;
	}
	request->body_last = entry->block;
}

static int lane_request_body(struct lane *lane, const struct ring_entry *entry)
{
	const struct ring_geometry *geometry = &lane->area.geometry;
	struct httpsys_request *request = lane_find_request(lane, entry);

	if (entry->block != RING_NO_BLOCK) {
		if (entry->block >= geometry->n_blocks || entry->length > geometry->block_bytes ||
		    lane->bodies[entry->block].is_held) {
			return LANE_E_CORRUPT;
		}
		lane->bodies[entry->block].is_held = true;
		lane->bodies[entry->block].len = (uint32_t)entry->length;
	}

	/* It may have crossed with the end of its exchange: then nobody wants it. */
	if (request == NULL || request->state == REQUEST_STATE_ENDED) {
		if (entry->block != RING_NO_BLOCK) {
			lane_free_body(lane, &lane->requests[entry->slot], entry->block);
		}

		return 0;
	}
	if (request->is_body_complete) {
		return LANE_E_CORRUPT;
	}
	if (entry->block != RING_NO_BLOCK) {
		lane_keep_body(lane, request, entry);
	}
	request->is_body_complete = (entry->flags & RING_FLAG_LAST) != 0;
	request_tell(request, HTTPSYS_EVENT_BODY);

	return 0;
}

static int lane_request_gone(struct lane *lane, const struct ring_entry *entry)
{
	struct httpsys_request *request = lane_find_request(lane, entry);

	if (request != NULL && (entry->flags & RING_FLAG_LAST) != 0) {
		request->is_leaving = true;
		if (request->state != REQUEST_STATE_ENDED) {
			request_tell(request, HTTPSYS_EVENT_GONE);
		}
	} else if (request != NULL && !request->is_gone) {
		request->is_gone = true;
		lane->n_news++;
		if (request->state != REQUEST_STATE_ENDED) {
			request_tell(request, HTTPSYS_EVENT_GONE);
		}
	}

	return 0;
}

/* lane_tell_space() - there is room again: tell those who asked */
static void lane_tell_space(struct lane *lane)
{
	lane->n_news++;
	list_for_each(node, &lane->waiters)
	{
		list_remove(node);
		request_tell(list_entry(node, struct httpsys_request, waiter_link),
			     HTTPSYS_EVENT_SPACE);
	}
}

void lane_return_block(struct lane *lane, uint32_t block)
{
	assert(lane != NULL && block < lane->area.geometry.n_blocks && lane->is_block_used[block]);

	lane->is_block_used[block] = false;
	lane->free_blocks[lane->n_free_blocks++] = block;
}

static int lane_block_free(struct lane *lane, const struct ring_entry *entry)
{
	if (entry->block >= lane->area.geometry.n_blocks || !lane->is_block_used[entry->block]) {
		return LANE_E_CORRUPT;
	}
	lane_return_block(lane, entry->block);
	lane_tell_space(lane);

	return 0;
}

static int lane_file_done(struct lane *lane, const struct ring_entry *entry)
{
	struct httpsys_request *request = &lane->requests[entry->slot];

	/* Also when the request has ended: its object is not in use again before the file is sent.
	 */
	if (request->generation == entry->generation) {
		file_done(&lane->files, request->file_number);
		request->file_number = FILE_NUMBER_NONE;
		lane_tell_space(lane);
	}

	return 0;
}

static int lane_request_done(struct lane *lane, const struct ring_entry *entry)
{
	struct httpsys_request *request = lane_find_request(lane, entry);

	if (request != NULL && request->state == REQUEST_STATE_ENDED) {
		request_done(request);
	}

	return 0;
}

static int (*const lane_handlers[])(struct lane *lane, const struct ring_entry *entry) = {
	[RING_REQUEST_NEW] = lane_request_new,     [RING_REQUEST_BODY] = lane_request_body,
	[RING_REQUEST_GONE] = lane_request_gone,   [RING_REQUEST_BLOCK_FREE] = lane_block_free,
	[RING_REQUEST_FILE_DONE] = lane_file_done, [RING_REQUEST_DONE] = lane_request_done,
};

int lane_take(struct lane *lane, struct httpsys_request **ret_request)
{
	assert(lane != NULL && ret_request != NULL);

	uint32_t n_entries;
	if (unlikely(ring_reader_count(&lane->reader, &n_entries) != 0 || lane->is_broken)) {
		return LANE_E_CORRUPT;
	}
	if (n_entries == 0) {
		return 0;
	}

	int r = 0;
	for (; n_entries > 0 && r == 0; n_entries--) {
		struct ring_entry entry = ring_reader_take(&lane->reader);

		if (entry.type == 0 || entry.type >= array_len(lane_handlers) ||
		    entry.slot >= lane->area.geometry.n_slots) {
			return LANE_E_CORRUPT;
		}
		r = lane_handlers[entry.type](lane, &entry);
		if (r == LANE_E_REQUEST) {
			*ret_request = &lane->requests[entry.slot];
		}
	}

	/* What is released counts as taken: should this process die, nobody else gets it again. */
	ring_reader_release(&lane->reader);

	return r;
}

struct ring_entry *lane_stage(struct lane *lane, const struct httpsys_request *request,
			      unsigned type, unsigned flags)
{
	assert(lane != NULL && request != NULL);

	if (lane->room == 0) {
		lane->room = ring_writer_room(&lane->writer);
		if (lane->room == 0) {
			/* Cannot happen with an engine that keeps the protocol.  Nothing that is
			 * staged from now on is shown; the next turn gives the connection up. */
			lane->is_broken = true;
			lane->room = lane->writer.n_entries;
		}
	}
	lane->room--;

	struct ring_entry *entry = ring_writer_stage(&lane->writer);
	*entry = (struct ring_entry){.type = (uint8_t)type,
				     .flags = (uint8_t)flags,
				     .slot = request->slot,
				     .generation = request->generation,
				     .block = RING_NO_BLOCK};

	return entry;
}

bool lane_has_spare_room(struct lane *lane)
{
	assert(lane != NULL);

	if (lane->room <= lane_reserve(lane)) {
		lane->room = ring_writer_room(&lane->writer);
	}

	return lane->room > lane_reserve(lane);
}

/* lane_look() - wake the engine where needed */
static void lane_look(struct lane *lane, bool is_credit_new)
{
	struct ring_area_header *engine = area_request_header(&lane->area);
	bool must_wake = ring_writer_must_wake(&lane->writer) && lane->is_unwoken;

	if (is_credit_new && __atomic_load_n(&engine->wants, __ATOMIC_RELAXED) != 0) {
		must_wake = true;
	}
	lane->is_unwoken = false;
	if (must_wake) {
		/* A full counter means that it is being woken already. */
		(void)eventfd_write(lane->engine_fd, 1);
	}
}

static void lane_store_credit(struct lane *lane, uint32_t credit)
{
	lane->credit = credit;
	__atomic_store_n(&area_response_header(&lane->area)->credit, credit, __ATOMIC_RELEASE);
}

/* lane_prefetch() - a credit over the number of slots would be taken for nonsense */
static uint32_t lane_prefetch(const struct lane *lane, uint32_t prefetch)
{
	uint32_t n_slots = lane->area.geometry.n_slots;

	return prefetch < n_slots ? prefetch : n_slots;
}

void lane_show(struct lane *lane, uint32_t prefetch)
{
	assert(lane != NULL);

	prefetch = lane_prefetch(lane, prefetch);

	if (lane->writer.published != lane->writer.staged && !lane->is_broken) {
		ring_writer_show(&lane->writer);
		lane->is_unwoken = true;
	}

	/* In quarters, so that the engine never runs dry and the word is seldom written. */
	uint32_t credit = lane->n_taken + prefetch;
	if (credit - lane->credit > prefetch / 4) {
		lane_store_credit(lane, credit);
		lane_look(lane, true);
	}
}

void lane_wake(struct lane *lane, uint32_t prefetch)
{
	assert(lane != NULL);

	uint32_t credit = lane->n_taken + lane_prefetch(lane, prefetch);
	bool is_credit_new = credit != lane->credit;

	if (is_credit_new) {
		lane_store_credit(lane, credit);
	}
	if (is_credit_new || lane->is_unwoken) {
		lane_look(lane, is_credit_new);
	}
}

uint32_t lane_take_block(struct lane *lane)
{
	assert(lane != NULL);

	if (lane->n_free_blocks == 0) {
		return RING_NO_BLOCK;
	}

	uint32_t block = lane->free_blocks[--lane->n_free_blocks];
	lane->is_block_used[block] = true;

	return block;
}

void lane_free_body(struct lane *lane, const struct httpsys_request *request, uint32_t block)
{
	assert(lane != NULL && block < lane->area.geometry.n_blocks);
	assert(lane->bodies[block].is_held);

	lane->bodies[block].is_held = false;
	if (!lane->set->is_lost) {
		lane_stage(lane, request, RING_RESPONSE_BODY_FREE, 0)->block = block;
	}
}

void lane_lose(struct lane *lane)
{
	assert(lane != NULL);

	for (uint32_t i = 0; i < lane->area.geometry.n_slots; i++) {
		struct httpsys_request *request = &lane->requests[i];

		switch (request->state) {
		case REQUEST_STATE_FREE:
			break;
		case REQUEST_STATE_TAKEN:
			request_free_slot(request);
			break;
		case REQUEST_STATE_OPEN:
			if (!request->is_gone) {
				request->is_gone = true;
				request_tell(request, HTTPSYS_EVENT_GONE);
			}
			break;
		case REQUEST_STATE_ENDED:
			request_done(request);
			break;
		}
	}
}
