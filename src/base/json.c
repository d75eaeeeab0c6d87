/* SPDX-License-Identifier: MIT */

/*
 * JSON writer; see json.h.  The state is two bits per open container.  A wrong
 * order of calls is a programmer's mistake and asserted.
 */

#include "base/json.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/result.h"
#include "base/utf8.h"

#define JSON_NUMBER_BYTES 24 /* any 64-bit number, its sign and a NUL */

static uint64_t json_bit(const struct json_writer *writer)
{
	return UINT64_C(1) << writer->depth;
}

static void json_put(struct json_writer *writer, struct slice s)
{
	if (writer->error != 0) {
		return;
	}

	int r = buf_append(writer->buf, s);
	if (r == BUF_E_FULL) {
		writer->error = result_origin(-EMSGSIZE);
	} else if (r < 0) {
		writer->error = result_trace(r);
	}
}

/* What has to stand before the next value or key: a comma or nothing. */
static void json_separate(struct json_writer *writer)
{
	if ((writer->has_value & json_bit(writer)) != 0) {
		json_put(writer, SLICE(","));
	}
	writer->has_value |= json_bit(writer);
}

static void json_before_value(struct json_writer *writer)
{
	bool is_object = (writer->is_object & json_bit(writer)) != 0;

	assert(is_object == writer->has_key);
	assert(writer->depth > 0 || writer->has_value == 0); /* one document, not two */

	if (!is_object) {
		json_separate(writer);
	}
	writer->has_key = false;
}

static void json_begin(struct json_writer *writer, struct slice bracket, bool is_object)
{
	assert(writer != NULL && writer->depth < JSON_DEPTH_MAX);

	json_before_value(writer);
	json_put(writer, bracket);
	writer->depth++;
	writer->has_value &= ~json_bit(writer);
	if (is_object) {
		writer->is_object |= json_bit(writer);
	} else {
		writer->is_object &= ~json_bit(writer);
	}
}

static void json_end(struct json_writer *writer, struct slice bracket, bool is_object)
{
	assert(writer != NULL && writer->depth > 0 && !writer->has_key);
	assert(((writer->is_object & json_bit(writer)) != 0) == is_object);

	writer->depth--;
	json_put(writer, bracket);
}

/* The escape of an ASCII character, or an empty slice when it stands for itself. */
static struct slice json_escape(unsigned char c, char text[8])
{
	static const char letters[0x80] = {
		['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
		['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
	};

	if (letters[c] != '\0') {
		text[0] = '\\';
		text[1] = letters[c];

		return slice_from(text, 2);
	}
	if (c < 0x20 || c == 0x7f) {
		(void)snprintf(text, 8, "\\u%04x", (unsigned)c);

		return slice_from(text, 6);
	}

	return (struct slice){0};
}

/* The next character of @rest: what to write instead of it, or an empty slice for itself. */
static struct slice json_next(struct slice *rest, char text[8])
{
	uint32_t cp;

	if (!utf8_decode(rest, &cp)) {
		*rest = slice_from_offset(*rest, 1);

		return SLICE("\xef\xbf\xbd");
	}

	return cp < 0x80 ? json_escape((unsigned char)cp, text) : (struct slice){0};
}

static void json_put_quoted(struct json_writer *writer, struct slice s)
{
	struct slice plain = slice_from(s.data, 0); /* stands for itself and waits to be written */
	char text[8];

	json_put(writer, SLICE("\""));
	while (s.len > 0) {
		size_t len_before = s.len;
		struct slice escape = json_next(&s, text);

		if (escape.len == 0) {
			plain.len += len_before - s.len;
			continue;
		}
		json_put(writer, plain);
		json_put(writer, escape);
		plain = slice_from(s.data, 0);
	}
	json_put(writer, plain);
	json_put(writer, SLICE("\""));
}

void json_init(struct json_writer *writer, struct buf *buf)
{
	assert(writer != NULL && buf != NULL);

	*writer = (struct json_writer){.buf = buf};
}

int json_finish(struct json_writer *writer)
{
	assert(writer != NULL && writer->depth == 0 && writer->has_value != 0);

	return writer->error;
}

void json_begin_object(struct json_writer *writer)
{
	json_begin(writer, SLICE("{"), true);
}

void json_end_object(struct json_writer *writer)
{
	json_end(writer, SLICE("}"), true);
}

void json_begin_array(struct json_writer *writer)
{
	json_begin(writer, SLICE("["), false);
}

void json_end_array(struct json_writer *writer)
{
	json_end(writer, SLICE("]"), false);
}

void json_key(struct json_writer *writer, const char *key)
{
	assert(writer != NULL && key != NULL && !writer->has_key);
	assert((writer->is_object & json_bit(writer)) != 0);

	json_separate(writer);
	json_put_quoted(writer, slice_from_str(key));
	json_put(writer, SLICE(":"));
	writer->has_key = true;
}

void json_str(struct json_writer *writer, struct slice s)
{
	assert(writer != NULL);

	json_before_value(writer);
	json_put_quoted(writer, s);
}

void json_u64(struct json_writer *writer, uint64_t value)
{
	assert(writer != NULL);

	char text[JSON_NUMBER_BYTES];
	int n = snprintf(text, sizeof(text), "%" PRIu64, value);

	json_before_value(writer);
	json_put(writer, slice_from(text, (size_t)n));
}

void json_i64(struct json_writer *writer, int64_t value)
{
	assert(writer != NULL);

	char text[JSON_NUMBER_BYTES];
	int n = snprintf(text, sizeof(text), "%" PRId64, value);

	json_before_value(writer);
	json_put(writer, slice_from(text, (size_t)n));
}

void json_bool(struct json_writer *writer, bool value)
{
	assert(writer != NULL);

	json_before_value(writer);
	json_put(writer, value ? SLICE("true") : SLICE("false"));
}

void json_nil(struct json_writer *writer)
{
	assert(writer != NULL);

	json_before_value(writer);
	json_put(writer, SLICE("null"));
}
