/* SPDX-License-Identifier: MIT */

/* The counting allocator: the n-th allocation fails, once, and only then. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"

static void new_memory_is_zeroed(void **state)
{
	char *p = mem_new(1000);
	uint32_t *array = mem_new_array(1000, sizeof(*array));

	assert_non_null(p);
	assert_non_null(array);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(p[i], 0);
		assert_int_equal(array[i], 0);
	}
	assert_null(mem_free(p));
	assert_null(mem_free(array));
	assert_null(mem_free(NULL));
}

static void array_that_overflows_is_out_of_memory(void **state)
{
	volatile size_t n = SIZE_MAX / 2;

	assert_null(mem_new_array(n, 4));
}

static void dup_is_terminated(void **state)
{
	char *copy = mem_dup("a\0b", 3);

	assert_memory_equal(copy, "a\0b\0", 4);
	mem_free(copy);
	copy = mem_dup(NULL, 0);
	assert_string_equal(copy, "");
	mem_free(copy);
}

static void resize_keeps_bytes(void **state)
{
	char *p = mem_resize(NULL, 4);

	assert_non_null(p);
	memcpy(p, "abcd", 4);
	p = mem_resize(p, 10000);
	assert_non_null(p);
	assert_memory_equal(p, "abcd", 4);
	mem_free(p);
}

/* By each of the three functions in turn. */
static void *allocate_somehow(uint64_t i)
{
	switch (i % 3) {
	case 0:
		return mem_new(1);
	case 1:
		return mem_new_array(1, 1);
	default:
		return mem_resize(NULL, 1);
	}
}

static void nth_allocation_fails_once(void **state)
{
	for (uint64_t fail_number = 1; fail_number <= 6; fail_number++) {
		(void)mem_fail_at(fail_number);
		for (uint64_t i = 1; i <= 6; i++) {
			errno = 0;
			void *p = allocate_somehow(i);

			assert_int_equal(p == NULL, i == fail_number);
			assert_int_equal(errno, i == fail_number ? ENOMEM : 0);
			mem_free(p);
		}
		assert_int_equal(mem_fail_at(0), 6);

		char *first = mem_dup("x", 1);
		assert_non_null(first);
		mem_free(first);
		assert_int_equal(mem_fail_at(0), 0);
	}
}

static void failed_resize_keeps_the_old_memory(void **state)
{
	char *p = mem_dup("abc", 3);

	(void)mem_fail_at(1);
	assert_null(mem_resize(p, 100));
	(void)mem_fail_at(0);
	assert_string_equal(p, "abc");
	mem_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_memory_is_zeroed),
		cmocka_unit_test(array_that_overflows_is_out_of_memory),
		cmocka_unit_test(dup_is_terminated),
		cmocka_unit_test(resize_keeps_bytes),
		cmocka_unit_test(nth_allocation_fails_once),
		cmocka_unit_test(failed_resize_keeps_the_old_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
