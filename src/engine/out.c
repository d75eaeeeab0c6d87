/* SPDX-License-Identifier: MIT */

/*
 * Sending; see out.h.  Consecutive pieces in memory leave in one sendmsg; MSG_MORE joins them with
 * a file that follows (never TCP_CORK: it costs two more system calls).
 */

#include "engine/out.h"

#include <assert.h>
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "base/result.h"
#include "engine/lane.h"
#include "engine/worker.h"

#define OUT_IOVECS_MAX     64
#define OUT_SENDFILE_BYTES (1u << 20) /* per call */
#define OUT_TURN_BYTES     (4u << 20) /* per turn, so that one fast client does not hold the thread */

static struct out_piece *out_piece_new(struct worker *worker, enum out_kind kind)
{
	struct out_pool *pool = &worker->out_pool;
	bool is_chunk = kind == OUT_KIND_BYTES;
	struct out_piece **free_p = is_chunk ? &pool->chunks : &pool->small;
	struct out_piece *piece = *free_p;
	char *memory;

	if (piece != NULL) {
		*free_p = piece->next;
		memory = piece->memory;
		*piece = (struct out_piece){.kind = (uint8_t)kind, .memory = memory};
	} else {
		piece = mem_new(sizeof(*piece) + (is_chunk ? OUT_CHUNK_BYTES : 0));
		if (piece == NULL) {
			return NULL;
		}
		piece->kind = (uint8_t)kind;
		piece->memory = is_chunk ? (char *)(piece + 1) : NULL;
	}
	piece->capacity = is_chunk ? OUT_CHUNK_BYTES : 0;
	piece->data = piece->memory;

	return piece;
}

static struct out_piece *out_piece_new_large(size_t n)
{
	struct out_piece *piece = mem_new(sizeof(*piece) + n);

	if (piece == NULL) {
		return NULL;
	}
	piece->is_large = true;
	piece->memory = (char *)(piece + 1);
	piece->data = piece->memory;
	piece->capacity = (uint32_t)n;

	return piece;
}

static void out_piece_recycle(struct worker *worker, struct out_piece *piece)
{
	struct out_pool *pool = &worker->out_pool;
	struct out_piece **free_p = piece->memory != NULL ? &pool->chunks : &pool->small;

	if (piece->is_large) {
		mem_free(piece);

		return;
	}
	piece->next = *free_p;
	*free_p = piece;
}

static void out_link(struct out *out, struct out_piece *piece)
{
	piece->next = NULL;
	if (out->last != NULL) {
		out->last->next = piece;
	} else {
		out->first = piece;
	}
	out->last = piece;
	out->n_bytes += piece->len;
}

/* The first piece is through: give back what it held. */
static void out_pop(struct worker *worker, struct out *out)
{
	struct out_piece *piece = out->first;
	struct lane *lane = piece->lane;

	out->first = piece->next;
	if (out->first == NULL) {
		out->last = NULL;
	}
	out->n_bytes -= piece->len;

	switch (piece->kind) {
	case OUT_KIND_BLOCK:
		if (piece->is_last_of_block) {
			lane_stage(lane, RING_REQUEST_BLOCK_FREE, 0, 0, piece->number);
		}
		break;
	case OUT_KIND_FILE:
		lane_stage(lane, RING_REQUEST_FILE_DONE, piece->number, piece->generation, 0);
		lane_file_unref(piece->file);
		break;
	case OUT_KIND_NOTE:
		lane_on_sent(lane, piece->number, piece->generation);
		break;
	default:
		break;
	}
	out_piece_recycle(worker, piece);
	if (lane != NULL) {
		lane_piece_done(lane);
	}
}

char *out_room(struct worker *worker, struct out *out, size_t n)
{
	struct out_piece *last = out->last;

	if (last != NULL && last->kind == OUT_KIND_BYTES) {
		size_t used = (size_t)(last->data + last->len - last->memory);

		if (last->capacity - used >= n) {
			return last->memory + used;
		}
	}

	struct out_piece *piece = n <= OUT_CHUNK_BYTES ? out_piece_new(worker, OUT_KIND_BYTES)
						       : out_piece_new_large(n);
	if (piece == NULL) {
		return NULL;
	}
	out_link(out, piece);

	return piece->memory;
}

void out_wrote(struct out *out, size_t n)
{
	assert(out->last != NULL && out->last->kind == OUT_KIND_BYTES);

	out->last->len += n;
	out->n_bytes += n;
}

int out_append(struct worker *worker, struct out *out, struct slice bytes)
{
	if (bytes.len == 0) {
		return 0;
	}

	char *room = out_room(worker, out, bytes.len);
	if (room == NULL) {
		return result_origin(-ENOMEM);
	}
	memcpy(room, bytes.data, bytes.len);
	out_wrote(out, bytes.len);

	return 0;
}

static int out_append_piece(struct worker *worker, struct out *out,
			    const struct out_piece *template)
{
	struct out_piece *piece = out_piece_new(worker, template->kind);

	if (piece == NULL) {
		return result_origin(-ENOMEM);
	}
	*piece = *template;
	piece->lane->n_pieces++;
	out_link(out, piece);

	return 0;
}

int out_append_block(struct worker *worker, struct out *out, struct lane *lane, uint32_t number,
		     const char *data, size_t len, bool is_last)
{
	return out_append_piece(worker, out,
				&(struct out_piece){.kind = OUT_KIND_BLOCK,
						    .lane = lane,
						    .number = number,
						    .data = data,
						    .len = len,
						    .is_last_of_block = is_last});
}

int out_append_file(struct worker *worker, struct out *out, struct lane *lane,
		    struct lane_file *file, uint64_t offset, uint64_t len, uint32_t slot,
		    uint32_t generation)
{
	int r = out_append_piece(worker, out,
				 &(struct out_piece){.kind = OUT_KIND_FILE,
						     .lane = lane,
						     .number = slot,
						     .generation = generation,
						     .file = file,
						     .file_offset = offset,
						     .len = len});
	if (r == 0) {
		lane_file_ref(file);
	}

	return r;
}

int out_append_note(struct worker *worker, struct out *out, struct lane *lane, uint32_t slot,
		    uint32_t generation)
{
	return out_append_piece(worker, out,
				&(struct out_piece){.kind = OUT_KIND_NOTE,
						    .lane = lane,
						    .number = slot,
						    .generation = generation});
}

static int out_failure(ssize_t n)
{
	assert(n == -1);

	return errno == EAGAIN || errno == EWOULDBLOCK ? OUT_E_BLOCKED : OUT_E_FAILED;
}

/* Send the run of pieces in memory at the head of the queue. */
static int out_flush_memory(struct worker *worker, struct out *out, int fd, uint64_t *sent)
{
	struct iovec iov[OUT_IOVECS_MAX];
	struct out_piece *piece = out->first;
	size_t n_iov = 0;
	ssize_t n;

	for (; piece != NULL && piece->kind <= OUT_KIND_BLOCK && n_iov < OUT_IOVECS_MAX;
	     piece = piece->next) {
		iov[n_iov++] = (struct iovec){(char *)(uintptr_t)piece->data, piece->len};
	}

	int flags = MSG_NOSIGNAL | (piece != NULL && piece->kind == OUT_KIND_FILE ? MSG_MORE : 0);
	do {
		if (n_iov == 1) {
			n = send(fd, iov[0].iov_base, iov[0].iov_len, flags);
		} else {
			struct msghdr message = {.msg_iov = iov, .msg_iovlen = n_iov};

			n = sendmsg(fd, &message, flags);
		}
	} while (n == -1 && errno == EINTR);
	if (n == -1) {
		return out_failure(n);
	}

	*sent += (uint64_t)n;
	for (size_t i = 0; i < n_iov; i++) {
		struct out_piece *first = out->first;

		if ((uint64_t)n < first->len) {
			first->data += n;
			first->len -= (uint64_t)n;
			out->n_bytes -= (uint64_t)n;

			return OUT_E_BLOCKED;
		}
		n -= (ssize_t)first->len;
		out_pop(worker, out);
	}

	return 0;
}

static int out_flush_file(struct worker *worker, struct out *out, int fd, uint64_t *sent)
{
	struct out_piece *piece = out->first;

	while (piece->len > 0) {
		if (*sent >= OUT_TURN_BYTES) {
			return OUT_E_YIELD;
		}

		off_t offset = (off_t)piece->file_offset;
		size_t want = piece->len < OUT_SENDFILE_BYTES ? piece->len : OUT_SENDFILE_BYTES;
		ssize_t n = sendfile(fd, piece->file->fd, &offset, want);

		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n == -1) {
			return out_failure(n);
		}
		if (n == 0) {
			return OUT_E_FAILED; /* the file has shrunk: the promised length is a lie */
		}
		piece->file_offset += (uint64_t)n;
		piece->len -= (uint64_t)n;
		out->n_bytes -= (uint64_t)n;
		*sent += (uint64_t)n;
	}
	out_pop(worker, out);

	return 0;
}

int out_flush(struct worker *worker, struct out *out, int fd, uint64_t *ret_sent)
{
	*ret_sent = 0;

	while (out->first != NULL) {
		int r = 0;

		switch (out->first->kind) {
		case OUT_KIND_NOTE:
			out_pop(worker, out);
			break;
		case OUT_KIND_FILE:
			r = out_flush_file(worker, out, fd, ret_sent);
			break;
		default:
			r = out_flush_memory(worker, out, fd, ret_sent);
			break;
		}
		if (r != 0) {
			return r;
		}
	}

	return 0;
}

void out_clear(struct worker *worker, struct out *out)
{
	while (out->first != NULL) {
		out_pop(worker, out);
	}
}

void out_pool_fini(struct out_pool *pool)
{
	struct out_piece **lists[] = {&pool->small, &pool->chunks};

	for (size_t i = 0; i < array_len(lists); i++) {
		while (*lists[i] != NULL) {
			struct out_piece *piece = *lists[i];

			*lists[i] = piece->next;
			mem_free(piece);
		}
	}
}
