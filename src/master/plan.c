/* SPDX-License-Identifier: MIT */

/* From claims and list to attempted endpoints; see plan.h. */

#include "master/plan.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"

static int plan_add(struct plan *plan, const struct ip_endpoint *endpoint,
		    const struct plan_input *input)
{
	if (plan_find(plan, endpoint) != NULL) {
		return 0;
	}
	if (plan->n_items == plan->capacity) {
		size_t capacity = plan->capacity > 0 ? plan->capacity * 2 : 8;
		struct plan_item *items = mem_resize(plan->items, capacity * sizeof(*items));

		if (items == NULL) {
			return result_origin(-ENOMEM);
		}
		plan->items = items;
		plan->capacity = capacity;
	}

	struct plan_item *item = &plan->items[plan->n_items];

	*item = (struct plan_item){.endpoint = *endpoint};

	int r = input->attempt(input->context, item);
	if (r < 0) {
		return result_trace(r);
	}
	plan->n_items++;

	return 0;
}

static int plan_add_wanted(struct plan *plan, const struct listenlist *list,
			   const struct plan_input *input)
{
	struct listen_resolution resolution;
	int r = listenlist_resolve(list, input->wants, input->n_wants, &input->locals, &resolution);

	if (r < 0) {
		return result_trace(r);
	}
	for (size_t i = 0; r == 0 && i < resolution.n_endpoints; i++) {
		if (resolution.endpoints[i].state == LISTEN_STATE_WANTED) {
			r = plan_add(plan, &resolution.endpoints[i].endpoint, input);
		}
	}
	listen_resolution_fini(&resolution);

	return result_trace(r);
}

/* A wildcard of @family that was attempted and is not open; NULL = none. */
static const struct plan_item *plan_find_failed_wildcard(const struct plan *plan, int family)
{
	for (size_t i = 0; i < plan->n_items; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->outcome != PLAN_OUTCOME_OPEN && item->endpoint.addr.family == family &&
		    ip_addr_is_any(&item->endpoint.addr)) {
			return item;
		}
	}

	return NULL;
}

/* The list without the wildcard entries of the families whose wildcard failed. */
static int plan_list_without(const struct listenlist *list, const struct plan *plan,
			     struct listenlist *ret_list)
{
	int r = listenlist_copy(list, ret_list);

	if (r < 0) {
		return result_trace(r);
	}
	for (size_t i = 0; i < list->n_entries; i++) {
		const struct listen_entry *entry = &list->entries[i];

		if (entry->kind == LISTEN_ENTRY_KIND_ADDRESS && ip_addr_is_any(&entry->addr) &&
		    plan_find_failed_wildcard(plan, entry->addr.family) != NULL &&
		    listenlist_remove(ret_list, entry) != 0) {
			break; /* cannot be: it is a copy */
		}
	}

	return 0;
}

/* What the list names beside a wildcard that failed. */
static int plan_add_listed(struct plan *plan, const struct plan_input *input)
{
	struct listenlist list;
	int r = plan_list_without(input->list, plan, &list);

	if (r < 0) {
		return result_trace(r);
	}

	/* An empty list would mean everything. */
	if (list.n_entries > 0 && list.n_entries < input->list->n_entries) {
		r = plan_add_wanted(plan, &list, input);
	}
	listenlist_fini(&list);

	return result_trace(r);
}

/* An address that a want names by itself is attempted for itself when the wildcard failed. */
static int plan_add_literals(struct plan *plan, const struct plan_input *input)
{
	for (size_t i = 0; i < input->n_wants; i++) {
		const struct listen_want *want = &input->wants[i];
		const struct ip_endpoint wildcard = {
			.addr = ip_addr_any(want->addr.family == AF_INET6 ? AF_INET6 : AF_INET),
			.port = want->port,
		};
		const struct plan_item *item = plan_find(plan, &wildcard);

		if (want->addr.family == 0 || item == NULL || item->outcome == PLAN_OUTCOME_OPEN) {
			continue;
		}

		struct plan_input alone = *input;

		alone.wants = want;
		alone.n_wants = 1;

		int r = plan_add_wanted(plan, input->list, &alone);
		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}

/* What listens already below a wildcard that failed, and is still admitted, stays. */
static int plan_add_existing(struct plan *plan, const struct plan_input *input)
{
	for (size_t i = 0; i < input->n_existing; i++) {
		const struct ip_endpoint *endpoint = &input->existing[i];
		const struct ip_endpoint wildcard = {
			.addr = ip_addr_any(endpoint->addr.family),
			.port = endpoint->port,
		};
		const struct plan_item *item = plan_find(plan, &wildcard);

		if (item == NULL || item->outcome == PLAN_OUTCOME_OPEN ||
		    !listenlist_covers(input->list, endpoint)) {
			continue;
		}

		int r = plan_add(plan, endpoint, input);
		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}

int plan_make(const struct plan_input *input, struct plan *ret_plan)
{
	assert(input != NULL && input->list != NULL && input->attempt != NULL && ret_plan != NULL);
	assert(input->n_wants == 0 || input->wants != NULL);

	struct plan plan = {0};
	int r = plan_add_wanted(&plan, input->list, input);

	if (r == 0 && (plan_find_failed_wildcard(&plan, AF_INET) != NULL ||
		       plan_find_failed_wildcard(&plan, AF_INET6) != NULL)) {
		r = plan_add_listed(&plan, input);
		r = r == 0 ? plan_add_literals(&plan, input) : r;
		r = r == 0 ? plan_add_existing(&plan, input) : r;
	}
	if (r < 0) {
		plan_fini(&plan);
		return result_trace(r);
	}
	*ret_plan = plan;

	return 0;
}

void plan_fini(struct plan *plan)
{
	assert(plan != NULL);

	mem_free(plan->items);
	*plan = (struct plan){0};
}

struct plan_item *plan_find(const struct plan *plan, const struct ip_endpoint *endpoint)
{
	assert(plan != NULL && endpoint != NULL);

	for (size_t i = 0; i < plan->n_items; i++) {
		if (ip_endpoint_is_equal(&plan->items[i].endpoint, endpoint)) {
			return &plan->items[i];
		}
	}

	return NULL;
}

bool plan_has_open(const struct plan *plan, const struct ip_endpoint *endpoint)
{
	const struct plan_item *item = plan_find(plan, endpoint);

	return item != NULL && item->outcome == PLAN_OUTCOME_OPEN;
}
