/* SPDX-License-Identifier: MIT */

/* Holders of a port, by name; see owner.h. */

#include "master/owner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/process.h"
#include "master/sockdiag.h"
#include "master/text.h"
#include "urlspace/nss.h"

#define OWNER_HELD (SOCKDIAG_STATE_LISTENING | SOCKDIAG_STATE_BOUND)

struct owner_reading {
	const struct sockdiag_list *sockets;
	const struct owner_ours *ours;
	struct owner_list *list; /* has room for OWNERS_MAX */
};

static const struct sockdiag_socket *owner_find_socket(const struct sockdiag_list *sockets,
						       uint32_t inode)
{
	for (size_t i = 0; i < sockets->n_items; i++) {
		if (sockets->items[i].inode == inode) {
			return &sockets->items[i];
		}
	}

	return NULL;
}

static bool owner_list_has(const struct owner_list *list, pid_t pid, uint32_t inode)
{
	for (size_t i = 0; i < list->n_items; i++) {
		if (list->items[i].inode == inode && (pid == 0 || list->items[i].pid == pid)) {
			return true;
		}
	}

	return false;
}

static void owner_set_user(struct owner *owner)
{
	const struct acl_names *names = nss_names();
	char name[ACL_NAME_BYTES];

	if (names->name_by_uid(names->userdata, owner->uid, name) == 0) {
		text_setf(owner->user, sizeof(owner->user), "%s", name);
	}
}

/* Append what is known; @pid 0: only the socket is. */
static void owner_list_add(struct owner_list *list, const struct sockdiag_socket *socket, pid_t pid,
			   const struct owner_ours *ours)
{
	if (list->n_items >= OWNERS_MAX) {
		return;
	}

	struct owner *owner = &list->items[list->n_items];

	*owner = (struct owner){
		.endpoint = socket->local,
		.is_dual = socket->is_dual,
		.is_listening = socket->state == SOCKDIAG_STATE_LISTENING,
		.is_connected = socket->state == SOCKDIAG_STATE_CONNECTED,
		.is_ours = pid != 0 && (pid == ours->master || pid == ours->engine),
		.inode = socket->inode,
		.pid = pid,
		.uid = socket->uid,
	};
	if (pid != 0) {
		char cgroups[4096];
		size_t len = process_read_file(pid, "cgroup", cgroups, sizeof(cgroups));

		cgroup_parse(slice_from(cgroups, len), &owner->cgroup);
		(void)process_uid(pid, &owner->uid); /* gone: the socket's uid stays */
		owner->parent_pid = process_parent(pid);
		process_program(pid, owner->program, sizeof(owner->program));
		process_command(pid, owner->command, sizeof(owner->command));
	}
	owner_set_user(owner);
	list->n_items++;
}

static int owner_on_socket(void *context, pid_t pid, uint32_t inode)
{
	struct owner_reading *reading = context;
	const struct sockdiag_socket *socket = owner_find_socket(reading->sockets, inode);

	if (socket != NULL && !owner_list_has(reading->list, pid, inode)) {
		owner_list_add(reading->list, socket, pid, reading->ours);
	}

	return 0;
}

/* 0 when no other holder started it: the one that people know, not its workers. */
static int owner_rank(const struct owner_list *list, const struct owner *owner)
{
	for (size_t i = 0; i < list->n_items; i++) {
		if (list->items[i].pid != 0 && list->items[i].pid == owner->parent_pid) {
			return 1;
		}
	}

	return 0;
}

static int owner_compare(const void *a, const void *b, void *context)
{
	const struct owner_list *list = context;
	const struct owner *left = a;
	const struct owner *right = b;
	int order = owner_rank(list, left) - owner_rank(list, right);

	if (order != 0) {
		return order;
	}
	if (left->is_listening != right->is_listening) {
		return left->is_listening ? -1 : 1;
	}

	return left->pid < right->pid ? -1 : left->pid > right->pid;
}

/* qsort_r() moves the elements that owner_rank() looks at: rank a copy. */
static int owner_list_sort(struct owner_list *list)
{
	if (list->n_items < 2) {
		return 0;
	}

	struct owner_list copy = {.n_items = list->n_items};

	copy.items = mem_new_array(list->n_items, sizeof(*copy.items));
	if (copy.items == NULL) {
		return result_origin(-ENOMEM);
	}
	memcpy(copy.items, list->items, list->n_items * sizeof(*copy.items));
	qsort_r(list->items, list->n_items, sizeof(*list->items), owner_compare, &copy);
	mem_free(copy.items);

	return 0;
}

static int owner_compare_inode(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* Find the processes behind @sockets; sockets without a known process are listed bare. */
static int owner_list_fill(const struct sockdiag_list *sockets, const struct owner_ours *ours,
			   struct owner_list *list)
{
	size_t n = sockets->n_items < OWNERS_MAX ? sockets->n_items : OWNERS_MAX;
	struct owner_reading reading = {.sockets = sockets, .ours = ours, .list = list};
	uint32_t inodes[OWNERS_MAX];

	list->items = mem_new_array(OWNERS_MAX, sizeof(*list->items));
	if (list->items == NULL) {
		return result_origin(-ENOMEM);
	}
	for (size_t i = 0; i < n; i++) {
		inodes[i] = sockets->items[i].inode;
	}
	qsort(inodes, n, sizeof(*inodes), owner_compare_inode);

	/* Without /proc the sockets still have their uid. */
	if (process_find_sockets(inodes, n, owner_on_socket, &reading, &list->is_blind) < 0) {
		list->is_blind = true;
	}
	for (size_t i = 0; i < n; i++) {
		if (!owner_list_has(list, 0, sockets->items[i].inode)) {
			owner_list_add(list, &sockets->items[i], 0, ours);
		}
	}

	return result_trace(owner_list_sort(list));
}

static void owner_keep_covering(struct sockdiag_list *sockets, const struct ip_endpoint *endpoint)
{
	size_t n = 0;

	for (size_t i = 0; i < sockets->n_items; i++) {
		if (sockdiag_covers(&sockets->items[i], endpoint)) {
			sockets->items[n] = sockets->items[i];
			n++;
		}
	}
	sockets->n_items = n;
}

static int owner_read_sockets(uint16_t port, const struct ip_addr *addr, unsigned states,
			      struct sockdiag_list *ret_sockets)
{
	int r = sockdiag_list_read(states, port, ret_sockets);

	if (r < 0) {
		return result_trace(r);
	}
	if (addr != NULL) {
		const struct ip_endpoint endpoint = {.addr = *addr, .port = port};

		owner_keep_covering(ret_sockets, &endpoint);
	}

	return 0;
}

int owner_list_read(uint16_t port, const struct ip_addr *addr, const struct owner_ours *ours,
		    struct owner_list *ret_list)
{
	assert(port != 0 && ours != NULL && ret_list != NULL);

	struct sockdiag_list sockets = {0};
	struct owner_list list = {0};
	int r = owner_read_sockets(port, addr, OWNER_HELD, &sockets);

	if (r == 0 && sockets.n_items == 0 && addr != NULL) {
		sockdiag_list_fini(&sockets);
		r = owner_read_sockets(port, addr, SOCKDIAG_STATE_CONNECTED, &sockets);
	}
	if (r == 0 && sockets.n_items > 0) {
		r = owner_list_fill(&sockets, ours, &list);
	}
	sockdiag_list_fini(&sockets);
	if (r < 0) {
		owner_list_fini(&list);
		return result_trace(r);
	}
	*ret_list = list;

	return 0;
}

void owner_list_fini(struct owner_list *list)
{
	assert(list != NULL);

	mem_free(list->items);
	*list = (struct owner_list){0};
}

static const char *owner_verb(const struct owner *owner)
{
	if (owner->is_connected) {
		return "in use by a connection of";
	}

	return owner->is_listening ? "held by" : "held (bound, not listening) by";
}

static const char *owner_state_name(const struct owner *owner)
{
	if (owner->is_connected) {
		return "connected";
	}

	return owner->is_listening ? "listening" : "bound";
}

void owner_format(const struct owner *owner, char *text, size_t size)
{
	assert(owner != NULL && text != NULL);

	char endpoint[IP_ENDPOINT_TEXT_BYTES];

	ip_endpoint_format(&owner->endpoint, endpoint);
	text_setf(text, size, "%s is %s ", endpoint, owner_verb(owner));
	if (owner->pid != 0) {
		text_appendf(text, size, "%s (pid %d, ",
			     owner->program[0] != '\0' ? owner->program : "a program",
			     (int)owner->pid);
	} else {
		text_appendf(text, size, "a program that cannot be looked into (");
	}
	text_appendf(text, size, "uid %u", (unsigned)owner->uid);
	if (owner->user[0] != '\0') {
		text_appendf(text, size, " %s", owner->user);
	}
	if (owner->cgroup.container[0] != '\0') {
		text_appendf(text, size, ", container %s", owner->cgroup.container);
	} else if (owner->cgroup.unit[0] != '\0') {
		text_appendf(text, size, ", unit %s", owner->cgroup.unit);
	}
	text_appendf(text, size, ")");
}

static void owner_write_text(const char *key, const char *text, struct json_writer *writer)
{
	json_key(writer, key);
	if (text[0] == '\0') {
		json_nil(writer);
	} else {
		json_str(writer, slice_from_str(text));
	}
}

void owner_write_json(const struct owner *owner, bool with_command, struct json_writer *writer)
{
	assert(owner != NULL && writer != NULL);

	char endpoint[IP_ENDPOINT_TEXT_BYTES];

	ip_endpoint_format(&owner->endpoint, endpoint);
	json_begin_object(writer);
	json_key(writer, "endpoint");
	json_str(writer, slice_from_str(endpoint));
	json_key(writer, "pid");
	if (owner->pid != 0) {
		json_i64(writer, owner->pid);
	} else {
		json_nil(writer);
	}
	owner_write_text("program", owner->program, writer);
	owner_write_text("command", with_command ? owner->command : "", writer);
	json_key(writer, "uid");
	json_u64(writer, owner->uid);
	owner_write_text("user", owner->user, writer);
	owner_write_text("unit", owner->cgroup.unit, writer);
	owner_write_text("container", owner->cgroup.container, writer);
	json_key(writer, "is_ours");
	json_bool(writer, owner->is_ours);
	owner_write_text("state", owner_state_name(owner), writer);
	json_end_object(writer);
}
