/* SPDX-License-Identifier: MIT */

/* What is opened, what is refused, and that a refused file stays as it was. */

#include <sqlite3.h>

#include "fixture.h"

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static struct buf read_file(const char *path)
{
	struct buf buf = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_int_not_equal(fd, -1);
	do {
		assert_int_equal(buf_reserve(&buf, 65536), 0);
		n = read(fd, buf.data + buf.len, 65536);
		buf.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	(void)close(fd);

	return buf;
}

/* Opening @path is refused with @verdict and a text that holds @named. */
static void assert_refused(const char *path, unsigned flags, int verdict, const char *named)
{
	struct registry *registry = NULL;
	struct registry_error error = {.text = ""};

	assert_int_equal(registry_open(path, flags, &registry, &error), verdict);
	assert_null(registry);
	if (strstr(error.text, named) == NULL) {
		fail_msg("'%s' is not in: %s", named, error.text);
	}
	assert_int_equal(registry_open(path, flags, &registry, NULL), verdict);
}

/* The same, and the file is as before. */
static void assert_refused_untouched(const char *path, unsigned flags, int verdict,
				     const char *named)
{
	struct buf before = read_file(path);

	assert_refused(path, flags, verdict, named);

	struct buf after = read_file(path);

	assert_true(slice_is_equal(buf_slice(&before), buf_slice(&after)));
	buf_fini(&before);
	buf_fini(&after);
}

static void exec_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_new_file_is_its_owners_alone(void **state)
{
	struct fixture *f = *state;
	char path[FIXTURE_PATH_BYTES + 8];
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct stat st;
	mode_t mask = umask(0);

	f->registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);
	(void)umask(mask);
	fixture_put_dword(f->registry, "k", "v", 1);
	for (size_t i = 0; i < array_len(suffixes); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", f->path, suffixes[i]);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
	}
}

static void a_file_that_is_not_there_is_only_made_on_request(void **state)
{
	struct fixture *f = *state;
	char path[FIXTURE_PATH_BYTES + 16];

	assert_refused(f->path, 0, REGISTRY_E_NOT_FOUND, "does not exist");
	assert_refused(f->path, REGISTRY_OPEN_READ_ONLY, REGISTRY_E_NOT_FOUND, "does not exist");
	(void)snprintf(path, sizeof(path), "%s/no/such.db", f->folder);
	assert_refused(path, REGISTRY_OPEN_CREATE, REGISTRY_E_NOT_FOUND, "find its folder");
	assert_refused("", REGISTRY_OPEN_CREATE, REGISTRY_E_INVALID, "no path of a file");
	assert_refused(f->folder, REGISTRY_OPEN_CREATE, REGISTRY_E_INVALID, "no plain file");
	assert_int_equal(access(f->path, F_OK), -1);
}

static void a_link_is_refused_but_its_folder_may_be_one(void **state)
{
	struct fixture *f = *state;
	char link_path[FIXTURE_PATH_BYTES];
	char through[FIXTURE_PATH_BYTES + 16];

	(void)snprintf(link_path, sizeof(link_path), "%s/link", f->folder);
	assert_int_equal(symlink(f->path, link_path), 0);
	assert_refused(link_path, REGISTRY_OPEN_CREATE, REGISTRY_E_INVALID, "is a symbolic link");
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(unlink(link_path), 0);

	assert_int_equal(symlink(f->folder, link_path), 0);
	(void)snprintf(through, sizeof(through), "%s/registry.db", link_path);
	f->registry = fixture_open(through, REGISTRY_OPEN_CREATE);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void a_file_that_others_may_write_is_refused(void **state)
{
	struct fixture *f = *state;

	registry_close(fixture_open(f->path, REGISTRY_OPEN_CREATE));
	assert_int_equal(chmod(f->path, 0620), 0);
	assert_refused_untouched(f->path, 0, REGISTRY_E_DENIED, "chmod 0600");
	assert_int_equal(chmod(f->path, 0602), 0);
	assert_refused_untouched(f->path, 0, REGISTRY_E_DENIED, "mode 0602");
	assert_int_equal(chmod(f->path, 0640), 0);
	f->registry = fixture_open(f->path, 0);
}

static void a_file_that_is_no_database_is_refused_and_kept(void **state)
{
	struct fixture *f = *state;
	char text[5000];

	memset(text, 'x', sizeof(text));
	write_file(f->path, text, sizeof(text), 0600);
	assert_refused_untouched(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_CORRUPT,
				 "nothing was deleted");
	assert_refused_untouched(f->path, REGISTRY_OPEN_READ_ONLY, REGISTRY_E_CORRUPT, f->path);
}

static void a_damaged_or_cut_database_is_refused_and_kept(void **state)
{
	struct fixture *f = *state;

	f->registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);

	struct registry_tx *tx = fixture_begin(f->registry);

	for (int i = 0; i < 500; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "name number %d", i);
		assert_int_equal(registry_put_string(tx, "key", name, SLICE("some value")), 0);
	}
	fixture_commit(tx);
	f->registry = registry_close(f->registry);

	struct buf good = read_file(f->path);

	/* One page after the other is overwritten; the first holds the head. */
	for (size_t page = 0; page < good.len / 4096; page++) {
		struct buf bad = {0};

		assert_int_equal(buf_append(&bad, buf_slice(&good)), 0);
		memset(bad.data + page * 4096, 0xa5, 4096);
		write_file(f->path, bad.data, bad.len, 0600);
		assert_refused_untouched(f->path, 0, REGISTRY_E_CORRUPT, "nothing was deleted");
		buf_fini(&bad);
	}
	for (size_t len = 512; len < good.len; len += 4096) {
		write_file(f->path, good.data, len, 0600);
		assert_refused_untouched(f->path, 0, REGISTRY_E_CORRUPT, "nothing was deleted");
	}
	write_file(f->path, good.data, good.len, 0600);
	f->registry = fixture_open(f->path, 0);
	buf_fini(&good);
}

static void an_empty_file_is_new_or_damaged_as_the_caller_says(void **state)
{
	struct fixture *f = *state;

	write_file(f->path, "", 0, 0600);
	assert_refused_untouched(f->path, 0, REGISTRY_E_CORRUPT, "is empty");
	assert_refused_untouched(f->path, REGISTRY_OPEN_READ_ONLY, REGISTRY_E_CORRUPT, "is empty");
	f->registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);
	assert_int_equal(fixture_revision(f->registry), 1);
}

static void a_log_without_its_database_is_not_thrown_away(void **state)
{
	struct fixture *f = *state;
	char log_path[FIXTURE_PATH_BYTES + 8];
	struct stat st;

	(void)snprintf(log_path, sizeof(log_path), "%s-wal", f->path);
	write_file(log_path, "committed", 9, 0600);
	assert_refused(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_CORRUPT,
		       "its log (-wal) is there");
	write_file(f->path, "", 0, 0600);
	assert_refused(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_CORRUPT, "its log (-wal) is not");
	assert_int_equal(stat(log_path, &st), 0);
	assert_int_equal(st.st_size, 9);
}

static void a_database_of_another_program_is_refused_and_kept(void **state)
{
	struct fixture *f = *state;

	exec_sql(f->path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
	assert_int_equal(chmod(f->path, 0600), 0);
	assert_refused_untouched(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_FORMAT,
				 "of another program");
	exec_sql(f->path, "PRAGMA application_id = 1; PRAGMA user_version = 1");
	assert_refused_untouched(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_FORMAT,
				 "of another program");
}

static void a_newer_format_is_refused_and_kept(void **state)
{
	struct fixture *f = *state;

	registry_close(fixture_open(f->path, REGISTRY_OPEN_CREATE));
	exec_sql(f->path, "PRAGMA user_version = 2");
	assert_refused_untouched(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_FORMAT,
				 "format 2, of a newer version");
	exec_sql(f->path, "PRAGMA user_version = 0");
	assert_refused_untouched(f->path, REGISTRY_OPEN_CREATE, REGISTRY_E_CORRUPT,
				 "no known format");
}

static void contents_that_are_not_ours_are_corrupt(void **state)
{
	static const struct {
		const char *sql;
		const char *named;
	} rows[] = {
		{"UPDATE value SET type = 4", "another type than it says"},
		{"UPDATE value SET type = -1", "another type than it says"},
		{"UPDATE value SET type = 2, data = 'x'", "another type than it says"},
		{"UPDATE value SET type = 2, data = 4294967296", "more than 32 bits"},
		{"UPDATE value SET type = 2, data = -1", "more than 32 bits"},
		{"UPDATE value SET type = 0, data = CAST(x'ff' AS TEXT)", "not UTF-8"},
		{"UPDATE value SET type = 1, data = x'61'", "has no end"},
		{"UPDATE value SET type = 1, data = x'ff00'", "not UTF-8"},
		{"DELETE FROM revision", "has no revision"},
		{"DROP TABLE change", "no such table"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(rows); i++) {
		struct registry *registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);
		struct registry_error error = {.text = ""};
		struct registry_value value;
		uint64_t revision;

		fixture_put_dword(registry, "k", "v", 1);
		registry_close(registry);
		registry = NULL;
		exec_sql(f->path, rows[i].sql);

		int r = registry_open(f->path, 0, &registry, &error);

		r = r == 0 ? registry_revision(registry, &revision) : r;
		r = r == 0 ? registry_get(registry, "k", "v", &value) : r;
		assert_int_equal(r, REGISTRY_E_CORRUPT);

		const char *text = registry != NULL ? registry_error(registry) : error.text;

		if (strstr(text, rows[i].named) == NULL) {
			fail_msg("'%s' is not in: %s", rows[i].named, text);
		}
		registry_close(registry);
		assert_int_equal(unlink(f->path), 0);
	}
}

/* In a process of its own, which may read nothing, whoever runs the tests: is it refused? */
static int open_without_rights(const char *path)
{
	struct registry *registry = NULL;
	struct registry_error error = {.text = ""};

	if (geteuid() == 0 && setuid(65534) != 0) {
		return 1;
	}
	if (registry_open(path, REGISTRY_OPEN_CREATE, &registry, &error) != REGISTRY_E_DENIED) {
		return 2;
	}

	return strstr(error.text, "check owner and mode") != NULL ? 0 : 3;
}

static void a_folder_or_file_without_rights_is_named(void **state)
{
	struct fixture *f = *state;

	registry_close(fixture_open(f->path, REGISTRY_OPEN_CREATE));
	assert_int_equal(chmod(f->path, 0), 0);
	for (mode_t mode = 0755; mode != 0; mode = mode == 0755 ? 0600 : 0) {
		assert_int_equal(chmod(f->folder, mode), 0);

		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			_exit(open_without_rights(f->path));
		}
		assert_int_equal(fixture_wait(pid), 0);
	}
	assert_int_equal(chmod(f->folder, 0700), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_empty, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_new_file_is_its_owners_alone),
		TEST(a_file_that_is_not_there_is_only_made_on_request),
		TEST(a_link_is_refused_but_its_folder_may_be_one),
		TEST(a_file_that_others_may_write_is_refused),
		TEST(a_file_that_is_no_database_is_refused_and_kept),
		TEST(a_damaged_or_cut_database_is_refused_and_kept),
		TEST(an_empty_file_is_new_or_damaged_as_the_caller_says),
		TEST(a_log_without_its_database_is_not_thrown_away),
		TEST(a_database_of_another_program_is_refused_and_kept),
		TEST(a_newer_format_is_refused_and_kept),
		TEST(contents_that_are_not_ours_are_corrupt),
		TEST(a_folder_or_file_without_rights_is_named),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
