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
 * Make sure of a block with room.
 *
 * Return: false = none now; the connection waits for one.
 */
static bool upload_reserve(struct conn *conn, struct upload_block *block)
{
	struct exchange *exchange = conn->request.exchange;
	struct lane *lane = exchange->lane;

	if (block->number != RING_NO_BLOCK && block->used < lane->area.geometry.block_bytes) {
		return true;
	}
	if (block->number != RING_NO_BLOCK) {
		upload_stage(exchange, block, 0);
	}
	block->number = lane_block_take(exchange, false);
	block->used = 0;
	if (block->number != RING_NO_BLOCK) {
		return true;
	}
	if (list_is_empty(&conn->request.wait_link)) {
		list_append(&lane->blocked, &conn->request.wait_link);
	}

	return false;
}

static char *upload_room(const struct exchange *exchange, const struct upload_block *block)
{
	return area_request_block(&exchange->lane->area, block->number) + block->used;
}

/* Feed the decoder.  Parameters may have changed since the body began, and their memory with them.
 */
static size_t upload_body_feed(struct conn *conn, const char *data, size_t len,
			       struct h1_body_event *ret_event)
{
	conn->body.limits = &conn->request.worker->params->limits;

	return h1_body_feed(&conn->body, data, len, ret_event);
}

/*
 * The block that collects the trailer fields, from the first one to the body's end: @block, if it
 * is unused, otherwise one that was kept back for this.
 *
 * Return: false = there is none.
 */
static bool upload_begin_trailers(struct exchange *exchange, struct upload_block *block)
{
	if (block->used > 0) {
		upload_stage(exchange, block, 0);
	}
	if (block->number == RING_NO_BLOCK) {
		block->number = lane_block_take(exchange, true);
	}
	exchange->trailer_block = block->number;
	exchange->trailer_bytes = 0;
	*block = (struct upload_block){.number = RING_NO_BLOCK};

	return exchange->trailer_block != RING_NO_BLOCK;
}

/* Keep a trailer field for the end of the body.  Return: HTTP_REASON_NONE, or why it can't be. */
static enum http_reason upload_put_trailer(struct exchange *exchange, struct upload_block *block,
					   const struct h1_body_event *event)
{
	struct ring_response_field record = {.value_len = (uint32_t)event->value.len,
					     .name_len = (uint16_t)event->name.len,
					     .id = event->name_id};
	size_t len = sizeof(record) + event->name.len + event->value.len;

	if (exchange->trailer_block == RING_NO_BLOCK && !upload_begin_trailers(exchange, block)) {
		return HTTP_REASON_NOT_AVAILABLE;
	}
	if (len > exchange->lane->area.geometry.block_bytes - exchange->trailer_bytes) {
		return HTTP_REASON_REQUEST_LENGTH;
	}

	const struct upload_block trailers = {exchange->trailer_block, exchange->trailer_bytes};
	char *room = upload_room(exchange, &trailers);
	memcpy(room, &record, sizeof(record));
	memcpy(room + sizeof(record), event->name.data, event->name.len);
	if (event->value.len > 0) {
		memcpy(room + sizeof(record) + event->name.len, event->value.data,
		       event->value.len);
	}
	exchange->trailer_bytes += (uint32_t)len;

	return HTTP_REASON_NONE;
}

static void upload_end(struct conn *conn, struct upload_block *block)
{
	struct exchange *exchange = conn->request.exchange;

	if (exchange->trailer_block != RING_NO_BLOCK) {
		struct upload_block trailers = {exchange->trailer_block, exchange->trailer_bytes};

		exchange->trailer_block = RING_NO_BLOCK;
		upload_stage(exchange, &trailers, RING_FLAG_LAST | RING_FLAG_TRAILERS);
	} else {
		upload_stage(exchange, block, RING_FLAG_LAST);
	}
	conn->is_body_pending = false;
	conn_arm(conn);
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

/*
 * Decode up to the next event, and store what it brings.
 * @ret_is_over: nothing more can be done with the input
 *
 * Return: bytes used.
 */
static size_t upload_step(struct conn *conn, struct upload_block *block, const char *data,
			  size_t len, bool *ret_is_over)
{
	struct exchange *exchange = conn->request.exchange;
	size_t room = exchange->trailer_block != RING_NO_BLOCK
			      ? len
			      : exchange->lane->area.geometry.block_bytes - block->used;
	size_t offer = len < room ? len : room;
	struct h1_body_event event;
	enum http_reason reason;

	size_t used = upload_body_feed(conn, data, offer, &event);
	exchange->is_body_fed = exchange->is_body_fed || used > 0;
	*ret_is_over = false;
	switch (event.kind) {
	case H1_BODY_DATA:
		memcpy(upload_room(exchange, block), event.data.data, event.data.len);
		block->used += (uint32_t)event.data.len;
		break;
	case H1_BODY_TRAILER:
		reason = upload_put_trailer(exchange, block, &event);
		if (reason != HTTP_REASON_NONE) {
			upload_reject(conn, reason);
			*ret_is_over = true;
		}
		break;
	case H1_BODY_END:
		upload_end(conn, block);
		*ret_is_over = true;
		break;
	case H1_BODY_NEED_MORE:
		/* A line that was cut by the block's end, not by the input's, goes on in the next.
		 */
		*ret_is_over = offer == len || (used == 0 && block->used == 0);
		if (block->used > 0) {
			upload_stage(exchange, block, 0);
		}
		break;
	case H1_BODY_REJECTED:
		upload_reject(conn, event.reason);
		*ret_is_over = true;
		break;
	}

	return used;
}

/* Feed the decoder for an application.  Return: bytes used. */
static size_t upload_decode(struct conn *conn, const char *data, size_t len)
{
	struct upload_block block = {.number = RING_NO_BLOCK};
	struct exchange *exchange = conn->request.exchange;
	bool is_over = false;
	size_t used = 0;

	while (!is_over) {
		/* Without room nothing may be fed: what the decoder gives out must be stored. */
		if (exchange->trailer_block == RING_NO_BLOCK && !upload_reserve(conn, &block)) {
			break;
		}
		used += upload_step(conn, &block, data + used, len - used, &is_over);
	}
	/* Also when the body was refused: the exchange is there until the application's END. */
	if (block.number != RING_NO_BLOCK) {
		lane_block_return(exchange, block.number);
	}

	return used;
}

/* Throw body bytes away.  Return: bytes used. */
static size_t upload_discard(struct conn *conn, const char *data, size_t len)
{
	size_t used = 0;

	for (;;) {
		struct h1_body_event event;

		used += upload_body_feed(conn, data + used, len - used, &event);
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
		return upload_discard(conn, data != NULL ? data : "", len);
	}
	if (conn->request.exchange == NULL || !conn->request.exchange->wants_body) {
		return 0;
	}

	return upload_decode(conn, data != NULL ? data : "", len);
}

void upload_allow(struct conn *conn)
{
	struct exchange *exchange = conn->request.exchange;

	if (conn->is_continue_due && exchange->state == EXCHANGE_STATE_HEAD && conn->in_len == 0 &&
	    out_append(conn->request.worker, &conn->out, h1_write_continue()) < 0) {
		conn_close(conn);

		return;
	}
	conn->is_continue_due = false;
	conn_arm(conn); /* from now on it is the client that is waited for */
	conn_want_flush(conn);
}

/* Content-Length: straight from the socket into a block.  Return: as recv(2), -EAGAIN if no room.
 */
static ssize_t upload_receive_block(struct conn *conn)
{
	struct upload_block block = {.number = RING_NO_BLOCK};
	struct exchange *exchange = conn->request.exchange;

	if (!upload_reserve(conn, &block)) {
		return -EAGAIN;
	}

	uint64_t want = exchange->lane->area.geometry.block_bytes;
	want = want < conn->body.left_bytes ? want : conn->body.left_bytes;
	ssize_t n = recv(conn->source.fd, upload_room(exchange, &block), want, 0);
	if (n <= 0) {
		n = n == 0 ? 0 : -errno;
		lane_block_return(exchange, block.number);

		return n;
	}

	/* The decoder counts; the bytes it hands out are where they belong already. */
	struct h1_body_event event;
	const char *data = upload_room(exchange, &block);
	size_t used = upload_body_feed(conn, data, (size_t)n, &event);
	assert(used == (size_t)n && event.kind == H1_BODY_DATA);
	block.used = (uint32_t)n;

	bool is_last = conn->body.left_bytes == 0;
	if (is_last) {
		(void)upload_body_feed(conn, data + n, 0, &event);
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
	return conn->phase == CONN_PHASE_DRAIN && conn->is_body_pending &&
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
		bool is_direct = conn->phase == CONN_PHASE_EXCHANGE && !conn->request.is_chunked &&
				 conn->in_len == 0;
		ssize_t n = is_direct ? upload_receive_block(conn) : upload_receive_buffer(conn);

		if (n > 0) {
			counters_add(&conn->request.worker->counters, COUNTER_BYTES_RECEIVED,
				     (uint64_t)n);
		} else if (n == -EINTR) {
			continue;
		} else if (n == -EAGAIN) {
			conn->is_readable =
				conn->is_readable && !list_is_empty(&conn->request.wait_link);
		} else {
			/* The client has gone in the middle of its body. */
			conn_close(conn);
		}
		if (conn->source.fd != -1 && upload_is_over_drain_limit(conn)) {
			conn_linger(conn);
		}
	}
}
