/* SPDX-License-Identifier: MIT */

/* Commits: what becomes a revision, and what other writers do to it. */

#include <sqlite3.h>

#include "fixture.h"

static void a_commit_that_changes_nothing_makes_no_revision(void **state)
{
	struct fixture *f = *state;
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(fixture_commit(tx), 1);
	assert_int_equal(fixture_put_dword(f->registry, "k", "v", 1), 2);
	assert_int_equal(fixture_put_dword(f->registry, "K", "V", 1), 2);
	assert_int_equal(fixture_delete(f->registry, "k", "w"), 2);
	assert_int_equal(fixture_delete(f->registry, "l", NULL), 2);

	tx = fixture_begin(f->registry);
	assert_int_equal(registry_delete_key(tx, ""), 0);
	assert_int_equal(registry_put_dword(tx, "k", "v", 9), 0);
	assert_int_equal(registry_put_dword(tx, "k", "w", 9), 0);
	assert_int_equal(registry_delete_value(tx, "k", "w"), 0);
	assert_int_equal(registry_put_dword(tx, "k", "v", 1), 0);
	assert_int_equal(fixture_commit(tx), 2);
	assert_int_equal(fixture_revision(f->registry), 2);
}

static void a_revision_lists_the_net_change_of_each_value_once(void **state)
{
	struct fixture *f = *state;
	struct registry_changes changes;

	fixture_put_dword(f->registry, "k", "same", 1);
	fixture_put_dword(f->registry, "k", "gone", 1);

	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_put_dword(tx, "k", "new", 1), 0);
	assert_int_equal(registry_put_dword(tx, "k", "NEW", 2), 0);
	assert_int_equal(registry_delete_value(tx, "k", "same"), 0);
	assert_int_equal(registry_put_dword(tx, "k", "same", 1), 0);
	assert_int_equal(registry_put_dword(tx, "k", "gone", 5), 0);
	assert_int_equal(registry_delete_value(tx, "k", "gone"), 0);

	uint64_t revision = fixture_commit(tx);

	assert_int_equal(registry_diff(f->registry, revision, &changes), 0);
	assert_int_equal(changes.n_items, 2);
	assert_string_equal(changes.items[0].name, "gone");
	assert_true(changes.items[0].has_old && !changes.items[0].has_new);
	assert_int_equal(changes.items[0].old_value.dword, 1);
	assert_string_equal(changes.items[1].name, "new");
	assert_true(!changes.items[1].has_old && changes.items[1].has_new);
	assert_int_equal(changes.items[1].new_value.dword, 2);
	registry_changes_fini(&changes);
}

static void a_commit_on_an_old_revision_is_a_conflict(void **state)
{
	struct fixture *f = *state;
	struct registry_tx *tx;
	uint64_t revision = fixture_put_dword(f->registry, "k", "v", 1);

	assert_int_equal(registry_begin(f->registry, revision, &tx), 0);
	assert_int_equal(registry_put_dword(tx, "k", "v", 2), 0);
	fixture_put_dword(f->registry, "k", "other", 1);
	assert_int_equal(registry_commit(tx, &fixture_author, NULL), REGISTRY_E_CONFLICT);
	assert_non_null(strstr(registry_error(f->registry), "at revision 3, not 2"));
	registry_tx_free(tx);
	assert_int_equal(fixture_dword(f->registry, "k", "v"), 1);

	assert_int_equal(registry_begin(f->registry, 3, &tx), 0);
	assert_int_equal(registry_put_dword(tx, "k", "v", 2), 0);
	assert_int_equal(fixture_commit(tx), 4);
	assert_int_equal(registry_rollback(f->registry, 1, 3, &fixture_author, NULL),
			 REGISTRY_E_CONFLICT);
	assert_int_equal(fixture_revision(f->registry), 4);
}

static void a_locked_database_is_busy_and_the_same_commit_works_later(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other;
	struct registry_tx *tx = fixture_begin(f->registry);
	uint64_t revision;

	registry_set_busy_timeout(f->registry, 1);
	assert_int_equal(registry_put_dword(tx, "k", "v", 1), 0);
	assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(registry_commit(tx, &fixture_author, NULL), REGISTRY_E_BUSY);
	assert_int_equal(registry_rollback(f->registry, 1, 0, &fixture_author, NULL),
			 REGISTRY_E_BUSY);
	fixture_assert_missing(f->registry, "k", "v");
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(registry_commit(tx, &fixture_author, &revision), 0);
	assert_int_equal(revision, 2);
	registry_tx_free(tx);
}

static void comments_that_are_no_text_are_refused(void **state)
{
	struct fixture *f = *state;
	struct registry_author author = fixture_author;
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_put_dword(tx, "k", "v", 1), 0);
	author.comment = "\xff";
	assert_int_equal(registry_commit(tx, &author, NULL), REGISTRY_E_INVALID);
	author.comment = NULL;
	author.user = NULL;
	author.command = NULL;
	assert_int_equal(registry_commit(tx, &author, NULL), 0);
	registry_tx_free(tx);
}

#define WRITER_COMMITS 40

/* Count k/n up, each step resting on the revision that was read. */
static int count_up(const char *path)
{
	struct registry *registry = NULL;

	if (registry_open(path, 0, &registry, NULL) != 0) {
		return 1;
	}

	for (int n_done = 0; n_done < WRITER_COMMITS;) {
		struct registry_value value = {0};
		struct registry_tx *tx;
		uint64_t revision;
		int r = registry_revision(registry, &revision);

		r = r == 0 ? registry_get(registry, "k", "n", &value) : r;
		r = r == 0 ? registry_begin(registry, revision, &tx) : r;
		if (r != 0) {
			return 2;
		}
		r = registry_put_dword(tx, "k", "n", value.dword + 1);
		r = r == 0 ? registry_commit(tx, &fixture_author, NULL) : r;
		registry_tx_free(tx);
		if (r != 0 && r != REGISTRY_E_CONFLICT && r != REGISTRY_E_BUSY) {
			return 3;
		}
		n_done += r == 0;
	}
	registry_close(registry);

	return 0;
}

static void two_processes_that_count_together_lose_no_step(void **state)
{
	struct fixture *f = *state;
	pid_t pids[2];

	fixture_put_dword(f->registry, "k", "n", 0);
	for (size_t i = 0; i < array_len(pids); i++) {
		pids[i] = fork();
		assert_int_not_equal(pids[i], -1);
		if (pids[i] == 0) {
			_exit(count_up(f->path));
		}
	}
	for (size_t i = 0; i < array_len(pids); i++) {
		assert_int_equal(fixture_wait(pids[i]), 0);
	}

	assert_int_equal(fixture_dword(f->registry, "k", "n"), 2 * WRITER_COMMITS);
	assert_int_equal(fixture_revision(f->registry), 2 + 2 * WRITER_COMMITS);
}

static void two_processes_may_create_it_at_the_same_time(void **state)
{
	struct fixture *f = *state;

	for (int round = 0; round < 10; round++) {
		pid_t pids[2];

		(void)unlink(f->path);
		for (size_t i = 0; i < array_len(pids); i++) {
			pids[i] = fork();
			assert_int_not_equal(pids[i], -1);
			if (pids[i] == 0) {
				struct registry *registry = NULL;

				int r = registry_open(f->path, REGISTRY_OPEN_CREATE, &registry,
						      NULL);

				registry_close(registry);
				_exit(r);
			}
		}
		for (size_t i = 0; i < array_len(pids); i++) {
			assert_int_equal(fixture_wait(pids[i]), 0);
		}

		struct registry *registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);

		assert_int_equal(fixture_revision(registry), 1);
		registry_close(registry);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_commit_that_changes_nothing_makes_no_revision),
		TEST(a_revision_lists_the_net_change_of_each_value_once),
		TEST(a_commit_on_an_old_revision_is_a_conflict),
		TEST(a_locked_database_is_busy_and_the_same_commit_works_later),
		TEST(comments_that_are_no_text_are_refused),
		TEST(two_processes_that_count_together_lose_no_step),
		cmocka_unit_test_setup_teardown(two_processes_may_create_it_at_the_same_time,
						fixture_setup_empty, fixture_teardown),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
