/* SPDX-License-Identifier: MIT */

/* URL groups; see group.h. */

#include "engine/group.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/rcu.h"
#include "engine/app_queue.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/registration.h"
#include "wire/error.h"

static void group_on_grace_over(struct timer *timer, struct mono_time now)
{
	(void)now;
	group_free(container_of(timer, struct group, grace_timer));
}

void group_on_create(struct session *session, const struct message *message)
{
	struct control *control = session->control;
	struct quota_charge charge = {0};

	if (!session_charge(session, message->serial, QUOTA_RESOURCE_URL_GROUPS, &charge)) {
		return;
	}

	struct group *group = mem_new(sizeof(*group));
	if (group == NULL) {
		quota_discharge(&charge);
		session_reply(session, message->serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);

		return;
	}

	group->control = control;
	group->session = session;
	group->charge = charge;
	group->id = control_next_id(control);
	group->url_group.id = group->id;
	group->uid = session->peer.uid;
	group->pid = session->peer.pid;
	memcpy(group->program, session->program, sizeof(group->program));
	list_init(&group->registrations);
	list_init(&group->queue_link);
	list_init(&group->session_link);
	timer_init(&group->grace_timer, group_on_grace_over);

	if (map_insert(&control->groups, slice_from(&group->id, sizeof(group->id)), group) != 0) {
		quota_discharge(&group->charge);
		mem_free(group);
		session_reply(session, message->serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);

		return;
	}
	list_append(&session->groups, &group->session_link);
	session_reply_id(session, message->serial, FIELD_GROUP_ID, group->id);
}

struct group *group_find(struct session *session, const struct message *message)
{
	struct group *group = control_find_by_id(&session->control->groups,
						 message_number(message, FIELD_GROUP_ID, 0));

	if (group == NULL || group->session != session) {
		session_reply(session, message->serial, WIRE_ERROR_NOT_FOUND,
			      "this session has no such URL group", NULL);

		return NULL;
	}

	return group;
}

void group_on_close(struct session *session, const struct message *message)
{
	struct group *group = group_find(session, message);

	if (group != NULL) {
		group_free(group);
		session_reply(session, message->serial, 0, NULL, NULL);
	}
}

/* Apply one property.  Return: 0 or a WIRE_ERROR_ number. */
static int group_set(struct group *group, uint64_t property, uint64_t value)
{
	switch (property) {
	case WIRE_GROUP_STATE:
		if (value > GROUP_STATE_INACTIVE) {
			return WIRE_ERROR_INVALID;
		}
		__atomic_store_n(&group->url_group.state, (uint32_t)value, __ATOMIC_RELAXED);
		break;
	case WIRE_GROUP_IS_SHARED:
		if (value > 1) {
			return WIRE_ERROR_INVALID;
		}
		if (group->n_registrations > 0) {
			return WIRE_ERROR_MISUSE;
		}
		group->is_shared = value != 0;
		break;
	case WIRE_GROUP_GRACE_MS:
		if (value > GROUP_GRACE_MS_MAX) {
			return WIRE_ERROR_INVALID;
		}
		group->grace_ms = (uint32_t)value;
		break;
	default:
		return WIRE_ERROR_INVALID;
	}

	return 0;
}

void group_on_set(struct session *session, const struct message *message)
{
	struct group *group = group_find(session, message);

	if (group != NULL) {
		session_reply(session, message->serial,
			      group_set(group, message_number(message, FIELD_PROPERTY, 0),
					message_number(message, FIELD_NUMBER, 0)),
			      NULL, NULL);
	}
}

void group_unbind(struct group *group)
{
	struct app_queue *queue = group->queue;

	if (queue == NULL) {
		return;
	}
	rcu_publish(&group->url_group.queue, (struct queue *)NULL);
	group->queue = NULL;
	list_remove(&group->queue_link);
	app_queue_unref(queue);
}

void group_on_bind(struct session *session, const struct message *message)
{
	struct group *group = group_find(session, message);
	struct app_queue *queue = NULL;

	if (group == NULL) {
		return;
	}
	if (message_has(message, FIELD_QUEUE_ID)) {
		queue = app_queue_find(session, message);
		if (queue == NULL) {
			return;
		}
		app_queue_ref(queue); /* before the old one goes: it may be the same */
	}

	group_unbind(group);
	if (queue != NULL) {
		group->queue = queue;
		list_append(&queue->groups, &group->queue_link);
		rcu_publish(&group->url_group.queue, queue->queue);
	}
	session_reply(session, message->serial, 0, NULL, NULL);
}

void group_park(struct group *group)
{
	struct control *control = group->control;

	list_remove(&group->session_link);
	group->session = NULL;
	if (group->grace_ms == 0 || group->n_registrations == 0) {
		group_free(group);

		return;
	}
	list_append(&control->parked, &group->session_link);
	timer_arm(&control->loop.timers, &group->grace_timer,
		  mono_add_ms(control->loop.now, group->grace_ms));
}

void group_free(struct group *group)
{
	struct control *control = group->control;

	timer_disarm(&control->loop.timers, &group->grace_timer);
	list_for_each(node, &group->registrations)
	{
		registration_free(list_entry(node, struct registration, group_link));
	}
	/* After this no worker can see the group any more, and none will queue by it. */
	route_table_collect(&control->engine->routes);
	group_unbind(group);

	(void)map_remove(&control->groups, slice_from(&group->id, sizeof(group->id)));
	list_remove(&group->session_link);
	quota_discharge(&group->charge);
	mem_free(group);
}
