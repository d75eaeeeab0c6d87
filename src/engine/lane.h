#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The engine's side of a lane: the shared memory between one worker and one receiver, the exchanges
 * that are in work on it, and the application's protocol.  Everything from the response area is
 * copied before it is looked at; an application that breaks the protocol loses the lane (and with
 * it the receiver), nothing else.
 *
 * Owned by its worker from the letter that attaches it to the one that detaches it; then freed as
 * soon as no piece of an out queue lies in its memory any more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "event/loop.h"
#include "ring/area.h"
#include "ring/ring.h"

struct lane;
struct receiver;
struct request;
struct worker;
struct worker_queue;

#define LANE_BLOCK_FREE          UINT32_MAX       /* in our hands */
#define LANE_BLOCK_ORPHAN        (UINT32_MAX - 1) /* at the application, its exchange is over */

#define LANE_BLOCKS_PER_EXCHANGE 4 /* request body blocks one exchange may hold untaken */

enum exchange_state {
	EXCHANGE_STATE_FREE = 0,
	EXCHANGE_STATE_HEAD,   /* delivered; no response head yet */
	EXCHANGE_STATE_BODY,   /* response head was sent, body follows */
	EXCHANGE_STATE_NOTIFY, /* ended; waits until everything has left */
};

/* One request and its response in slot `slot` of `lane`. */
struct exchange {
	struct lane *lane;
	struct request *request; /* NULL: the client has gone; the slot waits for the END */
	uint32_t slot;
	uint32_t generation;
	uint32_t position;   /* of its REQUEST_NEW in the request ring */
	uint8_t state;       /* enum exchange_state */
	bool wants_body;     /* WANT_BODY was seen, or need not be waited for */
	bool is_body_sent;   /* LAST was staged */
	uint8_t n_blocks;    /* request blocks out at the application */
	uint32_t head_bytes; /* of the request, in the slot behind its struct */
	uint32_t n_staged;   /* request blocks staged so far */
	uint32_t blocks[LANE_BLOCKS_PER_EXCHANGE];      /* the first ones, in order, and what is */
	uint32_t block_bytes[LANE_BLOCKS_PER_EXCHANGE]; /* in them: to requeue what nobody took */
	uint32_t trailer_block; /* collects the trailer fields; RING_NO_BLOCK: there are none yet */
	uint32_t trailer_bytes; /* used in it */
	bool is_body_fed;       /* the decoder has had bytes of the body */
	bool has_trailers;      /* the request's body had */
	bool is_gone_told;      /* GONE was staged */
	bool is_leaving_told;   /* GONE with LAST was staged */
	bool has_body;          /* of the response, from EXCHANGE_STATE_BODY */
	bool is_length_known;   /* n_left counts */
	uint64_t n_left;        /* response body bytes that must still come */
};

struct lane_file {
	int fd; /* owned */
	unsigned n_refs;
	uint64_t size; /* bytes, when it was last looked at */
};

struct lane {
	struct loop_source source; /* the application's bell: eventfd, owned */
	struct worker *worker;
	struct worker_queue *queue; /* whose requests it takes; NULL once detached */
	struct receiver *receiver;  /* of the control thread; only handed back, never looked into */
	struct list queue_link;     /* in queue->lanes */
	struct list active_link;    /* in worker->active_lanes: the application owes us something */
	struct list wake_link;      /* in worker->wakes: its receiver sleeps and has news */
	struct list blocked;        /* struct request::wait_link: waiting for a request block */
	struct area area;           /* owned */
	struct ring_writer writer;
	struct ring_reader reader;
	struct exchange *exchanges; /* n_slots, owned */
	uint32_t *free_slots;       /* stack, owned */
	uint32_t n_free_slots;
	uint32_t *free_blocks; /* stack of request blocks, owned */
	uint32_t n_free_blocks;
	uint32_t *block_slots; /* whose a request block is: a slot, or LANE_BLOCK_; owned */
	uint32_t n_delivered;  /* REQUEST_NEW entries so far */
	uint32_t n_pieces;     /* pieces of out queues that refer to this lane */
	int wake_fd;           /* write end of the receiver's pipe, owned (a copy) */
	int file_fd;           /* the file lane, owned */
	struct lane_file *files[RING_FILES_MAX]; /* references, owned */
	bool is_broken;                          /* gave up: no entry is read any more */
	bool is_slot_freed; /* outside of lane_consume(): somebody may wait for it */
};

/* What the control thread hands to a worker to make a lane. */
struct lane_setup {
	struct area area;
	int event_fd; /* ours of the application's bell */
	int wake_fd;
	int file_fd;
};

/*
 * lane_new() - make a lane from its parts
 * @setup: adopted, also on failure
 *
 * Return: 0 and an unattached lane; -errno.
 */
int lane_new(struct worker *worker, struct receiver *receiver, struct lane_setup *setup,
	     struct lane **ret_lane) must_check_;

/* lane_attach() - let requests of @queue come this way; what waits is delivered */
void lane_attach(struct lane *lane, struct worker_queue *queue);

/*
 * lane_detach() - the receiver has gone: requests it had taken fail, requests it had not taken go
 * back to the queue.  The lane frees itself when nothing refers to it any more.
 */
void lane_detach(struct lane *lane);

/* lane_can_take() - is there a slot and credit for one more request? */
bool lane_can_take(const struct lane *lane);

/* lane_is_awake() - does the application look at its ring by itself? */
bool lane_is_awake(const struct lane *lane);

/* lane_n_untaken() - requests delivered that the application has not looked at */
uint32_t lane_n_untaken(const struct lane *lane);

/* lane_stage() - put one entry into the request ring; it is published at the end of the turn */
struct ring_entry *lane_stage(struct lane *lane, enum ring_entry_type type, uint32_t slot,
			      uint32_t generation, uint32_t block);

/* lane_exchange_new() - take a free slot for @request; lane_can_take() has said yes */
struct exchange *lane_exchange_new(struct lane *lane, struct request *request);

/* lane_exchange_free() - the slot may carry another request */
void lane_exchange_free(struct exchange *exchange);

/*
 * lane_block_take() - a free request block for @exchange
 * @is_trailer: it may be the last free one and one more than the exchange may hold otherwise
 *
 * Return: its number; RING_NO_BLOCK: none now.
 */
uint32_t lane_block_take(struct exchange *exchange, bool is_trailer);

/* lane_block_return() - a block that was taken and not staged */
void lane_block_return(struct exchange *exchange, uint32_t block);

/* lane_block_release() - a block that belongs to no exchange any more is free */
void lane_block_release(struct lane *lane, uint32_t block);

/* lane_consume() - handle everything the application has published */
void lane_consume(struct lane *lane);

/* lane_serve() - deliver what waits for slots that became free while responses were sent */
void lane_serve(struct lane *lane);

/* lane_publish() - show staged entries to the application; note it for waking if it sleeps */
void lane_publish(struct lane *lane);

/* lane_wake_receiver() - wake the application if it still sleeps */
void lane_wake_receiver(struct lane *lane);

/*
 * lane_sleep() - the worker is about to sleep: have the application ring from now on
 *
 * Return: false when something was published meanwhile.
 */
bool lane_sleep(struct lane *lane);

/* lane_wake() - the worker is awake again */
void lane_wake(struct lane *lane);

/* lane_break() - the application violated the protocol: @why; the receiver is cut off */
void lane_break(struct lane *lane, const char *why);

/* lane_piece_done() - an out queue's piece no longer refers to the lane */
void lane_piece_done(struct lane *lane);

/* lane_on_sent() - everything of a NOTIFY exchange has left */
void lane_on_sent(struct lane *lane, uint32_t slot, uint32_t generation);

/*
 * lane_file_find() - the file under @number, fetched from the file lane if it was just sent
 *
 * Return: a file borrowed from the lane; NULL = no such file, or one we do not serve.
 */
struct lane_file *lane_file_find(struct lane *lane, uint64_t number);

/* lane_file_covers() - is the file at least @end bytes long? (asks the kernel when it has grown) */
bool lane_file_covers(struct lane_file *file, uint64_t end);

/* lane_file_ref() / lane_file_unref() - share a file; the last one closes it */
void lane_file_ref(struct lane_file *file);
void lane_file_unref(struct lane_file *file);
