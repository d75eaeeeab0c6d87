#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Hash map from byte strings to pointers: open addressing, linear probing,
 * keyed hash (SipHash-like mixing with a per-process random seed, because keys
 * come from clients and applications).  The map owns neither keys nor values:
 * a key's bytes must live as long as its entry (usually inside the value).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

enum map_verdict {
	MAP_E_EXISTS = 1, /* the key is there already; nothing was changed */
};

struct map_cell {
	struct slice key; /* key.data NULL = empty cell */
	uint64_t hash;
	void *value;
};

struct map {
	struct map_cell *cells;
	size_t n_cells; /* 0 or a power of two */
	size_t n_entries;
};

/* map_fini() - free the cells (not keys, not values); accepts a zeroed map */
void map_fini(struct map *map);

/* map_find() - the value stored under @key; Return: NULL = not there */
void *map_find(const struct map *map, struct slice key);

/*
 * map_insert() - store @value (not NULL) under @key (data not NULL; len may be 0)
 *
 * Return: 0; MAP_E_EXISTS; -ENOMEM (nothing was changed).
 */
int map_insert(struct map *map, struct slice key, void *value) must_check_;

/* map_remove() - remove @key (backward-shift deletion).  Return: its value; NULL = was not there */
void *map_remove(struct map *map, struct slice key);

/*
 * map_next() - walk over all values in no order; start with *cursor = 0
 *
 * The map must not change during the walk.
 *
 * Return: the next value; NULL = end.
 */
void *map_next(const struct map *map, size_t *cursor);

/* map_hash() - the keyed hash that the map uses, for callers that keep tables of their own */
uint64_t map_hash(struct slice key);
