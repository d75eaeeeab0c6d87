/* SPDX-License-Identifier: MIT */

/* A port carries one scheme at a time. */

#include "urlspace/scheme_table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"

static void port_carries_one_scheme_until_the_last_use_ends(void **state)
{
	struct scheme_table table = {0};

	assert_false(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTP, 80));
	assert_int_equal(scheme_table_add(&table, PREFIX_SCHEME_HTTP, 80), 0);
	assert_int_equal(scheme_table_add(&table, PREFIX_SCHEME_HTTP, 80), 0);
	assert_true(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTPS, 80));
	assert_false(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTP, 80));
	assert_int_equal(scheme_table_add(&table, PREFIX_SCHEME_HTTPS, 80),
			 SCHEME_TABLE_E_CONFLICT);

	scheme_table_remove(&table, PREFIX_SCHEME_HTTP, 80);
	assert_true(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTPS, 80));
	scheme_table_remove(&table, PREFIX_SCHEME_HTTP, 80);
	assert_int_equal(scheme_table_add(&table, PREFIX_SCHEME_HTTPS, 80), 0);
	assert_true(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTP, 80));
	scheme_table_fini(&table);
	assert_false(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTP, 80));
	scheme_table_fini(NULL);
}

static void ports_are_independent(void **state)
{
	static const uint16_t ports[] = {1, 255, 256, 257, 65280, 65535};
	struct scheme_table table = {0};

	for (size_t i = 0; i < array_len(ports); i++) {
		enum prefix_scheme scheme = i % 2 == 0 ? PREFIX_SCHEME_HTTP : PREFIX_SCHEME_HTTPS;

		assert_int_equal(scheme_table_add(&table, scheme, ports[i]), 0);
	}
	for (size_t i = 0; i < array_len(ports); i++) {
		assert_int_equal(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTP, ports[i]),
				 i % 2 != 0);
	}
	assert_false(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTP, 2));
	scheme_table_fini(&table);
}

static void out_of_memory_changes_nothing(void **state)
{
	struct scheme_table table = {0};

	(void)mem_fail_at(1);
	assert_int_equal(scheme_table_add(&table, PREFIX_SCHEME_HTTP, 80), -ENOMEM);
	(void)mem_fail_at(0);
	assert_false(scheme_table_conflicts(&table, PREFIX_SCHEME_HTTPS, 80));
	scheme_table_fini(&table);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(port_carries_one_scheme_until_the_last_use_ends),
		cmocka_unit_test(ports_are_independent),
		cmocka_unit_test(out_of_memory_changes_nothing),
	};

	return cmocka_run_group_tests_name("scheme_table", tests, NULL, NULL);
}
