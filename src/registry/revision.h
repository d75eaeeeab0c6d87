#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The registry's history.  Revision N is the state after the N-th change; revision 1 is the empty
 * registry, as created.  Each knows who, when, by which command, with which comment, and what
 * changed.  The oldest revisions are dropped when there are more than the parameter
 * RegistryHistoryMax says (schema.def).
 */

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/registry.h"

/*
 * One change of a revision.  A value whose name changed only in case is a removal and an addition.
 * Owned by struct registry_changes.
 */
struct registry_change {
	char *key;
	char *name;
	bool has_old; /* false: the value was not there before */
	bool has_new; /* false: the value was removed */
	struct registry_value old_value;
	struct registry_value new_value;
};

struct registry_changes {
	struct registry_change *items;
	size_t n_items;
};

/* registry_changes_fini() - free them; accepts NULL, zeroed and half-built ones */
void registry_changes_fini(struct registry_changes *changes);

/* Head of one revision; texts are never NULL, owned by struct registry_revisions. */
struct registry_revision {
	uint64_t number;
	uid_t uid;
	char *user;
	char *command;
	char *comment;
	struct wall_time time;
	uint64_t n_changes;
};

struct registry_revisions {
	struct registry_revision *items; /* newest first */
	size_t n_items;
};

/* registry_revisions_fini() - free them; accepts NULL, zeroed and half-built ones */
void registry_revisions_fini(struct registry_revisions *revisions);

/*
 * registry_history() - the revisions from number @from (0 = the newest) downwards, at most @max
 *
 * Return: 0 and *@ret_revisions (registry_revisions_fini; may be empty); BUSY, CORRUPT; -ENOMEM,
 * -EIO.
 */
int registry_history(struct registry *registry, uint64_t from, size_t max,
		     struct registry_revisions *ret_revisions) must_check_;

/*
 * registry_diff() - what revision @number changed against the one before it
 *
 * Return: 0 and *@ret_changes (registry_changes_fini); NOT_FOUND (no such revision, or dropped;
 * the text says which there are), BUSY, CORRUPT; -ENOMEM, -EIO.
 */
int registry_diff(struct registry *registry, uint64_t number,
		  struct registry_changes *ret_changes) must_check_;

/*
 * registry_rollback() - restore the state as it was after revision @number, as a new revision
 * @expected_revision: as for registry_begin()
 * @ret_revision: the new revision; the current one when the states are equal; may be NULL
 *
 * Names get back the spelling they had.  Watchers are called.
 *
 * Return: 0; NOT_FOUND (as registry_diff()), CONFLICT, BUSY, FULL, CORRUPT, DENIED; -ENOMEM, -EIO.
 * Unless 0, nothing was changed.
 */
int registry_rollback(struct registry *registry, uint64_t number, uint64_t expected_revision,
		      const struct registry_author *author, uint64_t *ret_revision) must_check_;
