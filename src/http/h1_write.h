#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * HTTP/1.1 responses: serialised into the caller's bytes.  Framing is decided here and nowhere
 * else, from what the engine knows about the body; an application's fields are checked and go
 * through the policy of "http/field.h", so that no application can end its response early or begin
 * another one (RFC 9112, 11.1).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "http/field.h"
#include "http/reason.h"

#define H1_WRITE_DATE_BYTES       29   /* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define H1_WRITE_CHUNK_HEAD_BYTES 18   /* longest chunk head: 16 digits and CRLF */
#define H1_WRITE_ERROR_BYTES      1024 /* enough for every page of h1_write_error() */

enum h1_write_verdict {
	H1_WRITE_E_FULL = 1, /* @cap is too small: come again with more */
	H1_WRITE_E_STATUS,   /* the status is not 100-999, or its phrase has a bad byte */
	H1_WRITE_E_FIELD,    /* a field lies outside the head or has a bad name or value */
	H1_WRITE_E_FRAMING,  /* Content-Length and body contradict each other: answer 500 */
};

/* DisableServerHeader */
enum h1_server_policy {
	H1_SERVER_APPEND = 0,  /* add "httpsys", behind the application's own token */
	H1_SERVER_APPLICATION, /* the same, but not in the engine's own answers */
	H1_SERVER_NEVER,       /* only what the application sends */
};

#define H1_WRITE_LENGTH_UNKNOWN (-1) /* the body is streamed */

struct h1_response {
	/* What the application says; nothing of it is trusted. */
	const char *head; /* the bytes that @fields point into */
	size_t head_bytes;
	const struct http_field *fields; /* ids are not looked at */
	size_t n_fields;
	struct slice phrase; /* empty = the standard one */
	unsigned status;

	/* What the engine knows. */
	int64_t body_bytes; /* of the body that will be sent, H1_WRITE_LENGTH_UNKNOWN = streamed */
	struct slice date;  /* H1_WRITE_DATE_BYTES bytes */
	enum h1_server_policy server_policy;
	uint8_t version_minor; /* of the request */
	bool is_head;          /* the request's method was HEAD: no body is sent */
	bool is_keep_alive;    /* the connection may stay open */
};

/* How the body must be sent, and what becomes of the connection. */
struct h1_framing {
	size_t n_bytes;         /* bytes of the head in @out */
	int64_t content_length; /* body bytes that must follow; -1 = chunked or until close */
	bool is_chunked;        /* each piece needs a chunk head, the end a last chunk */
	bool has_body;      /* false: no body byte may be sent, whatever the application sends */
	bool is_keep_alive; /* false: close after the response */
};

/*
 * h1_write_head() - status line and fields
 * @out, @cap: where to; nothing behind @cap is written
 *
 * The engine's fields follow those of the application.  For a body of unknown length: chunked, or
 * until close for HTTP/1.0; if the application gave a Content-Length, then that, and the caller
 * must see to it that exactly so many bytes follow.
 *
 * Return: 0 and *@ret_framing; a verdict (@out then holds no response, *@ret_framing nothing).
 */
int h1_write_head(char *out, size_t cap, const struct h1_response *response,
		  struct h1_framing *ret_framing) must_check_;

/* h1_write_continue() - the interim response "100 Continue", constant bytes */
struct slice h1_write_continue(void);

/*
 * h1_write_chunk_head() - the line before a chunk of @n_body bytes, at least 1
 *
 * The chunk's bytes and then CRLF follow.
 *
 * Return: 0 and *@ret_bytes; H1_WRITE_E_FULL.
 */
int h1_write_chunk_head(char *out, size_t cap, uint64_t n_body, size_t *ret_bytes) must_check_;

/*
 * h1_write_last_chunk() - the end of a chunked body, with trailer fields
 * @head, @head_bytes, @fields, @n_fields: the trailers, as in struct h1_response; may be NULL, 0
 *
 * Fields that may not stand in a trailer section are left out.
 *
 * Return: 0 and *@ret_bytes; H1_WRITE_E_FULL; H1_WRITE_E_FIELD.
 */
int h1_write_last_chunk(char *out, size_t cap, const char *head, size_t head_bytes,
			const struct http_field *fields, size_t n_fields,
			size_t *ret_bytes) must_check_;

/* An answer of the engine itself. */
struct h1_error {
	enum http_reason reason; /* one with a status */
	struct slice date;       /* H1_WRITE_DATE_BYTES bytes */
	enum h1_server_policy server_policy;
	bool is_head; /* leave the page out */
};

/*
 * h1_write_error() - a whole error response with its page; always Connection: close
 *
 * Return: 0 and *@ret_bytes; H1_WRITE_E_FULL.
 */
int h1_write_error(char *out, size_t cap, const struct h1_error *error,
		   size_t *ret_bytes) must_check_;
