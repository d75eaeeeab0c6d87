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

	(void)map_remove(&control->registrations, registration->prefix.key);
	if (registration_publish(control, &registration->prefix) != 0) {
		/* Only a reservation that stands alone again needs memory here. */
		control_on_memory(control, "to take a prefix back");
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

/* A parked registration of the same user makes room for its successor. */
static bool registration_make_room(struct session *session, const struct message *message,
				   const struct prefix *prefix)
{
	struct registration *old = map_find(&session->control->registrations, prefix->key);

	if (old == NULL) {
		return true;
	}

	struct group *group = old->group;
	if (group->session == NULL && group->uid == session->peer.uid) {
		registration_free(old);
		if (group->n_registrations == 0) {
			group_free(group);
		}

		return true;
	}

	char text[PREFIX_BYTES_MAX + 160];
	(void)snprintf(text, sizeof(text), "%s is registered by %s (pid %d, uid %u)", prefix->text,
		       group->program, (int)group->pid, (unsigned)group->uid);
	session_reply(session, message->serial, WIRE_ERROR_EXISTS, text, NULL);

	return false;
}

static void registration_reply(struct session *session, uint32_t serial, const struct claim *claim)
{
	struct message reply;

	message_init(&reply, MESSAGE_REPLY, serial);
	message_set_signed(&reply, FIELD_CODE, 0);
	message_set_number(&reply, FIELD_STATE, claim->state);
	message_set_text(&reply, FIELD_TEXT, slice_from_str(claim->text));
	message_set_text(&reply, FIELD_REPAIR, slice_from_str(claim->repair));
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

void registration_on_add(struct session *session, const struct message *message)
{
	struct control *control = session->control;
	struct group *group = group_find(session, message);
	struct quota_charge charge = {0};
	cleanup_(prefix_fini) struct prefix prefix = {0};

	if (group == NULL || !registration_parse(session, message, &prefix) ||
	    !registration_is_allowed(session, message, &prefix) ||
	    !registration_make_room(session, message, &prefix) ||
	    !session_charge(session, message->serial, QUOTA_RESOURCE_PREFIXES, &charge)) {
		return;
	}

	struct registration *registration = registration_new(
		group, &prefix, message_number(message, FIELD_CONTEXT, 0));
	if (registration == NULL) {
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
		session_reply(session, message->serial,
			      r == ROUTE_E_TOO_DEEP ? WIRE_ERROR_INVALID : WIRE_ERROR_NO_MEMORY,
			      r == ROUTE_E_TOO_DEEP ? "the path has more than 255 segments" : NULL,
			      NULL);

		return;
	}

	list_append(&registration->claim->registrations, &registration->claim_link);
	if (registration->claim->is_known) {
		registration_reply(session, message->serial, registration->claim);
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

	struct registration *registration =
		map_find(&session->control->registrations, prefix.key);
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

	if (registration == NULL) {
		return;
	}
	registration_free(registration);
	session_reply(session, message->serial, 0, NULL, NULL);
}

void registration_on_query(struct session *session, const struct message *message)
{
	const struct registration *registration = registration_find(session, message);

	if (registration != NULL) {
		registration_reply(session, message->serial, registration->claim);
	}
}

/* ---- claims: what the master has to listen on ---- */

const char *claim_state_name(enum wire_state state)
{
	static const char *const names[] = {"served", "partly served", "unreachable"};

	assert((unsigned)state < array_len(names));

	return names[state];
}

static struct claim_key claim_key_of(const struct prefix *prefix, bool is_shared)
{
	struct claim_key key;

	/* Compared as bytes: the padding must be zero too. */
	memset(&key, 0, sizeof(key));
	key.port = prefix->port;
	key.scheme = (uint8_t)prefix->scheme;
	if (prefix->addr.family != 0) {
		memcpy(&key.addr, &prefix->addr, sizeof(key.addr));
		key.is_shared = is_shared;
	}

	return key;
}

struct claim *claim_obtain(struct control *control, const struct prefix *prefix, bool is_shared)
{
	struct claim_key key = claim_key_of(prefix, is_shared);
	struct claim *claim = map_find(&control->claims, slice_from(&key, sizeof(key)));

	if (claim != NULL) {
		return claim;
	}

	claim = mem_new(sizeof(*claim));
	if (claim == NULL) {
		return NULL;
	}
	memcpy(&claim->key, &key, sizeof(key));
	claim->id = control_next_id(control);
	list_init(&claim->registrations);
	if (map_insert(&control->claims, slice_from(&claim->key, sizeof(claim->key)), claim) != 0) {
		return mem_free(claim);
	}
	if (map_insert(&control->claim_ids, slice_from(&claim->id, sizeof(claim->id)), claim) !=
	    0) {
		(void)map_remove(&control->claims, slice_from(&claim->key, sizeof(claim->key)));

		return mem_free(claim);
	}

	struct message message;
	char address[IP_ADDR_TEXT_BYTES];
	message_init(&message, MESSAGE_CLAIM_OPEN, 0);
	message_set_number(&message, FIELD_CLAIM_ID, claim->id);
	message_set_number(&message, FIELD_SCHEME, key.scheme);
	message_set_number(&message, FIELD_PORT, key.port);
	message_set_number(&message, FIELD_IS_SHARED, key.is_shared);
	if (key.addr.family != 0) {
		ip_addr_format(&key.addr, address);
		message_set_text(&message, FIELD_ADDRESS, slice_from_str(address));
	}
	control_send(control, &message);

	return claim;
}

static void claim_forget(struct control *control, struct claim *claim)
{
	(void)map_remove(&control->claims, slice_from(&claim->key, sizeof(claim->key)));
	(void)map_remove(&control->claim_ids, slice_from(&claim->id, sizeof(claim->id)));
	mem_free(claim);
}

void claim_drop_if_unused(struct control *control, struct claim *claim)
{
	struct message message;

	if (!list_is_empty(&claim->registrations)) {
		return;
	}

	message_init(&message, MESSAGE_CLAIM_CLOSE, 0);
	message_set_number(&message, FIELD_CLAIM_ID, claim->id);
	control_send(control, &message);
	claim_forget(control, claim);
}

void claim_fini_all(struct control *control)
{
	size_t cursor = 0;
	struct claim *claim;

	while ((claim = map_next(&control->claims, &cursor)) != NULL) {
		mem_free(claim);
	}
	map_fini(&control->claims);
	map_fini(&control->claim_ids);
}

static void claim_copy_text(char *to, struct slice text)
{
	size_t n = text.len < CLAIM_TEXT_BYTES - 1 ? text.len : CLAIM_TEXT_BYTES - 1;

	if (n > 0) {
		memcpy(to, text.data, n);
	}
	to[n] = '\0';
}

/* Tell the application of a prefix that was registered before. */
static void claim_notify(const struct registration *registration)
{
	struct session *session = registration->group->session;
	const struct claim *claim = registration->claim;
	struct message news;

	if (session == NULL) {
		return;
	}
	message_init(&news, MESSAGE_URL_STATE, 0);
	message_set_number(&news, FIELD_GROUP_ID, registration->group->id);
	message_set_text(&news, FIELD_PREFIX, slice_from_str(registration->prefix.text));
	message_set_number(&news, FIELD_STATE, claim->state);
	message_set_signed(&news, FIELD_CODE, claim->code);
	message_set_text(&news, FIELD_TEXT, slice_from_str(claim->text));
	message_set_text(&news, FIELD_REPAIR, slice_from_str(claim->repair));
	session_send(session, &news);
}

/* One event per prefix when its state changes; a served one is news only after it was not. */
static void claim_log(struct control *control, const struct registration *registration,
		      bool was_known)
{
	const struct claim *claim = registration->claim;
	bool is_bad = claim->state != WIRE_STATE_SERVED;

	if (!is_bad && (!was_known || registration->is_pending)) {
		return;
	}
	control_event(control, is_bad ? 1004 : 1007, is_bad ? 4 : 5,
		      slice_from_str(registration->prefix.text), "%s is %s%s%s",
		      registration->prefix.text, claim_state_name(claim->state),
		      is_bad ? ": " : "", is_bad ? claim->text : "");
}

static void claim_refuse(struct control *control, struct registration *registration)
{
	struct session *session = session_find(control, registration->session_id);
	const struct claim *claim = registration->claim;

	control_event(control, 1004, 3, slice_from_str(registration->prefix.text),
		      "%s was refused to %s (pid %d, uid %u): %s", registration->prefix.text,
		      registration->group->program, (int)registration->group->pid,
		      (unsigned)registration->group->uid, claim->text);
	if (session != NULL && registration->is_pending) {
		session_reply(session, registration->serial, claim->code, claim->text,
			      claim->repair);
	}
	registration_free(registration);
}

void claim_on_state(struct control *control, const struct message *message)
{
	struct claim *claim = control_find_by_id(&control->claim_ids,
						 message_number(message, FIELD_CLAIM_ID, 0));
	bool is_refused = message_number(message, FIELD_IS_REFUSED, 0) != 0;

	if (claim == NULL) {
		return; /* closed meanwhile */
	}

	bool was_known = claim->is_known;
	enum wire_state before = claim->state;
	claim->is_known = true;
	claim->state = (enum wire_state)(message_number(message, FIELD_STATE, 0) %
					 (WIRE_STATE_UNREACHABLE + 1));
	claim->code = (int)message_signed(message, FIELD_CODE, 0);
	claim_copy_text(claim->text, message_text(message, FIELD_TEXT));
	claim_copy_text(claim->repair, message_text(message, FIELD_REPAIR));

	list_for_each(node, &claim->registrations)
	{
		struct registration *registration =
			list_entry(node, struct registration, claim_link);

		if (is_refused) {
			bool is_last = claim->registrations.next == claim->registrations.prev;

			claim_refuse(control, registration);
			if (is_last) {
				return; /* and with it the claim has gone */
			}
			continue;
		}
		if (!was_known || before != claim->state) {
			claim_log(control, registration, was_known);
		}
		if (!registration->is_pending) {
			claim_notify(registration);
			continue;
		}

		struct session *session = session_find(control, registration->session_id);
		registration->is_pending = false;
		if (session != NULL) {
			registration_reply(session, registration->serial, claim);
		}
	}
}
