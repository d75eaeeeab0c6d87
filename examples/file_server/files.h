#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Files below one directory, found by request path.  The kernel sees to it that no path, and no
 * symbolic link, leads out of it (openat2(2), RESOLVE_BENEATH).
 */

#include <httpsys.h>
#include <stdbool.h>
#include <sys/stat.h>

#define FILES_PATH_BYTES 4096
#define FILES_NAME_BYTES 256

enum files_verdict {
	FILES_E_NOT_FOUND = 1,
	FILES_E_FORBIDDEN, /* a directory without index, or no right to read */
	FILES_E_SLASH,     /* a directory, and the path does not end in '/' */
	FILES_E_FAILED,
};

struct files_file {
	int fd; /* owned */
	struct stat info;
	const char *type; /* media type, static */
};

/* files_path() - what @request asks for, relative to the prefix.  Return: false: no possible name
 */
bool files_path(const struct httpsys_request *request, char ret_path[FILES_PATH_BYTES]);

/* files_open() - open the file at @path, or the index of the directory there.
 * Return: 0; a verdict */
int files_open(int root_fd, const char *path, struct files_file *ret_file);

/* files_create() - a new file without a name in the directory of @path.
 * @ret_name: its temporary name, @ret_dir_fd: the directory it is in, owned by the caller
 * Return: 0 and *@ret_fd, owned; a verdict */
int files_create(int root_fd, const char *path, int *ret_dir_fd, int *ret_fd,
		 char ret_name[FILES_NAME_BYTES]);

/* files_commit() - give the new file its name.  Return: 0; a verdict, and the new file is removed
 */
int files_commit(int dir_fd, const char *temporary_name, const char *path, bool *ret_is_new);
