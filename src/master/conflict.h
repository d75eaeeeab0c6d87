#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Why an endpoint cannot be opened, in words: which process has the port and
 * what to type about it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "master/listenlist.h"
#include "master/owner.h"
#include "master/plan.h"

/* What the words depend on. */
struct conflict_view {
	struct owner_ours ours;
	const struct listenlist *list;
	struct listen_locals locals;
	/* Sockets of this instance, which stand in nobody's way. */
	const uint32_t *own_inodes;
	size_t n_own_inodes;
};

/*
 * conflict_find() - who stands in the way of item->endpoint?
 *
 * Sets @item to IN_USE with holder_inode, text and repair, or leaves it OPEN when nobody is found.
 *
 * Return: 0; -errno.
 */
int conflict_find(const struct conflict_view *view, struct plan_item *item) must_check_;

/*
 * conflict_describe() - fill outcome, text and repair after bind(2) or listen(2) failed
 * @verdict: BIND_E_
 * @error: errno
 *
 * Return: 0; -errno.
 */
int conflict_describe(const struct conflict_view *view, int verdict, int error,
		      struct plan_item *item) must_check_;

/* conflict_is_same() - does the socket that @item names (holder_inode) still have the port? */
bool conflict_is_same(const struct plan_item *item);
