#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A claim: what the engine wants for a set of registered prefixes, one per
 * (scheme, port, address or all, shared).  A plan decides how it stands; the
 * verdict is told to the engine when it changes.  Owned by struct endpointset.
 *
 *   SERVED         at least one endpoint listens and none failed
 *   PARTLY_SERVED  at least one listens, at least one failed
 *   UNREACHABLE    none listens: not listed, address absent, or failed
 *
 * An address that is absent (pending) is no failure.  The first verdict may be a
 * refusal: the registration cannot stand.  With an empty list any endpoint in use
 * refuses, as the original does; with a list only when every usable one failed.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "master/plan.h"
#include "master/text.h"
#include "wire/message.h"

struct claim_verdict {
	enum wire_state state;
	int code;        /* 0 or WIRE_ERROR_ */
	bool is_refused; /* as the first answer: the registration cannot stand */
	char text[TEXT_BYTES];
	char repair[REPAIR_BYTES];
};

struct claim {
	struct list link; /* struct endpointset::claims */
	uint64_t id;      /* chosen by the engine */
	unsigned scheme;  /* 0 http, 1 https */
	struct listen_want want;
	bool is_orphan;   /* of an engine that has gone; waits to be claimed again */
	bool is_answered; /* @verdict was told */
	struct claim_verdict verdict;
};

/* One endpoint that a claim depends on. */
struct claim_part {
	struct listen_endpoint listen; /* what the list says */
	struct plan_item *item;        /* what serves it; borrowed from the plan; NULL = nothing */
};

struct claim_parts {
	struct claim_part *items; /* owned */
	size_t n_items;
	enum listen_reason reason; /* with n_items 0 */
};

/*
 * claim_parts_read() - the endpoints that @claim depends on under @plan
 *
 * Return: 0 and *@ret_parts (claim_parts_fini), valid as long as @plan; -ENOMEM.
 */
int claim_parts_read(const struct claim *claim, const struct plan *plan,
		     const struct listenlist *list, const struct listen_locals *locals,
		     struct claim_parts *ret_parts) must_check_;

/* claim_parts_fini() - free it; accepts a zeroed one */
void claim_parts_fini(struct claim_parts *parts);

/*
 * claim_judge() - how does @claim stand?
 *
 * Return: 0 and *@ret_verdict; -ENOMEM.
 */
int claim_judge(const struct claim *claim, const struct plan *plan, const struct listenlist *list,
		const struct listen_locals *locals, struct claim_verdict *ret_verdict) must_check_;

/* claim_verdict_is_equal() - nothing to tell? */
bool claim_verdict_is_equal(const struct claim_verdict *a, const struct claim_verdict *b);

/* claim_is_same() - do both want the same? */
bool claim_is_same(const struct claim *a, const struct claim *b);

/* claim_state_word() - "served", "partly served" or "unreachable" */
const char *claim_state_word(enum wire_state state);
