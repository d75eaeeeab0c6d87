#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Fields of heads and trailers (RFC 9110, 5): the names with a number, what a name and a value may
 * consist of, and what an application may do with each field of a response.  The numbers are those
 * of the HTTP Server API (HTTP_HEADER_ID): 0-19 in both directions, 20 and up differ between
 * request and response.  The rows are in "http/known_fields.def".
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum http_field_id {
#define HTTP_FIELD_SHARED(number, id, name, first, last, trailer, policy) \
	HTTP_FIELD_##id = (number),
#define HTTP_FIELD_REQUEST(number, id, name, first, last, trailer) HTTP_FIELD_##id = (number),
#include "http/known_fields.def"
	HTTP_FIELD_COUNT_, /* 41 */
	HTTP_FIELD_UNKNOWN = 0xffff
};

enum http_response_field_id {
#define HTTP_FIELD_SHARED(number, id, name, first, last, trailer, policy) \
	HTTP_RESPONSE_FIELD_##id = (number),
#define HTTP_FIELD_RESPONSE(number, id, name, first, last, trailer, policy) \
	HTTP_RESPONSE_FIELD_##id = (number),
#include "http/known_fields.def"
	HTTP_RESPONSE_FIELD_COUNT_, /* 30 */
	HTTP_RESPONSE_FIELD_UNKNOWN = 0xffff
};

/* What the response writer does with a field that the application supplies. */
enum http_field_policy {
	HTTP_FIELD_POLICY_VERBATIM = 0, /* written as given, once name and value are valid */
	HTTP_FIELD_POLICY_DROP,         /* left out: the engine alone writes it, or nobody does */
	HTTP_FIELD_POLICY_OPTIONS,      /* Connection: its options are read, the engine writes it */
	HTTP_FIELD_POLICY_LENGTH,       /* Content-Length: compared with the body */
	HTTP_FIELD_POLICY_APPEND,       /* Server: the engine's token is appended */
};

/*
 * One field of a head: offsets from the first byte of the head.  This struct is laid out for the
 * shared memory between engine and application and is copied there as it is.
 */
struct http_field {
	uint32_t name_off;
	uint32_t value_off;
	uint32_t value_len; /* bytes, without the blanks around the value */
	uint16_t name_len;
	uint16_t id; /* enum http_field_id or enum http_response_field_id, 0xffff = unknown */
};

_Static_assert(sizeof(struct http_field) == 16, "struct http_field is a memory layout");

/* http_field_name() - the name of @field in the head that begins at @head */
static inline struct slice http_field_name(const struct http_field *field, const char *head)
{
	return slice_from(head + field->name_off, field->name_len);
}

/* http_field_value() - the value of @field in the head that begins at @head */
static inline struct slice http_field_value(const struct http_field *field, const char *head)
{
	return slice_from(head + field->value_off, field->value_len);
}

/* http_field_find() - the number of a request field's name, in any case; or HTTP_FIELD_UNKNOWN */
enum http_field_id http_field_find(struct slice name);

/* http_field_find_response() - the same for a response; or HTTP_RESPONSE_FIELD_UNKNOWN */
enum http_response_field_id http_field_find_response(struct slice name);

/* http_field_known_name() - the usual spelling of a request field's name; empty for unknown */
struct slice http_field_known_name(enum http_field_id id);

/* http_field_known_response_name() - the same for a response */
struct slice http_field_known_response_name(enum http_response_field_id id);

/* http_field_policy() - what the writer does with an application's field of that number */
enum http_field_policy http_field_policy(enum http_response_field_id id);

/*
 * http_field_is_trailer_allowed() - may the request field stand in a trailer section?
 *
 * False for fields of framing, routing, request control, authentication and content format
 * (RFC 9110, 6.5.1); true for unknown ones.
 */
bool http_field_is_trailer_allowed(enum http_field_id id);

/* http_field_is_response_trailer_allowed() - the same for a response */
bool http_field_is_response_trailer_allowed(enum http_response_field_id id);

/* http_field_is_token() - one or more tchar (RFC 9110, 5.6.2): a valid field name or method */
bool http_field_is_token(struct slice s);

/* http_field_value_is_valid() - only VCHAR, obs-text, SP and HTAB; may be empty */
bool http_field_value_is_valid(struct slice s);

/*
 * http_field_next_option() - take the next element off a comma-separated list of tokens
 * @rest: the list; moved behind the element
 * @ret_option: the element, without the blanks around it
 *
 * Empty elements are skipped (RFC 9110, 5.6.1).
 *
 * Return: true; false when the list has no further element (@ret_option is not written).
 */
bool http_field_next_option(struct slice *rest, struct slice *ret_option);
