/* SPDX-License-Identifier: MIT */

/* Dump and restore of the configuration; see backup.h. */

#include "master/backup.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/config.h"
#include "master/text.h"
#include "registry/schema.h"
#include "urlspace/nss.h"
#include "urlspace/sddl.h"

#define BACKUP_FORMAT 1

/* One reading: where it goes and what is said about it. */
struct backup_reading {
	struct registry_tx *tx;
	struct backup_list *list;
	char *error; /* BACKUP_ERROR_BYTES */
};

/* ---- out ---- */

static void backup_write_list(struct registry *registry, struct json_writer *writer, int *r)
{
	struct registry_value value = {0};
	struct slice entry;
	size_t cursor = 0;

	*r = registry_get(registry, SCHEMA_KEY_PARAMETERS,
			  schema_entry(SCHEMA_LISTEN_ONLY_LIST)->name, &value);
	if (*r == REGISTRY_E_NOT_FOUND) {
		*r = 0;
	}
	json_key(writer, "listen_list");
	json_begin_array(writer);
	while (*r == 0 && registry_value_next(&value, &cursor, &entry)) {
		json_str(writer, entry);
	}
	json_end_array(writer);
	registry_value_fini(&value);
}

static void backup_write_reservations(struct registry *registry, struct json_writer *writer, int *r)
{
	struct registry_list list = {0};

	*r = registry_list_values(registry, SCHEMA_KEY_URL_ACL_INFO, &list);
	json_key(writer, "reservations");
	json_begin_array(writer);
	for (size_t i = 0; *r == 0 && i < list.n_items; i++) {
		json_begin_object(writer);
		json_key(writer, "prefix");
		json_str(writer, slice_from_str(list.items[i].name));
		json_key(writer, "sddl");
		json_str(writer, registry_value_slice(&list.items[i].value));
		json_end_object(writer);
	}
	json_end_array(writer);
	registry_list_fini(&list);
}

static void backup_write_parameters(struct registry *registry, struct json_writer *writer, int *r)
{
	json_key(writer, "parameters");
	json_begin_array(writer);
	for (int id = 0; *r == 0 && id < SCHEMA_COUNT_; id++) {
		const struct schema_entry *entry = schema_entry((enum schema_id)id);
		struct registry_value value = {0};

		if (entry->type != REGISTRY_TYPE_DWORD) {
			continue;
		}
		*r = registry_get(registry, entry->key, entry->name, &value);
		if (*r == 0 && value.type == REGISTRY_TYPE_DWORD) {
			json_begin_object(writer);
			json_key(writer, "name");
			json_str(writer, slice_from_str(entry->name));
			json_key(writer, "value");
			json_u64(writer, value.dword);
			json_end_object(writer);
		}
		*r = *r == REGISTRY_E_NOT_FOUND ? 0 : *r;
		registry_value_fini(&value);
	}
	json_end_array(writer);
}

int backup_write(struct registry *registry, struct json_writer *writer)
{
	assert(registry != NULL && writer != NULL);

	int r;

	json_key(writer, "format");
	json_u64(writer, BACKUP_FORMAT);
	backup_write_list(registry, writer, &r);
	if (r == 0) {
		backup_write_reservations(registry, writer, &r);
	}
	if (r == 0) {
		backup_write_parameters(registry, writer, &r);
	}

	return r > 0 ? BACKUP_E_REGISTRY : result_trace(r);
}

/* ---- in ---- */

static int backup_invalid(struct backup_reading *reading, const char *where, size_t index,
			  const char *why)
{
	text_setf(reading->error, BACKUP_ERROR_BYTES, "%s[%zu]: %s", where, index, why);

	return BACKUP_E_INVALID;
}

static int backup_fold(int r)
{
	return r > 0 ? BACKUP_E_REGISTRY : result_trace(r);
}

/* One entry of the listen list; it is put into the registry as it is written. */
static int backup_read_entry(struct backup_reading *reading, size_t index, const json_t *item)
{
	const char *text = json_string_value(item);
	struct listen_entry entry;
	struct listen_entry_error error;

	if (text == NULL) {
		return backup_invalid(reading, "listen_list", index, "not a string");
	}
	if (listen_entry_parse(slice_from_str(text), &entry, &error) != 0) {
		return backup_invalid(reading, "listen_list", index, error.message);
	}

	char *copy = mem_dup(text, json_string_length(item));

	if (copy == NULL) {
		return result_origin(-ENOMEM);
	}
	reading->list->entries[reading->list->n_entries] = copy;
	reading->list->n_entries++;

	return 0;
}

static int backup_put_list(struct backup_reading *reading)
{
	size_t n = reading->list->n_entries;
	struct slice *slices cleanup_(mem_free_p) = mem_new_array(n + 1, sizeof(*slices));

	if (slices == NULL) {
		return result_origin(-ENOMEM);
	}
	for (size_t i = 0; i < n; i++) {
		slices[i] = slice_from_str(reading->list->entries[i]);
	}

	return backup_fold(config_put_list(reading->tx, slices, n));
}

static int backup_put_reservation(struct backup_reading *reading, const struct prefix *prefix,
				  const struct acl *acl)
{
	struct buf sddl cleanup_(buf_fini) = {.len_max = 0};
	int r = sddl_format(acl, &sddl);

	if (r < 0) {
		return result_trace(r);
	}

	return backup_fold(registry_put_string(reading->tx, SCHEMA_KEY_URL_ACL_INFO, prefix->text,
					       buf_slice(&sddl)));
}

static int backup_read_reservation(struct backup_reading *reading, size_t index, const json_t *item)
{
	const char *prefix_text = json_string_value(json_object_get(item, "prefix"));
	const char *sddl = json_string_value(json_object_get(item, "sddl"));
	struct prefix prefix;
	struct prefix_error prefix_error;
	struct acl acl;
	struct acl_error acl_error;

	if (prefix_text == NULL || sddl == NULL) {
		return backup_invalid(reading, "reservations", index,
				      "\"prefix\" and \"sddl\" are needed");
	}

	int r = prefix_parse(slice_from_str(prefix_text), &prefix, &prefix_error);
	if (r == PREFIX_E_INVALID) {
		return backup_invalid(reading, "reservations", index,
				      prefix_rule_text(prefix_error.rule));
	}
	if (r < 0) {
		return result_trace(r);
	}
	r = acl_parse(slice_from_str(sddl), nss_names(), &acl, &acl_error);
	if (r == 0) {
		r = backup_put_reservation(reading, &prefix, &acl);
		acl_fini(&acl);
	} else if (r == ACL_E_INVALID) {
		r = backup_invalid(reading, "reservations", index, acl_error.message);
	}
	prefix_fini(&prefix);

	return r < 0 ? result_trace(r) : r;
}

static int backup_read_parameter(struct backup_reading *reading, size_t index, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	const json_t *number = json_object_get(item, "value");
	const struct schema_entry *entry =
		name != NULL ? schema_find(SCHEMA_KEY_PARAMETERS, name) : NULL;
	struct registry_value value;
	struct registry_error error;

	if (entry == NULL || entry->type != REGISTRY_TYPE_DWORD) {
		return backup_invalid(reading, "parameters", index, "no such numeric parameter");
	}
	if (!json_is_integer(number) || json_integer_value(number) < 0 ||
	    json_integer_value(number) > UINT32_MAX) {
		return backup_invalid(reading, "parameters", index, "the value is no number");
	}
	registry_value_init_dword(&value, (uint32_t)json_integer_value(number));
	if (schema_check(entry, &value, &error) != 0) {
		return backup_invalid(reading, "parameters", index, error.text);
	}

	return backup_fold(registry_put_dword(reading->tx, entry->key, entry->name, value.dword));
}

typedef int (*backup_read_fn)(struct backup_reading *reading, size_t index, const json_t *item);

static int backup_read_array(struct backup_reading *reading, const json_t *document,
			     const char *name, backup_read_fn on_item)
{
	const json_t *array = json_object_get(document, name);

	if (!json_is_array(array)) {
		text_setf(reading->error, BACKUP_ERROR_BYTES, "\"%s\" must be an array", name);
		return BACKUP_E_INVALID;
	}
	for (size_t i = 0; i < json_array_size(array); i++) {
		int r = on_item(reading, i, json_array_get(array, i));

		if (r != 0) {
			return r < 0 ? result_trace(r) : r;
		}
	}

	return 0;
}

/* Away with what the document replaces. */
static int backup_clear(struct registry_tx *tx)
{
	int r = registry_delete_key(tx, SCHEMA_KEY_URL_ACL_INFO);

	for (int id = 0; r == 0 && id < SCHEMA_COUNT_; id++) {
		const struct schema_entry *entry = schema_entry((enum schema_id)id);

		if (entry->type == REGISTRY_TYPE_DWORD) {
			r = registry_delete_value(tx, entry->key, entry->name);
		}
	}

	return backup_fold(r);
}

static int backup_read_document(struct backup_reading *reading, const json_t *document)
{
	const json_t *list = json_object_get(document, "listen_list");
	int r;

	if (json_integer_value(json_object_get(document, "format")) != BACKUP_FORMAT) {
		text_setf(reading->error, BACKUP_ERROR_BYTES, "\"format\" must be %d",
			  BACKUP_FORMAT);
		return BACKUP_E_INVALID;
	}
	reading->list->entries =
		mem_new_array(json_array_size(list) + 1, sizeof(*reading->list->entries));
	if (reading->list->entries == NULL) {
		return result_origin(-ENOMEM);
	}
	r = backup_clear(reading->tx);
	if (r == 0) {
		r = backup_read_array(reading, document, "listen_list", backup_read_entry);
	}
	if (r == 0) {
		r = backup_put_list(reading);
	}
	if (r == 0) {
		r = backup_read_array(reading, document, "reservations", backup_read_reservation);
	}
	if (r == 0) {
		r = backup_read_array(reading, document, "parameters", backup_read_parameter);
	}

	return r < 0 ? result_trace(r) : r;
}

int backup_read(struct registry_tx *tx, struct slice text, struct backup_list *ret_list,
		char ret_error[BACKUP_ERROR_BYTES])
{
	assert(tx != NULL && ret_list != NULL && ret_error != NULL);

	struct backup_reading reading = {.tx = tx, .list = ret_list, .error = ret_error};
	json_error_t json_error;
	json_t *document = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &json_error);

	*ret_list = (struct backup_list){0};
	if (document == NULL) {
		text_setf(ret_error, BACKUP_ERROR_BYTES, "line %d, column %d: %s", json_error.line,
			  json_error.column, json_error.text);
		return BACKUP_E_INVALID;
	}

	int r = backup_read_document(&reading, document);

	json_decref(document);

	return r < 0 ? result_trace(r) : r;
}

void backup_list_fini(struct backup_list *list)
{
	assert(list != NULL);

	for (size_t i = 0; i < list->n_entries; i++) {
		mem_free(list->entries[i]);
	}
	mem_free(list->entries);
	*list = (struct backup_list){0};
}
