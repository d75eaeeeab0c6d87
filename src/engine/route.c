/* SPDX-License-Identifier: MIT */

/*
 * Writing the routing table, by the control thread.  Cells are filled by publishing the object
 * last; a removed object leaves a tombstone so that readers' probes go on; a table that is three
 * quarters full is replaced by one of the right size.
 */

#include "engine/route.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/mem.h"
#include "base/result.h"
#include "engine/route_inside.h"

#define ROUTE_CELLS_MIN 64

char route_tombstone;

uint64_t route_hash_site(const struct route_table *table, const struct route_port *port,
			 unsigned bucket, bool is_wildcard, struct slice host,
			 const struct ip_addr *addr)
{
	uint64_t hash =
		table->seed ^ (uint64_t)port->number << 16 ^ bucket << 1 ^ (is_wildcard ? 1 : 0);

	for (size_t i = 0; i < host.len; i++) {
		hash = route_hash_byte(hash, ascii_lower((unsigned char)host.data[i]));
	}
	if (addr != NULL) {
		for (size_t i = 0; i < sizeof(addr->bytes); i++) {
			hash = route_hash_byte(hash, addr->bytes[i]);
		}
	}

	return route_hash_end(hash);
}

static struct route_cells *route_cells_new(uint64_t n_live)
{
	uint64_t n = ROUTE_CELLS_MIN;

	while (n < 2 * n_live) {
		n *= 2;
	}

	struct route_cells *cells = mem_new(sizeof(*cells) + n * sizeof(struct route_cell));
	if (cells != NULL) {
		cells->mask = n - 1;
	}

	return cells;
}

static void route_cells_put(struct route_cells *cells, uint64_t hash, void *object)
{
	uint64_t at = hash;

	/* Tombstones are not reused: a reader may be in the middle of a probe over them. */
	while (cells->cells[at & cells->mask].object != NULL) {
		at++;
	}

	struct route_cell *cell = &cells->cells[at & cells->mask];
	__atomic_store_n(&cell->hash, hash, __ATOMIC_RELAXED);
	rcu_publish(&cell->object, object);
	cells->n_used++;
	cells->n_live++;
}

/* Make room for one more, publishing a larger (or tidier) table when needed. */
static int route_cells_reserve(struct route_table *table, struct route_cells **cells_p)
{
	struct route_cells *old = *cells_p;

	if ((old->n_used + 1) * 4 <= (old->mask + 1) * 3) {
		return 0;
	}

	struct route_cells *cells = route_cells_new(old->n_live + 1);
	if (cells == NULL) {
		return result_origin(-ENOMEM);
	}
	for (uint64_t i = 0; i <= old->mask; i++) {
		void *object = old->cells[i].object;

		if (object != NULL && object != &route_tombstone) {
			route_cells_put(cells, old->cells[i].hash, object);
		}
	}

	rcu_publish(cells_p, cells);
	list_append(&table->garbage, &old->garbage_link);

	return 0;
}

static struct route_cell *route_cells_cell(struct route_cells *cells, uint64_t hash,
					   const void *object)
{
	uint64_t at = hash;

	while (cells->cells[at & cells->mask].object != object) {
		assert(cells->cells[at & cells->mask].object != NULL);
		at++;
	}

	return &cells->cells[at & cells->mask];
}

static void route_cells_remove(struct route_cells *cells, uint64_t hash, const void *object)
{
	rcu_publish(&route_cells_cell(cells, hash, object)->object, (void *)&route_tombstone);
	cells->n_live--;
}

static int route_port_obtain(struct route_table *table, const struct prefix *prefix,
			     struct route_port **ret_port)
{
	struct route_port ***page_p = &table->ports[prefix->port >> 8];

	if (*page_p == NULL) {
		struct route_port **page = mem_new_array(256, sizeof(*page));

		if (page == NULL) {
			return result_origin(-ENOMEM);
		}
		rcu_publish(page_p, page);
	}

	struct route_port **port_p = &(*page_p)[prefix->port & 255];
	if (*port_p == NULL) {
		struct route_port *port = mem_new(sizeof(*port));

		if (port == NULL) {
			return result_origin(-ENOMEM);
		}
		port->number = prefix->port;
		port->scheme = (uint8_t)prefix->scheme;
		rcu_publish(port_p, port);
	}
	*ret_port = *port_p;

	return 0;
}

/* The part of a prefix' host that is the key of its site. */
static struct slice route_site_host(const struct prefix *prefix)
{
	switch (prefix->bucket) {
	case PREFIX_BUCKET_EXPLICIT:
		return slice_from_offset(prefix->host, prefix->is_subdomain_wildcard ? 2 : 0);
	default:
		return (struct slice){0};
	}
}

static const struct ip_addr *route_site_addr(const struct prefix *prefix)
{
	return prefix->bucket == PREFIX_BUCKET_IP || prefix->has_local_addr ? &prefix->addr : NULL;
}

static struct route_site *route_site_find(const struct route_table *table,
					  const struct prefix *prefix)
{
	const struct route_port *port = route_port_find(table, prefix->port);
	struct slice host = route_site_host(prefix);
	const struct ip_addr *addr = route_site_addr(prefix);

	if (port == NULL) {
		return NULL;
	}

	uint64_t hash = route_hash_site(table, port, prefix->bucket, prefix->is_subdomain_wildcard,
					host, addr);
	uint64_t cursor = hash;

	for (struct route_site *site = route_cells_find(table->sites, hash, &cursor); site != NULL;
	     site = route_cells_find(table->sites, hash, &cursor)) {
		if (site->port == port && site->bucket == prefix->bucket &&
		    site->is_subdomain_wildcard == prefix->is_subdomain_wildcard &&
		    slice_is_equal(slice_from(site->host, site->host_len), host) &&
		    (addr == NULL ? site->addr.family == 0 : ip_addr_is_equal(&site->addr, addr))) {
			return site;
		}
	}

	return NULL;
}

/* Which of the port's counts a site belongs to; NULL: it has a pointer of its own. */
static uint32_t *route_port_count(struct route_port *port, const struct route_site *site)
{
	if (site->bucket == PREFIX_BUCKET_IP) {
		return &port->n_ip;
	}
	if (site->bucket != PREFIX_BUCKET_EXPLICIT) {
		return NULL;
	}
	if (site->addr.family != 0) {
		return &port->n_local;
	}

	return site->is_subdomain_wildcard ? &port->n_wildcards : &port->n_names;
}

static void route_port_note(struct route_port *port, struct route_site *site, int change)
{
	uint32_t *count = route_port_count(port, site);

	port->n_sites += (uint32_t)change;
	if (count != NULL) {
		__atomic_store_n(count, *count + (uint32_t)change, __ATOMIC_RELEASE);
	} else if (site->bucket == PREFIX_BUCKET_STRONG) {
		rcu_publish(&port->strong, change > 0 ? site : NULL);
	} else {
		rcu_publish(&port->weak, change > 0 ? site : NULL);
	}
}

static int route_site_new(struct route_table *table, const struct prefix *prefix,
			  struct route_site **ret_site)
{
	struct slice host = route_site_host(prefix);
	const struct ip_addr *addr = route_site_addr(prefix);
	struct route_port *port;

	int r = route_port_obtain(table, prefix, &port);
	if (r < 0) {
		return result_trace(r);
	}
	r = route_cells_reserve(table, &table->sites);
	if (r < 0) {
		return result_trace(r);
	}

	struct route_site *site = mem_new(sizeof(*site));
	if (site == NULL) {
		return result_origin(-ENOMEM);
	}

	assert(host.len <= sizeof(site->host));
	site->bucket = (uint8_t)prefix->bucket;
	site->is_subdomain_wildcard = prefix->is_subdomain_wildcard;
	site->host_len = (uint8_t)host.len;
	if (host.len > 0) {
		memcpy(site->host, host.data, host.len);
	}
	if (addr != NULL) {
		site->addr = *addr;
	}
	site->port = port;
	site->hash =
		route_hash_site(table, port, site->bucket, site->is_subdomain_wildcard, host, addr);
	site->seed = route_hash_byte(site->hash, 'p');
	if (port->n_sites == 0) {
		rcu_publish(&port->scheme, (uint8_t)prefix->scheme);
	}

	route_cells_put(table->sites, site->hash, site);
	route_port_note(port, site, 1);
	*ret_site = site;

	return 0;
}

static void route_site_note(struct route_site *site, unsigned depth, int change)
{
	unsigned bit = depth - 1 < 63 ? depth - 1 : 63;
	uint64_t depths = site->depths;

	site->n_entries += (uint32_t)change;
	site->n_at_depth[bit] += (uint32_t)change;
	if (site->n_at_depth[bit] > 0) {
		depths |= UINT64_C(1) << bit;
	} else {
		depths &= ~(UINT64_C(1) << bit);
	}

	if (depth > site->depth_max) {
		__atomic_store_n(&site->depth_max, (uint16_t)depth, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&site->depths, depths, __ATOMIC_RELAXED);
}

static void route_site_drop_if_empty(struct route_table *table, struct route_site *site)
{
	if (site->n_entries > 0) {
		return;
	}

	route_cells_remove(table->sites, site->hash, site);
	route_port_note(site->port, site, -1);
	list_append(&table->garbage, &site->garbage_link);
}

static uint64_t route_path_hash(const struct route_site *site, struct slice path)
{
	uint64_t hash = site->seed;

	for (size_t i = 0; i < path.len; i++) {
		hash = route_hash_byte(hash, (unsigned char)path.data[i]);
	}

	return route_hash_end(hash);
}

static struct route_entry *route_entry_find(const struct route_table *table,
					    const struct route_site *site, struct slice path)
{
	uint64_t hash = route_path_hash(site, path);
	uint64_t cursor = hash;

	for (struct route_entry *entry = route_cells_find(table->paths, hash, &cursor);
	     entry != NULL; entry = route_cells_find(table->paths, hash, &cursor)) {
		if (entry->site == site &&
		    slice_is_equal(slice_from(entry->bytes, entry->path_len), path)) {
			return entry;
		}
	}

	return NULL;
}

static struct route_entry *route_entry_new(struct route_site *site, const struct prefix *prefix,
					   unsigned depth)
{
	struct slice text = slice_from_str(prefix->text);
	struct slice path = prefix->path_folded;
	struct route_entry *entry = mem_new(sizeof(*entry) + path.len + text.len + 1);

	if (entry == NULL) {
		return NULL;
	}

	entry->site = site;
	entry->hash = route_path_hash(site, path);
	entry->depth = (uint16_t)depth;
	entry->path_len = (uint32_t)path.len;
	entry->text_len = (uint32_t)text.len;
	memcpy(entry->bytes, path.data, path.len);
	memcpy(entry->bytes + path.len, text.data, text.len + 1);

	return entry;
}

static void route_entry_remove(struct route_table *table, struct route_entry *entry)
{
	struct route_site *site = entry->site;

	route_cells_remove(table->paths, entry->hash, entry);
	route_site_note(site, entry->depth, -1);
	list_append(&table->garbage, &entry->garbage_link);
	route_site_drop_if_empty(table, site);
}

static int route_entry_put(struct route_table *table, struct route_site *site,
			   struct route_entry *old, struct route_entry *entry)
{
	if (old != NULL) {
		rcu_publish(&route_cells_cell(table->paths, old->hash, old)->object, (void *)entry);
		list_append(&table->garbage, &old->garbage_link);

		return 0;
	}

	int r = route_cells_reserve(table, &table->paths);
	if (r < 0) {
		return result_trace(r);
	}
	/* The depth first: a reader that sees the entry must be looking there. */
	route_site_note(site, entry->depth, 1);
	route_cells_put(table->paths, entry->hash, entry);

	return 0;
}

int route_table_set(struct route_table *table, const struct prefix *prefix, struct url_group *group,
		    uint64_t context, bool is_reserved)
{
	assert(table != NULL && prefix != NULL && prefix->text != NULL);

	struct route_site *site = route_site_find(table, prefix);
	struct route_entry *old =
		site != NULL ? route_entry_find(table, site, prefix->path_folded) : NULL;
	unsigned depth = 0;

	for (size_t i = 0; i < prefix->path.len; i++) {
		depth += prefix->path.data[i] == '/';
	}
	if (group == NULL && !is_reserved) {
		if (old != NULL) {
			route_entry_remove(table, old);
		}

		return 0;
	}
	if (depth > ROUTE_DEPTH_MAX) {
		return ROUTE_E_TOO_DEEP;
	}

	if (site == NULL) {
		int r = route_site_new(table, prefix, &site);
		if (r < 0) {
			return result_trace(r);
		}
	}

	int r = -ENOMEM;
	struct route_entry *entry = route_entry_new(site, prefix, depth);
	if (entry != NULL) {
		entry->group = group;
		entry->context = context;
		entry->is_reserved = is_reserved;
		r = route_entry_put(table, site, old, entry);
	}
	if (r < 0) {
		mem_free(entry);
		route_site_drop_if_empty(table, site);

		return result_trace(r);
	}

	return 0;
}

const struct route_entry *route_table_find(const struct route_table *table,
					   const struct prefix *prefix)
{
	const struct route_site *site = route_site_find(table, prefix);

	return site != NULL ? route_entry_find(table, site, prefix->path_folded) : NULL;
}

void route_table_collect(struct route_table *table)
{
	if (list_is_empty(&table->garbage)) {
		return;
	}

	rcu_wait();
	list_for_each(node, &table->garbage)
	{
		/* The link is the first member of everything that becomes garbage. */
		list_remove(node);
		mem_free(node);
	}
}

int route_table_init(struct route_table *table)
{
	*table = (struct route_table){0};
	list_init(&table->garbage);

	if (getrandom(&table->seed, sizeof(table->seed), 0) != sizeof(table->seed)) {
		return result_origin(-errno);
	}
	table->sites = route_cells_new(0);
	table->paths = route_cells_new(0);
	if (table->sites == NULL || table->paths == NULL) {
		route_table_fini(table);

		return result_origin(-ENOMEM);
	}

	return 0;
}

static struct route_cells *route_cells_free(struct route_cells *cells)
{
	for (uint64_t i = 0; cells != NULL && i <= cells->mask; i++) {
		if (cells->cells[i].object != &route_tombstone) {
			mem_free(cells->cells[i].object);
		}
	}

	return mem_free(cells);
}

void route_table_fini(struct route_table *table)
{
	if (table == NULL) {
		return;
	}

	route_table_collect(table);
	table->paths = route_cells_free(table->paths);
	table->sites = route_cells_free(table->sites);
	for (unsigned i = 0; i < array_len(table->ports); i++) {
		for (unsigned k = 0; table->ports[i] != NULL && k < 256; k++) {
			mem_free(table->ports[i][k]);
		}
		table->ports[i] = mem_free(table->ports[i]);
	}
}
