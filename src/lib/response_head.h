#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Heads of responses and trailers in the form of the ring (ring/layout.h).  What an application may
 * not send is refused here, before it costs anything; the engine checks again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "httpsys.h"

#define RESPONSE_HEAD_FIELDS_BYTES_MAX 65535 /* names and values together */

/*
 * response_head_measure() - check fields, and say how many bytes they take in the ring
 *
 * Return: 0; INVALID: a name is no token, a value has CR, LF or NUL, or the field is the listener's
 * to send; TOO_LARGE.
 */
int response_head_measure(const struct httpsys_field *fields, size_t n_fields,
			  size_t *ret_bytes) must_check_;

/*
 * response_head_write() - write head and fields to @to
 * @fields_bytes: from response_head_measure()
 *
 * Return: bytes written: the struct ring_response_head and @fields_bytes.
 */
size_t response_head_write(char *to, unsigned status, uint64_t content_length,
			   const struct httpsys_field *fields, size_t n_fields,
			   size_t fields_bytes);

/* response_head_write_fields() - write fields alone, as trailers have them */
void response_head_write_fields(char *to, const struct httpsys_field *fields, size_t n_fields);
