/* SPDX-License-Identifier: MIT */

/* Growable bytes with a hard limit; see buf.h. */

#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/result.h"

#define BUF_CAPACITY_MIN 64

void buf_fini(struct buf *buf)
{
	if (buf == NULL) {
		return;
	}

	buf->data = mem_free(buf->data);
	buf->len = 0;
	buf->capacity = 0;
}

int buf_reserve(struct buf *buf, size_t n)
{
	assert(buf != NULL);

	size_t needed;
	size_t limit = buf->len_max > 0 ? buf->len_max : SIZE_MAX;

	if (__builtin_add_overflow(buf->len, n, &needed) || needed > limit) {
		return BUF_E_FULL;
	}
	if (needed <= buf->capacity) {
		return 0;
	}

	size_t capacity = buf->capacity > 0 ? buf->capacity : BUF_CAPACITY_MIN;
	while (capacity < needed) {
		if (__builtin_mul_overflow(capacity, 2, &capacity)) {
			capacity = needed;
		}
	}

	char *data = mem_resize(buf->data, capacity);
	if (data == NULL) {
		return result_origin(-ENOMEM);
	}
	buf->data = data;
	buf->capacity = capacity;

	return 0;
}

int buf_append(struct buf *buf, struct slice s)
{
	int r = buf_reserve(buf, s.len);

	if (r != 0) {
		return r;
	}
	if (s.len > 0) {
		memcpy(buf->data + buf->len, s.data, s.len);
		buf->len += s.len;
	}

	return 0;
}

int buf_append_str(struct buf *buf, const char *s)
{
	return buf_append(buf, slice_from_str(s));
}

int buf_appendf(struct buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0) {
		return result_origin(-EINVAL);
	}

	int r = buf_reserve(buf, (size_t)n);
	if (r != 0) {
		return r;
	}

	/* One more byte for the NUL that vsnprintf() writes; it does not count as content. */
	if (buf->capacity == buf->len + (size_t)n) {
		char *data = mem_resize(buf->data, buf->capacity + 1);
		if (data == NULL) {
			return result_origin(-ENOMEM);
		}
		buf->data = data;
		buf->capacity += 1;
	}

	va_start(args, format);
	(void)vsnprintf(buf->data + buf->len, (size_t)n + 1, format, args);
	va_end(args);
	buf->len += (size_t)n;

	return 0;
}

void buf_consume(struct buf *buf, size_t n)
{
	assert(buf != NULL && n <= buf->len);

	buf->len -= n;
	if (n > 0 && buf->len > 0) {
		memmove(buf->data, buf->data + n, buf->len);
	}
}

char *buf_take_str(struct buf *buf)
{
	assert(buf != NULL);

	char *s = mem_resize(buf->data, buf->len + 1);

	if (s == NULL) {
		return NULL;
	}
	s[buf->len] = '\0';
	buf->data = NULL;
	buf->len = 0;
	buf->capacity = 0;

	return s;
}
