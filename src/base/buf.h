#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A growable run of bytes with a hard limit.  Owned by its struct; buf_fini()
 * gives the memory back.  A zeroed struct with a limit is ready to use.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"

enum buf_verdict {
	BUF_E_FULL = 1, /* the bytes would go over len_max; nothing was appended */
};

struct buf {
	char *data;
	size_t len;      /* bytes in use */
	size_t capacity; /* bytes allocated */
	size_t len_max;  /* hard limit, bytes; 0 = SIZE_MAX */
};

/* buf_fini() - free the memory; accepts zeroed and half-built ones, leaves it empty */
void buf_fini(struct buf *buf);

/* buf_clear() - forget the bytes, keep the memory */
static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
}

/* buf_slice() - the bytes, valid until the next change of @buf */
static inline struct slice buf_slice(const struct buf *buf)
{
	return (struct slice){.data = buf->data, .len = buf->len};
}

/*
 * buf_reserve() - make room for @n more bytes behind buf->len
 *
 * Return: 0; BUF_E_FULL; -ENOMEM.
 */
int buf_reserve(struct buf *buf, size_t n) must_check_;

/* buf_append() - append a slice.  Return: as buf_reserve() */
int buf_append(struct buf *buf, struct slice s) must_check_;

/* buf_append_str() - append a NUL-terminated string.  Return: as buf_reserve() */
int buf_append_str(struct buf *buf, const char *s) must_check_;

/* buf_appendf() - append formatted text.  Return: as buf_reserve() */
int buf_appendf(struct buf *buf, const char *format, ...) must_check_ printf_(2, 3);

/* buf_consume() - drop the first @n bytes (at most buf->len) */
void buf_consume(struct buf *buf, size_t n);

/*
 * buf_take_str() - take the bytes as an owned NUL-terminated string (mem_free); @buf is empty then
 *
 * Return: the string; NULL = out of memory and @buf is unchanged.
 */
char *buf_take_str(struct buf *buf) must_check_;
