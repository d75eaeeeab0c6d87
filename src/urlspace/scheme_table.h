#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which scheme a port speaks.  A port carries http or https, never both; reservations and
 * registrations both count.  Two-level array over the 65,536 ports, pages made when first used, so
 * that a look-up costs two loads and the whole table at most 512 KiB.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "urlspace/prefix.h"

#define SCHEME_TABLE_PAGES      256
#define SCHEME_TABLE_PAGE_PORTS 256

enum scheme_table_verdict {
	SCHEME_TABLE_E_CONFLICT = 1, /* the port carries the other scheme; nothing was changed */
};

struct scheme_page {
	uint32_t n_uses[SCHEME_TABLE_PAGE_PORTS][PREFIX_SCHEME_COUNT_];
};

struct scheme_table {
	struct scheme_page *pages[SCHEME_TABLE_PAGES]; /* owned; NULL = no use in this range */
};

/* scheme_table_fini() - free the pages; accepts NULL and zeroed tables, leaves it zeroed */
void scheme_table_fini(struct scheme_table *table);

/* scheme_table_conflicts() - does @port carry the other scheme than @scheme? */
bool scheme_table_conflicts(const struct scheme_table *table, enum prefix_scheme scheme,
			    uint16_t port);

/*
 * scheme_table_add() - count one more use of @port with @scheme
 *
 * Return: 0; SCHEME_TABLE_E_CONFLICT; -ENOMEM (nothing was changed).
 */
int scheme_table_add(struct scheme_table *table, enum prefix_scheme scheme,
		     uint16_t port) must_check_;

/* scheme_table_remove() - take one use back that scheme_table_add() counted */
void scheme_table_remove(struct scheme_table *table, enum prefix_scheme scheme, uint16_t port);
