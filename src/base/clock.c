/* SPDX-License-Identifier: MIT */

/* The one place that asks for the time; see clock.h. */

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t clock_read(clockid_t id)
{
	struct timespec ts = {0};

	/* Cannot fail: both clocks exist on every Linux. */
	(void)clock_gettime(id, &ts);

	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

struct mono_time clock_mono(void)
{
	return (struct mono_time){.ns = clock_read(CLOCK_MONOTONIC)};
}

struct wall_time clock_wall(void)
{
	return (struct wall_time){.ns = clock_read(CLOCK_REALTIME)};
}

/* Split @t into UTC fields and milliseconds; rounds down, also before 1970. */
static struct tm clock_split(struct wall_time t, int *ret_ms)
{
	int64_t ns = t.ns % NSEC_PER_SEC;
	time_t seconds = (time_t)(t.ns / NSEC_PER_SEC);
	struct tm tm = {0};

	if (ns < 0) {
		ns += NSEC_PER_SEC;
		seconds--;
	}
	(void)gmtime_r(&seconds, &tm);
	*ret_ms = (int)(ns / NSEC_PER_MSEC);

	return tm;
}

void clock_format_iso8601(struct wall_time t, char ret_text[CLOCK_ISO8601_BYTES])
{
	assert(ret_text != NULL);

	int ms;
	struct tm tm = clock_split(t, &ms);
	char text[64];

	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
		       tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
	memcpy(ret_text, text, CLOCK_ISO8601_BYTES);
	ret_text[CLOCK_ISO8601_BYTES - 1] = '\0';
}

void clock_format_http_date(struct wall_time t, char ret_text[CLOCK_HTTP_DATE_BYTES])
{
	assert(ret_text != NULL);

	static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int ms;
	struct tm tm = clock_split(t, &ms);
	char text[64];

	(void)snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
		       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
		       tm.tm_sec);
	memcpy(ret_text, text, CLOCK_HTTP_DATE_BYTES);
	ret_text[CLOCK_HTTP_DATE_BYTES - 1] = '\0';
}
