/* SPDX-License-Identifier: MIT */

/* Texts of the listen list: reading and writing entries, and states in words; see listenlist.h. */

#include "master/listenlist.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/result.h"

#define LISTEN_SHOWN_MAX 40 /* bytes of the text that a message repeats */

#define LISTEN_NONE      SLICE("none")

struct listen_entry_parser {
	struct slice text;
	struct listen_entry_error *error; /* NULL = nobody wants to know */
};

printf_(3, 4) static bool listen_entry_refuse(struct listen_entry_parser *p, size_t position,
					      const char *format, ...)
{
	va_list args;

	if (p->error == NULL) {
		return false;
	}
	p->error->position = position;

	va_start(args, format);
	(void)vsnprintf(p->error->message, sizeof(p->error->message), format, args);
	va_end(args);
	for (char *c = p->error->message; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?';
		}
	}

	return false;
}

static size_t listen_entry_offset(const struct listen_entry_parser *p, struct slice s)
{
	return (size_t)(s.data - p->text.data);
}

static struct slice listen_entry_shown(struct slice s)
{
	return slice_from(s.data, s.len < LISTEN_SHOWN_MAX ? s.len : LISTEN_SHOWN_MAX);
}

static bool listen_entry_has(struct slice s, char c)
{
	return s.len > 0 && memchr(s.data, c, s.len) != NULL;
}

/* Only addresses that a connection can arrive at. */
static bool listen_entry_check_addr(struct listen_entry_parser *p, struct slice text,
				    const struct ip_addr *addr)
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};
	bool is_v4 = addr->family == AF_INET;
	bool is_multicast = is_v4 ? (addr->bytes[0] & 0xf0) == 0xe0 : addr->bytes[0] == 0xff;

	if (is_multicast || (is_v4 && memcmp(addr->bytes, broadcast, sizeof(broadcast)) == 0)) {
		return listen_entry_refuse(
			p, listen_entry_offset(p, text),
			"%.*s is a multicast or broadcast address: no connection "
			"arrives there",
			SLICE_ARG(text));
	}

	return true;
}

static bool listen_entry_refuse_addr(struct listen_entry_parser *p, struct slice text)
{
	size_t position = listen_entry_offset(p, text);
	struct slice shown = listen_entry_shown(text);

	if (text.len == 0) {
		return listen_entry_refuse(p, position, "the address is missing");
	}
	if (listen_entry_has(text, '/')) {
		return listen_entry_refuse(p, position,
					   "'%.*s' is a network: list each address by itself",
					   SLICE_ARG(shown));
	}
	if (slice_is_equal(text, SLICE("*")) || slice_is_equal(text, SLICE("+"))) {
		return listen_entry_refuse(
			p, position,
			"'%.*s' is no address: 0.0.0.0 is every IPv4 address, :: is "
			"every IPv6 address",
			SLICE_ARG(shown));
	}
	if (listen_entry_has(text, '%')) {
		return listen_entry_refuse(
			p, position,
			"'%.*s': only a link-local address (fe80::) has a scope, and "
			"it is an interface of this machine",
			SLICE_ARG(shown));
	}
	if (listen_entry_has(text, ':')) {
		return listen_entry_refuse(p, position, "'%.*s' is no IPv6 address",
					   SLICE_ARG(shown));
	}

	return listen_entry_refuse(p, position,
				   "'%.*s' is no IP address: four numbers from 0 to 255 without "
				   "leading zeros, or IPv6; names are not accepted",
				   SLICE_ARG(shown));
}

static bool listen_entry_read_port(struct listen_entry_parser *p, struct slice text,
				   uint16_t *ret_port)
{
	size_t position = listen_entry_offset(p, text);
	uint64_t port;

	if (!slice_parse_u64(text, UINT16_MAX, &port) || port == 0) {
		return listen_entry_refuse(p, position, "'%.*s' is no port: 1 to 65535",
					   SLICE_ARG(listen_entry_shown(text)));
	}
	if (text.data[0] == '0') {
		return listen_entry_refuse(p, position, "'%.*s': a port has no leading zero",
					   SLICE_ARG(listen_entry_shown(text)));
	}
	*ret_port = (uint16_t)port;

	return true;
}

/* Split into address and port: "[v6]", "[v6]:p", "A:p"; everything else is an address alone. */
static bool listen_entry_split(struct listen_entry_parser *p, struct slice *ret_addr,
			       struct slice *ret_port)
{
	struct slice rest = p->text;

	*ret_port = (struct slice){0};
	if (slice_has_prefix(p->text, SLICE("["))) {
		rest = slice_from_offset(rest, 1);
		if (!listen_entry_has(rest, ']')) {
			return listen_entry_refuse(p, p->text.len, "the ']' is missing");
		}
		*ret_addr = slice_cut(&rest, ']');
		if (!listen_entry_has(*ret_addr, ':')) {
			return listen_entry_refuse(p, 1, "brackets stand around IPv6 addresses");
		}
		if (rest.len > 0 && rest.data[0] != ':') {
			return listen_entry_refuse(
				p, listen_entry_offset(p, rest),
				"behind ']' stands ':' and the port, or nothing");
		}
		if (rest.len > 0) {
			*ret_port = slice_from_offset(rest, 1);
		}

		return true;
	}

	*ret_addr = slice_cut(&rest, ':');
	if (listen_entry_has(rest, ':')) {
		*ret_addr = p->text;
	} else {
		*ret_port = rest;
	}

	return true;
}

static bool listen_entry_read(struct listen_entry_parser *p, struct listen_entry *entry)
{
	struct slice addr;
	struct slice port;

	if (slice_is_equal_nocase(p->text, LISTEN_NONE)) {
		entry->kind = LISTEN_ENTRY_KIND_NONE;

		return true;
	}
	if (!listen_entry_split(p, &addr, &port)) {
		return false;
	}
	if (!ip_addr_parse(addr, &entry->addr)) {
		return listen_entry_refuse_addr(p, addr);
	}
	if (!listen_entry_check_addr(p, addr, &entry->addr)) {
		return false;
	}

	return port.data == NULL || listen_entry_read_port(p, port, &entry->port);
}

int listen_entry_parse(struct slice text, struct listen_entry *ret_entry,
		       struct listen_entry_error *ret_error)
{
	assert(ret_entry != NULL && (text.data != NULL || text.len == 0));

	struct listen_entry_parser p = {
		.text = text.data != NULL ? text : SLICE(""),
		.error = ret_error,
	};
	struct listen_entry entry = {.kind = LISTEN_ENTRY_KIND_ADDRESS};

	if (!listen_entry_read(&p, &entry)) {
		return LISTENLIST_E_INVALID;
	}
	*ret_entry = entry;

	return 0;
}

void listen_entry_format(const struct listen_entry *entry, char ret_text[LISTENLIST_ENTRY_BYTES])
{
	assert(entry != NULL && ret_text != NULL);

	struct ip_endpoint endpoint = {.addr = entry->addr, .port = entry->port};

	if (entry->kind == LISTEN_ENTRY_KIND_NONE) {
		(void)snprintf(ret_text, LISTENLIST_ENTRY_BYTES, "%s", LISTEN_NONE.data);
	} else if (entry->port != 0) {
		ip_endpoint_format(&endpoint, ret_text);
	} else {
		ip_addr_format(&entry->addr, ret_text);
	}
}

bool listen_entry_is_equal(const struct listen_entry *a, const struct listen_entry *b)
{
	assert(a != NULL && b != NULL);

	return a->kind == b->kind && a->port == b->port && ip_addr_is_equal(&a->addr, &b->addr);
}

static const char *const listen_reason_texts[LISTEN_REASON_COUNT_] = {
	[LISTEN_REASON_EMPTY_LIST] = "the IP listen list is empty: every address is listened on",
	[LISTEN_REASON_LISTED] = "the address is in the IP listen list",
	[LISTEN_REASON_NOT_LISTED] = "the address is not in the IP listen list",
	[LISTEN_REASON_PORT_NOT_LISTED] =
		"the address is in the IP listen list with another port only",
	[LISTEN_REASON_NO_ENTRY_FOR_PORT] = "every entry of the IP listen list names another port",
	[LISTEN_REASON_NONE] = "the IP listen list is 'none'",
	[LISTEN_REASON_UNREADABLE] = "no entry of the IP listen list can be read",
};

static const char *const listen_state_words[] = {
	[LISTEN_STATE_WANTED] = "wanted",
	[LISTEN_STATE_PENDING] = "pending",
	[LISTEN_STATE_EXCLUDED] = "excluded",
};

int listen_endpoint_format(const struct listen_endpoint *endpoint, struct buf *buf)
{
	assert(endpoint != NULL && buf != NULL);

	char text[IP_ENDPOINT_TEXT_BYTES];
	char addr[IP_ADDR_TEXT_BYTES];
	char entry[LISTENLIST_ENTRY_BYTES] = "";

	ip_endpoint_format(&endpoint->endpoint, text);
	ip_addr_format(&endpoint->endpoint.addr, addr);
	if (endpoint->has_entry) {
		listen_entry_format(&endpoint->entry, entry);
	}

	int r = buf_appendf(buf, "%s is %s: ", text, listen_state_words[endpoint->state]);
	if (r != 0) {
		return r == BUF_E_FULL ? result_origin(-ENOMEM) : result_trace(r);
	}

	if (endpoint->state == LISTEN_STATE_PENDING) {
		r = buf_appendf(buf, "no interface has the address %s", addr);
	} else if (endpoint->reason == LISTEN_REASON_LISTED) {
		r = buf_appendf(buf, "%s is in the IP listen list", entry);
	} else if (endpoint->reason == LISTEN_REASON_NOT_LISTED) {
		r = buf_appendf(buf, "%s is not in the IP listen list", addr);
	} else if (endpoint->reason == LISTEN_REASON_PORT_NOT_LISTED) {
		r = buf_appendf(buf, "the IP listen list has %s, not port %u", entry,
				(unsigned)endpoint->endpoint.port);
	} else {
		r = buf_append_str(buf, listen_reason_text(endpoint->reason));
	}

	return r == BUF_E_FULL ? result_origin(-ENOMEM) : result_trace(r);
}

const char *listen_reason_text(enum listen_reason reason)
{
	assert(reason < LISTEN_REASON_COUNT_);

	return listen_reason_texts[reason];
}
