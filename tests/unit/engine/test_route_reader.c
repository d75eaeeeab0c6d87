/* SPDX-License-Identifier: MIT */

/*
 * The routing table with a reader that never waits: while prefixes come and go it finds, at each
 * moment, what was there before or what is there after, and nothing that was freed.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/rcu.h"
#include "engine/queue.h"
#include "engine/route.h"

#define ROUNDS   200
#define PREFIXES 100 /* more than the first table has cells for */

static struct url_group root_group;
static struct url_group deep_group;

struct reader {
	struct route_table table;
	bool is_over;  /* atomic */
	bool is_awake; /* atomic: has looked once */
	uint64_t n_root;
	uint64_t n_deep;
	uint64_t n_wrong;
};

static void table_set(struct route_table *table, const char *text, struct url_group *group)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(slice_from_str(text), &prefix, NULL), 0);
	assert_int_equal(route_table_set(table, &prefix, group, 0, false), 0);
	prefix_fini(&prefix);
}

static void reader_look(struct reader *reader, unsigned i)
{
	struct ip_addr local = {0};
	char path[64];
	int len = snprintf(path, sizeof(path), "/%u/sub/page", i % PREFIXES);
	const struct route_key key = {.port = 80,
				      .host = slice_from_str("host"),
				      .local = &local,
				      .path = slice_from(path, (size_t)len)};
	struct route_match match = route_lookup(&reader->table, &key, NULL);

	if (match.outcome != ROUTE_OUTCOME_FOUND) {
		reader->n_wrong++;
	} else if (match.entry->group == &root_group) {
		reader->n_root++;
		reader->n_wrong += !slice_is_equal(route_entry_text(match.entry),
						   slice_from_str("http://+:80/"));
	} else {
		char text[64];

		reader->n_deep++;
		(void)snprintf(text, sizeof(text), "http://+:80/%u/sub/", i % PREFIXES);
		reader->n_wrong +=
			!slice_is_equal(route_entry_text(match.entry), slice_from_str(text));
	}
}

static void *reader_run(void *argument)
{
	struct reader *reader = argument;

	rcu_thread_enter();
	for (unsigned i = 0; !__atomic_load_n(&reader->is_over, __ATOMIC_ACQUIRE); i++) {
		reader_look(reader, i);
		__atomic_store_n(&reader->is_awake, true, __ATOMIC_RELEASE);
		if (i % 16 == 0) {
			rcu_pause();
			rcu_resume();
		}
	}
	rcu_thread_leave();

	return NULL;
}

static void a_reader_sees_before_or_after(void **state)
{
	static struct reader reader;
	char text[64];
	pthread_t thread;

	(void)state;
	rcu_thread_enter();
	assert_int_equal(route_table_init(&reader.table), 0);
	table_set(&reader.table, "http://+:80/", &root_group);
	assert_int_equal(pthread_create(&thread, NULL, reader_run, &reader), 0);
	while (!__atomic_load_n(&reader.is_awake, __ATOMIC_ACQUIRE)) {
		sched_yield();
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < PREFIXES; i++) {
			(void)snprintf(text, sizeof(text), "http://+:80/%u/sub/", i);
			table_set(&reader.table, text, round % 2 == 0 ? &deep_group : NULL);
			if (i % 10 == 0) {
				route_table_collect(&reader.table);
			}
		}
	}
	__atomic_store_n(&reader.is_over, true, __ATOMIC_RELEASE);
	rcu_pause();
	pthread_join(thread, NULL);
	rcu_resume();

	assert_int_equal(reader.n_wrong, 0);
	assert_true(reader.n_root + reader.n_deep > 0);
	route_table_fini(&reader.table);
	rcu_thread_leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reader_sees_before_or_after),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
