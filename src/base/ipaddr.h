#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * IP addresses and address:port pairs as values.  Text forms: dotted IPv4, RFC 5952 IPv6; a pair is
 * "A:p" or "[v6]:p".  An IPv4-mapped IPv6 address is never produced: it is turned into IPv4.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/slice.h"

struct ip_addr {
	uint8_t family;    /* AF_INET, AF_INET6; 0 = no address */
	uint8_t bytes[16]; /* network order; 4 used for AF_INET, the rest is zero */
	uint32_t scope_id; /* interface index of a link-local IPv6 address, otherwise 0 */
};

struct ip_endpoint {
	struct ip_addr addr;
	uint16_t port; /* host order; 0 = none */
};

#define IP_ADDR_TEXT_BYTES     64 /* longest text with scope, and its NUL */
#define IP_ENDPOINT_TEXT_BYTES 72

/*
 * ip_addr_parse() - read a whole slice as an IPv4 or IPv6 address
 *
 * IPv4 is four decimal parts 0-255 without leading zeros; IPv6 comes without brackets, and a
 * link-local one may end in "%scope" (interface number or name).
 *
 * Return: true; false (nothing written) when it is no address.
 */
bool ip_addr_parse(struct slice text, struct ip_addr *ret_addr);

/* ip_addr_format() - write the canonical text (no brackets) and its NUL */
void ip_addr_format(const struct ip_addr *addr, char ret_text[IP_ADDR_TEXT_BYTES]);

/* ip_addr_is_equal() - same family, bytes and scope */
bool ip_addr_is_equal(const struct ip_addr *a, const struct ip_addr *b);

/* ip_addr_is_any() - 0.0.0.0 or :: */
bool ip_addr_is_any(const struct ip_addr *addr);

/* ip_addr_is_loopback() - 127.0.0.0/8 or ::1 */
bool ip_addr_is_loopback(const struct ip_addr *addr);

/* ip_addr_any() - the wildcard address of @family (AF_INET or AF_INET6) */
struct ip_addr ip_addr_any(int family);

/*
 * ip_endpoint_parse() - read "A:p" or "[v6]:p" (port 1-65535, decimal, no leading zero)
 *
 * Return: true; false (nothing written) when it is no such pair.
 */
bool ip_endpoint_parse(struct slice text, struct ip_endpoint *ret_endpoint);

/* ip_endpoint_format() - write "A:p" or "[v6]:p" and its NUL */
void ip_endpoint_format(const struct ip_endpoint *endpoint, char ret_text[IP_ENDPOINT_TEXT_BYTES]);

/* ip_endpoint_is_equal() - same address and port */
bool ip_endpoint_is_equal(const struct ip_endpoint *a, const struct ip_endpoint *b);

/* ip_endpoint_to_sockaddr() - fill @ret_sockaddr.  Return: its length in bytes */
socklen_t ip_endpoint_to_sockaddr(const struct ip_endpoint *endpoint,
				  struct sockaddr_storage *ret_sockaddr);

/* ip_endpoint_from_sockaddr() - the pair in @sockaddr; family 0 when it is neither IPv4 nor IPv6 */
struct ip_endpoint ip_endpoint_from_sockaddr(const struct sockaddr_storage *sockaddr);
