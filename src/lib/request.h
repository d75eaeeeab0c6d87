#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One request and its response, in the application.  There is one such object per slot of a lane,
 * made with the lane: a request that arrives only fills it.  Head and body stay in the engine's
 * area and are handed out as slices; every offset is checked against the area when it is used.
 *
 *   FREE --REQUEST_NEW--> TAKEN --httpsys_receive()--> OPEN --END, unwatched--> FREE
 *                                                      OPEN --END, watched--> ENDED --DONE--> FREE
 *
 * Belongs to its receiver's thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "base/slice.h"
#include "httpsys.h"
#include "ring/layout.h"

struct lane;

enum request_state {
	REQUEST_STATE_FREE = 0,
	REQUEST_STATE_TAKEN, /* taken off the ring, waits for httpsys_receive() */
	REQUEST_STATE_OPEN,  /* the application has it */
	REQUEST_STATE_ENDED, /* watched: the engine has not said DONE yet */
};

enum request_response {
	REQUEST_RESPONSE_NONE = 0,
	REQUEST_RESPONSE_BEGUN, /* the final head was staged, the body is open */
};

struct httpsys_request {
	struct lane *lane;
	uint32_t slot;
	uint32_t generation;
	enum request_state state;
	enum request_response response;
	bool is_gone;
	bool is_leaving;       /* the client sends no more; an answer may still reach it */
	bool is_body_wanted;   /* WANT_BODY was staged */
	bool is_body_complete; /* LAST was seen */
	bool has_length;       /* response_left counts */
	uint32_t n_fields;     /* of the head, checked */
	uint32_t fields_offset;

	/* Request body: blocks that wait to be read, as a chain in lane->bodies. */
	uint32_t body_first; /* RING_NO_BLOCK: none */
	uint32_t body_last;
	uint32_t body_held;     /* the block that the last read returned */
	uint32_t body_trailers; /* the block that holds trailers */

	/* Response body. */
	uint64_t response_left; /* bytes until content_length */
	bool has_last_entry;    /* something was staged */
	uint32_t last_entry;    /* ring index of the last HEAD, BODY or FILE entry */
	uint32_t last_room;     /* bytes that still fit into its block */
	uint32_t file_number;   /* of the FILE entry in flight, FILE_NUMBER_NONE */

	void (*on_event)(void *user, struct httpsys_request *request, enum httpsys_event event);
	void *user;
	unsigned events;  /* bit per enum httpsys_event: to be told */
	struct list link; /* receiver->taken (TAKEN) or receiver->events (something to tell) */
	struct list waiter_link; /* lane->waiters: wants SPACE */

	/* Of the request before, whose last event is still to be told: the slot may be in use
	 * again. */
	void (*done_on_event)(void *user, struct httpsys_request *request,
			      enum httpsys_event event);
	void *done_user;
	struct list done_link; /* receiver->dones */
};

/* request_init() - a FREE object for slot @slot of @lane */
void request_init(struct httpsys_request *request, struct lane *lane, uint32_t slot);

/*
 * request_begin() - a request has arrived in the slot
 * @length: bytes that the engine says it used
 *
 * Return: false: the slot is in use, or the head is none.
 */
bool request_begin(struct httpsys_request *request, uint32_t generation,
		   uint64_t length) must_check_;

/* request_is_open() - may the application use it? */
static inline bool request_is_open(const struct httpsys_request *request)
{
	return request != NULL && request->state == REQUEST_STATE_OPEN;
}

/* request_is_dead() - has the client or the listener gone? */
bool request_is_dead(const struct httpsys_request *request);

/* request_tell() - keep @event for the application, if the request is watched */
void request_tell(struct httpsys_request *request, enum httpsys_event event);

/* request_end() - the entry with END was staged (or there is nobody to read it) */
void request_end(struct httpsys_request *request);

/* request_free_slot() - FREE again: nothing refers to it any more */
void request_free_slot(struct httpsys_request *request);

/* request_done() - the engine is through with an ENDED request: FREE; DONE is told later */
void request_done(struct httpsys_request *request);

/* request_deliver_done() - call for the DONE that waits; the request is not in the list */
void request_deliver_done(struct httpsys_request *request);

/* request_deliver() - call on_event for what is to be told; the request is not in the list */
void request_deliver(struct httpsys_request *request);
