/* SPDX-License-Identifier: MIT */

/* Half-open connections that are waited for; see handshake.h. */

#include "master/handshake.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/sockdiag.h"

static int handshake_compare(const void *a, const void *b)
{
	const struct ip_endpoint *left = a;
	const struct ip_endpoint *right = b;
	int order = memcmp(left->addr.bytes, right->addr.bytes, sizeof(left->addr.bytes));

	return order != 0 ? order : (int)left->port - (int)right->port;
}

/* The remote ends of the half-open sockets that belong to @local. */
static int handshake_read(const struct ip_endpoint *local, struct ip_endpoint **ret_remotes,
			  size_t *ret_n)
{
	struct sockdiag_list sockets;
	size_t n = 0;
	int r = sockdiag_list_read(SOCKDIAG_STATE_HANDSHAKE, local->port, &sockets);

	if (r < 0) {
		return result_trace(r);
	}

	struct ip_endpoint *remotes = mem_new_array(sockets.n_items + 1, sizeof(*remotes));

	for (size_t i = 0; remotes != NULL && i < sockets.n_items; i++) {
		if (sockdiag_covers(&sockets.items[i], local)) {
			remotes[n] = sockets.items[i].remote;
			n++;
		}
	}
	sockdiag_list_fini(&sockets);
	if (remotes == NULL) {
		return result_origin(-ENOMEM);
	}
	qsort(remotes, n, sizeof(*remotes), handshake_compare);
	*ret_remotes = remotes;
	*ret_n = n;

	return 0;
}

void handshake_set_fini(struct handshake_set *set)
{
	assert(set != NULL);

	mem_free(set->remotes);
	*set = (struct handshake_set){0};
}

int handshake_set_update(struct handshake_set *set, const struct ip_endpoint *local)
{
	assert(set != NULL && local != NULL);

	struct ip_endpoint *now;
	size_t n_now;
	size_t n = 0;
	int r = handshake_read(local, &now, &n_now);

	if (r < 0) {
		return result_trace(r);
	}
	if (!set->is_read) {
		*set = (struct handshake_set){.remotes = now, .n_remotes = n_now, .is_read = true};
		return 0;
	}

	for (size_t i = 0; i < set->n_remotes; i++) {
		if (bsearch(&set->remotes[i], now, n_now, sizeof(*now), handshake_compare) !=
		    NULL) {
			set->remotes[n] = set->remotes[i];
			n++;
		}
	}
	set->n_remotes = n;
	mem_free(now);

	return 0;
}
