#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One parsed request head: plain data.  Filled by a parser (HTTP/1.1 today) from bytes that the
 * caller owns; all slices point into the head, into the cook buffer or to constants, and are valid
 * as long as those are.  A refused request is data too: reason and status say why.
 * Owned by whoever embeds it; holds no memory of its own.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/field.h"
#include "http/host.h"
#include "http/method.h"
#include "http/reason.h"
#include "http/target.h"

struct http_request {
	/* The caller's storage. */
	struct http_field *fields; /* in the order of the head, n_fields of them */
	char *cook;                /* for a path that must be rewritten */
	size_t cook_cap;           /* bytes; HTTP_TARGET_COOKED_BYTES(head_bytes_max) suffices */
	uint32_t n_fields_cap;

	/* The head. */
	uint32_t n_fields;
	uint32_t head_bytes;   /* with the empty line at its end; where the body begins */
	uint8_t method_id;     /* enum http_method */
	uint8_t version_minor; /* of HTTP/1.x as sent; 1.2 and up are treated as 1.1 */
	uint8_t target_form;   /* enum http_target_form */
	uint8_t scheme;        /* enum http_scheme, from an absolute-form target */
	struct slice method;   /* as sent */
	struct slice target;   /* as sent */
	struct slice path;     /* cooked; "*" in asterisk form */
	struct slice query;    /* raw, with its '?'; data NULL when there is none */
	struct http_host host; /* of the target, else of Host; kind NONE only in HTTP/1.0 */

	/* The framing of the body and the fate of the connection. */
	int64_t content_length; /* bytes; -1 = no Content-Length */
	bool is_chunked;
	bool is_keep_alive;       /* what the client wants; the answer decides */
	bool is_continue_awaited; /* Expect: 100-continue, and a body is to come */
	bool has_upgrade;         /* Upgrade with Connection: upgrade, HTTP/1.1 */

	/* Set when the request was refused. */
	uint16_t status;
	uint8_t reason; /* enum http_reason */

	/* Per known field: index of its first occurrence plus 1; 0 = absent. */
	uint16_t known[HTTP_FIELD_COUNT_];
};

/*
 * http_request_init() - make @request ready for one head
 * @fields, @n_fields_cap: storage for the field table; stays the caller's, outlives @request
 * @cook, @cook_cap: storage for a rewritten path, likewise; may be NULL and 0: such requests are
 *                   then refused with 414
 */
static inline void http_request_init(struct http_request *request, struct http_field *fields,
				     uint32_t n_fields_cap, char *cook, size_t cook_cap)
{
	*request = (struct http_request){
		.fields = fields,
		.n_fields_cap = n_fields_cap,
		.cook = cook,
		.cook_cap = cook_cap,
		.content_length = -1,
	};
}

/* http_request_find() - the first field of that number; NULL when the head has none */
static inline const struct http_field *http_request_find(const struct http_request *request,
							 enum http_field_id id)
{
	uint16_t at = request->known[id];

	return at != 0 ? &request->fields[at - 1] : NULL;
}

/* http_request_has_body() - do body bytes follow the head? */
static inline bool http_request_has_body(const struct http_request *request)
{
	return request->is_chunked || request->content_length > 0;
}
