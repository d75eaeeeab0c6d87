/* SPDX-License-Identifier: MIT */

/* Requests: life and head; see request.h. */

#include "lib/request.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/file.h"
#include "lib/lane.h"
#include "lib/receiver.h"

void request_init(struct httpsys_request *request, struct lane *lane, uint32_t slot)
{
	assert(request != NULL && lane != NULL);

	*request = (struct httpsys_request){.lane = lane,
					    .slot = slot,
					    .body_first = RING_NO_BLOCK,
					    .body_held = RING_NO_BLOCK,
					    .body_trailers = RING_NO_BLOCK,
					    .file_number = FILE_NUMBER_NONE};
	list_init(&request->link);
	list_init(&request->waiter_link);
	list_init(&request->done_link);
}

/* request_head() - the head that the engine wrote */
static const struct ring_request_head *request_head(const struct httpsys_request *request)
{
	return (const void *)area_request_slot(&request->lane->area, request->slot);
}

bool request_begin(struct httpsys_request *request, uint32_t generation, uint64_t length)
{
	assert(request != NULL);

	uint32_t slot_bytes = request->lane->area.geometry.request_slot_bytes;
	if (request->state != REQUEST_STATE_FREE || length < sizeof(struct ring_request_head) ||
	    length > slot_bytes) {
		return false;
	}

	/* The table of fields is checked once, and its place and size are kept here. */
	const volatile struct ring_request_head *head = request_head(request);
	uint32_t n_fields = head->n_fields;
	uint32_t fields_offset = head->fields_offset;
	if (fields_offset % _Alignof(struct ring_field) != 0 || fields_offset > slot_bytes ||
	    n_fields > (slot_bytes - fields_offset) / sizeof(struct ring_field)) {
		return false;
	}

	request->generation = generation;
	request->state = REQUEST_STATE_TAKEN;
	request->response = REQUEST_RESPONSE_NONE;
	request->is_gone = false;
	request->is_leaving = false;
	request->is_body_wanted = false;
	request->is_body_complete = (head->flags & RING_REQUEST_HAS_BODY) == 0;
	request->n_fields = n_fields;
	request->fields_offset = fields_offset;
	request->body_first = RING_NO_BLOCK;
	request->body_held = RING_NO_BLOCK;
	request->body_trailers = RING_NO_BLOCK;
	request->has_last_entry = false;
	request->last_room = 0;
	request->on_event = NULL;
	request->events = 0;

	return true;
}

bool request_is_dead(const struct httpsys_request *request)
{
	assert(request != NULL);

	return request->is_gone || request->lane->set->is_lost;
}

void request_tell(struct httpsys_request *request, enum httpsys_event event)
{
	assert(request != NULL);

	if (request->on_event == NULL) {
		return;
	}
	request->events |= 1u << event;
	if (list_is_empty(&request->link)) {
		list_append(&request->lane->set->receiver->events, &request->link);
	}
}

void request_end(struct httpsys_request *request)
{
	assert(request != NULL && request->state == REQUEST_STATE_OPEN);

	list_remove(&request->waiter_link);
	list_remove(&request->link);
	request->events = 0;
	if (request->on_event == NULL) {
		request_free_slot(request);

		return;
	}

	request->state = REQUEST_STATE_ENDED;
	if (request->lane->set->is_lost) {
		/* Nobody is left to say it. */
		request_done(request);
	}
}

void request_done(struct httpsys_request *request)
{
	assert(request != NULL && request->state == REQUEST_STATE_ENDED);
	assert(list_is_empty(&request->done_link));

	/* The set counts it as open until it was told. */
	request->state = REQUEST_STATE_FREE;
	request->done_on_event = request->on_event;
	request->done_user = request->user;
	list_append(&request->lane->set->receiver->dones, &request->done_link);
}

void request_deliver_done(struct httpsys_request *request)
{
	assert(request != NULL && list_is_empty(&request->done_link));
	assert(request->lane->set->n_open > 0);

	request->lane->set->n_open--;
	request->done_on_event(request->done_user, request, HTTPSYS_EVENT_DONE);
}

void request_free_slot(struct httpsys_request *request)
{
	assert(request != NULL && request->state != REQUEST_STATE_FREE);
	assert(request->lane->set->n_open > 0);

	list_remove(&request->waiter_link);
	list_remove(&request->link);
	request->events = 0;
	request->state = REQUEST_STATE_FREE;
	request->lane->set->n_open--;
}

void request_deliver(struct httpsys_request *request)
{
	assert(request != NULL);

	uint32_t generation = request->generation;

	/* The application may end the request in each call, and the events with it. */
	while (request->events != 0 && request->generation == generation) {
		enum httpsys_event event = (enum httpsys_event)__builtin_ctz(request->events);
		void (*on_event)(void *, struct httpsys_request *, enum httpsys_event) =
			request->on_event;
		void *user = request->user;

		request->events &= request->events - 1;
		if (on_event != NULL) {
			on_event(user, request, event);
		}
	}
}

void httpsys_request_watch(struct httpsys_request *request,
			   void (*on_event)(void *user, struct httpsys_request *request,
					    enum httpsys_event event),
			   void *user)
{
	if (!request_is_open(request)) {
		return;
	}

	request->on_event = on_event;
	request->user = user;
	if (on_event == NULL) {
		request->events = 0;
		list_remove(&request->link);

		return;
	}

	/* What came before is told as well. */
	if (request->body_first != RING_NO_BLOCK) {
		request_tell(request, HTTPSYS_EVENT_BODY);
	}
	if (request->is_gone) {
		request_tell(request, HTTPSYS_EVENT_GONE);
	}
}

/* request_bytes() - part of the slot, checked; data NULL: it is none */
static struct httpsys_slice request_bytes(const struct httpsys_request *request, uint32_t offset,
					  uint32_t len)
{
	uint32_t slot_bytes = request->lane->area.geometry.request_slot_bytes;

	if (offset > slot_bytes || len > slot_bytes - offset) {
		return (struct httpsys_slice){0};
	}

	return (struct httpsys_slice){
		.data = area_request_slot(&request->lane->area, request->slot) + offset,
		.len = len};
}

static struct httpsys_slice request_span(const struct httpsys_request *request,
					 const volatile struct ring_span *span)
{
	return request_bytes(request, span->offset, span->len);
}

static struct httpsys_slice request_nothing(void)
{
	return (struct httpsys_slice){0};
}

uint64_t httpsys_request_id(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_head(request)->request_id : 0;
}

uint64_t httpsys_request_connection_id(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_head(request)->connection_id : 0;
}

uint64_t httpsys_request_context(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_head(request)->url_context : 0;
}

struct httpsys_slice httpsys_request_method(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_span(request, &request_head(request)->method)
					: request_nothing();
}

struct httpsys_slice httpsys_request_target(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_span(request, &request_head(request)->target)
					: request_nothing();
}

struct httpsys_slice httpsys_request_host(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_span(request, &request_head(request)->host)
					: request_nothing();
}

struct httpsys_slice httpsys_request_path(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_span(request, &request_head(request)->path)
					: request_nothing();
}

struct httpsys_slice httpsys_request_query(const struct httpsys_request *request)
{
	if (!request_is_open(request) || request_head(request)->query.offset == 0) {
		return request_nothing();
	}

	return request_span(request, &request_head(request)->query);
}

struct httpsys_slice httpsys_request_prefix(const struct httpsys_request *request)
{
	return request_is_open(request) ? request_span(request, &request_head(request)->prefix)
					: request_nothing();
}

unsigned httpsys_request_version(const struct httpsys_request *request)
{
	if (!request_is_open(request)) {
		return 0;
	}

	const struct ring_request_head *head = request_head(request);

	return head->version_major * 10u + head->version_minor;
}

size_t httpsys_request_n_fields(const struct httpsys_request *request)
{
	return request_is_open(request) ? request->n_fields : 0;
}

struct httpsys_field httpsys_request_field_at(const struct httpsys_request *request, size_t i)
{
	if (!request_is_open(request) || i >= request->n_fields) {
		return (struct httpsys_field){0};
	}

	const char *slot = area_request_slot(&request->lane->area, request->slot);
	const volatile struct ring_field *field =
		(const void *)(slot + request->fields_offset + i * sizeof(struct ring_field));

	return (struct httpsys_field){
		.name = request_bytes(request, field->name_offset, field->name_len),
		.value = request_bytes(request, field->value_offset, field->value_len)};
}

struct httpsys_slice httpsys_request_field(const struct httpsys_request *request, const char *name)
{
	if (!request_is_open(request) || name == NULL) {
		return request_nothing();
	}

	struct slice wanted = slice_from_str(name);
	for (size_t i = 0; i < request->n_fields; i++) {
		struct httpsys_field field = httpsys_request_field_at(request, i);

		if (slice_is_equal_nocase(slice_from(field.name.data, field.name.len), wanted)) {
			return field.value;
		}
	}

	return request_nothing();
}

/* request_address() - an address of the area as the socket interface has it */
static void request_address(const struct ring_address *from, struct sockaddr_storage *ret_address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct ring_address address = *from;

	memset(ret_address, 0, sizeof(*ret_address));
	if (memcmp(address.ip, mapped, sizeof(mapped)) == 0) {
		struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address.port)};

		memcpy(&v4.sin_addr, address.ip + sizeof(mapped), sizeof(v4.sin_addr));
		memcpy(ret_address, &v4, sizeof(v4));

		return;
	}

	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons(address.port),
				  .sin6_scope_id = address.scope_id};

	memcpy(&v6.sin6_addr, address.ip, sizeof(v6.sin6_addr));
	memcpy(ret_address, &v6, sizeof(v6));
}

void httpsys_request_remote(const struct httpsys_request *request,
			    struct sockaddr_storage *ret_address)
{
	if (request_is_open(request) && ret_address != NULL) {
		request_address(&request_head(request)->remote, ret_address);
	}
}

void httpsys_request_local(const struct httpsys_request *request,
			   struct sockaddr_storage *ret_address)
{
	if (request_is_open(request) && ret_address != NULL) {
		request_address(&request_head(request)->local, ret_address);
	}
}

int64_t httpsys_request_content_length(const struct httpsys_request *request)
{
	if (!request_is_open(request)) {
		return 0;
	}

	uint64_t length = request_head(request)->content_length;

	return length > INT64_MAX ? -1 : (int64_t)length;
}

bool httpsys_request_is_gone(const struct httpsys_request *request)
{
	return !request_is_open(request) || request_is_dead(request) || request->is_leaving;
}
