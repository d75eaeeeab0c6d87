#pragma once
/* SPDX-License-Identifier: MIT */

/* What the files of the listen list ask of each other; nobody else includes this. */

#include "base/ipaddr.h"
#include "master/listenlist.h"

/* listen_addr_matches() - the same address; one without scope stands for every interface */
bool listen_addr_matches(const struct ip_addr *a, const struct ip_addr *b);

/* listen_entry_has_port() - does the entry hold for @port? */
bool listen_entry_has_port(const struct listen_entry *entry, uint16_t port);

/* listen_entry_is_any() - is it 0.0.0.0 or ::, with or without port? */
bool listen_entry_is_any(const struct listen_entry *entry);

/* listenlist_find_any() - the entry that lists the wildcard of @family for @port; NULL = none */
const struct listen_entry *listenlist_find_any(const struct listenlist *list, int family,
					       uint16_t port);

/*
 * listenlist_find_addr() - the entry that has the most to say about an address and a port
 *
 * Return: one that lists the address itself; else one that lists its family; else one that lists it
 * with another port only; NULL = none names the address.
 */
const struct listen_entry *listenlist_find_addr(const struct listenlist *list,
						const struct ip_addr *addr, uint16_t port);
