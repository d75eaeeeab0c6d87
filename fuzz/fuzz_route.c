/* SPDX-License-Identifier: MIT */

/*
 * The routing table against a naive matcher: the input adds and removes prefixes and asks for
 * routes; both must always agree.
 */

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/rcu.h"
#include "engine/queue.h"
#include "engine/route.h"

#define FUZZ_PREFIXES_MAX 64

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct url_group fuzz_group;

struct fuzz_model {
	struct prefix prefixes[FUZZ_PREFIXES_MAX];
	bool is_registered[FUZZ_PREFIXES_MAX]; /* otherwise a reservation */
	unsigned n;
};

static const char *const fuzz_hosts[] = {"+", "a.b", "*.b", "10.0.0.1", "*", "[::1]", "b", "x.a.b"};
static const char *const fuzz_segments[] = {"", "a", "A", "ab", "a/b", "b/", "a/b/c", "c"};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	rcu_thread_enter();

	return 0;
}

static bool fuzz_host_matches(const struct prefix *prefix, const struct route_key *key)
{
	switch (prefix->bucket) {
	case PREFIX_BUCKET_STRONG:
	case PREFIX_BUCKET_WEAK:
		return true;
	case PREFIX_BUCKET_IP:
		return ip_addr_is_equal(&prefix->addr, key->local);
	default:
		break;
	}
	if (key->is_host_literal) {
		return false;
	}
	if (!prefix->is_subdomain_wildcard) {
		return slice_is_equal_nocase(prefix->host, key->host);
	}

	struct slice suffix = slice_from_offset(prefix->host, 1); /* ".name" */

	return key->host.len > suffix.len &&
	       slice_is_equal_nocase(suffix,
				     slice_from_offset(key->host, key->host.len - suffix.len));
}

static bool fuzz_path_matches(const struct prefix *prefix, struct slice path)
{
	struct slice own = prefix->path_folded;
	char folded[256];

	assert(path.len < sizeof(folded) - 1);
	prefix_path_fold(path, folded);
	if (path.len == 0 || folded[path.len - 1] != '/') {
		folded[path.len++] = '/';
	}

	return path.len >= own.len && memcmp(folded, own.data, own.len) == 0;
}

/* Exact names come before sub-domain wildcards, longer wildcards before shorter ones. */
static unsigned fuzz_rank(const struct prefix *prefix)
{
	unsigned rank = (unsigned)prefix->bucket * 1000;

	return prefix->is_subdomain_wildcard ? rank + 500 - (unsigned)prefix->host.len : rank;
}

static int fuzz_model_find(const struct fuzz_model *model, const struct route_key *key)
{
	int best = -1;

	for (unsigned i = 0; i < model->n; i++) {
		const struct prefix *prefix = &model->prefixes[i];

		if (!fuzz_host_matches(prefix, key) || !fuzz_path_matches(prefix, key->path)) {
			continue;
		}
		if (best == -1 || fuzz_rank(prefix) < fuzz_rank(&model->prefixes[best]) ||
		    (fuzz_rank(prefix) == fuzz_rank(&model->prefixes[best]) &&
		     prefix->path.len > model->prefixes[best].path.len)) {
			best = (int)i;
		}
	}

	return best;
}

static void fuzz_change(struct fuzz_model *model, struct route_table *table, const uint8_t *op)
{
	char text[128];
	struct prefix prefix;
	unsigned i = 0;

	int n = snprintf(text, sizeof(text), "http://%s:80/%s", fuzz_hosts[op[1] % 8],
			 fuzz_segments[op[2] % 8]);
	assert(n > 0 && (size_t)n < sizeof(text));
	if (prefix_parse(slice_from_str(text), &prefix, NULL) != 0) {
		return;
	}
	while (i < model->n && !prefix_is_equal(&model->prefixes[i], &prefix)) {
		i++;
	}

	bool is_removal = (op[0] & 6) == 2;
	bool is_registration = (op[0] & 8) != 0;
	if (i == FUZZ_PREFIXES_MAX) {
		prefix_fini(&prefix);

		return;
	}
	int r = route_table_set(table, &prefix, !is_removal && is_registration ? &fuzz_group : NULL,
				i, !is_removal && !is_registration);
	assert(r == 0);

	if (i < model->n) {
		prefix_fini(&model->prefixes[i]);
		model->prefixes[i] = model->prefixes[model->n - 1];
		model->is_registered[i] = model->is_registered[model->n - 1];
		model->n--;
	}
	if (is_removal) {
		prefix_fini(&prefix);
	} else {
		model->is_registered[model->n] = is_registration;
		model->prefixes[model->n++] = prefix;
	}
}

static void fuzz_ask(const struct fuzz_model *model, const struct route_table *table,
		     const uint8_t *op)
{
	static const char *const hosts[] = {"a.b", "A.B",      "x.a.b",   "b",
					    "",    "10.0.0.1", "y.x.a.b", "q"};
	struct ip_addr local = {.family = AF_INET, .bytes = {10, 0, 0, (uint8_t)(op[0] >> 4 & 1)}};
	char path[128];

	(void)snprintf(path, sizeof(path), "/%s%s%s", fuzz_segments[op[2] % 8],
		       (op[2] & 8) != 0 ? "/" : "", (op[2] & 16) != 0 ? "b" : "");
	const struct route_key key = {
		.port = 80,
		.host = slice_from_str(hosts[op[1] % 8]),
		.is_host_literal = op[1] % 8 == 5,
		.local = &local,
		.path = slice_from_str(path),
	};

	struct route_match match = route_lookup(table, &key, NULL);
	int expected = fuzz_model_find(model, &key);

	if (expected == -1) {
		assert(match.entry == NULL);

		return;
	}
	assert(match.entry != NULL);
	assert(slice_is_equal(route_entry_text(match.entry),
			      slice_from_str(model->prefixes[expected].text)));
	assert((match.outcome == ROUTE_OUTCOME_FOUND) == model->is_registered[expected]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_model model = {.n = 0};
	struct route_table table;

	int r = route_table_init(&table);
	assert(r == 0);
	for (; size >= 3; data += 3, size -= 3) {
		if ((data[0] & 1) != 0) {
			fuzz_change(&model, &table, data);
			route_table_collect(&table);
		} else {
			fuzz_ask(&model, &table, data);
		}
	}
	route_table_fini(&table);
	for (unsigned i = 0; i < model.n; i++) {
		prefix_fini(&model.prefixes[i]);
	}

	return 0;
}
