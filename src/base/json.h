#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * JSON writer (RFC 8259): appends one document to a buffer, value by value, and
 * sets the commas itself.  The first error sticks: later calls do nothing, so a
 * caller writes the whole document and looks once, at json_finish().  The text
 * is compact and always valid UTF-8: a byte that is not becomes U+FFFD.  (The
 * obvious names json_string and json_null are symbols of the jansson library.)
 *
 *   struct json_writer w;
 *   json_init(&w, &buf);
 *   json_begin_object(&w);
 *   json_key(&w, "pid");
 *   json_u64(&w, pid);
 *   json_end_object(&w);
 *   r = json_finish(&w);
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

struct buf;

#define JSON_DEPTH_MAX 32

struct json_writer {
	struct buf *buf;    /* borrowed */
	int error;          /* 0, or the negative errno that json_finish() will return */
	unsigned depth;     /* open objects and arrays */
	uint64_t is_object; /* bit d: the container at depth d is an object */
	uint64_t has_value; /* bit d: something stands in the container at depth d already */
	bool has_key;       /* a key is written and its value is due */
};

/* json_init() - begin a document behind what @buf holds already; @buf stays the caller's */
void json_init(struct json_writer *writer, struct buf *buf);

/* json_finish() - Return: 0; -ENOMEM; -EMSGSIZE = over buf->len_max; then the text is not whole */
int json_finish(struct json_writer *writer) must_check_;

/* json_begin_object() / json_end_object() - at most JSON_DEPTH_MAX deep */
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);

/* json_begin_array() / json_end_array() - at most JSON_DEPTH_MAX deep */
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);

/* json_key() - the name of the value that comes next; in an object only */
void json_key(struct json_writer *writer, const char *key);

/* json_str() - a string of any bytes, escaped as needed */
void json_str(struct json_writer *writer, struct slice s);

/* json_u64() - an unsigned number, in full (readers that use doubles lose bits over 2^53) */
void json_u64(struct json_writer *writer, uint64_t value);

/* json_i64() - a signed number */
void json_i64(struct json_writer *writer, int64_t value);

/* json_bool() - true or false */
void json_bool(struct json_writer *writer, bool value);

/* json_nil() - null */
void json_nil(struct json_writer *writer);
