/* SPDX-License-Identifier: MIT */

/*
 * From bytes to a receiver: parse the head, look the route up, find a lane with room, write the
 * request into its slot.  A request that finds no room waits as bytes in conn->in and comes here
 * again; it is then routed anew, so that it follows changes of the URL space.
 */

#include <assert.h>
#include <string.h>

#include "base/rcu.h"
#include "engine/conn.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/queue.h"
#include "engine/route.h"
#include "engine/worker.h"
#include "http/request.h"
#include "ring/layout.h"

_Static_assert(sizeof(struct http_field) == sizeof(struct ring_field), "same form");
_Static_assert(offsetof(struct http_field, name_off) == offsetof(struct ring_field, name_offset) &&
		       offsetof(struct http_field, value_off) ==
			       offsetof(struct ring_field, value_offset) &&
		       offsetof(struct http_field, value_len) ==
			       offsetof(struct ring_field, value_len) &&
		       offsetof(struct http_field, name_len) ==
			       offsetof(struct ring_field, name_len) &&
		       offsetof(struct http_field, id) == offsetof(struct ring_field, id),
	       "the field table is copied");

/* Writing into a request slot: @at is the next free byte. */
struct request_slot {
	char *base;
	uint32_t at;
	uint32_t size;
	const char *data; /* the head as received ... */
	uint32_t data_at; /* ... and where it was copied to */
	uint32_t data_len;
};

static bool request_slot_put(struct request_slot *slot, const void *bytes, size_t len)
{
	if (len > slot->size - slot->at) {
		return false;
	}
	memcpy(slot->base + slot->at, bytes, len);
	slot->at += (uint32_t)len;

	return true;
}

/* The span of @s, which lies in the head, or is copied behind what is there. */
static bool request_slot_span(struct request_slot *slot, struct slice s, struct ring_span *ret_span)
{
	uintptr_t offset = (uintptr_t)s.data - (uintptr_t)slot->data;

	*ret_span = (struct ring_span){0};
	if (s.data == NULL) {
		return true;
	}
	if (offset < slot->data_len && s.len <= slot->data_len - offset) {
		*ret_span = (struct ring_span){slot->data_at + (uint32_t)offset, (uint32_t)s.len};

		return true;
	}

	*ret_span = (struct ring_span){slot->at, (uint32_t)s.len};

	return request_slot_put(slot, s.data, s.len);
}

static bool request_slot_fields(struct request_slot *slot, const struct http_request *request)
{
	uint32_t bytes = request->n_fields * (uint32_t)sizeof(struct ring_field);
	uint32_t start = (slot->at + 7u) & ~7u;

	if (start > slot->size || bytes > slot->size - start) {
		return false;
	}
	slot->at = start + bytes;

	struct ring_field *fields = (struct ring_field *)(void *)(slot->base + start);
	for (uint32_t i = 0; i < request->n_fields; i++) {
		const struct http_field *field = &request->fields[i];

		fields[i] = (struct ring_field){.name_offset = field->name_off + slot->data_at,
						.value_offset = field->value_off + slot->data_at,
						.value_len = field->value_len,
						.name_len = field->name_len,
						.id = field->id};
	}

	return true;
}

static struct ring_address request_address(const struct ip_endpoint *endpoint)
{
	struct ring_address address = {.port = endpoint->port,
				       .scope_id = endpoint->addr.scope_id};

	if (endpoint->addr.family == AF_INET) {
		address.ip[10] = 0xff;
		address.ip[11] = 0xff;
		memcpy(address.ip + 12, endpoint->addr.bytes, 4);
	} else {
		memcpy(address.ip, endpoint->addr.bytes, 16);
	}

	return address;
}

static uint32_t request_flags(const struct http_request *request, const struct route_match *match)
{
	return (http_request_has_body(request) ? RING_REQUEST_HAS_BODY : 0u) |
	       (request->is_continue_awaited ? RING_REQUEST_EXPECTS : 0u) |
	       (match->bucket == PREFIX_BUCKET_IP ? RING_REQUEST_IS_IP_ROUTED : 0u) |
	       (request->is_keep_alive ? RING_REQUEST_IS_KEEPALIVE : 0u);
}

/* Write the request into the exchange's slot.  Return: false = it does not fit. */
static bool request_write(struct exchange *exchange, const struct http_request *request,
			  const struct route_match *match, const char *data)
{
	struct lane *lane = exchange->lane;
	struct conn *conn = exchange->conn;
	struct request_slot slot = {
		.base = area_request_slot(&lane->area, exchange->slot),
		.at = sizeof(struct ring_request_head),
		.size = lane->area.geometry.request_slot_bytes,
		.data = data,
		.data_at = sizeof(struct ring_request_head),
		.data_len = request->head_bytes,
	};
	struct ring_request_head *head = (struct ring_request_head *)(void *)slot.base;
	struct slice query = request->query;
	bool is_fitting = request_slot_put(&slot, data, request->head_bytes);

	if (query.data != NULL) {
		query = slice_from_offset(query, 1);
	}
	is_fitting = is_fitting && request_slot_span(&slot, request->method, &head->method) &&
		     request_slot_span(&slot, request->target, &head->target) &&
		     request_slot_span(&slot, request->host.name, &head->host) &&
		     request_slot_span(&slot, request->path, &head->path) &&
		     request_slot_span(&slot, query, &head->query) &&
		     request_slot_span(&slot, route_entry_text(match->entry), &head->prefix) &&
		     request_slot_fields(&slot, request);
	if (!is_fitting) {
		return false;
	}

	head->connection_id = conn->id;
	head->request_id = worker_next_id(conn->worker);
	head->url_context = match->entry->context;
	head->group_id = match->entry->group->id;
	head->content_length = request->is_chunked           ? RING_LENGTH_UNKNOWN
			       : request->content_length > 0 ? (uint64_t)request->content_length
							     : 0;
	head->flags = request_flags(request, match);
	head->method_id = request->method_id;
	head->version_major = 1;
	head->version_minor = request->version_minor > 0 ? 1 : 0;
	head->remote = request_address(&conn->remote);
	head->local = request_address(&conn->local);
	head->n_fields = request->n_fields;
	head->fields_offset = slot.at - request->n_fields * (uint32_t)sizeof(struct ring_field);
	exchange->head_bytes = request->head_bytes;

	struct ring_entry *entry = lane_stage(lane, RING_REQUEST_NEW, exchange->slot,
					      exchange->generation, RING_NO_BLOCK);
	entry->length = slot.at;

	return true;
}

/* Hand the request to @lane, and as much of its body as is here already. */
static void request_deliver(struct conn *conn, struct lane *lane,
			    const struct http_request *request, const struct route_match *match,
			    const char *data, size_t len)
{
	struct exchange *exchange = lane_exchange_new(lane, conn);

	if (!request_write(exchange, request, match, data)) {
		lane->n_delivered--;
		lane_exchange_free(exchange);
		conn->exchange = NULL;
		conn_refuse(conn, HTTP_REASON_REQUEST_LENGTH);

		return;
	}

	bool has_body = http_request_has_body(request);
	exchange->is_head = request->method_id == HTTP_METHOD_HEAD;
	exchange->version_minor = request->version_minor;
	exchange->framing.is_keep_alive = request->is_keep_alive;
	exchange->is_chunked = request->is_chunked;
	exchange->wants_body = !request->is_continue_awaited;
	exchange->is_body_sent = !has_body;
	conn->phase = CONN_PHASE_EXCHANGE;
	conn->is_continue_due = request->is_continue_awaited;
	conn->is_body_pending = has_body;
	conn->is_requeued = false;
	conn_arm(conn);
	worker_count(conn->worker, REQUESTS_DELIVERED);

	size_t used = request->head_bytes;
	if (has_body) {
		h1_body_init(&conn->body, request, &conn->worker->params->limits);
		used += upload_feed(conn, data + used, len - used);
		if (conn->exchange != exchange) {
			return; /* the body was refused */
		}
	}
	if (data == conn->in) {
		conn_consume(conn, used);
	} else if (used < len && conn_keep(conn, data + used, len - used) < 0) {
		conn_close(conn);

		return;
	}
	if (has_body && conn->is_body_pending) {
		conn_want_flush(conn);
	}
}

static void request_refuse(struct conn *conn, enum http_reason reason, enum counter counter)
{
	counters_add(&conn->worker->counters, counter, 1);
	conn_refuse(conn, reason);
}

/* The request has found its group: to a lane, into the queue, or no further. */
static void request_dispatch(struct conn *conn, const struct http_request *request,
			     const struct route_match *match, const char *data, size_t len)
{
	const struct url_group *group = match->entry->group;
	struct queue *queue = rcu_read(&group->queue);

	if (__atomic_load_n(&group->state, __ATOMIC_RELAXED) != GROUP_STATE_ACTIVE ||
	    (queue != NULL &&
	     __atomic_load_n(&queue->state, __ATOMIC_RELAXED) != GROUP_STATE_ACTIVE)) {
		request_refuse(conn, HTTP_REASON_DISABLED, COUNTER_REQUESTS_DISABLED);

		return;
	}
	if (queue == NULL) {
		request_refuse(conn, HTTP_REASON_NOT_AVAILABLE, COUNTER_REQUESTS_NO_QUEUE);

		return;
	}

	struct worker_queue *mine = &queue->per_worker[conn->worker->index];
	if (!conn->is_requeued) {
		__atomic_add_fetch(&queue->n_arrived, 1, __ATOMIC_RELAXED);
	}

	/* First come, first served: nobody overtakes those who wait. */
	struct lane *lane = list_is_empty(&mine->waiting) || conn->is_requeued ? queue_pick(mine)
									       : NULL;
	if (lane != NULL) {
		request_deliver(conn, lane, request, match, data, len);

		return;
	}
	if (!queue_wait(mine, conn)) {
		request_refuse(conn, HTTP_REASON_QUEUE_FULL, COUNTER_REQUESTS_QUEUE_FULL);

		return;
	}

	conn->phase = CONN_PHASE_QUEUED;
	if (!conn->is_requeued) {
		worker_count(conn->worker, REQUESTS_QUEUED);
	}
	conn->is_requeued = true;
	conn_arm(conn);
	if (data != conn->in && conn_keep(conn, data, len) < 0) {
		conn_close(conn);
	}
}

static void request_route(struct conn *conn, const struct http_request *request, const char *data,
			  size_t len)
{
	/* A prefix names a link-local address without its interface. */
	struct ip_addr local = conn->local.addr;
	local.scope_id = 0;

	struct route_key key = {
		.scheme = conn->scheme,
		.port = conn->local.port,
		.host = request->host.name,
		.is_host_literal = request->host.kind != HTTP_HOST_NAME,
		.local = &local,
		.path = request->path,
	};
	struct route_match match = route_lookup(&conn->worker->engine->routes, &key, NULL);

	switch (match.outcome) {
	case ROUTE_OUTCOME_FOUND:
		request_dispatch(conn, request, &match, data, len);
		break;
	case ROUTE_OUTCOME_RESERVED:
		request_refuse(conn, HTTP_REASON_NOT_AVAILABLE, COUNTER_REQUESTS_RESERVED);
		break;
	case ROUTE_OUTCOME_NO_PATH:
		request_refuse(conn, HTTP_REASON_NOT_FOUND, COUNTER_REQUESTS_NO_PATH);
		break;
	case ROUTE_OUTCOME_NO_HOST:
		request_refuse(conn, HTTP_REASON_HOSTNAME, COUNTER_REQUESTS_NO_HOST);
		break;
	}
}

void request_process(struct conn *conn, const char *data, size_t len)
{
	struct worker *worker = conn->worker;
	const struct http_limits *limits = &worker->params->limits;
	struct http_request request;

	assert(conn->exchange == NULL && conn->queue == NULL);

	/* Scanned from the start again: what is in conn->in has seldom come in small pieces. */
	http_request_init(&request, worker->fields, worker->n_fields_cap, worker->cook,
			  worker->cook_bytes);
	conn->parser = (struct h1_parser){0};

	switch (h1_parse_head(data, len, limits, &conn->parser, &request)) {
	case H1_PARSE_NEED_MORE:
		conn->phase = len > 0 ? CONN_PHASE_HEAD : CONN_PHASE_IDLE;
		if (data != conn->in && len > 0 && conn_keep(conn, data, len) < 0) {
			conn_close(conn);

			return;
		}
		if (conn->is_half_closed && !conn->is_readable) {
			conn_close(conn);
		}
		break;
	case H1_PARSE_REJECTED:
		request_refuse(conn, (enum http_reason)request.reason, COUNTER_REQUESTS_REJECTED);
		break;
	case H1_PARSE_DONE:
		if (!conn->is_requeued) {
			worker_count(worker, REQUESTS_RECEIVED);
		}
		request_route(conn, &request, data, len);
		break;
	}
}
