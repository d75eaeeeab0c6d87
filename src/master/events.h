#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The event log: one JSON object per line in HOME/log/events.log, and the same
 * sentence as one line on stderr.  Numbers below 20000 are the original's.  What
 * cannot be written to the file is on stderr all the same; a full disk stops
 * nothing.  Owned by the master.
 */

#include <stdint.h>

#include "base/compiler.h"
#include "base/diag.h"

enum event_id {
	EVENT_ID_REGISTRATION_FAILED = 1004, /* registration unreachable or refused */
	EVENT_ID_REGISTRATION_SERVED = 1007, /* served again */
	EVENT_ID_ENDPOINT_FAILED = 15005,    /* an endpoint could not be created */
	EVENT_ID_RESERVATION_ADDED = 15007,
	EVENT_ID_RESERVATION_DELETED = 15008,
	EVENT_ID_RESERVATION_UNREADABLE = 15010, /* a stored one is skipped */
	EVENT_ID_ENTRY_UNREADABLE = 15014,       /* an entry of the listen list is skipped */
	EVENT_ID_NO_ENTRY_USABLE = 15015,        /* nothing is bound; the original would bind all */
	EVENT_ID_ENGINE_DIED = 20001,
	EVENT_ID_ENGINE_RESTARTED = 20002,
	EVENT_ID_CONFIGURATION_CHANGED = 20003,
	EVENT_ID_ENDPOINT_OPENED = 20004,
	EVENT_ID_ENDPOINT_CLOSED = 20005,
	EVENT_ID_APPLICATION_LOST = 20006,   /* with requests in work */
	EVENT_ID_PROTOCOL_VIOLATION = 20007, /* by an application */
};

struct event {
	unsigned id; /* enum event_id, or a number the engine sent */
	enum diag_level level;
	const char *text;
	const char *prefix; /* this and the following: NULL = does not apply */
	const char *endpoint;
	const char *entry;
	const char *state;
	const char *code;
};

struct events {
	int fd;           /* owned; -1 = only stderr */
	const char *path; /* borrowed; NULL = only stderr */
};

/*
 * events_init() - open the log
 * @path: must stay valid; NULL = only stderr
 *
 * A file that cannot be opened is said on stderr.
 */
void events_init(struct events *events, const char *path);

/* events_fini() - close it; accepts one of fd -1 */
void events_fini(struct events *events);

/* events_reopen() - begin a new file after the old one was moved away */
void events_reopen(struct events *events);

/* events_emit() - write one event */
void events_emit(struct events *events, const struct event *event);

/* event_name() - a word for people and filters, "endpoint-failed"; "event" for an unknown number */
const char *event_name(unsigned id);
