#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Why the engine itself ended a request or a connection: the reason phrase of the error log, the
 * status that the client sees and the words of the error page.  One table, "http/reason.def".
 * A reason is data about what the remote did; it is never passed as an error code.
 */

#include "base/slice.h"

enum http_reason {
	HTTP_REASON_NONE = 0,
#define HTTP_REASON_ROW(id, log_text, status, title, heading, text) HTTP_REASON_##id,
#include "http/reason.def"
#undef HTTP_REASON_ROW
	HTTP_REASON_COUNT_
};

/* http_reason_log_text() - the phrase in the error log, as "Hostname"; "-" for NONE */
struct slice http_reason_log_text(enum http_reason reason);

/* http_reason_status() - the status of the answer; 0 = the connection ends without an answer */
unsigned http_reason_status(enum http_reason reason);

/* http_reason_title() - the title of the error page; empty when there is no page */
struct slice http_reason_title(enum http_reason reason);

/* http_reason_heading() - its heading, as "Bad Request - Invalid Hostname" */
struct slice http_reason_heading(enum http_reason reason);

/* http_reason_text() - its sentence, as "The request hostname is invalid." */
struct slice http_reason_text(enum http_reason reason);
