/* SPDX-License-Identifier: MIT */

/* The error table, and that <httpsys.h> and <httpsys_admin.h> spell the same numbers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "httpsys.h"
#include "httpsys_admin.h"
#include "wire/error.h"
#include "wire/message.h"

static void public_header_has_the_numbers_of_the_table(void **state)
{
#define ERROR(name, number, win32, text)            \
	assert_int_equal(HTTPSYS_E_##name, number); \
	assert_int_equal(WIRE_ERROR_##name, number);
#include "wire/error.def"
#undef ERROR
}

static void every_row_is_found_by_its_number(void **state)
{
#define ERROR(name, number, win32, text)                     \
	assert_string_equal(wire_error_name(number), #name); \
	assert_int_equal(wire_error_win32(number), win32);   \
	assert_true(strlen(wire_error_text(number)) > 10);   \
	assert_int_equal(wire_error_text(number)[strlen(text) - 1], '.');
#include "wire/error.def"
#undef ERROR
}

static void success_and_unknown_numbers_have_names(void **state)
{
	assert_string_equal(wire_error_name(0), "OK");
	assert_int_equal(wire_error_win32(0), 0);
	assert_string_equal(wire_error_name(-4711), "UNKNOWN");
	assert_int_equal(wire_error_win32(-4711), 31);
	assert_non_null(wire_error_text(-4711));
	assert_non_null(wire_error_text(1));
}

static void public_properties_and_states_are_the_wires(void **state)
{
	assert_int_equal(HTTPSYS_STATE_SERVED, WIRE_STATE_SERVED);
	assert_int_equal(HTTPSYS_STATE_PARTLY_SERVED, WIRE_STATE_PARTLY_SERVED);
	assert_int_equal(HTTPSYS_STATE_UNREACHABLE, WIRE_STATE_UNREACHABLE);
	assert_int_equal(HTTPSYS_GROUP_STATE, WIRE_GROUP_STATE);
	assert_int_equal(HTTPSYS_GROUP_IS_SHARED, WIRE_GROUP_IS_SHARED);
	assert_int_equal(HTTPSYS_GROUP_GRACE_MS, WIRE_GROUP_GRACE_MS);
	assert_int_equal(HTTPSYS_QUEUE_ENTRIES_MAX, WIRE_QUEUE_ENTRIES_MAX);
	assert_int_equal(HTTPSYS_QUEUE_STATE, WIRE_QUEUE_STATE);
}

static void public_queries_are_the_wires(void **state)
{
	assert_int_equal(HTTPSYS_QUERY_STATUS, WIRE_QUERY_STATUS);
	assert_int_equal(HTTPSYS_QUERY_LISTEN, WIRE_QUERY_LISTEN);
	assert_int_equal(HTTPSYS_QUERY_URLACL, WIRE_QUERY_URLACL);
	assert_int_equal(HTTPSYS_QUERY_PARAMETER, WIRE_QUERY_PARAMETER);
	assert_int_equal(HTTPSYS_QUERY_EXPLAIN, WIRE_QUERY_EXPLAIN);
	assert_int_equal(HTTPSYS_QUERY_WHOHAS, WIRE_QUERY_WHOHAS);
	assert_int_equal(HTTPSYS_QUERY_HISTORY, WIRE_QUERY_HISTORY);
	assert_int_equal(HTTPSYS_QUERY_DUMP, WIRE_QUERY_DUMP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_header_has_the_numbers_of_the_table),
		cmocka_unit_test(every_row_is_found_by_its_number),
		cmocka_unit_test(success_and_unknown_numbers_have_names),
		cmocka_unit_test(public_properties_and_states_are_the_wires),
		cmocka_unit_test(public_queries_are_the_wires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
