/* SPDX-License-Identifier: MIT */

/* The step that brings endpoints in line with claims; see endpointset.h. */

#include <assert.h>
#include <errno.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/bind.h"
#include "master/endpointset_private.h"
#include "wire/error.h"

/* What an attempt needs beside the set. */
struct endpointset_attempt {
	struct endpointset *set;
	struct conflict_view view;
};

/* What the wants of all claims and the present sockets look like to a plan; owns the arrays. */
struct endpointset_snapshot {
	struct listen_want *wants;
	size_t n_wants;
	struct ip_endpoint *existing;
	size_t n_existing;
	uint32_t *inodes;
	size_t n_inodes;
};

static size_t endpointset_count(const struct list *list)
{
	size_t n = 0;

	list_for_each(node, list)
	{
		n++;
	}

	return n;
}

static void endpointset_snapshot_fini(struct endpointset_snapshot *snapshot)
{
	mem_free(snapshot->wants);
	mem_free(snapshot->existing);
	mem_free(snapshot->inodes);
}

static int endpointset_snapshot_read(const struct endpointset *set,
				     struct endpointset_snapshot *ret_snapshot)
{
	size_t n_endpoints = endpointset_count(&set->endpoints);
	struct endpointset_snapshot snapshot = {
		.wants =
			mem_new_array(endpointset_count(&set->claims) + 1, sizeof(*snapshot.wants)),
		.existing = mem_new_array(n_endpoints + 1, sizeof(*snapshot.existing)),
		.inodes = mem_new_array(n_endpoints + 1, sizeof(*snapshot.inodes)),
	};

	if (snapshot.wants == NULL || snapshot.existing == NULL || snapshot.inodes == NULL) {
		endpointset_snapshot_fini(&snapshot);
		return result_origin(-ENOMEM);
	}
	list_for_each(node, &set->claims)
	{
		snapshot.wants[snapshot.n_wants] = list_entry(node, struct claim, link)->want;
		snapshot.n_wants++;
	}
	list_for_each(node, &set->endpoints)
	{
		const struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		if (endpoint->fd != -1) {
			snapshot.inodes[snapshot.n_inodes] = endpoint->inode;
			snapshot.n_inodes++;
		}
		if (endpoint->state == ENDPOINT_STATE_LISTENING) {
			snapshot.existing[snapshot.n_existing] = endpoint->item.endpoint;
			snapshot.n_existing++;
		}
	}
	*ret_snapshot = snapshot;

	return 0;
}

/* The scheme that the claims speak on @port; a live claim's word counts more than an orphan's. */
static unsigned endpointset_scheme(const struct endpointset *set, uint16_t port)
{
	unsigned scheme = 0;

	list_for_each(node, &set->claims)
	{
		const struct claim *claim = list_entry(node, struct claim, link);

		if (claim->want.port != port) {
			continue;
		}
		scheme = claim->scheme;
		if (!claim->is_orphan) {
			break;
		}
	}

	return scheme;
}

/* Let the own sockets that a new one on @address would collide with allow it. */
static bool endpointset_make_room(struct endpointset *set, const struct ip_endpoint *address)
{
	bool has_room_made = false;

	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		if (endpoint->fd != -1 && bind_overlaps(&endpoint->item.endpoint, address)) {
			endpoint_set_reuseport(endpoint, true);
			has_room_made = true;
		}
	}

	return has_room_made;
}

static void endpointset_tell_failure(const struct endpointset *set, const struct plan_item *item)
{
	char address[IP_ENDPOINT_TEXT_BYTES];

	ip_endpoint_format(&item->endpoint, address);

	const struct event event = {
		.id = EVENT_ID_ENDPOINT_FAILED,
		.level = DIAG_LEVEL_WARNING,
		.text = item->text,
		.endpoint = address,
		.state = endpoint_state_name(ENDPOINT_STATE_FAILED),
		.code = item->outcome == PLAN_OUTCOME_IN_USE
				? wire_error_name(WIRE_ERROR_PORT_IN_USE)
				: NULL,
	};

	set->sink->event(set->sink->context, &event);
}

/*
 * An endpoint that is being given up is wanted again.  What the engine was told to close it closes;
 * it gets the same socket under a new number.  Return: 0 (is_lost: not taken back); -errno.
 */
static int endpointset_revive(struct endpointset *set, struct endpoint *endpoint)
{
	unsigned scheme = endpointset_scheme(set, endpoint->item.endpoint.port);
	bool was_closing = endpoint->state == ENDPOINT_STATE_CLOSING;
	int r = 0;

	if (!endpoint_revive(endpoint)) {
		return 0;
	}
	if (!was_closing && endpoint->scheme != scheme && endpoint->is_sent) {
		r = set->sink->retire(set->sink->context, endpoint->id);
		was_closing = true;
	}
	if (was_closing) {
		set->id_last++;
		endpoint->id = set->id_last;
		endpoint->is_sent = false;
	}
	endpoint->scheme = scheme;
	set->sink->endpoint_gone(set->sink->context);

	return result_trace(r);
}

static int endpointset_add(struct endpointset *set, const struct ip_endpoint *address,
			   struct endpoint **ret_endpoint)
{
	struct endpoint *endpoint = endpoint_new(address, endpointset_scheme(set, address->port),
						 set->loop, &set->endpoint_owner);

	if (endpoint == NULL) {
		return result_origin(-ENOMEM);
	}
	set->id_last++;
	endpoint->id = set->id_last;
	list_append(&set->endpoints, &endpoint->link);
	*ret_endpoint = endpoint;

	return 0;
}

/* Note that @endpoint could not be opened; say so when it is news. */
static int endpointset_note_failure(struct endpointset_attempt *attempt, struct endpoint *endpoint,
				    bool is_new, int verdict, int error, struct plan_item *item)
{
	if (verdict == BIND_E_IN_USE && !is_new && conflict_is_same(&endpoint->item)) {
		*item = endpoint->item;
		return 0;
	}

	int r = conflict_describe(&attempt->view, verdict, error, item);
	if (r < 0) {
		return result_trace(r);
	}

	bool is_news = is_new || endpoint->item.holder_inode != item->holder_inode ||
		       endpoint->item.outcome != item->outcome;

	endpoint_fail(endpoint, item);
	if (is_news && item->outcome != PLAN_OUTCOME_NO_FAMILY) {
		endpointset_tell_failure(attempt->set, item);
	}

	return 0;
}

static int endpointset_open(struct endpointset_attempt *attempt, struct endpoint *endpoint,
			    bool is_new, struct plan_item *item)
{
	struct endpointset *set = attempt->set;
	bool has_room_made = endpointset_make_room(set, &item->endpoint);
	int fd;
	int verdict = bind_open(&item->endpoint, set->socket_uid, has_room_made, &fd);

	if (verdict != 0) {
		return result_trace(
			endpointset_note_failure(attempt, endpoint, is_new, verdict, errno, item));
	}
	endpoint_adopt_fd(endpoint, fd, has_room_made);

	return 0;
}

static int endpointset_attempt(void *context, struct plan_item *item)
{
	struct endpointset_attempt *attempt = context;
	struct endpointset *set = attempt->set;
	struct endpoint *endpoint = endpointset_find(set, &item->endpoint);
	int r = 0;

	if (endpoint != NULL && endpoint_is_retiring(endpoint)) {
		r = endpointset_revive(set, endpoint);
		endpoint = endpoint->is_lost ? NULL : endpoint;
	}

	bool is_new = endpoint == NULL;

	if (r == 0 && is_new) {
		r = endpointset_add(set, &item->endpoint, &endpoint);
	}
	if (r < 0) {
		return result_trace(r);
	}
	endpoint->is_wanted = true;

	return endpoint->fd != -1 ? 0
				  : result_trace(endpointset_open(attempt, endpoint, is_new, item));
}

/* The prediction of a dry run: what is ours is open, otherwise ask who stands in the way. */
static int endpointset_predict(void *context, struct plan_item *item)
{
	struct endpointset_attempt *attempt = context;
	const struct endpoint *endpoint = endpointset_find(attempt->set, &item->endpoint);

	if (endpoint != NULL && endpoint->fd != -1) {
		return 0;
	}

	return result_trace(conflict_find(&attempt->view, item));
}

static int endpointset_plan_with(struct endpointset *set, const struct listenlist *list,
				 plan_attempt_fn on_attempt, struct plan *ret_plan)
{
	struct endpointset_snapshot snapshot;
	int r = endpointset_snapshot_read(set, &snapshot);

	if (r < 0) {
		return result_trace(r);
	}

	struct endpointset_attempt attempt = {
		.set = set,
		.view =
			{
				.ours = set->ours,
				.list = list,
				.locals = set->locals,
				.own_inodes = snapshot.inodes,
				.n_own_inodes = snapshot.n_inodes,
			},
	};
	const struct plan_input input = {
		.list = list,
		.locals = set->locals,
		.wants = snapshot.wants,
		.n_wants = snapshot.n_wants,
		.existing = snapshot.existing,
		.n_existing = snapshot.n_existing,
		.attempt = on_attempt,
		.context = &attempt,
	};

	r = plan_make(&input, ret_plan);
	endpointset_snapshot_fini(&snapshot);

	return result_trace(r);
}

int endpointset_make_plan(struct endpointset *set)
{
	assert(set != NULL && set->list != NULL);

	struct plan plan;

	list_for_each(node, &set->endpoints)
	{
		list_entry(node, struct endpoint, link)->is_wanted = false;
	}

	int r = endpointset_plan_with(set, set->list, endpointset_attempt, &plan);
	if (r < 0) {
		return result_trace(r);
	}
	plan_fini(&set->plan);
	set->plan = plan;

	return 0;
}

int endpointset_preview(const struct endpointset *set, const struct listenlist *list,
			struct plan *ret_plan)
{
	assert(set != NULL && list != NULL && ret_plan != NULL);

	/* The prediction changes nothing of the set. */
	return result_trace(endpointset_plan_with((struct endpointset *)set, list,
						  endpointset_predict, ret_plan));
}

void endpointset_listen(struct endpointset *set)
{
	assert(set != NULL);

	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);
		struct plan_item *item = plan_find(&set->plan, &endpoint->item.endpoint);

		if (endpoint->state != ENDPOINT_STATE_BOUND || item == NULL) {
			continue;
		}

		int verdict = bind_listen(endpoint->fd, set->backlog);

		if (verdict == 0) {
			endpoint->state = ENDPOINT_STATE_LISTENING;
			endpointset_tell_change(set, endpoint, EVENT_ID_ENDPOINT_OPENED,
						"listening");
			continue;
		}

		/* Somebody who had bound it with SO_REUSEADDR, too, was quicker. */
		const struct conflict_view view = {
			.ours = set->ours,
			.list = set->list,
			.locals = set->locals,
			.own_inodes = &endpoint->inode,
			.n_own_inodes = 1,
		};

		if (conflict_describe(&view, verdict, errno, item) < 0) {
			item->outcome = PLAN_OUTCOME_FAILED;
		}
		endpoint_fail(endpoint, item);
		endpointset_tell_failure(set, item);
	}
}

/* Hand the endpoints that serve @claim to the engine, those that it does not have yet. */
static int endpointset_send(struct endpointset *set, const struct claim *claim)
{
	struct claim_parts parts;
	int r = claim_parts_read(claim, &set->plan, set->list, &set->locals, &parts);

	for (size_t i = 0; r == 0 && i < parts.n_items; i++) {
		const struct plan_item *item = parts.items[i].item;
		struct endpoint *endpoint =
			item != NULL ? endpointset_find(set, &item->endpoint) : NULL;

		if (endpoint != NULL && endpoint->state == ENDPOINT_STATE_LISTENING &&
		    !endpoint->is_sent) {
			endpoint->is_sent = true;
			r = set->sink->open(set->sink->context, endpoint);
		}
	}
	if (r == 0) {
		claim_parts_fini(&parts);
	}

	return result_trace(r);
}

static int endpointset_tell_claim(struct endpointset *set, struct claim *claim)
{
	struct claim_verdict verdict;
	int r = claim_judge(claim, &set->plan, set->list, &set->locals, &verdict);

	if (r < 0) {
		return result_trace(r);
	}
	verdict.is_refused = false;
	if (claim->is_answered && claim_verdict_is_equal(&claim->verdict, &verdict)) {
		return 0;
	}
	claim->verdict = verdict;
	if (claim->is_orphan) {
		return 0;
	}
	claim->is_answered = true;

	return result_trace(set->sink->claim_state(set->sink->context, claim));
}

/* First every endpoint that is there, then what depends on it, then what is not wanted. */
int endpointset_carry_out(struct endpointset *set)
{
	assert(set != NULL);

	bool has_engine = set->sink->has_engine(set->sink->context);
	bool has_failed = false;

	list_for_each(node, &set->claims)
	{
		const struct claim *claim = list_entry(node, struct claim, link);
		int r = has_engine && !claim->is_orphan ? endpointset_send(set, claim) : 0;

		if (r < 0) {
			return result_trace(r);
		}
	}
	list_for_each(claim_node, &set->claims)
	{
		int r = endpointset_tell_claim(set, list_entry(claim_node, struct claim, link));

		if (r < 0) {
			return result_trace(r);
		}
	}
	list_for_each(endpoint_node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(endpoint_node, struct endpoint, link);

		has_failed = has_failed ||
			     (endpoint->is_wanted && endpoint->state == ENDPOINT_STATE_FAILED);
		if (!endpoint->is_wanted && !endpoint_is_retiring(endpoint)) {
			endpointset_retire(set, endpoint);
		}
	}
	endpointset_settle(set);
	if (has_failed) {
		timer_arm(&set->loop->timers, &set->retry,
			  mono_add_ms(set->loop->now, ENDPOINTSET_RETRY_MS));
	} else {
		timer_disarm(&set->loop->timers, &set->retry);
	}

	return 0;
}

int endpointset_apply(struct endpointset *set)
{
	assert(set != NULL && set->list != NULL);

	int r = endpointset_make_plan(set);

	if (r < 0) {
		return result_trace(r);
	}
	endpointset_listen(set);

	return result_trace(endpointset_carry_out(set));
}
