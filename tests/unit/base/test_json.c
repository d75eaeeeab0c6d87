/* SPDX-License-Identifier: MIT */

/* JSON writer: commas, escapes, the sticky error; jansson reads what was written. */

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

static void assert_text(struct buf *buf, struct json_writer *writer, const char *expected)
{
	assert_int_equal(json_finish(writer), 0);
	assert_int_equal(buf->len, strlen(expected));
	assert_memory_equal(buf->data, expected, buf->len);
	buf_fini(buf);
}

static void empty_containers_have_no_comma(void **state)
{
	struct buf buf = {0};
	struct json_writer w;

	json_init(&w, &buf);
	json_begin_array(&w);
	json_begin_object(&w);
	json_end_object(&w);
	json_begin_array(&w);
	json_end_array(&w);
	json_begin_object(&w);
	json_end_object(&w);
	json_end_array(&w);
	assert_text(&buf, &w, "[{},[],{}]");
}

static void values_are_separated_at_every_depth(void **state)
{
	struct buf buf = {0};
	struct json_writer w;

	json_init(&w, &buf);
	json_begin_object(&w);
	json_key(&w, "a");
	json_begin_array(&w);
	json_u64(&w, 1);
	json_i64(&w, -2);
	json_bool(&w, true);
	json_bool(&w, false);
	json_nil(&w);
	json_end_array(&w);
	json_key(&w, "b");
	json_begin_object(&w);
	json_key(&w, "c");
	json_str(&w, SLICE("x"));
	json_key(&w, "d");
	json_str(&w, (struct slice){0});
	json_end_object(&w);
	json_key(&w, "");
	json_nil(&w);
	json_end_object(&w);
	assert_text(&buf, &w,
		    "{\"a\":[1,-2,true,false,null],\"b\":{\"c\":\"x\",\"d\":\"\"},\"\":null}");
}

static void numbers_are_written_in_full(void **state)
{
	struct buf buf = {0};
	struct json_writer w;

	json_init(&w, &buf);
	json_begin_array(&w);
	json_u64(&w, UINT64_MAX);
	json_i64(&w, INT64_MIN);
	json_i64(&w, INT64_MAX);
	json_end_array(&w);
	assert_text(&buf, &w, "[18446744073709551615,-9223372036854775808,9223372036854775807]");
}

static void one_value_alone_is_a_document(void **state)
{
	struct buf buf = {0};
	struct json_writer w;

	assert_int_equal(buf_append_str(&buf, "data: "), 0);
	json_init(&w, &buf);
	json_str(&w, SLICE("x"));
	assert_text(&buf, &w, "data: \"x\"");
}

static void strings_are_escaped_and_repaired(void **state)
{
	static const struct {
		struct slice text;
		const char *expected;
	} rows[] = {
		{SLICE_INIT("plain / 'text'"), "\"plain / 'text'\""},
		{SLICE_INIT("a\"b\\c"), "\"a\\\"b\\\\c\""},
		{SLICE_INIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
		{SLICE_INIT("\0x\x1f\x7f"), "\"\\u0000x\\u001f\\u007f\""},
		{SLICE_INIT("gr\xc3\xbc\xc3\x9f"), "\"gr\xc3\xbc\xc3\x9f\""},
		{SLICE_INIT("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\""},
		{SLICE_INIT("a\xff"
			    "b"),
		 "\"a\xef\xbf\xbd"
		 "b\""},
		{SLICE_INIT("\xc3"), "\"\xef\xbf\xbd\""},
		{SLICE_INIT("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{SLICE_INIT("\xc3\""), "\"\xef\xbf\xbd\\\"\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf buf = {0};
		struct json_writer w;

		json_init(&w, &buf);
		json_str(&w, rows[i].text);
		assert_text(&buf, &w, rows[i].expected);
	}
}

static void any_bytes_are_readable_by_a_foreign_parser(void **state)
{
	for (unsigned first = 0; first < 256; first++) {
		struct buf buf = {0};
		struct json_writer w;

		json_init(&w, &buf);
		json_begin_object(&w);
		for (unsigned second = 0; second < 256; second++) {
			char key[] = {'k', (char)(second > 0 ? second : 1), 'x', '\0'};
			char text[] = {(char)first, (char)second};

			json_key(&w, key);
			json_str(&w, slice_from(text, sizeof(text)));
		}
		json_end_object(&w);
		assert_int_equal(json_finish(&w), 0);

		json_t *document = json_loadb(buf.data, buf.len, JSON_ALLOW_NUL, NULL);
		assert_non_null(document);
		assert_true(json_object_size(document) > 127);
		json_decref(document);
		buf_fini(&buf);
	}
}

static void depth_up_to_the_maximum_works(void **state)
{
	struct buf buf = {0};
	struct json_writer w;

	json_init(&w, &buf);
	for (int i = 0; i < JSON_DEPTH_MAX; i++) {
		if (i % 2 == 0) {
			json_begin_object(&w);
			json_key(&w, "k");
		} else {
			json_begin_array(&w);
			json_u64(&w, 1);
		}
	}
	json_nil(&w);
	for (int i = JSON_DEPTH_MAX - 1; i >= 0; i--) {
		if (i % 2 == 0) {
			json_end_object(&w);
		} else {
			json_end_array(&w);
		}
	}
	assert_int_equal(json_finish(&w), 0);

	json_t *document = json_loadb(buf.data, buf.len, 0, NULL);
	assert_non_null(document);
	json_decref(document);
	buf_fini(&buf);
}

static void write_small_document(struct json_writer *w, struct buf *buf)
{
	json_init(w, buf);
	json_begin_object(w);
	json_key(w, "name");
	json_str(w, SLICE("a long enough text to make the buffer grow more than once, please"));
	json_key(w, "more");
	json_str(w, SLICE("and a second long text, so that the growth happens in both of them"));
	json_end_object(w);
}

static void first_error_sticks_and_is_returned(void **state)
{
	struct buf whole = {0};
	struct json_writer w;

	write_small_document(&w, &whole);
	assert_int_equal(json_finish(&w), 0);

	for (size_t len_max = 1; len_max < whole.len; len_max++) {
		struct buf buf = {.len_max = len_max};

		write_small_document(&w, &buf);
		assert_int_equal(json_finish(&w), -EMSGSIZE);
		assert_memory_equal(buf.data, whole.data, buf.len);
		buf_fini(&buf);
	}
	buf_fini(&whole);
}

static void failed_allocation_sticks_and_is_returned(void **state)
{
	struct json_writer w;
	struct buf buf = {0};

	(void)mem_fail_at(UINT64_MAX);
	write_small_document(&w, &buf);
	uint64_t n_allocations = mem_fail_at(0);
	assert_true(n_allocations > 1);
	buf_fini(&buf);

	for (uint64_t n = 1; n <= n_allocations; n++) {
		(void)mem_fail_at(n);
		write_small_document(&w, &buf);
		(void)mem_fail_at(0);
		assert_int_equal(json_finish(&w), -ENOMEM);
		buf_fini(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_containers_have_no_comma),
		cmocka_unit_test(values_are_separated_at_every_depth),
		cmocka_unit_test(numbers_are_written_in_full),
		cmocka_unit_test(one_value_alone_is_a_document),
		cmocka_unit_test(strings_are_escaped_and_repaired),
		cmocka_unit_test(any_bytes_are_readable_by_a_foreign_parser),
		cmocka_unit_test(depth_up_to_the_maximum_works),
		cmocka_unit_test(first_error_sticks_and_is_returned),
		cmocka_unit_test(failed_allocation_sticks_and_is_returned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
