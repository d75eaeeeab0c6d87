/* SPDX-License-Identifier: MIT */

/*
 * From a parsed request to a receiver: look the route up, find a lane with room, write the request
 * into its slot.  A request that finds no room waits; when its turn comes it is submitted again and
 * routed anew, so that it follows changes of the URL space.
 */

#include "engine/request.h"

#include <assert.h>

#include "base/rcu.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/queue.h"
#include "engine/request_slot.h"
#include "engine/route.h"
#include "engine/worker.h"
#include "http/request.h"
#include "ring/layout.h"

/* A refusal: what the client gets, and what is counted. */
static int request_refuse(const struct request *request, enum http_reason reason,
			  enum counter counter, enum http_reason *ret_reason)
{
	counters_add(&request->worker->counters, counter, 1);
	*ret_reason = reason;

	return REQUEST_E_REFUSED;
}

/* Hand the request to @lane. */
static int request_deliver(struct request *request, struct lane *lane,
			   const struct http_request *parsed, const struct route_match *match,
			   const char *head, enum http_reason *ret_reason)
{
	struct exchange *exchange = lane_exchange_new(lane, request);
	uint32_t n = request_slot_write(exchange, request, parsed, match, head);

	if (n == 0) {
		lane->n_delivered--;
		request->exchange = NULL;
		lane_exchange_free(exchange);
		*ret_reason = HTTP_REASON_REQUEST_LENGTH;

		return REQUEST_E_REFUSED;
	}

	exchange->head_bytes = parsed->head_bytes;
	exchange->wants_body = !parsed->is_continue_awaited;
	exchange->is_body_sent = !http_request_has_body(parsed);
	request->is_head = parsed->method_id == HTTP_METHOD_HEAD;
	request->is_chunked = parsed->is_chunked;
	request->has_body = http_request_has_body(parsed);
	request->is_continue_awaited = parsed->is_continue_awaited;
	request->version_minor = parsed->version_minor;
	request->is_resubmitted = false;

	struct ring_entry *entry = lane_stage(lane, RING_REQUEST_NEW, exchange->slot,
					      exchange->generation, RING_NO_BLOCK);
	entry->length = n;
	worker_count(request->worker, REQUESTS_DELIVERED);

	return 0;
}

static bool request_is_disabled(const struct url_group *group, const struct queue *queue)
{
	return __atomic_load_n(&group->state, __ATOMIC_RELAXED) != GROUP_STATE_ACTIVE ||
	       (queue != NULL &&
		__atomic_load_n(&queue->state, __ATOMIC_RELAXED) != GROUP_STATE_ACTIVE);
}

/* The request has found its group: to a lane, into the queue, or no further. */
static int request_dispatch(struct request *request, const struct http_request *parsed,
			    const struct route_match *match, const char *head,
			    enum http_reason *ret_reason)
{
	const struct url_group *group = match->entry->group;
	struct queue *queue = rcu_read(&group->queue);

	if (request_is_disabled(group, queue)) {
		return request_refuse(request, HTTP_REASON_DISABLED, COUNTER_REQUESTS_DISABLED,
				      ret_reason);
	}
	if (queue == NULL) {
		return request_refuse(request, HTTP_REASON_NOT_AVAILABLE, COUNTER_REQUESTS_NO_QUEUE,
				      ret_reason);
	}

	struct worker_queue *mine = &queue->per_worker[request->worker->index];
	if (!request->is_resubmitted) {
		__atomic_add_fetch(&queue->n_arrived, 1, __ATOMIC_RELAXED);
	}

	/* First come, first served: nobody overtakes those who wait. */
	bool may_pass = list_is_empty(&mine->waiting) || request->is_resubmitted;
	struct lane *lane = may_pass ? queue_pick(mine) : NULL;
	if (lane != NULL) {
		return request_deliver(request, lane, parsed, match, head, ret_reason);
	}
	if (!queue_wait(mine, request)) {
		return request_refuse(request, HTTP_REASON_QUEUE_FULL, COUNTER_REQUESTS_QUEUE_FULL,
				      ret_reason);
	}
	if (!request->is_resubmitted) {
		worker_count(request->worker, REQUESTS_QUEUED);
	}
	request->is_resubmitted = true;

	return REQUEST_E_QUEUED;
}

int request_submit(struct request *request, const struct http_request *parsed, const char *head,
		   enum http_reason *ret_reason)
{
	assert(request->exchange == NULL && request->queue == NULL);

	/* A prefix names a link-local address without its interface. */
	struct ip_addr local = request->local.addr;
	local.scope_id = 0;

	struct route_key key = {
		.scheme = request->scheme,
		.port = request->local.port,
		.host = parsed->host.name,
		.is_host_literal = parsed->host.kind != HTTP_HOST_NAME,
		.local = &local,
		.path = parsed->path,
	};
	struct route_match match = route_lookup(&request->worker->engine->routes, &key, NULL);

	if (!request->is_resubmitted) {
		worker_count(request->worker, REQUESTS_RECEIVED);
	}
	switch (match.outcome) {
	case ROUTE_OUTCOME_FOUND:
		return request_dispatch(request, parsed, &match, head, ret_reason);
	case ROUTE_OUTCOME_RESERVED:
		return request_refuse(request, HTTP_REASON_NOT_AVAILABLE, COUNTER_REQUESTS_RESERVED,
				      ret_reason);
	case ROUTE_OUTCOME_NO_PATH:
		return request_refuse(request, HTTP_REASON_NOT_FOUND, COUNTER_REQUESTS_NO_PATH,
				      ret_reason);
	default:
		return request_refuse(request, HTTP_REASON_HOSTNAME, COUNTER_REQUESTS_NO_HOST,
				      ret_reason);
	}
}

void request_tell_gone(struct request *request)
{
	struct exchange *exchange = request->exchange;

	if (exchange != NULL && !exchange->is_gone_told) {
		exchange->is_gone_told = true;
		lane_stage(exchange->lane, RING_REQUEST_GONE, exchange->slot, exchange->generation,
			   RING_NO_BLOCK);
	}
}

void request_tell_leaving(struct request *request)
{
	struct exchange *exchange = request->exchange;

	if (exchange != NULL && !exchange->is_leaving_told && !exchange->is_gone_told) {
		exchange->is_leaving_told = true;
		lane_stage(exchange->lane, RING_REQUEST_GONE, exchange->slot, exchange->generation,
			   RING_NO_BLOCK)
			->flags = RING_FLAG_LAST;
	}
}

void request_leave(struct request *request)
{
	struct exchange *exchange = request->exchange;

	if (request->queue != NULL) {
		queue_forget(request);
	}
	if (exchange == NULL) {
		return;
	}
	request_tell_gone(request);
	list_remove(&request->wait_link);
	request->exchange = NULL;
	exchange->request = NULL;
}
