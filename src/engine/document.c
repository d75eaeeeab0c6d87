/* SPDX-License-Identifier: MIT */

/* The status document, and how documents travel; see document.h. */

#include "engine/document.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/result.h"
#include "engine/app_queue.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/receiver.h"
#include "engine/registration.h"
#include "engine/session.h"
#include "engine/worker.h"

#define DOCUMENT_ID_SESSION 0xFFu
#define DOCUMENT_ID_GROUP   0xFEu

static void document_text(struct json_writer *json, const char *key, const char *value)
{
	json_key(json, key);
	if (value != NULL) {
		json_str(json, slice_from_str(value));
	} else {
		json_nil(json);
	}
}

static void document_number(struct json_writer *json, const char *key, uint64_t value)
{
	json_key(json, key);
	json_u64(json, value);
}

/* Ids in the original's form: 16 hexadecimal digits, the first two say what it is. */
static void document_id(struct json_writer *json, const char *key, unsigned kind, uint64_t id)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%02X%014llX", kind, (unsigned long long)id);
	document_text(json, key, text);
}

static void document_process(struct json_writer *json, uid_t uid, pid_t pid, const char *program)
{
	document_number(json, "uid", uid);
	document_number(json, "pid", (uint64_t)pid);
	document_text(json, "program", program);
}

static void document_prefix(struct json_writer *json, const struct registration *registration)
{
	static const char *const buckets[] = {"strong", "explicit", "ip", "weak"};
	const struct group *group = registration->group;
	const struct claim *claim = registration->claim;

	json_begin_object(json);
	document_text(json, "prefix", registration->prefix.text);
	document_text(json, "bucket", buckets[registration->prefix.bucket]);
	document_number(json, "claim_id", claim->id);
	document_id(json, "group_id", DOCUMENT_ID_GROUP, group->id);
	json_key(json, "queue_id");
	if (group->queue != NULL) {
		json_u64(json, group->queue->id);
	} else {
		json_nil(json);
	}
	document_text(json, "queue_name", group->queue != NULL ? group->queue->name : NULL);
	document_process(json, group->uid, group->pid, group->program);
	document_text(json, "state",
		      claim->is_known ? claim_state_name(claim->state) : "being opened");
	document_text(json, "text", claim->text);
	document_text(json, "repair", claim->repair);
	json_key(json, "is_parked");
	json_bool(json, group->session == NULL);
	json_end_object(json);
}

static void document_prefixes(struct json_writer *json, const struct control *control)
{
	size_t cursor = 0;

	json_key(json, "prefixes");
	json_begin_array(json);
	for (const struct registration *registration = map_next(&control->registrations, &cursor);
	     registration != NULL; registration = map_next(&control->registrations, &cursor)) {
		document_prefix(json, registration);
	}
	json_end_array(json);
}

static void document_group(struct json_writer *json, const struct group *group)
{
	json_begin_object(json);
	document_id(json, "id", DOCUMENT_ID_GROUP, group->id);
	if (group->session != NULL) {
		document_id(json, "session_id", DOCUMENT_ID_SESSION, group->session->id);
	} else {
		document_text(json, "session_id", NULL);
	}
	document_text(json, "state",
		      group->url_group.state == GROUP_STATE_ACTIVE ? "active" : "inactive");
	json_key(json, "queue_id");
	if (group->queue != NULL) {
		json_u64(json, group->queue->id);
	} else {
		json_nil(json);
	}
	json_key(json, "is_shared");
	json_bool(json, group->is_shared);
	document_number(json, "grace_ms", group->grace_ms);
	document_process(json, group->uid, group->pid, group->program);
	json_key(json, "prefixes");
	json_begin_array(json);
	list_for_each(node, &group->registrations)
	{
		json_str(json,
			 slice_from_str(
				 list_entry(node, struct registration, group_link)->prefix.text));
	}
	json_end_array(json);
	json_end_object(json);
}

static void document_sessions(struct json_writer *json, const struct control *control)
{
	json_key(json, "sessions");
	json_begin_array(json);
	list_for_each(node, &control->sessions)
	{
		const struct session *session = list_entry(node, struct session, link);

		json_begin_object(json);
		document_id(json, "id", DOCUMENT_ID_SESSION, session->id);
		document_process(json, session->peer.uid, session->peer.pid, session->program);
		document_text(json, "version", session->version);
		json_end_object(json);
	}
	json_end_array(json);
}

static void document_queue(struct json_writer *json, const struct app_queue *queue)
{
	const struct queue *shared = queue->queue;
	uint64_t n_in_work = 0;

	json_begin_object(json);
	document_number(json, "id", queue->id);
	document_text(json, "name", queue->name);
	document_text(json, "state", shared->state == GROUP_STATE_ACTIVE ? "active" : "inactive");
	document_number(json, "entries_max", shared->entries_max);
	document_number(json, "n_waiting", __atomic_load_n(&shared->n_waiting, __ATOMIC_RELAXED));
	document_number(json, "n_arrived", __atomic_load_n(&shared->n_arrived, __ATOMIC_RELAXED));
	document_number(json, "n_rejected", __atomic_load_n(&shared->n_rejected, __ATOMIC_RELAXED));
	document_number(json, "uid", queue->uid);
	document_number(json, "pid", (uint64_t)queue->pid);
	json_key(json, "receivers");
	json_begin_array(json);
	list_for_each(node, &queue->receivers)
	{
		const struct receiver *receiver = list_entry(node, struct receiver, queue_link);

		json_begin_object(json);
		document_number(json, "id", receiver->id);
		document_process(json, receiver->uid, receiver->pid, receiver->program);
		document_number(json, "n_in_work", receiver_count_in_work(receiver));
		n_in_work += receiver_count_in_work(receiver);
		json_end_object(json);
	}
	json_end_array(json);
	document_number(json, "n_in_work", n_in_work);
	json_end_object(json);
}

static void document_counters(struct json_writer *json, const struct engine *engine)
{
	json_key(json, "counters");
	json_begin_object(json);
	for (unsigned i = 0; i < COUNTER_COUNT_; i++) {
		uint64_t sum = 0;

		for (unsigned k = 0; k < engine->n_workers; k++) {
			sum += counters_read(&engine->workers[k].counters, (enum counter)i);
		}
		document_number(json, counters_name((enum counter)i), sum);
	}
	document_number(json, "connections_open",
			__atomic_load_n(&engine->n_connections, __ATOMIC_RELAXED));
	json_end_object(json);
}

int document_write_status(struct control *control, struct buf *buf)
{
	struct json_writer json;
	size_t cursor = 0;

	json_init(&json, buf);
	json_begin_object(&json);
	document_number(&json, "pid", (uint64_t)getpid());
	document_number(&json, "n_threads", control->engine->n_workers);
	document_prefixes(&json, control);
	json_key(&json, "groups");
	json_begin_array(&json);
	for (const struct group *group = map_next(&control->groups, &cursor); group != NULL;
	     group = map_next(&control->groups, &cursor)) {
		document_group(&json, group);
	}
	json_end_array(&json);
	document_sessions(&json, control);
	json_key(&json, "queues");
	json_begin_array(&json);
	cursor = 0;
	for (const struct app_queue *queue = map_next(&control->queues, &cursor); queue != NULL;
	     queue = map_next(&control->queues, &cursor)) {
		document_queue(&json, queue);
	}
	json_end_array(&json);
	document_counters(&json, control->engine);
	json_end_object(&json);

	return result_trace(json_finish(&json));
}

/* Put @buf into a memfd that can't change any more.  Return: 0 and an owned descriptor; -errno */
static int document_seal(const struct buf *buf, int *ret_fd)
{
	cleanup_(fd_close_p) int fd =
		memfd_create("httpsys-document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd == -1) {
		return result_origin(-errno);
	}
	while (done < buf->len) {
		ssize_t n = write(fd, buf->data + done, buf->len - done);

		if (n == -1 && errno != EINTR) {
			return result_origin(-errno);
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
	    -1) {
		return result_origin(-errno);
	}
	*ret_fd = fd;
	fd = -1;

	return 0;
}

void document_on_query(struct control *control, const struct message *message)
{
	cleanup_(buf_fini) struct buf buf = {0};
	struct message answer;
	int fd = -1;
	int r = message_number(message, FIELD_QUERY, 0) == WIRE_QUERY_EXPLAIN
			? document_write_explain(control, message, &buf)
			: document_write_status(control, &buf);

	if (r == 0) {
		r = document_seal(&buf, &fd);
	}
	if (r < 0) {
		control_on_memory(control, "to write a document");
	}
	message_init(&answer, MESSAGE_ENGINE_DOCUMENT, message->serial);
	message_adopt_fd(&answer, fd);
	control_send(control, &answer);
}
