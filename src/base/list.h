#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Intrusive doubly linked list, circular with a head.  The list owns nothing;
 * a node is in at most one list.  list_remove() on a removed or zeroed-by-init
 * node is harmless.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct list {
	struct list *prev;
	struct list *next;
};

/* The object of type @type whose member @member is the node @node. */
#define list_entry(node, type, member) container_of(node, type, member)

/* Visit each node; the current one may be removed (and freed) in the body. */
#define list_for_each(node, head)                                                          \
	for (struct list *node = (head)->next, *node##_next_ = node->next; node != (head); \
	     node = node##_next_, node##_next_ = node->next)

/* list_init() - make an empty list, or an unlinked node */
static inline void list_init(struct list *list)
{
	list->prev = list;
	list->next = list;
}

/* list_is_empty() - no node in the list; for a node: it is not linked */
static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* list_append() - link @node as the last of @list */
static inline void list_append(struct list *list, struct list *node)
{
	node->prev = list->prev;
	node->next = list;
	list->prev->next = node;
	list->prev = node;
}

/* list_prepend() - link @node as the first of @list */
static inline void list_prepend(struct list *list, struct list *node)
{
	list_append(list->next, node);
}

/* list_remove() - unlink @node; afterwards it is unlinked and may be linked again */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* list_first() - the first node, or NULL when the list is empty */
static inline struct list *list_first(const struct list *list)
{
	return list_is_empty(list) ? NULL : list->next;
}
