/* SPDX-License-Identifier: MIT */

/*
 * Read-copy-update: two readers follow a pointer that a writer keeps replacing.
 * The writer spoils each old object after its grace period; a reader that sees a
 * spoilt one, or a sanitizer that sees the race, fails the test.
 */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rcu.h"

#define N_READERS         2
#define N_REPLACEMENTS    3000
#define N_READS_PER_PAUSE 16
#define N_LOOKS_PER_READ  100
#define OBJECT_GOOD       0x600d
#define OBJECT_SPOILT     0xbad

struct object {
	unsigned state;
	unsigned number;
};

static struct object *shared_object;
static bool is_stopping;
static unsigned n_started;

struct reader {
	pthread_t thread;
	bool has_seen_spoilt;
	bool has_gone_back;
	unsigned n_last;
};

static void reader_look(struct reader *reader)
{
	const struct object *object = rcu_read(&shared_object);

	/* Holds on to it for a while, which is what the grace period is for. */
	for (int i = 0; i < N_LOOKS_PER_READ; i++) {
		const volatile unsigned *object_state = &object->state;

		reader->has_seen_spoilt |= *object_state != OBJECT_GOOD;
	}
	reader->has_gone_back |= object->number < reader->n_last;
	reader->n_last = object->number;
}

static void *reader_run(void *data)
{
	struct reader *reader = data;

	rcu_thread_enter();
	__atomic_add_fetch(&n_started, 1, __ATOMIC_SEQ_CST);
	while (!__atomic_load_n(&is_stopping, __ATOMIC_RELAXED)) {
		for (int i = 0; i < N_READS_PER_PAUSE; i++) {
			reader_look(reader);
		}
		rcu_pause();
		rcu_resume();
	}
	reader_look(reader);
	rcu_thread_leave();

	return NULL;
}

static struct object *object_new(unsigned number)
{
	struct object *object = mem_new(sizeof(*object));

	assert_non_null(object);
	object->state = OBJECT_GOOD;
	object->number = number;

	return object;
}

static void run_writer(bool is_registered)
{
	struct reader readers[N_READERS] = {0};

	is_stopping = false;
	n_started = 0;
	shared_object = object_new(0);
	if (is_registered) {
		rcu_thread_enter();
	}
	for (size_t i = 0; i < N_READERS; i++) {
		int r = pthread_create(&readers[i].thread, NULL, reader_run, &readers[i]);

		assert_int_equal(r, 0);
	}
	while (__atomic_load_n(&n_started, __ATOMIC_SEQ_CST) < N_READERS) {
		continue;
	}

	for (unsigned i = 1; i <= N_REPLACEMENTS; i++) {
		struct object *old = shared_object;

		rcu_publish(&shared_object, object_new(i));
		rcu_wait();
		old->state = OBJECT_SPOILT;
		mem_free(old);
	}

	__atomic_store_n(&is_stopping, true, __ATOMIC_RELAXED);
	if (is_registered) {
		rcu_thread_leave();
	}
	for (size_t i = 0; i < N_READERS; i++) {
		assert_int_equal(pthread_join(readers[i].thread, NULL), 0);
		assert_false(readers[i].has_seen_spoilt);
		assert_false(readers[i].has_gone_back);
		assert_int_equal(readers[i].n_last, N_REPLACEMENTS);
	}
	shared_object = mem_free(shared_object);
}

static void readers_never_see_what_was_given_up(void **state)
{
	run_writer(false);
}

static void writer_may_be_a_reader_too(void **state)
{
	run_writer(true);
}

static void paused_reader_does_not_hold_up_the_writer(void **state)
{
	rcu_thread_enter();
	rcu_pause();
	rcu_wait();
	rcu_resume();
	rcu_thread_leave();
	rcu_wait();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_never_see_what_was_given_up),
		cmocka_unit_test(writer_may_be_a_reader_too),
		cmocka_unit_test(paused_reader_does_not_hold_up_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
