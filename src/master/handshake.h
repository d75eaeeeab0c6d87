#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The half-open connections of a listening socket whose door is shut: those that
 * were there at the first look and are still there.  The set can only shrink, so
 * that it gets empty even when the address's new owner has half-open ones of its
 * own all the time.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/ipaddr.h"

struct handshake_set {
	struct ip_endpoint *remotes; /* owned; sorted */
	size_t n_remotes;
	bool is_read; /* the first look was taken */
};

/* handshake_set_fini() - free it; accepts a zeroed one, leaves it zeroed */
void handshake_set_fini(struct handshake_set *set);

/*
 * handshake_set_update() - look again
 * @local: the listening socket's address; a wildcard stands for every address of its family
 *
 * Return: 0 (see n_remotes); -errno.
 */
int handshake_set_update(struct handshake_set *set, const struct ip_endpoint *local) must_check_;
