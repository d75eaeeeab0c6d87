/* SPDX-License-Identifier: MIT */

/* Field names and values: every known name is found, nothing that only resembles one is. */

#include "http/field.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"
#include "http/field_table.h"

#define NAME_BYTES_MAX 64

typedef unsigned (*field_find_fn)(const struct field_table *table, struct slice name);

/* The lookup with no byte behind the name: portable comparison for all but long blocks. */
static unsigned field_find_tight(const struct field_table *table, struct slice name)
{
	char *block = mem_new(name.len + 1);

	assert_non_null(block);
	memcpy(block + 1, name.data, name.len);
	unsigned id = field_table_find(table, block + 1, name.len, block + 1 + name.len);
	mem_free(block);

	return id;
}

/* The lookup with a whole block behind the name: 16 bytes at a time. */
static unsigned field_find_roomy(const struct field_table *table, struct slice name)
{
	char block[2 * NAME_BYTES_MAX];

	memset(block, ':', sizeof(block));
	memcpy(block, name.data, name.len);

	return field_table_find(table, block, name.len, block + sizeof(block));
}

static const field_find_fn field_find_fns[] = {field_find_tight, field_find_roomy};

/* @name, its variants in case, and everything that differs from it in one byte. */
static void field_check_name(const struct field_table *table, struct slice name, unsigned id,
			     field_find_fn find)
{
	char text[NAME_BYTES_MAX];

	for (size_t i = 0; i < name.len; i++) {
		text[i] = (char)ascii_lower((unsigned char)name.data[i]);
	}
	assert_int_equal(find(table, slice_from(text, name.len)), id);
	for (size_t i = 0; i < name.len; i++) {
		for (unsigned c = 0; c < 256; c++) {
			memcpy(text, name.data, name.len);
			text[i] = (char)c;
			bool is_same = slice_is_equal_nocase(slice_from(text, name.len), name);
			unsigned found = find(table, slice_from(text, name.len));

			if (is_same ? found != id : found == id) {
				fail_msg("%.*s: byte %zu is %u: found %u", SLICE_ARG(name), i, c,
					 found);
			}
		}
	}
	memcpy(text, name.data, name.len);
	text[name.len] = 's';
	assert_int_not_equal(find(table, slice_from(text, name.len + 1)), id);
	assert_int_not_equal(find(table, slice_from(text, name.len - 1)), id);
}

static void every_known_name_is_found_in_any_case_and_nothing_like_it(void **state)
{
	for (size_t i = 0; i < array_len(field_find_fns); i++) {
		for (unsigned id = 0; id < HTTP_FIELD_COUNT_; id++) {
			field_check_name(&field_table_request,
					 http_field_known_name((enum http_field_id)id), id,
					 field_find_fns[i]);
		}
		for (unsigned id = 0; id < HTTP_RESPONSE_FIELD_COUNT_; id++) {
			field_check_name(
				&field_table_response,
				http_field_known_response_name((enum http_response_field_id)id), id,
				field_find_fns[i]);
		}
	}
}

static void numbers_are_those_of_the_http_server_api(void **state)
{
	static const struct {
		const char *name;
		unsigned request_id;
		unsigned response_id;
	} rows[] = {
		{"Cache-Control", 0, 0},       {"Content-Length", 11, 11},
		{"Last-Modified", 19, 19},     {"Accept", 20, 0xffff},
		{"Host", 28, 0xffff},          {"User-Agent", 40, 0xffff},
		{"Accept-Ranges", 0xffff, 20}, {"Server", 0xffff, 26},
		{"Set-Cookie", 0xffff, 27},    {"WWW-Authenticate", 0xffff, 29},
		{"", 0xffff, 0xffff},          {"x", 0xffff, 0xffff},
	};

	assert_int_equal(HTTP_FIELD_COUNT_, 41);
	assert_int_equal(HTTP_RESPONSE_FIELD_COUNT_, 30);
	for (size_t i = 0; i < array_len(rows); i++) {
		struct slice name = slice_from_str(rows[i].name);

		assert_int_equal(http_field_find(name), rows[i].request_id);
		assert_int_equal(http_field_find_response(name), rows[i].response_id);
	}
	assert_int_equal(http_field_known_name(HTTP_FIELD_UNKNOWN).len, 0);
	assert_int_equal(http_field_known_response_name((enum http_response_field_id)30).len, 0);
}

static void tokens_are_told_from_other_text(void **state)
{
	static const char *const bad[] = {"",   "a b", "a:", "a,", "a/b", "(a)", "a\"", "\x80",
					  "\t", "a=",  "[",  "{}", "a;",  "@",   "<>",  "\\"};

	assert_true(http_field_is_token(SLICE("!#$%&'*+-.^_`|~0189azAZ")));
	assert_false(http_field_is_token(SLICE("a\0")));
	for (size_t i = 0; i < array_len(bad); i++) {
		assert_false(http_field_is_token(slice_from_str(bad[i])));
	}
}

static void values_hold_no_control_but_the_tab(void **state)
{
	char text[40];

	assert_true(http_field_value_is_valid(SLICE("")));
	/* Every byte at every place of short and long values. */
	for (size_t len = 1; len <= sizeof(text); len += 13) {
		for (size_t at = 0; at < len; at++) {
			for (unsigned c = 0; c < 256; c++) {
				memset(text, 'x', len);
				text[at] = (char)c;
				assert_int_equal(http_field_value_is_valid(slice_from(text, len)),
						 c == '\t' || (c >= 0x20 && c != 0x7f));
			}
		}
	}
}

static void policies_protect_the_framing(void **state)
{
	static const struct {
		enum http_response_field_id id;
		enum http_field_policy policy;
	} rows[] = {
		{HTTP_RESPONSE_FIELD_TRANSFER_ENCODING, HTTP_FIELD_POLICY_DROP},
		{HTTP_RESPONSE_FIELD_KEEP_ALIVE, HTTP_FIELD_POLICY_DROP},
		{HTTP_RESPONSE_FIELD_DATE, HTTP_FIELD_POLICY_DROP},
		{HTTP_RESPONSE_FIELD_CONTENT_LENGTH, HTTP_FIELD_POLICY_LENGTH},
		{HTTP_RESPONSE_FIELD_CONNECTION, HTTP_FIELD_POLICY_OPTIONS},
		{HTTP_RESPONSE_FIELD_SERVER, HTTP_FIELD_POLICY_APPEND},
		{HTTP_RESPONSE_FIELD_CONTENT_TYPE, HTTP_FIELD_POLICY_VERBATIM},
		{HTTP_RESPONSE_FIELD_UNKNOWN, HTTP_FIELD_POLICY_VERBATIM},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		assert_int_equal(http_field_policy(rows[i].id), rows[i].policy);
	}
}

static void trailers_hold_no_framing_routing_or_authentication(void **state)
{
	assert_false(http_field_is_trailer_allowed(HTTP_FIELD_TRANSFER_ENCODING));
	assert_false(http_field_is_trailer_allowed(HTTP_FIELD_CONTENT_LENGTH));
	assert_false(http_field_is_trailer_allowed(HTTP_FIELD_HOST));
	assert_false(http_field_is_trailer_allowed(HTTP_FIELD_AUTHORIZATION));
	assert_true(http_field_is_trailer_allowed(HTTP_FIELD_CONTENT_MD5));
	assert_true(http_field_is_trailer_allowed(HTTP_FIELD_UNKNOWN));
	assert_false(http_field_is_response_trailer_allowed(HTTP_RESPONSE_FIELD_SET_COOKIE));
	assert_true(http_field_is_response_trailer_allowed(HTTP_RESPONSE_FIELD_ETAG));
	assert_true(http_field_is_response_trailer_allowed(HTTP_RESPONSE_FIELD_UNKNOWN));
}

static void list_elements_come_one_by_one_and_empty_ones_are_skipped(void **state)
{
	struct slice rest = SLICE(" , a,,b c\t,\t d ,");
	struct slice option;

	assert_true(http_field_next_option(&rest, &option));
	assert_true(slice_is_equal(option, SLICE("a")));
	assert_true(http_field_next_option(&rest, &option));
	assert_true(slice_is_equal(option, SLICE("b c")));
	assert_true(http_field_next_option(&rest, &option));
	assert_true(slice_is_equal(option, SLICE("d")));
	assert_false(http_field_next_option(&rest, &option));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_known_name_is_found_in_any_case_and_nothing_like_it),
		cmocka_unit_test(numbers_are_those_of_the_http_server_api),
		cmocka_unit_test(tokens_are_told_from_other_text),
		cmocka_unit_test(values_hold_no_control_but_the_tab),
		cmocka_unit_test(policies_protect_the_framing),
		cmocka_unit_test(trailers_hold_no_framing_routing_or_authentication),
		cmocka_unit_test(list_elements_come_one_by_one_and_empty_ones_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
