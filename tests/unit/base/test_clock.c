/* SPDX-License-Identifier: MIT */

/* Time: the two text forms, rounding, and the arithmetic of instants. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"

static void wall_time_has_two_text_forms(void **state)
{
	static const struct {
		int64_t seconds, ns;
		const char *iso8601;
		const char *http_date;
	} rows[] = {
		{0, 0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
		{784887151, 0, "1994-11-15T08:12:31.000Z", "Tue, 15 Nov 1994 08:12:31 GMT"},
		{784111777, 999999999, "1994-11-06T08:49:37.999Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
		{951782400, 1000000, "2000-02-29T00:00:00.001Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
		{2147483648, 0, "2038-01-19T03:14:08.000Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
		{4102444799, 5000000, "2099-12-31T23:59:59.005Z", "Thu, 31 Dec 2099 23:59:59 GMT"},
		{-1, 0, "1969-12-31T23:59:59.000Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
		{-1, 1000000, "1969-12-31T23:59:59.001Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
		{0, -1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct wall_time t = {.ns = rows[i].seconds * NSEC_PER_SEC + rows[i].ns};
		char iso8601[CLOCK_ISO8601_BYTES];
		char http_date[CLOCK_HTTP_DATE_BYTES];

		clock_format_iso8601(t, iso8601);
		clock_format_http_date(t, http_date);
		assert_string_equal(iso8601, rows[i].iso8601);
		assert_string_equal(http_date, rows[i].http_date);
		assert_int_equal(strlen(iso8601) + 1, CLOCK_ISO8601_BYTES);
		assert_int_equal(strlen(http_date) + 1, CLOCK_HTTP_DATE_BYTES);
	}
}

static void instants_add_and_subtract_in_milliseconds(void **state)
{
	struct mono_time t = {.ns = 5 * NSEC_PER_SEC};
	struct mono_time later = mono_add_ms(t, 1500);

	assert_int_equal(later.ns, 6500 * NSEC_PER_MSEC);
	assert_int_equal(mono_diff_ms(later, t), 1500);
	assert_int_equal(mono_diff_ms(t, later), -1500);
	later.ns -= 1;
	assert_int_equal(mono_diff_ms(later, t), 1499);
}

static void clocks_run_forwards(void **state)
{
	struct mono_time before = clock_mono();
	struct mono_time after = clock_mono();

	assert_true(after.ns >= before.ns);
	assert_true(clock_wall().ns > 1700000000 * NSEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_time_has_two_text_forms),
		cmocka_unit_test(instants_add_and_subtract_in_milliseconds),
		cmocka_unit_test(clocks_run_forwards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
