/* SPDX-License-Identifier: MIT */

/* The table of methods.  17 short names: a walk that compares lengths first is quick enough. */

#include "http/method.h"

#include "base/compiler.h"

struct method_row {
	struct slice name;
	bool is_safe;
	bool needs_length;
};

static const struct method_row method_rows[HTTP_METHOD_COUNT_] = {
#define HTTP_METHOD_ROW(number, id, text, safe, length)            \
	[HTTP_METHOD_##id] = {                                     \
		.name = {.data = (text), .len = sizeof(text) - 1}, \
		.is_safe = (safe),                                 \
		.needs_length = (length),                          \
	},
#include "http/method.def"
#undef HTTP_METHOD_ROW
};

/* The row of @method, the empty row for anything that is not in the table. */
static const struct method_row *method_row(enum http_method method)
{
	bool is_row = method > HTTP_METHOD_INVALID && method < HTTP_METHOD_COUNT_;

	return &method_rows[is_row ? method : HTTP_METHOD_UNKNOWN];
}

enum http_method http_method_find(struct slice name)
{
	for (unsigned i = HTTP_METHOD_INVALID + 1; i < HTTP_METHOD_COUNT_; i++) {
		if (slice_is_equal(method_rows[i].name, name)) {
			return (enum http_method)i;
		}
	}

	return HTTP_METHOD_UNKNOWN;
}

enum http_method http_method_find_nocase(struct slice name)
{
	for (unsigned i = HTTP_METHOD_INVALID + 1; i < HTTP_METHOD_COUNT_; i++) {
		if (slice_is_equal_nocase(method_rows[i].name, name)) {
			return (enum http_method)i;
		}
	}

	return HTTP_METHOD_UNKNOWN;
}

struct slice http_method_name(enum http_method method)
{
	return method_row(method)->name;
}

bool http_method_is_safe(enum http_method method)
{
	return method_row(method)->is_safe;
}

bool http_method_needs_length(enum http_method method)
{
	return method_row(method)->needs_length;
}
