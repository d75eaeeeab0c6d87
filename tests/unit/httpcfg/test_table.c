/* SPDX-License-Identifier: MIT */

/* Tables: alignment, notes, safety for terminals, failure of memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "httpcfg/table.h"

static int fill_and_print(char **ret_text)
{
	struct table table;
	table_init(&table, "NAME|N|TEXT");
	table_cell(&table, "%s", "a");
	table_cell(&table, "%d", 1);
	table_cell(&table, "%s", "");
	table_note(&table, "%s", "a note");
	table_note(&table, "%s", "");
	table_cell(&table, "%s", "caf\xc3\xa9-longer");
	table_cell(&table, "%d", 12345);
	table_cell(&table, "%s", "x\033y");

	size_t len = 0;
	FILE *file = open_memstream(ret_text, &len);
	assert_non_null(file);
	int r = table_print(&table, file);
	assert_int_equal(fclose(file), 0);
	table_fini(&table);

	return r;
}

static void columns_are_aligned(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(fill_and_print(&text), 0);
	assert_string_equal(text, "  NAME         N      TEXT\n"
				  "  a            1\n"
				  "      a note\n"
				  "  caf\xc3\xa9-longer  12345  x?y\n");
	free(text);
}

static void every_failed_allocation_is_reported(void **state)
{
	(void)state;
	(void)mem_fail_at(UINT64_MAX); /* count only */
	char *text = NULL;
	assert_int_equal(fill_and_print(&text), 0);
	free(text);
	uint64_t n = mem_fail_at(0);
	assert_true(n > 0);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		text = NULL;
		assert_true(fill_and_print(&text) < 0);
		free(text);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned),
		cmocka_unit_test(every_failed_allocation_is_reported),
	};

	return cmocka_run_group_tests_name("httpcfg/table", tests, NULL, NULL);
}
