/* SPDX-License-Identifier: MIT */

/* Answers in pieces; see response.h. */

#include "lib/response.h"

#include <assert.h>
#include <string.h>

#include "lib/body.h"
#include "lib/lane.h"
#include "lib/request.h"
#include "lib/response_head.h"

#define RESPONSE_STATUS_MIN       100
#define RESPONSE_STATUS_SWITCHING 101
#define RESPONSE_STATUS_FINAL     200
#define RESPONSE_STATUS_MAX       999

unsigned response_flags(const struct httpsys_request *request)
{
	return request->on_event != NULL ? RING_FLAG_END | RING_FLAG_NOTIFY : RING_FLAG_END;
}

struct ring_entry *response_stage(struct httpsys_request *request, unsigned type, unsigned flags)
{
	assert(request != NULL);

	struct ring_entry *entry = lane_stage(request->lane, request, type, flags);

	request->has_last_entry = true;
	request->last_entry = request->lane->writer.staged - 1;
	request->last_room = 0;

	return entry;
}

/* response_last_entry() - the last piece; NULL: none, or the engine may have read it already */
static struct ring_entry *response_last_entry(const struct httpsys_request *request)
{
	struct ring_writer *writer = &request->lane->writer;

	if (!request->has_last_entry || (int32_t)(request->last_entry - writer->published) < 0) {
		return NULL;
	}

	return &writer->entries[request->last_entry & (writer->n_entries - 1)];
}

int response_await(struct httpsys_request *request, struct receiver_deadline *deadline)
{
	assert(request != NULL && deadline != NULL);

	struct lane *lane = request->lane;
	struct httpsys_receiver *receiver = lane->set->receiver;
	uint32_t n_news = lane->n_news;

	receiver_pump(receiver);
	if (lane->n_news != n_news || request_is_dead(request)) {
		return 0;
	}
	if (request->on_event != NULL && deadline->timeout_ms == 0) {
		if (list_is_empty(&request->waiter_link)) {
			list_append(&lane->waiters, &request->waiter_link);
		}

		return HTTPSYS_E_AGAIN;
	}

	return receiver_turn(receiver, deadline);
}

int response_take_block(struct httpsys_request *request, struct receiver_deadline *deadline,
			uint32_t *ret_block)
{
	assert(request != NULL && ret_block != NULL);

	for (;;) {
		if (request_is_dead(request)) {
			return HTTPSYS_E_GONE;
		}
		*ret_block = lane_take_block(request->lane);
		if (*ret_block != RING_NO_BLOCK) {
			return 0;
		}

		int r = response_await(request, deadline);
		if (r != 0) {
			return r;
		}
	}
}

int response_stage_head(struct httpsys_request *request, unsigned status, uint64_t content_length,
			const struct httpsys_field *fields, size_t n_fields,
			struct receiver_deadline *deadline)
{
	assert(request != NULL);

	struct lane *lane = request->lane;
	const struct ring_geometry *geometry = &lane->area.geometry;
	size_t fields_bytes;
	int r = response_head_measure(fields, n_fields, &fields_bytes);
	if (r != 0) {
		return r;
	}

	/* The slot holds the final head until the engine is through: interim ones go elsewhere. */
	size_t bytes = sizeof(struct ring_response_head) + fields_bytes;
	uint32_t block = RING_NO_BLOCK;
	char *to = area_response_slot(&lane->area, request->slot);
	if (bytes > geometry->block_bytes) {
		return HTTPSYS_E_TOO_LARGE;
	}
	if (bytes > geometry->response_slot_bytes || status < RESPONSE_STATUS_FINAL) {
		r = response_take_block(request, deadline, &block);
		if (r != 0) {
			return r;
		}
		to = area_response_block(&lane->area, block);
	}

	response_head_write(to, status, content_length, fields, n_fields, fields_bytes);
	struct ring_entry *entry = response_stage(request, RING_RESPONSE_HEAD, 0);
	entry->block = block;
	entry->length = bytes;
	/* An end on an interim head would be none. */
	request->has_last_entry = status >= RESPONSE_STATUS_FINAL;

	return 0;
}

/* response_extend() - put bytes behind the last piece, if the engine has not been shown it yet.
 * Return: bytes taken */
static size_t response_extend(struct httpsys_request *request, const char *data, size_t len)
{
	struct ring_entry *entry = response_last_entry(request);

	if (entry == NULL || request->last_room == 0) {
		return 0;
	}

	size_t n = len < request->last_room ? len : request->last_room;
	memcpy(area_response_block(&request->lane->area, entry->block) + entry->length, data, n);
	entry->length += n;
	request->last_room -= (uint32_t)n;

	return n;
}

int response_copy(struct httpsys_request *request, const char *data, size_t len,
		  struct receiver_deadline *deadline, size_t *ret_written)
{
	assert(request != NULL && ret_written != NULL && (data != NULL || len == 0));

	struct lane *lane = request->lane;
	size_t written = len > 0 ? response_extend(request, data, len) : 0;
	int r = 0;

	while (written < len) {
		uint32_t block;

		r = response_take_block(request, deadline, &block);
		if (r != 0) {
			break;
		}

		size_t n = len - written;
		uint32_t block_bytes = lane->area.geometry.block_bytes;
		n = n < block_bytes ? n : block_bytes;
		memcpy(area_response_block(&lane->area, block), data + written, n);

		struct ring_entry *entry = response_stage(request, RING_RESPONSE_BODY, 0);
		entry->block = block;
		entry->length = n;
		request->last_room = (uint32_t)(block_bytes - n);
		written += n;
	}
	*ret_written = written;

	return r;
}

int response_finish(struct httpsys_request *request, struct receiver_deadline *deadline)
{
	assert(request != NULL);

	struct ring_entry *entry = response_last_entry(request);

	if (entry == NULL) {
		uint32_t block;
		int r = response_take_block(request, deadline, &block);
		if (r != 0) {
			return r;
		}
		entry = response_stage(request, RING_RESPONSE_BODY, 0);
		entry->block = block;
	}
	body_discard(request);
	entry->flags |= (uint8_t)response_flags(request);
	request_end(request);

	return 0;
}

/* response_break() - end without a complete answer */
static void response_break(struct httpsys_request *request)
{
	body_discard(request);
	if (!request->lane->set->is_lost) {
		lane_stage(request->lane, request, RING_RESPONSE_ABORT, response_flags(request));
	}
	request_end(request);
}

void httpsys_request_abort(struct httpsys_request *request)
{
	if (request_is_open(request)) {
		response_break(request);
	}
}

int httpsys_response_begin(struct httpsys_request *request, unsigned status,
			   const struct httpsys_field *fields, size_t n_fields,
			   int64_t content_length)
{
	if (!request_is_open(request) || request->response != REQUEST_RESPONSE_NONE) {
		return HTTPSYS_E_MISUSE;
	}
	if (status < RESPONSE_STATUS_MIN || status > RESPONSE_STATUS_MAX ||
	    status == RESPONSE_STATUS_SWITCHING || content_length < -1) {
		return HTTPSYS_E_INVALID;
	}
	if (request_is_dead(request)) {
		return HTTPSYS_E_GONE;
	}

	struct httpsys_receiver *receiver = request->lane->set->receiver;
	struct receiver_deadline deadline = {.timeout_ms = request->on_event != NULL ? 0 : -1};
	bool was_asleep = receiver->is_asleep;
	bool is_interim = status < RESPONSE_STATUS_FINAL;
	uint64_t length =
		is_interim || content_length < 0 ? RING_LENGTH_UNKNOWN : (uint64_t)content_length;
	int r = response_stage_head(request, status, length, fields, n_fields, &deadline);

	if (r == 0 && !is_interim) {
		request->response = REQUEST_RESPONSE_BEGUN;
		request->has_length = content_length >= 0;
		request->response_left = length;
	}
	receiver_leave(receiver, was_asleep);

	return r;
}

/* response_admit() - may @len more body bytes be sent?  Return: 0; MISUSE, GONE, INVALID */
static int response_admit(const struct httpsys_request *request, uint64_t len)
{
	if (!request_is_open(request) || request->response != REQUEST_RESPONSE_BEGUN) {
		return HTTPSYS_E_MISUSE;
	}
	if (request->has_length && len > request->response_left) {
		return HTTPSYS_E_INVALID;
	}

	return request_is_dead(request) ? HTTPSYS_E_GONE : 0;
}

int httpsys_response_write(struct httpsys_request *request, const void *data, size_t len,
			   int timeout_ms, size_t *ret_written)
{
	if (ret_written == NULL || (data == NULL && len > 0)) {
		return HTTPSYS_E_MISUSE;
	}
	*ret_written = 0;
	int r = response_admit(request, len);
	if (r != 0) {
		return r;
	}

	struct httpsys_receiver *receiver = request->lane->set->receiver;
	struct receiver_deadline deadline = {.timeout_ms = timeout_ms};
	bool was_asleep = receiver->is_asleep;

	r = response_copy(request, data, len, &deadline, ret_written);
	if (request->has_length) {
		request->response_left -= *ret_written;
	}
	receiver_leave(receiver, was_asleep);

	/* Part of it is success: the caller sees how much, and comes again. */
	return *ret_written > 0 && (r == HTTPSYS_E_AGAIN || r == HTTPSYS_E_TIMEOUT) ? 0 : r;
}

/* response_stage_trailers() - TRAILERS instead of a plain end.  Return: 0; INVALID, AGAIN, GONE */
static int response_stage_trailers(struct httpsys_request *request,
				   const struct httpsys_field *trailers, size_t n_trailers,
				   struct receiver_deadline *deadline)
{
	struct lane *lane = request->lane;
	size_t bytes;
	uint32_t block;

	if (response_head_measure(trailers, n_trailers, &bytes) != 0 ||
	    bytes > lane->area.geometry.block_bytes) {
		return HTTPSYS_E_INVALID;
	}
	int r = response_take_block(request, deadline, &block);
	if (r != 0) {
		return r;
	}

	response_head_write_fields(area_response_block(&lane->area, block), trailers, n_trailers);
	body_discard(request);
	struct ring_entry *entry =
		lane_stage(lane, request, RING_RESPONSE_TRAILERS, response_flags(request));
	entry->block = block;
	entry->length = bytes;
	request_end(request);

	return 0;
}

int httpsys_response_end(struct httpsys_request *request, const struct httpsys_field *trailers,
			 size_t n_trailers)
{
	if (!request_is_open(request) || request->response != REQUEST_RESPONSE_BEGUN) {
		return HTTPSYS_E_MISUSE;
	}

	struct httpsys_receiver *receiver = request->lane->set->receiver;
	struct receiver_deadline deadline = {.timeout_ms = request->on_event != NULL ? 0 : -1};
	bool was_asleep = receiver->is_asleep;
	int r;

	if (request_is_dead(request)) {
		r = HTTPSYS_E_GONE;
	} else if (request->has_length && request->response_left > 0) {
		r = HTTPSYS_E_INVALID;
	} else if (n_trailers > 0 && !request->has_length) {
		r = response_stage_trailers(request, trailers, n_trailers, &deadline);
	} else {
		r = response_finish(request, &deadline);
	}
	if (r != 0 && r != HTTPSYS_E_AGAIN) {
		response_break(request);
	}
	receiver_leave(receiver, was_asleep);

	return r;
}

int httpsys_response_write_file(struct httpsys_request *request, int fd, uint64_t offset,
				uint64_t len, int timeout_ms)
{
	struct stat info;
	int r = response_admit(request, len);
	if (r == 0) {
		r = response_check_file(fd, offset, len, &info);
	}
	if (r != 0 || len == 0) {
		return r;
	}

	struct httpsys_receiver *receiver = request->lane->set->receiver;
	struct receiver_deadline deadline = {.timeout_ms = timeout_ms};
	bool was_asleep = receiver->is_asleep;
	uint64_t written = 0;
	uint32_t number;

	r = response_prepare_file(request, fd, &info, &deadline, &number);
	if (r == 0 && number != FILE_NUMBER_NONE) {
		response_stage_file(request, number, offset, len, 0);
		written = len;
	} else if (r == 0) {
		r = response_copy_file(request, fd, offset, len, &deadline, &written);
	}
	if (request->has_length) {
		request->response_left -= written;
	}
	receiver_leave(receiver, was_asleep);

	return r;
}
