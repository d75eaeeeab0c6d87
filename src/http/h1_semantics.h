#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a complete HTTP/1.1 head means: method, target, host, framing of the body, fate of the
 * connection.  The second half of h1_parse_head(), which alone calls it.
 */

#include "http/h1_parse.h"

/*
 * h1_semantics_apply() - complete @request from a head whose lines are all valid
 * @data: the first byte of the head
 *
 * Return: HTTP_REASON_NONE; why the request is refused.
 */
enum http_reason h1_semantics_apply(const char *data, const struct http_limits *limits,
				    const struct h1_parser *parser, struct http_request *request);
