/* SPDX-License-Identifier: MIT */

/* Intrusive list: order, and removal while walking. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"
#include "base/mem.h"

struct item {
	int number;
	struct list link;
};

static void assert_order(struct list *list, const int *expected, size_t n)
{
	size_t i = 0;

	list_for_each(node, list)
	{
		assert_true(i < n);
		assert_int_equal(list_entry(node, struct item, link)->number, expected[i]);
		assert_ptr_equal(node->prev->next, node);
		assert_ptr_equal(node->next->prev, node);
		i++;
	}
	assert_int_equal(i, n);
	assert_int_equal(list_is_empty(list), n == 0);
}

static void append_and_prepend_keep_order(void **state)
{
	struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
	struct list list;

	list_init(&list);
	assert_null(list_first(&list));
	assert_order(&list, NULL, 0);

	list_append(&list, &items[2].link);
	list_append(&list, &items[3].link);
	list_prepend(&list, &items[1].link);
	list_prepend(&list, &items[0].link);
	assert_order(&list, (const int[]){0, 1, 2, 3}, 4);
	assert_ptr_equal(list_first(&list), &items[0].link);
}

static void removed_node_is_unlinked_and_may_return(void **state)
{
	struct item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
	struct list list;

	list_init(&list);
	for (size_t i = 0; i < 3; i++) {
		list_append(&list, &items[i].link);
	}

	list_remove(&items[1].link);
	assert_true(list_is_empty(&items[1].link));
	assert_order(&list, (const int[]){0, 2}, 2);
	list_remove(&items[1].link);
	assert_order(&list, (const int[]){0, 2}, 2);
	list_append(&list, &items[1].link);
	assert_order(&list, (const int[]){0, 2, 1}, 3);

	for (size_t i = 0; i < 3; i++) {
		list_remove(&items[i].link);
	}
	assert_order(&list, NULL, 0);
}

static void walk_survives_free_of_the_current_node(void **state)
{
	struct list list;
	int n = 0;

	list_init(&list);
	for (int i = 0; i < 10; i++) {
		struct item *item = mem_new(sizeof(*item));

		assert_non_null(item);
		item->number = i;
		list_append(&list, &item->link);
	}

	list_for_each(node, &list)
	{
		struct item *item = list_entry(node, struct item, link);

		assert_int_equal(item->number, n++);
		list_remove(node);
		mem_free(item);
	}
	assert_int_equal(n, 10);
	assert_true(list_is_empty(&list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(append_and_prepend_keep_order),
		cmocka_unit_test(removed_node_is_unlinked_and_may_return),
		cmocka_unit_test(walk_survives_free_of_the_current_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
