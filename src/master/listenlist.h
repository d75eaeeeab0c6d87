#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The IP listen list as a value, and the arithmetic from it to endpoints: which sockets the
 * registered prefixes need (struct listen_want), which of them the list admits, and which of those
 * can be bound with the addresses that the machine has now.  No sockets, no system calls.
 *
 *   list is empty        wildcard want -> 0.0.0.0:p and [::]:p;  want A -> A:p (shared: the
 *                        wildcard of A's family)
 *   list has entries     a whitelist: wildcard want -> each listed address (A on every port, A:q on
 *                        port q only); want A -> A:p when A is listed, otherwise excluded
 *   0.0.0.0, ::          every address of the family; the specific ones of that family need no
 *                        socket of their own then
 *   none                 nothing at all.  It stands alone: it can't be added to a list that has
 *                        entries, and nothing can be added beside it until it is removed, so that
 *                        no list reads as both "nothing" and "something"
 *   unreadable           an entry of the stored list that is no entry any more.  It lists nothing,
 *                        but a list of only such entries is not empty: nothing is bound
 *
 * A link-local IPv6 address without a scope stands for that address on every interface.  Networks
 * and interfaces will be further kinds of entry.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/ipaddr.h"
#include "base/slice.h"

#define LISTENLIST_ENTRIES_MAX   1024 /* entries of one list */
#define LISTENLIST_ENTRY_BYTES   72   /* longest text of an entry, and its NUL */
#define LISTENLIST_MESSAGE_BYTES 200

enum listenlist_verdict {
	LISTENLIST_E_INVALID = 1, /* the text is no entry; struct listen_entry_error says why */
	LISTENLIST_E_EXISTS,      /* the entry is in the list already */
	LISTENLIST_E_NOT_FOUND,   /* the entry is not in the list */
	LISTENLIST_E_NONE,        /* "none" stands alone: remove it, or the other entries, first */
	LISTENLIST_E_FULL,        /* LISTENLIST_ENTRIES_MAX reached */
};

enum listen_entry_kind {
	LISTEN_ENTRY_KIND_ADDRESS = 0, /* addr, maybe the wildcard, and port */
	LISTEN_ENTRY_KIND_NONE,        /* the word "none" */
};

struct listen_entry {
	enum listen_entry_kind kind;
	uint16_t port;       /* 0 = every port */
	struct ip_addr addr; /* family 0 with NONE */
};

/* Why a text is no entry. */
struct listen_entry_error {
	size_t position;                        /* offset in the text, bytes */
	char message[LISTENLIST_MESSAGE_BYTES]; /* what is wrong and what to write; printable */
};

struct listenlist {
	struct listen_entry *entries; /* owned; in the order in which they were added */
	size_t n_entries;
	size_t n_unreadable; /* entries of the stored list that are no entries */
};

/* What one registered prefix needs. */
struct listen_want {
	uint16_t port;       /* 1-65535 */
	bool is_shared;      /* with an address: a wildcard socket of its family serves, too */
	struct ip_addr addr; /* family 0 = any local address (the prefix's host is no IP literal) */
};

enum listen_state {
	LISTEN_STATE_WANTED = 0, /* to be bound */
	LISTEN_STATE_PENDING,    /* admitted, but no interface has the address now */
	LISTEN_STATE_EXCLUDED,   /* not admitted by the list */
};

/* Why an endpoint is in its state, or why a whole resolution is empty. */
enum listen_reason {
	LISTEN_REASON_EMPTY_LIST = 0,    /* the list is empty: every address */
	LISTEN_REASON_LISTED,            /* the entry lists it */
	LISTEN_REASON_NOT_LISTED,        /* no entry lists the address */
	LISTEN_REASON_PORT_NOT_LISTED,   /* the address is listed, but with another port (entry) */
	LISTEN_REASON_NO_ENTRY_FOR_PORT, /* wildcard want: every entry names another port */
	LISTEN_REASON_NONE,              /* the list is "none" */
	LISTEN_REASON_UNREADABLE,        /* the list has only unreadable entries */
	LISTEN_REASON_COUNT_,
};

struct listen_endpoint {
	struct ip_endpoint endpoint;
	enum listen_state state;
	enum listen_reason reason;
	bool has_entry;
	struct listen_entry entry; /* with has_entry: the one that decided */
};

struct listen_resolution {
	struct listen_endpoint *endpoints; /* owned */
	size_t n_endpoints;
	enum listen_reason reason; /* with n_endpoints 0: why there is nothing to bind */
};

/* What changes between two lists; endpoints are those with state WANTED. */
struct listen_diff {
	struct ip_endpoint *gained; /* owned */
	size_t n_gained;
	struct ip_endpoint *lost; /* owned */
	size_t n_lost;
};

/* The addresses that the machine has now; 127.0.0.1 stands for all of 127.0.0.0/8. */
struct listen_locals {
	const struct ip_addr *addrs; /* not owned */
	size_t n_addrs;
};

/*
 * listen_entry_parse() - read a whole slice as an entry: A, A:p, v6, [v6], [v6]:p or none
 * @ret_error: filled on LISTENLIST_E_INVALID; NULL when the caller does not want to know
 *
 * The one system call here: the name of an interface in "fe80::1%eth0" is looked up.
 *
 * Return: 0; LISTENLIST_E_INVALID; never fatal.
 */
int listen_entry_parse(struct slice text, struct listen_entry *ret_entry,
		       struct listen_entry_error *ret_error) must_check_;

/* listen_entry_format() - write the canonical text (IPv6 in brackets only with a port) and its NUL
 */
void listen_entry_format(const struct listen_entry *entry, char ret_text[LISTENLIST_ENTRY_BYTES]);

/* listen_entry_is_equal() - same kind, address and port */
bool listen_entry_is_equal(const struct listen_entry *a, const struct listen_entry *b);

/* listenlist_fini() - free the entries; accepts NULL and zeroed lists, leaves it empty */
void listenlist_fini(struct listenlist *list);

/*
 * listenlist_copy() - an independent copy
 * @ret_copy: filled on success only; owned by the caller (listenlist_fini)
 *
 * Return: 0; -ENOMEM.
 */
int listenlist_copy(const struct listenlist *list, struct listenlist *ret_copy) must_check_;

/*
 * listenlist_add() - add an entry behind the others
 *
 * Return: 0; LISTENLIST_E_EXISTS, LISTENLIST_E_NONE, LISTENLIST_E_FULL or -ENOMEM (nothing was
 * changed).
 */
int listenlist_add(struct listenlist *list, const struct listen_entry *entry) must_check_;

/*
 * listenlist_remove() - remove an entry
 *
 * Return: 0; LISTENLIST_E_NOT_FOUND.
 */
int listenlist_remove(struct listenlist *list, const struct listen_entry *entry) must_check_;

/* listenlist_contains() - is exactly this entry in the list? */
bool listenlist_contains(const struct listenlist *list, const struct listen_entry *entry);

/* listenlist_is_empty() - no entry at all, not even an unreadable one: listen everywhere */
bool listenlist_is_empty(const struct listenlist *list);

/*
 * listenlist_covers() - does the list admit connections to this local address and port?
 *
 * Return: false for a wildcard address unless the list is empty or lists that wildcard.
 */
bool listenlist_covers(const struct listenlist *list, const struct ip_endpoint *endpoint);

/*
 * listenlist_resolve() - from what the prefixes need to the endpoints
 * @wants: one per registered prefix; repeated ones are fine
 * @ret_resolution: filled on success only; owned by the caller (listen_resolution_fini)
 *
 * Each endpoint comes once, ordered by port, wildcard wants first.  An address whose family's
 * wildcard is wanted on the same port gets no socket of its own: the wildcard's serves it (Linux
 * would refuse both).
 *
 * Return: 0; -ENOMEM.
 */
int listenlist_resolve(const struct listenlist *list, const struct listen_want *wants,
		       size_t n_wants, const struct listen_locals *locals,
		       struct listen_resolution *ret_resolution) must_check_;

/* listen_resolution_fini() - free the endpoints; accepts NULL and zeroed ones, leaves it empty */
void listen_resolution_fini(struct listen_resolution *resolution);

/*
 * listenlist_diff() - which endpoints appear and disappear when @before becomes @after
 * @ret_diff: filled on success only; owned by the caller (listen_diff_fini)
 *
 * Return: 0; -ENOMEM.
 */
int listenlist_diff(const struct listenlist *before, const struct listenlist *after,
		    const struct listen_want *wants, size_t n_wants,
		    const struct listen_locals *locals, struct listen_diff *ret_diff) must_check_;

/* listen_diff_fini() - free both arrays; accepts NULL and zeroed ones, leaves it empty */
void listen_diff_fini(struct listen_diff *diff);

/*
 * listen_endpoint_format() - append one line for people about an endpoint's state
 *
 * "10.0.0.3:80 is excluded: 10.0.0.3 is not in the IP listen list".
 *
 * Return: 0; -ENOMEM (also when @buf is at its limit; it may hold a part of the line then).
 */
int listen_endpoint_format(const struct listen_endpoint *endpoint, struct buf *buf) must_check_;

/* listen_reason_text() - the sentence of a reason, without names and without a final stop */
const char *listen_reason_text(enum listen_reason reason);
