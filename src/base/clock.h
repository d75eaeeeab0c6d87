#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Time, in types that do not mix: monotonic instants for time-outs, wall time
 * for what people read.  time(2) and clock_gettime(2) are called here only.
 */

#include <stdint.h>

#define NSEC_PER_SEC  INT64_C(1000000000)
#define NSEC_PER_MSEC INT64_C(1000000)

struct mono_time {
	int64_t ns; /* since some fixed point of this boot */
};

struct wall_time {
	int64_t ns; /* since 1970-01-01 00:00:00 UTC */
};

/* clock_mono() - now, monotonic */
struct mono_time clock_mono(void);

/* clock_wall() - now, wall time */
struct wall_time clock_wall(void);

/* mono_add_ms() - the instant @ms milliseconds after @t */
static inline struct mono_time mono_add_ms(struct mono_time t, int64_t ms)
{
	return (struct mono_time){.ns = t.ns + ms * NSEC_PER_MSEC};
}

/* mono_diff_ms() - whole milliseconds from @earlier to @later; negative when reversed */
static inline int64_t mono_diff_ms(struct mono_time later, struct mono_time earlier)
{
	return (later.ns - earlier.ns) / NSEC_PER_MSEC;
}

#define CLOCK_ISO8601_BYTES 25 /* "2026-01-02T03:04:05.678Z" and its NUL */

/* clock_format_iso8601() - write @t as UTC with milliseconds; @ret_text takes 25 bytes */
void clock_format_iso8601(struct wall_time t, char ret_text[CLOCK_ISO8601_BYTES]);

#define CLOCK_HTTP_DATE_BYTES 30 /* "Tue, 15 Nov 1994 08:12:31 GMT" and its NUL */

/* clock_format_http_date() - write @t as IMF-fixdate (RFC 9110 5.6.7); @ret_text takes 30 bytes */
void clock_format_http_date(struct wall_time t, char ret_text[CLOCK_HTTP_DATE_BYTES]);
