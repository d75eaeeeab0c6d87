#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The database's contents at the time it is opened: whose it is, which version, whole or damaged;
 * its settings and, when it is new, its tables.
 */

#include <stdbool.h>

#include "base/compiler.h"

struct store;

/*
 * store_format_check() - make the opened @store usable, or refuse it
 *
 * A foreign, newer or damaged database is not written to.
 *
 * Return: 0; BUSY, FULL, CORRUPT, DENIED, FORMAT, INVALID (no write-ahead log on this file system);
 * -ENOMEM, -EIO.
 */
int store_format_check(struct store *store, bool is_read_only) must_check_;
