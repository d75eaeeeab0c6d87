/* SPDX-License-Identifier: MIT */

/*
 * Request queues as the workers use them: first in, first out per worker; the length limit counts
 * over all of them.
 */

#include "engine/queue.h"

#include <assert.h>

#include "base/mem.h"
#include "engine/lane.h"
#include "engine/request_sink.h"
#include "engine/worker.h"

/* A receiver with fewer untaken requests than this is preferred although others have none. */
#define QUEUE_UNTAKEN_GOOD 8

struct queue *queue_new(uint64_t id, unsigned n_workers, uint32_t entries_max)
{
	struct queue *queue = mem_new(sizeof(*queue) + n_workers * sizeof(struct worker_queue));

	if (queue == NULL) {
		return NULL;
	}

	queue->id = id;
	queue->entries_max = entries_max;
	queue->n_workers = n_workers;
	for (unsigned i = 0; i < n_workers; i++) {
		queue->per_worker[i].queue = queue;
		list_init(&queue->per_worker[i].waiting);
		list_init(&queue->per_worker[i].lanes);
	}

	return queue;
}

struct queue *queue_free(struct queue *queue)
{
	return mem_free(queue);
}

bool queue_wait(struct worker_queue *queue, struct request *request)
{
	struct queue *shared = queue->queue;
	uint32_t max = __atomic_load_n(&shared->entries_max, __ATOMIC_RELAXED);

	if (queue->is_closed || __atomic_add_fetch(&shared->n_waiting, 1, __ATOMIC_RELAXED) > max) {
		if (!queue->is_closed) {
			__atomic_sub_fetch(&shared->n_waiting, 1, __ATOMIC_RELAXED);
		}
		__atomic_add_fetch(&shared->n_rejected, 1, __ATOMIC_RELAXED);

		return false;
	}

	request->queue = queue;
	list_append(&queue->waiting, &request->wait_link);

	return true;
}

void queue_forget(struct request *request)
{
	assert(request->queue != NULL);

	list_remove(&request->wait_link);
	__atomic_sub_fetch(&request->queue->queue->n_waiting, 1, __ATOMIC_RELAXED);
	request->queue = NULL;
}

struct lane *queue_pick(struct worker_queue *queue)
{
	struct lane *best = NULL;
	uint32_t best_untaken = UINT32_MAX;

	list_for_each(node, &queue->lanes)
	{
		struct lane *lane = list_entry(node, struct lane, queue_link);
		uint32_t n_untaken = lane_n_untaken(lane);

		if (n_untaken >= best_untaken || !lane_can_take(lane)) {
			continue;
		}
		/* Waking a process costs more than the request: one that is awake comes first. */
		if (n_untaken < QUEUE_UNTAKEN_GOOD && lane_is_awake(lane)) {
			return lane;
		}
		best = lane;
		best_untaken = n_untaken;
	}

	return best;
}

void queue_serve(struct worker_queue *queue)
{
	while (!list_is_empty(&queue->waiting) && queue_pick(queue) != NULL) {
		struct request *request =
			list_entry(queue->waiting.next, struct request, wait_link);

		queue_forget(request);
		request->sink->on_retry(request);
	}
}

void queue_close(struct worker_queue *queue)
{
	queue->is_closed = true;
	while (!list_is_empty(&queue->waiting)) {
		struct request *request =
			list_entry(queue->waiting.next, struct request, wait_link);

		queue_forget(request);
		request->sink->on_retry(request);
	}
}
