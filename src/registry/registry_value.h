#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A typed value of the configuration tree.  It owns its bytes; a zeroed one is
 * an empty string and needs no fini.  Text is UTF-8 without NUL.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

#define REGISTRY_VALUE_BYTES_MAX 1048576 /* string, binary, or all strings of a multi-string */

/* Stored in the database: numbers never change. */
enum registry_type {
	REGISTRY_TYPE_STRING = 0,
	REGISTRY_TYPE_MULTI_STRING = 1,
	REGISTRY_TYPE_DWORD = 2,
	REGISTRY_TYPE_BINARY = 3,
	REGISTRY_TYPE_COUNT_
};

struct registry_value {
	enum registry_type type;
	uint32_t dword; /* DWORD only */
	char *data;     /* others; owned, a NUL behind it; MULTI_STRING: each string ends in NUL */
	size_t len;     /* bytes at data, the final NUL of a STRING or BINARY not counted */
	size_t n_strings; /* MULTI_STRING only */
};

/* registry_value_fini() - free the bytes; accepts NULL, zeroed, half-built; leaves it zeroed */
void registry_value_fini(struct registry_value *value);

/* registry_value_init_string() - a string, copied.  Return: 0; -ENOMEM */
int registry_value_init_string(struct registry_value *value, struct slice text) must_check_;

/*
 * registry_value_init_strings() - a multi-string of @n strings, copied; empty ones are kept
 *
 * None may hold a NUL (asserted); registry_put_strings() checks.
 *
 * Return: 0; -ENOMEM.
 */
int registry_value_init_strings(struct registry_value *value, const struct slice *strings,
				size_t n) must_check_;

/* registry_value_init_dword() - a number */
void registry_value_init_dword(struct registry_value *value, uint32_t dword);

/* registry_value_init_binary() - bytes, copied.  Return: 0; -ENOMEM */
int registry_value_init_binary(struct registry_value *value, struct slice bytes) must_check_;

/* registry_value_init_copy() - a copy of @from.  Return: 0; -ENOMEM */
int registry_value_init_copy(struct registry_value *value,
			     const struct registry_value *from) must_check_;

/* registry_value_slice() - the bytes of a string or binary, valid as long as @value */
static inline struct slice registry_value_slice(const struct registry_value *value)
{
	return slice_from(value->data, value->len);
}

/*
 * registry_value_next() - walk over the strings of a multi-string
 * @cursor: 0 before the first call
 *
 * Return: true and *@ret_string (valid as long as @value); false = no more strings, or @value is
 * no multi-string.
 */
bool registry_value_next(const struct registry_value *value, size_t *cursor,
			 struct slice *ret_string);

/* registry_value_is_equal() - same type and same bytes (case counts) */
bool registry_value_is_equal(const struct registry_value *a, const struct registry_value *b);

/* registry_type_name() - "string", "multi-string", "dword", "binary"; static */
const char *registry_type_name(enum registry_type type);

/* registry_type_find() - the type of that name.  Return: true; false = no such type */
bool registry_type_find(struct slice name, enum registry_type *ret_type);

/* registry_text_is_valid() - is it UTF-8 (base/utf8.h) without NUL? */
bool registry_text_is_valid(struct slice text);
