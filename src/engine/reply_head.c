/* SPDX-License-Identifier: MIT */

/*
 * Response heads; see reply_head.h.  The head is copied once into the worker's scratch memory and
 * never looked at in the shared memory again: the application could change it between two looks.
 */

#include "engine/reply_head.h"

#include <assert.h>
#include <string.h>

#include "engine/conn.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/worker.h"
#include "http/h1_write.h"
#include "ring/layout.h"

#define REPLY_HEAD_LARGE_BYTES (2 * WORKER_SCRATCH_BYTES)

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

/* Serialise into the output, with more room on the second try. */
static int reply_head_serialise(struct conn *conn, const struct h1_response *response,
				struct h1_framing *ret_framing)
{
	size_t rooms[] = {OUT_CHUNK_BYTES / 4, REPLY_HEAD_LARGE_BYTES};
	int r = H1_WRITE_E_FULL;

	for (size_t i = 0; i < array_len(rooms) && r == H1_WRITE_E_FULL; i++) {
		char *room = out_room(conn->worker, &conn->out, rooms[i]);

		if (room == NULL) {
			return REPLY_HEAD_E_INVALID;
		}
		r = h1_write_head(room, rooms[i], response, ret_framing);
	}
	if (r != 0) {
		return REPLY_HEAD_E_INVALID;
	}
	out_wrote(&conn->out, ret_framing->n_bytes);

	return 0;
}

static bool reply_is_interim(const struct ring_response_head *head)
{
	return head->status >= 100 && head->status < 200;
}

/* The length of the body as far as it is known: -1 = it is not. */
static int64_t reply_body_bytes(const struct exchange *exchange,
				const struct ring_response_head *head, uint64_t n_inline,
				bool is_end)
{
	if (head->content_length <= INT64_MAX) {
		return (int64_t)head->content_length;
	}

	return is_end && !exchange->is_head ? (int64_t)n_inline : H1_WRITE_LENGTH_UNKNOWN;
}

int reply_head_write(struct exchange *exchange, const char *data, uint64_t len, bool is_end,
		     uint64_t *ret_head_bytes)
{
	struct conn *conn = exchange->conn;
	struct worker *worker = exchange->lane->worker;
	struct ring_response_head head;

	if (conn == NULL) {
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
	if (reply_is_interim(&head) && exchange->version_minor == 0) {
		return REPLY_HEAD_E_INTERIM; /* HTTP/1.0 knows none (RFC 9110 15.2) */
	}

	struct h1_response response = {
		.head = worker->scratch,
		.head_bytes = head.head_bytes,
		.fields = worker->response_fields,
		.n_fields = (size_t)n_fields,
		.phrase = slice_from(worker->scratch + sizeof(head), head.reason_len),
		.status = head.status,
		.body_bytes = reply_body_bytes(exchange, &head, len - head.head_bytes, is_end),
		.date = worker_date(worker),
		.server_policy = (enum h1_server_policy)worker->params->server_policy,
		.version_minor = exchange->version_minor,
		.is_head = exchange->is_head,
		/* A client that waits for 100 Continue may or may not send its body after this. */
		.is_keep_alive = exchange->framing.is_keep_alive && !worker->is_stopping &&
				 !conn->is_continue_due && (head.flags & RING_RESPONSE_CLOSE) == 0,
	};
	struct h1_framing framing;
	int r = reply_head_serialise(conn, &response, &framing);
	if (r != 0) {
		return r;
	}
	if (reply_is_interim(&head)) {
		return REPLY_HEAD_E_INTERIM;
	}

	exchange->framing = framing;
	exchange->n_left = framing.content_length > 0 ? (uint64_t)framing.content_length : 0;
	exchange->state = EXCHANGE_STATE_BODY;

	return 0;
}

int reply_trailers_write(struct exchange *exchange, const char *data, uint64_t len)
{
	struct worker *worker = exchange->lane->worker;
	struct conn *conn = exchange->conn;
	size_t n = 0;

	assert(conn != NULL);
	if (len > WORKER_SCRATCH_BYTES) {
		return REPLY_HEAD_E_INVALID;
	}
	memcpy(worker->scratch, data, len);

	int n_fields = reply_fields_read(worker, 0, (uint32_t)len, REPLY_FIELDS_MAX);
	char *room = n_fields >= 0 ? out_room(worker, &conn->out, REPLY_HEAD_LARGE_BYTES) : NULL;
	if (room == NULL ||
	    h1_write_last_chunk(room, REPLY_HEAD_LARGE_BYTES, worker->scratch, len,
				worker->response_fields, (size_t)n_fields, &n) != 0) {
		return REPLY_HEAD_E_INVALID;
	}
	out_wrote(&conn->out, n);

	return 0;
}
