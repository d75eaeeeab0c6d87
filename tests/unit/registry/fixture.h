#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the registry's tests share: a folder of their own that is gone afterwards, a registry in it,
 * and one-line changes.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

#include "base/buf.h"
#include "base/mem.h"
#include "registry/dump.h"
#include "registry/registry.h"
#include "registry/revision.h"

#define FIXTURE_PATH_BYTES 512

struct fixture {
	char folder[FIXTURE_PATH_BYTES / 2];
	char path[FIXTURE_PATH_BYTES]; /* of the database */
	struct registry *registry;     /* NULL when a test has closed it */
};

/* An author without time of day: tests do not depend on the clock. */
static const struct registry_author fixture_author = {
	.uid = 1000,
	.user = "jane",
	.command = "test",
	.comment = "why",
	.time = {.ns = INT64_C(1700000000123456789)},
};

static inline struct registry *fixture_open(const char *path, unsigned flags)
{
	struct registry *registry = NULL;
	struct registry_error error = {.text = ""};
	int r = registry_open(path, flags, &registry, &error);

	if (r != 0) {
		fail_msg("registry_open: %d: %s", r, error.text);
	}

	return registry;
}

static inline int fixture_setup_empty(void **state)
{
	struct fixture *fixture = mem_new(sizeof(*fixture));
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(fixture->folder, sizeof(fixture->folder), "%s/httpsys-registry-XXXXXX",
		       tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(fixture->folder) == NULL) {
		return -1;
	}
	(void)snprintf(fixture->path, sizeof(fixture->path), "%s/registry.db", fixture->folder);
	*state = fixture;

	return 0;
}

static inline int fixture_setup(void **state)
{
	if (fixture_setup_empty(state) != 0) {
		return -1;
	}

	struct fixture *fixture = *state;

	fixture->registry = fixture_open(fixture->path, REGISTRY_OPEN_CREATE);

	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	registry_close(fixture->registry);

	DIR *dir = opendir(fixture->folder);

	if (dir != NULL) {
		for (const struct dirent *entry = readdir(dir); entry != NULL;
		     entry = readdir(dir)) {
			(void)unlinkat(dirfd(dir), entry->d_name, 0); /* "." and ".." stay */
		}
		(void)closedir(dir);
	}
	(void)rmdir(fixture->folder);
	mem_free(fixture);

	return 0;
}

static inline struct registry_tx *fixture_begin(struct registry *registry)
{
	struct registry_tx *tx = NULL;

	assert_int_equal(registry_begin(registry, REGISTRY_REVISION_ANY, &tx), 0);

	return tx;
}

/* Commit and free @tx; the new revision. */
static inline uint64_t fixture_commit(struct registry_tx *tx)
{
	uint64_t revision = 0;

	assert_int_equal(registry_commit(tx, &fixture_author, &revision), 0);
	registry_tx_free(tx);

	return revision;
}

static inline uint64_t fixture_put_string(struct registry *registry, const char *key,
					  const char *name, const char *text)
{
	struct registry_tx *tx = fixture_begin(registry);

	assert_int_equal(registry_put_string(tx, key, name, slice_from_str(text)), 0);

	return fixture_commit(tx);
}

static inline uint64_t fixture_put_dword(struct registry *registry, const char *key,
					 const char *name, uint32_t dword)
{
	struct registry_tx *tx = fixture_begin(registry);

	assert_int_equal(registry_put_dword(tx, key, name, dword), 0);

	return fixture_commit(tx);
}

static inline uint64_t fixture_delete(struct registry *registry, const char *key, const char *name)
{
	struct registry_tx *tx = fixture_begin(registry);

	if (name != NULL) {
		assert_int_equal(registry_delete_value(tx, key, name), 0);
	} else {
		assert_int_equal(registry_delete_key(tx, key), 0);
	}

	return fixture_commit(tx);
}

static inline void fixture_assert_string(struct registry *registry, const char *key,
					 const char *name, const char *expected)
{
	struct registry_value value = {0};

	assert_int_equal(registry_get(registry, key, name, &value), 0);
	assert_int_equal(value.type, REGISTRY_TYPE_STRING);
	assert_string_equal(value.data, expected);
	registry_value_fini(&value);
}

static inline void fixture_assert_missing(struct registry *registry, const char *key,
					  const char *name)
{
	struct registry_value value = {0};

	assert_int_equal(registry_get(registry, key, name, &value), REGISTRY_E_NOT_FOUND);
}

/* A stored dword (0 for other types); UINT32_MAX when there is none. */
static inline uint32_t fixture_dword(struct registry *registry, const char *key, const char *name)
{
	struct registry_value value = {0};
	int r = registry_get(registry, key, name, &value);

	assert_true(r == 0 || r == REGISTRY_E_NOT_FOUND);

	uint32_t dword = r == 0 ? value.dword : UINT32_MAX;

	registry_value_fini(&value);

	return dword;
}

static inline uint64_t fixture_revision(struct registry *registry)
{
	uint64_t revision = 0;

	assert_int_equal(registry_revision(registry, &revision), 0);

	return revision;
}

/* The whole state as text, with a NUL; freed by mem_free(). */
static inline char *fixture_export(struct registry *registry)
{
	struct buf buf = {0};

	assert_int_equal(registry_export_json(registry, &buf), 0);

	char *text = buf_take_str(&buf);

	assert_non_null(text);

	return text;
}

/* Wait for a child: its exit status, or 128 and the signal. */
static inline int fixture_wait(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
