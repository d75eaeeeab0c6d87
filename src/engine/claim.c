/* SPDX-License-Identifier: MIT */

/*
 * Claims: what the master has to listen on, and what its answers mean for the prefixes; see
 * registration.h.
 */

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "engine/control.h"
#include "engine/group.h"
#include "engine/registration.h"
#include "engine/session.h"

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

	for (struct claim *claim = map_next(&control->claims, &cursor); claim != NULL;
	     claim = map_next(&control->claims, &cursor)) {
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
		      registration->prefix.text, claim_state_name(claim->state), is_bad ? ": " : "",
		      is_bad ? claim->text : "");
}

/*
 * Is it the first time that this process is refused this prefix?  The library tries again and
 * again, and the log is for what changes.
 */
static bool claim_is_refusal_new(struct control *control, const struct registration *registration)
{
	uint64_t hash = map_hash(registration->prefix.key) ^ (uint64_t)registration->group->pid;

	for (unsigned i = 0; i < CONTROL_REFUSALS; i++) {
		if (control->refusals[i] == hash) {
			return false;
		}
	}
	control->refusals[control->next_refusal++ % CONTROL_REFUSALS] = hash;

	return true;
}

static void claim_log_refusal(struct control *control, const struct registration *registration)
{
	const struct claim *claim = registration->claim;

	if (!claim_is_refusal_new(control, registration)) {
		return;
	}
	control_event(control, 1004, 3, slice_from_str(registration->prefix.text),
		      "%s was refused to %s (pid %d, uid %u): %s", registration->prefix.text,
		      registration->group->program, (int)registration->group->pid,
		      (unsigned)registration->group->uid, claim->text);
}

static void claim_refuse(struct control *control, struct registration *registration)
{
	struct session *session = session_find(control, registration->session_id);
	const struct claim *claim = registration->claim;

	claim_log_refusal(control, registration);
	if (session != NULL && registration->is_pending) {
		session_reply(session, registration->serial, claim->code, claim->text,
			      claim->repair);
	}
	registration_free(registration);
}

void claim_on_state(struct control *control, const struct message *message)
{
	struct claim *claim =
		control_find_by_id(&control->claim_ids, message_number(message, FIELD_CLAIM_ID, 0));
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
			registration_reply(session, registration->serial, registration);
		}
	}
}
