/* SPDX-License-Identifier: MIT */

/*
 * Whole answers.  Head and body that fit together into the slot, or into one block, travel as one
 * entry; anything larger as a head and pieces.  A watched request must not wait, so that its answer
 * is staged only when there is room for all of it.
 */

#include <assert.h>
#include <string.h>

#include "httpsys.h"
#include "lib/body.h"
#include "lib/lane.h"
#include "lib/request.h"
#include "lib/response.h"
#include "lib/response_head.h"

#define RESPOND_STATUS_MIN 200
#define RESPOND_STATUS_MAX 999

struct respond_answer {
	unsigned status;
	const struct httpsys_field *fields;
	size_t n_fields;
	size_t head_bytes; /* in the ring */
	const char *body;
	size_t body_len;
};

/* respond_admit() - may this be answered so?  Return: 0; MISUSE, INVALID, TOO_LARGE; GONE: the
 * client is not there any more, and the request was ended */
static int respond_admit(struct httpsys_request *request, struct respond_answer *answer)
{
	if (unlikely(!request_is_open(request) || request->response != REQUEST_RESPONSE_NONE)) {
		return HTTPSYS_E_MISUSE;
	}
	if (unlikely(answer->status < RESPOND_STATUS_MIN || answer->status > RESPOND_STATUS_MAX)) {
		return HTTPSYS_E_INVALID;
	}

	size_t fields_bytes;
	int r = response_head_measure(answer->fields, answer->n_fields, &fields_bytes);
	if (unlikely(r != 0)) {
		return r;
	}
	answer->head_bytes = sizeof(struct ring_response_head) + fields_bytes;
	if (answer->head_bytes > request->lane->area.geometry.block_bytes) {
		return HTTPSYS_E_TOO_LARGE;
	}
	if (unlikely(request_is_dead(request))) {
		httpsys_request_abort(request);

		return HTTPSYS_E_GONE;
	}

	return 0;
}

/* respond_stage() - all as one entry at @to, and the end of the request */
static void respond_stage(struct httpsys_request *request, const struct respond_answer *answer,
			  char *to, uint32_t block)
{
	size_t n = response_head_write(to, answer->status, answer->body_len, answer->fields,
				       answer->n_fields,
				       answer->head_bytes - sizeof(struct ring_response_head));

	if (answer->body_len > 0) {
		memcpy(to + n, answer->body, answer->body_len);
	}
	body_discard(request);

	struct ring_entry *entry =
		lane_stage(request->lane, request, RING_RESPONSE_HEAD, response_flags(request));
	entry->block = block;
	entry->length = n + answer->body_len;
	request_end(request);
}

/* respond_blocks() - how many blocks the answer takes that does not fit into one entry */
static size_t respond_blocks(const struct httpsys_request *request,
			     const struct respond_answer *answer)
{
	const struct ring_geometry *geometry = &request->lane->area.geometry;
	size_t n = answer->head_bytes > geometry->response_slot_bytes ? 1 : 0;

	return n + answer->body_len / geometry->block_bytes +
	       (answer->body_len % geometry->block_bytes > 0 ? 1 : 0);
}

/* respond_reserve() - for a watched request: is there room for @n_blocks?  Return: 0; AGAIN;
 * TOO_LARGE: there never is */
static int respond_reserve(struct httpsys_request *request, size_t n_blocks)
{
	struct lane *lane = request->lane;
	struct receiver_deadline deadline = {.timeout_ms = 0};

	if (request->on_event == NULL) {
		return 0;
	}
	if (n_blocks > lane->area.geometry.n_blocks) {
		return HTTPSYS_E_TOO_LARGE;
	}
	while (lane->n_free_blocks < n_blocks && !request_is_dead(request)) {
		int r = response_await(request, &deadline);

		if (r != 0) {
			return r;
		}
	}

	return 0;
}

/* respond_pieces() - head, then blocks.  Return: 0; what stopped it, the request being still open
 */
static int respond_pieces(struct httpsys_request *request, const struct respond_answer *answer)
{
	struct receiver_deadline deadline = {.timeout_ms = -1};
	size_t written;
	int r = respond_reserve(request, respond_blocks(request, answer));
	if (r != 0) {
		return r;
	}

	r = response_stage_head(request, answer->status, answer->body_len, answer->fields,
				answer->n_fields, &deadline);
	if (r != 0) {
		return r;
	}
	request->response = REQUEST_RESPONSE_BEGUN;
	r = response_copy(request, answer->body, answer->body_len, &deadline, &written);
	if (r != 0) {
		return r;
	}

	return response_finish(request, &deadline);
}

/* respond_large() - an answer that does not fit into the slot.  Return: as httpsys_respond() */
static int respond_large(struct httpsys_request *request, const struct respond_answer *answer)
{
	struct lane *lane = request->lane;
	struct httpsys_receiver *receiver = lane->set->receiver;
	bool was_asleep = receiver->is_asleep;
	int r;

	if (answer->body_len <= lane->area.geometry.block_bytes - answer->head_bytes) {
		struct receiver_deadline deadline = {.timeout_ms =
							     request->on_event != NULL ? 0 : -1};
		uint32_t block;

		r = response_take_block(request, &deadline, &block);
		if (r == 0) {
			respond_stage(request, answer, area_response_block(&lane->area, block),
				      block);
		}
	} else {
		r = respond_pieces(request, answer);
	}
	if (r != 0 && r != HTTPSYS_E_AGAIN && r != HTTPSYS_E_TOO_LARGE) {
		httpsys_request_abort(request);
	}
	receiver_leave(receiver, was_asleep);

	return r;
}

int httpsys_respond(struct httpsys_request *request, unsigned status,
		    const struct httpsys_field *fields, size_t n_fields, const void *body,
		    size_t body_len)
{
	struct respond_answer answer = {.status = status,
					.fields = fields,
					.n_fields = n_fields,
					.body = body,
					.body_len = body_len};

	if (body == NULL && body_len > 0) {
		return HTTPSYS_E_MISUSE;
	}
	int r = respond_admit(request, &answer);
	if (unlikely(r != 0)) {
		return r;
	}

	struct lane *lane = request->lane;
	uint32_t slot_bytes = lane->area.geometry.response_slot_bytes;
	if (answer.head_bytes <= slot_bytes && body_len <= slot_bytes - answer.head_bytes) {
		respond_stage(request, &answer, area_response_slot(&lane->area, request->slot),
			      RING_NO_BLOCK);

		return 0;
	}

	return respond_large(request, &answer);
}

/* respond_by_number() - head, and the file that the engine knows as @number */
static int respond_by_number(struct httpsys_request *request, const struct respond_answer *answer,
			     uint32_t number, uint64_t offset, uint64_t len)
{
	struct receiver_deadline deadline = {.timeout_ms = request->on_event != NULL ? 0 : -1};
	int r = response_stage_head(request, answer->status, len, answer->fields, answer->n_fields,
				    &deadline);

	if (r != 0) {
		file_done(&request->lane->files, number);

		return r;
	}
	body_discard(request);
	response_stage_file(request, number, offset, len, response_flags(request));
	request_end(request);

	return 0;
}

/* respond_by_copy() - head, and the file's bytes in blocks */
static int respond_by_copy(struct httpsys_request *request, const struct respond_answer *answer,
			   int fd, uint64_t offset, uint64_t len)
{
	struct receiver_deadline deadline = {.timeout_ms = -1};
	uint64_t written;
	uint64_t n_blocks = len / request->lane->area.geometry.block_bytes + 2;
	int r = respond_reserve(request, n_blocks);

	if (r == 0) {
		r = response_stage_head(request, answer->status, len, answer->fields,
					answer->n_fields, &deadline);
	}
	if (r == 0) {
		request->response = REQUEST_RESPONSE_BEGUN;
		r = response_copy_file(request, fd, offset, len, &deadline, &written);
	}
	if (r == 0) {
		r = response_finish(request, &deadline);
	}

	return r;
}

int httpsys_respond_file(struct httpsys_request *request, unsigned status,
			 const struct httpsys_field *fields, size_t n_fields, int fd,
			 uint64_t offset, uint64_t len)
{
	struct respond_answer answer = {.status = status, .fields = fields, .n_fields = n_fields};
	struct stat info;
	int r = response_check_file(fd, offset, len, &info);
	if (r == 0) {
		r = respond_admit(request, &answer);
	}
	if (r != 0) {
		return r;
	}
	if (len == 0) {
		return httpsys_respond(request, status, fields, n_fields, NULL, 0);
	}

	struct httpsys_receiver *receiver = request->lane->set->receiver;
	struct receiver_deadline deadline = {.timeout_ms = request->on_event != NULL ? 0 : -1};
	bool was_asleep = receiver->is_asleep;
	uint32_t number;

	r = response_prepare_file(request, fd, &info, &deadline, &number);
	if (r == 0 && number != FILE_NUMBER_NONE) {
		r = respond_by_number(request, &answer, number, offset, len);
	} else if (r == 0) {
		r = respond_by_copy(request, &answer, fd, offset, len);
	}
	if (r != 0 && r != HTTPSYS_E_AGAIN && r != HTTPSYS_E_TOO_LARGE) {
		httpsys_request_abort(request);
	}
	receiver_leave(receiver, was_asleep);

	return r;
}
