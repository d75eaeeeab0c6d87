/* SPDX-License-Identifier: MIT */

/*
 * The registry as JSON and back; see dump.h.  Values are written by a table of functions, one for
 * each type, and read by another.
 */

#include "registry/dump.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "registry/base64.h"
#include "registry/registry_private.h"
#include "registry/schema.h"

#define DUMP_FORMAT  "httpsys-registry"
#define DUMP_VERSION 1

/* json_decref() for cleanup_() */
static void dump_decref(json_t **json)
{
	json_decref(*json);
}

static json_t *dump_from_string(const struct registry_value *value)
{
	return json_stringn(value->data, value->len);
}

static json_t *dump_from_strings(const struct registry_value *value)
{
	json_t *array = json_array();
	struct slice string;
	size_t cursor = 0;

	while (registry_value_next(value, &cursor, &string)) {
		/* It takes the new string in any case, also when one of both is NULL. */
		if (json_array_append_new(array, json_stringn(string.data, string.len)) != 0) {
			json_decref(array);

			return NULL;
		}
	}

	return array;
}

static json_t *dump_from_dword(const struct registry_value *value)
{
	return json_integer(value->dword);
}

static json_t *dump_from_binary(const struct registry_value *value)
{
	struct buf text = {0};
	json_t *json = NULL;

	if (base64_encode(registry_value_slice(value), &text) == 0) {
		json = json_stringn(text.data, text.len);
	}
	buf_fini(&text);

	return json;
}

/* Each gives a new reference; NULL = out of memory. */
static json_t *(*const dump_writers[REGISTRY_TYPE_COUNT_])(const struct registry_value *value) = {
	[REGISTRY_TYPE_STRING] = dump_from_string,
	[REGISTRY_TYPE_MULTI_STRING] = dump_from_strings,
	[REGISTRY_TYPE_DWORD] = dump_from_dword,
	[REGISTRY_TYPE_BINARY] = dump_from_binary,
};

/* An export in the making. */
struct dump {
	json_t *keys;   /* the list of keys; borrowed from the document */
	json_t *values; /* the values of the last key; borrowed */
	char *key;      /* its path; owned */
};

/* Start the list of the next key's values. */
static int dump_begin_key(struct dump *dump, const char *key)
{
	json_t *values = json_array();
	json_t *object = json_pack("{s:s, s:o}", "key", key, "values", values);

	mem_free(dump->key);
	dump->key = mem_dup(key, strlen(key));
	if (object == NULL || dump->key == NULL) {
		json_decref(object);

		return result_origin(-ENOMEM);
	}
	if (json_array_append_new(dump->keys, object) != 0) {
		return result_origin(-ENOMEM);
	}

	dump->values = values;

	return 0;
}

static int dump_on_value(void *context, const char *key, const char *name,
			 const struct registry_value *value)
{
	struct dump *dump = context;

	if (dump->key == NULL || strcmp(dump->key, key) != 0) {
		int r = dump_begin_key(dump, key);

		if (r < 0) {
			return result_trace(r);
		}
	}

	/* 'o' takes the value in any case, and fails when it is NULL. */
	json_t *object =
		json_pack("{s:s, s:s, s:o}", "name", name, "type", registry_type_name(value->type),
			  "value", dump_writers[value->type](value));

	if (object == NULL || json_array_append_new(dump->values, object) != 0) {
		return result_origin(-ENOMEM);
	}

	return 0;
}

static int dump_on_text(const char *text, size_t len, void *context)
{
	return buf_append(context, slice_from(text, len)) == 0 ? 0 : -1;
}

/* Append @document to @buf, all or nothing. */
static int dump_write(struct registry *registry, const json_t *document, struct buf *buf)
{
	size_t len = buf->len;

	if (json_dump_callback(document, dump_on_text, buf, JSON_INDENT(1)) == 0 &&
	    buf_append(buf, SLICE("\n")) == 0) {
		return 0;
	}

	buf->len = len;

	/* Nothing says why it failed; is there room for what one piece may need? */
	if (buf->len_max != 0 && buf_reserve(buf, buf->len_max - len) == 0) {
		registry_error_set(&registry->store.error,
				   "the registry has more than %zu bytes as text", buf->len_max);

		return REGISTRY_E_INVALID;
	}

	return result_origin(-ENOMEM);
}

int registry_export_json(struct registry *registry, struct buf *buf)
{
	assert(registry != NULL && buf != NULL);

	struct dump dump = {.keys = json_array()};
	cleanup_(dump_decref) json_t *document =
		json_pack("{s:s, s:i, s:o}", "format", DUMP_FORMAT, "version", DUMP_VERSION, "keys",
			  dump.keys);

	if (document == NULL) {
		return result_origin(-ENOMEM);
	}

	int r = registry_walk(registry, "", dump_on_value, &dump);

	mem_free(dump.key);

	return r != 0 ? result_trace(r) : dump_write(registry, document, buf);
}

/* Where an import is, for the texts of its errors. */
struct dump_place {
	struct registry_error *error;
	const char *key;
	const char *name;
};

static int dump_refuse(const struct dump_place *place, const char *why)
{
	registry_error_set(place->error, "%s %s: %s", place->key, place->name, why);

	return REGISTRY_E_INVALID;
}

static int dump_to_string(const json_t *json, const struct dump_place *place,
			  struct registry_value *value)
{
	if (!json_is_string(json)) {
		return dump_refuse(place, "a string is needed");
	}

	return registry_value_init_string(
		value, slice_from(json_string_value(json), json_string_length(json)));
}

static int dump_to_strings(const json_t *json, const struct dump_place *place,
			   struct registry_value *value)
{
	if (!json_is_array(json)) {
		return dump_refuse(place, "an array of strings is needed");
	}

	size_t n = json_array_size(json);
	cleanup_(mem_free_p) struct slice *strings = mem_new_array(n > 0 ? n : 1, sizeof(*strings));

	if (strings == NULL) {
		return result_origin(-ENOMEM);
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(json, i);

		if (!json_is_string(item)) {
			return dump_refuse(place, "an array of strings is needed");
		}
		/* The parser refuses strings with NUL. */
		strings[i] = slice_from(json_string_value(item), json_string_length(item));
	}

	return result_trace(registry_value_init_strings(value, strings, n));
}

static int dump_to_dword(const json_t *json, const struct dump_place *place,
			 struct registry_value *value)
{
	json_int_t number = json_integer_value(json);

	if (!json_is_integer(json) || number < 0 || number > UINT32_MAX) {
		return dump_refuse(place, "a number from 0 to 4294967295 is needed");
	}

	registry_value_init_dword(value, (uint32_t)number);

	return 0;
}

static int dump_to_binary(const json_t *json, const struct dump_place *place,
			  struct registry_value *value)
{
	if (!json_is_string(json)) {
		return dump_refuse(place, "a string of base64 is needed");
	}

	struct buf bytes = {0};
	int r = base64_decode(slice_from(json_string_value(json), json_string_length(json)),
			      &bytes);

	if (r == 0) {
		r = registry_value_init_binary(value, buf_slice(&bytes));
	} else if (r == BASE64_E_INVALID) {
		r = dump_refuse(place, "a string of base64 is needed");
	}
	buf_fini(&bytes);

	return result_trace(r);
}

/* Each initialises @value: 0; INVALID; -ENOMEM. */
static int (*const dump_readers[REGISTRY_TYPE_COUNT_])(const json_t *json,
						       const struct dump_place *place,
						       struct registry_value *value) = {
	[REGISTRY_TYPE_STRING] = dump_to_string,
	[REGISTRY_TYPE_MULTI_STRING] = dump_to_strings,
	[REGISTRY_TYPE_DWORD] = dump_to_dword,
	[REGISTRY_TYPE_BINARY] = dump_to_binary,
};

static int dump_import_value(struct registry_tx *tx, const char *key, json_t *object)
{
	struct registry_error *error = &tx->registry->store.error;
	struct dump_place place = {.error = error, .key = key, .name = "a value"};
	const char *type_name;
	json_t *json;
	enum registry_type type;

	if (json_unpack(object, "{s:s, s:s, s:o !}", "name", &place.name, "type", &type_name,
			"value", &json) != 0) {
		return dump_refuse(&place, "it needs name, type and value, and nothing else");
	}
	if (!registry_type_find(slice_from_str(type_name), &type)) {
		return dump_refuse(&place,
				   "its type is none of string, multi-string, dword, binary");
	}

	cleanup_(registry_value_fini) struct registry_value value = {0};
	int r = dump_readers[type](json, &place, &value);

	if (r != 0) {
		return result_trace(r);
	}

	const struct schema_entry *entry = schema_find(key, place.name);
	struct registry_error text;

	if (entry != NULL && schema_check(entry, &value, &text) != 0) {
		return dump_refuse(&place, text.text);
	}

	return result_trace(registry_put(tx, key, place.name, &value));
}

static int dump_import_key(struct registry_tx *tx, json_t *object)
{
	const char *key;
	json_t *values;

	if (json_unpack(object, "{s:s, s:o !}", "key", &key, "values", &values) != 0 ||
	    !json_is_array(values)) {
		registry_error_set(&tx->registry->store.error,
				   "each key needs 'key' and a list 'values', and nothing else");

		return REGISTRY_E_INVALID;
	}

	size_t i;
	json_t *item;

	json_array_foreach(values, i, item)
	{
		int r = dump_import_value(tx, key, item);

		if (r != 0) {
			return result_trace(r);
		}
	}

	return 0;
}

/* The list of keys in @document, borrowed; NULL = it is no export of ours, the text is written. */
static json_t *dump_find_keys(json_t *document, struct registry_error *error)
{
	const char *format = "";
	int version = 0;
	json_t *keys;

	if (json_unpack(document, "{s:s, s:i, s:o !}", "format", &format, "version", &version,
			"keys", &keys) != 0 ||
	    strcmp(format, DUMP_FORMAT) != 0 || !json_is_array(keys)) {
		registry_error_set(error, "the text is no export of a registry: it needs format "
					  "\"" DUMP_FORMAT "\", version and keys");

		return NULL;
	}
	if (version != DUMP_VERSION) {
		registry_error_set(error, "the export has version %d; this program knows %d",
				   version, DUMP_VERSION);

		return NULL;
	}

	return keys;
}

int registry_import_json(struct registry_tx *tx, struct slice text)
{
	assert(tx != NULL && !tx->is_committed);

	struct registry_error *error = &tx->registry->store.error;
	json_error_t place;
	cleanup_(dump_decref) json_t *document = json_loadb(
		text.data != NULL ? text.data : "", text.len, JSON_REJECT_DUPLICATES, &place);

	if (document == NULL && json_error_code(&place) == json_error_out_of_memory) {
		return result_origin(-ENOMEM);
	}
	if (document == NULL) {
		registry_error_set(error, "line %d, column %d: %s", place.line, place.column,
				   place.text);

		return REGISTRY_E_INVALID;
	}

	json_t *keys = dump_find_keys(document, error);

	if (keys == NULL) {
		return REGISTRY_E_INVALID;
	}

	int r = registry_delete_key(tx, "");
	size_t i;
	json_t *item;

	json_array_foreach(keys, i, item)
	{
		if (r == 0) {
			r = dump_import_key(tx, item);
		}
	}

	return result_trace(r);
}
