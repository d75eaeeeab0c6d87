/* SPDX-License-Identifier: MIT */

/* EXPLAIN and WHOHAS; see admin_explain.h. */

#include "master/admin_explain.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/result.h"
#include "master/admin.h"
#include "master/admin_change.h"
#include "master/document.h"
#include "master/master.h"
#include "master/owner.h"
#include "master/text.h"
#include "wire/error.h"

#define ADMIN_DESTINATIONS_MAX 64 /* of one explanation */

/* One address and port that a client may connect to. */
struct admin_destination {
	struct ip_endpoint at;
	const struct endpoint *endpoint; /* ours that answers; NULL = none */
	struct owner owner;              /* with has_owner: somebody else who answers */
	bool has_owner;
	char text[TEXT_BYTES];
	char repair[REPAIR_BYTES];
};

/* ---- where the URL points to ---- */

/* "http://host:81/x" -> host "host", port 81.  Return: false = no such URL */
static bool admin_parse_url(struct slice url, struct slice *ret_host, uint16_t *ret_port)
{
	struct slice http = SLICE("http://");
	struct slice https = SLICE("https://");
	bool is_https = slice_has_prefix(url, https);
	uint64_t port = is_https ? 443 : 80;

	if (!is_https && !slice_has_prefix(url, http)) {
		return false;
	}

	struct slice rest = slice_from_offset(url, is_https ? https.len : http.len);
	struct slice authority = slice_cut(&rest, '/');
	bool is_v6 = authority.len > 0 && authority.data[0] == '[';
	struct slice host;

	if (is_v6) {
		authority = slice_from_offset(authority, 1);
		host = slice_cut(&authority, ']');
		if (authority.len > 0 && authority.data[0] != ':') {
			return false;
		}
		authority = slice_from_offset(authority, authority.len > 0);
	} else {
		host = slice_cut(&authority, ':');
	}
	if (host.len == 0 ||
	    (authority.len > 0 && !slice_parse_u64(authority, UINT16_MAX, &port)) || port == 0) {
		return false;
	}
	*ret_host = host;
	*ret_port = (uint16_t)port;

	return true;
}

/* The addresses to look at: the one that is named, or all of this machine that @host may mean. */
static size_t admin_list_destinations(const struct endpointset *set, const struct ip_addr *named,
				      struct slice host, uint16_t port,
				      struct admin_destination *destinations)
{
	bool is_local = slice_is_equal_nocase(host, SLICE("localhost"));
	size_t n = 0;

	if (named != NULL) {
		destinations[0] = (struct admin_destination){.at = {.addr = *named, .port = port}};
		return 1;
	}
	for (size_t i = 0; i < set->locals.n_addrs && n < ADMIN_DESTINATIONS_MAX; i++) {
		if (is_local && !ip_addr_is_loopback(&set->locals.addrs[i])) {
			continue;
		}
		destinations[n] = (struct admin_destination){
			.at = {.addr = set->locals.addrs[i], .port = port},
		};
		n++;
	}

	return n;
}

/* ---- who answers there ---- */

static const struct endpoint *admin_find_listening(const struct endpointset *set,
						   const struct ip_endpoint *at)
{
	const struct endpoint *endpoint = endpointset_find(set, at);

	return endpoint != NULL && endpoint->state == ENDPOINT_STATE_LISTENING ? endpoint : NULL;
}

/* The kernel prefers the exact address to the wildcard; so do we.  Return: 0; -errno */
static int admin_find_answerer(const struct endpointset *set, struct admin_destination *destination)
{
	const struct ip_endpoint *at = &destination->at;
	const struct ip_endpoint wildcard = {
		.addr = ip_addr_any(at->addr.family),
		.port = at->port,
	};
	struct owner_list owners;
	int r = owner_list_read(at->port, &at->addr, &set->ours, &owners);

	if (r < 0) {
		return result_trace(r);
	}
	destination->endpoint = admin_find_listening(set, at);
	for (size_t i = 0; destination->endpoint == NULL && i < owners.n_items; i++) {
		const struct owner *owner = &owners.items[i];
		bool is_exact = ip_addr_is_equal(&owner->endpoint.addr, &at->addr);

		if (!owner->is_listening || owner->is_ours ||
		    (destination->has_owner && !is_exact)) {
			continue;
		}
		destination->owner = *owner;
		destination->has_owner = true;
	}
	if (!destination->has_owner ||
	    !ip_addr_is_equal(&destination->owner.endpoint.addr, &at->addr)) {
		const struct endpoint *any = admin_find_listening(set, &wildcard);

		destination->endpoint = destination->endpoint != NULL ? destination->endpoint : any;
		destination->has_owner = destination->has_owner && destination->endpoint == NULL;
	}
	owner_list_fini(&owners);

	return 0;
}

/*
 * Nobody of ours answers.  A claim for just this address tells why: its verdict names the entry, or
 * its absence, that decides, and the repair.
 */
static int admin_explain_absence(const struct endpointset *set,
				 struct admin_destination *destination)
{
	const struct claim claim = {
		.want = {.addr = destination->at.addr, .port = destination->at.port},
	};
	char *text = destination->text;
	struct claim_parts parts;
	struct claim_verdict verdict;
	int r = claim_parts_read(&claim, &set->plan, set->list, &set->locals, &parts);

	if (r < 0) {
		return result_trace(r);
	}

	bool is_admitted = parts.n_items > 0 && parts.items[0].item == NULL &&
			   parts.items[0].listen.state == LISTEN_STATE_WANTED;

	claim_parts_fini(&parts);
	r = claim_judge(&claim, &set->plan, set->list, &set->locals, &verdict);
	if (r < 0) {
		return result_trace(r);
	}
	if (destination->has_owner) {
		owner_format(&destination->owner, text, sizeof(destination->text));
	}
	if (is_admitted) {
		text_appendf(text, sizeof(destination->text),
			     "%sno program has registered a prefix that needs it",
			     text[0] != '\0' ? "; " : "");
	} else if (!destination->has_owner || strcmp(text, verdict.text) != 0) {
		text_appendf(text, sizeof(destination->text), "%s%s", text[0] != '\0' ? "; " : "",
			     verdict.text);
	}
	if (!is_admitted) {
		text_setf(destination->repair, sizeof(destination->repair), "%s", verdict.repair);
	}

	return 0;
}

static int admin_put_destination(struct json_writer *writer, const struct endpointset *set,
				 struct admin_destination *destination,
				 const struct report_reader *reader)
{
	char address[IP_ADDR_TEXT_BYTES];
	int r = admin_find_answerer(set, destination);

	if (r == 0 && destination->endpoint == NULL) {
		r = admin_explain_absence(set, destination);
	}
	ip_addr_format(&destination->at.addr, address);
	json_begin_object(writer);
	document_put(writer, "address", address);
	json_key(writer, "port");
	json_u64(writer, destination->at.port);
	json_key(writer, "endpoint");
	if (destination->endpoint != NULL) {
		document_put_endpoint(writer, &destination->endpoint->item.endpoint);
	} else {
		json_nil(writer);
	}
	json_key(writer, "owner");
	if (destination->has_owner) {
		owner_write_json(&destination->owner,
				 reader->is_admin || destination->owner.uid == reader->uid, writer);
	} else {
		json_nil(writer);
	}
	document_put(writer, "text", destination->text);
	document_put(writer, "repair", destination->repair);
	json_key(writer, "is_reached");
	json_bool(writer, destination->endpoint != NULL);
	json_end_object(writer);

	return result_trace(r);
}

int admin_explain(struct admin_connection *connection, const struct message *message,
		  struct json_writer *writer)
{
	assert(connection != NULL && message != NULL && writer != NULL);

	const struct endpointset *set = &connection->admin->master->endpoints;
	const struct report_reader reader = admin_reader(connection);
	struct slice address = message_text(message, FIELD_ADDRESS);
	struct admin_destination destinations[ADMIN_DESTINATIONS_MAX];
	struct slice host;
	struct ip_addr named;
	uint16_t port;
	int r = 0;

	if (!admin_parse_url(message_text(message, FIELD_URL), &host, &port)) {
		admin_refuse(&connection->request, WIRE_ERROR_INVALID,
			     "the URL must be http:// or https:// with a host",
			     "httpcfg explain http://localhost/");
		return 0;
	}
	if (address.len > 0 && !ip_addr_parse(address, &named)) {
		admin_refuse(&connection->request, WIRE_ERROR_ADDRESS,
			     "the destination is no IP address", "--to 127.0.0.1");
		return 0;
	}

	/* A host that is an address is the destination; names are not resolved here. */
	bool has_name = address.len > 0 || ip_addr_parse(host, &named);
	size_t n = admin_list_destinations(set, has_name ? &named : NULL, host, port, destinations);

	json_key(writer, "destinations");
	json_begin_array(writer);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = admin_put_destination(writer, set, &destinations[i], &reader);
	}
	json_end_array(writer);

	return result_trace(r);
}

/* ---- WHOHAS ---- */

static void admin_put_holders(struct json_writer *writer, const struct owner_list *owners,
			      const struct report_reader *reader)
{
	json_key(writer, "holders");
	json_begin_array(writer);
	for (size_t i = 0; i < owners->n_items; i++) {
		const struct owner *owner = &owners->items[i];

		owner_write_json(owner, reader->is_admin || owner->uid == reader->uid, writer);
	}
	json_end_array(writer);
}

int admin_whohas(struct admin_connection *connection, const struct message *message,
		 struct json_writer *writer)
{
	assert(connection != NULL && message != NULL && writer != NULL);

	struct admin_request *request = &connection->request;
	const struct report_reader reader = admin_reader(connection);
	uint64_t port = message_number(message, FIELD_PORT, 0);
	struct slice address = message_text(message, FIELD_ADDRESS);
	struct owner_list owners;
	struct ip_addr addr;
	char text[TEXT_BYTES] = "";

	if (port == 0 || port > UINT16_MAX || (address.len > 0 && !ip_addr_parse(address, &addr))) {
		admin_refuse(request, WIRE_ERROR_INVALID,
			     "a port from 1 to 65535 is needed, and "
			     "maybe an IP address",
			     "httpcfg whohas 80");
		return 0;
	}

	int r = owner_list_read((uint16_t)port, address.len > 0 ? &addr : NULL,
				&connection->admin->master->endpoints.ours, &owners);
	if (r < 0) {
		return result_trace(r);
	}
	if (owners.n_items == 0) {
		text_setf(text, sizeof(text), "nobody holds port %u", (unsigned)port);
	} else if (owners.is_blind) {
		text_setf(
			text, sizeof(text),
			"processes of other users could not be looked into; as root more is known");
	}
	json_key(writer, "port");
	json_u64(writer, port);
	json_key(writer, "address");
	if (address.len > 0) {
		json_str(writer, address);
	} else {
		json_nil(writer);
	}
	admin_put_holders(writer, &owners, &reader);
	document_put(writer, "text", text);
	owner_list_fini(&owners);

	return 0;
}
