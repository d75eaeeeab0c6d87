/* SPDX-License-Identifier: MIT */

/* The running state as JSON; see document.h. */

#include "master/document.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/result.h"
#include "master/master.h"
#include "master/owner.h"
#include "registry/registry_value.h"

void document_put(struct json_writer *writer, const char *key, const char *text)
{
	json_key(writer, key);
	if (text == NULL) {
		json_nil(writer);
	} else {
		json_str(writer, slice_from_str(text));
	}
}

void document_put_time(struct json_writer *writer, const char *key, struct wall_time time)
{
	char text[CLOCK_ISO8601_BYTES];

	clock_format_iso8601(time, text);
	document_put(writer, key, text);
}

void document_put_endpoint(struct json_writer *writer, const struct ip_endpoint *endpoint)
{
	char text[IP_ENDPOINT_TEXT_BYTES];

	ip_endpoint_format(endpoint, text);
	json_str(writer, slice_from_str(text));
}

void document_put_claim(struct json_writer *writer, const struct claim *claim)
{
	char address[IP_ADDR_TEXT_BYTES];
	bool has_address = claim->want.addr.family != 0;

	if (has_address) {
		ip_addr_format(&claim->want.addr, address);
	}
	json_key(writer, "id");
	json_u64(writer, claim->id);
	document_put(writer, "scheme", claim->scheme == 0 ? "http" : "https");
	json_key(writer, "port");
	json_u64(writer, claim->want.port);
	document_put(writer, "address", has_address ? address : NULL);
	json_key(writer, "is_shared");
	json_bool(writer, claim->want.is_shared);
}

static void document_put_hex(struct json_writer *writer, const struct registry_value *value)
{
	static const char digits[] = "0123456789abcdef";
	struct buf text = {.len_max = 0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < value->len; i++) {
		unsigned char byte = (unsigned char)value->data[i];
		const char pair[] = {digits[byte >> 4], digits[byte & 15]};

		r = buf_append(&text, slice_from(pair, sizeof(pair)));
	}
	json_str(writer, buf_slice(&text));
	buf_fini(&text);
}

void document_put_value(struct json_writer *writer, const struct registry_value *value)
{
	assert(writer != NULL && value != NULL);

	struct slice text;
	size_t cursor = 0;

	switch (value->type) {
	case REGISTRY_TYPE_DWORD:
		json_u64(writer, value->dword);
		return;
	case REGISTRY_TYPE_MULTI_STRING:
		json_begin_array(writer);
		while (registry_value_next(value, &cursor, &text)) {
			json_str(writer, text);
		}
		json_end_array(writer);
		return;
	case REGISTRY_TYPE_BINARY:
		document_put_hex(writer, value);
		return;
	default:
		json_str(writer, registry_value_slice(value));
		return;
	}
}

int document_put_holder(struct json_writer *writer, const struct plan_item *item,
			const struct owner_ours *ours, const struct report_reader *reader)
{
	assert(writer != NULL && item != NULL && ours != NULL && reader != NULL);

	struct owner_list owners = {0};
	const struct owner *holder = NULL;

	if (item->outcome == PLAN_OUTCOME_IN_USE) {
		int r = owner_list_read(item->endpoint.port, &item->endpoint.addr, ours, &owners);

		if (r < 0) {
			return result_trace(r);
		}
	}
	for (size_t i = 0; holder == NULL && i < owners.n_items; i++) {
		holder = owners.items[i].inode == item->holder_inode ? &owners.items[i] : NULL;
	}
	if (holder != NULL) {
		owner_write_json(holder, reader->is_admin || holder->uid == reader->uid, writer);
	} else {
		json_nil(writer);
	}
	owner_list_fini(&owners);

	return 0;
}

/* ---- the listen list ---- */

struct document_entry_state {
	const char *state;
	const char *text;
};

/* Does @entry name the address and port of @endpoint? */
static bool document_entry_names(const struct listen_entry *entry,
				 const struct ip_endpoint *endpoint)
{
	return (entry->port == 0 || entry->port == endpoint->port) &&
	       entry->addr.family == endpoint->addr.family &&
	       (ip_addr_is_any(&entry->addr) || ip_addr_is_any(&endpoint->addr) ||
		ip_addr_is_equal(&entry->addr, &endpoint->addr));
}

static bool document_is_local(const struct ip_addr *addr, const struct listen_locals *locals)
{
	bool is_local =
		ip_addr_is_any(addr) || (addr->family == AF_INET && ip_addr_is_loopback(addr));

	for (size_t i = 0; !is_local && i < locals->n_addrs; i++) {
		const struct ip_addr *local = &locals->addrs[i];

		is_local = local->family == addr->family &&
			   memcmp(local->bytes, addr->bytes, sizeof(addr->bytes)) == 0 &&
			   (addr->scope_id == 0 || addr->scope_id == local->scope_id);
	}

	return is_local;
}

static struct document_entry_state document_entry_state(const struct listen_entry *entry,
							const struct endpointset *set)
{
	const struct plan *plan = &set->plan;
	const struct plan_item *failed = NULL;

	if (entry->kind == LISTEN_ENTRY_KIND_NONE) {
		return (struct document_entry_state){"active", "nothing is listened on"};
	}
	if (!document_is_local(&entry->addr, &set->locals)) {
		return (struct document_entry_state){
			"pending", "no interface has the address now; it is used once one has"};
	}
	for (size_t i = 0; i < plan->n_items; i++) {
		const struct plan_item *item = &plan->items[i];

		if (!document_entry_names(entry, &item->endpoint)) {
			continue;
		}
		if (item->outcome == PLAN_OUTCOME_OPEN) {
			return (struct document_entry_state){"active", ""};
		}
		failed = item;
	}
	if (failed != NULL) {
		return (struct document_entry_state){"failed", failed->text};
	}

	return (struct document_entry_state){"unused",
					     "no program has registered a prefix that needs it"};
}

void document_put_entries(struct json_writer *writer, const char *key, const struct master *master)
{
	assert(writer != NULL && key != NULL && master != NULL);

	struct slice text;
	size_t cursor = 0;

	json_key(writer, key);
	json_begin_array(writer);
	while (registry_value_next(&master->config->stored_list, &cursor, &text)) {
		struct listen_entry entry;
		struct listen_entry_error error;
		struct document_entry_state state = {"inert", error.message};

		if (listen_entry_parse(text, &entry, &error) == 0) {
			state = document_entry_state(&entry, &master->endpoints);
		}
		json_begin_object(writer);
		json_key(writer, "entry");
		json_str(writer, text);
		document_put(writer, "state", state.state);
		document_put(writer, "text", state.text);
		json_end_object(writer);
	}
	json_end_array(writer);
}

/* ---- endpoints and claims ---- */

static int document_put_endpoints(struct json_writer *writer, const struct endpointset *set,
				  const struct report_reader *reader)
{
	int r = 0;

	json_key(writer, "endpoints");
	json_begin_array(writer);
	list_for_each(node, &set->endpoints)
	{
		const struct endpoint *endpoint = list_entry(node, struct endpoint, link);

		json_begin_object(writer);
		json_key(writer, "id");
		json_u64(writer, endpoint->id);
		json_key(writer, "endpoint");
		document_put_endpoint(writer, &endpoint->item.endpoint);
		document_put(writer, "scheme", endpoint->scheme == 0 ? "http" : "https");
		document_put(writer, "state", endpoint_state_name(endpoint->state));
		document_put(writer, "text", endpoint->item.text);
		document_put(writer, "repair", endpoint->item.repair);
		json_key(writer, "owner");
		r = document_put_holder(writer, &endpoint->item, &set->ours, reader);
		json_end_object(writer);
		if (r < 0) {
			return result_trace(r);
		}
	}
	json_end_array(writer);

	return 0;
}

/* The endpoints that serve a claim, and those of it that failed or are awaited. */
static int document_put_parts(struct json_writer *writer, const struct endpointset *set,
			      const struct claim *claim)
{
	struct claim_parts parts;
	int r = claim_parts_read(claim, &set->plan, set->list, &set->locals, &parts);

	if (r < 0) {
		return result_trace(r);
	}
	json_key(writer, "endpoints");
	json_begin_array(writer);
	for (size_t i = 0; i < parts.n_items; i++) {
		const struct plan_item *item = parts.items[i].item;

		if (item != NULL && item->outcome == PLAN_OUTCOME_OPEN) {
			document_put_endpoint(writer, &item->endpoint);
		}
	}
	json_end_array(writer);
	json_key(writer, "failed");
	json_begin_array(writer);
	for (size_t i = 0; i < parts.n_items; i++) {
		const struct plan_item *item = parts.items[i].item;

		if (item != NULL && item->outcome == PLAN_OUTCOME_OPEN) {
			continue;
		}
		json_begin_object(writer);
		json_key(writer, "endpoint");
		document_put_endpoint(writer, item != NULL ? &item->endpoint
							   : &parts.items[i].listen.endpoint);
		document_put(writer, "text",
			     item != NULL ? item->text
					  : listen_reason_text(parts.items[i].listen.reason));
		json_end_object(writer);
	}
	json_end_array(writer);
	claim_parts_fini(&parts);

	return 0;
}

static int document_put_claims(struct json_writer *writer, const struct endpointset *set)
{
	json_key(writer, "claims");
	json_begin_array(writer);
	list_for_each(node, &set->claims)
	{
		const struct claim *claim = list_entry(node, struct claim, link);

		if (claim->is_orphan) {
			continue;
		}
		json_begin_object(writer);
		document_put_claim(writer, claim);
		document_put(writer, "state", claim_state_word(claim->verdict.state));
		document_put(writer, "text", claim->verdict.text);
		document_put(writer, "repair", claim->verdict.repair);

		int r = document_put_parts(writer, set, claim);

		json_end_object(writer);
		if (r < 0) {
			return result_trace(r);
		}
	}
	json_end_array(writer);

	return 0;
}

int document_put_status(struct json_writer *writer, const struct master *master,
			const struct report_reader *reader)
{
	assert(writer != NULL && master != NULL && reader != NULL);

	uint64_t revision = 0;

	/* A registry that is busy now does not keep the rest from being shown. */
	if (registry_revision(master->registry, &revision) != 0) {
		revision = 0;
	}
	document_put(writer, "version", HTTPSYS_VERSION);
	document_put(writer, "home", master->home.data_dir);
	json_key(writer, "is_running");
	json_bool(writer, !master->is_offline);
	json_key(writer, "revision");
	json_u64(writer, revision);
	json_key(writer, "pid");
	json_i64(writer, getpid());
	json_key(writer, "engine_pid");
	if (master->engine.process.pid > 0) {
		json_i64(writer, master->engine.process.pid);
	} else {
		json_nil(writer);
	}
	document_put_time(writer, "since", master->since);
	document_put_entries(writer, "listen_list", master);

	int r = document_put_endpoints(writer, &master->endpoints, reader);

	return r < 0 ? result_trace(r)
		     : result_trace(document_put_claims(writer, &master->endpoints));
}
