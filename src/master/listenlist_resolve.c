/* SPDX-License-Identifier: MIT */

/*
 * From prefixes and the IP listen list to endpoints; see listenlist.h.  Works port by port: the
 * wants are sorted, so that those of one port stand together, and duplicates and what a wildcard
 * serves are looked for among the endpoints of that port only.
 */

#include "master/listenlist.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/listenlist_inside.h"

/* One run of listenlist_resolve(). */
struct listen_resolver {
	const struct listenlist *list;
	const struct listen_locals *locals;
	struct listen_resolution resolution; /* owned until it is handed over */
	size_t capacity;
	size_t group_start; /* the first endpoint of the port that is worked on */
};

static int listen_want_compare(const void *a, const void *b)
{
	const struct listen_want *x = a;
	const struct listen_want *y = b;

	if (x->port != y->port) {
		return x->port < y->port ? -1 : 1;
	}
	if (x->addr.family != y->addr.family) {
		return x->addr.family < y->addr.family ? -1 : 1;
	}

	int order = memcmp(x->addr.bytes, y->addr.bytes, sizeof(x->addr.bytes));
	if (order != 0) {
		return order;
	}
	if (x->addr.scope_id != y->addr.scope_id) {
		return x->addr.scope_id < y->addr.scope_id ? -1 : 1;
	}

	return (int)x->is_shared - (int)y->is_shared;
}

/* Append @found unless the port has this endpoint already. */
static int listen_resolver_add(struct listen_resolver *resolver, struct listen_endpoint found,
			       const struct listen_entry *entry)
{
	struct listen_resolution *resolution = &resolver->resolution;

	for (size_t i = resolver->group_start; i < resolution->n_endpoints; i++) {
		if (ip_endpoint_is_equal(&resolution->endpoints[i].endpoint, &found.endpoint)) {
			return 0;
		}
	}

	if (resolution->n_endpoints == resolver->capacity) {
		size_t capacity = resolver->capacity > 0 ? 2 * resolver->capacity : 4;
		struct listen_endpoint *endpoints =
			mem_resize(resolution->endpoints, capacity * sizeof(*endpoints));

		if (endpoints == NULL) {
			return result_origin(-ENOMEM);
		}
		resolution->endpoints = endpoints;
		resolver->capacity = capacity;
	}
	if (entry != NULL) {
		found.has_entry = true;
		found.entry = *entry;
	}
	resolution->endpoints[resolution->n_endpoints++] = found;

	return 0;
}

static int listen_resolver_add_any(struct listen_resolver *resolver, int family, uint16_t port,
				   const struct listen_entry *entry)
{
	struct listen_endpoint found = {
		.endpoint = {.addr = ip_addr_any(family), .port = port},
		.state = LISTEN_STATE_WANTED,
		.reason = entry != NULL ? LISTEN_REASON_LISTED : LISTEN_REASON_EMPTY_LIST,
	};

	return listen_resolver_add(resolver, found, entry);
}

/* Does having @local mean that @addr can be bound?  All of 127.0.0.0/8 is local to lo. */
static bool listen_local_has(const struct ip_addr *local, const struct ip_addr *addr)
{
	if (addr->family == AF_INET && ip_addr_is_loopback(addr)) {
		return local->family == AF_INET && ip_addr_is_loopback(local);
	}

	return listen_addr_matches(local, addr);
}

/* An admitted address: on each interface that has it, or pending. */
static int listen_resolver_add_addr(struct listen_resolver *resolver, struct ip_addr addr,
				    uint16_t port, const struct listen_entry *entry)
{
	struct listen_endpoint found = {
		.endpoint = {.addr = addr, .port = port},
		.state = LISTEN_STATE_WANTED,
		.reason = entry != NULL ? LISTEN_REASON_LISTED : LISTEN_REASON_EMPTY_LIST,
	};
	bool is_present = false;

	/* The want or the entry may say which interface is meant. */
	if (entry != NULL && addr.scope_id == 0 && !listen_entry_is_any(entry)) {
		found.endpoint.addr.scope_id = entry->addr.scope_id;
		addr = found.endpoint.addr;
	}

	for (size_t i = 0; i < resolver->locals->n_addrs; i++) {
		const struct ip_addr *local = &resolver->locals->addrs[i];

		if (!listen_local_has(local, &addr)) {
			continue;
		}
		is_present = true;
		found.endpoint.addr.scope_id = local->scope_id;

		int r = listen_resolver_add(resolver, found, entry);
		if (r < 0) {
			return result_trace(r);
		}
	}

	if (is_present) {
		return 0;
	}
	found.state = LISTEN_STATE_PENDING;

	return result_trace(listen_resolver_add(resolver, found, entry));
}

/* Why a list that is not empty admits nothing at all; LISTED = it admits something. */
static enum listen_reason listenlist_useless_reason(const struct listenlist *list)
{
	if (list->n_entries == 0) {
		return LISTEN_REASON_UNREADABLE;
	}

	return list->entries[0].kind == LISTEN_ENTRY_KIND_NONE ? LISTEN_REASON_NONE
							       : LISTEN_REASON_LISTED;
}

static int listen_resolve_everywhere(struct listen_resolver *resolver, uint16_t port)
{
	int r = listen_resolver_add_any(resolver, AF_INET, port, NULL);

	if (r == 0) {
		r = listen_resolver_add_any(resolver, AF_INET6, port, NULL);
	}

	return result_trace(r);
}

/* A want without address. */
static int listen_resolve_wildcard(struct listen_resolver *resolver, uint16_t port)
{
	const struct listenlist *list = resolver->list;
	enum listen_reason reason = listenlist_useless_reason(list);

	resolver->resolution.reason =
		reason == LISTEN_REASON_LISTED ? LISTEN_REASON_NO_ENTRY_FOR_PORT : reason;

	for (size_t i = 0; i < list->n_entries; i++) {
		const struct listen_entry *entry = &list->entries[i];

		if (entry->kind != LISTEN_ENTRY_KIND_ADDRESS ||
		    !listen_entry_has_port(entry, port)) {
			continue;
		}

		int r = listen_entry_is_any(entry)
				? listen_resolver_add_any(resolver, entry->addr.family, port, entry)
				: listen_resolver_add_addr(resolver, entry->addr, port, entry);
		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}

/* A want with an address, and a list that is not empty. */
static int listen_resolve_literal(struct listen_resolver *resolver, const struct listen_want *want)
{
	const struct listenlist *list = resolver->list;
	enum listen_reason reason = listenlist_useless_reason(list);
	const struct listen_entry *any = listenlist_find_any(list, want->addr.family, want->port);
	const struct listen_entry *entry = listenlist_find_addr(list, &want->addr, want->port);

	if (want->is_shared && any != NULL) {
		return listen_resolver_add_any(resolver, want->addr.family, want->port, any);
	}
	if (entry != NULL && listen_entry_has_port(entry, want->port)) {
		return listen_resolver_add_addr(resolver, want->addr, want->port, entry);
	}

	if (reason == LISTEN_REASON_LISTED) {
		reason = entry != NULL ? LISTEN_REASON_PORT_NOT_LISTED : LISTEN_REASON_NOT_LISTED;
	}

	struct listen_endpoint found = {
		.endpoint = {.addr = want->addr, .port = want->port},
		.state = LISTEN_STATE_EXCLUDED,
		.reason = reason,
	};

	return listen_resolver_add(resolver, found, entry);
}

static int listen_resolve_want(struct listen_resolver *resolver, const struct listen_want *want)
{
	bool is_empty = listenlist_is_empty(resolver->list);

	if (want->addr.family == 0) {
		return is_empty ? listen_resolve_everywhere(resolver, want->port)
				: listen_resolve_wildcard(resolver, want->port);
	}
	if (!is_empty) {
		return listen_resolve_literal(resolver, want);
	}
	if (want->is_shared) {
		return listen_resolver_add_any(resolver, want->addr.family, want->port, NULL);
	}

	return listen_resolver_add_addr(resolver, want->addr, want->port, NULL);
}

/* Drop the addresses of this port that a wildcard of their family serves. */
static void listen_resolver_end_group(struct listen_resolver *resolver)
{
	struct listen_resolution *resolution = &resolver->resolution;
	size_t n_kept = resolver->group_start;
	bool has_any[2] = {false, false}; /* IPv4, IPv6 */

	for (size_t i = resolver->group_start; i < resolution->n_endpoints; i++) {
		const struct ip_addr *addr = &resolution->endpoints[i].endpoint.addr;

		if (ip_addr_is_any(addr)) {
			has_any[addr->family == AF_INET6] = true;
		}
	}
	for (size_t i = resolver->group_start; i < resolution->n_endpoints; i++) {
		const struct listen_endpoint *found = &resolution->endpoints[i];
		const struct ip_addr *addr = &found->endpoint.addr;

		if (ip_addr_is_any(addr) || found->state == LISTEN_STATE_EXCLUDED ||
		    !has_any[addr->family == AF_INET6]) {
			resolution->endpoints[n_kept++] = *found;
		}
	}
	resolution->n_endpoints = n_kept;
	resolver->group_start = n_kept;
}

static int listen_resolve_sorted(struct listen_resolver *resolver, const struct listen_want *wants,
				 size_t n_wants)
{
	for (size_t i = 0; i < n_wants; i++) {
		if (i > 0 && listen_want_compare(&wants[i - 1], &wants[i]) == 0) {
			continue;
		}
		if (i > 0 && wants[i - 1].port != wants[i].port) {
			listen_resolver_end_group(resolver);
		}

		int r = listen_resolve_want(resolver, &wants[i]);
		if (r < 0) {
			return result_trace(r);
		}
	}
	listen_resolver_end_group(resolver);

	return 0;
}

int listenlist_resolve(const struct listenlist *list, const struct listen_want *wants,
		       size_t n_wants, const struct listen_locals *locals,
		       struct listen_resolution *ret_resolution)
{
	assert(list != NULL && (wants != NULL || n_wants == 0) && locals != NULL);
	assert(ret_resolution != NULL);

	struct listen_resolver resolver = {.list = list, .locals = locals};
	cleanup_(mem_free_p) struct listen_want *sorted = NULL;

	if (n_wants > 0) {
		sorted = mem_new_array(n_wants, sizeof(*sorted));
		if (sorted == NULL) {
			return result_origin(-ENOMEM);
		}
		memcpy(sorted, wants, n_wants * sizeof(*sorted));
		qsort(sorted, n_wants, sizeof(*sorted), listen_want_compare);
	}

	int r = listen_resolve_sorted(&resolver, sorted, n_wants);
	if (r < 0) {
		listen_resolution_fini(&resolver.resolution);

		return result_trace(r);
	}
	*ret_resolution = resolver.resolution;

	return 0;
}

void listen_resolution_fini(struct listen_resolution *resolution)
{
	if (resolution == NULL) {
		return;
	}

	mem_free(resolution->endpoints);
	*resolution = (struct listen_resolution){0};
}

static bool listen_resolution_has(const struct listen_resolution *resolution,
				  const struct ip_endpoint *endpoint)
{
	for (size_t i = 0; i < resolution->n_endpoints; i++) {
		if (resolution->endpoints[i].state == LISTEN_STATE_WANTED &&
		    ip_endpoint_is_equal(&resolution->endpoints[i].endpoint, endpoint)) {
			return true;
		}
	}

	return false;
}

/* What @a has and @b has not. */
static int listen_resolution_minus(const struct listen_resolution *a,
				   const struct listen_resolution *b,
				   struct ip_endpoint **ret_endpoints, size_t *ret_n)
{
	/* One more, because an array of none can't be told from no memory. */
	struct ip_endpoint *endpoints = mem_new_array(a->n_endpoints + 1, sizeof(*endpoints));
	size_t n = 0;

	if (endpoints == NULL) {
		return result_origin(-ENOMEM);
	}

	for (size_t i = 0; i < a->n_endpoints; i++) {
		const struct ip_endpoint *endpoint = &a->endpoints[i].endpoint;

		if (a->endpoints[i].state == LISTEN_STATE_WANTED &&
		    !listen_resolution_has(b, endpoint)) {
			endpoints[n++] = *endpoint;
		}
	}
	*ret_endpoints = endpoints;
	*ret_n = n;

	return 0;
}

int listenlist_diff(const struct listenlist *before, const struct listenlist *after,
		    const struct listen_want *wants, size_t n_wants,
		    const struct listen_locals *locals, struct listen_diff *ret_diff)
{
	assert(before != NULL && after != NULL && ret_diff != NULL);

	cleanup_(listen_resolution_fini) struct listen_resolution old = {0};
	cleanup_(listen_resolution_fini) struct listen_resolution new = {0};
	struct listen_diff diff = {0};

	int r = listenlist_resolve(before, wants, n_wants, locals, &old);
	if (r == 0) {
		r = listenlist_resolve(after, wants, n_wants, locals, &new);
	}
	if (r == 0) {
		r = listen_resolution_minus(&new, &old, &diff.gained, &diff.n_gained);
	}
	if (r == 0) {
		r = listen_resolution_minus(&old, &new, &diff.lost, &diff.n_lost);
	}
	if (r < 0) {
		listen_diff_fini(&diff);

		return result_trace(r);
	}
	*ret_diff = diff;

	return 0;
}

void listen_diff_fini(struct listen_diff *diff)
{
	if (diff == NULL) {
		return;
	}

	mem_free(diff->gained);
	mem_free(diff->lost);
	*diff = (struct listen_diff){0};
}
