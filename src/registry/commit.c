/* SPDX-License-Identifier: MIT */

/*
 * Commits; see commit.h.
 *
 *   BEGIN IMMEDIATE      the write lock: from here on nobody else commits
 *   compare the revision
 *   apply the steps      each notes in "touched" what it reaches, as it was before
 *   write the revision   the difference between "touched" and the tree is its list of changes
 *   COMMIT               or ROLLBACK, when anything failed or nothing differs
 *   call the watchers
 */

#include "registry/commit.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/result.h"
#include "registry/registry.h"
#include "registry/registry_private.h"
#include "registry/revision.h"
#include "registry/schema.h"

/* One revision in the making. */
struct commit {
	struct registry_tx *tx;
	const struct registry_author *author;
	uint64_t revision;               /* before: the current one; then the new one */
	bool is_changed;                 /* a revision was written */
	struct registry_changes changes; /* owned; read only when somebody watches */
};

static int commit_forget_keys(struct store *store, const struct registry_op *op)
{
	/* A key that goes may leave the one above it empty. */
	do {
		int r = store_run(store, STORE_NODE_FORGET_EMPTY, NULL, 0);

		if (r != 0) {
			return result_trace(r);
		}
	} while (sqlite3_changes(store->db) > 0);

	return 0;
}

/* Note what is stored under @key and @name before it is changed for the first time. */
static int commit_touch(struct store *store, const char *key, const char *name)
{
	const struct store_arg args[] = {store_arg_text(key), store_arg_text(name)};
	int r = store_run(store, STORE_TOUCH, args, array_len(args));

	if (r == 0) {
		r = store_run(store, STORE_TOUCH_ABSENT, args, array_len(args));
	}

	return result_trace(r);
}

/* The number of @path's node, 0 when it has none. */
static int commit_find_node(struct store *store, const char *path, int64_t *ret_node)
{
	const struct store_arg args[] = {store_arg_text(path)};

	return result_trace(
		store_number(store, STORE_NODE_FIND, args, array_len(args), 0, ret_node));
}

/* Make the nodes of @key that are not there; those that are keep their spelling. */
static int commit_add_nodes(struct store *store, const char *key)
{
	char parent[REGISTRY_KEY_BYTES_MAX + 1];
	char component[REGISTRY_KEY_BYTES_MAX + 1];
	struct slice rest = slice_from_str(key);

	assert(rest.len <= REGISTRY_KEY_BYTES_MAX);

	while (rest.data != NULL) {
		size_t parent_len = (size_t)(rest.data - key);
		struct slice part = slice_cut(&rest, '/');

		/* Without the '/' behind it; the root has none. */
		parent_len -= parent_len > 0 ? 1 : 0;
		memcpy(parent, key, parent_len);
		parent[parent_len] = '\0';
		memcpy(component, part.data, part.len);
		component[part.len] = '\0';

		const struct store_arg args[] = {store_arg_text(parent), store_arg_text(component)};
		int r = store_run(store, STORE_NODE_ADD, args, array_len(args));

		if (r != 0) {
			return result_trace(r);
		}
	}

	return 0;
}

static int commit_put(struct store *store, const struct registry_op *op)
{
	int64_t node = 0;
	int r = commit_touch(store, op->key, op->name);

	if (r == 0) {
		r = commit_find_node(store, op->key, &node);
	}
	if (r == 0 && node == 0) {
		r = commit_add_nodes(store, op->key);
		if (r == 0) {
			r = commit_find_node(store, op->key, &node);
		}
	}
	if (r != 0) {
		return result_trace(r);
	}

	const struct store_arg args[] = {
		store_arg_number(node),
		store_arg_text(op->name),
		store_arg_number(op->value.type),
		store_arg_value(&op->value),
	};

	return result_trace(store_run(store, STORE_VALUE_PUT, args, array_len(args)));
}

static int commit_delete_value(struct store *store, const struct registry_op *op)
{
	const struct store_arg args[] = {store_arg_text(op->key), store_arg_text(op->name)};
	int r = commit_touch(store, op->key, op->name);

	if (r == 0) {
		r = store_run(store, STORE_VALUE_DELETE, args, array_len(args));
	}

	return result_trace(r);
}

static int commit_delete_key(struct store *store, const struct registry_op *op)
{
	static const enum store_statement statements[] = {
		STORE_TOUCH_TREE,
		STORE_VALUE_DELETE_TREE,
		STORE_NODE_DELETE_TREE,
	};
	const struct store_arg args[] = {store_arg_text(op->key)};

	for (size_t i = 0; i < array_len(statements); i++) {
		int r = store_run(store, statements[i], args, array_len(args));

		if (r != 0) {
			return result_trace(r);
		}
	}

	return 0;
}

static int (*const commit_steps[REGISTRY_OP_COUNT_])(struct store *store,
						     const struct registry_op *op) = {
	[REGISTRY_OP_PUT] = commit_put,
	[REGISTRY_OP_DELETE_VALUE] = commit_delete_value,
	[REGISTRY_OP_DELETE_KEY] = commit_delete_key,
	[REGISTRY_OP_FORGET_KEYS] = commit_forget_keys,
};

static int commit_apply(struct commit *commit)
{
	struct store *store = &commit->tx->registry->store;
	bool has_deleted = false;

	for (size_t i = 0; i < commit->tx->n_ops; i++) {
		const struct registry_op *op = &commit->tx->ops[i];
		int r = commit_steps[op->kind](store, op);

		if (r != 0) {
			return result_trace(r);
		}
		has_deleted = has_deleted || op->kind != REGISTRY_OP_PUT;
	}

	return has_deleted ? result_trace(commit_forget_keys(store, NULL)) : 0;
}

/* Is the newest revision the one that the caller's decision rests on? */
static int commit_compare(struct commit *commit)
{
	struct registry *registry = commit->tx->registry;
	uint64_t expected = commit->tx->expected_revision;
	int r = registry_revision(registry, &commit->revision);

	if (r != 0) {
		return result_trace(r);
	}
	if (expected != REGISTRY_REVISION_ANY && expected != commit->revision) {
		registry_error_set(&registry->store.error,
				   "the registry is at revision %" PRIu64 ", not %" PRIu64
				   " any more; nothing was changed: look again, then try again",
				   commit->revision, expected);

		return REGISTRY_E_CONFLICT;
	}

	return 0;
}

static struct store_arg commit_text(const char *text)
{
	return store_arg_text(text != NULL ? text : "");
}

/* Write the revision and its changes; *@ret_n_changes 0: nothing differs. */
static int commit_write(struct commit *commit, int64_t *ret_n_changes)
{
	struct store *store = &commit->tx->registry->store;
	const struct registry_author *author = commit->author;
	const struct store_arg number[] = {store_arg_number((int64_t)commit->revision)};
	const struct store_arg head[] = {
		number[0],
		store_arg_number(author->time.ns),
		store_arg_number(author->uid),
		commit_text(author->user),
		commit_text(author->command),
		commit_text(author->comment),
	};
	int r = store_run(store, STORE_REVISION_ADD, head, array_len(head));

	if (r == 0) {
		r = store_run(store, STORE_CHANGE_ADD_OLD, number, array_len(number));
	}
	if (r == 0) {
		r = store_run(store, STORE_CHANGE_ADD_NEW, number, array_len(number));
	}
	if (r == 0) {
		r = store_number(store, STORE_CHANGE_COUNT, number, array_len(number), 0,
				 ret_n_changes);
	}
	if (r == 0) {
		r = store_run(store, STORE_TOUCH_CLEAR, NULL, 0);
	}

	return result_trace(r);
}

/*
 * How many revisions the history may hold.  Not by schema_dword(): out of memory, SQLite ends the
 * whole transaction, and whoever goes on would write outside of it.
 */
static int commit_read_history_max(struct registry *registry, uint32_t *ret_max)
{
	const struct schema_entry *entry = schema_entry(SCHEMA_REGISTRY_HISTORY_MAX);
	cleanup_(registry_value_fini) struct registry_value value = {0};
	int r = registry_get(registry, entry->key, entry->name, &value);

	if (r != 0 && r != REGISTRY_E_NOT_FOUND) {
		return result_trace(r);
	}

	bool is_usable = r == 0 && schema_check(entry, &value, NULL) == 0;

	*ret_max = is_usable ? value.dword : entry->initial;

	return 0;
}

/* Drop the revisions that are more than the history may hold. */
static int commit_forget_revisions(struct commit *commit)
{
	struct registry *registry = commit->tx->registry;
	uint32_t kept;
	int r = commit_read_history_max(registry, &kept);

	if (r != 0 || commit->revision <= kept) {
		return result_trace(r);
	}

	const struct store_arg args[] = {store_arg_number((int64_t)(commit->revision - kept))};

	return result_trace(
		store_run(&registry->store, STORE_REVISION_FORGET, args, array_len(args)));
}

/* All that happens under the lock. */
static int commit_prepare(struct commit *commit, commit_fill_fn fill, uint64_t argument)
{
	struct registry *registry = commit->tx->registry;
	int64_t n_changes = 0;
	int r = commit_compare(commit);

	if (r == 0 && fill != NULL) {
		r = fill(commit->tx, argument);
	}
	if (r == 0) {
		r = commit_apply(commit);
	}
	if (r == 0) {
		commit->revision++;
		r = commit_write(commit, &n_changes);
	}
	if (r != 0) {
		return result_trace(r);
	}
	if (n_changes == 0) {
		commit->revision--;

		return 0;
	}

	commit->is_changed = true;
	r = commit_forget_revisions(commit);
	if (r == 0 && !list_is_empty(&registry->watches)) {
		/* Now: after COMMIT it would be too late to run out of memory. */
		r = registry_diff(registry, commit->revision, &commit->changes);
	}

	return result_trace(r);
}

static void commit_call_watches(struct commit *commit)
{
	list_for_each(node, &commit->tx->registry->watches)
	{
		struct registry_watch *watch = list_entry(node, struct registry_watch, link);

		watch->on_commit(watch->context, commit->revision, &commit->changes);
	}
}

static int commit_check_author(const struct registry_author *author, struct registry_error *error)
{
	const char *const texts[] = {author->user, author->command, author->comment};

	for (size_t i = 0; i < array_len(texts); i++) {
		struct slice text = slice_from_str(texts[i]);

		if (text.len > REGISTRY_VALUE_BYTES_MAX || !registry_text_is_valid(text)) {
			registry_error_set(error,
					   "user, command or comment is not UTF-8, or has "
					   "more than %d bytes",
					   REGISTRY_VALUE_BYTES_MAX);

			return REGISTRY_E_INVALID;
		}
	}

	return 0;
}

int commit_run(struct registry_tx *tx, const struct registry_author *author, commit_fill_fn fill,
	       uint64_t argument, uint64_t *ret_revision)
{
	assert(tx != NULL && !tx->is_committed && author != NULL);

	struct store *store = &tx->registry->store;
	struct commit commit = {.tx = tx, .author = author};
	size_t n_ops = tx->n_ops;
	int r = commit_check_author(author, &store->error);

	if (r == 0) {
		r = store_run(store, STORE_BEGIN, NULL, 0);
	}
	if (r == 0) {
		r = commit_prepare(&commit, fill, argument);
	}
	if (r == 0 && commit.is_changed) {
		r = store_run(store, STORE_COMMIT, NULL, 0);
	}
	store_rollback(store); /* whatever is left open: a failure, or a change of nothing */
	if (r != 0) {
		registry_tx_truncate(tx, n_ops);
		registry_changes_fini(&commit.changes);

		return result_trace(r);
	}

	tx->is_committed = true;
	if (commit.is_changed) {
		commit_call_watches(&commit);
	}
	registry_changes_fini(&commit.changes);
	if (ret_revision != NULL) {
		*ret_revision = commit.revision;
	}

	return 0;
}

int registry_commit(struct registry_tx *tx, const struct registry_author *author,
		    uint64_t *ret_revision)
{
	return result_trace(commit_run(tx, author, NULL, 0, ret_revision));
}
