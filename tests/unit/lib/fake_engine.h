#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A listener for tests of the library: a thread that speaks the control protocol on
 * HOME/run/app.sock and says yes to everything unless told otherwise, and one lane whose engine
 * side the test itself plays.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "ring/area.h"
#include "ring/ring.h"
#include "wire/channel.h"

#define FAKE_LOG_MAX 64

/* What the library said, without HELLO. */
struct fake_call {
	enum message_type type;
	uint64_t property;
	uint64_t number;
	uint64_t queue_id;
	uint64_t context;
	char text[128]; /* PREFIX or NAME */
};

struct fake_engine {
	char home[64];
	char path[96];
	pthread_t thread;
	int listen_fd;
	int stop_fd;
	int command_fd[2];      /* socketpair: orders to the thread, and its answers */
	struct channel channel; /* fd -1: nobody is connected */

	/* Guarded by the mutex. */
	pthread_mutex_t mutex;
	struct fake_call calls[FAKE_LOG_MAX];
	unsigned n_calls;
	uint64_t next_id;
	uint64_t protocol; /* that WELCOME says */
	int refuse_code;   /* answer calls of refuse_type so */
	enum message_type refuse_type;

	/* The lane of the last receiver; the test's thread alone, after the call that made it. */
	struct area area;
	struct ring_writer writer;
	struct ring_reader reader;
	int wake_fd;   /* write end of the pipe */
	int engine_fd; /* eventfd that the library writes */
	int file_fd;
	uint32_t generation;
};

/* fake_setup() / fake_teardown() - start and stop one, for cmocka; *state is the fake */
int fake_setup(void **state);
int fake_teardown(void **state);

/* fake_drop() - the listener dies: connection and lane are closed; it accepts again at once */
void fake_drop(struct fake_engine *fake);

/* fake_close_socket() / fake_open_socket() - nobody listens, and again */
void fake_close_socket(struct fake_engine *fake);
void fake_open_socket(struct fake_engine *fake);

/* fake_refuse() - answer @type with @code from now on; 0: no more */
void fake_refuse(struct fake_engine *fake, enum message_type type, int code);

/* fake_count() - how often @type was called */
unsigned fake_count(struct fake_engine *fake, enum message_type type);

/* fake_state() - send URL_STATE */
void fake_state(struct fake_engine *fake, const char *prefix, uint64_t state, const char *text);

/* fake_garbage() - send what is no message */
void fake_garbage(struct fake_engine *fake);

/* fake_request() - a GET of @path arrives in @slot, with @flags; published and woken */
void fake_request(struct fake_engine *fake, uint32_t slot, const char *path, unsigned flags);

/* fake_stage() - another entry for the request in @slot; published and woken */
struct ring_entry *fake_stage(struct fake_engine *fake, uint32_t slot, enum ring_entry_type type);

/* fake_publish() - show what was staged, and wake the library if it sleeps */
void fake_publish(struct fake_engine *fake);

/* fake_body() - body bytes arrive in request block @block */
void fake_body(struct fake_engine *fake, uint32_t slot, uint32_t block, const char *text,
	       unsigned flags);

/* fake_take() - the next entry of the library; fails the test when there is none */
struct ring_entry fake_take(struct fake_engine *fake);

/* fake_n_entries() - how many wait */
uint32_t fake_n_entries(struct fake_engine *fake);
