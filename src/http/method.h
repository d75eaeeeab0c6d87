#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Request methods.  The numbers are those of the HTTP Server API (HTTP_VERB), so that a request
 * crosses into an application unchanged; the rows are in "http/method.def".  Method names are
 * case-sensitive (RFC 9110, 9.1).
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum http_method {
	HTTP_METHOD_UNPARSED = 0,
	HTTP_METHOD_UNKNOWN = 1, /* a token without a number: travels by name */
	HTTP_METHOD_INVALID = 2,
#define HTTP_METHOD_ROW(number, id, name, is_safe, needs_length) HTTP_METHOD_##id = (number),
#include "http/method.def"
#undef HTTP_METHOD_ROW
	HTTP_METHOD_COUNT_
};

#define HTTP_METHOD_BYTES_MAX 255U /* a longer one is refused: N/I */

/*
 * http_method_find() - the number of the method named exactly @name
 *
 * Return: the number; HTTP_METHOD_UNKNOWN when no row has that name (also for an empty @name).
 */
enum http_method http_method_find(struct slice name);

/* http_method_find_nocase() - the same without regard to the case of ASCII letters */
enum http_method http_method_find_nocase(struct slice name);

/* http_method_name() - the name of a row; empty for the three numbers that have none */
struct slice http_method_name(enum http_method method);

/* http_method_is_safe() - defined as safe (RFC 9110, 9.2.1); false for unknown ones */
bool http_method_is_safe(enum http_method method);

/* http_method_needs_length() - a request must say how long its body is, else 411: POST, PUT */
bool http_method_needs_length(enum http_method method);
