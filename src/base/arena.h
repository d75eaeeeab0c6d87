#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Arena: a bump allocator of a hard size.  Nothing is given back one by one; all
 * of it is, at once, by arena_reset().  The size is the limit: what does not fit
 * is refused, and the arena never grows.  The memory is the caller's, or one
 * allocation that the arena owns.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct arena {
	char *memory;
	size_t size;   /* bytes, the hard limit */
	size_t used;   /* bytes handed out, with the gaps that alignment leaves */
	bool is_owner; /* memory is freed by arena_fini() */
};

/*
 * arena_init() - make an empty arena of @size bytes
 * @memory: @size bytes that outlive the arena and stay the caller's; NULL = allocate them
 *
 * Return: 0; -ENOMEM (the arena is zeroed).
 */
int arena_init(struct arena *arena, void *memory, size_t size) must_check_;

/* arena_fini() - free the memory if the arena owns it; accepts a zeroed one, leaves it zeroed */
void arena_fini(struct arena *arena);

/*
 * arena_alloc() - take @size bytes, not zeroed
 * @align: a power of two
 *
 * Return: memory that is valid until arena_reset() or arena_fini(); NULL = does not fit, nothing
 * was taken.
 */
void *arena_alloc(struct arena *arena, size_t size, size_t align) must_check_;

/* arena_reset() - take everything back at once; pointers into the arena are invalid then */
void arena_reset(struct arena *arena);
