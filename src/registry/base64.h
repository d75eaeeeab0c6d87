#pragma once
/* SPDX-License-Identifier: MIT */

/* Base64 (RFC 4648 4: standard alphabet, padded, no line breaks). */

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

enum base64_verdict {
	BASE64_E_INVALID = 1, /* no base64, or not in its one canonical form */
};

/* base64_encode() - append @bytes as text.  Return: as buf_reserve() */
int base64_encode(struct slice bytes, struct buf *buf) must_check_;

/*
 * base64_decode() - append the bytes of @text
 *
 * Return: 0; BASE64_E_INVALID (@buf may hold a part); -ENOMEM, also for a full @buf.
 */
int base64_decode(struct slice text, struct buf *buf) must_check_;
