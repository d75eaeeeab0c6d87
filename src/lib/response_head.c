/* SPDX-License-Identifier: MIT */

/* Heads of responses; see response_head.h. */

#include "lib/response_head.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"
#include "ring/layout.h"

#define RESPONSE_HEAD_BIT(c) (UINT64_C(1) << ((c)&63))

/* The characters of a token (RFC 9110 5.6.2), bit by bit: codes 0-63, 64-127. */
static const uint64_t response_head_token[4] = {
	RESPONSE_HEAD_BIT('!') | RESPONSE_HEAD_BIT('#') | RESPONSE_HEAD_BIT('$') |
		RESPONSE_HEAD_BIT('%') | RESPONSE_HEAD_BIT('&') | RESPONSE_HEAD_BIT('\'') |
		RESPONSE_HEAD_BIT('*') | RESPONSE_HEAD_BIT('+') | RESPONSE_HEAD_BIT('-') |
		RESPONSE_HEAD_BIT('.') | UINT64_C(0x3ff) << ('0' & 63),
	RESPONSE_HEAD_BIT('^') | RESPONSE_HEAD_BIT('_') | RESPONSE_HEAD_BIT('`') |
		RESPONSE_HEAD_BIT('|') | RESPONSE_HEAD_BIT('~') |
		UINT64_C(0x3ffffff) << ('A' & 63) | UINT64_C(0x3ffffff) << ('a' & 63),
};

/* What the listener writes by itself; an application's would contradict it. */
static const struct slice response_head_framing[] = {
	{.data = "content-length", .len = sizeof("content-length") - 1},
	{.data = "transfer-encoding", .len = sizeof("transfer-encoding") - 1},
	{.data = "connection", .len = sizeof("connection") - 1},
	{.data = "date", .len = sizeof("date") - 1},
};

static bool response_head_is_token(struct httpsys_slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if ((response_head_token[c >> 6] >> (c & 63) & 1) == 0) {
			return false;
		}
	}

	return name.len > 0;
}

static bool response_head_is_value(struct httpsys_slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.data[i];

		if (c == '\r' || c == '\n' || c == '\0') {
			return false;
		}
	}

	return true;
}

static bool response_head_is_framing(struct httpsys_slice name)
{
	struct slice s = slice_from(name.data, name.len);

	for (size_t i = 0; i < array_len(response_head_framing); i++) {
		if (s.len == response_head_framing[i].len &&
		    slice_is_equal_nocase(s, response_head_framing[i])) {
			return true;
		}
	}

	return false;
}

int response_head_measure(const struct httpsys_field *fields, size_t n_fields, size_t *ret_bytes)
{
	assert(ret_bytes != NULL);

	size_t bytes = 0;
	size_t text_bytes = 0;

	if (fields == NULL && n_fields > 0) {
		return HTTPSYS_E_INVALID;
	}
	for (size_t i = 0; i < n_fields; i++) {
		const struct httpsys_field *field = &fields[i];

		if (field->name.len > RESPONSE_HEAD_FIELDS_BYTES_MAX ||
		    field->value.len > RESPONSE_HEAD_FIELDS_BYTES_MAX) {
			return HTTPSYS_E_TOO_LARGE;
		}
		if (!response_head_is_token(field->name) || !response_head_is_value(field->value) ||
		    response_head_is_framing(field->name)) {
			return HTTPSYS_E_INVALID;
		}
		text_bytes += field->name.len + field->value.len;
		bytes += sizeof(struct ring_response_field) + field->name.len + field->value.len;
		if (text_bytes > RESPONSE_HEAD_FIELDS_BYTES_MAX) {
			return HTTPSYS_E_TOO_LARGE;
		}
	}
	*ret_bytes = bytes;

	return 0;
}

static char *response_head_copy(char *to, const void *from, size_t len)
{
	if (len > 0) {
		memcpy(to, from, len);
	}

	return to + len;
}

void response_head_write_fields(char *to, const struct httpsys_field *fields, size_t n_fields)
{
	assert(to != NULL);

	for (size_t i = 0; i < n_fields; i++) {
		struct ring_response_field field = {.value_len = (uint32_t)fields[i].value.len,
						    .name_len = (uint16_t)fields[i].name.len,
						    .id = RING_FIELD_UNKNOWN};

		to = response_head_copy(to, &field, sizeof(field));
		to = response_head_copy(to, fields[i].name.data, fields[i].name.len);
		to = response_head_copy(to, fields[i].value.data, fields[i].value.len);
	}
}

size_t response_head_write(char *to, unsigned status, uint64_t content_length,
			   const struct httpsys_field *fields, size_t n_fields, size_t fields_bytes)
{
	assert(to != NULL && status >= 100 && status <= 999);

	struct ring_response_head head = {.content_length = content_length,
					  .head_bytes = (uint32_t)(sizeof(head) + fields_bytes),
					  .status = (uint16_t)status,
					  .n_fields = (uint16_t)n_fields};

	memcpy(to, &head, sizeof(head));
	response_head_write_fields(to + sizeof(head), fields, n_fields);

	return sizeof(head) + fields_bytes;
}
