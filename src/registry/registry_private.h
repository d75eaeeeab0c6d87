#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the files of the registry share and nobody else includes: its objects, the checks of names,
 * and the texts of errors.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "registry/registry.h"
#include "registry/store.h"

/* Owned by whoever opened it; lives until its last transaction is freed. */
struct registry {
	struct store store;
	struct list watches; /* struct registry_watch::link, in the order of registry_watch_add() */
	size_t n_txs;        /* transactions that are not freed */
};

enum registry_op_kind {
	REGISTRY_OP_PUT = 0,
	REGISTRY_OP_DELETE_VALUE,
	REGISTRY_OP_DELETE_KEY,
	REGISTRY_OP_FORGET_KEYS, /* drop the keys that have become empty, and their spelling */
	REGISTRY_OP_COUNT_
};

/* One step of a transaction; owned by it. */
struct registry_op {
	enum registry_op_kind kind;
	char *key;                   /* NULL: FORGET_KEYS */
	char *name;                  /* PUT, DELETE_VALUE */
	struct registry_value value; /* PUT */
};

struct registry_tx {
	struct registry *registry;
	uint64_t expected_revision;
	struct registry_op *ops; /* in the order of the calls */
	size_t n_ops;
	size_t ops_capacity;
	bool is_committed;
};

/*
 * registry_tx_append() - append one step with copies of its (already checked) arguments
 *
 * @key, @name and @value may be NULL where @kind has none.
 *
 * A rollback may take more than REGISTRY_CHANGES_MAX steps: the database bounds them.
 *
 * Return: 0; -ENOMEM, and @tx is as before.
 */
int registry_tx_append(struct registry_tx *tx, enum registry_op_kind kind, const char *key,
		       const char *name, const struct registry_value *value) must_check_;

/* registry_tx_truncate() - drop all steps but the first @n_ops */
void registry_tx_truncate(struct registry_tx *tx, size_t n_ops);

/*
 * registry_check_key() - is @key a path: components without control characters between '/'?
 * @is_root_allowed: accept "", the root
 * @error: gets the text
 *
 * Return: 0; INVALID.
 */
int registry_check_key(const char *key, bool is_root_allowed,
		       struct registry_error *error) must_check_;

/* registry_check_name() - can @name be the name of a value?  Return: 0; INVALID */
int registry_check_name(const char *name, struct registry_error *error) must_check_;

/*
 * registry_error_set() - write a text; control characters become '?', longer ones end in "..."
 * @error: NULL is fine
 */
void registry_error_set(struct registry_error *error, const char *format, ...) printf_(2, 3);
