#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * All heap memory of the daemon and the library comes through here, so that
 * tests can count allocations and let the n-th one fail.  Thread safe.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* mem_new() - @size zeroed bytes; Return: owned memory (mem_free), or NULL = out of memory */
void *mem_new(size_t size) must_check_;

/* mem_new_array() - @n zeroed elements of @size bytes; as mem_new(), also NULL on overflow */
void *mem_new_array(size_t n, size_t size) must_check_;

/*
 * mem_resize() - make @old (or NULL) @size bytes (1 or more) large; new bytes are not zeroed
 *
 * Return: the memory, or NULL = out of memory and @old is unchanged and still owned by the caller.
 */
void *mem_resize(void *old, size_t size) must_check_;

/* mem_free() - give memory back; NULL is fine.  Return: NULL, to assign to the owner */
void *mem_free(void *p);

/* mem_dup() - a copy of @len bytes with a NUL behind them.  Return: owned; NULL = out of memory */
char *mem_dup(const void *data, size_t len) must_check_;

/* mem_free_p() - for cleanup_(): frees what the variable at @p points to */
static inline void mem_free_p(void *p)
{
	mem_free(*(void **)p);
}

/*
 * mem_fail_at() - for tests: let the @n-th allocation from now on fail, once
 * @n: 1 = the next one; 0 = none (and stop counting)
 *
 * Return: the number of allocations since the last call.
 */
uint64_t mem_fail_at(uint64_t n);
