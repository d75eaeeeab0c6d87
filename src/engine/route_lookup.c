/* SPDX-License-Identifier: MIT */

/*
 * Reading the routing table: one pass over the path computes the hash at every '/' down to the
 * deepest entry of the sites in question, then each site is probed from its deepest depth upwards.
 */

#include "engine/route.h"

#include <assert.h>

#include "engine/route_inside.h"

/* The path's positions behind each '/', found as far down as anybody has asked. */
struct route_path {
	struct slice path;
	uint32_t ends[ROUTE_DEPTH_MAX]; /* bytes up to and with the n-th '/'; one more than the
					 * path has when the last '/' is only understood */
	unsigned n_ends;
	bool is_complete;
};

static void route_path_extend(struct route_path *path, unsigned depth)
{
	size_t at = path->n_ends > 0 ? path->ends[path->n_ends - 1] : 0;

	if (path->is_complete || path->n_ends >= depth) {
		return;
	}

	for (; at < path->path.len && path->n_ends < depth; at++) {
		if (path->path.data[at] == '/') {
			path->ends[path->n_ends++] = (uint32_t)at + 1;
		}
	}
	if (at < path->path.len) {
		return;
	}

	/* "/foobar/foo" is also what "/foobar/foo/" names. */
	if (path->n_ends < depth && path->path.len > 0 &&
	    path->path.data[path->path.len - 1] != '/') {
		path->ends[path->n_ends++] = (uint32_t)path->path.len + 1;
	}
	path->is_complete = true;
}

static unsigned char route_path_byte(const struct route_path *path, size_t i)
{
	return i < path->path.len ? ascii_lower((unsigned char)path->path.data[i]) : '/';
}

static bool route_path_is_at(const struct route_path *path, const struct route_entry *entry)
{
	for (size_t i = 0; i < entry->path_len; i++) {
		if (route_path_byte(path, i) != (unsigned char)entry->bytes[i]) {
			return false;
		}
	}

	return true;
}

static const struct route_entry *route_probe(const struct route_cells *cells,
					     const struct route_site *site,
					     const struct route_path *path, uint64_t hash,
					     uint32_t len)
{
	uint64_t key = route_hash_end(hash);
	uint64_t cursor = key;

	for (;;) {
		const struct route_entry *entry = route_cells_find(cells, key, &cursor);

		if (entry == NULL) {
			return NULL;
		}
		if (entry->site == site && entry->path_len == len &&
		    route_path_is_at(path, entry)) {
			return entry;
		}
	}
}

static const struct route_entry *route_site_find(const struct route_table *table,
						 const struct route_site *site,
						 struct route_path *path)
{
	const struct route_cells *cells = rcu_read(&table->paths);
	uint64_t depths = __atomic_load_n(&site->depths, __ATOMIC_RELAXED);
	unsigned depth_max = __atomic_load_n(&site->depth_max, __ATOMIC_RELAXED);
	uint64_t hashes[ROUTE_DEPTH_MAX];

	route_path_extend(path, depth_max);

	unsigned n = path->n_ends < depth_max ? path->n_ends : depth_max;
	uint64_t hash = site->seed;
	size_t at = 0;

	for (unsigned i = 0; i < n; i++) {
		for (; at < path->ends[i]; at++) {
			hash = route_hash_byte(hash, route_path_byte(path, at));
		}
		hashes[i] = hash;
	}

	for (unsigned i = n; i-- > 0;) {
		unsigned bit = i < 63 ? i : 63;

		if ((depths >> bit & 1) == 0) {
			continue;
		}

		const struct route_entry *entry =
			route_probe(cells, site, path, hashes[i], path->ends[i]);
		if (entry != NULL) {
			return entry;
		}
	}

	return NULL;
}

static const struct route_site *route_find_site(const struct route_table *table,
						const struct route_port *port, unsigned bucket,
						bool is_wildcard, struct slice host,
						const struct ip_addr *addr)
{
	uint64_t hash = route_hash_site(table, port, bucket, is_wildcard, host, addr);
	const struct route_cells *cells = rcu_read(&table->sites);
	uint64_t cursor = hash;

	for (;;) {
		const struct route_site *site = route_cells_find(cells, hash, &cursor);

		if (site == NULL) {
			return NULL;
		}
		if (site->port == port && site->bucket == bucket &&
		    site->is_subdomain_wildcard == is_wildcard &&
		    slice_is_equal_nocase(slice_from(site->host, site->host_len), host) &&
		    (addr == NULL ? site->addr.family == 0 : ip_addr_is_equal(&site->addr, addr))) {
			return site;
		}
	}
}

/* One step of a look-up: ask @site, note what came of it. */
static bool route_try(const struct route_table *table, const struct route_site *site,
		      struct route_path *path, struct route_match *match, struct route_trace *trace)
{
	if (site == NULL) {
		return false;
	}

	const struct route_entry *entry = route_site_find(table, site, path);

	if (trace != NULL) {
		trace->on_site(trace, site, entry);
	}
	match->outcome = ROUTE_OUTCOME_NO_PATH;
	if (entry == NULL) {
		return false;
	}

	match->entry = entry;
	match->bucket = site->bucket;
	match->outcome = entry->group != NULL ? ROUTE_OUTCOME_FOUND : ROUTE_OUTCOME_RESERVED;

	return true;
}

/* The explicit bucket: host with address, exact host, then "*.name" from the longest name. */
static bool route_try_names(const struct route_table *table, const struct route_port *port,
			    const struct route_key *key, struct route_path *path,
			    struct route_match *match, struct route_trace *trace)
{
	struct slice host = key->host;

	if (host.len > 0 && host.data[host.len - 1] == '.') {
		host.len--;
	}
	if (host.len == 0 || host.len > PREFIX_HOST_BYTES_MAX || key->is_host_literal) {
		return false;
	}

	if (rcu_read(&port->n_local) > 0 &&
	    route_try(table,
		      route_find_site(table, port, PREFIX_BUCKET_EXPLICIT, false, host, key->local),
		      path, match, trace)) {
		return true;
	}
	if (rcu_read(&port->n_names) > 0 &&
	    route_try(table,
		      route_find_site(table, port, PREFIX_BUCKET_EXPLICIT, false, host, NULL), path,
		      match, trace)) {
		return true;
	}
	if (rcu_read(&port->n_wildcards) == 0) {
		return false;
	}

	struct slice rest = host;
	while (slice_cut(&rest, '.').len > 0 && rest.len > 0) {
		if (route_try(
			    table,
			    route_find_site(table, port, PREFIX_BUCKET_EXPLICIT, true, rest, NULL),
			    path, match, trace)) {
			return true;
		}
	}

	return false;
}

struct route_match route_lookup(const struct route_table *table, const struct route_key *key,
				struct route_trace *trace)
{
	assert(table != NULL && key != NULL && key->local != NULL);

	struct route_match match = {.outcome = ROUTE_OUTCOME_NO_HOST};
	const struct route_port *port = route_port_find(table, key->port);
	struct route_path path;

	if (port == NULL || rcu_read(&port->scheme) != key->scheme) {
		return match;
	}

	path.path = key->path;
	path.n_ends = 0;
	path.is_complete = false;
	if (key->path.len == 0 || key->path.data[0] != '/') {
		path.path = SLICE("/"); /* "OPTIONS *" is answered by whoever has the root */
	}

	if (route_try(table, rcu_read(&port->strong), &path, &match, trace) ||
	    route_try_names(table, port, key, &path, &match, trace)) {
		return match;
	}
	if (rcu_read(&port->n_ip) > 0 &&
	    route_try(table,
		      route_find_site(table, port, PREFIX_BUCKET_IP, false, (struct slice){0},
				      key->local),
		      &path, &match, trace)) {
		return match;
	}
	(void)route_try(table, rcu_read(&port->weak), &path, &match, trace);

	return match;
}
