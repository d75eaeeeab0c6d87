/* SPDX-License-Identifier: MIT */

/* The IP listen list as a value, and which entry speaks for an address; see listenlist.h. */

#include "master/listenlist.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/listenlist_inside.h"

void listenlist_fini(struct listenlist *list)
{
	if (list == NULL) {
		return;
	}

	mem_free(list->entries);
	*list = (struct listenlist){0};
}

int listenlist_copy(const struct listenlist *list, struct listenlist *ret_copy)
{
	assert(list != NULL && ret_copy != NULL);

	struct listen_entry *entries = NULL;

	if (list->n_entries > 0) {
		entries = mem_new_array(list->n_entries, sizeof(*entries));
		if (entries == NULL) {
			return result_origin(-ENOMEM);
		}
		memcpy(entries, list->entries, list->n_entries * sizeof(*entries));
	}
	*ret_copy = *list;
	ret_copy->entries = entries;

	return 0;
}

/* The index of exactly this entry, or n_entries. */
static size_t listenlist_index(const struct listenlist *list, const struct listen_entry *entry)
{
	size_t i = 0;

	while (i < list->n_entries && !listen_entry_is_equal(&list->entries[i], entry)) {
		i++;
	}

	return i;
}

int listenlist_add(struct listenlist *list, const struct listen_entry *entry)
{
	assert(list != NULL && entry != NULL);

	if (listenlist_contains(list, entry)) {
		return LISTENLIST_E_EXISTS;
	}
	if (list->n_entries > 0 && (entry->kind == LISTEN_ENTRY_KIND_NONE ||
				    list->entries[0].kind == LISTEN_ENTRY_KIND_NONE)) {
		return LISTENLIST_E_NONE;
	}
	if (list->n_entries >= LISTENLIST_ENTRIES_MAX) {
		return LISTENLIST_E_FULL;
	}

	struct listen_entry *entries =
		mem_resize(list->entries, (list->n_entries + 1) * sizeof(*entries));
	if (entries == NULL) {
		return result_origin(-ENOMEM);
	}
	entries[list->n_entries++] = *entry;
	list->entries = entries;

	return 0;
}

int listenlist_remove(struct listenlist *list, const struct listen_entry *entry)
{
	assert(list != NULL && entry != NULL);

	size_t i = listenlist_index(list, entry);

	if (i == list->n_entries) {
		return LISTENLIST_E_NOT_FOUND;
	}
	list->n_entries--;
	memmove(&list->entries[i], &list->entries[i + 1],
		(list->n_entries - i) * sizeof(*list->entries));

	return 0;
}

bool listenlist_contains(const struct listenlist *list, const struct listen_entry *entry)
{
	assert(list != NULL && entry != NULL);

	return listenlist_index(list, entry) < list->n_entries;
}

bool listenlist_is_empty(const struct listenlist *list)
{
	assert(list != NULL);

	return list->n_entries == 0 && list->n_unreadable == 0;
}

bool listen_addr_matches(const struct ip_addr *a, const struct ip_addr *b)
{
	assert(a != NULL && b != NULL);

	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0 &&
	       (a->scope_id == b->scope_id || a->scope_id == 0 || b->scope_id == 0);
}

bool listen_entry_has_port(const struct listen_entry *entry, uint16_t port)
{
	assert(entry != NULL);

	return entry->port == 0 || entry->port == port;
}

bool listen_entry_is_any(const struct listen_entry *entry)
{
	assert(entry != NULL);

	return entry->kind == LISTEN_ENTRY_KIND_ADDRESS && ip_addr_is_any(&entry->addr);
}

/* Does the entry name this address, itself or by its family's wildcard, whatever the port? */
static bool listen_entry_has_addr(const struct listen_entry *entry, const struct ip_addr *addr)
{
	if (entry->kind != LISTEN_ENTRY_KIND_ADDRESS || entry->addr.family != addr->family) {
		return false;
	}

	return listen_entry_is_any(entry) || listen_addr_matches(&entry->addr, addr);
}

const struct listen_entry *listenlist_find_any(const struct listenlist *list, int family,
					       uint16_t port)
{
	assert(list != NULL && (family == AF_INET || family == AF_INET6));

	for (size_t i = 0; i < list->n_entries; i++) {
		const struct listen_entry *entry = &list->entries[i];

		if (listen_entry_is_any(entry) && entry->addr.family == family &&
		    listen_entry_has_port(entry, port)) {
			return entry;
		}
	}

	return NULL;
}

const struct listen_entry *listenlist_find_addr(const struct listenlist *list,
						const struct ip_addr *addr, uint16_t port)
{
	assert(list != NULL && addr != NULL);

	const struct listen_entry *best = NULL;
	int best_rank = 0;

	for (size_t i = 0; i < list->n_entries; i++) {
		const struct listen_entry *entry = &list->entries[i];

		if (!listen_entry_has_addr(entry, addr)) {
			continue;
		}

		int rank = 1 + 2 * listen_entry_has_port(entry, port) + !listen_entry_is_any(entry);
		if (rank > best_rank) {
			best = entry;
			best_rank = rank;
		}
	}

	return best;
}

bool listenlist_covers(const struct listenlist *list, const struct ip_endpoint *endpoint)
{
	assert(list != NULL && endpoint != NULL);

	if (listenlist_is_empty(list)) {
		return true;
	}

	const struct listen_entry *entry =
		listenlist_find_addr(list, &endpoint->addr, endpoint->port);

	return entry != NULL && listen_entry_has_port(entry, endpoint->port);
}
