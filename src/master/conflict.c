/* SPDX-License-Identifier: MIT */

/* Endpoints that could not be opened, explained; see conflict.h. */

#include "master/conflict.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "base/result.h"
#include "master/bind.h"
#include "master/sockdiag.h"

/* Words for the verdicts that need no search; the text goes on after the endpoint. */
struct conflict_row {
	enum plan_outcome outcome;
	const char *text;
	const char *repair;
};

static const struct conflict_row conflict_rows[] = {
	[BIND_E_IN_USE] = {PLAN_OUTCOME_IN_USE,
			   " is in use by a program that the kernel does not name (bound, but not "
			   "listening)",
			   "ss -lntp"},
	[BIND_E_DENIED] =
		{PLAN_OUTCOME_DENIED,
		 " cannot be opened: ports below net.ipv4.ip_unprivileged_port_start need "
		 "root or CAP_NET_BIND_SERVICE",
		 "start httpsysd as root, or register on a port from 1024 on"},
	[BIND_E_NO_ADDRESS] = {PLAN_OUTCOME_NO_ADDRESS,
			       " cannot be opened: no interface has the address now",
			       "ip address show"},
	[BIND_E_NO_FAMILY] = {PLAN_OUTCOME_NO_FAMILY, " cannot be opened: this kernel has no IPv6",
			      "httpcfg set iplisten -i 0.0.0.0"},
	[BIND_E_SYSTEM] = {PLAN_OUTCOME_FAILED, " cannot be opened", "journalctl -u httpsys"},
};

static bool conflict_is_own(const struct conflict_view *view, uint32_t inode)
{
	for (size_t i = 0; i < view->n_own_inodes; i++) {
		if (view->own_inodes[i] == inode) {
			return true;
		}
	}

	return false;
}

/* An address of the machine that the owner leaves free; NULL = none is known. */
static const struct ip_addr *conflict_find_free(const struct conflict_view *view,
						const struct owner *owner)
{
	const struct ip_addr *loopback = NULL;

	if (ip_addr_is_any(&owner->endpoint.addr)) {
		return NULL;
	}
	for (size_t i = 0; i < view->locals.n_addrs; i++) {
		const struct ip_addr *addr = &view->locals.addrs[i];

		if (addr->family != owner->endpoint.addr.family || addr->scope_id != 0 ||
		    ip_addr_is_equal(addr, &owner->endpoint.addr)) {
			continue;
		}
		if (!ip_addr_is_loopback(addr)) {
			return addr;
		}
		loopback = addr;
	}

	return loopback;
}

/* How the owner is stopped: its unit when it is a service, otherwise the process. */
static void conflict_write_stop(const struct owner *owner, char *repair)
{
	const char *unit = owner->cgroup.unit;
	struct slice end = SLICE(".service");
	size_t len = strlen(unit);

	if (len > end.len && slice_is_equal(slice_from(unit + len - end.len, end.len), end) &&
	    owner->cgroup.container[0] == '\0' && strncmp(unit, "user@", 5) != 0) {
		text_setf(repair, REPAIR_BYTES, "systemctl stop %s", unit);
	} else if (owner->pid != 0) {
		text_setf(repair, REPAIR_BYTES, "kill %d", (int)owner->pid);
	} else {
		text_setf(repair, REPAIR_BYTES, "httpcfg whohas %u (as root)",
			  owner->endpoint.port);
	}
}

/* What leaves the address to its owner: a list without it. */
static void conflict_write_yield(const struct conflict_view *view, const struct owner *owner,
				 const struct ip_endpoint *endpoint, char *repair)
{
	char text[LISTENLIST_ENTRY_BYTES];

	if (listenlist_is_empty(view->list)) {
		const struct ip_addr *addr = conflict_find_free(view, owner);

		if (addr != NULL) {
			ip_addr_format(addr, text);
			text_appendf(repair, REPAIR_BYTES,
				     ", or leave the address to it: httpcfg set iplisten -i %s",
				     text);
		}
		return;
	}
	for (size_t i = 0; i < view->list->n_entries; i++) {
		const struct listen_entry *entry = &view->list->entries[i];

		if (entry->kind == LISTEN_ENTRY_KIND_ADDRESS &&
		    ip_addr_is_equal(&entry->addr, &endpoint->addr)) {
			listen_entry_format(entry, text);
			text_appendf(repair, REPAIR_BYTES,
				     ", or leave the address to it: httpcfg delete iplisten -i %s",
				     text);
			return;
		}
	}
}

static void conflict_write_owner(const struct conflict_view *view, const struct owner *owner,
				 struct plan_item *item)
{
	char endpoint[IP_ENDPOINT_TEXT_BYTES];
	char held[TEXT_BYTES];

	owner_format(owner, held, sizeof(held));
	if (ip_endpoint_is_equal(&owner->endpoint, &item->endpoint)) {
		text_setf(item->text, sizeof(item->text), "%s", held);
	} else {
		ip_endpoint_format(&item->endpoint, endpoint);
		text_setf(item->text, sizeof(item->text), "%s cannot be opened: %s", endpoint,
			  held);
	}
	conflict_write_stop(owner, item->repair);
	conflict_write_yield(view, owner, &item->endpoint, item->repair);
}

int conflict_find(const struct conflict_view *view, struct plan_item *item)
{
	assert(view != NULL && view->list != NULL && item != NULL);

	struct owner_list owners;
	int r = owner_list_read(item->endpoint.port, &item->endpoint.addr, &view->ours, &owners);

	if (r < 0) {
		return result_trace(r);
	}
	for (size_t i = 0; i < owners.n_items; i++) {
		const struct owner *owner = &owners.items[i];

		if (conflict_is_own(view, owner->inode)) {
			continue;
		}
		item->outcome = PLAN_OUTCOME_IN_USE;
		item->holder_inode = owner->inode;
		conflict_write_owner(view, owner, item);
		break;
	}
	owner_list_fini(&owners);

	return 0;
}

int conflict_describe(const struct conflict_view *view, int verdict, int error,
		      struct plan_item *item)
{
	assert(item != NULL && verdict > 0 && verdict < (int)array_len(conflict_rows));

	const struct conflict_row *row = &conflict_rows[verdict];
	char endpoint[IP_ENDPOINT_TEXT_BYTES];

	if (verdict == BIND_E_IN_USE) {
		int r = conflict_find(view, item);

		if (r < 0 || item->outcome == PLAN_OUTCOME_IN_USE) {
			return result_trace(r);
		}
	}

	ip_endpoint_format(&item->endpoint, endpoint);
	item->outcome = row->outcome;
	text_setf(item->text, sizeof(item->text), "%s%s", endpoint, row->text);
	if (verdict == BIND_E_SYSTEM) {
		text_appendf(item->text, sizeof(item->text), ": %s", strerror(error));
	}
	text_setf(item->repair, sizeof(item->repair), "%s", row->repair);

	return 0;
}

bool conflict_is_same(const struct plan_item *item)
{
	assert(item != NULL);

	struct sockdiag_list sockets;
	bool is_same = false;

	if (item->outcome != PLAN_OUTCOME_IN_USE || item->holder_inode == 0 ||
	    sockdiag_list_read(SOCKDIAG_STATE_LISTENING | SOCKDIAG_STATE_BOUND, item->endpoint.port,
			       &sockets) < 0) {
		return false;
	}
	for (size_t i = 0; i < sockets.n_items; i++) {
		is_same = is_same || sockets.items[i].inode == item->holder_inode;
	}
	sockdiag_list_fini(&sockets);

	return is_same;
}
