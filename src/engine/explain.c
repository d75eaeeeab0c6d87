/* SPDX-License-Identifier: MIT */

/*
 * explain: the request path's own parsing, cooking and look-up, with every site that was looked at
 * written down.
 */

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/result.h"
#include "engine/app_queue.h"
#include "engine/control.h"
#include "engine/document.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/registration.h"
#include "http/host.h"
#include "http/target.h"
#include "urlspace/sddl.h"
#include "wire/message.h"

#define EXPLAIN_TEXT_BYTES (PREFIX_BYTES_MAX + 512)

struct explain {
	struct route_trace trace; /* first: the trace's callback finds the rest */
	struct json_writer *json;
	const struct control *control;
	struct http_target target;
	struct http_host host;
	struct ip_endpoint local;
	struct slice path;
	char *cook;
	enum http_reason reason;
	char text[EXPLAIN_TEXT_BYTES];
	char repair[EXPLAIN_TEXT_BYTES];
};

static const char *explain_bucket(unsigned bucket)
{
	static const char *const names[] = {"strong", "explicit", "ip", "weak"};

	assert(bucket < array_len(names));

	return names[bucket];
}

static void explain_str(struct json_writer *json, const char *key, struct slice value)
{
	json_key(json, key);
	if (value.data != NULL) {
		json_str(json, value);
	} else {
		json_nil(json);
	}
}

static struct slice explain_kind(const struct route_entry *entry)
{
	if (entry == NULL) {
		return (struct slice){0};
	}

	return entry->group != NULL ? SLICE("registration") : SLICE("reservation");
}

static void explain_on_site(struct route_trace *trace, const struct route_site *site,
			    const struct route_entry *entry)
{
	struct explain *explain = container_of(trace, struct explain, trace);
	struct json_writer *json = explain->json;
	char text[EXPLAIN_TEXT_BYTES];

	(void)snprintf(text, sizeof(text),
		       entry != NULL ? "the longest entry at or above the path"
				     : "the host matches, but no entry covers the path");
	json_begin_object(json);
	explain_str(json, "bucket", slice_from_str(explain_bucket(site->bucket)));
	explain_str(json, "prefix", entry != NULL ? route_entry_text(entry) : (struct slice){0});
	explain_str(json, "kind", explain_kind(entry));
	json_key(json, "is_match");
	json_bool(json, entry != NULL);
	explain_str(json, "text", slice_from_str(text));
	json_end_object(json);
}

/* Take the URL and the destination apart as the request path would. */
static void explain_parse(struct explain *explain, const struct message *message)
{
	struct slice url = message_text(message, FIELD_URL);
	struct slice address = message_text(message, FIELD_ADDRESS);
	const struct http_limits *limits = &explain->control->params.limits;

	explain->reason = http_target_split(url, false, &explain->target);
	if (explain->reason == HTTP_REASON_NONE &&
	    (explain->target.form != HTTP_TARGET_ABSOLUTE ||
	     !http_host_parse(explain->target.authority, &explain->host))) {
		explain->reason = HTTP_REASON_HOSTNAME;
	}
	if (explain->reason != HTTP_REASON_NONE) {
		return;
	}

	explain->local.port = explain->target.scheme == HTTP_SCHEME_HTTPS ? 443 : 80;
	if (explain->host.port != 0) {
		explain->local.port = explain->host.port;
	}
	struct ip_endpoint to;
	if (ip_endpoint_parse(address, &to)) {
		explain->local = to;
	} else if (!ip_addr_parse(address, &explain->local.addr)) {
		explain->local.addr = explain->host.addr; /* family 0 when the host is a name */
	}

	struct slice raw = explain->target.raw_path;
	explain->path = SLICE("/");
	if (raw.len > 0) {
		explain->cook = mem_new(HTTP_TARGET_COOKED_BYTES(raw.len));
		explain->reason = http_target_cook(
			raw, limits, explain->cook,
			explain->cook != NULL ? HTTP_TARGET_COOKED_BYTES(raw.len) : 0,
			&explain->path);
	}
}

static void explain_entry(struct explain *explain, const struct route_entry *entry)
{
	const struct control *control = explain->control;
	struct json_writer *json = explain->json;
	cleanup_(buf_fini) struct buf sddl = {0};
	cleanup_(prefix_fini) struct prefix prefix = {0};

	json_key(json, "entry");
	if (entry == NULL || prefix_parse(route_entry_text(entry), &prefix, NULL) != 0) {
		json_nil(json);

		return;
	}

	const struct registration *registration = map_find(&control->registrations, prefix.key);
	const struct reservation *reservation =
		reservation_set_find_covering(&control->reservations, &prefix);

	json_begin_object(json);
	explain_str(json, "prefix", slice_from_str(prefix.text));
	explain_str(json, "kind",
		    registration != NULL ? SLICE("registration") : SLICE("reservation"));
	if (registration != NULL) {
		const struct group *group = registration->group;

		json_key(json, "queue_id");
		json_u64(json, group->queue != NULL ? group->queue->id : 0);
		explain_str(json, "queue_name",
			    slice_from_str(group->queue != NULL ? group->queue->name : NULL));
		json_key(json, "uid");
		json_u64(json, group->uid);
		json_key(json, "pid");
		json_u64(json, (uint64_t)group->pid);
		explain_str(json, "program", slice_from_str(group->program));
		explain_str(json, "state",
			    slice_from_str(claim_state_name(registration->claim->state)));
	}
	explain_str(json, "reservation",
		    slice_from_str(reservation != NULL ? reservation->prefix.text : NULL));
	if (reservation != NULL && sddl_format(&reservation->acl, &sddl) == 0) {
		explain_str(json, "sddl", buf_slice(&sddl));
	} else {
		explain_str(json, "sddl", (struct slice){0});
	}
	json_end_object(json);
}

/* The sentences: what becomes of the request, and what to do about it. */
static void explain_judge(struct explain *explain, const struct route_match *match)
{
	const char *prefix = match->entry != NULL ? route_entry_text(match->entry).data : "";
	const struct url_group *group = match->entry != NULL ? match->entry->group : NULL;

	switch (match->outcome) {
	case ROUTE_OUTCOME_FOUND:
		if (group->state != GROUP_STATE_ACTIVE) {
			explain->reason = HTTP_REASON_DISABLED;
			(void)snprintf(explain->text, sizeof(explain->text),
				       "%s would get it, but its URL group is inactive", prefix);
		} else if (group->queue == NULL) {
			explain->reason = HTTP_REASON_NOT_AVAILABLE;
			(void)snprintf(explain->text, sizeof(explain->text),
				       "%s would get it, but its URL group has no queue", prefix);
		} else {
			(void)snprintf(explain->text, sizeof(explain->text), "%s gets it", prefix);
		}
		break;
	case ROUTE_OUTCOME_RESERVED:
		explain->reason = HTTP_REASON_NOT_AVAILABLE;
		(void)snprintf(explain->text, sizeof(explain->text),
			       "the reservation %s stops it: nobody has registered there", prefix);
		(void)snprintf(explain->repair, sizeof(explain->repair),
			       "start the program that the reservation is for, or: httpcfg delete "
			       "urlacl -u %s",
			       prefix);
		break;
	case ROUTE_OUTCOME_NO_PATH:
		explain->reason = HTTP_REASON_NOT_FOUND;
		(void)snprintf(explain->text, sizeof(explain->text),
			       "the host is known, but nothing is registered at or above %.*s",
			       SLICE_ARG(explain->path));
		break;
	case ROUTE_OUTCOME_NO_HOST:
		explain->reason = HTTP_REASON_HOSTNAME;
		(void)snprintf(explain->text, sizeof(explain->text),
			       "nothing is registered for host %.*s on port %u",
			       SLICE_ARG(explain->host.name), explain->local.port);
		break;
	}
}

static void explain_write(struct explain *explain)
{
	struct json_writer *json = explain->json;
	struct route_match match = {.outcome = ROUTE_OUTCOME_NO_HOST};
	bool is_parsed = explain->reason == HTTP_REASON_NONE;

	json_begin_object(json);
	json_key(json, "considered");
	json_begin_array(json);
	if (is_parsed) {
		struct route_key key = {
			.scheme = explain->target.scheme == HTTP_SCHEME_HTTPS ? PREFIX_SCHEME_HTTPS
									      : PREFIX_SCHEME_HTTP,
			.port = explain->local.port,
			.host = explain->host.name,
			.is_host_literal = explain->host.kind != HTTP_HOST_NAME,
			.local = &explain->local.addr,
			.path = explain->path,
		};

		explain->trace.on_site = explain_on_site;
		match = route_lookup(&explain->control->engine->routes, &key, &explain->trace);
		explain_judge(explain, &match);
	} else {
		(void)snprintf(explain->text, sizeof(explain->text), "the URL would be refused: %s",
			       http_reason_text(explain->reason).data);
	}
	json_end_array(json);

	explain_entry(explain, match.entry);
	explain_str(json, "bucket",
		    match.entry != NULL ? slice_from_str(explain_bucket(match.bucket))
					: (struct slice){0});
	explain_str(json, "outcome",
		    explain->reason == HTTP_REASON_NONE ? SLICE("delivered") : SLICE("refused"));
	json_key(json, "status");
	json_u64(json,
		 explain->reason == HTTP_REASON_NONE ? 0 : http_reason_status(explain->reason));
	explain_str(json, "reason",
		    explain->reason == HTTP_REASON_NONE ? (struct slice){0}
							: http_reason_log_text(explain->reason));
	explain_str(json, "host", explain->host.name);
	explain_str(json, "path", explain->path);
	explain_str(json, "text", slice_from_str(explain->text));
	explain_str(json, "repair", slice_from_str(explain->repair));
	json_end_object(json);
}

int document_write_explain(struct control *control, const struct message *message, struct buf *buf)
{
	struct explain *explain = mem_new(sizeof(*explain));
	struct json_writer json;

	if (explain == NULL) {
		return result_origin(-ENOMEM);
	}

	json_init(&json, buf);
	explain->json = &json;
	explain->control = control;
	explain_parse(explain, message);
	explain_write(explain);
	mem_free(explain->cook);
	mem_free(explain);

	return result_trace(json_finish(&json));
}
