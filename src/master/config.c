/* SPDX-License-Identifier: MIT */

/* From registry to memory; see config.h. */

#include "master/config.h"

#include <assert.h>
#include <errno.h>

#include "base/diag.h"
#include "base/result.h"
#include "master/text.h"
#include "urlspace/sddl.h"

#define CONFIG_LIST_NAME "ListenOnlyList"

/* A verdict of the registry becomes ours, except "not found", which is an empty value. */
static int config_fold(int r)
{
	if (r <= 0) {
		return result_trace(r);
	}

	return r == REGISTRY_E_NOT_FOUND ? 0 : CONFIG_E_REGISTRY;
}

static void config_tell_entry(struct events *events, struct slice text, const char *why)
{
	char entry[TEXT_BYTES];
	char sentence[TEXT_BYTES];

	if (events == NULL) {
		return;
	}
	text_setf(entry, sizeof(entry), "%.*s", SLICE_ARG(text));
	text_setf(sentence, sizeof(sentence), "entry \"%s\" of the IP listen list is skipped: %s",
		  entry, why);

	const struct event event = {
		.id = EVENT_ID_ENTRY_UNREADABLE,
		.level = DIAG_LEVEL_WARNING,
		.text = sentence,
		.entry = entry,
	};

	events_emit(events, &event);
}

/* Return: 0; -ENOMEM. */
static int config_add_entry(struct listenlist *list, struct slice text, struct events *events)
{
	struct listen_entry entry;
	struct listen_entry_error error;

	if (listen_entry_parse(text, &entry, &error) != 0) {
		list->n_unreadable++;
		config_tell_entry(events, text, error.message);
		return 0;
	}

	int r = listenlist_add(list, &entry);
	if (r == LISTENLIST_E_NONE || r == LISTENLIST_E_FULL) {
		list->n_unreadable++;
		config_tell_entry(events, text,
				  r == LISTENLIST_E_FULL ? "the list is full"
							 : "\"none\" stands alone");
	}

	/* An entry that is stored twice is there once. */
	return r < 0 ? result_trace(r) : 0;
}

int config_parse_list(const struct registry_value *stored, struct events *events,
		      struct listenlist *ret_list)
{
	assert(stored != NULL && ret_list != NULL);

	struct listenlist list = {0};
	struct slice text;
	size_t cursor = 0;

	while (registry_value_next(stored, &cursor, &text)) {
		int r = config_add_entry(&list, text, events);

		if (r < 0) {
			listenlist_fini(&list);
			return result_trace(r);
		}
	}
	if (events != NULL && list.n_entries == 0 && list.n_unreadable > 0) {
		const struct event event = {
			.id = EVENT_ID_NO_ENTRY_USABLE,
			.level = DIAG_LEVEL_ERROR,
			.text = "no entry of the IP listen list can be read: nothing is listened "
				"on. "
				"Repair: httpcfg query iplisten, then httpcfg delete iplisten -i "
				"ENTRY",
		};

		events_emit(events, &event);
	}
	*ret_list = list;

	return 0;
}

int config_read_list(struct config *config, struct registry *registry, struct events *events)
{
	assert(config != NULL && registry != NULL);

	struct registry_value stored = {0};
	struct listenlist list;
	int r = registry_get(registry, SCHEMA_KEY_PARAMETERS, CONFIG_LIST_NAME, &stored);

	/* Not stored is empty; another type than strings cannot come in past the schema. */
	if (r == REGISTRY_E_NOT_FOUND || (r == 0 && stored.type != REGISTRY_TYPE_MULTI_STRING)) {
		registry_value_fini(&stored);
		r = registry_value_init_strings(&stored, NULL, 0);
	}
	if (r != 0) {
		return config_fold(r);
	}
	r = config_parse_list(&stored, events, &list);
	if (r < 0) {
		registry_value_fini(&stored);
		return result_trace(r);
	}
	listenlist_fini(&config->list);
	registry_value_fini(&config->stored_list);
	config->list = list;
	config->stored_list = stored;

	return 0;
}

int config_put_list(struct registry_tx *tx, const struct slice *entries, size_t n)
{
	assert(tx != NULL && (n == 0 || entries != NULL));

	if (n == 0) {
		return registry_delete_value(tx, SCHEMA_KEY_PARAMETERS, CONFIG_LIST_NAME);
	}

	return registry_put_strings(tx, SCHEMA_KEY_PARAMETERS, CONFIG_LIST_NAME, entries, n);
}

static void config_tell_reservation(struct events *events, const char *prefix, const char *why)
{
	char sentence[TEXT_BYTES];

	text_setf(sentence, sizeof(sentence), "the stored reservation of %s is skipped: %s", prefix,
		  why);

	const struct event event = {
		.id = EVENT_ID_RESERVATION_UNREADABLE,
		.level = DIAG_LEVEL_WARNING,
		.text = sentence,
		.prefix = prefix,
	};

	events_emit(events, &event);
}

/* Return: 0; -ENOMEM. */
static int config_add_reservation(struct config *config, const struct registry_item *item,
				  struct events *events)
{
	struct prefix prefix;
	struct prefix_error prefix_error;
	struct acl acl;
	struct acl_error acl_error;
	int r = prefix_parse(slice_from_str(item->name), &prefix, &prefix_error);

	if (r == PREFIX_E_INVALID) {
		config_tell_reservation(events, item->name, prefix_rule_text(prefix_error.rule));
	}
	if (r != 0) {
		return r < 0 ? result_trace(r) : 0;
	}
	r = sddl_parse(registry_value_slice(&item->value), &acl, &acl_error);
	if (r == ACL_E_INVALID) {
		config_tell_reservation(events, item->name, acl_error.message);
	}
	if (r == 0) {
		r = reservation_set_insert(&config->reservations, &prefix, &acl, NULL);
		acl_fini(&acl);
		if (r == RESERVATION_E_SCHEME_CONFLICT || r == RESERVATION_E_EXISTS) {
			config_tell_reservation(events, item->name,
						"another reservation is in its way");
		}
	}
	prefix_fini(&prefix);

	return r < 0 ? result_trace(r) : 0;
}

static int config_read_reservations(struct config *config, struct registry *registry,
				    struct events *events)
{
	struct registry_list list = {0};
	int r = config_fold(registry_list_values(registry, SCHEMA_KEY_URL_ACL_INFO, &list));

	for (size_t i = 0; r == 0 && i < list.n_items; i++) {
		r = config_add_reservation(config, &list.items[i], events);
	}
	registry_list_fini(&list);

	return r;
}

static void config_on_warning(void *context, const struct schema_entry *entry, const char *text)
{
	(void)context;
	(void)entry;
	diag_warning("%s", text);
}

void config_read_parameter(struct config *config, struct registry *registry, enum schema_id id)
{
	assert(config != NULL && registry != NULL && id < SCHEMA_COUNT_);

	if (schema_entry(id)->type == REGISTRY_TYPE_DWORD) {
		config->parameters[id] = schema_dword(registry, id, config_on_warning, NULL);
	}
}

int config_init(struct config *config, struct registry *registry, struct events *events)
{
	assert(config != NULL && registry != NULL && events != NULL);

	*config = (struct config){0};
	reservation_set_init(&config->reservations, &config->schemes);
	for (int id = 0; id < SCHEMA_COUNT_; id++) {
		config_read_parameter(config, registry, (enum schema_id)id);
	}

	int r = config_read_list(config, registry, events);

	return r != 0 ? r : config_read_reservations(config, registry, events);
}

void config_fini(struct config *config)
{
	assert(config != NULL);

	listenlist_fini(&config->list);
	registry_value_fini(&config->stored_list);
	reservation_set_fini(&config->reservations);
	scheme_table_fini(&config->schemes);
}
