#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Cleanup attributes and compiler helpers.  A local that owns something is
 * declared with one of these; ownership moves by assigning to the destination
 * and setting the local to NULL or -1 in the next line.
 */

#define cleanup_(fn)  __attribute__((__cleanup__(fn)))
#define must_check_   __attribute__((__warn_unused_result__))
#define printf_(f, a) __attribute__((__format__(__printf__, f, a)))

/* Which way a branch nearly always goes. */
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The number of elements of an array (not of a pointer). */
#define array_len(a) (sizeof(a) / sizeof((a)[0]))

/* The object that contains @ptr as its member @member. */
#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - __builtin_offsetof(type, member)))
