/* SPDX-License-Identifier: MIT */

/* Reservations and the questions asked about them; see reservation.h. */

#include "urlspace/reservation.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"

static struct reservation *reservation_free(struct reservation *reservation)
{
	if (reservation == NULL) {
		return NULL;
	}

	prefix_fini(&reservation->prefix);
	acl_fini(&reservation->acl);
	mem_free(reservation->owner);

	return mem_free(reservation);
}

static void reservation_free_p(struct reservation **reservation)
{
	*reservation = reservation_free(*reservation);
}

static int reservation_new(const struct prefix *prefix, const struct acl *acl, const char *owner,
			   struct reservation **ret_reservation)
{
	cleanup_(reservation_free_p) struct reservation *reservation =
		mem_new(sizeof(*reservation));

	if (reservation == NULL) {
		return result_origin(-ENOMEM);
	}

	reservation->owner = mem_dup(owner, owner != NULL ? strlen(owner) : 0);
	if (reservation->owner == NULL) {
		return result_origin(-ENOMEM);
	}

	int r = prefix_copy(prefix, &reservation->prefix);
	if (r == 0) {
		r = acl_copy(acl, &reservation->acl);
	}
	if (r < 0) {
		return result_trace(r);
	}
	*ret_reservation = reservation;
	reservation = NULL;

	return 0;
}

void reservation_set_init(struct reservation_set *set, struct scheme_table *schemes)
{
	assert(set != NULL && schemes != NULL);

	*set = (struct reservation_set){.schemes = schemes};
}

void reservation_set_fini(struct reservation_set *set)
{
	if (set == NULL) {
		return;
	}

	size_t cursor = 0;

	for (;;) {
		struct reservation *reservation = map_next(&set->by_key, &cursor);

		if (reservation == NULL) {
			break;
		}
		scheme_table_remove(set->schemes, reservation->prefix.scheme,
				    reservation->prefix.port);
		reservation_free(reservation);
	}
	map_fini(&set->by_key);
	set->schemes = NULL;
}

int reservation_set_insert(struct reservation_set *set, const struct prefix *prefix,
			   const struct acl *acl, const char *owner)
{
	assert(set != NULL && prefix != NULL && acl != NULL);

	cleanup_(reservation_free_p) struct reservation *reservation = NULL;

	if (map_find(&set->by_key, prefix->key) != NULL) {
		return RESERVATION_E_EXISTS;
	}

	int r = reservation_new(prefix, acl, owner, &reservation);
	if (r < 0) {
		return result_trace(r);
	}

	r = scheme_table_add(set->schemes, prefix->scheme, prefix->port);
	if (r == SCHEME_TABLE_E_CONFLICT) {
		return RESERVATION_E_SCHEME_CONFLICT;
	}
	if (r < 0) {
		return result_trace(r);
	}

	r = result_fold(map_insert(&set->by_key, reservation->prefix.key, reservation));
	if (r < 0) {
		scheme_table_remove(set->schemes, prefix->scheme, prefix->port);

		return result_trace(r);
	}
	reservation = NULL;

	return 0;
}

int reservation_set_remove(struct reservation_set *set, const struct prefix *prefix)
{
	assert(set != NULL && prefix != NULL);

	struct reservation *reservation = map_remove(&set->by_key, prefix->key);

	if (reservation == NULL) {
		return RESERVATION_E_NOT_FOUND;
	}
	scheme_table_remove(set->schemes, reservation->prefix.scheme, reservation->prefix.port);
	reservation_free(reservation);

	return 0;
}

const struct reservation *reservation_set_find(const struct reservation_set *set,
					       const struct prefix *prefix)
{
	assert(set != NULL && prefix != NULL);

	return map_find(&set->by_key, prefix->key);
}

/* The reservation at @key or the nearest above it; @n_probes counts the look-ups. */
static const struct reservation *reservation_set_search(const struct reservation_set *set,
							struct slice key, unsigned *n_probes)
{
	const struct reservation *found = NULL;

	while (found == NULL && key.len > 0) {
		found = map_find(&set->by_key, key);
		++*n_probes;
		key = prefix_key_parent(key);
	}

	return found;
}

const struct reservation *reservation_set_find_covering(const struct reservation_set *set,
							const struct prefix *prefix)
{
	assert(set != NULL && prefix != NULL);

	unsigned n_probes = 0;

	return reservation_set_search(set, prefix->key, &n_probes);
}

const struct reservation *reservation_set_next(const struct reservation_set *set, size_t *cursor)
{
	assert(set != NULL && cursor != NULL);

	return map_next(&set->by_key, cursor);
}

static int reservation_answer(struct reservation_reason *ret_reason,
			      struct reservation_reason reason, int verdict)
{
	if (ret_reason != NULL) {
		*ret_reason = reason;
	}

	return verdict;
}

/* May @caller change the reservations at @prefix?  The nearest one above it decides. */
static int reservation_check_delegate(const struct reservation_set *set,
				      const struct prefix *prefix, const struct caller *caller,
				      struct reservation_reason *reason)
{
	struct slice parent_key = prefix_key_parent(prefix->key);

	if (caller->uid == 0) {
		reason->basis = RESERVATION_BASIS_ROOT;

		return 0;
	}

	reason->reservation = reservation_set_search(set, parent_key, &reason->n_probes);
	if (reason->reservation == NULL) {
		reason->basis = RESERVATION_BASIS_NOTHING;

		return RESERVATION_E_DENIED;
	}
	reason->basis = RESERVATION_BASIS_ACL;

	return acl_allows(&reason->reservation->acl, caller, ACL_RIGHT_DELEGATE)
		       ? 0
		       : RESERVATION_E_DENIED;
}

int reservation_check_add(const struct reservation_set *set, const struct prefix *prefix,
			  const struct caller *caller, struct reservation_reason *ret_reason)
{
	assert(set != NULL && prefix != NULL && caller != NULL);

	struct reservation_reason reason = {
		.basis = RESERVATION_BASIS_SCHEME,
		.right = ACL_RIGHT_DELEGATE,
	};

	if (scheme_table_conflicts(set->schemes, prefix->scheme, prefix->port)) {
		return reservation_answer(ret_reason, reason, RESERVATION_E_SCHEME_CONFLICT);
	}
	if (reservation_check_delegate(set, prefix, caller, &reason) == RESERVATION_E_DENIED) {
		return reservation_answer(ret_reason, reason, RESERVATION_E_DENIED);
	}

	const struct reservation *equal = reservation_set_find(set, prefix);
	reason.n_probes++;
	if (equal != NULL) {
		reason.basis = RESERVATION_BASIS_SELF;
		reason.reservation = equal;

		return reservation_answer(ret_reason, reason, RESERVATION_E_EXISTS);
	}

	return reservation_answer(ret_reason, reason, 0);
}

int reservation_check_delete(const struct reservation_set *set, const struct prefix *prefix,
			     const struct caller *caller, struct reservation_reason *ret_reason)
{
	assert(set != NULL && prefix != NULL && caller != NULL);

	struct reservation_reason reason = {.right = ACL_RIGHT_DELEGATE};

	if (reservation_check_delegate(set, prefix, caller, &reason) == RESERVATION_E_DENIED) {
		return reservation_answer(ret_reason, reason, RESERVATION_E_DENIED);
	}

	reason.n_probes++;
	if (reservation_set_find(set, prefix) == NULL) {
		reason.basis = RESERVATION_BASIS_SELF;
		reason.reservation = NULL;

		return reservation_answer(ret_reason, reason, RESERVATION_E_NOT_FOUND);
	}

	return reservation_answer(ret_reason, reason, 0);
}

/* Loopback is the caller's own machine, and an unprivileged port is anybody's in Linux, too. */
static bool reservation_is_free(const struct prefix *prefix)
{
	bool is_loopback = prefix->bucket == PREFIX_BUCKET_IP
				   ? ip_addr_is_loopback(&prefix->addr)
				   : slice_is_equal(prefix->host, SLICE("localhost"));

	return is_loopback && prefix->port >= RESERVATION_FREE_PORT_MIN;
}

int reservation_check_register(const struct reservation_set *set, const struct prefix *prefix,
			       const struct caller *caller, struct reservation_reason *ret_reason)
{
	assert(set != NULL && prefix != NULL && caller != NULL);

	struct reservation_reason reason = {
		.basis = RESERVATION_BASIS_SCHEME,
		.right = ACL_RIGHT_LISTEN,
	};

	if (scheme_table_conflicts(set->schemes, prefix->scheme, prefix->port)) {
		return reservation_answer(ret_reason, reason, RESERVATION_E_SCHEME_CONFLICT);
	}
	if (caller->uid == 0) {
		reason.basis = RESERVATION_BASIS_ROOT;

		return reservation_answer(ret_reason, reason, 0);
	}

	reason.reservation = reservation_set_search(set, prefix->key, &reason.n_probes);
	if (reason.reservation != NULL) {
		bool is_allowed = acl_allows(&reason.reservation->acl, caller, ACL_RIGHT_LISTEN);

		reason.basis = RESERVATION_BASIS_ACL;

		return reservation_answer(ret_reason, reason,
					  is_allowed ? 0 : RESERVATION_E_DENIED);
	}

	bool is_free = reservation_is_free(prefix);
	reason.basis = is_free ? RESERVATION_BASIS_FREE_LOOPBACK : RESERVATION_BASIS_NOTHING;

	return reservation_answer(ret_reason, reason, is_free ? 0 : RESERVATION_E_DENIED);
}
