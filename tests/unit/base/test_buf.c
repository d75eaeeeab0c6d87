/* SPDX-License-Identifier: MIT */

/* Growable bytes: growth, the hard limit, and what is left after a failed allocation. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"

static void assert_text(const struct buf *buf, const char *expected)
{
	assert_int_equal(buf->len, strlen(expected));
	assert_memory_equal(buf->data, expected, buf->len);
}

static void append_grows_and_keeps_what_is_there(void **state)
{
	struct buf buf = {0};

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(buf_append_str(&buf, "0123456789"), 0);
	}

	assert_int_equal(buf.len, 10000);
	for (size_t i = 0; i < buf.len; i++) {
		assert_int_equal(buf.data[i], '0' + (int)(i % 10));
	}
	buf_fini(&buf);
}

static void append_up_to_the_limit_fits_and_one_more_is_full(void **state)
{
	struct buf buf = {.len_max = 5};

	assert_int_equal(buf_append(&buf, SLICE("abcde")), 0);
	assert_int_equal(buf_append(&buf, SLICE("f")), BUF_E_FULL);
	assert_int_equal(buf_appendf(&buf, "%d", 1), BUF_E_FULL);
	assert_int_equal(buf_append(&buf, SLICE("")), 0);
	assert_text(&buf, "abcde");

	buf_clear(&buf);
	assert_int_equal(buf_append(&buf, SLICE("abcdef")), BUF_E_FULL);
	assert_int_equal(buf.len, 0);
	buf_fini(&buf);
}

static void reserve_of_an_impossible_size_is_full(void **state)
{
	struct buf buf = {0};

	assert_int_equal(buf_append(&buf, SLICE("x")), 0);
	assert_int_equal(buf_reserve(&buf, SIZE_MAX), BUF_E_FULL);
	assert_text(&buf, "x");
	buf_fini(&buf);
}

static void appendf_formats_at_every_fill_of_the_capacity(void **state)
{
	/* The NUL that vsnprintf() writes must not go over the end at any length. */
	for (size_t n = 0; n < 200; n++) {
		struct buf buf = {.len_max = n + 4};

		for (size_t i = 0; i < n; i++) {
			assert_int_equal(buf_append(&buf, SLICE("x")), 0);
		}
		assert_int_equal(buf_appendf(&buf, "%s-%02d", "a", 7), 0);
		assert_int_equal(buf.len, n + 4);
		assert_memory_equal(buf.data + n, "a-07", 4);
		buf_fini(&buf);
	}
}

static void consume_drops_the_front(void **state)
{
	struct buf buf = {0};

	assert_int_equal(buf_append_str(&buf, "hello world"), 0);
	buf_consume(&buf, 0);
	assert_text(&buf, "hello world");
	buf_consume(&buf, 6);
	assert_text(&buf, "world");
	buf_consume(&buf, 5);
	assert_int_equal(buf.len, 0);
	buf_consume(&buf, 0);
	buf_fini(&buf);
}

static void take_str_is_terminated_and_leaves_nothing(void **state)
{
	struct buf buf = {0};
	char *s = buf_take_str(&buf);

	assert_string_equal(s, "");
	mem_free(s);

	assert_int_equal(buf_append_str(&buf, "taken"), 0);
	s = buf_take_str(&buf);
	assert_string_equal(s, "taken");
	assert_null(buf.data);
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_append_str(&buf, "again"), 0);
	assert_text(&buf, "again");
	mem_free(s);
	buf_fini(&buf);
}

static void failed_allocation_changes_nothing(void **state)
{
	struct buf buf = {0};
	char block[64] = {0};

	(void)mem_fail_at(1);
	assert_int_equal(buf_append_str(&buf, "x"), -ENOMEM);
	assert_int_equal(buf.len, 0);

	assert_int_equal(buf_append(&buf, slice_from(block, 60)), 0);
	(void)mem_fail_at(1);
	assert_int_equal(buf_append(&buf, slice_from(block, 5)), -ENOMEM);
	(void)mem_fail_at(1);
	assert_int_equal(buf_appendf(&buf, "%s", "four"), -ENOMEM);
	(void)mem_fail_at(1);
	assert_null(buf_take_str(&buf));
	(void)mem_fail_at(0);

	assert_int_equal(buf.len, 60);
	assert_int_equal(buf_append(&buf, SLICE("four")), 0);
	assert_memory_equal(buf.data + 60, "four", 4);
	buf_fini(&buf);
}

static void fini_accepts_null_zeroed_and_twice(void **state)
{
	struct buf buf = {0};

	buf_fini(NULL);
	buf_fini(&buf);
	assert_int_equal(buf_append_str(&buf, "x"), 0);
	buf_fini(&buf);
	buf_fini(&buf);
	assert_null(buf.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_grows_and_keeps_what_is_there),
		cmocka_unit_test(append_up_to_the_limit_fits_and_one_more_is_full),
		cmocka_unit_test(reserve_of_an_impossible_size_is_full),
		cmocka_unit_test(appendf_formats_at_every_fill_of_the_capacity),
		cmocka_unit_test(consume_drops_the_front),
		cmocka_unit_test(take_str_is_terminated_and_leaves_nothing),
		cmocka_unit_test(failed_allocation_changes_nothing),
		cmocka_unit_test(fini_accepts_null_zeroed_and_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
