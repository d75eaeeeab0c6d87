/* SPDX-License-Identifier: MIT */

/* Places of an instance, and one instance per place. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "master/home.h"

static char directory[64];

static int make_directory(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test_home.XXXXXX");

	return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"/lock", "/run", "/log", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s%s", directory, names[i]);
		(void)remove(path); /* what a test did not make is not there */
	}

	return 0;
}

static void everything_is_below_the_home(void **state)
{
	struct home home;
	char expected[128];

	(void)state;
	assert_int_equal(home_init(&home, directory), 0);
	assert_false(home.is_default);
	(void)snprintf(expected, sizeof(expected), "%s/run/admin.sock", directory);
	assert_string_equal(home.admin_path, expected);
	(void)snprintf(expected, sizeof(expected), "%s/log/events.log", directory);
	assert_string_equal(home.events_path, expected);
	(void)snprintf(expected, sizeof(expected), "%s/registry.db", directory);
	assert_string_equal(home.registry_path, expected);
}

static void environment_and_defaults_follow_the_argument(void **state)
{
	struct home home;

	(void)state;
	assert_int_equal(setenv("HTTPSYS_HOME", "/some/where", 1), 0);
	assert_int_equal(home_init(&home, NULL), 0);
	assert_string_equal(home.app_path, "/some/where/run/app.sock");
	assert_int_equal(home_init(&home, "/else"), 0);
	assert_string_equal(home.app_path, "/else/run/app.sock");
	assert_int_equal(unsetenv("HTTPSYS_HOME"), 0);
	assert_int_equal(home_init(&home, NULL), 0);
	assert_true(home.is_default);
	assert_string_equal(home.admin_path, "/run/httpsys/admin.sock");
	assert_string_equal(home.registry_path, "/var/lib/httpsys/registry.db");
	assert_string_equal(home.events_path, "/var/log/httpsys/events.log");
}

static void too_long_a_home_is_refused(void **state)
{
	struct home home;
	char path[HOME_PATH_BYTES + 8];

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(home_init(&home, path), HOME_E_FAILED);
	assert_non_null(strstr(home.error, "too long"));
}

static void directories_are_made_once(void **state)
{
	struct home home;
	struct stat status;

	(void)state;
	assert_int_equal(home_init(&home, directory), 0);
	assert_int_equal(home_make(&home), 0);
	assert_int_equal(stat(home.run_dir, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(home_make(&home), 0);
}

static void second_instance_is_told_who_is_first(void **state)
{
	struct home first;
	struct home second;
	enum home_role holder = HOME_ROLE_OFFLINE;
	char expected[32];

	(void)state;
	assert_int_equal(home_init(&first, directory), 0);
	assert_int_equal(home_init(&second, directory), 0);
	assert_int_equal(home_lock(&first, HOME_ROLE_DAEMON, 0, NULL), 0);
	assert_int_equal(home_lock(&second, HOME_ROLE_DAEMON, 0, &holder), HOME_E_HELD);
	assert_int_equal(holder, HOME_ROLE_DAEMON);
	(void)snprintf(expected, sizeof(expected), "httpsysd (pid %d)", (int)getpid());
	assert_non_null(strstr(second.error, expected));
	assert_int_equal(second.lock_fd, -1);
	home_fini(&first);
	assert_int_equal(home_lock(&second, HOME_ROLE_OFFLINE, 0, NULL), 0);
	assert_int_equal(home_lock(&first, HOME_ROLE_DAEMON, 0, &holder), HOME_E_HELD);
	assert_int_equal(holder, HOME_ROLE_OFFLINE);
	home_fini(&second);
}

/* The engine has the lock's descriptor, too: a master that is killed leaves it locked. */
static void lock_lasts_until_its_last_descriptor_is_closed(void **state)
{
	struct home first;
	struct home second;
	int gate[2];

	(void)state;
	assert_int_equal(home_init(&first, directory), 0);
	assert_int_equal(home_init(&second, directory), 0);
	assert_int_equal(home_lock(&first, HOME_ROLE_DAEMON, 0, NULL), 0);
	assert_int_equal(pipe(gate), 0);

	pid_t child = fork();

	if (child == 0) {
		char byte;

		(void)close(gate[1]);
		_exit(read(gate[0], &byte, 1) == 0 ? 0 : 1);
	}
	home_fini(&first);
	assert_int_equal(home_lock(&second, HOME_ROLE_DAEMON, 0, NULL), HOME_E_HELD);
	(void)close(gate[0]);
	(void)close(gate[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(home_lock(&second, HOME_ROLE_DAEMON, HOME_LOCK_WAIT_MS, NULL), 0);
	home_fini(&second);
}

#define home_test(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		home_test(everything_is_below_the_home),
		home_test(environment_and_defaults_follow_the_argument),
		home_test(too_long_a_home_is_refused),
		home_test(directories_are_made_once),
		home_test(second_instance_is_told_who_is_first),
		home_test(lock_lasts_until_its_last_descriptor_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
