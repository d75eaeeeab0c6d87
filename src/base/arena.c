/* SPDX-License-Identifier: MIT */

/* Bump allocator; see arena.h. */

#include "base/arena.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/result.h"

int arena_init(struct arena *arena, void *memory, size_t size)
{
	assert(arena != NULL && size > 0);

	bool is_owner = memory == NULL;

	*arena = (struct arena){0};
	if (is_owner) {
		memory = mem_new(size);
		if (memory == NULL) {
			return result_origin(-ENOMEM);
		}
	}
	*arena = (struct arena){.memory = memory, .size = size, .is_owner = is_owner};

	return 0;
}

void arena_fini(struct arena *arena)
{
	if (arena == NULL) {
		return;
	}

	if (arena->is_owner) {
		mem_free(arena->memory);
	}
	*arena = (struct arena){0};
}

void *arena_alloc(struct arena *arena, size_t size, size_t align)
{
	assert(arena != NULL && align > 0 && (align & (align - 1)) == 0);

	/* The address is aligned, not the offset: the caller's memory may begin anywhere. */
	size_t gap = (size_t) - ((uintptr_t)arena->memory + arena->used) & (align - 1);
	size_t available = arena->size - arena->used;

	if (gap > available || size > available - gap) {
		return NULL;
	}

	void *p = arena->memory + arena->used + gap;
	arena->used += gap + size;

	return p;
}

void arena_reset(struct arena *arena)
{
	assert(arena != NULL);

	arena->used = 0;
}
