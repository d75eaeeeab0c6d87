#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Registrations and claims.  A registration is a prefix of a group; a claim is what the master has
 * to listen on for a set of them: (scheme, port, address or all, shared).  The claim's state is the
 * state of all its prefixes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/list.h"
#include "base/quota.h"
#include "urlspace/prefix.h"
#include "wire/message.h"

struct control;
struct group;
struct session;

#define CLAIM_TEXT_BYTES 512

struct claim_key {
	struct ip_addr addr; /* family 0: all addresses */
	uint16_t port;
	uint8_t scheme;
	uint8_t is_shared;
};

struct claim {
	struct claim_key key;
	struct list registrations; /* struct registration::claim_link */
	uint64_t id;
	enum wire_state state;
	int code;
	bool is_known; /* the master has answered */
	char text[CLAIM_TEXT_BYTES];
	char repair[CLAIM_TEXT_BYTES];
};

struct registration {
	struct prefix prefix; /* owned */
	struct group *group;
	struct claim *claim;
	struct list group_link;
	struct list claim_link;
	uint64_t context;
	uint64_t session_id; /* to be answered ... */
	uint32_t serial;     /* ... under this serial, when is_pending */
	bool is_pending;     /* the claim's state is not known yet */
	struct quota_charge charge;
};

/* Handlers of a session's messages; each answers. */
void registration_on_add(struct session *session, const struct message *message);
void registration_on_remove(struct session *session, const struct message *message);
void registration_on_query(struct session *session, const struct message *message);

/* registration_free() - take the prefix out of the table, give the claim back */
void registration_free(struct registration *registration);

/* registration_publish() - (re)write the prefix' entry in the routing table from what is known.
 * Return: 0; ROUTE_E_TOO_DEEP; -ENOMEM */
int registration_publish(struct control *control, const struct prefix *prefix) must_check_;

/* registration_reply() - answer @serial with how a registered prefix stands */
void registration_reply(struct session *session, uint32_t serial,
			const struct registration *registration);

/* claim_on_state() - the master says how a claim stands */
void claim_on_state(struct control *control, const struct message *message);

/* claim_state_name() - "served", "partly served", "unreachable" */
const char *claim_state_name(enum wire_state state);

/* claim_obtain() - the claim for a prefix, opened with the master if it is new.
 * Return: borrowed; NULL = out of memory */
struct claim *claim_obtain(struct control *control, const struct prefix *prefix, bool is_shared);

/* claim_drop_if_unused() - close a claim that no registration refers to */
void claim_drop_if_unused(struct control *control, struct claim *claim);

/* claim_fini_all() - free all claims at the engine's end */
void claim_fini_all(struct control *control);
