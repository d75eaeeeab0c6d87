#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Inside of the routing table: hashing and cells, shared by route.c (writing) and route_lookup.c
 * (reading).  Nobody else includes this.
 */

#include "base/rcu.h"
#include "engine/route.h"

/* Marks a deleted cell; never dereferenced. */
extern char route_tombstone;

/* route_hash_start() / route_hash_byte() / route_hash_end() - roll a hash along bytes */
static inline uint64_t route_hash_byte(uint64_t hash, unsigned char c)
{
	return (hash ^ c) * UINT64_C(0x9E3779B97F4A7C15);
}

static inline uint64_t route_hash_end(uint64_t hash)
{
	hash ^= hash >> 32;
	hash *= UINT64_C(0xD6E8FEB86659FD93);

	return hash ^ hash >> 32;
}

/* route_hash_site() - the key of a site: its port, bucket, host (folded) and address */
uint64_t route_hash_site(const struct route_table *table, const struct route_port *port,
			 unsigned bucket, bool is_wildcard, struct slice host,
			 const struct ip_addr *addr);

/* route_port_find() - what is known of a port; NULL = no prefix there */
static inline struct route_port *route_port_find(const struct route_table *table, uint16_t port)
{
	struct route_port **page = rcu_read(&table->ports[port >> 8]);

	return page != NULL ? rcu_read(&page[port & 255]) : NULL;
}

/* route_cells_find() - walk the cells of @hash: *cursor starts at hash; NULL = end */
static inline void *route_cells_find(const struct route_cells *cells, uint64_t hash,
				     uint64_t *cursor)
{
	for (;; (*cursor)++) {
		const struct route_cell *cell = &cells->cells[*cursor & cells->mask];
		void *object = rcu_read(&cell->object);

		if (object == NULL) {
			return NULL;
		}
		if (object != &route_tombstone &&
		    __atomic_load_n(&cell->hash, __ATOMIC_RELAXED) == hash) {
			(*cursor)++;

			return object;
		}
	}
}
