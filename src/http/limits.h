#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What one request may cost and which relaxed syntax it may use.  One struct per listener, filled
 * from the registry (HTTP/Parameters/...) and never changed while a parser uses it.  Each member
 * is one parameter; what happens at the limit is the reason of "http/reason.h" beside it.
 */

#include <stdbool.h>
#include <stdint.h>

#define HTTP_FIELD_BYTES_MAX 65534U    /* largest field_bytes_max: lengths are kept in 16 bits */
#define HTTP_HEAD_BYTES_MAX  16777216U /* largest head_bytes_max and trailer_bytes_max */
#define HTTP_FIELDS_MAX      65534U    /* largest n_fields_max: indexes are kept in 16 bits */

struct http_limits {
	uint32_t head_bytes_max;        /* MaxRequestBytes: URL_Length or RequestLength above */
	uint32_t field_bytes_max;       /* MaxFieldLength, one line without CRLF: FieldLength */
	uint32_t n_fields_max;          /* MaxFieldCount: RequestLength above */
	uint32_t url_segment_chars_max; /* UrlSegmentMaxLength, characters; 0 = no limit: URL */
	uint32_t url_segments_max;      /* UrlSegmentMaxCount; 0 = no limit: URL */
	uint32_t chunk_ext_bytes_max;   /* extensions of one chunk, bytes: BadRequest */
	uint32_t trailer_bytes_max;     /* whole trailer section with CRLFs: RequestLength */
	uint64_t body_bytes_max;        /* decoded body; 0 = no limit: EntityTooLarge */

	bool allow_restricted_chars;           /* escapes of U+0001-001F, U+007F-009F in a path */
	bool allow_unescaped_restricted_chars; /* the same raw, in path and query; not CR LF HT */
	bool percent_u_allowed;                /* %uNNNN in a path */
	bool enable_non_utf8;                  /* path bytes that are not UTF-8 are Latin-1 */
	bool favor_utf8;                       /* false: every 8-bit path byte is Latin-1 */
	bool allow_weak_header_name_syntax;    /* separators in field names */
	bool allow_weak_header_value_syntax;   /* controls in field values; never CR LF NUL */
	bool allow_case_insensitive_verbs;     /* "get" is GET instead of refused */
	bool is_host_mismatch_allowed;         /* absolute-form target wins over another Host */
};

/* http_limits_default() - the defaults of the reference, and strict where it is not */
struct http_limits http_limits_default(void);
