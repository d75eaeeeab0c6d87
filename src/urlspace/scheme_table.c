/* SPDX-License-Identifier: MIT */

/* Schemes of ports; see scheme_table.h. */

#include "urlspace/scheme_table.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"

/* The counters of a port; NULL = its page was never used. */
static uint32_t *scheme_table_counters(const struct scheme_table *table, uint16_t port)
{
	struct scheme_page *page = table->pages[port / SCHEME_TABLE_PAGE_PORTS];

	return page != NULL ? page->n_uses[port % SCHEME_TABLE_PAGE_PORTS] : NULL;
}

void scheme_table_fini(struct scheme_table *table)
{
	if (table == NULL) {
		return;
	}

	for (size_t i = 0; i < SCHEME_TABLE_PAGES; i++) {
		table->pages[i] = mem_free(table->pages[i]);
	}
}

bool scheme_table_conflicts(const struct scheme_table *table, enum prefix_scheme scheme,
			    uint16_t port)
{
	assert(table != NULL && scheme < PREFIX_SCHEME_COUNT_);

	const uint32_t *counters = scheme_table_counters(table, port);

	for (unsigned i = 0; counters != NULL && i < PREFIX_SCHEME_COUNT_; i++) {
		if (i != scheme && counters[i] > 0) {
			return true;
		}
	}

	return false;
}

int scheme_table_add(struct scheme_table *table, enum prefix_scheme scheme, uint16_t port)
{
	assert(table != NULL && scheme < PREFIX_SCHEME_COUNT_);

	if (scheme_table_conflicts(table, scheme, port)) {
		return SCHEME_TABLE_E_CONFLICT;
	}

	struct scheme_page **page = &table->pages[port / SCHEME_TABLE_PAGE_PORTS];
	if (*page == NULL) {
		*page = mem_new(sizeof(**page));
		if (*page == NULL) {
			return result_origin(-ENOMEM);
		}
	}

	uint32_t *n_uses = &scheme_table_counters(table, port)[scheme];
	assert(*n_uses < UINT32_MAX);
	++*n_uses;

	return 0;
}

void scheme_table_remove(struct scheme_table *table, enum prefix_scheme scheme, uint16_t port)
{
	assert(table != NULL && scheme < PREFIX_SCHEME_COUNT_);

	uint32_t *counters = scheme_table_counters(table, port);

	assert(counters != NULL && counters[scheme] > 0);
	counters[scheme]--;
}
