#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Reservations: who owns which part of the URL space, and the two questions asked about it: may
 * this caller add or delete a reservation here, and may it register this prefix?
 *
 * A set is owned by one process's control thread (the master's for changes, the engine's copy for
 * registrations).  It is a hash over the prefixes' keys; the reservations that cover a prefix are
 * found by cutting segments off its key, so that a question costs one probe per path segment,
 * however large the set is.  Only entries of the same bucket, host, port and scheme are looked at:
 * a reservation for "+" says nothing about "localhost".
 *
 * The rule without a reservation: root owns everything (and an explicit reservation never shuts it
 * out); others may register on ports from RESERVATION_FREE_PORT_MIN on with the host "localhost" or
 * a loopback address, and nothing else.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/map.h"
#include "base/slice.h"
#include "urlspace/acl.h"
#include "urlspace/prefix.h"
#include "urlspace/scheme_table.h"

#define RESERVATION_FREE_PORT_MIN 1024

enum reservation_verdict {
	RESERVATION_E_EXISTS = 1,      /* this prefix is reserved already (Win32 183) */
	RESERVATION_E_DENIED,          /* no right (Win32 5) */
	RESERVATION_E_SCHEME_CONFLICT, /* the port carries the other scheme (Win32 183) */
	RESERVATION_E_NOT_FOUND,       /* this prefix is not reserved (Win32 2) */
};

/* What an answer rests on. */
enum reservation_basis {
	RESERVATION_BASIS_NOTHING = 0,   /* no reservation covers it and no rule frees it */
	RESERVATION_BASIS_ROOT,          /* the caller is root */
	RESERVATION_BASIS_ACL,           /* the list of the reservation below decided */
	RESERVATION_BASIS_FREE_LOOPBACK, /* free for everybody: loopback host, unprivileged port */
	RESERVATION_BASIS_SCHEME,        /* the port's scheme */
	RESERVATION_BASIS_SELF,          /* whether the prefix itself is reserved */
};

struct reservation {
	struct prefix prefix; /* owned */
	struct acl acl;       /* owned */
	char *owner;          /* who made it, for people; owned, never NULL */
};

/* Why a question was answered as it was. */
struct reservation_reason {
	enum reservation_basis basis;
	enum acl_right right; /* what was asked for: LISTEN, or DELEGATE to add and delete */
	const struct reservation *reservation; /* basis ACL or SELF; NULL = none */
	unsigned n_probes;                     /* look-ups that it took */
};

struct reservation_set {
	struct map by_key;            /* struct reservation by prefix.key; owns the values */
	struct scheme_table *schemes; /* not owned: shared with the registrations */
};

/* reservation_set_init() - an empty set that counts its ports in @schemes, which must outlive it */
void reservation_set_init(struct reservation_set *set, struct scheme_table *schemes);

/* reservation_set_fini() - free all reservations and uncount them; accepts NULL and zeroed sets */
void reservation_set_fini(struct reservation_set *set);

/*
 * reservation_set_insert() - add a reservation without asking for rights
 * @prefix: copied
 * @acl: copied
 * @owner: who made it, for people; NULL = ""
 *
 * Return: 0; RESERVATION_E_EXISTS; RESERVATION_E_SCHEME_CONFLICT; -ENOMEM (nothing was changed).
 */
int reservation_set_insert(struct reservation_set *set, const struct prefix *prefix,
			   const struct acl *acl, const char *owner) must_check_;

/*
 * reservation_set_remove() - remove the reservation of exactly @prefix without asking for rights
 *
 * Return: 0; RESERVATION_E_NOT_FOUND.
 */
int reservation_set_remove(struct reservation_set *set, const struct prefix *prefix) must_check_;

/* reservation_set_find() - the reservation of exactly @prefix; NULL = none.  Owned by the set. */
const struct reservation *reservation_set_find(const struct reservation_set *set,
					       const struct prefix *prefix);

/*
 * reservation_set_find_covering() - the longest reservation at or above @prefix in its bucket
 *
 * Return: owned by the set; NULL = none.
 */
const struct reservation *reservation_set_find_covering(const struct reservation_set *set,
							const struct prefix *prefix);

/*
 * reservation_set_next() - walk over all reservations in no order; start with *cursor = 0
 *
 * The set must not change during the walk.  Return: owned by the set; NULL = end.
 */
const struct reservation *reservation_set_next(const struct reservation_set *set, size_t *cursor);

/*
 * reservation_check_add() - may @caller reserve @prefix?
 * @ret_reason: always filled; NULL when the caller does not want to know
 *
 * Looked at in this order: the port's scheme, the right to delegate in the nearest reservation
 * above (never in an equal one), an equal reservation.
 *
 * Return: 0; RESERVATION_E_SCHEME_CONFLICT; RESERVATION_E_DENIED; RESERVATION_E_EXISTS; never
 * fatal.
 */
int reservation_check_add(const struct reservation_set *set, const struct prefix *prefix,
			  const struct caller *caller,
			  struct reservation_reason *ret_reason) must_check_;

/*
 * reservation_check_delete() - may @caller delete the reservation of exactly @prefix?
 * @ret_reason: always filled; NULL when the caller does not want to know
 *
 * The right is asked for above, as for adding: the right in a reservation itself does not allow to
 * delete it.
 *
 * Return: 0; RESERVATION_E_DENIED; RESERVATION_E_NOT_FOUND; never fatal.
 */
int reservation_check_delete(const struct reservation_set *set, const struct prefix *prefix,
			     const struct caller *caller,
			     struct reservation_reason *ret_reason) must_check_;

/*
 * reservation_check_register() - may @caller register @prefix?
 * @ret_reason: always filled; NULL when the caller does not want to know
 *
 * Whether the prefix is registered already is the routing table's to know.
 *
 * Return: 0; RESERVATION_E_SCHEME_CONFLICT; RESERVATION_E_DENIED; never fatal.
 */
int reservation_check_register(const struct reservation_set *set, const struct prefix *prefix,
			       const struct caller *caller,
			       struct reservation_reason *ret_reason) must_check_;

/*
 * reservation_reason_format() - append one line for people about an answer
 * @verdict: what the check returned, 0 included
 * @names: for the owners' names; NULL = numbers
 *
 * Return: 0; -ENOMEM (also when @buf is at its limit) or what a function of @names returned.
 */
int reservation_reason_format(const struct reservation_reason *reason, int verdict,
			      const struct prefix *prefix, const struct acl_names *names,
			      struct buf *buf) must_check_;
