/* SPDX-License-Identifier: MIT */

/* The configuration out of a registry and back into one. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"
#include "master/backup.h"
#include "master/config.h"

static char directory[64];
static struct registry *registry;

static int open_registry(void **state)
{
	char path[128];
	struct registry_error error;

	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/test_backup.XXXXXX");
	if (mkdtemp(directory) == NULL) {
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/registry.db", directory);

	return registry_open(path, REGISTRY_OPEN_CREATE, &registry, &error);
}

static int close_registry(void **state)
{
	static const char *const names[] = {"/registry.db", "/registry.db-wal", "/registry.db-shm",
					    ""};

	(void)state;
	registry = registry_close(registry);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s%s", directory, names[i]);
		(void)remove(path); /* SQLite removes some by itself */
	}

	return 0;
}

/* Return: what backup_read() returned; committed when that is 0. */
static int restore(const char *text, char error[BACKUP_ERROR_BYTES])
{
	const struct registry_author author = {.command = "test"};
	struct registry_tx *tx;
	struct backup_list list;

	error[0] = '\0';
	assert_int_equal(registry_begin(registry, REGISTRY_REVISION_ANY, &tx), 0);

	int r = backup_read(tx, slice_from_str(text), &list, error);

	if (r == 0) {
		assert_int_equal(registry_commit(tx, &author, NULL), 0);
	}
	backup_list_fini(&list);
	registry_tx_free(tx);

	return r;
}

static char *dump(void)
{
	struct buf buf = {0};
	struct json_writer writer;

	json_init(&writer, &buf);
	json_begin_object(&writer);
	assert_int_equal(backup_write(registry, &writer), 0);
	json_end_object(&writer);
	assert_int_equal(json_finish(&writer), 0);

	return buf_take_str(&buf);
}

static const char whole[] =
	"{\"format\":1,\"listen_list\":[\"127.0.0.1\",\"[::1]:80\"],"
	"\"reservations\":[{\"prefix\":\"http://+:80/a/\",\"sddl\":\"D:(A;;GX;;;WD)\"}],"
	"\"parameters\":[{\"name\":\"ListenBacklog\",\"value\":100}]}";

static void what_is_dumped_can_be_restored(void **state)
{
	char error[BACKUP_ERROR_BYTES];

	(void)state;
	assert_int_equal(restore(whole, error), 0);

	char *text = dump();

	assert_string_equal(text, whole);
	assert_int_equal(restore("{\"format\":1,\"listen_list\":[],\"reservations\":[],"
				 "\"parameters\":[]}",
				 error),
			 0);
	assert_int_equal(restore(text, error), 0);
	mem_free(text);
	text = dump();
	assert_string_equal(text, whole);
	mem_free(text);
}

static void configuration_is_read_from_the_registry(void **state)
{
	static struct config config;
	struct events events;
	char error[BACKUP_ERROR_BYTES];
	struct prefix prefix;

	(void)state;
	events_init(&events, NULL);
	assert_int_equal(restore(whole, error), 0);
	assert_int_equal(config_init(&config, registry, &events), 0);
	assert_int_equal(config.list.n_entries, 2);
	assert_int_equal(config.parameters[SCHEMA_LISTEN_BACKLOG], 100);
	assert_int_equal(config.parameters[SCHEMA_ENDPOINT_DRAIN_TIMEOUT], 2000);
	assert_int_equal(prefix_parse(SLICE("http://+:80/A/"), &prefix, NULL), 0);
	assert_non_null(reservation_set_find(&config.reservations, &prefix));
	prefix_fini(&prefix);
	config_fini(&config);
}

/* Written past our checks: each is skipped, and a list of nothing else is not an empty one. */
static void what_cannot_be_read_is_skipped(void **state)
{
	const struct slice entries[] = {SLICE("rubbish"), SLICE("300.1.2.3")};
	const struct registry_author author = {.command = "test"};
	static struct config config;
	struct registry_tx *tx;
	struct events events;

	(void)state;
	events_init(&events, NULL);
	assert_int_equal(registry_begin(registry, REGISTRY_REVISION_ANY, &tx), 0);
	assert_int_equal(config_put_list(tx, entries, 2), 0);
	assert_int_equal(registry_put_string(tx, SCHEMA_KEY_URL_ACL_INFO, "no prefix",
					     SLICE("D:(A;;GX;;;WD)")),
			 0);
	assert_int_equal(registry_put_string(tx, SCHEMA_KEY_URL_ACL_INFO, "http://+:80/b/",
					     SLICE("no list")),
			 0);
	assert_int_equal(registry_commit(tx, &author, NULL), 0);
	registry_tx_free(tx);
	assert_int_equal(config_init(&config, registry, &events), 0);
	assert_int_equal(config.list.n_entries, 0);
	assert_int_equal(config.list.n_unreadable, 2);
	assert_false(listenlist_is_empty(&config.list));
	assert_int_equal(config.reservations.by_key.n_entries, 0);
	config_fini(&config);
}

static void invalid_documents_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{"", "line 1"},
		{"{\"format\":1,", "line 1, column"},
		{"[]", "\"format\" must be 1"},
		{"{\"format\":2}", "\"format\" must be 1"},
		{"{\"format\":1}", "\"listen_list\" must be an array"},
		{"{\"format\":1,\"listen_list\":[5]}", "listen_list[0]: not a string"},
		{"{\"format\":1,\"listen_list\":[\"127.0.0.1\",\"x\"]}", "listen_list[1]: "},
		{"{\"format\":1,\"listen_list\":[],\"reservations\":[{}]}", "reservations[0]: "},
		{"{\"format\":1,\"listen_list\":[],\"reservations\":[{\"prefix\":\"http://x\","
		 "\"sddl\":\"D:\"}]}",
		 "reservations[0]: "},
		{"{\"format\":1,\"listen_list\":[],\"reservations\":[{\"prefix\":"
		 "\"http://+:80/\",\"sddl\":\"nonsense of a list\"}]}",
		 "reservations[0]: "},
		{"{\"format\":1,\"listen_list\":[],\"reservations\":[],\"parameters\":"
		 "[{\"name\":\"NoSuch\",\"value\":1}]}",
		 "parameters[0]: no such"},
		{"{\"format\":1,\"listen_list\":[],\"reservations\":[],\"parameters\":"
		 "[{\"name\":\"ListenBacklog\",\"value\":0}]}",
		 "parameters[0]: "},
		{"{\"format\":1,\"listen_list\":[],\"reservations\":[],\"parameters\":"
		 "[{\"name\":\"ListenBacklog\",\"value\":-1}]}",
		 "parameters[0]: the value is no number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[BACKUP_ERROR_BYTES];
		uint64_t revision;

		print_message("# %s\n", cases[i].text);
		assert_int_equal(restore(cases[i].text, error), BACKUP_E_INVALID);
		assert_non_null(strstr(error, cases[i].error));
		assert_int_equal(registry_revision(registry, &revision), 0);
		assert_int_equal(revision, 1);
	}
}

#define registry_test(f) cmocka_unit_test_setup_teardown(f, open_registry, close_registry)

int main(void)
{
	const struct CMUnitTest tests[] = {
		registry_test(what_is_dumped_can_be_restored),
		registry_test(configuration_is_read_from_the_registry),
		registry_test(what_cannot_be_read_is_skipped),
		registry_test(invalid_documents_are_refused_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
