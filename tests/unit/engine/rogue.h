#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An application that speaks the ring protocol by itself, so that it can break it.  One engine
 * thread, one lane.
 */

#include <stdbool.h>
#include <stdint.h>

#include "harness.h"
#include "ring/area.h"
#include "ring/ring.h"
#include "wire/channel.h"

struct rogue {
	struct channel channel;
	struct area area;
	struct ring_writer writer;
	struct ring_reader reader;
	int event_fd;
	int wake_fd;
	int file_fd;
	uint32_t serial;
	uint32_t slot;       /* of the request taken last ... */
	uint32_t generation; /* ... and its generation */
};

/* rogue_start() - register http://127.0.0.1:@port@path and give credit for 16 requests */
void rogue_start(struct rogue *rogue, struct harness *harness, uint16_t port, const char *path);

/* rogue_end() - close everything */
void rogue_end(struct rogue *rogue);

/* rogue_take() - wait for the next request and take it */
void rogue_take(struct rogue *rogue);

/* rogue_entry() - an entry of @type for the request taken last, staged; to be changed */
struct ring_entry *rogue_entry(struct rogue *rogue, unsigned type, unsigned flags);

/* rogue_ring() - publish what is staged and ring the engine's bell */
void rogue_ring(struct rogue *rogue);

/* rogue_set_credit() - write the credit word */
void rogue_set_credit(struct rogue *rogue, uint32_t credit);

/*
 * rogue_head() - write a correct response head with @fields ("Name: value" pairs, NULL ends) and
 * @body behind it into the slot.  Return: the bytes of both
 */
uint32_t rogue_head(struct rogue *rogue, unsigned status, const char *const *fields,
		    const char *body);

/* rogue_header() - the head in the slot, to be changed */
struct ring_response_head *rogue_header(struct rogue *rogue);

/* rogue_put_head() - an entry for the head of @len bytes in the slot */
struct ring_entry *rogue_put_head(struct rogue *rogue, uint32_t len, unsigned flags);

/* rogue_send_file() - put @fd on the file lane as @number */
void rogue_send_file(struct rogue *rogue, uint32_t number, int fd);

/* rogue_is_cut_off() - wait up to @wait_ms: has the engine closed the session? */
bool rogue_is_cut_off(struct rogue *rogue, int wait_ms);

/* rogue_begin_file() - a head, and part of file @number as the whole body */
void rogue_begin_file(struct rogue *rogue, unsigned number, uint64_t offset, uint64_t length);

/* rogue_file() - an empty regular file of @bytes bytes.  Return: an owned descriptor */
int rogue_file(size_t bytes);

#define ROGUE_GET "GET /rogue/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

/* What the engine is started with: one thread, so that all meet on it. */
extern const struct harness_parameter rogue_parameters[];

enum outcome {
	OUTCOME_SERVED = 0, /* 200 "ok" */
	OUTCOME_REFUSED,    /* 500, the application goes on */
	OUTCOME_RESET,      /* the client is cut off, the application goes on */
	OUTCOME_CUT_OFF,    /* the application is cut off, its client gets 502 or is reset */
};

/* rogue_assert_outcome() - asserts what became of the request of @client, and of @rogue */
void rogue_assert_outcome(const char *name, enum outcome outcome, struct rogue *rogue,
			  struct client *client);

/* rogue_assert_others_served() - asserts that the honest application is served, on the same thread
 */
void rogue_assert_others_served(struct fixture *fixture);
