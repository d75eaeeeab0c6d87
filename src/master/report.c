/* SPDX-License-Identifier: MIT */

/* Before and after of a change; see report.h. */

#include "master/report.h"

#include <assert.h>
#include <errno.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/document.h"
#include "master/endpointset.h"
#include "master/owner.h"
#include "master/text.h"

static bool report_has(const struct ip_endpoint *endpoints, size_t n,
		       const struct ip_endpoint *endpoint)
{
	for (size_t i = 0; i < n; i++) {
		if (ip_endpoint_is_equal(&endpoints[i], endpoint)) {
			return true;
		}
	}

	return false;
}

/* A machine without IPv6 misses nothing as long as nobody lists an IPv6 address. */
static bool report_is_failure(const struct plan_item *item, const struct listenlist *list)
{
	return item->outcome != PLAN_OUTCOME_OPEN &&
	       (item->outcome != PLAN_OUTCOME_NO_FAMILY || !listenlist_is_empty(list));
}

int report_init(struct report *report, const struct endpointset *set)
{
	assert(report != NULL && set != NULL);

	size_t n_endpoints = 1;
	size_t n_claims = 1;

	list_for_each(endpoint_node, &set->endpoints)
	{
		n_endpoints++;
	}
	list_for_each(claim_node, &set->claims)
	{
		n_claims++;
	}
	*report = (struct report){
		.listening = mem_new_array(n_endpoints, sizeof(*report->listening)),
		.failed = mem_new_array(n_endpoints, sizeof(*report->failed)),
		.claims = mem_new_array(n_claims, sizeof(*report->claims)),
	};
	if (report->listening == NULL || report->failed == NULL || report->claims == NULL) {
		report_fini(report);
		return result_origin(-ENOMEM);
	}

	list_for_each(node, &set->endpoints)
	{
		const struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		if (endpoint->state == ENDPOINT_STATE_LISTENING) {
			report->listening[report->n_listening] = endpoint->item.endpoint;
			report->n_listening++;
		} else if (endpoint->state == ENDPOINT_STATE_FAILED) {
			report->failed[report->n_failed] = endpoint->item.endpoint;
			report->n_failed++;
		}
	}
	list_for_each(node, &set->claims)
	{
		const struct claim *claim = list_entry(node, struct claim, link);

		if (!claim->is_orphan) {
			report->claims[report->n_claims] = (struct report_claim){
				.id = claim->id,
				.state = claim->verdict.state,
			};
			report->n_claims++;
		}
	}

	return 0;
}

void report_fini(struct report *report)
{
	assert(report != NULL);

	mem_free(report->listening);
	mem_free(report->failed);
	mem_free(report->claims);
	*report = (struct report){0};
}

static void report_write_moves(const struct report *report, const struct plan *plan,
			       struct json_writer *writer)
{
	json_key(writer, "opened");
	json_begin_array(writer);
	for (size_t i = 0; i < plan->n_items; i++) {
		const struct plan_item *item = &plan->items[i];

		if (item->outcome == PLAN_OUTCOME_OPEN &&
		    !report_has(report->listening, report->n_listening, &item->endpoint)) {
			document_put_endpoint(writer, &item->endpoint);
		}
	}
	json_end_array(writer);

	json_key(writer, "closed");
	json_begin_array(writer);
	for (size_t i = 0; i < report->n_listening; i++) {
		if (!plan_has_open(plan, &report->listening[i])) {
			document_put_endpoint(writer, &report->listening[i]);
		}
	}
	json_end_array(writer);
}

static int report_write_failed(const struct endpointset *set, const struct plan *plan,
			       const struct listenlist *list, const struct report_reader *reader,
			       struct json_writer *writer)
{
	int r = 0;

	json_key(writer, "failed");
	json_begin_array(writer);
	for (size_t i = 0; r == 0 && i < plan->n_items; i++) {
		const struct plan_item *item = &plan->items[i];

		if (!report_is_failure(item, list)) {
			continue;
		}
		json_begin_object(writer);
		json_key(writer, "endpoint");
		document_put_endpoint(writer, &item->endpoint);
		document_put(writer, "text", item->text);
		json_key(writer, "owner");
		r = document_put_holder(writer, item, &set->ours, reader);
		json_end_object(writer);
	}
	json_end_array(writer);

	return result_trace(r);
}

static const struct report_claim *report_find_claim(const struct report *report, uint64_t id)
{
	for (size_t i = 0; i < report->n_claims; i++) {
		if (report->claims[i].id == id) {
			return &report->claims[i];
		}
	}

	return NULL;
}

static int report_write_claims(const struct report *report, const struct endpointset *set,
			       const struct plan *plan, const struct listenlist *list,
			       struct json_writer *writer)
{
	json_key(writer, "claims");
	json_begin_array(writer);
	list_for_each(node, &set->claims)
	{
		const struct claim *claim = list_entry(node, struct claim, link);
		const struct report_claim *before = report_find_claim(report, claim->id);
		struct claim_verdict after;

		if (before == NULL || claim->is_orphan) {
			continue;
		}

		int r = claim_judge(claim, plan, list, &set->locals, &after);
		if (r < 0) {
			return result_trace(r);
		}
		json_begin_object(writer);
		document_put_claim(writer, claim);
		document_put(writer, "before", claim_state_word(before->state));
		document_put(writer, "after", claim_state_word(after.state));
		document_put(writer, "text", after.text);
		document_put(writer, "repair", after.repair);
		json_end_object(writer);
	}
	json_end_array(writer);

	return 0;
}

int report_write(const struct report *report, const struct endpointset *set,
		 const struct plan *plan, const struct listenlist *list,
		 const struct report_reader *reader, struct json_writer *writer)
{
	assert(report != NULL && set != NULL && plan != NULL && list != NULL);
	assert(reader != NULL && writer != NULL);

	report_write_moves(report, plan, writer);

	int r = report_write_failed(set, plan, list, reader, writer);

	return r < 0 ? result_trace(r)
		     : result_trace(report_write_claims(report, set, plan, list, writer));
}

size_t report_describe_failures(const struct report *report, const struct plan *plan,
				const struct listenlist *list, char *text, size_t size)
{
	assert(report != NULL && plan != NULL && list != NULL && text != NULL);

	size_t n = 0;

	for (size_t i = 0; i < plan->n_items; i++) {
		const struct plan_item *item = &plan->items[i];

		if (!report_is_failure(item, list) ||
		    report_has(report->failed, report->n_failed, &item->endpoint)) {
			continue;
		}
		text_appendf(text, size, "%s%s", text[0] != '\0' ? "; " : "", item->text);
		n++;
	}

	return n;
}
