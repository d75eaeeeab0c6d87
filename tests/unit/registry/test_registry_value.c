/* SPDX-License-Identifier: MIT */

/* Typed values: what goes in comes out, what differs is not equal. */

#include "fixture.h"

static void strings_come_back_in_order_with_empty_ones(void **state)
{
	const struct slice strings[] = {SLICE("127.0.0.1"), SLICE(""), SLICE("[::1]:80"),
					SLICE("")};
	struct registry_value value;
	struct slice string;
	size_t cursor = 0;
	size_t n = 0;

	assert_int_equal(registry_value_init_strings(&value, strings, array_len(strings)), 0);
	assert_int_equal(value.n_strings, 4);
	while (registry_value_next(&value, &cursor, &string)) {
		assert_true(slice_is_equal(string, strings[n]));
		n++;
	}
	assert_int_equal(n, 4);
	registry_value_fini(&value);
}

static void no_strings_and_other_types_have_no_next(void **state)
{
	struct registry_value values[2];
	struct slice string;

	assert_int_equal(registry_value_init_strings(&values[0], NULL, 0), 0);
	assert_int_equal(registry_value_init_string(&values[1], SLICE("text")), 0);
	for (size_t i = 0; i < array_len(values); i++) {
		size_t cursor = 0;

		assert_false(registry_value_next(&values[i], &cursor, &string));
		registry_value_fini(&values[i]);
	}
}

static void equality_is_by_type_and_bytes(void **state)
{
	const struct slice one[] = {SLICE("a"), SLICE("b")};
	const struct slice two[] = {SLICE("ab")};
	struct registry_value values[8];

	assert_int_equal(registry_value_init_string(&values[0], SLICE("a")), 0);
	assert_int_equal(registry_value_init_string(&values[1], SLICE("A")), 0);
	assert_int_equal(registry_value_init_binary(&values[2], SLICE("a")), 0);
	assert_int_equal(registry_value_init_strings(&values[3], one, 2), 0);
	assert_int_equal(registry_value_init_strings(&values[4], two, 1), 0);
	registry_value_init_dword(&values[5], 0);
	registry_value_init_dword(&values[6], UINT32_MAX);
	assert_int_equal(registry_value_init_string(&values[7], SLICE("")), 0);

	for (size_t i = 0; i < array_len(values); i++) {
		struct registry_value copy;

		for (size_t j = 0; j < array_len(values); j++) {
			assert_int_equal(registry_value_is_equal(&values[i], &values[j]), i == j);
		}
		assert_int_equal(registry_value_init_copy(&copy, &values[i]), 0);
		assert_true(registry_value_is_equal(&values[i], &copy));
		registry_value_fini(&copy);
	}
	for (size_t i = 0; i < array_len(values); i++) {
		registry_value_fini(&values[i]);
	}
}

static void each_type_is_found_by_its_name(void **state)
{
	enum registry_type type;

	for (unsigned i = 0; i < REGISTRY_TYPE_COUNT_; i++) {
		const char *name = registry_type_name((enum registry_type)i);

		assert_true(registry_type_find(slice_from_str(name), &type));
		assert_int_equal(type, i);
	}
	assert_false(registry_type_find(SLICE("qword"), &type));
	assert_false(registry_type_find(SLICE(""), &type));
}

static void text_is_utf8_without_nul(void **state)
{
	assert_true(registry_text_is_valid(SLICE("")));
	assert_true(registry_text_is_valid(SLICE("B\xc3\xbc"
						 "cher \xf0\x9f\x93\x9a\n\t")));
	assert_false(registry_text_is_valid(SLICE("a\0b")));
	assert_false(registry_text_is_valid(SLICE("\xc3")));
	assert_false(registry_text_is_valid(SLICE("\xed\xa0\x80")));
}

static void without_memory_nothing_is_made(void **state)
{
	const struct slice strings[] = {SLICE("a")};
	struct registry_value from;
	struct registry_value value = {0};

	assert_int_equal(registry_value_init_string(&from, SLICE("x")), 0);
	(void)mem_fail_at(1);
	assert_int_equal(registry_value_init_string(&value, SLICE("x")), -ENOMEM);
	(void)mem_fail_at(1);
	assert_int_equal(registry_value_init_strings(&value, strings, 1), -ENOMEM);
	(void)mem_fail_at(1);
	assert_int_equal(registry_value_init_binary(&value, SLICE("x")), -ENOMEM);
	(void)mem_fail_at(1);
	assert_int_equal(registry_value_init_copy(&value, &from), -ENOMEM);
	(void)mem_fail_at(0);
	assert_null(value.data);
	registry_value_fini(&from);
	registry_value_fini(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_come_back_in_order_with_empty_ones),
		cmocka_unit_test(no_strings_and_other_types_have_no_next),
		cmocka_unit_test(equality_is_by_type_and_bytes),
		cmocka_unit_test(each_type_is_found_by_its_name),
		cmocka_unit_test(text_is_utf8_without_nul),
		cmocka_unit_test(without_memory_nothing_is_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
