/* SPDX-License-Identifier: MIT */

/*
 * IP addresses as values; see ipaddr.h.  Reading goes through inet_pton(3), which
 * is strict; writing is done here, because inet_ntop(3) writes some addresses in
 * a mixed notation that RFC 5952 does not ask for.
 */

#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <net/if.h>
#include <stdio.h>

#define IP_V4_BYTES   4
#define IP_V6_BYTES   16
#define IP_V6_GROUPS  8
#define IP_MAPPED_LEN 12 /* bytes of ::ffff:0:0/96 */

static const uint8_t ip_mapped_prefix[IP_MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};

/* Copy @text with a NUL behind it; false when it does not fit or holds a NUL. */
static bool ip_copy_text(struct slice text, char *ret_text, size_t size)
{
	if (text.len == 0 || text.len >= size || memchr(text.data, '\0', text.len) != NULL) {
		return false;
	}
	memcpy(ret_text, text.data, text.len);
	ret_text[text.len] = '\0';

	return true;
}

static struct ip_addr ip_addr_from_v4(const void *bytes)
{
	struct ip_addr addr = {.family = AF_INET};

	memcpy(addr.bytes, bytes, IP_V4_BYTES);

	return addr;
}

/* An IPv4-mapped address becomes IPv4. */
static struct ip_addr ip_addr_from_v6(const void *bytes, uint32_t scope_id)
{
	struct ip_addr addr = {.family = AF_INET6, .scope_id = scope_id};

	memcpy(addr.bytes, bytes, IP_V6_BYTES);
	if (memcmp(addr.bytes, ip_mapped_prefix, IP_MAPPED_LEN) == 0) {
		return ip_addr_from_v4(addr.bytes + IP_MAPPED_LEN);
	}

	return addr;
}

static bool ip_addr_is_link_local(const struct ip_addr *addr)
{
	return addr->family == AF_INET6 && addr->bytes[0] == 0xfe &&
	       (addr->bytes[1] & 0xc0) == 0x80;
}

/* The interface that a "%scope" names; 0 = none. */
static uint32_t ip_parse_scope(struct slice text)
{
	uint64_t index;
	char name[IF_NAMESIZE];

	if (slice_parse_u64(text, UINT32_MAX, &index)) {
		return (uint32_t)index;
	}

	return ip_copy_text(text, name, sizeof(name)) ? if_nametoindex(name) : 0;
}

bool ip_addr_parse(struct slice text, struct ip_addr *ret_addr)
{
	assert(ret_addr != NULL);

	char copy[INET6_ADDRSTRLEN];
	uint8_t bytes[IP_V6_BYTES];
	struct slice scope = text;
	struct slice number = slice_cut(&scope, '%');

	if (!ip_copy_text(number, copy, sizeof(copy))) {
		return false;
	}
	if (scope.data == NULL && inet_pton(AF_INET, copy, bytes) == 1) {
		*ret_addr = ip_addr_from_v4(bytes);

		return true;
	}
	if (inet_pton(AF_INET6, copy, bytes) != 1) {
		return false;
	}

	struct ip_addr addr = ip_addr_from_v6(bytes, 0);
	if (scope.data != NULL) {
		/* Only a link-local address means different things on different interfaces. */
		addr.scope_id = ip_addr_is_link_local(&addr) ? ip_parse_scope(scope) : 0;
		if (addr.scope_id == 0) {
			return false;
		}
	}
	*ret_addr = addr;

	return true;
}

/* The groups of zeros that "::" stands for: the first of the longest runs of two or more. */
static void ip_find_zeros(const unsigned groups[IP_V6_GROUPS], int *ret_first, int *ret_n)
{
	int best = -1;
	int n_best = 1;

	for (int i = 0; i < IP_V6_GROUPS; i++) {
		int n = 0;

		while (i + n < IP_V6_GROUPS && groups[i + n] == 0) {
			n++;
		}
		if (n > n_best) {
			best = i;
			n_best = n;
		}
	}

	*ret_first = best;
	*ret_n = n_best;
}

static void ip_format_v6(const struct ip_addr *addr, char *text, size_t size)
{
	unsigned groups[IP_V6_GROUPS];
	int zeros_first;
	int n_zeros;
	size_t n = 0;

	for (size_t i = 0; i < IP_V6_GROUPS; i++) {
		groups[i] = (unsigned)addr->bytes[2 * i] << 8 | addr->bytes[2 * i + 1];
	}
	ip_find_zeros(groups, &zeros_first, &n_zeros);

	for (int i = 0; i < IP_V6_GROUPS; i++) {
		if (i == zeros_first) {
			n += (size_t)snprintf(text + n, size - n, "::");
			i += n_zeros - 1;
			continue;
		}
		bool is_behind_zeros = zeros_first >= 0 && i == zeros_first + n_zeros;
		const char *colon = i == 0 || is_behind_zeros ? "" : ":";

		n += (size_t)snprintf(text + n, size - n, "%s%x", colon, groups[i]);
	}

	if (addr->scope_id != 0) {
		(void)snprintf(text + n, size - n, "%%%u", addr->scope_id);
	}
}

void ip_addr_format(const struct ip_addr *addr, char ret_text[IP_ADDR_TEXT_BYTES])
{
	assert(addr != NULL && ret_text != NULL);

	const uint8_t *b = addr->bytes;

	switch (addr->family) {
	case AF_INET:
		(void)snprintf(ret_text, IP_ADDR_TEXT_BYTES, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
		break;
	case AF_INET6:
		ip_format_v6(addr, ret_text, IP_ADDR_TEXT_BYTES);
		break;
	default:
		ret_text[0] = '\0';
		break;
	}
}

bool ip_addr_is_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	assert(a != NULL && b != NULL);

	return a->family == b->family && a->scope_id == b->scope_id &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool ip_addr_is_any(const struct ip_addr *addr)
{
	assert(addr != NULL);

	static const uint8_t zeros[IP_V6_BYTES];

	return addr->family != 0 && memcmp(addr->bytes, zeros, sizeof(zeros)) == 0;
}

bool ip_addr_is_loopback(const struct ip_addr *addr)
{
	assert(addr != NULL);

	static const uint8_t loopback[IP_V6_BYTES] = {[IP_V6_BYTES - 1] = 1};

	if (addr->family == AF_INET) {
		return addr->bytes[0] == 127;
	}

	return addr->family == AF_INET6 && memcmp(addr->bytes, loopback, sizeof(loopback)) == 0;
}

struct ip_addr ip_addr_any(int family)
{
	assert(family == AF_INET || family == AF_INET6);

	return (struct ip_addr){.family = (uint8_t)family};
}

bool ip_endpoint_parse(struct slice text, struct ip_endpoint *ret_endpoint)
{
	assert(ret_endpoint != NULL);

	struct ip_endpoint endpoint = {0};
	struct slice rest = text;
	struct slice host;
	uint64_t port;
	bool has_brackets = slice_has_prefix(text, SLICE("["));

	if (has_brackets) {
		rest = slice_from_offset(rest, 1);
		host = slice_cut(&rest, ']');
		if (!slice_has_prefix(rest, SLICE(":"))) {
			return false;
		}
		rest = slice_from_offset(rest, 1);
	} else {
		host = slice_cut(&rest, ':');
	}

	/* Brackets stand around IPv6 and nothing else (RFC 3986 3.2.2). */
	bool has_colon = host.len > 0 && memchr(host.data, ':', host.len) != NULL;
	if (has_colon != has_brackets || !ip_addr_parse(host, &endpoint.addr)) {
		return false;
	}
	if (!slice_parse_u64(rest, UINT16_MAX, &port) || rest.data[0] == '0') {
		return false;
	}
	endpoint.port = (uint16_t)port;
	*ret_endpoint = endpoint;

	return true;
}

void ip_endpoint_format(const struct ip_endpoint *endpoint, char ret_text[IP_ENDPOINT_TEXT_BYTES])
{
	assert(endpoint != NULL && ret_text != NULL);

	char addr[IP_ADDR_TEXT_BYTES];
	bool has_brackets = endpoint->addr.family == AF_INET6;

	ip_addr_format(&endpoint->addr, addr);
	(void)snprintf(ret_text, IP_ENDPOINT_TEXT_BYTES, "%s%s%s:%u", has_brackets ? "[" : "", addr,
		       has_brackets ? "]" : "", (unsigned)endpoint->port);
}

bool ip_endpoint_is_equal(const struct ip_endpoint *a, const struct ip_endpoint *b)
{
	assert(a != NULL && b != NULL);

	return a->port == b->port && ip_addr_is_equal(&a->addr, &b->addr);
}

socklen_t ip_endpoint_to_sockaddr(const struct ip_endpoint *endpoint,
				  struct sockaddr_storage *ret_sockaddr)
{
	assert(endpoint != NULL && ret_sockaddr != NULL);
	assert(endpoint->addr.family == AF_INET || endpoint->addr.family == AF_INET6);

	*ret_sockaddr = (struct sockaddr_storage){0};
	if (endpoint->addr.family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)ret_sockaddr;

		in->sin_family = AF_INET;
		in->sin_port = htons(endpoint->port);
		memcpy(&in->sin_addr, endpoint->addr.bytes, IP_V4_BYTES);

		return sizeof(*in);
	}

	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_sockaddr;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(endpoint->port);
	in6->sin6_scope_id = endpoint->addr.scope_id;
	memcpy(&in6->sin6_addr, endpoint->addr.bytes, IP_V6_BYTES);

	return sizeof(*in6);
}

struct ip_endpoint ip_endpoint_from_sockaddr(const struct sockaddr_storage *sockaddr)
{
	assert(sockaddr != NULL);

	if (sockaddr->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)sockaddr;

		return (struct ip_endpoint){
			.addr = ip_addr_from_v4(&in->sin_addr),
			.port = ntohs(in->sin_port),
		};
	}
	if (sockaddr->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sockaddr;

		return (struct ip_endpoint){
			.addr = ip_addr_from_v6(&in6->sin6_addr, in6->sin6_scope_id),
			.port = ntohs(in6->sin6_port),
		};
	}

	return (struct ip_endpoint){0};
}
