/* SPDX-License-Identifier: MIT */

/* Request queues; see queue.h. */

#include "lib/queue.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "lib/group.h"
#include "lib/receiver.h"
#include "lib/session.h"

#define QUEUE_NAME_BYTES_MAX 255

static struct httpsys_queue *queue_destroy(struct httpsys_queue *queue)
{
	if (queue != NULL) {
		mem_free(queue->name);
		mem_free(queue->acl);
	}

	return mem_free(queue);
}

/* queue_new() - the application's side alone; NULL = out of memory */
static struct httpsys_queue *queue_new(struct httpsys_session *session, const char *name,
				       const char *acl)
{
	struct httpsys_queue *queue = mem_new(sizeof(*queue));

	if (queue == NULL) {
		return NULL;
	}
	queue->session = session;
	list_init(&queue->link);
	list_init(&queue->receivers);
	queue->name = name != NULL ? mem_dup(name, strlen(name)) : NULL;
	queue->acl = acl != NULL ? mem_dup(acl, strlen(acl)) : NULL;
	if ((name != NULL && queue->name == NULL) || (acl != NULL && queue->acl == NULL)) {
		return queue_destroy(queue);
	}

	return queue;
}

static int queue_send_property(struct httpsys_queue *queue, unsigned property, uint64_t value)
{
	struct message request;

	message_init(&request, MESSAGE_QUEUE_SET, 0);
	message_set_number(&request, FIELD_QUEUE_ID, queue->id);
	message_set_number(&request, FIELD_PROPERTY, property);
	message_set_number(&request, FIELD_NUMBER, value);

	return session_call_simple(queue->session, &request);
}

/* queue_create() - make or open it in the engine */
static int queue_create(struct httpsys_queue *queue)
{
	struct message request;
	struct message reply;

	message_init(&request, queue->is_opened ? MESSAGE_QUEUE_OPEN : MESSAGE_QUEUE_CREATE, 0);
	if (queue->name != NULL) {
		message_set_text(&request, FIELD_NAME, slice_from_str(queue->name));
	}
	if (queue->acl != NULL) {
		message_set_text(&request, FIELD_ACL, slice_from_str(queue->acl));
	}
	int r = session_call(queue->session, &request, &reply);
	if (r != 0) {
		return r;
	}
	queue->id = message_number(&reply, FIELD_QUEUE_ID, 0);
	message_fini(&reply);
	if (queue->id == 0) {
		return session_fail(queue->session, HTTPSYS_E_PROTOCOL, NULL);
	}

	return 0;
}

void queue_forget(struct httpsys_queue *queue)
{
	assert(queue != NULL);

	queue->id = 0;
	list_for_each(node, &queue->receivers)
	{
		receiver_forget(list_entry(node, struct httpsys_receiver, link));
	}
}

int queue_restore(struct httpsys_queue *queue)
{
	assert(queue != NULL);

	if (queue->id != 0) {
		return 0;
	}

	int r = queue_create(queue);
	for (unsigned i = 0; r == 0 && i < QUEUE_N_PROPERTIES; i++) {
		if ((queue->is_set >> i & 1) != 0) {
			r = queue_send_property(queue, i, queue->values[i]);
		}
	}

	return r;
}

int queue_restore_receivers(struct httpsys_queue *queue)
{
	assert(queue != NULL);

	if (queue->id == 0) {
		return HTTPSYS_E_NOT_FOUND;
	}

	int code = 0;
	list_for_each(node, &queue->receivers)
	{
		int r = receiver_attach(list_entry(node, struct httpsys_receiver, link));

		code = code == 0 ? r : code;
	}

	return code;
}

/* queue_make() - what creating and opening have in common */
static int queue_make(struct httpsys_session *session, const char *name, const char *acl,
		      bool is_opened, struct httpsys_queue **ret_queue)
{
	if (session == NULL || ret_queue == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	if ((name != NULL && (!session_is_text(name) || strlen(name) > QUEUE_NAME_BYTES_MAX)) ||
	    (acl != NULL && !session_is_text(acl))) {
		return HTTPSYS_E_INVALID;
	}

	struct httpsys_queue *queue = queue_new(session, name, acl);
	if (queue == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}
	queue->is_opened = is_opened;

	session_lock(session);
	int r = queue_create(queue);
	if (r == 0) {
		list_append(&session->queues, &queue->link);
		*ret_queue = queue;
		queue = NULL;
	}
	session_unlock(session);
	queue_destroy(queue);

	return r;
}

int httpsys_queue_new(struct httpsys_session *session, const char *name, const char *acl,
		      struct httpsys_queue **ret_queue)
{
	return queue_make(session, name, acl, false, ret_queue);
}

int httpsys_queue_open(struct httpsys_session *session, const char *name,
		       struct httpsys_queue **ret_queue)
{
	if (name == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	return queue_make(session, name, NULL, true, ret_queue);
}

struct httpsys_queue *httpsys_queue_free(struct httpsys_queue *queue)
{
	if (queue == NULL) {
		return NULL;
	}

	struct httpsys_session *session = queue->session;
	session_lock(session);
	list_remove(&queue->link);
	list_for_each(node, &session->groups)
	{
		group_unbind(list_entry(node, struct httpsys_group, link), queue);
	}
	list_for_each(node, &queue->receivers)
	{
		struct httpsys_receiver *receiver = list_entry(node, struct httpsys_receiver, link);

		list_remove(node);
		list_append(&session->orphans, node);
		receiver_shut(receiver);
	}
	if (queue->id != 0 && session_is_connected(session)) {
		struct message request;

		message_init(&request, MESSAGE_QUEUE_CLOSE, 0);
		message_set_number(&request, FIELD_QUEUE_ID, queue->id);
		/* It fails only when the engine does not have the queue any more. */
		int r = session_call_simple(session, &request);
		(void)r;
	}
	session_unlock(session);

	return queue_destroy(queue);
}

int httpsys_queue_set(struct httpsys_queue *queue, enum httpsys_queue_property property,
		      uint64_t value)
{
	if (queue == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	unsigned number = (unsigned)property;
	if (number == 0 || number >= QUEUE_N_PROPERTIES) {
		return HTTPSYS_E_INVALID;
	}

	session_lock(queue->session);
	int r = queue_restore(queue);
	if (r == 0) {
		r = queue_send_property(queue, number, value);
	}
	if (r == 0) {
		queue->values[number] = value;
		queue->is_set |= 1u << number;
	}
	session_unlock(queue->session);

	return r;
}
