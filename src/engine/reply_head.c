/* SPDX-License-Identifier: MIT */

/*
 * Response heads; see reply_head.h.  The head is copied once into the worker's scratch memory and
 * never looked at in the shared memory again: the application could change it between two looks.
 */

#include "engine/reply_head.h"

#include <string.h>

#include "engine/lane.h"
#include "engine/request_sink.h"
#include "engine/worker.h"
#include "ring/layout.h"

/*
 * Read struct ring_response_field records from @at to @end of the scratch memory.
 *
 * Return: the number of fields; -1 = they do not add up.
 */
static int reply_fields_read(struct worker *worker, uint32_t at, uint32_t end, uint32_t n_max)
{
	uint32_t n = 0;

	while (at < end && n < n_max) {
		struct ring_response_field record;

		if (end - at < sizeof(record)) {
			return -1;
		}
		memcpy(&record, worker->scratch + at, sizeof(record));
		at += (uint32_t)sizeof(record);
		if (record.name_len > end - at || record.value_len > end - at - record.name_len) {
			return -1;
		}
		worker->response_fields[n++] = (struct http_field){
			.name_off = at,
			.name_len = record.name_len,
			.value_off = at + record.name_len,
			.value_len = record.value_len,
			.id = HTTP_FIELD_UNKNOWN,
		};
		at += record.name_len + record.value_len;
	}

	return at == end ? (int)n : -1;
}

/* Copy the head out.  Return: false when its own numbers contradict each other. */
static bool reply_head_copy(struct worker *worker, const char *data, uint64_t len,
			    struct ring_response_head *ret_head)
{
	memcpy(ret_head, data, sizeof(*ret_head));
	if (ret_head->head_bytes < sizeof(*ret_head) || ret_head->head_bytes > len ||
	    ret_head->head_bytes > WORKER_SCRATCH_BYTES || ret_head->n_fields > REPLY_FIELDS_MAX ||
	    ret_head->reason_len > ret_head->head_bytes - sizeof(*ret_head)) {
		return false;
	}
	memcpy(worker->scratch, data, ret_head->head_bytes);

	return true;
}

static bool reply_is_interim(const struct ring_response_head *head)
{
	return head->status >= 100 && head->status < 200;
}

/* The length of the body as far as it is known: -1 = it is not. */
static int64_t reply_body_bytes(const struct request *request,
				const struct ring_response_head *head, uint64_t n_inline,
				bool is_end)
{
	if (head->content_length <= INT64_MAX) {
		return (int64_t)head->content_length;
	}

	return is_end && !request->is_head ? (int64_t)n_inline : -1;
}

int reply_head_write(struct exchange *exchange, const char *data, uint64_t len, bool is_end,
		     uint64_t *ret_head_bytes)
{
	struct request *request = exchange->request;
	struct worker *worker = exchange->lane->worker;
	struct ring_response_head head;

	if (request == NULL) {
		return REPLY_HEAD_E_GONE;
	}
	if (!reply_head_copy(worker, data, len, &head)) {
		return REPLY_HEAD_E_INVALID;
	}
	*ret_head_bytes = head.head_bytes;

	uint32_t fields_at = (uint32_t)sizeof(head) + head.reason_len;
	int n_fields = reply_fields_read(worker, fields_at, head.head_bytes, head.n_fields);
	if (n_fields != (int)head.n_fields) {
		return REPLY_HEAD_E_INVALID;
	}
	if (reply_is_interim(&head) && (is_end || head.status == 101)) {
		return REPLY_HEAD_E_INVALID;
	}
	if (reply_is_interim(&head) && request->version_minor == 0) {
		return REPLY_HEAD_E_INTERIM; /* HTTP/1.0 knows none (RFC 9110 15.2) */
	}

	const struct response_head response = {
		.bytes = worker->scratch,
		.n_bytes = head.head_bytes,
		.fields = worker->response_fields,
		.n_fields = (size_t)n_fields,
		.phrase = slice_from(worker->scratch + sizeof(head), head.reason_len),
		.status = head.status,
		.body_bytes = reply_body_bytes(request, &head, len - head.head_bytes, is_end),
		.is_close_wanted = (head.flags & RING_RESPONSE_CLOSE) != 0,
	};
	struct response_plan plan;
	if (request->sink->on_head(request, &response, &plan) != 0) {
		return REPLY_HEAD_E_INVALID;
	}
	if (reply_is_interim(&head)) {
		return REPLY_HEAD_E_INTERIM;
	}

	exchange->has_body = plan.has_body;
	exchange->is_length_known = plan.content_length >= 0;
	exchange->n_left = exchange->is_length_known ? (uint64_t)plan.content_length : 0;
	exchange->state = EXCHANGE_STATE_BODY;

	return 0;
}

int reply_trailers_read(struct worker *worker, const char *data, uint64_t len,
			struct response_head *ret_trailers)
{
	if (len > WORKER_SCRATCH_BYTES) {
		return REPLY_HEAD_E_INVALID;
	}
	memcpy(worker->scratch, data, len);

	int n_fields = reply_fields_read(worker, 0, (uint32_t)len, REPLY_FIELDS_MAX);
	if (n_fields < 0) {
		return REPLY_HEAD_E_INVALID;
	}
	*ret_trailers = (struct response_head){
		.bytes = worker->scratch,
		.n_bytes = len,
		.fields = worker->response_fields,
		.n_fields = (size_t)n_fields,
	};

	return 0;
}
