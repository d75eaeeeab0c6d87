/* SPDX-License-Identifier: MIT */

/*
 * The body of a request on its way into an application's blocks.  The socket is read only while
 * there is a block to read into: an application that does not read stops the client, not us.  A
 * body with Content-Length is received straight into the block; a chunked one through the worker's
 * buffer.  After the response the rest is thrown away, up to a limit.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/conn.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/worker.h"

/* One block being filled. */
struct upload_block {
	uint32_t number; /* RING_NO_BLOCK: none */
	uint32_t used;
};

static void upload_stage(struct exchange *exchange, struct upload_block *block, unsigned flags)
{
	struct ring_entry *entry = lane_stage(exchange->lane, RING_REQUEST_BODY, exchange->slot,
					      exchange->generation, block->number);

	entry->flags = (uint8_t)flags;
	entry->length = block->used;
	if (exchange->n_staged < LANE_BLOCKS_PER_EXCHANGE && block->number != RING_NO_BLOCK) {
		exchange->blocks[exchange->n_staged] = block->number;
		exchange->block_bytes[exchange->n_staged] =
			(flags & RING_FLAG_TRAILERS) != 0 ? 0 : block->used;
	}
	exchange->n_staged += block->number != RING_NO_BLOCK;
	exchange->is_body_sent = exchange->is_body_sent || (flags & RING_FLAG_LAST) != 0;
	exchange->has_trailers = exchange->has_trailers || (flags & RING_FLAG_TRAILERS) != 0;
	*block = (struct upload_block){.number = RING_NO_BLOCK};
}

/*
 * Make sure of a block with room.  Trailers may take the block that is kept back for them.
 *
 * Return: false = none now; the connection waits for one.
 */
static bool upload_reserve(struct conn *conn, struct upload_block *block, bool is_trailer)
{
	struct exchange *exchange = conn->request.exchange;
	struct lane *lane = exchange->lane;

	if (block->number != RING_NO_BLOCK && block->used < lane->area.geometry.block_bytes) {
		return true;
	}
	if (block->number != RING_NO_BLOCK) {
		upload_stage(exchange, block, 0);
	}
	block->number = lane_block_take(exchange, is_trailer);
	block->used = 0;
	if (block->number != RING_NO_BLOCK) {
		return true;
	}
	if (list_is_empty(&conn->request.wait_link)) {
		list_append(&lane->blocked, &conn->request.wait_link);
	}

	return false;
}

static char *upload_room(const struct conn *conn, const struct upload_block *block)
{
	return area_request_block(&conn->request.exchange->lane->area, block->number) + block->used;
}

/* Put body bytes into blocks.  Return: how many found room. */
static size_t upload_put(struct conn *conn, struct upload_block *block, const char *data,
			 size_t len)
{
	uint32_t block_bytes = conn->request.exchange->lane->area.geometry.block_bytes;
	size_t done = 0;

	while (done < len && upload_reserve(conn, block, false)) {
		size_t n = block_bytes - block->used;

		n = n < len - done ? n : len - done;
		memcpy(upload_room(conn, block), data + done, n);
		block->used += (uint32_t)n;
		done += n;
	}

	return done;
}

/* A trailer field: into a block of its own kind, after the body's last bytes. */
static bool upload_put_trailer(struct conn *conn, struct upload_block *block,
			       const struct h1_body_event *event, bool *is_trailer_block)
{
	struct ring_response_field record = {.value_len = (uint32_t)event->value.len,
					     .name_len = (uint16_t)event->name.len,
					     .id = event->name_id};
	size_t len = sizeof(record) + event->name.len + event->value.len;

	if (!*is_trailer_block && block->number != RING_NO_BLOCK) {
		upload_stage(conn->request.exchange, block, 0);
	}
	*is_trailer_block = true;
	if (!upload_reserve(conn, block, true) ||
	    len > conn->request.exchange->lane->area.geometry.block_bytes - block->used) {
		return false;
	}

	char *room = upload_room(conn, block);
	memcpy(room, &record, sizeof(record));
	memcpy(room + sizeof(record), event->name.data, event->name.len);
	memcpy(room + sizeof(record) + event->name.len, event->value.data, event->value.len);
	block->used += (uint32_t)len;

	return true;
}

static void upload_reject(struct conn *conn, enum http_reason reason)
{
	struct exchange *exchange = conn->request.exchange;
	bool is_begun = exchange != NULL && exchange->state != EXCHANGE_STATE_HEAD;

	worker_count(conn->request.worker, REQUESTS_REJECTED);
	if (is_begun || conn->phase == CONN_PHASE_DRAIN) {
		conn_close(conn);
	} else {
		conn_refuse(conn, reason);
	}
}

/* Feed the decoder for an application.  Return: bytes used. */
static size_t upload_decode(struct conn *conn, const char *data, size_t len)
{
	struct upload_block block = {.number = RING_NO_BLOCK};
	struct exchange *exchange = conn->request.exchange;
	bool is_trailer_block = false;
	size_t used = 0;

	for (;;) {
		/* Without room nothing may be fed: what the decoder gives out must be stored. */
		if (!upload_reserve(conn, &block, false)) {
			return used;
		}

		uint32_t room = exchange->lane->area.geometry.block_bytes - block.used;
		size_t offer = len - used < room ? len - used : room;
		size_t before = used;
		bool is_stuck;
		struct h1_body_event event;

		used += h1_body_feed(&conn->body, data + used, offer, &event);
		switch (event.kind) {
		case H1_BODY_DATA:
			(void)upload_put(conn, &block, event.data.data, event.data.len);
			break;
		case H1_BODY_TRAILER:
			if (!upload_put_trailer(conn, &block, &event, &is_trailer_block)) {
				upload_reject(conn, HTTP_REASON_REQUEST_LENGTH);

				return used;
			}
			break;
		case H1_BODY_END:
			upload_stage(exchange, &block,
				     RING_FLAG_LAST | (is_trailer_block ? RING_FLAG_TRAILERS : 0));
			conn->is_body_pending = false;
			conn_arm(conn);

			return used;
		case H1_BODY_NEED_MORE:
			is_stuck = used == before && block.used == 0;
			if (block.used > 0) {
				upload_stage(exchange, &block, 0);
			}
			/* A line that was cut by the block's end, not by the input's: go on. */
			if (offer < len - before && !is_stuck) {
				break;
			}
			if (block.number != RING_NO_BLOCK) {
				lane_block_return(exchange, block.number);
			}

			return used;
		case H1_BODY_REJECTED:
			upload_reject(conn, event.reason);

			return used;
		}
	}
}

/* Throw body bytes away.  Return: bytes used. */
static size_t upload_discard(struct conn *conn, const char *data, size_t len)
{
	size_t used = 0;

	for (;;) {
		struct h1_body_event event;

		used += h1_body_feed(&conn->body, data + used, len - used, &event);
		if (event.kind == H1_BODY_NEED_MORE) {
			break;
		}
		if (event.kind == H1_BODY_END) {
			conn->is_body_pending = false;
			break;
		}
		if (event.kind == H1_BODY_REJECTED) {
			conn_close(conn);
			break;
		}
	}
	conn->n_drained += used;

	return used;
}

size_t upload_feed(struct conn *conn, const char *data, size_t len)
{
	if (!conn->is_body_pending) {
		return 0;
	}
	if (conn->phase == CONN_PHASE_DRAIN) {
		return upload_discard(conn, data, len);
	}
	if (conn->request.exchange == NULL || !conn->request.exchange->wants_body) {
		return 0;
	}

	return upload_decode(conn, data, len);
}

void upload_allow(struct conn *conn)
{
	struct exchange *exchange = conn->request.exchange;

	if (conn->is_continue_due && exchange->state == EXCHANGE_STATE_HEAD &&
	    conn->in_len == 0 &&
	    out_append(conn->request.worker, &conn->out, h1_write_continue()) < 0) {
		conn_close(conn);

		return;
	}
	conn->is_continue_due = false;
	conn_want_flush(conn);
}

/* Content-Length: straight from the socket into a block.  Return: as recv(2), -EAGAIN if no room. */
static ssize_t upload_receive_block(struct conn *conn)
{
	struct upload_block block = {.number = RING_NO_BLOCK};
	struct exchange *exchange = conn->request.exchange;

	if (!upload_reserve(conn, &block, false)) {
		return -EAGAIN;
	}

	uint64_t want = exchange->lane->area.geometry.block_bytes;
	want = want < conn->body.left_bytes ? want : conn->body.left_bytes;
	ssize_t n = recv(conn->source.fd, upload_room(conn, &block), want, 0);
	if (n <= 0) {
		n = n == 0 ? 0 : -errno;
		lane_block_return(exchange, block.number);

		return n;
	}

	/* The decoder counts; the bytes it hands out are where they belong already. */
	struct h1_body_event event;
	const char *data = upload_room(conn, &block);
	size_t used = h1_body_feed(&conn->body, data, (size_t)n, &event);
	assert(used == (size_t)n && event.kind == H1_BODY_DATA);
	block.used = (uint32_t)n;

	bool is_last = conn->body.left_bytes == 0;
	if (is_last) {
		(void)h1_body_feed(&conn->body, data + n, 0, &event);
		conn->is_body_pending = false;
	}
	upload_stage(exchange, &block, is_last ? RING_FLAG_LAST : 0);
	if ((uint64_t)n < want) {
		conn->is_readable = conn->is_half_closed;
	}
	conn_arm(conn);

	return n;
}

/* Chunked, or to be thrown away: through the worker's buffer.  Return: as recv(2). */
static ssize_t upload_receive_buffer(struct conn *conn)
{
	struct worker *worker = conn->request.worker;
	ssize_t n = recv(conn->source.fd, worker->read_bytes, WORKER_READ_BYTES, 0);

	if (n <= 0) {
		return n == 0 ? 0 : -errno;
	}
	if (n < WORKER_READ_BYTES) {
		conn->is_readable = conn->is_half_closed;
	}

	bool is_behind = conn->in_len > 0; /* part of a line is there: the new bytes go behind it */
	if (is_behind && conn_append(conn, worker->read_bytes, (size_t)n) < 0) {
		conn_close(conn);

		return n;
	}

	const char *data = is_behind ? conn->in : worker->read_bytes;
	size_t len = is_behind ? conn->in_len : (size_t)n;
	size_t used = upload_feed(conn, data, len);
	if (conn->source.fd == -1 || conn->phase == CONN_PHASE_LINGER) {
		return n;
	}
	if (is_behind) {
		conn_consume(conn, used);
	} else if (used < len && conn_keep(conn, data + used, len - used) < 0) {
		conn_close(conn);

		return n;
	}
	if (conn->phase == CONN_PHASE_EXCHANGE) {
		conn_arm(conn);
	}

	return n;
}

static bool upload_can_read(const struct conn *conn)
{
	return conn->source.fd != -1 && conn->is_body_pending && conn->is_readable &&
	       list_is_empty(&conn->request.wait_link) &&
	       (conn->phase == CONN_PHASE_DRAIN ||
		(conn->phase == CONN_PHASE_EXCHANGE && conn->request.exchange->wants_body));
}

static bool upload_is_over_drain_limit(const struct conn *conn)
{
	return conn->phase == CONN_PHASE_DRAIN &&
	       conn->n_drained > conn->request.worker->params->drain_bytes_max;
}

void upload_read(struct conn *conn)
{
	/* What came before and found no room goes first; also an end that found none. */
	size_t used = upload_feed(conn, conn->in, conn->in_len);
	if (conn->source.fd == -1 || conn->phase == CONN_PHASE_LINGER) {
		return;
	}
	conn_consume(conn, used);

	while (upload_can_read(conn)) {
		bool is_direct = conn->phase == CONN_PHASE_EXCHANGE &&
				 !conn->request.is_chunked && conn->in_len == 0;
		ssize_t n = is_direct ? upload_receive_block(conn) : upload_receive_buffer(conn);

		if (n > 0) {
			counters_add(&conn->request.worker->counters, COUNTER_BYTES_RECEIVED, (uint64_t)n);
		} else if (n == -EINTR) {
			continue;
		} else if (n == -EAGAIN) {
			conn->is_readable = conn->is_readable && !list_is_empty(&conn->request.wait_link);
		} else {
			/* The client has gone in the middle of its body. */
			conn_close(conn);
		}
		if (conn->source.fd != -1 && upload_is_over_drain_limit(conn)) {
			conn_close(conn);
		}
	}
}
