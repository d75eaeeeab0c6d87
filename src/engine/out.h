#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What waits to be sent on one connection: a list of pieces, sent with as few system calls as
 * possible.  Pieces are bytes of our own (copied, pooled per worker), bytes that lie in a response
 * block of a lane (sent from there, the block is given back afterwards), parts of files (sendfile),
 * and notes that tell a lane that everything before them has left.
 *
 * The queue belongs to its connection; the pieces to the worker's pool.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct worker;
struct lane;
struct lane_file;

#define OUT_CHUNK_BYTES 8192 /* of our own bytes in one pooled piece */

enum out_kind {
	OUT_KIND_BYTES = 0, /* in memory of ours */
	OUT_KIND_BLOCK,     /* in block `number` of `lane` */
	OUT_KIND_FILE,      /* of `file`; exchange (number, generation) is told when sent */
	OUT_KIND_NOTE, /* nothing to send: exchange (number, generation) of `lane` is through */
};

enum out_verdict {
	OUT_E_BLOCKED = 1, /* the socket takes no more now */
	OUT_E_YIELD,       /* it takes more, but others are waiting: go on in the next turn */
	OUT_E_FAILED,      /* the connection is broken, or a file was shorter than promised */
};

struct out_piece {
	struct out_piece *next;
	uint8_t kind;          /* enum out_kind */
	bool is_large;         /* BYTES with a memory of its own size: not pooled */
	bool is_last_of_block; /* BLOCK: give the block back when sent */
	uint32_t number;       /* block or slot */
	uint32_t generation;
	uint32_t capacity; /* BYTES: of memory */
	const char *data;  /* BYTES, BLOCK: next byte to send */
	uint64_t len;      /* bytes left */
	uint64_t file_offset;
	struct lane *lane;      /* counted by lane->n_pieces */
	struct lane_file *file; /* a reference */
	char *memory;           /* BYTES */
};

struct out {
	struct out_piece *first;
	struct out_piece *last;
	uint64_t n_bytes; /* left to send */
};

/* The worker's unused pieces. */
struct out_pool {
	struct out_piece *small;  /* without memory */
	struct out_piece *chunks; /* with OUT_CHUNK_BYTES of memory */
};

/* out_is_empty() - is nothing waiting? */
static inline bool out_is_empty(const struct out *out)
{
	return out->first == NULL;
}

/*
 * out_room() - a place for up to @n bytes of ours at the end of the queue
 *
 * Return: where to write; tell out_wrote() how many it became; NULL = out of memory.
 */
char *out_room(struct worker *worker, struct out *out, size_t n);

/* out_wrote() - @n bytes were written where out_room() said */
void out_wrote(struct out *out, size_t n);

/* out_append() - copy @bytes to the end.  Return: 0; -ENOMEM */
int out_append(struct worker *worker, struct out *out, struct slice bytes) must_check_;

/*
 * out_append_block() - have @len bytes at @data, in block @number of @lane, sent from there
 * @is_last: the block is given back to the application afterwards
 *
 * Return: 0; -ENOMEM.
 */
int out_append_block(struct worker *worker, struct out *out, struct lane *lane, uint32_t number,
		     const char *data, size_t len, bool is_last) must_check_;

/* out_append_file() - have part of @file sent; takes a reference.  Return: 0; -ENOMEM */
int out_append_file(struct worker *worker, struct out *out, struct lane *lane,
		    struct lane_file *file, uint64_t offset, uint64_t len, uint32_t slot,
		    uint32_t generation) must_check_;

/* out_append_note() - tell @lane when everything so far was sent.  Return: 0; -ENOMEM */
int out_append_note(struct worker *worker, struct out *out, struct lane *lane, uint32_t slot,
		    uint32_t generation) must_check_;

/*
 * out_flush() - send as much as the socket takes
 * @ret_sent: bytes sent now
 *
 * Return: 0 = everything; OUT_E_BLOCKED; OUT_E_YIELD; OUT_E_FAILED.
 */
int out_flush(struct worker *worker, struct out *out, int fd, uint64_t *ret_sent) must_check_;

/* out_clear() - forget everything unsent; blocks, files and notes are given back as if sent */
void out_clear(struct worker *worker, struct out *out);

/* out_pool_fini() - free the pool; all queues must be empty */
void out_pool_fini(struct out_pool *pool);
