/* SPDX-License-Identifier: MIT */

/* Lines of the event log; see events.h. */

#include "master/events.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"

#define EVENTS_LINE_BYTES_MAX 65536
#define EVENTS_FILE_MODE      0640

struct event_name_row {
	unsigned id;
	const char *name;
};

static const struct event_name_row event_names[] = {
	{EVENT_ID_REGISTRATION_FAILED, "registration-failed"},
	{EVENT_ID_REGISTRATION_SERVED, "registration-served"},
	{EVENT_ID_ENDPOINT_FAILED, "endpoint-failed"},
	{EVENT_ID_RESERVATION_ADDED, "reservation-added"},
	{EVENT_ID_RESERVATION_DELETED, "reservation-deleted"},
	{EVENT_ID_RESERVATION_UNREADABLE, "reservation-unreadable"},
	{EVENT_ID_ENTRY_UNREADABLE, "entry-unreadable"},
	{EVENT_ID_NO_ENTRY_USABLE, "no-entry-usable"},
	{EVENT_ID_ENGINE_DIED, "engine-died"},
	{EVENT_ID_ENGINE_RESTARTED, "engine-restarted"},
	{EVENT_ID_CONFIGURATION_CHANGED, "configuration-changed"},
	{EVENT_ID_ENDPOINT_OPENED, "endpoint-opened"},
	{EVENT_ID_ENDPOINT_CLOSED, "endpoint-closed"},
	{EVENT_ID_APPLICATION_LOST, "application-lost"},
	{EVENT_ID_PROTOCOL_VIOLATION, "protocol-violation"},
};

static const char *const events_level_names[] = {
	[DIAG_LEVEL_ERROR] = "error",   [DIAG_LEVEL_WARNING] = "warning",
	[DIAG_LEVEL_NOTICE] = "notice", [DIAG_LEVEL_INFO] = "info",
	[DIAG_LEVEL_DEBUG] = "debug",
};

const char *event_name(unsigned id)
{
	for (size_t i = 0; i < array_len(event_names); i++) {
		if (event_names[i].id == id) {
			return event_names[i].name;
		}
	}

	return "event";
}

void events_init(struct events *events, const char *path)
{
	assert(events != NULL);

	*events = (struct events){.fd = -1, .path = path};
	events_reopen(events);
}

void events_fini(struct events *events)
{
	assert(events != NULL);

	events->fd = fd_close(events->fd);
}

void events_reopen(struct events *events)
{
	assert(events != NULL);

	events->fd = fd_close(events->fd);
	if (events->path == NULL) {
		return;
	}
	events->fd = open(events->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			  EVENTS_FILE_MODE);
	if (events->fd == -1) {
		diag_warning("events are not kept: %s cannot be opened: %s", events->path,
			     strerror(errno));
	}
}

static void events_write_member(struct json_writer *writer, const char *key, const char *text)
{
	if (text != NULL) {
		json_key(writer, key);
		json_str(writer, slice_from_str(text));
	}
}

static int events_format(const struct event *event, struct buf *buf)
{
	char now[CLOCK_ISO8601_BYTES];
	struct json_writer writer;

	clock_format_iso8601(clock_wall(), now);
	json_init(&writer, buf);
	json_begin_object(&writer);
	events_write_member(&writer, "time", now);
	json_key(&writer, "event_id");
	json_u64(&writer, event->id);
	events_write_member(&writer, "level", events_level_names[event->level]);
	events_write_member(&writer, "name", event_name(event->id));
	events_write_member(&writer, "text", event->text);
	events_write_member(&writer, "prefix", event->prefix);
	events_write_member(&writer, "endpoint", event->endpoint);
	events_write_member(&writer, "entry", event->entry);
	events_write_member(&writer, "state", event->state);
	events_write_member(&writer, "code", event->code);
	json_end_object(&writer);

	int r = json_finish(&writer);

	return r == 0 ? buf_append_str(buf, "\n") : r;
}

void events_emit(struct events *events, const struct event *event)
{
	assert(events != NULL && event != NULL && event->text != NULL);
	assert(event->level >= DIAG_LEVEL_ERROR && event->level <= DIAG_LEVEL_DEBUG);

	struct buf line = {.len_max = EVENTS_LINE_BYTES_MAX};

	diag_write(event->level, "event %u: %s", event->id, event->text);
	if (events->fd != -1 && events_format(event, &line) == 0 &&
	    write(events->fd, line.data, line.len) != (ssize_t)line.len) {
		diag_warning("an event could not be written to %s", events->path);
	}
	buf_fini(&line);
}
