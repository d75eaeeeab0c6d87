/* SPDX-License-Identifier: MIT */

/*
 * Hash map with open addressing; see map.h.  A probe run is never interrupted by
 * an empty cell: removal shifts the cells behind it back, so there are no
 * tombstones and a lookup ends at the first empty cell.  The hash is SipHash-1-3
 * with a key drawn once per process, before main(): who chooses the keys cannot
 * choose the collisions.
 */

#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <sys/auxv.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/result.h"

#define MAP_CELLS_MIN 8

static uint64_t map_seed[2];

/* Runs before main() and before any thread: afterwards the seed is constant. */
__attribute__((constructor)) static void map_draw_seed(void)
{
	ssize_t n = getrandom(map_seed, sizeof(map_seed), 0);

	if (n != (ssize_t)sizeof(map_seed)) {
		/* An old kernel or a tight sandbox: the kernel's 16 bytes for this exec. */
		memcpy(map_seed, (const void *)getauxval(AT_RANDOM), sizeof(map_seed));
	}
}

struct map_mixer {
	uint64_t v0, v1, v2, v3;
};

static uint64_t map_rotate(uint64_t x, unsigned n)
{
	return (x << n) | (x >> (64 - n));
}

static void map_mix(struct map_mixer *m)
{
	m->v0 += m->v1;
	m->v1 = map_rotate(m->v1, 13) ^ m->v0;
	m->v0 = map_rotate(m->v0, 32);
	m->v2 += m->v3;
	m->v3 = map_rotate(m->v3, 16) ^ m->v2;
	m->v0 += m->v3;
	m->v3 = map_rotate(m->v3, 21) ^ m->v0;
	m->v2 += m->v1;
	m->v1 = map_rotate(m->v1, 17) ^ m->v2;
	m->v2 = map_rotate(m->v2, 32);
}

static void map_mix_word(struct map_mixer *m, uint64_t word)
{
	m->v3 ^= word;
	map_mix(m);
	m->v0 ^= word;
}

uint64_t map_hash(struct slice key)
{
	assert(key.data != NULL || key.len == 0);

	struct map_mixer m = {
		.v0 = map_seed[0] ^ UINT64_C(0x736f6d6570736575),
		.v1 = map_seed[1] ^ UINT64_C(0x646f72616e646f6d),
		.v2 = map_seed[0] ^ UINT64_C(0x6c7967656e657261),
		.v3 = map_seed[1] ^ UINT64_C(0x7465646279746573),
	};
	size_t i = 0;

	for (; i + sizeof(uint64_t) <= key.len; i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, key.data + i, sizeof(word));
		map_mix_word(&m, word);
	}

	/* The last word: what is left, and the length in its highest byte. */
	uint64_t last = (uint64_t)key.len << 56;
	for (unsigned shift = 0; i < key.len; i++, shift += 8) {
		last |= (uint64_t)(unsigned char)key.data[i] << shift;
	}
	map_mix_word(&m, last);

	m.v2 ^= 0xff;
	map_mix(&m);
	map_mix(&m);
	map_mix(&m);

	return m.v0 ^ m.v1 ^ m.v2 ^ m.v3;
}

void map_fini(struct map *map)
{
	if (map == NULL) {
		return;
	}

	map->cells = mem_free(map->cells);
	map->n_cells = 0;
	map->n_entries = 0;
}

/* The cell that holds @key, or the empty cell where it would go; the map has cells. */
static struct map_cell *map_probe(const struct map *map, struct slice key, uint64_t hash)
{
	size_t mask = map->n_cells - 1;
	size_t i = (size_t)hash & mask;

	while (map->cells[i].key.data != NULL) {
		if (map->cells[i].hash == hash && slice_is_equal(map->cells[i].key, key)) {
			break;
		}
		i = (i + 1) & mask;
	}

	return &map->cells[i];
}

void *map_find(const struct map *map, struct slice key)
{
	assert(map != NULL);

	if (map->n_entries == 0) {
		return NULL;
	}

	return map_probe(map, key, map_hash(key))->value;
}

static int map_grow(struct map *map)
{
	size_t n_cells = map->n_cells > 0 ? map->n_cells : MAP_CELLS_MIN / 2;

	if (__builtin_mul_overflow(n_cells, 2, &n_cells)) {
		return result_origin(-ENOMEM);
	}

	struct map_cell *cells = mem_new_array(n_cells, sizeof(*cells));
	if (cells == NULL) {
		return result_origin(-ENOMEM);
	}

	struct map grown = {.cells = cells, .n_cells = n_cells, .n_entries = map->n_entries};
	for (size_t i = 0; i < map->n_cells; i++) {
		const struct map_cell *cell = &map->cells[i];

		if (cell->key.data != NULL) {
			*map_probe(&grown, cell->key, cell->hash) = *cell;
		}
	}

	mem_free(map->cells);
	*map = grown;

	return 0;
}

int map_insert(struct map *map, struct slice key, void *value)
{
	assert(map != NULL && key.data != NULL && value != NULL);

	uint64_t hash = map_hash(key);

	if (map->n_cells > 0 && map_probe(map, key, hash)->value != NULL) {
		return MAP_E_EXISTS;
	}

	/* At most three quarters full, so that probe runs stay short and always end. */
	if (map->n_entries >= map->n_cells - map->n_cells / 4) {
		int r = map_grow(map);

		if (r < 0) {
			return result_trace(r);
		}
	}

	*map_probe(map, key, hash) = (struct map_cell){.key = key, .hash = hash, .value = value};
	map->n_entries++;

	return 0;
}

/* Empty the cell @hole and move back whatever would no longer be reached over it. */
static void map_close_hole(struct map *map, size_t hole)
{
	size_t mask = map->n_cells - 1;

	for (size_t i = (hole + 1) & mask; map->cells[i].key.data != NULL; i = (i + 1) & mask) {
		size_t home = (size_t)map->cells[i].hash & mask;

		/* Its probe run begins at or before the hole: the hole is nearer to its home. */
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			map->cells[hole] = map->cells[i];
			hole = i;
		}
	}

	map->cells[hole] = (struct map_cell){0};
}

void *map_remove(struct map *map, struct slice key)
{
	assert(map != NULL);

	if (map->n_entries == 0) {
		return NULL;
	}

	struct map_cell *cell = map_probe(map, key, map_hash(key));
	void *value = cell->value;
	if (value == NULL) {
		return NULL;
	}

	map_close_hole(map, (size_t)(cell - map->cells));
	map->n_entries--;

	return value;
}

void *map_next(const struct map *map, size_t *cursor)
{
	assert(map != NULL && cursor != NULL);

	while (*cursor < map->n_cells) {
		void *value = map->cells[(*cursor)++].value;

		if (value != NULL) {
			return value;
		}
	}

	return NULL;
}
