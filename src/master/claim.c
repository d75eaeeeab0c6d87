/* SPDX-License-Identifier: MIT */

/* How claims stand; see claim.h. */

#include "master/claim.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/result.h"
#include "wire/error.h"

#define CLAIM_TEXTS_MAX 4 /* how many endpoints a verdict's text names */

/* What an outcome means for a claim. */
struct claim_outcome_row {
	bool is_failure;
	bool refuses; /* as the first answer */
	int code;
};

static const struct claim_outcome_row claim_outcomes[PLAN_OUTCOME_COUNT_] = {
	[PLAN_OUTCOME_OPEN] = {false, false, 0},
	[PLAN_OUTCOME_IN_USE] = {true, true, WIRE_ERROR_PORT_IN_USE},
	[PLAN_OUTCOME_DENIED] = {true, true, WIRE_ERROR_DENIED},
	[PLAN_OUTCOME_NO_ADDRESS] = {true, false, WIRE_ERROR_UNREACHABLE},
	[PLAN_OUTCOME_NO_FAMILY] = {true, true, WIRE_ERROR_NOT_SUPPORTED},
	[PLAN_OUTCOME_FAILED] = {true, true, WIRE_ERROR_SYSTEM},
};

static const char *const claim_state_names[] = {
	[WIRE_STATE_SERVED] = "served",
	[WIRE_STATE_PARTLY_SERVED] = "partly served",
	[WIRE_STATE_UNREACHABLE] = "unreachable",
};

/* The sums over a claim's parts. */
struct claim_tally {
	size_t n_open;
	size_t n_failed;
	size_t n_refusing;
	const struct plan_item *failed;       /* the first one */
	const struct claim_part *unreachable; /* the first pending or excluded one */
};

static bool claim_parts_has(const struct claim_parts *parts, const struct plan_item *item)
{
	for (size_t i = 0; i < parts->n_items; i++) {
		if (parts->items[i].item == item) {
			return true;
		}
	}

	return false;
}

static void claim_parts_add(struct claim_parts *parts, const struct listen_endpoint *listen,
			    struct plan_item *item)
{
	if (item == NULL || !claim_parts_has(parts, item)) {
		parts->items[parts->n_items] = (struct claim_part){.listen = *listen, .item = item};
		parts->n_items++;
	}
}

/* The item that serves @endpoint: its own, or the wildcard's of its family. */
static struct plan_item *claim_find_serving(const struct plan *plan,
					    const struct ip_endpoint *endpoint)
{
	struct plan_item *item = plan_find(plan, endpoint);
	const struct ip_endpoint wildcard = {
		.addr = ip_addr_any(endpoint->addr.family),
		.port = endpoint->port,
	};

	return item != NULL ? item : plan_find(plan, &wildcard);
}

/* Beside a wildcard that failed: the addresses of its family that are open all the same. */
static void claim_parts_add_narrower(struct claim_parts *parts, const struct plan *plan,
				     const struct listen_endpoint *listen)
{
	for (size_t i = 0; i < plan->n_items; i++) {
		struct plan_item *item = &plan->items[i];
		const struct ip_endpoint *endpoint = &item->endpoint;

		if (endpoint->port == listen->endpoint.port &&
		    endpoint->addr.family == listen->endpoint.addr.family &&
		    !ip_addr_is_any(&endpoint->addr)) {
			claim_parts_add(parts, listen, item);
		}
	}
}

int claim_parts_read(const struct claim *claim, const struct plan *plan,
		     const struct listenlist *list, const struct listen_locals *locals,
		     struct claim_parts *ret_parts)
{
	assert(claim != NULL && plan != NULL && list != NULL && locals != NULL &&
	       ret_parts != NULL);

	struct listen_resolution resolution;
	struct claim_parts parts = {0};
	int r = listenlist_resolve(list, &claim->want, 1, locals, &resolution);

	if (r < 0) {
		return result_trace(r);
	}

	parts.reason = resolution.reason;
	parts.items =
		mem_new_array(resolution.n_endpoints + plan->n_items + 1, sizeof(*parts.items));
	if (parts.items == NULL) {
		listen_resolution_fini(&resolution);
		return result_origin(-ENOMEM);
	}

	for (size_t i = 0; i < resolution.n_endpoints; i++) {
		const struct listen_endpoint *listen = &resolution.endpoints[i];

		if (listen->state != LISTEN_STATE_WANTED) {
			claim_parts_add(&parts, listen, NULL);
			continue;
		}

		struct plan_item *item = claim_find_serving(plan, &listen->endpoint);

		claim_parts_add(&parts, listen, item);
		if (item != NULL && item->outcome != PLAN_OUTCOME_OPEN &&
		    ip_addr_is_any(&listen->endpoint.addr)) {
			claim_parts_add_narrower(&parts, plan, listen);
		}
	}
	listen_resolution_fini(&resolution);
	*ret_parts = parts;

	return 0;
}

void claim_parts_fini(struct claim_parts *parts)
{
	assert(parts != NULL);

	mem_free(parts->items);
	*parts = (struct claim_parts){0};
}

static void claim_count(const struct claim_parts *parts, bool is_empty_list,
			struct claim_tally *tally)
{
	for (size_t i = 0; i < parts->n_items; i++) {
		const struct claim_part *part = &parts->items[i];

		if (part->item == NULL) {
			tally->unreachable = tally->unreachable != NULL ? tally->unreachable : part;
			continue;
		}

		/* "Everything" on a machine without IPv6 is IPv4; a listed "::" wants IPv6. */
		if (part->item->outcome == PLAN_OUTCOME_NO_FAMILY && is_empty_list) {
			continue;
		}

		const struct claim_outcome_row *row = &claim_outcomes[part->item->outcome];

		tally->n_open += !row->is_failure;
		tally->n_failed += row->is_failure;
		tally->n_refusing += row->refuses;
		if (row->is_failure && tally->failed == NULL) {
			tally->failed = part->item;
		}
	}
}

static void claim_add_sentence(struct claim_verdict *verdict, const char *sentence)
{
	text_appendf(verdict->text, sizeof(verdict->text), "%s%s",
		     verdict->text[0] != '\0' ? "; " : "", sentence);
}

static int claim_add_listen(struct claim_verdict *verdict, const struct listen_endpoint *listen)
{
	struct buf line = {.len_max = TEXT_BYTES};
	int r = listen_endpoint_format(listen, &line);

	if (r == 0) {
		text_appendf(verdict->text, sizeof(verdict->text), "%s%.*s",
			     verdict->text[0] != '\0' ? "; " : "", SLICE_ARG(buf_slice(&line)));
	}
	buf_fini(&line);

	return result_trace(r);
}

/* The endpoints that failed, or else the ones that are not there, each with its reason. */
static int claim_write_text(const struct claim_parts *parts, const struct claim_tally *tally,
			    struct claim_verdict *verdict)
{
	unsigned n = 0;

	for (size_t i = 0; i < parts->n_items; i++) {
		const struct claim_part *part = &parts->items[i];
		bool is_failed = part->item != NULL && part->item->text[0] != '\0';
		bool is_absent = part->item == NULL && tally->n_failed == 0;
		int r = 0;

		if ((!is_failed && !is_absent) || (is_failed && tally->n_failed == 0)) {
			continue;
		}
		if (n == CLAIM_TEXTS_MAX) {
			claim_add_sentence(verdict, "and others");
			break;
		}
		n++;
		if (is_failed) {
			claim_add_sentence(verdict, part->item->text);
		} else {
			r = claim_add_listen(verdict, &part->listen);
		}
		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}

/* What to type so that an endpoint that the list keeps away, or that is absent, is served. */
static void claim_write_repair(const struct claim *claim, enum listen_reason reason,
			       const struct listen_endpoint *listen, struct claim_verdict *verdict)
{
	struct ip_endpoint endpoint = {.addr = claim->want.addr, .port = claim->want.port};
	char address[IP_ADDR_TEXT_BYTES] = "ADDRESS";
	char pair[IP_ENDPOINT_TEXT_BYTES] = "ADDRESS:PORT";
	char *repair = verdict->repair;

	if (listen != NULL) {
		endpoint = listen->endpoint;
	}
	if (endpoint.addr.family != 0) {
		ip_addr_format(&endpoint.addr, address);
		ip_endpoint_format(&endpoint, pair);
	}

	if (listen != NULL && listen->state == LISTEN_STATE_PENDING) {
		text_setf(repair, REPAIR_BYTES, "ip address add %s dev INTERFACE", address);
	} else if (reason == LISTEN_REASON_NONE) {
		text_setf(repair, REPAIR_BYTES, "httpcfg delete iplisten -i none");
	} else if (reason == LISTEN_REASON_PORT_NOT_LISTED) {
		text_setf(repair, REPAIR_BYTES, "httpcfg set iplisten -i %s", pair);
	} else if (reason == LISTEN_REASON_NO_ENTRY_FOR_PORT) {
		text_setf(repair, REPAIR_BYTES, "httpcfg set iplisten -i ADDRESS:%u",
			  claim->want.port);
	} else {
		text_setf(repair, REPAIR_BYTES, "httpcfg set iplisten -i %s", address);
	}
}

static enum wire_state claim_state_of(const struct claim_tally *tally)
{
	if (tally->n_open == 0) {
		return WIRE_STATE_UNREACHABLE;
	}

	return tally->n_failed > 0 ? WIRE_STATE_PARTLY_SERVED : WIRE_STATE_SERVED;
}

static int claim_conclude(const struct claim *claim, const struct claim_parts *parts,
			  const struct claim_tally *tally, bool is_empty_list,
			  struct claim_verdict *verdict)
{
	verdict->state = claim_state_of(tally);
	verdict->is_refused = tally->n_refusing > 0 && (is_empty_list || tally->n_open == 0);
	if (tally->failed != NULL) {
		verdict->code = claim_outcomes[tally->failed->outcome].code;
		text_setf(verdict->repair, sizeof(verdict->repair), "%s", tally->failed->repair);
	} else if (verdict->state == WIRE_STATE_UNREACHABLE) {
		const struct listen_endpoint *listen =
			tally->unreachable != NULL ? &tally->unreachable->listen : NULL;

		verdict->code = WIRE_ERROR_UNREACHABLE;
		claim_write_repair(claim, listen != NULL ? listen->reason : parts->reason, listen,
				   verdict);
	}
	if (parts->n_items == 0) {
		text_setf(verdict->text, sizeof(verdict->text), "nothing listens on port %u: %s",
			  claim->want.port, listen_reason_text(parts->reason));
		return 0;
	}

	return result_trace(claim_write_text(parts, tally, verdict));
}

int claim_judge(const struct claim *claim, const struct plan *plan, const struct listenlist *list,
		const struct listen_locals *locals, struct claim_verdict *ret_verdict)
{
	assert(ret_verdict != NULL);

	struct claim_parts parts;
	struct claim_tally tally = {0};
	struct claim_verdict verdict = {0};
	bool is_empty_list = listenlist_is_empty(list);
	int r = claim_parts_read(claim, plan, list, locals, &parts);

	if (r < 0) {
		return result_trace(r);
	}
	claim_count(&parts, is_empty_list, &tally);
	r = claim_conclude(claim, &parts, &tally, is_empty_list, &verdict);
	claim_parts_fini(&parts);
	if (r < 0) {
		return result_trace(r);
	}
	*ret_verdict = verdict;

	return 0;
}

bool claim_verdict_is_equal(const struct claim_verdict *a, const struct claim_verdict *b)
{
	assert(a != NULL && b != NULL);

	return a->state == b->state && a->code == b->code && strcmp(a->text, b->text) == 0 &&
	       strcmp(a->repair, b->repair) == 0;
}

bool claim_is_same(const struct claim *a, const struct claim *b)
{
	assert(a != NULL && b != NULL);

	return a->scheme == b->scheme && a->want.port == b->want.port &&
	       a->want.is_shared == b->want.is_shared &&
	       ip_addr_is_equal(&a->want.addr, &b->want.addr);
}

const char *claim_state_word(enum wire_state state)
{
	assert(state <= WIRE_STATE_UNREACHABLE);

	return claim_state_names[state];
}
