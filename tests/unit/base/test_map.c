/* SPDX-License-Identifier: MIT */

/* Hash map: against a naive model, and when memory runs out. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"

#define N_KEYS       600
#define N_OPERATIONS 200000

struct entry {
	char key[16];
	size_t key_len;
	bool is_there; /* the naive model */
};

static struct entry entries[N_KEYS];

static struct slice entry_key(const struct entry *entry)
{
	return slice_from(entry->key, entry->key_len);
}

static void entries_reset(void)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		struct entry *entry = &entries[i];

		/* A NUL, the number and up to nine more NULs; entry 0 has the empty key. */
		*entry = (struct entry){0};
		int n_digits = snprintf(entry->key + 1, sizeof(entry->key) - 1, "%zu", i);
		entry->key_len = i == 0 ? 0 : 1 + (size_t)n_digits + i % 10;
	}
}

static uint32_t random_next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;

	return *seed;
}

static void assert_same_as_model(const struct map *map)
{
	size_t n_there = 0;
	size_t n_walked = 0;
	size_t cursor = 0;

	for (size_t i = 0; i < N_KEYS; i++) {
		void *expected = entries[i].is_there ? &entries[i] : NULL;

		assert_ptr_equal(map_find(map, entry_key(&entries[i])), expected);
		n_there += entries[i].is_there;
	}
	for (struct entry *e = map_next(map, &cursor); e != NULL; e = map_next(map, &cursor)) {
		assert_true(e->is_there);
		n_walked++;
	}
	assert_int_equal(map->n_entries, n_there);
	assert_int_equal(n_walked, n_there);
}

static void operate_once(struct map *map, struct entry *entry, bool is_insert)
{
	if (is_insert) {
		int expected = entry->is_there ? MAP_E_EXISTS : 0;

		assert_int_equal(map_insert(map, entry_key(entry), entry), expected);
	} else {
		void *expected = entry->is_there ? entry : NULL;

		assert_ptr_equal(map_remove(map, entry_key(entry)), expected);
	}
	entry->is_there = is_insert;
	assert_ptr_equal(map_find(map, entry_key(entry)), is_insert ? entry : NULL);
}

static void random_operations_agree_with_a_naive_model(void **state)
{
	uint32_t seed = 20260102;
	struct map map = {0};

	entries_reset();
	for (int i = 0; i < N_OPERATIONS; i++) {
		/* The share of insertions swings, so that the map fills up and empties. */
		uint32_t percent_insert = (i / 10000) % 2 == 0 ? 70 : 30;
		struct entry *entry = &entries[random_next(&seed) % N_KEYS];

		operate_once(&map, entry, random_next(&seed) % 100 < percent_insert);
		if (i % 1000 == 0) {
			assert_same_as_model(&map);
		}
	}
	assert_same_as_model(&map);
	map_fini(&map);
}

static void full_small_map_survives_removal_in_any_order(void **state)
{
	/* Six of eight cells: probe runs that wrap round the end are the rule. */
	uint32_t seed = 4711;

	entries_reset();
	for (int round = 0; round < 2000; round++) {
		struct map map = {0};
		size_t first = random_next(&seed) % (N_KEYS - 6);

		for (size_t i = 0; i < 6; i++) {
			operate_once(&map, &entries[first + i], true);
		}
		assert_int_equal(map.n_cells, 8);
		for (size_t i = 0; i < 6; i++) {
			operate_once(&map, &entries[first + (i + (size_t)round) % 6], false);
			for (size_t j = 0; j < 6; j++) {
				struct entry *e = &entries[first + j];

				assert_ptr_equal(map_find(&map, entry_key(e)),
						 e->is_there ? e : NULL);
			}
		}
		map_fini(&map);
	}
}

static void empty_key_is_a_key(void **state)
{
	struct map map = {0};
	int value;

	assert_null(map_find(&map, SLICE("")));
	assert_int_equal(map_insert(&map, SLICE(""), &value), 0);
	assert_ptr_equal(map_find(&map, SLICE("")), &value);
	assert_null(map_find(&map, SLICE("\0")));
	assert_ptr_equal(map_remove(&map, SLICE("")), &value);
	assert_null(map_remove(&map, SLICE("")));
	map_fini(&map);
}

static void walk_over_an_empty_map_ends_at_once(void **state)
{
	struct map map = {0};
	size_t cursor = 0;

	assert_null(map_next(&map, &cursor));
	assert_null(map_remove(&map, SLICE("x")));
}

static void failed_allocation_changes_nothing(void **state)
{
	struct map map = {0};

	entries_reset();
	for (size_t i = 0; i < N_KEYS; i++) {
		size_t n_cells = map.n_cells;

		(void)mem_fail_at(1);
		int r = map_insert(&map, entry_key(&entries[i]), &entries[i]);
		(void)mem_fail_at(0);

		assert_true(r == 0 || r == -ENOMEM);
		assert_int_equal(map.n_cells, n_cells);
		if (r == -ENOMEM) {
			assert_same_as_model(&map);
			r = map_insert(&map, entry_key(&entries[i]), &entries[i]);
			assert_int_equal(r, 0);
			assert_true(map.n_cells > n_cells);
		}
		entries[i].is_there = true;
	}
	assert_same_as_model(&map);
	map_fini(&map);
	map_fini(&map);
	map_fini(NULL);
}

static void hash_tells_lengths_apart_and_spreads(void **state)
{
	static const char zeros[64];
	static uint8_t n_in_bucket[1 << 16];
	uint8_t n_max = 0;

	for (size_t i = 0; i < sizeof(zeros); i++) {
		for (size_t j = 0; j < i; j++) {
			assert_true(map_hash(slice_from(zeros, i)) !=
				    map_hash(slice_from(zeros, j)));
		}
	}

	/* 65,536 consecutive numbers into as many buckets: 16 in one has a chance below 1e-8. */
	for (uint32_t i = 0; i < 1 << 16; i++) {
		uint8_t *n = &n_in_bucket[map_hash(slice_from(&i, sizeof(i))) & 0xffff];

		(*n)++;
		n_max = *n > n_max ? *n : n_max;
	}
	assert_true(n_max < 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_a_naive_model),
		cmocka_unit_test(full_small_map_survives_removal_in_any_order),
		cmocka_unit_test(empty_key_is_a_key),
		cmocka_unit_test(walk_over_an_empty_map_ends_at_once),
		cmocka_unit_test(failed_allocation_changes_nothing),
		cmocka_unit_test(hash_tells_lengths_apart_and_spreads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
