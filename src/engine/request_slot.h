#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * How a request is written into a slot of shared memory; the form is in ring/layout.h.
 */

#include <stdbool.h>
#include <stdint.h>

struct exchange;
struct http_request;
struct request;
struct route_match;

/*
 * request_slot_write() - write @parsed and its match into the exchange's slot
 * @head: the bytes that @parsed points into
 *
 * Return: the bytes used; 0 = it does not fit.
 */
uint32_t request_slot_write(const struct exchange *exchange, const struct request *request,
			    const struct http_request *parsed, const struct route_match *match,
			    const char *head);
