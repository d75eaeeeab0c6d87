/* SPDX-License-Identifier: MIT */

/* The counting allocator; see mem.h. */

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Atomic uint64_t mem_count;
static _Atomic uint64_t mem_fail_number;

static bool mem_may_allocate(void)
{
	uint64_t fail_number = atomic_load_explicit(&mem_fail_number, memory_order_relaxed);

	/* Counting is for tests only: a shared counter would cost every thread a cache line. */
	if (__builtin_expect(fail_number == 0, 1)) {
		return true;
	}

	if (atomic_fetch_add(&mem_count, 1) + 1 == fail_number) {
		errno = ENOMEM;

		return false;
	}

	return true;
}

void *mem_new(size_t size)
{
	return mem_may_allocate() ? calloc(1, size) : NULL;
}

void *mem_new_array(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		errno = ENOMEM;

		return NULL;
	}

	return mem_new(total);
}

void *mem_resize(void *old, size_t size)
{
	assert(size > 0);

	return mem_may_allocate() ? realloc(old, size) : NULL;
}

void *mem_free(void *p)
{
	free(p);

	return NULL;
}

char *mem_dup(const void *data, size_t len)
{
	char *copy = mem_new(len + 1);

	if (copy != NULL && len > 0) {
		memcpy(copy, data, len);
	}

	return copy;
}

uint64_t mem_fail_at(uint64_t n)
{
	atomic_store(&mem_fail_number, n);

	return atomic_exchange(&mem_count, 0);
}
