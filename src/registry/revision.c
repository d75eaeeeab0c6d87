/* SPDX-License-Identifier: MIT */

/*
 * Reading the history, and going back in it; see revision.h.  A change keeps old and new value, so
 * the state at revision N is: of each value changed after N, what the first such change found.
 */

#include "registry/revision.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "registry/commit.h"
#include "registry/registry_private.h"

void registry_changes_fini(struct registry_changes *changes)
{
	if (changes == NULL) {
		return;
	}

	for (size_t i = 0; i < changes->n_items; i++) {
		struct registry_change *change = &changes->items[i];

		mem_free(change->key);
		mem_free(change->name);
		registry_value_fini(&change->old_value);
		registry_value_fini(&change->new_value);
	}
	mem_free(changes->items);
	*changes = (struct registry_changes){0};
}

void registry_revisions_fini(struct registry_revisions *revisions)
{
	if (revisions == NULL) {
		return;
	}

	for (size_t i = 0; i < revisions->n_items; i++) {
		struct registry_revision *revision = &revisions->items[i];

		mem_free(revision->user);
		mem_free(revision->command);
		mem_free(revision->comment);
	}
	mem_free(revisions->items);
	*revisions = (struct registry_revisions){0};
}

/* A zeroed element behind the @n that @items has; room grows when the count is a power of two. */
static void *revision_grow(void **items, size_t n, size_t item_size)
{
	if ((n & (n - 1)) == 0) {
		void *grown = mem_resize(*items, (n > 0 ? n * 2 : 1) * item_size);

		if (grown == NULL) {
			return NULL;
		}
		*items = grown;
	}

	return memset((char *)*items + n * item_size, 0, item_size);
}

/* A text column as an owned string. */
static int revision_take_text(struct store *store, sqlite3_stmt *rows, int column, char **ret_text)
{
	const char *text;
	int r = store_column_text(store, rows, column, &text);

	if (r != 0) {
		return result_trace(r);
	}

	*ret_text = mem_dup(text, strlen(text));

	return *ret_text != NULL ? 0 : result_origin(-ENOMEM);
}

/* A value in two columns that may both be NULL. */
static int revision_take_value(struct store *store, sqlite3_stmt *rows, int column,
			       bool *ret_has_value, struct registry_value *ret_value)
{
	if (sqlite3_column_type(rows, column) == SQLITE_NULL) {
		*ret_has_value = false;

		return 0;
	}

	int r = store_column_value(store, rows, column, ret_value);

	*ret_has_value = r == 0;

	return result_trace(r);
}

static int revision_read_head(struct store *store, sqlite3_stmt *rows, void *context)
{
	struct registry_revisions *revisions = context;
	void *items = revisions->items;
	struct registry_revision *revision =
		revision_grow(&items, revisions->n_items, sizeof(*revision));

	revisions->items = items;
	if (revision == NULL) {
		return result_origin(-ENOMEM);
	}

	revisions->n_items++;
	revision->number = (uint64_t)sqlite3_column_int64(rows, 0);
	revision->time.ns = sqlite3_column_int64(rows, 1);
	revision->uid = (uid_t)sqlite3_column_int64(rows, 2);
	revision->n_changes = (uint64_t)sqlite3_column_int64(rows, 6);

	int r = revision_take_text(store, rows, 3, &revision->user);

	if (r == 0) {
		r = revision_take_text(store, rows, 4, &revision->command);
	}
	if (r == 0) {
		r = revision_take_text(store, rows, 5, &revision->comment);
	}

	return result_trace(r);
}

static int revision_read_change(struct store *store, sqlite3_stmt *rows, void *context)
{
	struct registry_changes *changes = context;
	void *items = changes->items;
	struct registry_change *change = revision_grow(&items, changes->n_items, sizeof(*change));

	changes->items = items;
	if (change == NULL) {
		return result_origin(-ENOMEM);
	}

	changes->n_items++;

	int r = revision_take_text(store, rows, 0, &change->key);

	if (r == 0) {
		r = revision_take_text(store, rows, 1, &change->name);
	}
	if (r == 0) {
		r = revision_take_value(store, rows, 2, &change->has_old, &change->old_value);
	}
	if (r == 0) {
		r = revision_take_value(store, rows, 4, &change->has_new, &change->new_value);
	}

	return result_trace(r);
}

typedef int (*revision_row_fn)(struct store *store, sqlite3_stmt *rows, void *context);

static int revision_for_each(struct store *store, enum store_statement id,
			     const struct store_arg *args, int n, revision_row_fn on_row,
			     void *context)
{
	cleanup_(store_end_p) sqlite3_stmt *rows = NULL;
	bool has_row = false;
	int r = store_query(store, id, args, n, &rows);

	if (r == 0) {
		r = store_next(store, rows, &has_row);
	}
	while (r == 0 && has_row) {
		r = on_row(store, rows, context);
		if (r == 0) {
			r = store_next(store, rows, &has_row);
		}
	}

	return result_trace(r);
}

int registry_history(struct registry *registry, uint64_t from, size_t max,
		     struct registry_revisions *ret_revisions)
{
	assert(registry != NULL && from <= INT64_MAX && ret_revisions != NULL);

	cleanup_(registry_revisions_fini) struct registry_revisions revisions = {0};
	const struct store_arg args[] = {
		store_arg_number((int64_t)from),
		store_arg_number(max < INT64_MAX ? (int64_t)max : INT64_MAX),
	};
	int r = revision_for_each(&registry->store, STORE_HISTORY, args, array_len(args),
				  revision_read_head, &revisions);

	if (r != 0) {
		return result_trace(r);
	}

	*ret_revisions = revisions;
	revisions = (struct registry_revisions){0};

	return 0;
}

/* NOT_FOUND, with the revisions that there are, unless @number is one of them. */
static int revision_expect(struct registry *registry, uint64_t number)
{
	struct store *store = &registry->store;
	const struct store_arg args[] = {store_arg_number((int64_t)number)};
	int64_t is_there = 0;
	int64_t oldest = 0;
	int64_t newest = 0;
	int r = store_number(store, STORE_REVISION_EXISTS, args, array_len(args), 0, &is_there);

	if (r != 0 || is_there != 0) {
		return result_trace(r);
	}

	r = store_number(store, STORE_REVISION_OLDEST, NULL, 0, 0, &oldest);
	if (r == 0) {
		r = store_number(store, STORE_REVISION_NEWEST, NULL, 0, 0, &newest);
	}
	if (r != 0) {
		return result_trace(r);
	}

	registry_error_set(&store->error,
			   "there is no revision %" PRIu64 "; the history has %" PRId64
			   " to %" PRId64,
			   number, oldest, newest);

	return REGISTRY_E_NOT_FOUND;
}

int registry_diff(struct registry *registry, uint64_t number, struct registry_changes *ret_changes)
{
	assert(registry != NULL && number <= INT64_MAX && ret_changes != NULL);

	int r = revision_expect(registry, number);

	if (r != 0) {
		return result_trace(r);
	}

	cleanup_(registry_changes_fini) struct registry_changes changes = {0};
	const struct store_arg args[] = {store_arg_number((int64_t)number)};

	r = revision_for_each(&registry->store, STORE_DIFF, args, array_len(args),
			      revision_read_change, &changes);
	if (r != 0) {
		return result_trace(r);
	}

	*ret_changes = changes;
	changes = (struct registry_changes){0};

	return 0;
}

static int revision_append_delete(struct store *store, sqlite3_stmt *rows, void *context)
{
	const char *key;
	const char *name;
	int r = store_column_text(store, rows, 0, &key);

	if (r == 0) {
		r = store_column_text(store, rows, 1, &name);
	}
	if (r == 0) {
		r = registry_tx_append(context, REGISTRY_OP_DELETE_VALUE, key, name, NULL);
	}

	return result_trace(r);
}

static int revision_append_put(struct store *store, sqlite3_stmt *rows, void *context)
{
	cleanup_(registry_value_fini) struct registry_value value = {0};
	bool has_value = false;
	const char *key;
	const char *name;
	int r = store_column_text(store, rows, 0, &key);

	if (r == 0) {
		r = store_column_text(store, rows, 1, &name);
	}
	if (r == 0) {
		r = revision_take_value(store, rows, 2, &has_value, &value);
	}
	if (r == 0 && has_value) {
		r = registry_tx_append(context, REGISTRY_OP_PUT, key, name, &value);
	}

	return result_trace(r);
}

/*
 * The steps back to @number.  First all values that changed since go, with the keys that this
 * leaves empty; then those that were there come back.  Put alone would keep today's spelling.
 */
static int revision_fill(struct registry_tx *tx, uint64_t number)
{
	struct store *store = &tx->registry->store;
	const struct store_arg args[] = {store_arg_number((int64_t)number)};
	int r = revision_expect(tx->registry, number);

	if (r == 0) {
		r = revision_for_each(store, STORE_ROLLBACK_TARGETS, args, array_len(args),
				      revision_append_delete, tx);
	}
	if (r == 0) {
		r = registry_tx_append(tx, REGISTRY_OP_FORGET_KEYS, NULL, NULL, NULL);
	}
	if (r == 0) {
		r = revision_for_each(store, STORE_ROLLBACK_TARGETS, args, array_len(args),
				      revision_append_put, tx);
	}

	return result_trace(r);
}

int registry_rollback(struct registry *registry, uint64_t number, uint64_t expected_revision,
		      const struct registry_author *author, uint64_t *ret_revision)
{
	assert(registry != NULL && number <= INT64_MAX && author != NULL);

	cleanup_(registry_tx_free_p) struct registry_tx *tx = NULL;
	int r = registry_begin(registry, expected_revision, &tx);

	if (r < 0) {
		return result_trace(r);
	}

	return result_trace(commit_run(tx, author, revision_fill, number, ret_revision));
}
