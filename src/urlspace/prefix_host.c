/* SPDX-License-Identifier: MIT */

/* The host element of a prefix; see prefix_host.h. */

#include "urlspace/prefix_host.h"

#include <assert.h>
#include <stdio.h>

struct prefix_host_parser {
	struct slice text; /* the authority; offsets count from its begin */
	size_t end;        /* behind the host */
	struct prefix_host host;
	struct prefix_error error;
};

static bool prefix_host_refuse(struct prefix_host_parser *p, enum prefix_rule rule, size_t position)
{
	p->error = (struct prefix_error){.rule = rule, .position = position};

	return false;
}

/* The offset of the first @c, or the length. */
static size_t prefix_host_find(struct slice s, char c)
{
	const char *found = s.len > 0 ? memchr(s.data, c, s.len) : NULL;

	return found != NULL ? (size_t)(found - s.data) : s.len;
}

static bool prefix_host_has(struct slice s, char c)
{
	return prefix_host_find(s, c) < s.len;
}

/* Is it an IPv6 address without brackets, with or without zone and port? */
static bool prefix_host_is_bare_ipv6(struct slice authority)
{
	struct slice number = slice_from(authority.data, prefix_host_find(authority, '%'));
	const char *colon = number.len > 0 ? memrchr(number.data, ':', number.len) : NULL;
	struct ip_addr addr;

	if (colon == NULL || number.data[0] == '[') {
		return false;
	}

	struct slice host = slice_from(number.data, (size_t)(colon - number.data));

	return (prefix_host_has(host, ':') && ip_addr_parse(host, &addr)) ||
	       ip_addr_parse(number, &addr);
}

static bool prefix_host_check_label(struct prefix_host_parser *p, struct slice label, size_t at)
{
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];

		if (c == '*' || c == '+') {
			return prefix_host_refuse(p, PREFIX_RULE_HOST_WILDCARD, at + i);
		}
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '-' && c != '_') {
			return prefix_host_refuse(p, PREFIX_RULE_HOST_CHARACTER, at + i);
		}
	}

	if (label.len == 0 || label.len > PREFIX_LABEL_BYTES_MAX || label.data[0] == '-' ||
	    label.data[label.len - 1] == '-') {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_LABEL, at);
	}

	return true;
}

static bool prefix_host_is_number(struct slice label)
{
	for (size_t i = 0; i < label.len; i++) {
		if (!ascii_is_digit(label.data[i])) {
			return false;
		}
	}

	return true;
}

/* A host name, which begins at @start; without the "*." of a sub-domain wildcard. */
static bool prefix_host_check_name(struct prefix_host_parser *p, struct slice name, size_t start)
{
	struct slice rest = name;
	struct slice label;
	size_t at = start;

	if (name.len > 1 && name.data[name.len - 1] == '.') {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_TRAILING_DOT, start + name.len - 1);
	}

	do {
		label = slice_cut(&rest, '.');
		if (!prefix_host_check_label(p, label, at)) {
			return false;
		}
		at += label.len + 1;
	} while (rest.data != NULL);

	/* No top-level domain is a number: this was meant to be an address, and programs that
	 * read "127.1" or "010.0.0.1" as one would disagree with us. */
	if (prefix_host_is_number(label)) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_IPV4, start);
	}

	return true;
}

/* Bytes that no host has, each with a rule of its own because people do write them. */
static bool prefix_host_check_bytes(struct prefix_host_parser *p, struct slice host)
{
	size_t at_sign = prefix_host_find(p->text, '@');

	if (at_sign < p->text.len) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_USERINFO, at_sign);
	}

	for (size_t i = 0; i < host.len; i++) {
		if ((unsigned char)host.data[i] >= 0x80) {
			return prefix_host_refuse(p, PREFIX_RULE_HOST_NOT_ASCII, i);
		}
		if (host.data[i] == '%') {
			return prefix_host_refuse(p, PREFIX_RULE_HOST_ESCAPE, i);
		}
	}
	if (host.len == 0) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_EMPTY, 0);
	}
	if (host.len > PREFIX_HOST_BYTES_MAX) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_TOO_LONG, PREFIX_HOST_BYTES_MAX);
	}

	return true;
}

static bool prefix_host_take_addr(struct prefix_host_parser *p, const struct ip_addr *addr)
{
	struct prefix_host *host = &p->host;
	char text[IP_ADDR_TEXT_BYTES];

	if (ip_addr_is_any(addr)) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_ANY_ADDRESS, 0);
	}

	bool is_v6 = addr->family == AF_INET6;
	ip_addr_format(addr, text);
	(void)snprintf(host->text, sizeof(host->text), "%s%s%s", is_v6 ? "[" : "", text,
		       is_v6 ? "]" : "");
	host->bucket = PREFIX_BUCKET_IP;
	host->addr = *addr;

	return true;
}

static bool prefix_host_read_brackets(struct prefix_host_parser *p)
{
	size_t close = prefix_host_find(p->text, ']');
	size_t zone = prefix_host_find(p->text, '%');
	struct ip_addr addr;

	if (close == p->text.len) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_IPV6, 0);
	}
	if (zone < close) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_ZONE, zone);
	}

	struct slice number = slice_from(p->text.data + 1, close - 1);
	if (!prefix_host_has(number, ':') || !ip_addr_parse(number, &addr)) {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_IPV6, 1);
	}

	p->end = close + 1;
	if (p->end < p->text.len && p->text.data[p->end] != ':') {
		return prefix_host_refuse(p, PREFIX_RULE_HOST_IPV6, p->end);
	}

	return prefix_host_take_addr(p, &addr);
}

static bool prefix_host_read_plain(struct prefix_host_parser *p)
{
	struct ip_addr addr;

	p->end = prefix_host_find(p->text, ':');

	struct slice host = slice_from(p->text.data, p->end);
	if (!prefix_host_check_bytes(p, host)) {
		return false;
	}
	if (ip_addr_parse(host, &addr)) {
		return prefix_host_take_addr(p, &addr);
	}

	p->host.bucket = PREFIX_BUCKET_EXPLICIT;
	if (slice_is_equal(host, SLICE("+"))) {
		p->host.bucket = PREFIX_BUCKET_STRONG;
	} else if (slice_is_equal(host, SLICE("*"))) {
		p->host.bucket = PREFIX_BUCKET_WEAK;
	} else {
		bool is_wildcard = slice_has_prefix(host, SLICE("*."));
		size_t start = is_wildcard ? 2 : 0;

		p->host.is_subdomain_wildcard = is_wildcard;
		if (!prefix_host_check_name(p, slice_from_offset(host, start), start)) {
			return false;
		}
	}
	prefix_path_fold(host, p->host.text);
	p->host.text[host.len] = '\0';

	return true;
}

bool prefix_host_read(struct slice *authority, struct prefix_host *ret_host,
		      struct prefix_error *ret_error)
{
	assert(authority != NULL && ret_host != NULL && ret_error != NULL);

	struct prefix_host_parser p = {.text = *authority};
	bool is_good;

	if (slice_has_prefix(p.text, SLICE("["))) {
		is_good = prefix_host_read_brackets(&p);
	} else if (prefix_host_is_bare_ipv6(p.text)) {
		is_good = prefix_host_refuse(&p, PREFIX_RULE_HOST_IPV6_BRACKETS, 0);
	} else {
		is_good = prefix_host_read_plain(&p);
	}

	if (!is_good) {
		*ret_error = p.error;

		return false;
	}
	*authority = slice_from_offset(*authority, p.end);
	*ret_host = p.host;

	return true;
}
