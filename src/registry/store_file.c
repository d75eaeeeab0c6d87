/* SPDX-License-Identifier: MIT */

/* Looks at the database's file before SQLite does; see store_file.h. */

#include "registry/store_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.h"
#include "registry/registry_private.h"

/* Errors of the file system that a user can act on. */
static const struct store_file_failure {
	int error;
	int verdict;
	const char *repair;
} store_file_failures[] = {
	{ENOENT, REGISTRY_E_NOT_FOUND, "make the folder, or name another one"},
	{ENOTDIR, REGISTRY_E_NOT_FOUND, "name a folder"},
	{EACCES, REGISTRY_E_DENIED, "check owner and mode, or run as another user"},
	{EPERM, REGISTRY_E_DENIED, "check owner and mode, or run as another user"},
	{EROFS, REGISTRY_E_DENIED, "the file system can only be read"},
	{ENOSPC, REGISTRY_E_FULL, "free space on that disk"},
	{EDQUOT, REGISTRY_E_FULL, "free space on that disk"},
	{ELOOP, REGISTRY_E_INVALID, "name the file itself"},
	{ENAMETOOLONG, REGISTRY_E_INVALID, "choose a shorter path"},
};

static int store_file_fail(const char *path, const char *what, int system_error,
			   struct registry_error *error)
{
	for (size_t i = 0; i < array_len(store_file_failures); i++) {
		if (store_file_failures[i].error == system_error) {
			registry_error_set(error, "%s: cannot %s: %s; %s", path, what,
					   strerror(system_error), store_file_failures[i].repair);

			return store_file_failures[i].verdict;
		}
	}

	registry_error_set(error, "%s: cannot %s: %s", path, what, strerror(system_error));

	return result_origin(-EIO);
}

/*
 * SQLITE_OPEN_NOFOLLOW refuses links in the whole path, but a folder behind a link (/var/run) is
 * nothing unusual: resolve it, and leave the last component alone.
 */
static int store_file_resolve(const char *path, char ret_path[STORE_FILE_PATH_BYTES],
			      struct registry_error *error)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	char folder[PATH_MAX];
	char real[PATH_MAX];
	size_t folder_len = slash != NULL ? (size_t)(base - path) : 0;

	if (base[0] == '\0' || folder_len >= sizeof(folder) - 1) {
		registry_error_set(error, "'%s' is no path of a file", path);

		return REGISTRY_E_INVALID;
	}

	memcpy(folder, path, folder_len);
	folder[folder_len] = '\0';
	if (realpath(folder_len > 0 ? folder : ".", real) == NULL) {
		return store_file_fail(path, "find its folder", errno, error);
	}

	const char *separator = strcmp(real, "/") == 0 ? "" : "/";
	int n = snprintf(ret_path, STORE_FILE_PATH_BYTES, "%s%s%s", real, separator, base);

	if (n < 0 || n >= STORE_FILE_PATH_BYTES) {
		return store_file_fail(path, "use the path", ENAMETOOLONG, error);
	}

	return 0;
}

/* Is there a write-ahead log with something in it? */
static bool store_file_has_log(const char *path)
{
	char log_path[PATH_MAX + sizeof("-wal")];
	struct stat st;

	(void)snprintf(log_path, sizeof(log_path), "%s-wal", path); /* it fits */

	return lstat(log_path, &st) == 0 && st.st_size > 0;
}

static int store_file_check(const char *path, const struct stat *st, bool has_log, unsigned flags,
			    struct registry_error *error)
{
	if (!S_ISREG(st->st_mode)) {
		registry_error_set(error, "%s is %s; name the registry's own file", path,
				   S_ISLNK(st->st_mode) ? "a symbolic link" : "no plain file");

		return REGISTRY_E_INVALID;
	}
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		registry_error_set(
			error,
			"%s can be written by others (mode %04o), who could grant "
			"themselves any right; look at its contents, then: chmod 0600 %s",
			path, (unsigned)(st->st_mode & 07777), path);

		return REGISTRY_E_DENIED;
	}
	/* SQLite would delete the log of an empty database, and with it what was committed. */
	if (st->st_size == 0 && (has_log || (flags & REGISTRY_OPEN_CREATE) == 0)) {
		registry_error_set(error,
				   "%s is empty%s; nothing was deleted: restore the file from a "
				   "backup, or remove it to start anew",
				   path,
				   has_log ? " but its log "
					     "(-wal) is not"
					   : "");

		return REGISTRY_E_CORRUPT;
	}

	return 0;
}

static int store_file_create(const char *path, bool has_log, unsigned flags,
			     struct registry_error *error)
{
	if (has_log) {
		registry_error_set(error,
				   "%s is gone but its log (-wal) is there; nothing was deleted: "
				   "put the file back, or remove the log to start anew",
				   path);

		return REGISTRY_E_CORRUPT;
	}
	if ((flags & REGISTRY_OPEN_CREATE) == 0) {
		registry_error_set(error, "%s does not exist; start httpsysd once, or check --home",
				   path);

		return REGISTRY_E_NOT_FOUND;
	}

	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* Existing: another process has just made it, which is as good. */
	if (fd == -1 && errno != EEXIST) {
		return store_file_fail(path, "create the registry", errno, error);
	}
	if (fd != -1) {
		(void)close(fd); /* nothing was written */
	}

	return 0;
}

int store_file_prepare(const char *path, unsigned flags, char ret_path[STORE_FILE_PATH_BYTES],
		       struct registry_error *error)
{
	assert(path != NULL && ret_path != NULL && error != NULL);

	int r = store_file_resolve(path, ret_path, error);

	if (r != 0) {
		return result_trace(r);
	}

	/* First the log, then the database: a process that starts one writes them the other way. */
	bool has_log = store_file_has_log(ret_path);
	struct stat st;

	if (lstat(ret_path, &st) == 0) {
		return store_file_check(path, &st, has_log, flags, error);
	}
	if (errno != ENOENT) {
		return store_file_fail(path, "look at it", errno, error);
	}

	return store_file_create(ret_path, has_log, flags, error);
}
