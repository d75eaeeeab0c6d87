#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The database's file before SQLite opens it: found, made, or refused for reasons that SQLite would
 * not see (links, foreign writers, a log without its database).  Knows no SQLite.
 */

#include <limits.h>

#include "base/compiler.h"
#include "registry/registry.h"

#define STORE_FILE_PATH_BYTES PATH_MAX

/*
 * store_file_prepare() - find or make the file
 * @flags: enum registry_open_flag
 * @ret_path: the path with all links of its folder resolved
 * @error: gets the text unless 0 is returned
 *
 * Return: 0; NOT_FOUND, CORRUPT, DENIED, FULL, INVALID as registry_open(); -EIO.
 */
int store_file_prepare(const char *path, unsigned flags, char ret_path[STORE_FILE_PATH_BYTES],
		       struct registry_error *error) must_check_;
