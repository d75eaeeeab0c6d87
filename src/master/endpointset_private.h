#pragma once
/* SPDX-License-Identifier: MIT */

/* What the files of struct endpointset share: endpointset.c, endpointset_apply.c. */

#include "base/compiler.h"
#include "master/endpointset.h"

/*
 * endpointset_make_plan() - bind what is wanted and not there; mark the wanted endpoints
 *
 * Replaces set->plan.  Nothing listens yet that did not before, nothing is told.
 *
 * Return: 0; -errno.
 */
int endpointset_make_plan(struct endpointset *set) must_check_;

/* endpointset_listen() - let the newly bound endpoints listen; a failure is noted in the plan */
void endpointset_listen(struct endpointset *set);

/*
 * endpointset_carry_out() - tell engine and claims, give up what is not wanted
 *
 * Return: 0; -errno.
 */
int endpointset_carry_out(struct endpointset *set) must_check_;

/* endpointset_retire() - give up one endpoint: through the engine when it has it, else at once */
void endpointset_retire(struct endpointset *set, struct endpoint *endpoint);

/* endpointset_drop() - close and free an endpoint that nobody accepts from */
void endpointset_drop(struct endpointset *set, struct endpoint *endpoint);

/* endpointset_settle() - no SO_REUSEPORT where no other socket of ours needs it */
void endpointset_settle(struct endpointset *set);

/* endpointset_tell_change() - event: an endpoint was opened or closed */
void endpointset_tell_change(const struct endpointset *set, const struct endpoint *endpoint,
			     unsigned id, const char *what);
