#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What happens at a commit: under the database's write lock the steps of a transaction are applied
 * to the tree, and what differs in effect becomes a revision.  Private to the registry.
 */

#include <stdint.h>

#include "base/compiler.h"

struct registry_author;
struct registry_tx;

/*
 * Adds the steps that depend on the state under the lock to @tx; they are dropped when the commit
 * fails.  Return: 0; a verdict of the registry; -ENOMEM, -EIO.
 */
typedef int (*commit_fill_fn)(struct registry_tx *tx, uint64_t argument);

/*
 * commit_run() - make a revision of @tx
 * @fill: adds further steps, called with @argument under the lock; NULL = none
 * @ret_revision: as registry_commit(); may be NULL
 *
 * Return: as registry_commit(); what @fill returned.
 */
int commit_run(struct registry_tx *tx, const struct registry_author *author, commit_fill_fn fill,
	       uint64_t argument, uint64_t *ret_revision) must_check_;
