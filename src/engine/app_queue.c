/* SPDX-License-Identifier: MIT */

/*
 * Request queues of applications; see app_queue.h.  The last reference closes a queue: all workers
 * route what waits in it anew, then it is freed.
 */

#include "engine/app_queue.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/rcu.h"
#include "base/utf8.h"
#include "engine/broadcast.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/worker.h"
#include "wire/error.h"

static void app_queue_free(struct control *control, void *argument)
{
	struct app_queue *queue = argument;

	(void)control;
	queue_free(queue->queue);
	acl_fini(&queue->acl);
	mem_free(queue->name);
	quota_discharge(&queue->charge);
	mem_free(queue);
}

static void app_queue_on_worker_close(struct worker *worker, void *argument)
{
	struct app_queue *queue = argument;

	queue_close(&queue->queue->per_worker[worker->index]);
}

void app_queue_ref(struct app_queue *queue)
{
	queue->n_refs++;
}

void app_queue_unref(struct app_queue *queue)
{
	struct control *control = queue->control;

	assert(queue->n_refs > 0);
	if (--queue->n_refs > 0) {
		return;
	}

	(void)map_remove(&control->queues, slice_from(&queue->id, sizeof(queue->id)));
	if (queue->name != NULL) {
		(void)map_remove(&control->queue_names, slice_from_str(queue->name));
	}
	/* No group points here any more; let readers that still saw one finish. */
	rcu_wait();

	const struct broadcast broadcast = {
		.on_worker = app_queue_on_worker_close,
		.on_done = app_queue_free,
		.argument = queue,
	};
	if (broadcast_send(control, &broadcast) < 0) {
		control_on_memory(control, "to close a queue");
	}
}

static bool app_queue_give_handle(struct session *session, uint32_t serial, struct app_queue *queue)
{
	struct queue_handle *handle = mem_new(sizeof(*handle));

	if (handle == NULL) {
		session_reply(session, serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);

		return false;
	}
	handle->queue = queue;
	app_queue_ref(queue);
	list_append(&session->handles, &handle->session_link);

	return true;
}

void app_queue_drop_handle(struct queue_handle *handle)
{
	struct app_queue *queue = handle->queue;

	list_remove(&handle->session_link);
	mem_free(handle);
	app_queue_unref(queue);
}

static bool app_queue_name_is_valid(struct slice name)
{
	return name.len > 0 && name.len <= APP_QUEUE_NAME_BYTES_MAX && utf8_is_valid(name) &&
	       memchr(name.data, '/', name.len) == NULL;
}

/* Check what QUEUE_CREATE asks for.  Answers itself when it can't be. */
static bool app_queue_check(struct session *session, const struct message *message,
			    struct acl *ret_acl)
{
	struct slice name = message_text(message, FIELD_NAME);
	struct slice acl = message_text(message, FIELD_ACL);
	uint64_t entries_max = message_number(message, FIELD_ENTRIES_MAX, 1);
	struct acl_error error;

	if (name.data != NULL && !app_queue_name_is_valid(name)) {
		session_reply(session, message->serial, WIRE_ERROR_INVALID,
			      "a queue's name has 1 to 255 bytes of UTF-8 without '/'", NULL);

		return false;
	}
	if (name.data != NULL && map_find(&session->control->queue_names, name) != NULL) {
		session_reply(session, message->serial, WIRE_ERROR_EXISTS,
			      "a queue of this name exists; open it", NULL);

		return false;
	}
	if (entries_max < 1 || entries_max > APP_QUEUE_ENTRIES_MAX) {
		session_reply(session, message->serial, WIRE_ERROR_INVALID,
			      "a queue's length is 1 to 65535 requests", NULL);

		return false;
	}
	if (acl.data != NULL && acl_parse(acl, NULL, ret_acl, &error) != 0) {
		session_reply(session, message->serial, WIRE_ERROR_INVALID, error.message,
			      "write users and groups as numbers: user:1000,group:33");

		return false;
	}

	return true;
}

static struct app_queue *app_queue_new(struct session *session, const struct message *message)
{
	struct control *control = session->control;
	struct slice name = message_text(message, FIELD_NAME);
	struct app_queue *queue = mem_new(sizeof(*queue));

	if (queue == NULL) {
		return NULL;
	}

	queue->control = control;
	queue->id = control_next_id(control);
	queue->uid = session->peer.uid;
	queue->pid = session->peer.pid;
	queue->creator_id = session->id;
	list_init(&queue->groups);
	list_init(&queue->receivers);
	queue->queue = queue_new(
		queue->id, control->engine->n_workers,
		(uint32_t)message_number(message, FIELD_ENTRIES_MAX, control->params.queue_length));
	queue->name = name.data != NULL ? mem_dup(name.data, name.len) : NULL;

	bool is_made =
		queue->queue != NULL && (name.data == NULL || queue->name != NULL) &&
		map_insert(&control->queues, slice_from(&queue->id, sizeof(queue->id)), queue) == 0;
	if (is_made && queue->name != NULL &&
	    map_insert(&control->queue_names, slice_from_str(queue->name), queue) != 0) {
		(void)map_remove(&control->queues, slice_from(&queue->id, sizeof(queue->id)));
		is_made = false;
	}
	if (!is_made) {
		app_queue_free(control, queue);

		return NULL;
	}

	return queue;
}

void app_queue_on_create(struct session *session, const struct message *message)
{
	struct quota_charge charge = {0};
	cleanup_(acl_fini) struct acl acl = {0};

	if (!app_queue_check(session, message, &acl) ||
	    !session_charge(session, message->serial, QUOTA_RESOURCE_QUEUES, &charge)) {
		return;
	}

	struct app_queue *queue = app_queue_new(session, message);
	if (queue == NULL) {
		quota_discharge(&charge);
		session_reply(session, message->serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);

		return;
	}
	queue->charge = charge;
	queue->acl = acl;
	acl = (struct acl){0};

	app_queue_ref(queue);
	if (app_queue_give_handle(session, message->serial, queue)) {
		session_reply_id(session, message->serial, FIELD_QUEUE_ID, queue->id);
	}
	app_queue_unref(queue);
}

void app_queue_on_open(struct session *session, const struct message *message)
{
	struct app_queue *queue =
		map_find(&session->control->queue_names, message_text(message, FIELD_NAME));
	struct caller caller = session_caller(session);

	if (queue == NULL) {
		session_reply(session, message->serial, WIRE_ERROR_NOT_FOUND,
			      "no queue has this name now", NULL);

		return;
	}
	if (queue->uid != caller.uid && !acl_allows(&queue->acl, &caller, ACL_RIGHT_LISTEN)) {
		session_reply(session, message->serial, WIRE_ERROR_DENIED,
			      "the queue's creator lets only the users of its access list open it",
			      NULL);

		return;
	}
	if (app_queue_give_handle(session, message->serial, queue)) {
		session_reply_id(session, message->serial, FIELD_QUEUE_ID, queue->id);
	}
}

static struct queue_handle *app_queue_find_handle(struct session *session,
						  const struct message *message)
{
	uint64_t id = message_number(message, FIELD_QUEUE_ID, 0);

	list_for_each(node, &session->handles)
	{
		struct queue_handle *handle = list_entry(node, struct queue_handle, session_link);

		if (handle->queue->id == id) {
			return handle;
		}
	}
	session_reply(session, message->serial, WIRE_ERROR_NOT_FOUND,
		      "this session has not opened such a queue", NULL);

	return NULL;
}

struct app_queue *app_queue_find(struct session *session, const struct message *message)
{
	struct queue_handle *handle = app_queue_find_handle(session, message);

	return handle != NULL ? handle->queue : NULL;
}

void app_queue_on_close(struct session *session, const struct message *message)
{
	struct queue_handle *handle = app_queue_find_handle(session, message);

	if (handle != NULL) {
		app_queue_drop_handle(handle);
		session_reply(session, message->serial, 0, NULL, NULL);
	}
}

void app_queue_on_set(struct session *session, const struct message *message)
{
	struct app_queue *queue = app_queue_find(session, message);
	uint64_t value = message_number(message, FIELD_NUMBER, 0);
	int code = 0;

	if (queue == NULL) {
		return;
	}

	uint64_t property = message_number(message, FIELD_PROPERTY, 0);
	if (queue->creator_id != session->id) {
		code = WIRE_ERROR_DENIED;
	} else if (property == WIRE_QUEUE_ENTRIES_MAX && value >= 1 &&
		   value <= APP_QUEUE_ENTRIES_MAX) {
		__atomic_store_n(&queue->queue->entries_max, (uint32_t)value, __ATOMIC_RELAXED);
	} else if (property == WIRE_QUEUE_STATE && value <= GROUP_STATE_INACTIVE) {
		__atomic_store_n(&queue->queue->state, (uint32_t)value, __ATOMIC_RELAXED);
	} else {
		code = WIRE_ERROR_INVALID;
	}
	session_reply(session, message->serial, code,
		      code == WIRE_ERROR_DENIED ? "only its creator may change a queue" : NULL,
		      NULL);
}
