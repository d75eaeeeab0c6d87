/* SPDX-License-Identifier: MIT */

/* History, and that rollback restores exactly what was there. */

#include "fixture.h"

static void a_new_registry_has_one_empty_revision(void **state)
{
	struct fixture *f = *state;
	struct registry_revisions revisions;
	struct registry_changes changes;

	assert_int_equal(registry_history(f->registry, 0, 10, &revisions), 0);
	assert_int_equal(revisions.n_items, 1);
	assert_int_equal(revisions.items[0].number, 1);
	assert_int_equal(revisions.items[0].uid, geteuid());
	assert_string_equal(revisions.items[0].comment, "created");
	assert_int_equal(revisions.items[0].n_changes, 0);
	registry_revisions_fini(&revisions);
	assert_int_equal(registry_diff(f->registry, 1, &changes), 0);
	assert_int_equal(changes.n_items, 0);
	registry_changes_fini(&changes);
}

static void history_tells_who_when_how_and_why_newest_first(void **state)
{
	struct fixture *f = *state;
	struct registry_revisions revisions;
	struct registry_author author = fixture_author;
	struct registry_tx *tx = fixture_begin(f->registry);

	author.uid = 4294967294U;
	author.comment = NULL;
	fixture_put_dword(f->registry, "k", "v", 1);
	assert_int_equal(registry_put_dword(tx, "k", "v", 2), 0);
	assert_int_equal(registry_put_dword(tx, "k", "w", 2), 0);
	assert_int_equal(registry_commit(tx, &author, NULL), 0);
	registry_tx_free(tx);

	assert_int_equal(registry_history(f->registry, 0, 2, &revisions), 0);
	assert_int_equal(revisions.n_items, 2);
	assert_int_equal(revisions.items[0].number, 3);
	assert_int_equal(revisions.items[0].uid, 4294967294U);
	assert_string_equal(revisions.items[0].comment, "");
	assert_int_equal(revisions.items[0].n_changes, 2);
	assert_int_equal(revisions.items[1].number, 2);
	assert_int_equal(revisions.items[1].uid, 1000);
	assert_string_equal(revisions.items[1].user, "jane");
	assert_string_equal(revisions.items[1].command, "test");
	assert_string_equal(revisions.items[1].comment, "why");
	assert_int_equal(revisions.items[1].time.ns, fixture_author.time.ns);
	registry_revisions_fini(&revisions);

	assert_int_equal(registry_history(f->registry, 2, 10, &revisions), 0);
	assert_int_equal(revisions.n_items, 2);
	assert_int_equal(revisions.items[0].number, 2);
	registry_revisions_fini(&revisions);
}

static void revisions_that_are_not_there_are_named(void **state)
{
	struct fixture *f = *state;
	struct registry_changes changes;

	fixture_put_dword(f->registry, "k", "v", 1);
	for (uint64_t number = 0; number < 5; number += number == 0 ? 3 : 1) {
		assert_int_equal(registry_diff(f->registry, number, &changes),
				 REGISTRY_E_NOT_FOUND);
		assert_non_null(strstr(registry_error(f->registry), "the history has 1 to 2"));
		assert_int_equal(registry_rollback(f->registry, number, 0, &fixture_author, NULL),
				 REGISTRY_E_NOT_FOUND);
	}
	assert_int_equal(fixture_revision(f->registry), 2);
}

static void a_rollback_is_a_revision_that_can_be_rolled_back(void **state)
{
	struct fixture *f = *state;
	struct registry_revisions revisions;
	uint64_t revision;

	fixture_put_dword(f->registry, "k", "v", 1);
	fixture_put_dword(f->registry, "k", "v", 2);
	assert_int_equal(registry_rollback(f->registry, 2, 3, &fixture_author, &revision), 0);
	assert_int_equal(revision, 4);
	assert_int_equal(fixture_dword(f->registry, "k", "v"), 1);
	assert_int_equal(registry_rollback(f->registry, 3, 0, &fixture_author, &revision), 0);
	assert_int_equal(revision, 5);
	assert_int_equal(fixture_dword(f->registry, "k", "v"), 2);
	assert_int_equal(registry_history(f->registry, 0, 1, &revisions), 0);
	assert_string_equal(revisions.items[0].user, "jane");
	assert_int_equal(revisions.items[0].n_changes, 1);
	registry_revisions_fini(&revisions);
}

static void a_rollback_to_an_equal_state_makes_no_revision(void **state)
{
	struct fixture *f = *state;
	uint64_t revision;

	fixture_put_dword(f->registry, "k", "v", 1);
	fixture_put_dword(f->registry, "k", "v", 2);
	fixture_put_dword(f->registry, "k", "v", 1);
	assert_int_equal(registry_rollback(f->registry, 2, 0, &fixture_author, &revision), 0);
	assert_int_equal(revision, 4);
	assert_int_equal(registry_rollback(f->registry, 4, 0, &fixture_author, &revision), 0);
	assert_int_equal(revision, 4);
}

static void a_rollback_gives_names_their_spelling_back(void **state)
{
	struct fixture *f = *state;
	struct registry_changes changes;

	fixture_put_dword(f->registry, "Key/Sub", "Name", 1);

	char *before = fixture_export(f->registry);

	fixture_delete(f->registry, "KEY", NULL);
	fixture_put_dword(f->registry, "key/sub", "name", 1);
	assert_int_equal(registry_rollback(f->registry, 2, 0, &fixture_author, NULL), 0);

	char *after = fixture_export(f->registry);

	assert_string_equal(before, after);
	mem_free(before);
	mem_free(after);
	assert_int_equal(registry_diff(f->registry, 5, &changes), 0);
	assert_int_equal(changes.n_items, 2);
	assert_string_equal(changes.items[0].name, "name");
	assert_true(changes.items[0].has_old && !changes.items[0].has_new);
	assert_string_equal(changes.items[1].name, "Name");
	assert_true(!changes.items[1].has_old && changes.items[1].has_new);
	registry_changes_fini(&changes);
}

/* A linear congruential generator: the same changes in every run. */
static uint32_t random_below(uint64_t *seed, uint32_t n)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);

	return (uint32_t)(*seed >> 33) % n;
}

static void change_at_random(struct registry_tx *tx, uint64_t *seed)
{
	static const char *const keys[] = {"a",     "A",   "a/b", "A/B", "a/B/c", "a/b/C/d",
					   "a/b/e", "a-b", "ab",  "x",   "X/y",   "x/Y/z"};
	static const char *const names[] = {"v", "V", "http://+:80/", "HTTP://+:80/", "w"};
	const char *key = keys[random_below(seed, array_len(keys))];
	const char *name = names[random_below(seed, array_len(names))];
	const struct slice strings[] = {SLICE("one"), SLICE("")};

	switch (random_below(seed, 10)) {
	case 0:
		assert_int_equal(registry_delete_key(tx, key), 0);
		break;
	case 1:
	case 2:
	case 3:
		assert_int_equal(registry_delete_value(tx, key, name), 0);
		break;
	case 4:
		assert_int_equal(
			registry_put_strings(tx, key, name, strings, random_below(seed, 3)), 0);
		break;
	case 5:
		assert_int_equal(registry_put_binary(tx, key, name, SLICE("\0\1")), 0);
		break;
	case 6:
		assert_int_equal(registry_put_string(tx, key, name, SLICE("1")), 0);
		break;
	default:
		assert_int_equal(registry_put_dword(tx, key, name, random_below(seed, 3)), 0);
		break;
	}
}

#define RANDOM_REVISIONS 60

static void after_random_changes_a_rollback_to_n_equals_the_snapshot_of_n(void **state)
{
	struct fixture *f = *state;
	char *snapshots[1 + RANDOM_REVISIONS] = {NULL};
	uint64_t seed = 20260101;

	snapshots[1] = fixture_export(f->registry);
	while (fixture_revision(f->registry) < RANDOM_REVISIONS) {
		struct registry_tx *tx = fixture_begin(f->registry);

		for (uint32_t n = 1 + random_below(&seed, 6); n > 0; n--) {
			change_at_random(tx, &seed);
		}

		uint64_t revision = fixture_commit(tx);

		if (snapshots[revision] == NULL) {
			snapshots[revision] = fixture_export(f->registry);
		}
	}

	for (int round = 0; round < 2 * RANDOM_REVISIONS; round++) {
		uint32_t number = 1 + random_below(&seed, RANDOM_REVISIONS);

		assert_int_equal(registry_rollback(f->registry, number, 0, &fixture_author, NULL),
				 0);

		char *text = fixture_export(f->registry);

		assert_string_equal(text, snapshots[number]);
		mem_free(text);
	}
	for (size_t i = 0; i < array_len(snapshots); i++) {
		mem_free(snapshots[i]);
	}
}

static void history_keeps_no_more_than_its_limit(void **state)
{
	struct fixture *f = *state;
	struct registry_revisions revisions;
	uint64_t revision = 0;

	fixture_put_dword(f->registry, "HTTP/Parameters", "RegistryHistoryMax", 10);
	for (uint32_t i = 0; i < 20; i++) {
		revision = fixture_put_dword(f->registry, "k", "v", i);
	}
	assert_int_equal(revision, 22);
	assert_int_equal(registry_history(f->registry, 0, 100, &revisions), 0);
	assert_int_equal(revisions.n_items, 10);
	assert_int_equal(revisions.items[9].number, 13);
	registry_revisions_fini(&revisions);
	assert_int_equal(registry_rollback(f->registry, 12, 0, &fixture_author, NULL),
			 REGISTRY_E_NOT_FOUND);
	assert_non_null(strstr(registry_error(f->registry), "the history has 13 to 22"));
	assert_int_equal(registry_rollback(f->registry, 13, 0, &fixture_author, NULL), 0);
	assert_int_equal(fixture_dword(f->registry, "k", "v"), 10);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_registry_has_one_empty_revision),
		TEST(history_tells_who_when_how_and_why_newest_first),
		TEST(revisions_that_are_not_there_are_named),
		TEST(a_rollback_is_a_revision_that_can_be_rolled_back),
		TEST(a_rollback_to_an_equal_state_makes_no_revision),
		TEST(a_rollback_gives_names_their_spelling_back),
		TEST(after_random_changes_a_rollback_to_n_equals_the_snapshot_of_n),
		TEST(history_keeps_no_more_than_its_limit),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
