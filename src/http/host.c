/* SPDX-License-Identifier: MIT */

/* One walk over the bytes of a host; literals get a closer look afterwards. */

#include "http/host.h"

#include <assert.h>

#include "http/chars.h"

#define HOST_NAME_BYTES_MAX  255
#define HOST_LABEL_BYTES_MAX 63
#define HOST_PORT_DIGITS_MAX 5

/* Read ":port" or nothing; an empty port is none.  False when it is anything else. */
static bool host_parse_port(struct slice text, uint16_t *ret_port)
{
	uint32_t port = 0;

	if (text.len == 0) {
		*ret_port = 0;

		return true;
	}
	if (text.data[0] != ':' || text.len - 1 > HOST_PORT_DIGITS_MAX) {
		return false;
	}
	for (size_t i = 1; i < text.len; i++) {
		if (!ascii_is_digit(text.data[i])) {
			return false;
		}
		port = port * 10 + (uint32_t)(text.data[i] - '0');
	}
	if (port > UINT16_MAX || (text.len > 1 && text.data[1] == '0')) {
		return false;
	}
	*ret_port = (uint16_t)port;

	return true;
}

/*
 * Read four decimal parts 0-255 without leading zeros, up to ':' or the end.  Return: the bytes
 * read; 0 = it is no such address.
 */
static size_t host_parse_ipv4(struct slice text, struct ip_addr *ret_addr)
{
	struct ip_addr addr = {.family = AF_INET};
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++) {
		size_t first = n;
		unsigned value = 0;

		for (; n < text.len && n - first < 3 && ascii_is_digit(text.data[n]); n++) {
			value = value * 10 + (unsigned)(text.data[n] - '0');
		}
		if (n == first || value > 255 || (n - first > 1 && text.data[first] == '0')) {
			return 0;
		}
		addr.bytes[i] = (uint8_t)value;
		if (i == 3) {
			break;
		}
		if (n == text.len || text.data[n] != '.') {
			return 0;
		}
		n++;
	}
	if (n < text.len && text.data[n] != ':') {
		return 0;
	}
	*ret_addr = addr;

	return n;
}

/* Would some reader take a name with this last label for an IPv4 address: "1", "0x7f"? */
static bool host_label_is_number(struct slice label)
{
	bool is_hex = label.len >= 2 && label.data[0] == '0' && (label.data[1] | 0x20) == 'x';

	for (size_t i = is_hex ? 2 : 0; i < label.len; i++) {
		if (is_hex ? ascii_hex_value(label.data[i]) < 0 : !ascii_is_digit(label.data[i])) {
			return false;
		}
	}

	return label.len > 0;
}

/*
 * Walk over the labels of a name up to ':' or the end.  Return: the length of the name, 0 = it is
 * none; *@ret_last is its last label that is not empty.
 */
static size_t host_scan_name(struct slice text, struct slice *ret_last)
{
	size_t i = 0;

	for (;;) {
		size_t label = i;

		while (i < text.len && http_char_is(text.data[i], HTTP_CHAR_LABEL)) {
			i++;
		}

		bool is_end = i == text.len || text.data[i] == ':';
		/* Only the last label may be empty, and not as the only one. */
		if (i - label > HOST_LABEL_BYTES_MAX || (i == label && (!is_end || i == 0))) {
			return 0;
		}
		if (i > label) {
			*ret_last = slice_from(text.data + label, i - label);
		}
		if (is_end) {
			return i <= HOST_NAME_BYTES_MAX ? i : 0;
		}
		if (text.data[i] != '.') {
			return 0;
		}
		i++;
	}
}

static bool host_parse_name(struct slice text, struct http_host *ret_host)
{
	struct http_host host = {.text = text, .kind = HTTP_HOST_IPV4};
	struct slice last;
	size_t n = ascii_is_digit(text.data[0]) ? host_parse_ipv4(text, &host.addr) : 0;

	if (n == 0) {
		host.kind = HTTP_HOST_NAME;
		n = host_scan_name(text, &last);
		if (n == 0 || (ascii_is_digit(last.data[0]) && host_label_is_number(last))) {
			return false;
		}
	}
	if (!host_parse_port(slice_from_offset(text, n), &host.port)) {
		return false;
	}
	host.name = slice_from(text.data, n);
	*ret_host = host;

	return true;
}

/* "[v6]" and a port.  An IPv4-mapped address is the IPv4 address. */
static bool host_parse_literal(struct slice text, struct http_host *ret_host)
{
	struct http_host host = {.text = text};
	const char *close = memchr(text.data, ']', text.len);

	if (close == NULL) {
		return false;
	}

	size_t n = (size_t)(close - text.data);
	host.name = slice_from(text.data + 1, n - 1);
	if (host.name.len == 0 || memchr(host.name.data, '%', host.name.len) != NULL ||
	    memchr(host.name.data, ':', host.name.len) == NULL ||
	    !ip_addr_parse(host.name, &host.addr) ||
	    !host_parse_port(slice_from_offset(text, n + 1), &host.port)) {
		return false;
	}
	host.kind = host.addr.family == AF_INET ? HTTP_HOST_IPV4 : HTTP_HOST_IPV6;
	*ret_host = host;

	return true;
}

bool http_host_parse(struct slice text, struct http_host *ret_host)
{
	assert(ret_host != NULL);

	if (text.len == 0) {
		return false;
	}
	if (text.data[0] == '[') {
		return host_parse_literal(text, ret_host);
	}

	return host_parse_name(text, ret_host);
}

bool http_host_is_equal(const struct http_host *a, const struct http_host *b, uint16_t port_default)
{
	assert(a != NULL && b != NULL);

	if (a->kind != b->kind ||
	    (a->port != 0 ? a->port : port_default) != (b->port != 0 ? b->port : port_default)) {
		return false;
	}
	if (a->kind == HTTP_HOST_NAME) {
		return slice_is_equal_nocase(a->name, b->name);
	}

	return ip_addr_is_equal(&a->addr, &b->addr);
}
