/* SPDX-License-Identifier: MIT */

/*
 * Typed values; see registry_value.h.  The bytes at data are the form that the database stores and
 * that equality compares, so that a value is equal to itself after it was stored and read.
 */

#include "registry/registry_value.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "base/utf8.h"

static const char *const registry_type_names[REGISTRY_TYPE_COUNT_] = {
	[REGISTRY_TYPE_STRING] = "string",
	[REGISTRY_TYPE_MULTI_STRING] = "multi-string",
	[REGISTRY_TYPE_DWORD] = "dword",
	[REGISTRY_TYPE_BINARY] = "binary",
};

static int registry_value_init_bytes(struct registry_value *value, enum registry_type type,
				     struct slice bytes)
{
	char *data = mem_dup(bytes.data, bytes.len);

	if (data == NULL) {
		return result_origin(-ENOMEM);
	}

	*value = (struct registry_value){.type = type, .data = data, .len = bytes.len};

	return 0;
}

void registry_value_fini(struct registry_value *value)
{
	if (value == NULL) {
		return;
	}

	mem_free(value->data);
	*value = (struct registry_value){0};
}

int registry_value_init_string(struct registry_value *value, struct slice text)
{
	assert(value != NULL);

	return result_trace(registry_value_init_bytes(value, REGISTRY_TYPE_STRING, text));
}

int registry_value_init_strings(struct registry_value *value, const struct slice *strings, size_t n)
{
	assert(value != NULL && (strings != NULL || n == 0));

	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		len += strings[i].len + 1;
	}

	char *data = mem_new(len + 1);

	if (data == NULL) {
		return result_origin(-ENOMEM);
	}

	char *end = data;

	for (size_t i = 0; i < n; i++) {
		if (strings[i].len > 0) {
			assert(memchr(strings[i].data, '\0', strings[i].len) == NULL);
			memcpy(end, strings[i].data, strings[i].len);
		}
		end += strings[i].len + 1;
	}

	*value = (struct registry_value){
		.type = REGISTRY_TYPE_MULTI_STRING, .data = data, .len = len, .n_strings = n};

	return 0;
}

void registry_value_init_dword(struct registry_value *value, uint32_t dword)
{
	assert(value != NULL);

	*value = (struct registry_value){.type = REGISTRY_TYPE_DWORD, .dword = dword};
}

int registry_value_init_binary(struct registry_value *value, struct slice bytes)
{
	assert(value != NULL);

	return result_trace(registry_value_init_bytes(value, REGISTRY_TYPE_BINARY, bytes));
}

int registry_value_init_copy(struct registry_value *value, const struct registry_value *from)
{
	assert(value != NULL && from != NULL);

	struct registry_value copy = *from;

	if (from->type != REGISTRY_TYPE_DWORD) {
		copy.data = mem_dup(from->data, from->len);
		if (copy.data == NULL) {
			return result_origin(-ENOMEM);
		}
	}

	*value = copy;

	return 0;
}

bool registry_value_next(const struct registry_value *value, size_t *cursor,
			 struct slice *ret_string)
{
	assert(value != NULL && cursor != NULL && ret_string != NULL);

	if (value->type != REGISTRY_TYPE_MULTI_STRING || *cursor >= value->len) {
		return false;
	}

	*ret_string = slice_from_str(value->data + *cursor);
	*cursor += ret_string->len + 1;

	return true;
}

bool registry_value_is_equal(const struct registry_value *a, const struct registry_value *b)
{
	assert(a != NULL && b != NULL);

	return a->type == b->type && a->dword == b->dword &&
	       slice_is_equal(registry_value_slice(a), registry_value_slice(b));
}

const char *registry_type_name(enum registry_type type)
{
	assert((unsigned)type < REGISTRY_TYPE_COUNT_);

	return registry_type_names[type];
}

bool registry_type_find(struct slice name, enum registry_type *ret_type)
{
	assert(ret_type != NULL);

	for (unsigned i = 0; i < REGISTRY_TYPE_COUNT_; i++) {
		if (slice_is_equal(name, slice_from_str(registry_type_names[i]))) {
			*ret_type = (enum registry_type)i;

			return true;
		}
	}

	return false;
}

bool registry_text_is_valid(struct slice text)
{
	return (text.len == 0 || memchr(text.data, '\0', text.len) == NULL) && utf8_is_valid(text);
}
