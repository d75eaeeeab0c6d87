/* SPDX-License-Identifier: MIT */

/* The table of reasons. */

#include "http/reason.h"

#include <assert.h>

#define REASON_SLICE(text)                              \
	{                                               \
		.data = (text), .len = sizeof(text) - 1 \
	}

struct reason_row {
	struct slice log_text;
	struct slice title;
	struct slice heading;
	struct slice text;
	unsigned status;
};

static const struct reason_row reason_rows[HTTP_REASON_COUNT_] = {
	[HTTP_REASON_NONE] = {.log_text = REASON_SLICE("-")},
#define HTTP_REASON_ROW(id, log_phrase, code, page_title, page_heading, page_text) \
	[HTTP_REASON_##id] = {                                                     \
		.log_text = REASON_SLICE(log_phrase),                              \
		.title = REASON_SLICE(page_title),                                 \
		.heading = REASON_SLICE(page_heading),                             \
		.text = REASON_SLICE(page_text),                                   \
		.status = (code),                                                  \
	},
#include "http/reason.def"
#undef HTTP_REASON_ROW
};

static const struct reason_row *reason_row(enum http_reason reason)
{
	assert((unsigned)reason < HTTP_REASON_COUNT_);

	return &reason_rows[reason];
}

struct slice http_reason_log_text(enum http_reason reason)
{
	return reason_row(reason)->log_text;
}

unsigned http_reason_status(enum http_reason reason)
{
	return reason_row(reason)->status;
}

struct slice http_reason_title(enum http_reason reason)
{
	return reason_row(reason)->title;
}

struct slice http_reason_heading(enum http_reason reason)
{
	return reason_row(reason)->heading;
}

struct slice http_reason_text(enum http_reason reason)
{
	return reason_row(reason)->text;
}
