#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * HTTP/1.1 request heads (RFC 9112, 2-6).  One pass over the bytes, no memory of its own.
 *
 *   START ---> REQUEST_LINE ---> FIELDS ---> DONE
 *                    \______________\______> REJECTED
 *
 * A line is judged when its LF has arrived (a first byte that can't begin a request is refused at
 * once), so the outcome does not depend on how the bytes were cut into pieces.  A head that comes
 * in pieces is not scanned again: lines that were judged stay judged, and in the last line the
 * search for its LF continues where it stopped.
 */

#include <stddef.h>
#include <stdint.h>

#include "http/limits.h"
#include "http/request.h"

enum h1_parse_result {
	H1_PARSE_NEED_MORE = 0, /* call again with the same bytes and more behind them */
	H1_PARSE_DONE,          /* request->head_bytes were the head */
	H1_PARSE_REJECTED,      /* request->reason and status say why; close after the answer */
};

/* Progress in one head.  Zeroed = at the beginning. */
struct h1_parser {
	uint64_t seen;        /* bit per enum http_field_id: at least one */
	uint64_t repeated;    /* bit per enum http_field_id: more than one */
	uint32_t line_off;    /* first line that is not judged */
	uint32_t scanned_off; /* no LF between line_off and here */
	uint32_t method_off;
	uint32_t target_off;
	uint32_t target_len;
	uint32_t query_off; /* of its '?'; 0 = none, or not known */
	uint16_t method_len;
	uint8_t phase;        /* of the picture above */
	bool is_target_plain; /* its path needs no cooking */
};

/*
 * h1_parse_head() - parse a request head, or as much of it as there is
 * @data, @len: all bytes received since the end of the previous request, @len below 4 GiB; between
 *              calls the bytes may move, but those handed in before must come again unchanged
 * @parser: zeroed before the first call for a head
 * @request: http_request_init() before the first call for a head; complete after DONE.  After
 *           REJECTED method, target and fields hold what was understood until then.
 *
 * At most one empty line before the request line is skipped (RFC 9112, 2.2); offsets count from
 * @data all the same.
 *
 * Return: see the enum.  After DONE and REJECTED the parser must be zeroed before its next use.
 */
enum h1_parse_result h1_parse_head(const char *data, size_t len, const struct http_limits *limits,
				   struct h1_parser *parser, struct http_request *request);
