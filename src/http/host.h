#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The host of a request: a name, an IPv4 literal or a bracketed IPv6 literal, with an optional
 * port (RFC 3986, 3.2; RFC 9110, 7.2).  Stricter than the grammar: no percent-encoding, no
 * sub-delims, no user information, no zone, no text that some readers take for an IPv4 address and
 * others for a name ("127.1", "0x7f.0.0.1").
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "base/slice.h"

enum http_host_kind {
	HTTP_HOST_NONE = 0, /* no host was sent (HTTP/1.0 without Host) */
	HTTP_HOST_NAME,
	HTTP_HOST_IPV4,
	HTTP_HOST_IPV6,
};

struct http_host {
	struct slice text;   /* as sent, with port and brackets */
	struct slice name;   /* as sent, without port; an IPv6 literal without its brackets */
	struct ip_addr addr; /* of the two literal kinds */
	uint16_t port;       /* 0 = none given */
	uint8_t kind;        /* enum http_host_kind */
};

/*
 * http_host_parse() - read a whole slice as host[:port]
 *
 * An empty port ("name:") is none; port 0, leading zeros and ports over 65535 are refused; labels
 * have 1-63 letters, digits, '-' or '_', a name at most 255 bytes; one trailing dot is kept.
 *
 * Return: true; false (nothing written) when it is no such host.
 */
bool http_host_parse(struct slice text, struct http_host *ret_host);

/* http_host_is_equal() - same host, case aside, and same port, with @port_default for none */
bool http_host_is_equal(const struct http_host *a, const struct http_host *b,
			uint16_t port_default);
