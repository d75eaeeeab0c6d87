/* SPDX-License-Identifier: MIT */

/* The table of parameters; see schema.h and schema.def. */

#include "registry/schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>

#include "registry/registry_private.h"

static const struct schema_entry schema_entries[SCHEMA_COUNT_] = {
#define SCHEMA_PARAMETER(id_, key_, name_, type_, initial_, min_, max_, unit_, effect_, doc_) \
	[SCHEMA_##id_] = {                                                                    \
		.id = SCHEMA_##id_,                                                           \
		.key = (key_),                                                                \
		.name = (name_),                                                              \
		.type = REGISTRY_TYPE_##type_,                                                \
		.initial = (initial_),                                                        \
		.min = (min_),                                                                \
		.max = (max_),                                                                \
		.unit = (unit_),                                                              \
		.effect = SCHEMA_EFFECT_##effect_,                                            \
		.doc = (doc_),                                                                \
	},
#include "registry/schema.def"
#undef SCHEMA_PARAMETER
};

/* tools/gen-schema-doc has the same words. */
static const char *const schema_effect_texts[SCHEMA_EFFECT_COUNT_] = {
	[SCHEMA_EFFECT_LIVE] = "at once",
	[SCHEMA_EFFECT_NEW] = "for endpoints, queues and receivers made afterwards",
	[SCHEMA_EFFECT_RESTART] = "at the engine's next start",
};

/* What the limits of a type count, for texts: "MULTI_STRING has 5 entries". */
static uint64_t schema_measure(const struct registry_value *value)
{
	switch (value->type) {
	case REGISTRY_TYPE_DWORD:
		return value->dword;
	case REGISTRY_TYPE_MULTI_STRING:
		return value->n_strings;
	default:
		return value->len;
	}
}

const struct schema_entry *schema_entry(enum schema_id id)
{
	assert((unsigned)id < SCHEMA_COUNT_);

	return &schema_entries[id];
}

const struct schema_entry *schema_find(const char *key, const char *name)
{
	assert(key != NULL && name != NULL);

	for (size_t i = 0; i < SCHEMA_COUNT_; i++) {
		const struct schema_entry *entry = &schema_entries[i];

		if (!slice_is_equal_nocase(slice_from_str(entry->key), slice_from_str(key))) {
			continue;
		}
		if (slice_is_equal(slice_from_str(entry->name), SLICE("*")) ||
		    slice_is_equal_nocase(slice_from_str(entry->name), slice_from_str(name))) {
			return entry;
		}
	}

	return NULL;
}

int schema_check(const struct schema_entry *entry, const struct registry_value *value,
		 struct registry_error *ret_error)
{
	assert(entry != NULL && value != NULL);

	if (value->type != entry->type) {
		registry_error_set(ret_error, "%s takes a %s, not a %s", entry->name,
				   registry_type_name(entry->type),
				   registry_type_name(value->type));

		return SCHEMA_E_TYPE;
	}

	uint64_t measure = schema_measure(value);

	if (measure < entry->min || measure > entry->max) {
		registry_error_set(
			ret_error,
			"%s is %" PRIu64 "%s%s, out of its range %" PRIu32 " to %" PRIu32 "%s%s",
			entry->name, measure, entry->unit[0] != '\0' ? " " : "", entry->unit,
			entry->min, entry->max, entry->unit[0] != '\0' ? " " : "", entry->unit);

		return SCHEMA_E_RANGE;
	}

	return 0;
}

uint32_t schema_dword(struct registry *registry, enum schema_id id, schema_on_warning_fn on_warning,
		      void *context)
{
	const struct schema_entry *entry = schema_entry(id);

	assert(registry != NULL && entry->type == REGISTRY_TYPE_DWORD);

	cleanup_(registry_value_fini) struct registry_value value = {0};
	struct registry_error error = {.text = ""};
	int r = registry_get(registry, entry->key, entry->name, &value);

	if (r == REGISTRY_E_NOT_FOUND) {
		return entry->initial;
	}
	if (r != 0) {
		registry_error_set(&error, "%s", registry_error(registry));
	} else if (schema_check(entry, &value, &error) == 0) {
		return value.dword;
	}

	if (on_warning != NULL) {
		struct registry_error text;

		registry_error_set(&text, "%s: using the default %" PRIu32 "%s%s", error.text,
				   entry->initial, entry->unit[0] != '\0' ? " " : "", entry->unit);
		on_warning(context, entry, text.text);
	}

	return entry->initial;
}

const char *schema_effect_text(enum schema_effect effect)
{
	assert((unsigned)effect < SCHEMA_EFFECT_COUNT_);

	return schema_effect_texts[effect];
}
