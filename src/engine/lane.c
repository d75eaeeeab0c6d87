/* SPDX-License-Identifier: MIT */

/*
 * Lanes: slots, blocks, credit, sleep protocol and life cycle; see lane.h.  What the application's
 * entries mean for its exchanges is in reply.c, what becomes of them when it dies in abandon.c.
 */

#include "engine/lane.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "engine/abandon.h"
#include "engine/queue.h"
#include "engine/receiver.h"
#include "engine/reply.h"
#include "engine/request_sink.h"
#include "engine/worker.h"

static void lane_on_event(struct loop_source *source, uint32_t events)
{
	struct lane *lane = container_of(source, struct lane, source);

	(void)events;
	/* Edge-triggered: each ring of the bell is a new edge, its counter need not be read. */
	lane_consume(lane);
	if (lane->queue != NULL) {
		queue_serve(lane->queue);
	}
}

static void lane_free(struct lane *lane)
{
	if (lane == NULL) {
		return;
	}

	for (unsigned i = 0; i < RING_FILES_MAX; i++) {
		if (lane->files[i] != NULL) {
			lane_file_unref(lane->files[i]);
		}
	}
	fd_close(lane->source.fd);
	fd_close(lane->wake_fd);
	fd_close(lane->file_fd);
	area_fini(&lane->area);
	mem_free(lane->exchanges);
	mem_free(lane->free_slots);
	mem_free(lane->free_blocks);
	mem_free(lane->block_slots);
	mem_free(lane);
}

static int lane_make_tables(struct lane *lane)
{
	const struct ring_geometry *geometry = &lane->area.geometry;

	lane->exchanges = mem_new_array(geometry->n_slots, sizeof(*lane->exchanges));
	lane->free_slots = mem_new_array(geometry->n_slots, sizeof(*lane->free_slots));
	lane->free_blocks = mem_new_array(geometry->n_blocks, sizeof(*lane->free_blocks));
	lane->block_slots = mem_new_array(geometry->n_blocks, sizeof(*lane->block_slots));
	if (lane->exchanges == NULL || lane->free_slots == NULL || lane->free_blocks == NULL ||
	    lane->block_slots == NULL) {
		return result_origin(-ENOMEM);
	}

	/* The stacks give the low numbers first: few pages stay hot. */
	for (uint32_t i = 0; i < geometry->n_slots; i++) {
		lane->exchanges[i].lane = lane;
		lane->exchanges[i].slot = i;
		lane->free_slots[i] = geometry->n_slots - 1 - i;
	}
	lane->n_free_slots = geometry->n_slots;
	for (uint32_t i = 0; i < geometry->n_blocks; i++) {
		lane->free_blocks[i] = geometry->n_blocks - 1 - i;
		lane->block_slots[i] = LANE_BLOCK_FREE;
	}
	lane->n_free_blocks = geometry->n_blocks;

	return 0;
}

int lane_new(struct worker *worker, struct receiver *receiver, struct lane_setup *setup,
	     struct lane **ret_lane)
{
	assert(worker != NULL && setup != NULL && ret_lane != NULL);

	struct lane *lane = mem_new(sizeof(*lane));
	int r = -ENOMEM;

	if (lane == NULL) {
		area_fini(&setup->area);
		fd_close(setup->event_fd);
		fd_close(setup->wake_fd);
		fd_close(setup->file_fd);

		return result_origin(r);
	}

	lane->worker = worker;
	lane->receiver = receiver;
	lane->area = setup->area;
	lane->source.fd = setup->event_fd;
	lane->source.on_event = lane_on_event;
	lane->wake_fd = setup->wake_fd;
	lane->file_fd = setup->file_fd;
	list_init(&lane->queue_link);
	list_init(&lane->active_link);
	list_init(&lane->wake_link);
	list_init(&lane->blocked);

	r = lane_make_tables(lane);
	if (r == 0) {
		ring_engine_ends(&lane->area, &lane->writer, &lane->reader);
		/* Until something is asked of it the application rings for everything. */
		(void)ring_reader_sleep(&lane->reader);
		r = loop_add(&worker->loop, &lane->source, EPOLLIN | EPOLLET);
	}
	if (r < 0) {
		lane_free(lane);

		return result_trace(r);
	}
	*ret_lane = lane;

	return 0;
}

void lane_attach(struct lane *lane, struct worker_queue *queue)
{
	assert(lane->queue == NULL);

	lane->queue = queue;
	list_append(&queue->lanes, &lane->queue_link);
	queue_serve(queue);
}

void lane_detach(struct lane *lane)
{
	struct worker_queue *queue = lane->queue;

	assert(queue != NULL);
	lane->n_pieces++; /* keeps the lane while its exchanges are taken apart */
	lane->queue = NULL;
	list_remove(&lane->queue_link);
	loop_remove(&lane->worker->loop, &lane->source);

	/* What it said before it went still counts. */
	lane_consume(lane);
	lane->is_broken = true;
	list_remove(&lane->active_link);
	list_remove(&lane->wake_link);

	abandon_exchanges(lane);
	lane_piece_done(lane);
	queue_serve(queue);
}

static uint32_t lane_credit(const struct lane *lane)
{
	return __atomic_load_n(&area_response_header(&lane->area)->credit, __ATOMIC_ACQUIRE) -
	       lane->n_delivered;
}

/* A credit that is more than the slots can be is no credit but a counter gone backwards. */
static bool lane_has_credit(const struct lane *lane)
{
	uint32_t credit = lane_credit(lane);

	return credit > 0 && credit <= lane->area.geometry.n_slots;
}

bool lane_can_take(const struct lane *lane)
{
	if (lane->is_broken || lane->n_free_slots == 0) {
		return false;
	}

	/* Nobody waits any more, or whoever does will ask again. */
	uint32_t *wants = &area_request_header(&lane->area)->wants;
	if (lane_has_credit(lane)) {
		if (__atomic_load_n(wants, __ATOMIC_RELAXED) != 0) {
			__atomic_store_n(wants, 0, __ATOMIC_RELAXED);
		}

		return true;
	}

	/* Ask to be woken by new credit, then look once more: it may just have come. */
	__atomic_store_n(wants, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!lane_has_credit(lane)) {
		return false;
	}
	__atomic_store_n(wants, 0, __ATOMIC_RELAXED);

	return true;
}

bool lane_is_awake(const struct lane *lane)
{
	return __atomic_load_n(lane->writer.sleeps, __ATOMIC_RELAXED) == 0;
}

uint32_t lane_n_untaken(const struct lane *lane)
{
	return lane->writer.staged - __atomic_load_n(lane->writer.tail, __ATOMIC_RELAXED);
}

/* From now on the application owes us something: look at its ring each turn. */
static void lane_activate(struct lane *lane)
{
	if (list_is_empty(&lane->active_link) && !lane->is_broken) {
		list_append(&lane->worker->active_lanes, &lane->active_link);
		lane_wake(lane);
	}
}

static void lane_rest_if_idle(struct lane *lane)
{
	if (lane->n_free_slots < lane->area.geometry.n_slots || list_is_empty(&lane->active_link) ||
	    lane->writer.staged != lane->writer.published) {
		return;
	}
	if (ring_reader_sleep(&lane->reader)) {
		list_remove(&lane->active_link);
	}
}

struct ring_entry *lane_stage(struct lane *lane, enum ring_entry_type type, uint32_t slot,
			      uint32_t generation, uint32_t block)
{
	/* By geometry there is room; without it the application's tail is a lie. */
	if (ring_writer_room(&lane->writer) == 0) {
		lane_break(lane, "its tail counter is impossible");
	}

	struct ring_entry *entry = ring_writer_stage(&lane->writer);

	*entry = (struct ring_entry){
		.type = (uint8_t)type, .slot = slot, .generation = generation, .block = block};
	lane_activate(lane);

	return entry;
}

struct exchange *lane_exchange_new(struct lane *lane, struct request *request)
{
	assert(lane->n_free_slots > 0);

	struct exchange *exchange = &lane->exchanges[lane->free_slots[--lane->n_free_slots]];
	uint32_t generation = exchange->generation + 1;
	uint32_t slot = exchange->slot;

	*exchange = (struct exchange){.lane = lane,
				      .request = request,
				      .slot = slot,
				      .generation = generation,
				      .state = EXCHANGE_STATE_HEAD,
				      .trailer_block = RING_NO_BLOCK,
				      .position = lane->writer.staged};
	lane->n_delivered++;
	request->exchange = exchange;

	return exchange;
}

void lane_exchange_free(struct exchange *exchange)
{
	struct lane *lane = exchange->lane;

	assert(exchange->state != EXCHANGE_STATE_FREE);
	if (exchange->trailer_block != RING_NO_BLOCK) {
		lane_block_return(exchange, exchange->trailer_block);
		exchange->trailer_block = RING_NO_BLOCK;
	}
	/* Request blocks that are still out come back by BODY_FREE, whoever has the slot then. */
	for (uint32_t i = 0; exchange->n_blocks > 0 && i < lane->area.geometry.n_blocks; i++) {
		if (lane->block_slots[i] == exchange->slot) {
			lane->block_slots[i] = LANE_BLOCK_ORPHAN;
			exchange->n_blocks--;
		}
	}
	exchange->state = EXCHANGE_STATE_FREE;
	exchange->request = NULL;
	lane->free_slots[lane->n_free_slots++] = exchange->slot;
}

uint32_t lane_block_take(struct exchange *exchange, bool is_trailer)
{
	struct lane *lane = exchange->lane;
	unsigned spare = is_trailer ? 1 : 0;

	if (lane->is_broken || lane->n_free_blocks + spare <= 1 ||
	    exchange->n_blocks >= LANE_BLOCKS_PER_EXCHANGE + spare) {
		return RING_NO_BLOCK;
	}

	uint32_t block = lane->free_blocks[--lane->n_free_blocks];
	lane->block_slots[block] = exchange->slot;
	exchange->n_blocks++;

	return block;
}

void lane_block_return(struct exchange *exchange, uint32_t block)
{
	struct lane *lane = exchange->lane;

	assert(lane->block_slots[block] == exchange->slot && exchange->n_blocks > 0);
	exchange->n_blocks--;
	lane_block_release(lane, block);
}

void lane_block_release(struct lane *lane, uint32_t block)
{
	lane->block_slots[block] = LANE_BLOCK_FREE;
	lane->free_blocks[lane->n_free_blocks++] = block;
}

void lane_consume(struct lane *lane)
{
	uint32_t n = 0;

	if (lane->is_broken) {
		return;
	}
	if (ring_reader_count(&lane->reader, &n) != 0) {
		lane_break(lane, "its head counter is impossible");

		return;
	}

	for (uint32_t i = 0; i < n && !lane->is_broken; i++) {
		struct ring_entry entry = ring_reader_take(&lane->reader);

		reply_on_entry(lane, &entry);
	}
	if (n > 0) {
		ring_reader_release(&lane->reader);
		if (lane->queue != NULL && !list_is_empty(&lane->queue->waiting)) {
			queue_serve(lane->queue);
		}
	}
}

void lane_serve(struct lane *lane)
{
	if (lane->is_slot_freed) {
		lane->is_slot_freed = false;
		if (lane->queue != NULL && !list_is_empty(&lane->queue->waiting)) {
			queue_serve(lane->queue);
		}
	}
}

void lane_publish(struct lane *lane)
{
	if (ring_writer_publish(&lane->writer) && list_is_empty(&lane->wake_link)) {
		worker_want_wake(lane->worker, &lane->wake_link);
	}
	if (lane->queue != NULL) {
		receiver_note_in_work(lane->receiver, lane->worker->index,
				      lane->area.geometry.n_slots - lane->n_free_slots);
	}
	lane_rest_if_idle(lane);
}

void lane_wake_receiver(struct lane *lane)
{
	list_remove(&lane->wake_link);
	if (lane_is_awake(lane)) {
		return; /* it woke by itself meanwhile, and looks before it sleeps again */
	}

	/*
	 * A pipe, not an eventfd: O_NONBLOCK of an eventfd is shared with the application, which
	 * could clear it, fill the counter, and have this thread block here.  EAGAIN means that the
	 * pipe is full of wake-ups already; EPIPE that it is going away.
	 */
	ssize_t n = write(lane->wake_fd, "", 1);
	(void)n;
	worker_count(lane->worker, RECEIVERS_WOKEN);
}

bool lane_sleep(struct lane *lane)
{
	return ring_reader_sleep(&lane->reader);
}

void lane_wake(struct lane *lane)
{
	ring_reader_wake(&lane->reader);
}

void lane_break(struct lane *lane, const char *why)
{
	if (lane->is_broken) {
		return;
	}

	lane->is_broken = true;
	worker_count(lane->worker, LANES_BROKEN);
	list_remove(&lane->active_link);
	receiver_report_broken(lane->receiver, why);
}

void lane_piece_done(struct lane *lane)
{
	assert(lane->n_pieces > 0);

	if (--lane->n_pieces == 0 && lane->queue == NULL && lane->is_broken) {
		lane_free(lane);
	}
}

void lane_on_sent(struct lane *lane, uint32_t slot, uint32_t generation)
{
	struct exchange *exchange = &lane->exchanges[slot];

	if (exchange->generation != generation || exchange->state != EXCHANGE_STATE_NOTIFY) {
		return;
	}
	lane_stage(lane, RING_REQUEST_DONE, slot, generation, RING_NO_BLOCK);
	lane_exchange_free(exchange);
	lane->is_slot_freed = true;
}
