#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The engine as the master sees it: a process and a channel.  Keeps it running:
 * one that ends is started again, after a pause that doubles while it ends soon
 * after its start.  An engine that breaks the protocol or hangs up is killed.
 * Owned by the master, on its loop.
 *
 *   DOWN --start--> STARTING --ENGINE_READY--> READY --process ends--> DOWN
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "event/loop.h"
#include "event/timer.h"
#include "master/spawn.h"
#include "wire/channel.h"
#include "wire/message.h"

#define ENGINELINK_PAUSE_MIN_MS      100
#define ENGINELINK_PAUSE_MAX_MS      5000
#define ENGINELINK_SOON_MS           10000 /* an engine that lives shorter counts as failing */
#define ENGINELINK_FAILED_STARTS_MAX 5     /* without ever having been ready: give up */

enum enginelink_state {
	ENGINELINK_STATE_DOWN = 0,
	ENGINELINK_STATE_STARTING,
	ENGINELINK_STATE_READY,
};

struct enginelink;

/* What the master is told; @context is enginelink::context. */
struct enginelink_events {
	/* The process runs: send the configuration.  Return: 0; -errno (fatal) */
	int (*on_start)(void *context);
	/* A message came; the callee may take its descriptors.  Return: 0; -errno (fatal) */
	int (*on_message)(void *context, struct message *message);
	/* The process has ended; @text says how: "was killed by signal 9 (Killed)" */
	void (*on_end)(void *context, const char *text);
	/* Fatal: -errno, or -ECHILD when no engine ever gets ready. */
	void (*on_failure)(void *context, int r);
};

struct enginelink {
	struct loop *loop;                      /* borrowed */
	const struct enginelink_events *events; /* borrowed */
	void *context;
	enum enginelink_state state;
	struct channel channel;
	struct loop_source channel_source;
	struct spawn_process process;
	struct loop_source process_source;
	struct timer pause;
	int64_t pause_ms;
	struct mono_time started_at;
	unsigned n_failed_starts;
	bool was_ever_ready;
	bool is_stopping; /* the next end is the last */
	int app_fd;       /* borrowed */
	int lock_fd;      /* borrowed */
	const char *user; /* borrowed; see spawn_engine() */
};

/* enginelink_init() - no engine yet; app_fd, lock_fd and user are set afterwards */
void enginelink_init(struct enginelink *link, struct loop *loop,
		     const struct enginelink_events *events, void *context);

/* enginelink_fini() - kill the engine if one runs; accepts a zeroed one */
void enginelink_fini(struct enginelink *link);

/* enginelink_start() - start the first engine.  Return: 0; -errno */
int enginelink_start(struct enginelink *link) must_check_;

/*
 * enginelink_send() - send a message; takes its descriptors
 *
 * To an engine that is gone nothing is sent: its end is told by on_end.
 *
 * Return: 0; -errno.
 */
int enginelink_send(struct enginelink *link, struct message *message) must_check_;

/* enginelink_note_ready() - the engine has said that it is ready */
void enginelink_note_ready(struct enginelink *link);

/* enginelink_stop() - the next end is the last one: nothing is started again */
void enginelink_stop(struct enginelink *link);

/* enginelink_hang_up() - close the channel: an engine that has stopped ends then; on_end follows */
void enginelink_hang_up(struct enginelink *link);

/* enginelink_kill() - end the engine's process now; on_end follows */
void enginelink_kill(struct enginelink *link);

/* enginelink_is_up() - is there an engine that messages can be sent to? */
static inline bool enginelink_is_up(const struct enginelink *link)
{
	return link->state != ENGINELINK_STATE_DOWN;
}
