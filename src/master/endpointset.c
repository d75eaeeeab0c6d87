/* SPDX-License-Identifier: MIT */

/* Claims come and go, endpoints end; see endpointset.h.  The step itself: endpointset_apply.c. */

#include "master/endpointset.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/bind.h"
#include "master/endpointset_private.h"

void endpointset_settle(struct endpointset *set)
{
	assert(set != NULL);

	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);
		bool is_alone = true;

		list_for_each(other_node, &set->endpoints)
		{
			const struct endpoint *other =
				list_entry(other_node, struct endpoint, link);

			if (other != endpoint && other->fd != -1 &&
			    bind_overlaps(&other->item.endpoint, &endpoint->item.endpoint)) {
				is_alone = false;
			}
		}
		if (is_alone) {
			endpoint_set_reuseport(endpoint, false);
		}
	}
}

void endpointset_tell_change(const struct endpointset *set, const struct endpoint *endpoint,
			     unsigned id, const char *what)
{
	assert(set != NULL && endpoint != NULL && what != NULL);

	char address[IP_ENDPOINT_TEXT_BYTES];
	char sentence[TEXT_BYTES];

	ip_endpoint_format(&endpoint->item.endpoint, address);
	text_setf(sentence, sizeof(sentence), "%s: %s", address, what);

	const struct event event = {
		.id = id,
		.level = DIAG_LEVEL_INFO,
		.text = sentence,
		.endpoint = address,
	};

	set->sink->event(set->sink->context, &event);
}

void endpointset_drop(struct endpointset *set, struct endpoint *endpoint)
{
	assert(set != NULL && endpoint != NULL);

	bool was_retiring = endpoint_is_retiring(endpoint);

	if (was_retiring || endpoint->state == ENDPOINT_STATE_LISTENING) {
		endpointset_tell_change(set, endpoint, EVENT_ID_ENDPOINT_CLOSED, "closed");
	}
	endpoint_free(endpoint);
	endpointset_settle(set);
	if (was_retiring) {
		set->sink->endpoint_gone(set->sink->context);
	}
}

void endpointset_retire(struct endpointset *set, struct endpoint *endpoint)
{
	assert(set != NULL && endpoint != NULL && !endpoint_is_retiring(endpoint));

	if (endpoint->state != ENDPOINT_STATE_LISTENING || !endpoint->is_sent ||
	    !set->sink->has_engine(set->sink->context)) {
		endpointset_drop(set, endpoint);
		return;
	}
	set->retire_last++;
	endpoint_drain(endpoint, set->drain_ms, set->retire_last);
}

static void endpointset_on_drained(struct endpoint *endpoint)
{
	struct endpointset *set = endpoint->owner->context;

	if (!endpoint->is_sent || !set->sink->has_engine(set->sink->context)) {
		endpointset_drop(set, endpoint);
		return;
	}
	endpoint_await_engine(endpoint);

	int r = set->sink->retire(set->sink->context, endpoint->id);
	if (r < 0) {
		set->sink->failure(set->sink->context, r);
	}
}

static void endpointset_on_timeout(struct endpoint *endpoint)
{
	struct endpointset *set = endpoint->owner->context;
	char text[IP_ENDPOINT_TEXT_BYTES];

	ip_endpoint_format(&endpoint->item.endpoint, text);
	diag_warning("the engine does not close %s; it is shut down under it", text);
	/* Ends listening for all who have the socket; a failure leaves it to the engine's end. */
	(void)shutdown(endpoint->fd, SHUT_RD);
	endpointset_drop(set, endpoint);
}

static void endpointset_on_retry(struct timer *timer, struct mono_time now)
{
	struct endpointset *set = container_of(timer, struct endpointset, retry);

	(void)now;

	int r = endpointset_apply(set);
	if (r < 0) {
		set->sink->failure(set->sink->context, r);
	}
}

void endpointset_init(struct endpointset *set, struct loop *loop,
		      const struct endpointset_sink *sink)
{
	assert(set != NULL && loop != NULL && sink != NULL);

	*set = (struct endpointset){
		.loop = loop,
		.sink = sink,
		.socket_uid = BIND_UID_KEEP,
		.backlog = SOMAXCONN,
		.endpoint_owner =
			{
				.on_drained = endpointset_on_drained,
				.on_timeout = endpointset_on_timeout,
				.context = set,
			},
	};
	list_init(&set->endpoints);
	list_init(&set->claims);
	timer_init(&set->retry, endpointset_on_retry);
}

static void endpointset_free_claim(struct claim *claim)
{
	list_remove(&claim->link);
	mem_free(claim);
}

void endpointset_fini(struct endpointset *set)
{
	assert(set != NULL);

	if (set->loop == NULL) {
		return;
	}
	timer_disarm(&set->loop->timers, &set->retry);
	list_for_each(node, &set->claims)
	{
		endpointset_free_claim(list_entry(node, struct claim, link));
	}
	list_for_each(node, &set->endpoints)
	{
		endpoint_free(list_entry(node, struct endpoint, link));
	}
	plan_fini(&set->plan);
	*set = (struct endpointset){0};
}

struct endpoint *endpointset_find(const struct endpointset *set, const struct ip_endpoint *address)
{
	assert(set != NULL && address != NULL);

	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		if (!endpoint->is_lost && ip_endpoint_is_equal(&endpoint->item.endpoint, address)) {
			return endpoint;
		}
	}

	return NULL;
}

struct claim *endpointset_find_claim(const struct endpointset *set, uint64_t id)
{
	assert(set != NULL);

	list_for_each(node, &set->claims)
	{
		struct claim *claim = list_entry(node, struct claim, link);

		if (claim->id == id && !claim->is_orphan) {
			return claim;
		}
	}

	return NULL;
}

/* The new claim takes an equal orphan's place; a port changes its scheme only as a whole. */
static void endpointset_replace_orphans(struct endpointset *set, const struct claim *claim)
{
	list_for_each(node, &set->claims)
	{
		struct claim *other = list_entry(node, struct claim, link);

		if (other->is_orphan &&
		    (claim_is_same(other, claim) ||
		     (other->want.port == claim->want.port && other->scheme != claim->scheme))) {
			endpointset_free_claim(other);
		}
	}
}

/* Refuse @claim: nothing of it stays. */
static int endpointset_refuse(struct endpointset *set, struct claim *claim)
{
	claim->is_answered = true;

	int r = set->sink->claim_state(set->sink->context, claim);

	endpointset_free_claim(claim);
	if (r < 0) {
		return result_trace(r);
	}

	return result_trace(endpointset_apply(set));
}

/*
 * A refused claim must leave no trace: its endpoints are bound, but listen only once it is clear
 * that it stands.
 */
static int endpointset_try_claim(struct endpointset *set, struct claim *claim, bool *ret_is_refused)
{
	int r = endpointset_make_plan(set);

	if (r == 0) {
		r = claim_judge(claim, &set->plan, set->list, &set->locals, &claim->verdict);
	}
	if (r == 0 && !claim->verdict.is_refused) {
		endpointset_listen(set);
		r = claim_judge(claim, &set->plan, set->list, &set->locals, &claim->verdict);
	}
	if (r < 0) {
		return result_trace(r);
	}
	*ret_is_refused = claim->verdict.is_refused;
	if (claim->verdict.is_refused) {
		return result_trace(endpointset_refuse(set, claim));
	}

	return result_trace(endpointset_carry_out(set));
}

int endpointset_open_claim(struct endpointset *set, uint64_t id, unsigned scheme,
			   const struct listen_want *want, bool *ret_is_refused)
{
	assert(set != NULL && set->list != NULL && want != NULL && want->port != 0);
	assert(ret_is_refused != NULL);

	if (endpointset_find_claim(set, id) != NULL) {
		return ENDPOINTSET_E_EXISTS;
	}

	struct claim *claim = mem_new(sizeof(*claim));

	if (claim == NULL) {
		return result_origin(-ENOMEM);
	}
	claim->id = id;
	claim->scheme = scheme;
	claim->want = *want;
	endpointset_replace_orphans(set, claim);
	list_append(&set->claims, &claim->link);

	return result_trace(endpointset_try_claim(set, claim, ret_is_refused));
}

int endpointset_close_claim(struct endpointset *set, uint64_t id)
{
	assert(set != NULL);

	struct claim *claim = endpointset_find_claim(set, id);

	if (claim == NULL) {
		return ENDPOINTSET_E_NOT_FOUND;
	}
	endpointset_free_claim(claim);

	return result_trace(endpointset_apply(set));
}

void endpointset_engine_gone(struct endpointset *set)
{
	assert(set != NULL);

	list_for_each(node, &set->claims)
	{
		list_entry(node, struct claim, link)->is_orphan = true;
	}
	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		endpoint->is_sent = false;
		if (endpoint_is_retiring(endpoint)) {
			endpointset_drop(set, endpoint);
		}
	}
}

int endpointset_drop_orphans(struct endpointset *set)
{
	assert(set != NULL);

	list_for_each(node, &set->claims)
	{
		struct claim *claim = list_entry(node, struct claim, link);

		if (claim->is_orphan) {
			endpointset_free_claim(claim);
		}
	}

	return result_trace(endpointset_apply(set));
}

void endpointset_engine_closed(struct endpointset *set, uint64_t endpoint_id)
{
	assert(set != NULL);

	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		/* One that was wanted again meanwhile has another number now. */
		if (endpoint->id == endpoint_id && endpoint->state == ENDPOINT_STATE_CLOSING) {
			endpointset_drop(set, endpoint);
			return;
		}
	}
}

void endpointset_retire_all(struct endpointset *set)
{
	assert(set != NULL);

	timer_disarm(&set->loop->timers, &set->retry);
	list_for_each(node, &set->claims)
	{
		endpointset_free_claim(list_entry(node, struct claim, link));
	}
	list_for_each(node, &set->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		if (!endpoint_is_retiring(endpoint)) {
			endpointset_retire(set, endpoint);
		}
	}
}

bool endpointset_is_retired(const struct endpointset *set, uint64_t number)
{
	assert(set != NULL);

	list_for_each(node, &set->endpoints)
	{
		const struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		if (endpoint_is_retiring(endpoint) && endpoint->retire_number <= number) {
			return false;
		}
	}

	return true;
}
