#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The routing table: which registration or reservation a request belongs to.
 *
 * Written by the control thread alone, read by the workers without locks: every pointer a reader
 * follows is published after what it points to is complete, and is freed only after a grace period
 * (base/rcu.h).  A change of one prefix touches one cell, so 100,000 prefixes cost no more to
 * change, or to look through, than ten.
 *
 *   ports[page][port] -> struct route_port    strong and weak site at hand, counts of the others
 *   sites             -> struct route_site    one (scheme, port, bucket, host); which path depths
 * occur paths             -> struct route_entry   one prefix; hash rolled along the path from the
 * site's seed, so that all depths of a request cost one pass
 *
 * A request looks through the buckets in order; in the first site that has an entry at or above its
 * path the deepest entry decides, and lower buckets are not looked at (a reservation without
 * registration decides too: the request then fails).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "base/list.h"
#include "base/slice.h"
#include "urlspace/prefix.h"

#define ROUTE_DEPTH_MAX 255 /* path segments of a prefix; deeper ones are refused */

struct url_group;

enum route_verdict {
	ROUTE_E_EXISTS = 1, /* the prefix has an entry already; nothing was changed */
	ROUTE_E_TOO_DEEP,   /* over ROUTE_DEPTH_MAX segments */
};

/* One prefix, immutable once published: a change replaces it. */
struct route_entry {
	struct list garbage_link;
	struct route_site *site;
	uint64_t hash;
	uint64_t context;        /* of the registration */
	struct url_group *group; /* of the registration; NULL: a reservation alone */
	bool is_reserved;
	uint16_t depth;    /* number of '/' in the path */
	uint32_t path_len; /* folded path, ends in '/' */
	uint32_t text_len; /* canonical prefix */
	char bytes[];      /* folded path, then text and its NUL */
};

struct route_site {
	struct list garbage_link;
	uint64_t hash;   /* of the key */
	uint64_t seed;   /* paths of this site start from it */
	uint64_t depths; /* bit (depth - 1), bit 63 for all deeper ones: entries exist there */
	uint32_t n_entries;
	uint32_t n_at_depth[64];
	uint16_t depth_max; /* deepest entry there ever was */
	struct route_port *port;
	struct ip_addr addr; /* IP bucket and host:port:IP form */
	uint8_t bucket;
	bool is_subdomain_wildcard;
	uint8_t host_len;
	char host[PREFIX_HOST_BYTES_MAX + 3]; /* as the prefix has it, "*." left out */
};

struct route_cell {
	uint64_t hash;
	void *object; /* site or entry; NULL empty; &route_tombstone deleted */
};

struct route_cells {
	struct list garbage_link;
	uint64_t mask;
	uint64_t n_used; /* live and deleted */
	uint64_t n_live;
	struct route_cell cells[];
};

struct route_port {
	uint16_t number;
	uint8_t scheme;
	struct route_site *strong;
	struct route_site *weak;
	uint32_t n_names;     /* explicit sites with exact names */
	uint32_t n_wildcards; /* explicit sites "*.name" */
	uint32_t n_local;     /* explicit sites host:port:IP */
	uint32_t n_ip;        /* IP-bound sites */
	uint32_t n_sites;
};

struct route_table {
	struct route_cells *sites;
	struct route_cells *paths;
	struct route_port **ports[256]; /* by the high byte of the port; pages of 256 */
	struct list garbage;            /* unpublished objects that wait for a grace period */
	uint64_t seed;
};

/* What a request is looked up by. */
struct route_key {
	uint8_t scheme;       /* enum prefix_scheme */
	uint16_t port;        /* of the connection's local address */
	struct slice host;    /* name in any case, without port; empty: none */
	bool is_host_literal; /* the host is an IP literal: no explicit name can match */
	const struct ip_addr *local;
	struct slice path; /* cooked, begins with '/'; "*" matches only the root */
};

enum route_outcome {
	ROUTE_OUTCOME_FOUND = 0, /* entry with a group */
	ROUTE_OUTCOME_RESERVED,  /* the entry is a reservation without registration */
	ROUTE_OUTCOME_NO_PATH,   /* a site matched the host, none has such a path */
	ROUTE_OUTCOME_NO_HOST,   /* no site matched the host */
};

struct route_match {
	const struct route_entry *entry; /* valid until the reader's next pause; NULL: none */
	enum route_outcome outcome;
	enum prefix_bucket bucket; /* of the entry */
};

/* What explain wants to know of each site that was looked at. */
struct route_trace {
	void (*on_site)(struct route_trace *trace, const struct route_site *site,
			const struct route_entry *entry);
};

/* route_table_init() - an empty table.  Return: 0; -ENOMEM */
int route_table_init(struct route_table *table) must_check_;

/* route_table_fini() - free everything; no reader may be left */
void route_table_fini(struct route_table *table);

/*
 * route_table_set() - make the entry of @prefix what is given, or change it
 * @group: NULL: no registration
 * @is_reserved: a reservation stands here; without it and without group the entry is removed
 *
 * Return: 0; ROUTE_E_TOO_DEEP; -ENOMEM (nothing was changed).
 */
int route_table_set(struct route_table *table, const struct prefix *prefix, struct url_group *group,
		    uint64_t context, bool is_reserved) must_check_;

/* route_table_find() - writer: the entry of exactly @prefix, NULL = none */
const struct route_entry *route_table_find(const struct route_table *table,
					   const struct prefix *prefix);

/* route_table_has_garbage() - is something waiting for route_table_collect()? */
static inline bool route_table_has_garbage(const struct route_table *table)
{
	return !list_is_empty(&table->garbage);
}

/* route_table_collect() - writer: wait for a grace period and free what was unpublished */
void route_table_collect(struct route_table *table);

/*
 * route_lookup() - reader: find the entry for a request
 * @trace: NULL, or told of each site looked at
 */
struct route_match route_lookup(const struct route_table *table, const struct route_key *key,
				struct route_trace *trace);

/* route_entry_text() - the canonical prefix of an entry */
static inline struct slice route_entry_text(const struct route_entry *entry)
{
	return slice_from(entry->bytes + entry->path_len, entry->text_len);
}
