/* SPDX-License-Identifier: MIT */

/*
 * Transactions while they are collected: a list of steps in memory; see registry.h.  What happens
 * to them in the database is in commit.c.
 */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "registry/registry_private.h"

int registry_begin(struct registry *registry, uint64_t expected_revision,
		   struct registry_tx **ret_tx)
{
	assert(registry != NULL && ret_tx != NULL);

	struct registry_tx *tx = mem_new(sizeof(*tx));

	if (tx == NULL) {
		return result_origin(-ENOMEM);
	}

	*tx = (struct registry_tx){.registry = registry, .expected_revision = expected_revision};
	registry->n_txs++;
	*ret_tx = tx;

	return 0;
}

static void registry_op_fini(struct registry_op *op)
{
	mem_free(op->key);
	mem_free(op->name);
	registry_value_fini(&op->value);
}

void registry_tx_truncate(struct registry_tx *tx, size_t n_ops)
{
	assert(tx != NULL && n_ops <= tx->n_ops);

	while (tx->n_ops > n_ops) {
		registry_op_fini(&tx->ops[--tx->n_ops]);
	}
}

struct registry_tx *registry_tx_free(struct registry_tx *tx)
{
	if (tx != NULL) {
		registry_tx_truncate(tx, 0);
		mem_free(tx->ops);
		tx->registry->n_txs--;
		mem_free(tx);
	}

	return NULL;
}

static int registry_tx_reserve(struct registry_tx *tx)
{
	if (tx->n_ops < tx->ops_capacity) {
		return 0;
	}

	size_t capacity = tx->ops_capacity > 0 ? tx->ops_capacity * 2 : 8;
	void *ops = mem_resize(tx->ops, capacity * sizeof(tx->ops[0]));

	if (ops == NULL) {
		return result_origin(-ENOMEM);
	}

	tx->ops = ops;
	tx->ops_capacity = capacity;

	return 0;
}

static int registry_op_init(struct registry_op *op, enum registry_op_kind kind, const char *key,
			    const char *name, const struct registry_value *value)
{
	*op = (struct registry_op){.kind = kind};
	if (key != NULL) {
		op->key = mem_dup(key, strlen(key));
		if (op->key == NULL) {
			return result_origin(-ENOMEM);
		}
	}
	if (name != NULL) {
		op->name = mem_dup(name, strlen(name));
		if (op->name == NULL) {
			return result_origin(-ENOMEM);
		}
	}

	return value != NULL ? result_trace(registry_value_init_copy(&op->value, value)) : 0;
}

int registry_tx_append(struct registry_tx *tx, enum registry_op_kind kind, const char *key,
		       const char *name, const struct registry_value *value)
{
	assert(tx != NULL && !tx->is_committed);

	int r = registry_tx_reserve(tx);

	if (r != 0) {
		return result_trace(r);
	}

	r = registry_op_init(&tx->ops[tx->n_ops], kind, key, name, value);
	if (r < 0) {
		registry_op_fini(&tx->ops[tx->n_ops]);

		return result_trace(r);
	}

	tx->n_ops++;

	return 0;
}

/* May the caller of the interface add one more change? */
static int registry_check_room(const struct registry_tx *tx)
{
	if (tx->n_ops >= REGISTRY_CHANGES_MAX) {
		registry_error_set(&tx->registry->store.error,
				   "more than %d changes at once; make several transactions",
				   REGISTRY_CHANGES_MAX);

		return REGISTRY_E_INVALID;
	}

	return 0;
}

static int registry_check_value(const char *key, const char *name,
				const struct registry_value *value, struct registry_error *error)
{
	if (value->type == REGISTRY_TYPE_DWORD) {
		return 0;
	}
	if (value->len > REGISTRY_VALUE_BYTES_MAX) {
		registry_error_set(error, "%s %s: the value has %zu bytes, %d are possible", key,
				   name, value->len, REGISTRY_VALUE_BYTES_MAX);

		return REGISTRY_E_INVALID;
	}

	bool is_valid = true;
	struct slice string;
	size_t cursor = 0;

	if (value->type == REGISTRY_TYPE_STRING) {
		is_valid = registry_text_is_valid(registry_value_slice(value));
	}
	while (is_valid && registry_value_next(value, &cursor, &string)) {
		is_valid = registry_text_is_valid(string);
	}
	if (!is_valid) {
		registry_error_set(error, "%s %s: the text is not UTF-8, or holds a NUL", key,
				   name);

		return REGISTRY_E_INVALID;
	}

	return 0;
}

int registry_put(struct registry_tx *tx, const char *key, const char *name,
		 const struct registry_value *value)
{
	assert(tx != NULL && key != NULL && name != NULL && value != NULL);

	struct registry_error *error = &tx->registry->store.error;
	int r = registry_check_key(key, false, error);

	if (r == 0) {
		r = registry_check_name(name, error);
	}
	if (r == 0) {
		r = registry_check_value(key, name, value, error);
	}
	if (r == 0) {
		r = registry_check_room(tx);
	}
	if (r == 0) {
		r = registry_tx_append(tx, REGISTRY_OP_PUT, key, name, value);
	}

	return result_trace(r);
}

int registry_put_string(struct registry_tx *tx, const char *key, const char *name,
			struct slice text)
{
	cleanup_(registry_value_fini) struct registry_value value = {0};
	int r = registry_value_init_string(&value, text);

	return result_trace(r == 0 ? registry_put(tx, key, name, &value) : r);
}

int registry_put_strings(struct registry_tx *tx, const char *key, const char *name,
			 const struct slice *strings, size_t n)
{
	assert(tx != NULL && key != NULL && name != NULL && (strings != NULL || n == 0));

	for (size_t i = 0; i < n; i++) {
		if (!registry_text_is_valid(strings[i])) {
			registry_error_set(&tx->registry->store.error,
					   "%s %s: string %zu is not UTF-8, or holds a NUL", key,
					   name, i + 1);

			return REGISTRY_E_INVALID;
		}
	}

	cleanup_(registry_value_fini) struct registry_value value = {0};
	int r = registry_value_init_strings(&value, strings, n);

	return result_trace(r == 0 ? registry_put(tx, key, name, &value) : r);
}

int registry_put_dword(struct registry_tx *tx, const char *key, const char *name, uint32_t dword)
{
	struct registry_value value;

	registry_value_init_dword(&value, dword);

	return result_trace(registry_put(tx, key, name, &value));
}

int registry_put_binary(struct registry_tx *tx, const char *key, const char *name,
			struct slice bytes)
{
	cleanup_(registry_value_fini) struct registry_value value = {0};
	int r = registry_value_init_binary(&value, bytes);

	return result_trace(r == 0 ? registry_put(tx, key, name, &value) : r);
}

int registry_delete_value(struct registry_tx *tx, const char *key, const char *name)
{
	assert(tx != NULL && key != NULL && name != NULL);

	struct registry_error *error = &tx->registry->store.error;
	int r = registry_check_key(key, false, error);

	if (r == 0) {
		r = registry_check_name(name, error);
	}
	if (r == 0) {
		r = registry_check_room(tx);
	}
	if (r == 0) {
		r = registry_tx_append(tx, REGISTRY_OP_DELETE_VALUE, key, name, NULL);
	}

	return result_trace(r);
}

int registry_delete_key(struct registry_tx *tx, const char *key)
{
	assert(tx != NULL && key != NULL);

	int r = registry_check_key(key, true, &tx->registry->store.error);

	if (r == 0) {
		r = registry_check_room(tx);
	}
	if (r == 0) {
		r = registry_tx_append(tx, REGISTRY_OP_DELETE_KEY, key, NULL, NULL);
	}

	return result_trace(r);
}
