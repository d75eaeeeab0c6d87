/* SPDX-License-Identifier: MIT */

/* Registering prefixes; see registration.h. */

#include "engine/registration.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/result.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/route.h"
#include "engine/session.h"
#include "urlspace/prefix_suggest.h"
#include "wire/error.h"

int registration_publish(struct control *control, const struct prefix *prefix)
{
	const struct registration *registration = map_find(&control->registrations, prefix->key);
	bool is_reserved = reservation_set_find(&control->reservations, prefix) != NULL;

	return route_table_set(&control->engine->routes, prefix,
			       registration != NULL ? &registration->group->url_group : NULL,
			       registration != NULL ? registration->context : 0, is_reserved);
}

void registration_free(struct registration *registration)
{
	struct group *group = registration->group;
	struct control *control = group->control;
	struct claim *claim = registration->claim;

	/* One that was parked may have its successor already. */
	if (map_find(&control->registrations, registration->prefix.key) == registration) {
		(void)map_remove(&control->registrations, registration->prefix.key);
		if (registration_publish(control, &registration->prefix) < 0) {
			/* Only a reservation that stands alone again needs memory here. */
			control_on_memory(control, "to take a prefix back");
		}
	}
	scheme_table_remove(&control->schemes, registration->prefix.scheme,
			    registration->prefix.port);
	list_remove(&registration->group_link);
	group->n_registrations--;
	if (claim != NULL) {
		list_remove(&registration->claim_link);
		claim_drop_if_unused(control, claim);
	}
	quota_discharge(&registration->charge);
	prefix_fini(&registration->prefix);
	mem_free(registration);
}

static bool registration_parse(struct session *session, const struct message *message,
			       struct prefix *ret_prefix)
{
	struct slice text = message_text(message, FIELD_PREFIX);
	struct prefix_error error;
	struct buf buf = {0};

	int r = prefix_parse(text, ret_prefix, &error);
	if (r == 0) {
		return true;
	}
	if (r < 0 || prefix_error_format(text, &error, &buf) != 0) {
		session_reply(session, message->serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);
	} else {
		char *sentence = buf_take_str(&buf);

		session_reply(session, message->serial, WIRE_ERROR_INVALID, sentence, NULL);
		mem_free(sentence);
	}
	buf_fini(&buf);

	return false;
}

/* May the caller register it?  Answers itself when not. */
static bool registration_is_allowed(struct session *session, const struct message *message,
				    const struct prefix *prefix)
{
	struct control *control = session->control;
	struct caller caller = session_caller(session);
	struct reservation_reason reason;
	int verdict = reservation_check_register(&control->reservations, prefix, &caller, &reason);

	if (verdict == 0) {
		return true;
	}

	struct buf buf = {0};
	char repair[PREFIX_BYTES_MAX + 128] = "";
	char *sentence = NULL;
	if (reservation_reason_format(&reason, verdict, prefix, NULL, &buf) == 0) {
		sentence = buf_take_str(&buf);
	}
	if (verdict == RESERVATION_E_DENIED) {
		(void)snprintf(repair, sizeof(repair),
			       "as root: httpcfg set urlacl -u %s -a user:%u", prefix->text,
			       (unsigned)caller.uid);
	}
	session_reply(session, message->serial,
		      verdict == RESERVATION_E_DENIED ? WIRE_ERROR_DENIED : WIRE_ERROR_EXISTS,
		      sentence, repair);
	mem_free(sentence);
	buf_fini(&buf);

	return false;
}

/*
 * Is the prefix free?  A parked registration of the same user is: its successor takes its place.
 * Answers itself when not.
 */
static bool registration_is_free(struct session *session, const struct message *message,
				 const struct prefix *prefix)
{
	const struct registration *old = map_find(&session->control->registrations, prefix->key);

	if (old == NULL) {
		return true;
	}

	const struct group *group = old->group;
	if (group->session == NULL && group->uid == session->peer.uid) {
		return true;
	}

	char text[PREFIX_BYTES_MAX + 160];
	(void)snprintf(text, sizeof(text), "%s is registered by %s (pid %d, uid %u)", prefix->text,
		       group->program, (int)group->pid, (unsigned)group->uid);
	session_reply(session, message->serial, WIRE_ERROR_EXISTS, text, NULL);

	return false;
}

void registration_reply(struct session *session, uint32_t serial,
			const struct registration *registration)
{
	const struct claim *claim = registration->claim;
	struct message reply;

	message_init(&reply, MESSAGE_REPLY, serial);
	message_set_signed(&reply, FIELD_CODE, 0);
	message_set_number(&reply, FIELD_STATE, claim->state);
	message_set_text(&reply, FIELD_TEXT, slice_from_str(claim->text));
	message_set_text(&reply, FIELD_REPAIR, slice_from_str(claim->repair));
	message_set_text(&reply, FIELD_PREFIX, slice_from_str(registration->prefix.text));
	session_send(session, &reply);
}

static struct registration *registration_new(struct group *group, struct prefix *prefix,
					     uint64_t context)
{
	struct control *control = group->control;
	struct registration *registration = mem_new(sizeof(*registration));

	if (registration == NULL) {
		return NULL;
	}

	registration->prefix = *prefix;
	registration->group = group;
	registration->context = context;
	list_init(&registration->claim_link);
	if (map_insert(&control->registrations, registration->prefix.key, registration) != 0) {
		return mem_free(registration);
	}
	if (scheme_table_add(&control->schemes, prefix->scheme, prefix->port) != 0) {
		(void)map_remove(&control->registrations, registration->prefix.key);

		return mem_free(registration);
	}

	*prefix = (struct prefix){0};
	list_append(&group->registrations, &registration->group_link);
	group->n_registrations++;

	return registration;
}

/*
 * The successor is in the table: what was parked goes, and only now, so that no request between the
 * two finds nobody.
 */
static void registration_replace(struct registration *old)
{
	struct group *group = old->group;

	registration_free(old);
	if (group->n_registrations == 0) {
		group_free(group);
	}
}

/* The successor could not be made: @old (or NULL) is parked as before. */
static void registration_put_back(struct control *control, struct registration *old)
{
	if (old != NULL && (map_insert(&control->registrations, old->prefix.key, old) != 0 ||
			    registration_publish(control, &old->prefix) < 0)) {
		control_on_memory(control, "to keep a parked prefix");
	}
}

void registration_on_add(struct session *session, const struct message *message)
{
	struct control *control = session->control;
	struct group *group = group_find(session, message);
	struct quota_charge charge = {0};
	cleanup_(prefix_fini) struct prefix prefix = {0};

	if (group == NULL || !registration_parse(session, message, &prefix) ||
	    !registration_is_allowed(session, message, &prefix) ||
	    !registration_is_free(session, message, &prefix) ||
	    !session_charge(session, message->serial, QUOTA_RESOURCE_PREFIXES, &charge)) {
		return;
	}

	struct registration *old = map_remove(&control->registrations, prefix.key);
	struct registration *registration =
		registration_new(group, &prefix, message_number(message, FIELD_CONTEXT, 0));
	if (registration == NULL) {
		registration_put_back(control, old);
		quota_discharge(&charge);
		session_reply(session, message->serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);

		return;
	}
	registration->charge = charge;

	int r = registration_publish(control, &registration->prefix);
	if (r == 0) {
		registration->claim =
			claim_obtain(control, &registration->prefix, group->is_shared);
	}
	if (registration->claim == NULL) {
		registration_free(registration);
		registration_put_back(control, old);
		session_reply(session, message->serial,
			      r == ROUTE_E_TOO_DEEP ? WIRE_ERROR_INVALID : WIRE_ERROR_NO_MEMORY,
			      r == ROUTE_E_TOO_DEEP ? "the path has more than 255 segments" : NULL,
			      NULL);

		return;
	}

	list_append(&registration->claim->registrations, &registration->claim_link);
	if (old != NULL) {
		registration_replace(old);
	}
	if (registration->claim->is_known) {
		registration_reply(session, message->serial, registration);
	} else {
		registration->is_pending = true;
		registration->session_id = session->id;
		registration->serial = message->serial;
	}
}

/* The session's own registration that a message names; answers itself when there is none. */
static struct registration *registration_find(struct session *session,
					      const struct message *message)
{
	struct group *group = group_find(session, message);
	cleanup_(prefix_fini) struct prefix prefix = {0};

	if (group == NULL || !registration_parse(session, message, &prefix)) {
		return NULL;
	}

	struct registration *registration = map_find(&session->control->registrations, prefix.key);
	if (registration == NULL || registration->group != group) {
		session_reply(session, message->serial, WIRE_ERROR_NOT_FOUND,
			      "this group has no such prefix", NULL);

		return NULL;
	}

	return registration;
}

void registration_on_remove(struct session *session, const struct message *message)
{
	struct registration *registration = registration_find(session, message);
	char text[PREFIX_BYTES_MAX + 1];
	struct message reply;

	if (registration == NULL) {
		return;
	}

	/* The answer means that it is done; it names the prefix in our spelling all the same. */
	(void)snprintf(text, sizeof(text), "%s", registration->prefix.text);
	registration_free(registration);
	message_init(&reply, MESSAGE_REPLY, message->serial);
	message_set_signed(&reply, FIELD_CODE, 0);
	message_set_text(&reply, FIELD_PREFIX, slice_from_str(text));
	session_send(session, &reply);
}

void registration_on_query(struct session *session, const struct message *message)
{
	const struct registration *registration = registration_find(session, message);

	if (registration != NULL) {
		registration_reply(session, message->serial, registration);
	}
}
