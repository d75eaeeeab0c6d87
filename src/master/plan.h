#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A plan: every endpoint that the claims need under a listen list, each with
 * what became of the attempt to open it.  The attempt itself is the caller's: the
 * running listener binds sockets, a dry run asks who holds the port.  Both so
 * come to the same answers by the same rules.
 *
 * A wildcard that cannot be opened does not take the addresses with it that can:
 * what the list names beside it, and what is open already and still admitted, is
 * planned in its place.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "master/listenlist.h"
#include "master/text.h"

enum plan_outcome {
	PLAN_OUTCOME_OPEN = 0,
	PLAN_OUTCOME_IN_USE,     /* another program has the port */
	PLAN_OUTCOME_DENIED,     /* the port needs a right that we lack */
	PLAN_OUTCOME_NO_ADDRESS, /* the address has just gone */
	PLAN_OUTCOME_NO_FAMILY,  /* the kernel has no IPv6 */
	PLAN_OUTCOME_FAILED,     /* another system error */
	PLAN_OUTCOME_COUNT_,
};

struct plan_item {
	struct ip_endpoint endpoint;
	enum plan_outcome outcome;
	uint32_t holder_inode;     /* IN_USE: socket of who has it; 0 = unknown */
	char text[TEXT_BYTES];     /* not OPEN: what and why */
	char repair[REPAIR_BYTES]; /* not OPEN: what to type */
};

struct plan {
	struct plan_item *items; /* owned */
	size_t n_items;
	size_t capacity;
};

/*
 * The attempt to open @item->endpoint; fills the rest of @item (zeroed before).
 * Return: 0; -errno, which ends the planning.
 */
typedef int (*plan_attempt_fn)(void *context, struct plan_item *item);

struct plan_input {
	const struct listenlist *list;
	struct listen_locals locals;
	const struct listen_want *wants; /* of all claims */
	size_t n_wants;
	const struct ip_endpoint *existing; /* what listens now */
	size_t n_existing;
	plan_attempt_fn attempt;
	void *context;
};

/*
 * plan_make() - resolve the wants and attempt each endpoint once
 *
 * Return: 0 and *@ret_plan (plan_fini); -ENOMEM or what the attempt returned.
 */
int plan_make(const struct plan_input *input, struct plan *ret_plan) must_check_;

/* plan_fini() - free it; accepts a zeroed one */
void plan_fini(struct plan *plan);

/* plan_find() - the item of exactly @endpoint; NULL = not planned */
struct plan_item *plan_find(const struct plan *plan, const struct ip_endpoint *endpoint);

/* plan_has_open() - is @endpoint planned and open? */
bool plan_has_open(const struct plan *plan, const struct ip_endpoint *endpoint);
