/* SPDX-License-Identifier: MIT */

/*
 * Access to JSON documents, and their strings made safe: a program may call itself anything, and
 * what it calls itself ends up on an administrator's terminal.
 */

#include "httpcfg/document.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"
#include "base/slice.h"

const char *document_text(const json_t *object, const char *name)
{
	assert(name != NULL);

	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

uint64_t document_number(const json_t *object, const char *name)
{
	assert(name != NULL);

	json_int_t value = json_integer_value(json_object_get(object, name));

	return value > 0 ? (uint64_t)value : 0;
}

bool document_is(const json_t *object, const char *name)
{
	assert(name != NULL);

	return json_is_true(json_object_get(object, name));
}

bool document_has(const json_t *object, const char *name)
{
	assert(name != NULL);

	const json_t *value = json_object_get(object, name);

	return value != NULL && !json_is_null(value);
}

json_t *document_string(const char *text)
{
	assert(text != NULL);

	json_t *string = json_stringn(text, strlen(text));

	return string != NULL ? string : json_stringn("", 0);
}

int document_append_json(struct buf *buf, const json_t *value)
{
	assert(buf != NULL && value != NULL);

	size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
	size_t len = json_dumpb(value, NULL, 0, flags);
	if (len == 0) {
		return result_origin(-ENOMEM); /* no JSON text is empty */
	}

	int r = buf_reserve(buf, len);
	if (r != 0) {
		return result_fold(r);
	}

	buf->len += json_dumpb(value, buf->data + buf->len, len, flags);

	return 0;
}

static int document_append_list(struct buf *buf, const json_t *list)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		r = i > 0 ? buf_append_str(buf, ", ") : 0;
		if (r == 0) {
			r = document_append_value(buf, json_array_get(list, i));
		}
	}
	if (r == 0 && json_array_size(list) == 0) {
		r = buf_append_str(buf, "(empty)");
	}

	return result_fold(r);
}

int document_append_value(struct buf *buf, const json_t *value)
{
	assert(buf != NULL);

	if (value == NULL || json_is_null(value)) {
		return result_fold(buf_append_str(buf, "-"));
	}
	if (json_is_string(value)) {
		return result_fold(buf_append_str(buf, json_string_value(value)));
	}
	if (json_is_array(value)) {
		return result_trace(document_append_list(buf, value));
	}

	return result_trace(document_append_json(buf, value));
}

void document_print_json(FILE *out, const json_t *value)
{
	assert(out != NULL && value != NULL);

	/* A stream that cannot be written to is found when it is closed. */
	(void)json_dumpf(value, out, JSON_INDENT(2));
	fputc('\n', out);
}

void document_clean_text(char *text)
{
	assert(text != NULL);

	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		/* U+0080 to U+009F are control characters, too: c2 80 to c2 9f. */
		bool is_c1 = *p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0;
		if (*p < 0x20 || *p == 0x7f || is_c1) {
			*p = '?';
		}
		if (is_c1) {
			p[1] = '?';
		}
	}
}

static int document_clean_string(json_t *value)
{
	size_t len = json_string_length(value);
	cleanup_(mem_free_p) char *text = mem_dup(json_string_value(value), len);
	if (text == NULL) {
		return result_origin(-ENOMEM);
	}

	document_clean_text(text);
	if (json_string_setn(value, text, strlen(text)) != 0) {
		return result_origin(-ENOMEM);
	}

	return 0;
}

int document_clean(json_t *value)
{
	assert(value != NULL);

	if (json_is_string(value)) {
		return result_trace(document_clean_string(value));
	}

	/* Recursion is bounded by jansson, which reads at most 2048 levels. */
	int r = 0;
	for (size_t i = 0; r == 0 && i < json_array_size(value); i++) {
		r = document_clean(json_array_get(value, i));
	}
	for (void *at = json_object_iter(value); r == 0 && at != NULL;
	     at = json_object_iter_next(value, at)) {
		r = document_clean(json_object_iter_value(at));
	}

	return result_trace(r);
}
