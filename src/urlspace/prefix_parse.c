/* SPDX-License-Identifier: MIT */

/*
 * The grammar of prefixes; see prefix.h.  One pass from left to right: scheme, authority (host,
 * port, local address), path; the host is in prefix_host.c.  Each step either advances or notes the
 * rule that the text breaks and where, and nothing is allocated before the whole text is known to
 * be good.
 */

#include "urlspace/prefix.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/result.h"
#include "base/utf8.h"
#include "urlspace/prefix_host.h"

/* "https" "://" host ":65535" ":[" address "]" and a NUL. */
#define PREFIX_AUTHORITY_BYTES (PREFIX_HOST_BYTES_MAX + IP_ADDR_TEXT_BYTES + 32)

struct prefix_parser {
	struct slice text;
	size_t at;            /* how far the text is read, bytes */
	size_t authority_end; /* offset of the path, the query or the end */
	struct prefix prefix; /* without text and slices until the end */
	struct prefix_error error;
	struct prefix_host host;
};

static bool prefix_refuse(struct prefix_parser *p, enum prefix_rule rule, size_t position)
{
	p->error = (struct prefix_error){.rule = rule, .position = position};

	return false;
}

/* The bytes of the text from @from up to @to. */
static struct slice prefix_part(const struct prefix_parser *p, size_t from, size_t to)
{
	return slice_from(p->text.data + from, to - from);
}

/* The offset of the first @c in [from, to), or @to. */
static size_t prefix_find(const struct prefix_parser *p, char c, size_t from, size_t to)
{
	const char *found = to > from ? memchr(p->text.data + from, c, to - from) : NULL;

	return found != NULL ? (size_t)(found - p->text.data) : to;
}

static size_t prefix_count_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && ascii_is_digit(s.data[n])) {
		n++;
	}

	return n;
}

static bool prefix_refuse_scheme(struct prefix_parser *p)
{
	size_t n = 0;

	while (n < p->text.len && ascii_is_alpha(p->text.data[n])) {
		n++;
	}

	bool has_scheme = n > 0 && slice_has_prefix(slice_from_offset(p->text, n), SLICE("://"));

	return prefix_refuse(
		p, has_scheme ? PREFIX_RULE_SCHEME_UNKNOWN : PREFIX_RULE_SCHEME_MISSING, 0);
}

static bool prefix_read_scheme(struct prefix_parser *p)
{
	static const struct slice starts[PREFIX_SCHEME_COUNT_] = {
		[PREFIX_SCHEME_HTTP] = {.data = "http://", .len = 7},
		[PREFIX_SCHEME_HTTPS] = {.data = "https://", .len = 8},
	};

	for (unsigned i = 0; i < PREFIX_SCHEME_COUNT_; i++) {
		if (p->text.len < starts[i].len) {
			continue;
		}

		struct slice start = prefix_part(p, 0, starts[i].len);
		if (slice_is_equal(start, starts[i])) {
			p->prefix.scheme = (enum prefix_scheme)i;
			p->at = start.len;

			return true;
		}
		if (slice_is_equal_nocase(start, starts[i])) {
			size_t at = 0;

			while (start.data[at] == starts[i].data[at]) {
				at++;
			}

			return prefix_refuse(p, PREFIX_RULE_SCHEME_CASE, at);
		}
	}

	return prefix_refuse_scheme(p);
}

static void prefix_find_authority_end(struct prefix_parser *p)
{
	p->authority_end = p->at;
	while (p->authority_end < p->text.len) {
		char c = p->text.data[p->authority_end];

		if (c == '/' || c == '?' || c == '#') {
			break;
		}
		p->authority_end++;
	}
}

static bool prefix_read_host(struct prefix_parser *p)
{
	struct slice authority = prefix_part(p, p->at, p->authority_end);

	if (!prefix_host_read(&authority, &p->host, &p->error)) {
		p->error.position += p->at;

		return false;
	}
	p->prefix.bucket = p->host.bucket;
	p->prefix.is_subdomain_wildcard = p->host.is_subdomain_wildcard;
	p->prefix.addr = p->host.addr;
	p->at = p->authority_end - authority.len;

	return true;
}

static bool prefix_read_port(struct prefix_parser *p)
{
	uint64_t port;

	if (p->at == p->authority_end) {
		return prefix_refuse(p, PREFIX_RULE_PORT_MISSING, p->at);
	}
	p->at++; /* the ':' */

	struct slice text = prefix_part(p, p->at, prefix_find(p, ':', p->at, p->authority_end));
	size_t n_digits = prefix_count_digits(text);
	if (text.len == 0) {
		return prefix_refuse(p, PREFIX_RULE_PORT_MISSING, p->at);
	}
	if (n_digits < text.len) {
		return prefix_refuse(p, PREFIX_RULE_PORT_CHARACTER, p->at + n_digits);
	}
	if (!slice_parse_u64(text, UINT16_MAX, &port)) {
		return prefix_refuse(p, PREFIX_RULE_PORT_RANGE, p->at);
	}
	if (port == 0) {
		return prefix_refuse(p, PREFIX_RULE_PORT_ZERO, p->at);
	}
	if (text.data[0] == '0') {
		return prefix_refuse(p, PREFIX_RULE_PORT_LEADING_ZERO, p->at);
	}
	p->prefix.port = (uint16_t)port;
	p->at += text.len;

	return true;
}

/* The ":IP" of host:port:IP, when it is there. */
static bool prefix_read_local_addr(struct prefix_parser *p)
{
	if (p->at == p->authority_end) {
		return true;
	}
	p->at++; /* the ':' */

	struct slice text = prefix_part(p, p->at, p->authority_end);
	bool has_colon = text.len > 0 && memchr(text.data, ':', text.len) != NULL;
	bool has_brackets = text.len > 2 && text.data[0] == '[' && text.data[text.len - 1] == ']';
	struct slice number = has_brackets ? slice_from(text.data + 1, text.len - 2) : text;
	struct ip_addr addr;

	/* A zone in it would make ip_addr_parse() look at interfaces. */
	bool has_zone = text.len > 0 && memchr(text.data, '%', text.len) != NULL;
	if (has_zone || has_colon != has_brackets || !ip_addr_parse(number, &addr) ||
	    ip_addr_is_any(&addr)) {
		return prefix_refuse(p, PREFIX_RULE_LOCAL_ADDRESS, p->at);
	}
	if (p->prefix.bucket != PREFIX_BUCKET_EXPLICIT) {
		return prefix_refuse(p, PREFIX_RULE_LOCAL_ADDRESS_HOST, p->at);
	}
	p->prefix.has_local_addr = true;
	p->prefix.addr = addr;
	p->at = p->authority_end;

	return true;
}

/* Is there %XX or %uXXXX at @at?  A '%' without digits is a character like any other. */
static bool prefix_is_escape(const struct prefix_parser *p, size_t at)
{
	struct slice rest = slice_from_offset(p->text, at + 1);
	size_t n_digits = 2;

	if (rest.len > 0 && (rest.data[0] | 0x20) == 'u') {
		rest = slice_from_offset(rest, 1);
		n_digits = 4;
	}
	if (rest.len < n_digits) {
		return false;
	}

	for (size_t i = 0; i < n_digits; i++) {
		if (ascii_hex_value(rest.data[i]) < 0) {
			return false;
		}
	}

	return true;
}

/* One character of the path at p->at, not a '/': leaves p->at behind it. */
static bool prefix_read_path_character(struct prefix_parser *p)
{
	static const struct {
		char c;
		enum prefix_rule rule;
	} refused[] = {
		{'?', PREFIX_RULE_QUERY},
		{'#', PREFIX_RULE_FRAGMENT},
		{'\\', PREFIX_RULE_PATH_BACKSLASH},
	};
	struct slice rest = slice_from_offset(p->text, p->at);
	uint32_t cp;

	for (size_t i = 0; i < array_len(refused); i++) {
		if (rest.data[0] == refused[i].c) {
			return prefix_refuse(p, refused[i].rule, p->at);
		}
	}
	if (rest.data[0] == '%' && prefix_is_escape(p, p->at)) {
		return prefix_refuse(p, PREFIX_RULE_PATH_ESCAPE, p->at);
	}
	if (!utf8_decode(&rest, &cp)) {
		return prefix_refuse(p, PREFIX_RULE_PATH_UTF8, p->at);
	}
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
		return prefix_refuse(p, PREFIX_RULE_PATH_CONTROL, p->at);
	}
	p->at = p->text.len - rest.len;

	return true;
}

static bool prefix_check_segment(struct prefix_parser *p, size_t start)
{
	struct slice segment = prefix_part(p, start, p->at);

	if (slice_is_equal(segment, SLICE(".")) || slice_is_equal(segment, SLICE(".."))) {
		return prefix_refuse(p, PREFIX_RULE_PATH_DOT_SEGMENT, start);
	}
	if (segment.len == 0 && p->at < p->text.len) {
		return prefix_refuse(p, PREFIX_RULE_PATH_EMPTY_SEGMENT, start);
	}

	return true;
}

static bool prefix_read_path(struct prefix_parser *p)
{
	if (p->at == p->text.len) {
		return prefix_refuse(p, PREFIX_RULE_ROOT_SLASH, p->at);
	}
	if (p->text.data[p->at] != '/') {
		/* A '?' or '#': nothing else ends an authority. */
		return prefix_read_path_character(p);
	}

	while (p->at < p->text.len) {
		size_t start = ++p->at;

		while (p->at < p->text.len && p->text.data[p->at] != '/') {
			if (!prefix_read_path_character(p)) {
				return false;
			}
		}
		if (!prefix_check_segment(p, start)) {
			return false;
		}
	}

	return true;
}

static bool prefix_read(struct prefix_parser *p)
{
	if (p->text.len == 0) {
		return prefix_refuse(p, PREFIX_RULE_EMPTY, 0);
	}
	if (p->text.len > PREFIX_BYTES_MAX) {
		return prefix_refuse(p, PREFIX_RULE_TOO_LONG, PREFIX_BYTES_MAX);
	}
	if (!prefix_read_scheme(p)) {
		return false;
	}
	prefix_find_authority_end(p);

	return prefix_read_host(p) && prefix_read_port(p) && prefix_read_local_addr(p) &&
	       prefix_read_path(p);
}

/* Write everything before the path.  Return: its length, bytes */
static size_t prefix_format_authority(const struct prefix_parser *p,
				      char ret_text[PREFIX_AUTHORITY_BYTES])
{
	char addr[IP_ADDR_TEXT_BYTES] = "";
	const char *open = "";
	const char *close = "";

	if (p->prefix.has_local_addr) {
		bool is_v6 = p->prefix.addr.family == AF_INET6;

		ip_addr_format(&p->prefix.addr, addr);
		open = is_v6 ? ":[" : ":";
		close = is_v6 ? "]" : "";
	}

	int n = snprintf(ret_text, PREFIX_AUTHORITY_BYTES, "%s://%s:%u%s%s%s",
			 prefix_scheme_name(p->prefix.scheme), p->host.text,
			 (unsigned)p->prefix.port, open, addr, close);
	assert(n > 0 && n < PREFIX_AUTHORITY_BYTES);

	return (size_t)n;
}

/* Make the text and the key of a prefix that has been read. */
static int prefix_build(struct prefix_parser *p)
{
	char authority[PREFIX_AUTHORITY_BYTES];
	size_t authority_len = prefix_format_authority(p, authority);
	struct slice path = prefix_part(p, p->authority_end, p->text.len);
	size_t n_slashes = path.data[path.len - 1] == '/' ? 0 : 1;
	size_t len = authority_len + path.len + n_slashes;

	if (len > PREFIX_BYTES_MAX) {
		(void)prefix_refuse(p, PREFIX_RULE_TOO_LONG, p->text.len);

		return PREFIX_E_INVALID;
	}

	char *text = mem_new(2 * (len + 1));
	if (text == NULL) {
		return result_origin(-ENOMEM);
	}
	memcpy(text, authority, authority_len);
	memcpy(text + authority_len, path.data, path.len);
	text[len - 1] = '/';

	char *key = text + len + 1;
	prefix_path_fold(slice_from(text, len), key);

	size_t host_at = strlen(prefix_scheme_name(p->prefix.scheme)) + 3;
	p->prefix.text = text;
	p->prefix.host = slice_from(text + host_at, strlen(p->host.text));
	p->prefix.path = slice_from(text + authority_len, len - authority_len);
	p->prefix.path_folded = slice_from(key + authority_len, len - authority_len);
	p->prefix.key = slice_from(key, len);

	return 0;
}

int prefix_parse(struct slice text, struct prefix *ret_prefix, struct prefix_error *ret_error)
{
	assert(ret_prefix != NULL && (text.data != NULL || text.len == 0));

	struct prefix_parser p = {.text = text};
	int r = prefix_read(&p) ? prefix_build(&p) : PREFIX_E_INVALID;

	if (r == PREFIX_E_INVALID) {
		if (ret_error != NULL) {
			*ret_error = p.error;
		}

		return PREFIX_E_INVALID;
	}
	if (r < 0) {
		return result_trace(r);
	}
	*ret_prefix = p.prefix;

	return 0;
}
