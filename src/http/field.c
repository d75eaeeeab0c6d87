/* SPDX-License-Identifier: MIT */

/* The tables of known fields, built from known_fields.def, and the checks of names and values. */

#include "http/field.h"

#include <assert.h>

#include "http/chars.h"
#include "http/field_table.h"
#include "http/scan.h"

#define FIELD_TRAILER_ALLOW  true
#define FIELD_TRAILER_REFUSE false

/* clang-format off */

#define FIELD_ID(number, text, first, last) \
	[FIELD_TABLE_SLOT(sizeof(text) - 1, first, last)] = (number) + 1,
#define FIELD_ROW(number, text, trailer, engine_policy)                                            \
	[number] = {                                                                               \
		.name = text,                                                                      \
		.len = sizeof(text) - 1,                                                           \
		.policy = HTTP_FIELD_POLICY_##engine_policy,                                       \
		.is_trailer_allowed = FIELD_TRAILER_##trailer,                                     \
	},

const struct field_table field_table_request = {
	.ids = {
#define HTTP_FIELD_SHARED(number, id, text, first, last, trailer, engine_policy) \
	FIELD_ID(number, text, first, last)
#define HTTP_FIELD_REQUEST(number, id, text, first, last, trailer) \
	FIELD_ID(number, text, first, last)
#include "http/known_fields.def"
	},
	.rows = {
#define HTTP_FIELD_SHARED(number, id, text, first, last, trailer, engine_policy) \
	FIELD_ROW(number, text, trailer, VERBATIM)
#define HTTP_FIELD_REQUEST(number, id, text, first, last, trailer) \
	FIELD_ROW(number, text, trailer, VERBATIM)
#include "http/known_fields.def"
	},
};

const struct field_table field_table_response = {
	.ids = {
#define HTTP_FIELD_SHARED(number, id, text, first, last, trailer, engine_policy) \
	FIELD_ID(number, text, first, last)
#define HTTP_FIELD_RESPONSE(number, id, text, first, last, trailer, engine_policy) \
	FIELD_ID(number, text, first, last)
#include "http/known_fields.def"
	},
	.rows = {
#define HTTP_FIELD_SHARED(number, id, text, first, last, trailer, engine_policy) \
	FIELD_ROW(number, text, trailer, engine_policy)
#define HTTP_FIELD_RESPONSE(number, id, text, first, last, trailer, engine_policy) \
	FIELD_ROW(number, text, trailer, engine_policy)
#include "http/known_fields.def"
	},
};

/* clang-format on */

/* The row of a number; NULL when the table has none. */
static const struct field_table_row *field_row(const struct field_table *table, unsigned id)
{
	if (id >= HTTP_FIELD_COUNT_ || table->rows[id].len == 0) {
		return NULL;
	}

	return &table->rows[id];
}

static struct slice field_row_name(const struct field_table *table, unsigned id)
{
	const struct field_table_row *row = field_row(table, id);

	return row != NULL ? slice_from(row->name, row->len) : (struct slice){0};
}

static bool field_row_is_trailer_allowed(const struct field_table *table, unsigned id)
{
	const struct field_table_row *row = field_row(table, id);

	return row == NULL || row->is_trailer_allowed;
}

enum http_field_id http_field_find(struct slice name)
{
	return (enum http_field_id)field_table_find(&field_table_request, name.data, name.len,
						    name.data + name.len);
}

enum http_response_field_id http_field_find_response(struct slice name)
{
	return (enum http_response_field_id)field_table_find(&field_table_response, name.data,
							     name.len, name.data + name.len);
}

struct slice http_field_known_name(enum http_field_id id)
{
	return field_row_name(&field_table_request, id);
}

struct slice http_field_known_response_name(enum http_response_field_id id)
{
	return field_row_name(&field_table_response, id);
}

enum http_field_policy http_field_policy(enum http_response_field_id id)
{
	const struct field_table_row *row = field_row(&field_table_response, id);

	return row != NULL ? (enum http_field_policy)row->policy : HTTP_FIELD_POLICY_VERBATIM;
}

bool http_field_is_trailer_allowed(enum http_field_id id)
{
	return field_row_is_trailer_allowed(&field_table_request, id);
}

bool http_field_is_response_trailer_allowed(enum http_response_field_id id)
{
	return field_row_is_trailer_allowed(&field_table_response, id);
}

bool http_field_is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!http_char_is(s.data[i], HTTP_CHAR_TOKEN)) {
			return false;
		}
	}

	return s.len > 0;
}

bool http_field_value_is_valid(struct slice s)
{
	return s.len == 0 || scan_value(s.data, s.data, s.data + s.len) == s.data + s.len;
}

bool http_field_next_option(struct slice *rest, struct slice *ret_option)
{
	assert(rest != NULL && ret_option != NULL);

	while (rest->len > 0) {
		struct slice option = slice_trim(slice_cut(rest, ','));

		if (option.len > 0) {
			*ret_option = option;

			return true;
		}
	}

	return false;
}
