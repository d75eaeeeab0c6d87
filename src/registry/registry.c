/* SPDX-License-Identifier: MIT */

/*
 * Opening, reading, watching, and the checks and texts that all of the registry shares; see
 * registry.h.  Transactions are in registry_tx.c, what happens at a commit in commit.c.
 */

#include "registry/registry.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "registry/registry_private.h"

void registry_error_set(struct registry_error *error, const char *format, ...)
{
	assert(format != NULL);

	if (error == NULL) {
		return;
	}

	va_list args;

	va_start(args, format);

	int n = vsnprintf(error->text, sizeof(error->text), format, args);

	va_end(args);

	if (n >= (int)sizeof(error->text)) {
		size_t end = sizeof(error->text) - sizeof("...");

		/* Do not cut within a character. */
		while (end > 0 && ((unsigned char)error->text[end] & 0xc0) == 0x80) {
			end--;
		}
		memcpy(error->text + end, "...", sizeof("..."));
	}
	for (char *p = error->text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			*p = '?';
		}
	}
}

static bool registry_is_component(struct slice component)
{
	for (size_t i = 0; i < component.len; i++) {
		unsigned char c = (unsigned char)component.data[i];

		if (c < 0x20 || c == 0x7f) {
			return false;
		}
	}

	return component.len > 0 && registry_text_is_valid(component);
}

int registry_check_key(const char *key, bool is_root_allowed, struct registry_error *error)
{
	assert(key != NULL);

	struct slice rest = slice_from_str(key);

	if (rest.len == 0 && is_root_allowed) {
		return 0;
	}
	if (rest.len > REGISTRY_KEY_BYTES_MAX) {
		registry_error_set(error, "the key '%s' is longer than %d bytes", key,
				   REGISTRY_KEY_BYTES_MAX);

		return REGISTRY_E_INVALID;
	}

	bool is_last = false;

	while (!is_last) {
		struct slice component = slice_cut(&rest, '/');

		is_last = rest.data == NULL;
		if (!registry_is_component(component)) {
			registry_error_set(error,
					   "'%s' is no key: write names separated by single '/', "
					   "such as HTTP/Parameters",
					   key);

			return REGISTRY_E_INVALID;
		}
	}

	return 0;
}

int registry_check_name(const char *name, struct registry_error *error)
{
	assert(name != NULL);

	struct slice s = slice_from_str(name);

	if (s.len == 0 || s.len > REGISTRY_NAME_BYTES_MAX || !registry_text_is_valid(s)) {
		registry_error_set(error,
				   "'%s' is no name of a value: it takes 1 to %d bytes of UTF-8",
				   name, REGISTRY_NAME_BYTES_MAX);

		return REGISTRY_E_INVALID;
	}

	return 0;
}

int registry_open(const char *path, unsigned flags, struct registry **ret_registry,
		  struct registry_error *ret_error)
{
	assert(path != NULL && ret_registry != NULL);
	assert((flags & ~(unsigned)(REGISTRY_OPEN_CREATE | REGISTRY_OPEN_READ_ONLY)) == 0);
	assert(flags != (REGISTRY_OPEN_CREATE | REGISTRY_OPEN_READ_ONLY));

	struct registry *registry = mem_new(sizeof(*registry));

	if (registry == NULL) {
		registry_error_set(ret_error, "%s: cannot open the registry: out of memory", path);

		return result_origin(-ENOMEM);
	}

	list_init(&registry->watches);

	int r = store_open(&registry->store, path, flags);

	if (r != 0) {
		if (r == -ENOMEM) {
			registry_error_set(&registry->store.error,
					   "%s: cannot open the registry: out of memory", path);
		}
		registry_error_set(ret_error, "%s", registry->store.error.text);
		registry_close(registry);

		return result_trace(r);
	}

	*ret_registry = registry;

	return 0;
}

struct registry *registry_close(struct registry *registry)
{
	if (registry != NULL) {
		assert(registry->n_txs == 0);
		store_close(&registry->store);
		mem_free(registry);
	}

	return NULL;
}

const char *registry_error(const struct registry *registry)
{
	assert(registry != NULL);

	return registry->store.error.text;
}

void registry_set_busy_timeout(struct registry *registry, unsigned timeout_ms)
{
	assert(registry != NULL && timeout_ms <= INT32_MAX);

	(void)sqlite3_busy_timeout(registry->store.db, (int)timeout_ms); /* fails only on misuse */
}

int registry_revision(struct registry *registry, uint64_t *ret_revision)
{
	assert(registry != NULL && ret_revision != NULL);

	int64_t number;
	int r = store_number(&registry->store, STORE_REVISION_NEWEST, NULL, 0, 0, &number);

	if (r != 0) {
		return result_trace(r);
	}
	if (number < 1) {
		return store_fail_corrupt(&registry->store, "it has no revision");
	}

	*ret_revision = (uint64_t)number;

	return 0;
}

int registry_get(struct registry *registry, const char *key, const char *name,
		 struct registry_value *ret_value)
{
	assert(registry != NULL && key != NULL && name != NULL && ret_value != NULL);

	struct store *store = &registry->store;
	int r = registry_check_key(key, false, &store->error);

	if (r == 0) {
		r = registry_check_name(name, &store->error);
	}
	if (r != 0) {
		return r;
	}

	cleanup_(store_end_p) sqlite3_stmt *rows = NULL;
	const struct store_arg args[] = {store_arg_text(key), store_arg_text(name)};
	bool has_row = false;

	r = store_query(store, STORE_GET, args, array_len(args), &rows);
	if (r == 0) {
		r = store_next(store, rows, &has_row);
	}
	if (r != 0) {
		return result_trace(r);
	}
	if (!has_row) {
		registry_error_set(&store->error, "%s has no value '%s'", key, name);

		return REGISTRY_E_NOT_FOUND;
	}

	return result_trace(store_column_value(store, rows, 0, ret_value));
}

void registry_list_fini(struct registry_list *list)
{
	if (list == NULL) {
		return;
	}

	for (size_t i = 0; i < list->n_items; i++) {
		mem_free(list->items[i].name);
		registry_value_fini(&list->items[i].value);
	}
	mem_free(list->items);
	*list = (struct registry_list){0};
}

/* Append the row's name (column 0) and, for values, its value (columns 1 and 2). */
static int registry_list_append(struct store *store, sqlite3_stmt *rows, bool has_values,
				struct registry_list *list)
{
	const char *name;
	int r = store_column_text(store, rows, 0, &name);

	if (r != 0) {
		return result_trace(r);
	}

	/* Room grows when the count is a power of two. */
	if ((list->n_items & (list->n_items - 1)) == 0) {
		size_t capacity = list->n_items > 0 ? list->n_items * 2 : 1;
		void *items = mem_resize(list->items, capacity * sizeof(list->items[0]));

		if (items == NULL) {
			return result_origin(-ENOMEM);
		}
		list->items = items;
	}

	struct registry_item *item = &list->items[list->n_items];

	*item = (struct registry_item){.name = mem_dup(name, strlen(name))};
	list->n_items++;
	if (item->name == NULL) {
		return result_origin(-ENOMEM);
	}

	return has_values ? store_column_value(store, rows, 1, &item->value) : 0;
}

static int registry_list(struct registry *registry, const char *key, bool has_values,
			 struct registry_list *ret_list)
{
	assert(registry != NULL && key != NULL && ret_list != NULL);

	struct store *store = &registry->store;
	int r = registry_check_key(key, true, &store->error);

	if (r != 0) {
		return r;
	}

	cleanup_(store_end_p) sqlite3_stmt *rows = NULL;
	cleanup_(registry_list_fini) struct registry_list list = {0};
	const struct store_arg args[] = {store_arg_text(key)};
	bool has_row = false;

	r = store_query(store, has_values ? STORE_LIST_VALUES : STORE_LIST_KEYS, args,
			array_len(args), &rows);
	if (r == 0) {
		r = store_next(store, rows, &has_row);
	}
	while (r == 0 && has_row) {
		r = registry_list_append(store, rows, has_values, &list);
		if (r == 0) {
			r = store_next(store, rows, &has_row);
		}
	}
	if (r != 0) {
		return result_trace(r);
	}

	*ret_list = list;
	list = (struct registry_list){0};

	return 0;
}

int registry_list_keys(struct registry *registry, const char *key, struct registry_list *ret_list)
{
	return result_trace(registry_list(registry, key, false, ret_list));
}

int registry_list_values(struct registry *registry, const char *key, struct registry_list *ret_list)
{
	return result_trace(registry_list(registry, key, true, ret_list));
}

/* Hand the current row of a walk to its caller. */
static int registry_walk_row(struct store *store, sqlite3_stmt *rows, registry_walk_fn on_value,
			     void *context)
{
	cleanup_(registry_value_fini) struct registry_value value = {0};
	const char *key;
	const char *name;
	int r = store_column_text(store, rows, 0, &key);

	if (r == 0) {
		r = store_column_text(store, rows, 1, &name);
	}
	if (r == 0) {
		r = store_column_value(store, rows, 2, &value);
	}
	if (r == 0) {
		r = on_value(context, key, name, &value);
	}

	return result_trace(r);
}

int registry_walk(struct registry *registry, const char *key, registry_walk_fn on_value,
		  void *context)
{
	assert(registry != NULL && key != NULL && on_value != NULL);

	struct store *store = &registry->store;
	int r = registry_check_key(key, true, &store->error);

	if (r != 0) {
		return r;
	}

	cleanup_(store_end_p) sqlite3_stmt *rows = NULL;
	const struct store_arg args[] = {store_arg_text(key)};
	bool has_row = false;

	r = store_query(store, STORE_WALK, args, array_len(args), &rows);
	if (r == 0) {
		r = store_next(store, rows, &has_row);
	}
	while (r == 0 && has_row) {
		r = registry_walk_row(store, rows, on_value, context);
		if (r == 0) {
			r = store_next(store, rows, &has_row);
		}
	}

	return result_trace(r);
}

void registry_watch_add(struct registry *registry, struct registry_watch *watch)
{
	assert(registry != NULL && watch != NULL && watch->on_commit != NULL);

	list_append(&registry->watches, &watch->link);
}

void registry_watch_remove(struct registry_watch *watch)
{
	assert(watch != NULL);

	if (watch->link.next != NULL) {
		list_remove(&watch->link);
	}
}
