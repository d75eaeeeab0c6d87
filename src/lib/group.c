/* SPDX-License-Identifier: MIT */

/* URL groups and their prefixes; see group.h. */

#include "lib/group.h"

#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "lib/error.h"
#include "lib/queue.h"
#include "lib/reconnect.h"
#include "lib/session.h"

static struct group_url *group_url_free(struct group_url *url)
{
	if (url != NULL) {
		mem_free(url->prefix);
		mem_free(url->spelling);
	}

	return mem_free(url);
}

static struct group_url *group_url_new(const char *prefix, uint64_t context)
{
	struct group_url *url = mem_new(sizeof(*url));

	if (url == NULL) {
		return NULL;
	}
	list_init(&url->link);
	url->context = context;
	url->prefix = mem_dup(prefix, strlen(prefix));

	return url->prefix != NULL ? url : group_url_free(url);
}

/* group_init_message() - a message that begins with the group's number */
static void group_init_message(const struct httpsys_group *group, struct message *message,
			       enum message_type type)
{
	message_init(message, type, 0);
	message_set_number(message, FIELD_GROUP_ID, group->id);
}

/* group_create() - make it in the engine */
static int group_create(struct httpsys_group *group)
{
	struct message request;
	struct message reply;

	message_init(&request, MESSAGE_GROUP_CREATE, 0);
	int r = session_call(group->session, &request, &reply);
	if (r != 0) {
		return r;
	}
	group->id = message_number(&reply, FIELD_GROUP_ID, 0);
	message_fini(&reply);
	if (group->id == 0) {
		return session_fail(group->session, HTTPSYS_E_PROTOCOL, NULL);
	}

	return 0;
}

static int group_send_property(struct httpsys_group *group, unsigned property, uint64_t value)
{
	struct message request;

	group_init_message(group, &request, MESSAGE_GROUP_SET);
	message_set_number(&request, FIELD_PROPERTY, property);
	message_set_number(&request, FIELD_NUMBER, value);

	return session_call_simple(group->session, &request);
}

static int group_send_bind(struct httpsys_group *group, const struct httpsys_queue *queue)
{
	struct message request;

	group_init_message(group, &request, MESSAGE_GROUP_BIND);
	if (queue != NULL) {
		message_set_number(&request, FIELD_QUEUE_ID, queue->id);
	}

	return session_call_simple(group->session, &request);
}

/* group_send_url() - register @url with the engine */
static int group_send_url(struct httpsys_group *group, struct group_url *url,
			  struct httpsys_registration *ret_state)
{
	struct message request;
	struct message reply;

	group_init_message(group, &request, MESSAGE_URL_ADD);
	message_set_text(&request, FIELD_PREFIX, slice_from_str(url->prefix));
	message_set_number(&request, FIELD_CONTEXT, url->context);
	int r = session_call(group->session, &request, &reply);
	if (r != 0) {
		return r;
	}

	session_registration(&reply, ret_state);
	struct slice spelling = message_text(&reply, FIELD_PREFIX);
	if (spelling.data != NULL && url->spelling == NULL) {
		/* Without memory the application's own spelling has to do. */
		url->spelling = mem_dup(spelling.data, spelling.len);
	}
	url->is_registered = true;
	message_fini(&reply);

	return 0;
}

void group_forget(struct httpsys_group *group)
{
	assert(group != NULL);

	group->id = 0;
	group->is_bound = false;
	list_for_each(node, &group->urls)
	{
		list_entry(node, struct group_url, link)->is_registered = false;
	}
}

/* group_is_lost() - did that answer come from a connection that is no more? */
static bool group_is_lost(const struct httpsys_group *group)
{
	return !session_is_connected(group->session);
}

/* group_restore_self() - the group, its properties and binding.  Return: 0; a code */
static int group_restore_self(struct httpsys_group *group, bool *ret_is_whole)
{
	if (group->id == 0) {
		int r = group_create(group);

		for (unsigned i = 0; r == 0 && i < GROUP_N_PROPERTIES; i++) {
			if ((group->is_set >> i & 1) != 0) {
				r = group_send_property(group, i, group->values[i]);
			}
		}
		if (r != 0) {
			return r;
		}
	}
	if (group->queue != NULL && !group->is_bound) {
		int r = group->queue->id != 0 ? group_send_bind(group, group->queue)
					      : HTTPSYS_E_NOT_FOUND;

		group->is_bound = r == 0;
		*ret_is_whole = *ret_is_whole && r == 0;
	}

	return 0;
}

/* group_restore_url() - register one prefix again, and tell the application what came of it */
static void group_restore_url(struct httpsys_group *group, struct group_url *url)
{
	struct httpsys_session *session = group->session;
	struct httpsys_registration state = {.state = HTTPSYS_STATE_UNREACHABLE};
	int r = group_send_url(group, url, &state);

	if (r == 0) {
		if (url->refused_code != 0 || state.state != HTTPSYS_STATE_SERVED) {
			session_tell(session, slice_from_str(url->prefix), &state);
		}
		url->refused_code = 0;

		return;
	}
	if (group_is_lost(group) || url->refused_code == r) {
		return;
	}

	url->refused_code = r;
	struct slice text = slice_from_str(session->error);
	struct slice first = slice_cut(&text, '\n');
	(void)snprintf(state.text, sizeof(state.text), "%.*s", SLICE_ARG(first));
	(void)snprintf(state.repair, sizeof(state.repair), "%.*s", SLICE_ARG(text));
	session_tell(session, slice_from_str(url->prefix), &state);
}

int group_restore(struct httpsys_group *group, bool *ret_is_whole)
{
	assert(group != NULL && ret_is_whole != NULL);

	int r = group_restore_self(group, ret_is_whole);
	if (r != 0) {
		*ret_is_whole = false;

		return group_is_lost(group) ? r : 0;
	}

	list_for_each(node, &group->urls)
	{
		struct group_url *url = list_entry(node, struct group_url, link);

		if (url->is_registered) {
			continue;
		}
		group_restore_url(group, url);
		if (group_is_lost(group)) {
			return HTTPSYS_E_NO_DAEMON;
		}
		*ret_is_whole = *ret_is_whole && url->is_registered;
	}

	return 0;
}

void group_unbind(struct httpsys_group *group, const struct httpsys_queue *queue)
{
	assert(group != NULL && queue != NULL);

	if (group->queue == queue) {
		group->queue = NULL;
		group->is_bound = false;
	}
}

int httpsys_group_new(struct httpsys_session *session, struct httpsys_group **ret_group)
{
	if (session == NULL || ret_group == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	struct httpsys_group *group = mem_new(sizeof(*group));
	if (group == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}
	group->session = session;
	list_init(&group->urls);
	list_init(&group->link);

	session_lock(session);
	int r = group_create(group);
	if (r == 0) {
		list_append(&session->groups, &group->link);
		*ret_group = group;
	}
	session_unlock(session);
	if (r != 0) {
		mem_free(group);
	}

	return r;
}

struct httpsys_group *httpsys_group_free(struct httpsys_group *group)
{
	if (group == NULL) {
		return NULL;
	}

	struct httpsys_session *session = group->session;
	session_lock(session);
	list_remove(&group->link);
	if (group->id != 0 && session_is_connected(session)) {
		struct message request;

		group_init_message(group, &request, MESSAGE_GROUP_CLOSE);
		/* It fails only when the engine does not have the group any more. */
		int r = session_call_simple(session, &request);
		(void)r;
	}
	session_unlock(session);

	list_for_each(node, &group->urls)
	{
		list_remove(node);
		group_url_free(list_entry(node, struct group_url, link));
	}

	return mem_free(group);
}

/*
 * group_begin() - begin a call that needs the group in the engine: lock, and make it if it is
 * missing there
 *
 * Return: 0; a code.  The session is locked in both cases.
 */
static int group_begin(struct httpsys_group *group)
{
	session_lock(group->session);
	if (group->id != 0 || !session_is_connected(group->session)) {
		return 0;
	}

	bool is_whole = true;

	return group_restore_self(group, &is_whole);
}

int httpsys_group_set(struct httpsys_group *group, enum httpsys_group_property property,
		      uint64_t value)
{
	if (group == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	unsigned number = (unsigned)property;
	if (number == 0 || number >= GROUP_N_PROPERTIES) {
		return HTTPSYS_E_INVALID;
	}

	int r = group_begin(group);
	if (r == 0 && property == HTTPSYS_GROUP_IS_SHARED && !list_is_empty(&group->urls)) {
		r = session_fail(group->session, HTTPSYS_E_MISUSE,
				 "The group has prefixes: set IS_SHARED before the first.");
	}
	if (r == 0) {
		r = group_send_property(group, number, value);
	}
	if (r == 0) {
		group->values[number] = value;
		group->is_set |= 1u << number;
	}
	session_unlock(group->session);

	return r;
}

int httpsys_group_bind(struct httpsys_group *group, struct httpsys_queue *queue)
{
	if (group == NULL || (queue != NULL && queue->session != group->session)) {
		return HTTPSYS_E_MISUSE;
	}

	int r = group_begin(group);
	if (r == 0) {
		r = group_send_bind(group, queue);
	}
	if (r == 0) {
		group->queue = queue;
		group->is_bound = queue != NULL;
	}
	session_unlock(group->session);

	return r;
}

int httpsys_group_add(struct httpsys_group *group, const char *prefix, uint64_t context,
		      struct httpsys_registration *ret_registration)
{
	if (group == NULL || prefix == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	if (!session_is_text(prefix)) {
		return HTTPSYS_E_INVALID;
	}

	struct group_url *url = group_url_new(prefix, context);
	if (url == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}

	struct httpsys_registration state;
	int r = group_begin(group);
	if (r == 0) {
		r = group_send_url(group, url, &state);
	}
	if (r == 0) {
		list_append(&group->urls, &url->link);
		url = NULL;
		if (ret_registration != NULL) {
			*ret_registration = state;
		}
	}
	session_unlock(group->session);
	group_url_free(url);

	return r;
}

/* group_find_url() - which of the group's prefixes is @prefix; NULL: none is written like that */
static struct group_url *group_find_url(const struct httpsys_group *group, struct slice prefix)
{
	list_for_each(node, &group->urls)
	{
		struct group_url *url = list_entry(node, struct group_url, link);

		if (slice_is_equal_nocase(slice_from_str(url->prefix), prefix) ||
		    slice_is_equal_nocase(slice_from_str(url->spelling), prefix)) {
			return url;
		}
	}

	return NULL;
}

int httpsys_group_remove(struct httpsys_group *group, const char *prefix)
{
	if (group == NULL || prefix == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	if (!session_is_text(prefix)) {
		return HTTPSYS_E_INVALID;
	}

	struct message request;
	struct message reply;
	int r = group_begin(group);
	struct group_url *url = group_find_url(group, slice_from_str(prefix));

	if (r == 0) {
		group_init_message(group, &request, MESSAGE_URL_REMOVE);
		message_set_text(&request, FIELD_PREFIX, slice_from_str(prefix));
		r = session_call(group->session, &request, &reply);
	}
	if (r == 0) {
		struct slice spelling = message_text(&reply, FIELD_PREFIX);

		url = spelling.data != NULL ? group_find_url(group, spelling) : url;
		message_fini(&reply);
	}

	/* A prefix that waits to be registered again is known here only. */
	if (url != NULL && (r == 0 || (r == HTTPSYS_E_NOT_FOUND && !url->is_registered))) {
		list_remove(&url->link);
		group_url_free(url);
		r = 0;
	}
	session_unlock(group->session);

	return r;
}

int httpsys_group_query(struct httpsys_group *group, const char *prefix,
			struct httpsys_registration *ret_registration)
{
	if (group == NULL || prefix == NULL || ret_registration == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	if (!session_is_text(prefix)) {
		return HTTPSYS_E_NOT_FOUND;
	}

	struct message request;
	struct message reply;
	int r = group_begin(group);

	if (r == 0) {
		group_init_message(group, &request, MESSAGE_URL_QUERY);
		message_set_text(&request, FIELD_PREFIX, slice_from_str(prefix));
		r = session_call(group->session, &request, &reply);
	}
	if (r == 0) {
		session_registration(&reply, ret_registration);
		message_fini(&reply);
	}
	session_unlock(group->session);

	return r;
}
