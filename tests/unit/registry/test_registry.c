/* SPDX-License-Identifier: MIT */

/* The tree as its users see it: names, types, listings, walks, watchers. */

#include "fixture.h"

static void names_compare_without_case_and_keep_their_first_spelling(void **state)
{
	struct fixture *f = *state;
	struct registry_list list;

	fixture_put_string(f->registry, "HTTP/Parameters", "ListenOn", "one");
	fixture_put_string(f->registry, "http/PARAMETERS", "LISTENON", "two");
	fixture_put_string(f->registry, "Http/parameters/Sub", "x", "three");

	fixture_assert_string(f->registry, "hTTp/pARAMETERs", "lISTENoN", "two");
	assert_int_equal(registry_list_keys(f->registry, "", &list), 0);
	assert_int_equal(list.n_items, 1);
	assert_string_equal(list.items[0].name, "HTTP");
	registry_list_fini(&list);
	assert_int_equal(registry_list_values(f->registry, "http/parameters", &list), 0);
	assert_int_equal(list.n_items, 1);
	assert_string_equal(list.items[0].name, "ListenOn");
	registry_list_fini(&list);
	assert_int_equal(registry_list_keys(f->registry, "HTTP", &list), 0);
	assert_int_equal(list.n_items, 1);
	assert_string_equal(list.items[0].name, "Parameters");
	registry_list_fini(&list);
}

static void letters_beyond_ascii_keep_their_case(void **state)
{
	struct fixture *f = *state;

	fixture_put_string(f->registry, "k", "\xc3\xa4", "small");
	fixture_put_string(f->registry, "k", "\xc3\x84", "capital");

	fixture_assert_string(f->registry, "k", "\xc3\xa4", "small");
	fixture_assert_string(f->registry, "k", "\xc3\x84", "capital");
}

static void every_type_comes_back_as_it_went_in(void **state)
{
	struct fixture *f = *state;
	const struct slice strings[] = {SLICE("127.0.0.1"), SLICE(""), SLICE("::")};
	struct registry_value values[8];
	char name[] = "v0";
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_value_init_string(&values[0], SLICE("")), 0);
	assert_int_equal(registry_value_init_string(&values[1], SLICE("D:(A;;GX;;;WD)")), 0);
	assert_int_equal(registry_value_init_strings(&values[2], NULL, 0), 0);
	assert_int_equal(registry_value_init_strings(&values[3], strings, 3), 0);
	registry_value_init_dword(&values[4], 0);
	registry_value_init_dword(&values[5], UINT32_MAX);
	assert_int_equal(registry_value_init_binary(&values[6], SLICE("")), 0);
	assert_int_equal(registry_value_init_binary(&values[7], SLICE("\0\xff'\"\0")), 0);
	for (size_t i = 0; i < array_len(values); i++) {
		name[1] = (char)('0' + i);
		assert_int_equal(registry_put(tx, "k", name, &values[i]), 0);
	}
	fixture_commit(tx);
	registry_close(f->registry);
	f->registry = fixture_open(f->path, 0);

	for (size_t i = 0; i < array_len(values); i++) {
		struct registry_value value = {0};

		name[1] = (char)('0' + i);
		assert_int_equal(registry_get(f->registry, "k", name, &value), 0);
		assert_true(registry_value_is_equal(&value, &values[i]));
		assert_int_equal(value.n_strings, values[i].n_strings);
		registry_value_fini(&value);
		registry_value_fini(&values[i]);
	}
}

static void a_put_may_change_the_type(void **state)
{
	struct fixture *f = *state;

	fixture_put_dword(f->registry, "k", "v", 7);
	fixture_put_string(f->registry, "k", "v", "7");

	fixture_assert_string(f->registry, "k", "v", "7");
}

static void names_of_values_hold_any_character(void **state)
{
	static const char *const names[] = {
		"http://+:80/x/",
		"*",
		"%",
		"_",
		"a'b\"c;--",
		"/",
		"//",
		"\n\t",
		" ",
		".",
		"\\",
		"https://b\xc3\xbc.example:443/",
	};
	struct fixture *f = *state;
	struct registry_tx *tx = fixture_begin(f->registry);

	for (size_t i = 0; i < array_len(names); i++) {
		assert_int_equal(registry_put_string(tx, "HTTP/UrlAclInfo", names[i],
						     slice_from_str(names[i])),
				 0);
	}
	fixture_commit(tx);

	for (size_t i = 0; i < array_len(names); i++) {
		fixture_assert_string(f->registry, "HTTP/UrlAclInfo", names[i], names[i]);
	}
}

static void other_keys_and_names_are_refused(void **state)
{
	static const char *const keys[] = {"/", "/a", "a/", "a//b", "a\nb", "\xff", "a/\x7f", ""};
	static const char *const names[] = {"", "\xc3("};
	struct fixture *f = *state;
	struct registry_value value;
	char long_key[REGISTRY_KEY_BYTES_MAX + 2];
	char long_name[REGISTRY_NAME_BYTES_MAX + 2];
	struct registry_tx *tx = fixture_begin(f->registry);

	memset(long_key, 'k', sizeof(long_key));
	memset(long_name, 'n', sizeof(long_name));
	long_key[sizeof(long_key) - 1] = '\0';
	long_name[sizeof(long_name) - 1] = '\0';

	for (size_t i = 0; i < array_len(keys); i++) {
		assert_int_equal(registry_put_dword(tx, keys[i], "v", 1), REGISTRY_E_INVALID);
		assert_non_null(strstr(registry_error(f->registry), "is no key"));
		assert_int_equal(registry_get(f->registry, keys[i], "v", &value),
				 REGISTRY_E_INVALID);
	}
	for (size_t i = 0; i < array_len(names); i++) {
		assert_int_equal(registry_put_dword(tx, "k", names[i], 1), REGISTRY_E_INVALID);
		assert_int_equal(registry_delete_value(tx, "k", names[i]), REGISTRY_E_INVALID);
		assert_int_equal(registry_get(f->registry, "k", names[i], &value),
				 REGISTRY_E_INVALID);
	}
	assert_int_equal(registry_put_dword(tx, long_key, "v", 1), REGISTRY_E_INVALID);
	assert_int_equal(registry_put_dword(tx, "k", long_name, 1), REGISTRY_E_INVALID);
	assert_int_equal(registry_put_dword(tx, long_key + 1, long_name + 1, 1), 0);
	fixture_commit(tx);
	assert_int_equal(fixture_dword(f->registry, long_key + 1, long_name + 1), 1);
}

static void other_texts_and_too_large_values_are_refused(void **state)
{
	struct fixture *f = *state;
	const struct slice strings[] = {SLICE("good"), SLICE("b\0d")};
	struct registry_tx *tx = fixture_begin(f->registry);
	char *large = mem_new(REGISTRY_VALUE_BYTES_MAX + 1);
	struct slice bytes = slice_from(large, REGISTRY_VALUE_BYTES_MAX + 1);

	assert_int_equal(registry_put_string(tx, "k", "v", SLICE("\xff")), REGISTRY_E_INVALID);
	assert_int_equal(registry_put_string(tx, "k", "v", SLICE("a\0b")), REGISTRY_E_INVALID);
	assert_int_equal(registry_put_strings(tx, "k", "v", strings, 2), REGISTRY_E_INVALID);
	assert_int_equal(registry_put_binary(tx, "k", "v", bytes), REGISTRY_E_INVALID);
	assert_non_null(strstr(registry_error(f->registry), "1048577 bytes, 1048576"));
	bytes.len--;
	assert_int_equal(registry_put_binary(tx, "k", "v", bytes), 0);
	fixture_commit(tx);
	mem_free(large);
}

static void a_key_lives_as_long_as_a_value_below_it(void **state)
{
	struct fixture *f = *state;
	struct registry_list list;

	fixture_put_string(f->registry, "A/B/C", "v", "x");
	fixture_put_string(f->registry, "A/D", "v", "x");
	fixture_delete(f->registry, "a/b/c", "V");
	assert_int_equal(registry_list_keys(f->registry, "A", &list), 0);
	assert_int_equal(list.n_items, 1);
	assert_string_equal(list.items[0].name, "D");
	registry_list_fini(&list);
	fixture_delete(f->registry, "A/D", "v");
	assert_int_equal(registry_list_keys(f->registry, "", &list), 0);
	assert_int_equal(list.n_items, 0);
	registry_list_fini(&list);
	fixture_put_string(f->registry, "a/b", "v", "x");
	assert_int_equal(registry_list_keys(f->registry, "", &list), 0);
	assert_string_equal(list.items[0].name, "a");
	registry_list_fini(&list);
}

static void deleting_a_key_takes_its_subtree_and_no_neighbour(void **state)
{
	static const char *const keys[] = {"a", "a/b", "a/b/c", "ab", "a-b", "a.b/c", "a0"};
	struct fixture *f = *state;
	struct registry_tx *tx = fixture_begin(f->registry);

	for (size_t i = 0; i < array_len(keys); i++) {
		assert_int_equal(registry_put_dword(tx, keys[i], "v", 1), 0);
	}
	fixture_commit(tx);
	fixture_delete(f->registry, "A", NULL);

	for (size_t i = 0; i < array_len(keys); i++) {
		assert_int_equal(fixture_dword(f->registry, keys[i], "v"), i < 3 ? UINT32_MAX : 1);
	}
	fixture_delete(f->registry, "", NULL);
	for (size_t i = 0; i < array_len(keys); i++) {
		fixture_assert_missing(f->registry, keys[i], "v");
	}
}

static void a_key_that_is_not_there_has_empty_lists(void **state)
{
	struct fixture *f = *state;
	struct registry_list list;

	assert_int_equal(registry_list_keys(f->registry, "no/such", &list), 0);
	assert_int_equal(list.n_items, 0);
	registry_list_fini(&list);
	assert_int_equal(registry_list_values(f->registry, "no/such", &list), 0);
	assert_int_equal(list.n_items, 0);
	registry_list_fini(&list);
	fixture_assert_missing(f->registry, "no/such", "v");
}

static int walk_note(void *context, const char *key, const char *name,
		     const struct registry_value *value)
{
	return buf_appendf(context, "%s=%s ", key, name);
}

static void a_walk_visits_a_key_before_the_keys_below_it(void **state)
{
	struct fixture *f = *state;
	struct buf buf = {0};
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_put_dword(tx, "b", "z", 1), 0);
	assert_int_equal(registry_put_dword(tx, "b", "Y", 1), 0);
	assert_int_equal(registry_put_dword(tx, "b-c", "v", 1), 0);
	assert_int_equal(registry_put_dword(tx, "B/a", "v", 1), 0);
	assert_int_equal(registry_put_dword(tx, "b/a/x", "v", 1), 0);
	assert_int_equal(registry_put_dword(tx, "A/z", "v", 1), 0);
	fixture_commit(tx);

	assert_int_equal(registry_walk(f->registry, "", walk_note, &buf), 0);
	assert_true(slice_is_equal(buf_slice(&buf), SLICE("A/z=v b=Y b=z b/a=v b/a/x=v b-c=v ")));
	buf_clear(&buf);
	assert_int_equal(registry_walk(f->registry, "B", walk_note, &buf), 0);
	assert_true(slice_is_equal(buf_slice(&buf), SLICE("b=Y b=z b/a=v b/a/x=v ")));
	buf_fini(&buf);
}

static int walk_stop(void *context, const char *key, const char *name,
		     const struct registry_value *value)
{
	(*(int *)context)++;

	return 42;
}

static void a_walk_ends_when_its_function_says_so(void **state)
{
	struct fixture *f = *state;
	int n = 0;

	fixture_put_dword(f->registry, "a", "v", 1);
	fixture_put_dword(f->registry, "b", "v", 1);
	assert_int_equal(registry_walk(f->registry, "", walk_stop, &n), 42);
	assert_int_equal(n, 1);
	assert_int_equal(registry_walk(f->registry, "", walk_stop, &n), 42);
	assert_int_equal(n, 2);
}

static void a_transaction_shows_nothing_before_its_commit(void **state)
{
	struct fixture *f = *state;
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_put_dword(tx, "k", "v", 1), 0);
	fixture_assert_missing(f->registry, "k", "v");
	registry_tx_free(tx);
	fixture_assert_missing(f->registry, "k", "v");
	assert_int_equal(fixture_revision(f->registry), 1);
}

struct watched {
	unsigned n_calls;
	uint64_t revision;
	struct buf text;
};

static void watch_note(void *context, uint64_t revision, const struct registry_changes *changes)
{
	struct watched *watched = context;

	watched->n_calls++;
	watched->revision = revision;
	for (size_t i = 0; i < changes->n_items; i++) {
		const struct registry_change *change = &changes->items[i];

		assert_int_equal(buf_appendf(&watched->text, "%s %s %d%d;", change->key,
					     change->name, change->has_old, change->has_new),
				 0);
	}
}

static void watchers_see_each_commit_and_rollback_with_its_changes(void **state)
{
	struct fixture *f = *state;
	struct watched watched = {0};
	struct registry_watch watch = {.on_commit = watch_note, .context = &watched};

	registry_watch_add(f->registry, &watch);
	fixture_put_dword(f->registry, "k", "v", 1);
	fixture_put_dword(f->registry, "k", "v", 2);
	assert_int_equal(watched.revision, 3);
	fixture_put_dword(f->registry, "k", "v", 2);
	assert_int_equal(watched.n_calls, 2);
	fixture_delete(f->registry, "k", "v");
	assert_int_equal(registry_rollback(f->registry, 2, 0, &fixture_author, NULL), 0);
	assert_true(
		slice_is_equal(buf_slice(&watched.text), SLICE("k v 01;k v 11;k v 10;k v 01;")));
	registry_watch_remove(&watch);
	registry_watch_remove(&watch);
	fixture_put_dword(f->registry, "k", "v", 9);
	assert_int_equal(watched.n_calls, 4);
	buf_fini(&watched.text);
}

static void a_read_only_registry_refuses_commits(void **state)
{
	struct fixture *f = *state;

	fixture_put_dword(f->registry, "k", "v", 1);
	registry_close(f->registry);
	f->registry = fixture_open(f->path, REGISTRY_OPEN_READ_ONLY);
	assert_int_equal(fixture_dword(f->registry, "k", "v"), 1);

	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_put_dword(tx, "k", "v", 2), 0);
	assert_int_equal(registry_commit(tx, &fixture_author, NULL), REGISTRY_E_DENIED);
	assert_non_null(strstr(registry_error(f->registry), f->path));
	registry_tx_free(tx);
	assert_int_equal(fixture_dword(f->registry, "k", "v"), 1);
}

static void error_texts_are_one_line_and_cut_between_characters(void **state)
{
	struct fixture *f = *state;
	struct registry_value value;
	char key[4 * REGISTRY_ERROR_BYTES];

	for (size_t i = 0; i + 3 < sizeof(key); i += 3) {
		memcpy(key + i, "\xe2\x82\xac", 4);
	}
	assert_int_equal(registry_get(f->registry, "a\nb\x7f", "v", &value), REGISTRY_E_INVALID);
	assert_non_null(strstr(registry_error(f->registry), "'a?b?'"));
	assert_int_equal(registry_get(f->registry, key, "v", &value), REGISTRY_E_INVALID);

	const char *text = registry_error(f->registry);

	assert_true(strlen(text) < REGISTRY_ERROR_BYTES);
	assert_string_equal(text + strlen(text) - 3, "...");
	assert_true(registry_text_is_valid(slice_from_str(text)));
}

static void watch_count(void *context, uint64_t revision, const struct registry_changes *changes)
{
	(*(unsigned *)context)++;
}

/* All that a user of the registry does, once: 0; or -ENOMEM, in which case nothing has leaked. */
static int use_everything(const char *path)
{
	const struct slice strings[] = {SLICE("a"), SLICE("b")};
	cleanup_(registry_close_p) struct registry *registry = NULL;
	cleanup_(registry_tx_free_p) struct registry_tx *tx = NULL;
	cleanup_(registry_list_fini) struct registry_list keys = {0};
	cleanup_(registry_list_fini) struct registry_list values = {0};
	cleanup_(registry_revisions_fini) struct registry_revisions revisions = {0};
	cleanup_(registry_changes_fini) struct registry_changes changes = {0};
	cleanup_(registry_value_fini) struct registry_value value = {0};
	cleanup_(buf_fini) struct buf buf = {0};
	unsigned n_calls = 0;
	struct registry_watch watch = {.on_commit = watch_count, .context = &n_calls};
	int r = registry_open(path, REGISTRY_OPEN_CREATE, &registry, NULL);

	if (r == 0) {
		registry_watch_add(registry, &watch);
		r = registry_begin(registry, 0, &tx);
	}
	r = r == 0 ? registry_put_strings(tx, "k/l", "v", strings, 2) : r;
	r = r == 0 ? registry_put_binary(tx, "k/l", "w", SLICE("x")) : r;
	r = r == 0 ? registry_delete_value(tx, "k/l", "u") : r;
	r = r == 0 ? registry_delete_key(tx, "n") : r;
	r = r == 0 ? registry_commit(tx, &fixture_author, NULL) : r;
	r = r == 0 ? registry_list_keys(registry, "k", &keys) : r;
	r = r == 0 ? registry_list_values(registry, "k/l", &values) : r;
	r = r == 0 ? registry_get(registry, "k/l", "v", &value) : r;
	r = r == 0 ? registry_history(registry, 0, 10, &revisions) : r;
	r = r == 0 ? registry_diff(registry, 2, &changes) : r;
	r = r == 0 ? registry_export_json(registry, &buf) : r;
	r = r == 0 ? registry_rollback(registry, 1, 0, &fixture_author, NULL) : r;
	(void)mem_fail_at(0);
	assert_true(r != 0 || n_calls == 2);

	return r;
}

static void any_allocation_may_fail_without_leak_or_half_commit(void **state)
{
	struct fixture *f = *state;
	int r = -ENOMEM;

	for (uint64_t n = 1; r != 0; n++) {
		(void)mem_fail_at(n);
		r = use_everything(f->path);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true(n < 1000);

		struct registry *registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);
		bool has_v = fixture_dword(registry, "k/l", "v") != UINT32_MAX;

		assert_int_equal(has_v, fixture_dword(registry, "k/l", "w") != UINT32_MAX);
		fixture_delete(registry, "", NULL);
		registry_close(registry);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(names_compare_without_case_and_keep_their_first_spelling),
		TEST(letters_beyond_ascii_keep_their_case),
		TEST(every_type_comes_back_as_it_went_in),
		TEST(a_put_may_change_the_type),
		TEST(names_of_values_hold_any_character),
		TEST(other_keys_and_names_are_refused),
		TEST(other_texts_and_too_large_values_are_refused),
		TEST(a_key_lives_as_long_as_a_value_below_it),
		TEST(deleting_a_key_takes_its_subtree_and_no_neighbour),
		TEST(a_key_that_is_not_there_has_empty_lists),
		TEST(a_walk_visits_a_key_before_the_keys_below_it),
		TEST(a_walk_ends_when_its_function_says_so),
		TEST(a_transaction_shows_nothing_before_its_commit),
		TEST(watchers_see_each_commit_and_rollback_with_its_changes),
		TEST(a_read_only_registry_refuses_commits),
		TEST(error_texts_are_one_line_and_cut_between_characters),
		cmocka_unit_test_setup_teardown(any_allocation_may_fail_without_leak_or_half_commit,
						fixture_setup_empty, fixture_teardown),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
