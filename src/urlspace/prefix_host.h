#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The host element of a prefix: "+", "*", a name, "*.name", an IPv4 address or an IPv6 address in
 * brackets.  A part of the prefix parser with a header of its own only because of its length.
 */

#include <stdbool.h>

#include "base/ipaddr.h"
#include "base/slice.h"
#include "urlspace/prefix.h"

struct prefix_host {
	enum prefix_bucket bucket;
	bool is_subdomain_wildcard;
	struct ip_addr addr;                  /* IP bucket; family 0 otherwise */
	char text[PREFIX_HOST_BYTES_MAX + 1]; /* canonical, with brackets, NUL-terminated */
};

/*
 * prefix_host_read() - read the host off the front of an authority
 * @authority: moved to the ':' before the port, or to the end
 * @ret_host: filled on success only
 * @ret_error: filled on failure; its position counts from the begin of @authority
 *
 * Return: true; false = the host breaks a rule, @authority is unchanged.
 */
bool prefix_host_read(struct slice *authority, struct prefix_host *ret_host,
		      struct prefix_error *ret_error);
