/* SPDX-License-Identifier: MIT */

/*
 * Writing a request into its slot: the head as received, the parsed table beside it, and behind it
 * whatever does not lie in the head (a cooked path, the prefix).  One pass, nothing is read back.
 */

#include "engine/request_slot.h"

#include <stddef.h>
#include <string.h>

#include "engine/lane.h"
#include "engine/queue.h"
#include "engine/request_sink.h"
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

static struct ring_address request_slot_address(const struct ip_endpoint *endpoint)
{
	struct ring_address address = {.port = endpoint->port, .scope_id = endpoint->addr.scope_id};

	if (endpoint->addr.family == AF_INET) {
		address.ip[10] = 0xff;
		address.ip[11] = 0xff;
		memcpy(address.ip + 12, endpoint->addr.bytes, 4);
	} else {
		memcpy(address.ip, endpoint->addr.bytes, 16);
	}

	return address;
}

static uint32_t request_slot_flags(const struct http_request *parsed,
				   const struct route_match *match)
{
	return (http_request_has_body(parsed) ? RING_REQUEST_HAS_BODY : 0u) |
	       (parsed->is_continue_awaited ? RING_REQUEST_EXPECTS : 0u) |
	       (match->bucket == PREFIX_BUCKET_IP ? RING_REQUEST_IS_IP_ROUTED : 0u) |
	       (parsed->is_keep_alive ? RING_REQUEST_IS_KEEPALIVE : 0u);
}

static uint64_t request_slot_content_length(const struct http_request *parsed)
{
	if (parsed->is_chunked) {
		return RING_LENGTH_UNKNOWN;
	}

	return parsed->content_length > 0 ? (uint64_t)parsed->content_length : 0;
}

static bool request_slot_spans(struct request_slot *slot, struct ring_request_head *head,
			       const struct http_request *parsed, const struct route_match *match)
{
	struct slice query = parsed->query;

	if (query.data != NULL) {
		query = slice_from_offset(query, 1);
	}

	return request_slot_span(slot, parsed->method, &head->method) &&
	       request_slot_span(slot, parsed->target, &head->target) &&
	       request_slot_span(slot, parsed->host.name, &head->host) &&
	       request_slot_span(slot, parsed->path, &head->path) &&
	       request_slot_span(slot, query, &head->query) &&
	       request_slot_span(slot, route_entry_text(match->entry), &head->prefix);
}

uint32_t request_slot_write(const struct exchange *exchange, const struct request *request,
			    const struct http_request *parsed, const struct route_match *match,
			    const char *data)
{
	const struct area *area = &exchange->lane->area;
	struct request_slot slot = {
		.base = area_request_slot(area, exchange->slot),
		.at = sizeof(struct ring_request_head),
		.size = area->geometry.request_slot_bytes,
		.data = data,
		.data_at = sizeof(struct ring_request_head),
		.data_len = parsed->head_bytes,
	};
	struct ring_request_head *head = (struct ring_request_head *)(void *)slot.base;

	if (!request_slot_put(&slot, data, parsed->head_bytes) ||
	    !request_slot_spans(&slot, head, parsed, match) ||
	    !request_slot_fields(&slot, parsed)) {
		return 0;
	}

	head->connection_id = request->connection_id;
	head->request_id = worker_next_id(request->worker);
	head->url_context = match->entry->context;
	head->group_id = match->entry->group->id;
	head->content_length = request_slot_content_length(parsed);
	head->flags = request_slot_flags(parsed, match);
	head->method_id = parsed->method_id;
	head->version_major = 1;
	head->version_minor = parsed->version_minor > 0 ? 1 : 0;
	head->remote = request_slot_address(&request->remote);
	head->local = request_slot_address(&request->local);
	head->n_fields = parsed->n_fields;
	head->fields_offset = slot.at - parsed->n_fields * (uint32_t)sizeof(struct ring_field);

	return slot.at;
}
