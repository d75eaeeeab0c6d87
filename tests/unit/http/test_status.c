/* SPDX-License-Identifier: MIT */

/* Statuses, methods and reasons: the tables and their edges. */

#include "http/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "http/method.h"
#include "http/reason.h"

static void every_status_line_is_code_and_phrase(void **state)
{
	unsigned n_known = 0;

	for (unsigned status = 0; status < 1100; status++) {
		struct slice phrase = http_status_phrase(status);
		char want[128];
		int n = snprintf(want, sizeof(want), "HTTP/1.1 %u %.*s\r\n", status,
				 SLICE_ARG(phrase));

		if (phrase.len == 0) {
			assert_int_equal(http_status_line(status).len, 0);
			continue;
		}
		n_known++;
		assert_true(slice_is_equal(http_status_line(status), slice_from(want, (size_t)n)));
	}
	assert_int_equal(n_known, 61);
	assert_true(slice_is_equal(http_status_phrase(404), SLICE("Not Found")));
}

static void statuses_have_their_properties(void **state)
{
	assert_false(http_status_is_valid(99));
	assert_true(http_status_is_valid(100) && http_status_is_valid(999));
	assert_false(http_status_is_valid(1000));
	assert_true(http_status_is_interim(199));
	assert_false(http_status_is_interim(200) || http_status_is_interim(99));
	assert_true(http_status_has_body(200) && http_status_has_body(205));
	assert_false(http_status_has_body(101) || http_status_has_body(204));
	assert_false(http_status_has_body(304));
}

static void methods_have_the_numbers_of_the_http_server_api(void **state)
{
	static const char *const names[] = {
		"OPTIONS",   "GET",     "HEAD",  "POST",   "PUT",    "DELETE",
		"TRACE",     "CONNECT", "TRACK", "MOVE",   "COPY",   "PROPFIND",
		"PROPPATCH", "MKCOL",   "LOCK",  "UNLOCK", "SEARCH",
	};

	for (unsigned i = 0; i < array_len(names); i++) {
		struct slice name = slice_from_str(names[i]);

		assert_int_equal(http_method_find(name), i + 3);
		assert_true(slice_is_equal(http_method_name((enum http_method)(i + 3)), name));
	}
	assert_int_equal(http_method_find(SLICE("get")), HTTP_METHOD_UNKNOWN);
	assert_int_equal(http_method_find_nocase(SLICE("gEt")), HTTP_METHOD_GET);
	assert_int_equal(http_method_find_nocase(SLICE("gets")), HTTP_METHOD_UNKNOWN);
	assert_int_equal(http_method_find(SLICE("")), HTTP_METHOD_UNKNOWN);
	assert_int_equal(http_method_name(HTTP_METHOD_UNKNOWN).len, 0);
	assert_int_equal(http_method_name((enum http_method)99).len, 0);
}

static void methods_have_their_properties(void **state)
{
	assert_true(http_method_is_safe(HTTP_METHOD_GET) && http_method_is_safe(HTTP_METHOD_HEAD));
	assert_false(http_method_is_safe(HTTP_METHOD_POST));
	assert_false(http_method_is_safe(HTTP_METHOD_UNKNOWN));
	assert_true(http_method_needs_length(HTTP_METHOD_POST));
	assert_true(http_method_needs_length(HTTP_METHOD_PUT));
	assert_false(http_method_needs_length(HTTP_METHOD_GET));
	assert_false(http_method_needs_length(HTTP_METHOD_UNKNOWN));
}

static void every_reason_has_a_phrase_and_with_a_status_a_page(void **state)
{
	for (unsigned i = 1; i < HTTP_REASON_COUNT_; i++) {
		enum http_reason reason = (enum http_reason)i;
		bool has_page = http_reason_status(reason) != 0;

		assert_true(http_reason_log_text(reason).len > 0);
		assert_int_equal(http_reason_title(reason).len > 0, has_page);
		assert_int_equal(http_reason_heading(reason).len > 0, has_page);
		assert_int_equal(http_reason_text(reason).len > 0, has_page);
		assert_true(!has_page || http_status_phrase(http_reason_status(reason)).len > 0);
	}
	assert_true(slice_is_equal(http_reason_log_text(HTTP_REASON_NONE), SLICE("-")));
	assert_true(slice_is_equal(http_reason_log_text(HTTP_REASON_INVALID_CRLF),
				   SLICE("Invalid_CR/LF")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_status_line_is_code_and_phrase),
		cmocka_unit_test(statuses_have_their_properties),
		cmocka_unit_test(methods_have_the_numbers_of_the_http_server_api),
		cmocka_unit_test(methods_have_their_properties),
		cmocka_unit_test(every_reason_has_a_phrase_and_with_a_status_a_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
