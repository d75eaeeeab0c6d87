#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A lane: the shared memory between one receiver and one thread of the engine, the application's
 * side.  All lanes of a receiver are one set: made by one RECEIVER_ATTACH, lost together.  A set
 * that was lost lives until its last request was ended, because slices point into it.
 *
 * Staged entries are shown to the engine (the ring's head is stored) whenever httpsys_receive() is
 * called, but a sleeping engine is woken only before the receiver itself sleeps, or when some time
 * has passed: one wake-up for as many responses as possible.
 *
 * Belongs to its receiver's thread.  No function here blocks.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "lib/file.h"
#include "ring/area.h"
#include "ring/ring.h"

struct httpsys_receiver;
struct httpsys_request;
struct lane_set;
struct message;

enum lane_verdict {
	LANE_E_REQUEST = 1, /* a request was taken */
	LANE_E_CORRUPT,     /* the engine wrote nonsense: give the listener up */
	LANE_E_INVALID,     /* the message does not describe a lane that is expected now */
};

/* A block of the request area that the application has. */
struct lane_body {
	uint32_t next; /* the next block of the same request, RING_NO_BLOCK */
	uint32_t len;  /* bytes */
	bool is_held;
};

struct lane {
	struct lane_set *set;
	struct area area;
	struct ring_writer writer;
	struct ring_reader reader;
	int engine_fd;    /* eventfd that wakes the engine's thread; owned */
	int file_fd;      /* the file lane's socket; owned */
	uint32_t room;    /* entries that certainly can be staged */
	uint32_t n_taken; /* REQUEST_NEW entries taken in total, wraps */
	uint32_t n_news;  /* entries taken that may end somebody's wait for room, wraps */
	uint32_t credit;  /* as last stored */
	bool is_unwoken;  /* entries were shown since the engine's sleep flag was looked at */
	bool is_broken;   /* the ring overflowed: the engine does not keep the protocol */
	struct httpsys_request *requests; /* [n_slots]; owned */
	struct lane_body *bodies;         /* [n_blocks]; owned */
	uint32_t *free_blocks;            /* [n_blocks], a stack; owned */
	bool *is_block_used;              /* [n_blocks]; owned */
	uint32_t n_free_blocks;
	struct list waiters; /* struct httpsys_request::waiter_link */
	struct file_table files;
};

struct lane_set {
	struct list link;                  /* receiver->lost_sets */
	struct httpsys_receiver *receiver; /* NULL until installed */
	uint64_t receiver_id;
	int wake_fd; /* read end of the pipe that the engine wakes us with; owned */
	bool is_lost;
	uint32_t n_open; /* requests that are not FREE */
	uint32_t n_lanes;
	struct lane lanes[];
};

/*
 * lane_set_add() - take a RECEIVER_CHANNEL message
 * @set: made with the first message
 *
 * Return: 0; LANE_E_INVALID; -errno.
 */
int lane_set_add(struct lane_set **set, struct message *message) must_check_;

/* lane_set_is_whole() - did all lanes of receiver @receiver_id arrive? */
bool lane_set_is_whole(const struct lane_set *set, uint64_t receiver_id);

/* lane_set_free() - unmap and close everything; accepts NULL.  Return: NULL */
struct lane_set *lane_set_free(struct lane_set *set);

/*
 * lane_take() - work off what the engine published, up to and including the next request
 *
 * Return: 0: nothing is left; LANE_E_REQUEST and the request, now TAKEN; LANE_E_CORRUPT.
 */
int lane_take(struct lane *lane, struct httpsys_request **ret_request) must_check_;

/* lane_stage() - an entry for @request to fill; zeroed apart from type, flags, slot, generation and
 * block (RING_NO_BLOCK) */
struct ring_entry *lane_stage(struct lane *lane, const struct httpsys_request *request,
			      unsigned type, unsigned flags);

/* lane_has_spare_room() - is there room beyond what ends, heads and returned blocks may need? */
bool lane_has_spare_room(struct lane *lane);

/* lane_show() - show what was staged, and new credit, to an engine that is awake */
void lane_show(struct lane *lane, uint32_t prefetch);

/* lane_wake() - after lane_show(): wake the engine if it sleeps or waits for credit */
void lane_wake(struct lane *lane, uint32_t prefetch);

/* lane_take_block() - a response block to fill.  Return: its number; RING_NO_BLOCK: none is free */
uint32_t lane_take_block(struct lane *lane);

/* lane_return_block() - a block that was taken is not needed after all */
void lane_return_block(struct lane *lane, uint32_t block);

/* lane_free_body() - hand request block @block, which @request had, back to the engine */
void lane_free_body(struct lane *lane, const struct httpsys_request *request, uint32_t block);

/* lane_lose() - the engine has gone: requests are GONE or, when nobody has them, FREE */
void lane_lose(struct lane *lane);
