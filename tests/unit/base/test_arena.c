/* SPDX-License-Identifier: MIT */

/* Arena: the hard size, alignment, and whose memory it is. */

#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"

static void size_is_the_limit_to_the_byte(void **state)
{
	struct arena arena;

	assert_int_equal(arena_init(&arena, NULL, 10), 0);
	assert_non_null(arena_alloc(&arena, 4, 1));
	assert_null(arena_alloc(&arena, 7, 1));
	assert_non_null(arena_alloc(&arena, 6, 1));
	assert_null(arena_alloc(&arena, 1, 1));
	assert_int_equal(arena.used, 10);
	arena_fini(&arena);
}

static void refusal_takes_nothing(void **state)
{
	struct arena arena;

	assert_int_equal(arena_init(&arena, NULL, 64), 0);
	assert_non_null(arena_alloc(&arena, 1, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX - 1, 64));
	assert_null(arena_alloc(&arena, 1, (SIZE_MAX >> 1) + 1));
	assert_int_equal(arena.used, 1);
	arena_fini(&arena);
}

static void every_block_is_aligned_wherever_the_memory_begins(void **state)
{
	alignas(64) char memory[512];

	for (size_t offset = 0; offset < 64; offset++) {
		struct arena arena;

		assert_int_equal(arena_init(&arena, memory + offset, 256), 0);
		for (size_t align = 1; align <= 64; align *= 2) {
			char *p = arena_alloc(&arena, 3, align);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % align, 0);
			assert_true(p >= memory + offset && p + 3 <= memory + offset + 256);
		}
		arena_fini(&arena);
	}
}

static void gap_of_the_alignment_counts(void **state)
{
	alignas(64) char memory[128];
	struct arena arena;

	assert_int_equal(arena_init(&arena, memory, sizeof(memory)), 0);
	assert_non_null(arena_alloc(&arena, 1, 1));
	assert_null(arena_alloc(&arena, 65, 64));
	assert_ptr_equal(arena_alloc(&arena, 64, 64), memory + 64);
	assert_int_equal(arena.used, sizeof(memory));
	arena_fini(&arena);
}

static void blocks_do_not_overlap(void **state)
{
	struct arena arena;
	char *end = NULL;

	assert_int_equal(arena_init(&arena, NULL, 4096), 0);
	for (size_t i = 1; i < 40; i++) {
		char *p = arena_alloc(&arena, i, (size_t)1 << (i % 4));

		assert_non_null(p);
		assert_true(end == NULL || p >= end);
		memset(p, (int)i, i);
		end = p + i;
	}
	arena_fini(&arena);
}

static void reset_takes_all_back(void **state)
{
	char memory[16];
	struct arena arena;

	assert_int_equal(arena_init(&arena, memory, sizeof(memory)), 0);
	assert_ptr_equal(arena_alloc(&arena, 16, 1), memory);
	assert_null(arena_alloc(&arena, 1, 1));
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 16, 1), memory);
	arena_fini(&arena);
	assert_null(arena.memory);
}

static void failed_allocation_leaves_a_zeroed_arena(void **state)
{
	struct arena arena;

	(void)mem_fail_at(1);
	assert_int_equal(arena_init(&arena, NULL, 16), -ENOMEM);
	(void)mem_fail_at(0);
	assert_null(arena.memory);
	assert_null(arena_alloc(&arena, 1, 1));
	arena_fini(&arena);
	arena_fini(&arena);
	arena_fini(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_is_the_limit_to_the_byte),
		cmocka_unit_test(refusal_takes_nothing),
		cmocka_unit_test(every_block_is_aligned_wherever_the_memory_begins),
		cmocka_unit_test(gap_of_the_alignment_counts),
		cmocka_unit_test(blocks_do_not_overlap),
		cmocka_unit_test(reset_takes_all_back),
		cmocka_unit_test(failed_allocation_leaves_a_zeroed_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
