/* SPDX-License-Identifier: MIT */

/*
 * Commits under stress: kill -9 at any moment, a full disk, failing allocations of SQLite.  What
 * was reported as committed is there, nothing is half there.
 */

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "fixture.h"

/* Commit k/a = k/b = 1, 2, 3 ... and report each number when its commit has returned. */
static int commit_and_report(const char *path, int fd)
{
	struct registry *registry = NULL;

	if (registry_open(path, REGISTRY_OPEN_CREATE, &registry, NULL) != 0) {
		return 1;
	}

	uint32_t n = fixture_dword(registry, "k", "a");

	for (n = n == UINT32_MAX ? 0 : n;;) {
		struct registry_tx *tx;

		n++;
		if (registry_begin(registry, 0, &tx) != 0 ||
		    registry_put_dword(tx, "k", "a", n) != 0 ||
		    registry_put_dword(tx, "l", "b", n) != 0 ||
		    registry_commit(tx, &fixture_author, NULL) != 0 ||
		    write(fd, &n, sizeof(n)) != sizeof(n)) {
			return 2;
		}
		registry_tx_free(tx);
	}
}

/* Read reports until the end of the pipe, or for @timeout_ms: the last one. */
static uint32_t read_reports(int fd, uint32_t last, int timeout_ms)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLIN};
	struct mono_time end = mono_add_ms(clock_mono(), timeout_ms);

	for (;;) {
		int64_t left = mono_diff_ms(end, clock_mono());
		uint32_t n;

		if (timeout_ms >= 0 && (left <= 0 || poll(&pollfd, 1, (int)left) == 0)) {
			return last;
		}
		if (read(fd, &n, sizeof(n)) != sizeof(n)) {
			return last;
		}
		last = n;
	}
}

static void kill_9_at_any_moment_loses_nothing_that_was_reported(void **state)
{
	struct fixture *f = *state;
	uint32_t stored = 0;

	for (int round = 0; round < 25; round++) {
		int fds[2];

		assert_int_equal(pipe(fds), 0);

		pid_t pid = fork();

		assert_int_not_equal(pid, -1);
		if (pid == 0) {
			_exit(commit_and_report(f->path, fds[1]));
		}
		(void)close(fds[1]);

		/* The first rounds hit the creation, later ones a stream of commits. */
		uint32_t last = read_reports(fds[0], stored, round * 2);

		assert_int_equal(kill(pid, SIGKILL), 0);
		assert_int_equal(fixture_wait(pid), 128 + SIGKILL);
		last = read_reports(fds[0], last, -1);
		(void)close(fds[0]);

		struct registry *registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);
		uint32_t a = fixture_dword(registry, "k", "a");

		/* One more may have been committed and not reported. */
		stored = a == UINT32_MAX ? 0 : a;
		assert_true(stored == last || stored == last + 1);
		assert_int_equal(fixture_dword(registry, "l", "b"), a);
		assert_int_equal(fixture_revision(registry), 1 + stored);
		registry_close(registry);
	}

	assert_true(stored > 0);
}

/*
 * Commit values of 4 KiB until the disk is full: 0 when that was told, changed nothing, and the
 * registry can be read as before.
 */
static int fill_disk(struct registry *registry)
{
	char page[4096];

	memset(page, 'x', sizeof(page));
	for (uint32_t n = 1; n < 10000; n++) {
		struct registry_tx *tx;

		if (registry_begin(registry, 0, &tx) != 0 ||
		    registry_put_dword(tx, "k", "n", n) != 0 ||
		    registry_put_string(tx, "k", "text", slice_from(page, sizeof(page))) != 0) {
			return 11;
		}
		page[n % sizeof(page)]++;

		int r = registry_commit(tx, &fixture_author, NULL);

		registry_tx_free(tx);
		if (r == 0) {
			continue;
		}
		if (r != REGISTRY_E_FULL ||
		    strstr(registry_error(registry), "nothing was changed") == NULL) {
			print_message("%d: %s\n", r, registry_error(registry));
			return 12;
		}

		return fixture_dword(registry, "k", "n") == n - 1 && fixture_revision(registry) == n
			       ? 0
			       : 13;
	}

	return 14;
}

/* In a process of its own: a limit of the file size instead of the disk's end. */
static int fill_up_to_the_file_size_limit(const char *path)
{
	struct registry *registry = fixture_open(path, REGISTRY_OPEN_CREATE);
	struct rlimit limit = {.rlim_cur = 256 * 1024, .rlim_max = RLIM_INFINITY};

	(void)signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0) {
		return 21;
	}
	limit.rlim_cur = (rlim_t)256 * 1024;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
		return 22;
	}

	int r = fill_disk(registry);

	if (r != 0) {
		return r;
	}
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
		return 23;
	}

	struct registry_tx *tx = fixture_begin(registry);
	uint32_t n = fixture_dword(registry, "k", "n");

	r = registry_put_dword(tx, "k", "n", n + 1);
	r = r == 0 ? registry_commit(tx, &fixture_author, NULL) : r;
	registry_tx_free(tx);
	registry_close(registry);
	registry = fixture_open(path, 0);

	return r == 0 && fixture_dword(registry, "k", "n") == n + 1 ? 0 : 24;
}

static void at_the_file_size_limit_nothing_is_lost_and_later_commits_work(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		_exit(fill_up_to_the_file_size_limit(f->path));
	}
	assert_int_equal(fixture_wait(pid), 0);
}

#define NO_RIGHT_TO_MOUNT 77

/* In a process of its own, with a small file system that nobody else sees. */
static int fill_a_small_disk(const char *folder)
{
	char path[FIXTURE_PATH_BYTES];

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", folder, "tmpfs", 0, "size=400k") != 0) {
		return NO_RIGHT_TO_MOUNT;
	}
	(void)snprintf(path, sizeof(path), "%s/registry.db", folder);

	struct registry *registry = fixture_open(path, REGISTRY_OPEN_CREATE);
	int r = fill_disk(registry);

	if (r != 0) {
		return r;
	}

	uint32_t n = fixture_dword(registry, "k", "n");

	registry_close(registry);
	registry = fixture_open(path, 0);

	return fixture_dword(registry, "k", "n") == n ? 0 : 31;
}

static void on_a_full_disk_nothing_is_lost(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		_exit(fill_a_small_disk(f->folder));
	}

	int r = fixture_wait(pid);

	/* Users, and root in a container, have no small disk; the file size limit was tested. */
	assert_true(r == 0 || r == NO_RIGHT_TO_MOUNT);
}

/* SQLite's allocator with a counter: the allocation numbered fail_number fails, once. */
static sqlite3_mem_methods real_methods;
static uint64_t allocation_count;
static uint64_t fail_number;

static bool may_allocate(void)
{
	return ++allocation_count != fail_number;
}

static void *counting_malloc(int size)
{
	return may_allocate() ? real_methods.xMalloc(size) : NULL;
}

static void *counting_realloc(void *old, int size)
{
	return may_allocate() ? real_methods.xRealloc(old, size) : NULL;
}

static int setup_counting_allocator(void **state)
{
	sqlite3_mem_methods methods;

	if (sqlite3_shutdown() != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_methods) != SQLITE_OK) {
		return -1;
	}
	methods = real_methods;
	methods.xMalloc = counting_malloc;
	methods.xRealloc = counting_realloc;

	/* Lookaside would hide most allocations from the counter. */
	return sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK &&
			       sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) == SQLITE_OK
		       ? 0
		       : -1;
}

/* Open, commit, export, roll back: 0, or the first result that is not. */
static int change_and_go_back(const char *path, uint32_t n, bool *ret_is_committed)
{
	cleanup_(registry_close_p) struct registry *registry = NULL;
	cleanup_(registry_tx_free_p) struct registry_tx *tx = NULL;
	struct registry_error error = {.text = ""};
	struct buf buf = {0};
	int r = registry_open(path, REGISTRY_OPEN_CREATE, &registry, &error);

	*ret_is_committed = false;
	r = r == 0 ? registry_begin(registry, 0, &tx) : r;
	r = r == 0 ? registry_delete_key(tx, "k") : r;
	r = r == 0 ? registry_put_dword(tx, "k/deep/er", "n", n) : r;
	r = r == 0 ? registry_commit(tx, &fixture_author, NULL) : r;
	if (r == 0) {
		*ret_is_committed = true;
		r = registry_export_json(registry, &buf);
		buf_fini(&buf);
	}
	r = r == 0 ? registry_rollback(registry, 1, 0, &fixture_author, NULL) : r;
	if (r != 0 && r != -ENOMEM) {
		print_message("%s\n", registry != NULL ? registry_error(registry) : error.text);
	}

	return r;
}

static void any_allocation_of_sqlite_may_fail_without_a_half_commit(void **state)
{
	struct fixture *f = *state;
	bool has_fired = true;
	uint64_t n_failed = 0;

	/* SQLite gets over some failures: go on until the number is never reached.  Each 11th only:
	 * every one takes 20 s. */
	for (uint64_t number = 1; has_fired; number += 11) {
		bool is_committed;

		assert_true(number < 20000);
		allocation_count = 0;
		fail_number = number;

		int r = change_and_go_back(f->path, (uint32_t)number, &is_committed);

		has_fired = allocation_count >= number;
		fail_number = 0;
		if (r != 0 && r != -ENOMEM) {
			fail_msg("allocation %" PRIu64 ": %d", number, r);
		}
		n_failed += r != 0;

		struct registry *registry = fixture_open(f->path, REGISTRY_OPEN_CREATE);
		uint32_t stored = fixture_dword(registry, "k/deep/er", "n");

		if (r == 0) {
			assert_int_equal(stored, UINT32_MAX); /* rolled back */
		} else if (is_committed) {
			assert_int_equal(stored, number);
		} else {
			assert_int_equal(stored, UINT32_MAX);
		}
		registry_close(registry);
		assert_int_equal(unlink(f->path), 0);
	}

	assert_true(n_failed > 50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_empty, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(kill_9_at_any_moment_loses_nothing_that_was_reported),
		TEST(at_the_file_size_limit_nothing_is_lost_and_later_commits_work),
		TEST(on_a_full_disk_nothing_is_lost),
		TEST(any_allocation_of_sqlite_may_fail_without_a_half_commit),
	};
#undef TEST

	return cmocka_run_group_tests(tests, setup_counting_allocator, NULL);
}
