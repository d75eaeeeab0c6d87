#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The database under the registry: one SQLite connection, its prepared statements (the rows of
 * statements.def) and the translation of SQLite's results to the registry's.  Knows tables and
 * columns, but no keys, revisions or transactions as such.  Owned by a struct registry.
 */

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "registry/registry.h"

#define STORE_APPLICATION_ID 0x68737973 /* "hsys"; file(1) and SQLite show it */
#define STORE_FORMAT         1          /* user_version: the layout of the tables */

enum store_statement {
#define STORE_STATEMENT(id, sql) STORE_##id,
#include "registry/statements.def"
#undef STORE_STATEMENT
	STORE_STATEMENT_COUNT_
};

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STORE_STATEMENT_COUNT_];
	char *path;                  /* as the caller named it, for texts */
	struct registry_error error; /* of the last failure */
};

enum store_arg_kind {
	STORE_ARG_NULL = 0,
	STORE_ARG_NUMBER,
	STORE_ARG_TEXT,
	STORE_ARG_BYTES,
};

/* One argument of a statement; its bytes stay valid until the statement has ended. */
struct store_arg {
	enum store_arg_kind kind;
	int64_t number;
	struct slice bytes;
};

/* store_arg_number(), store_arg_text(), store_arg_value() - make an argument */
struct store_arg store_arg_number(int64_t number);
struct store_arg store_arg_text(const char *text);
struct store_arg store_arg_value(const struct registry_value *value);

/*
 * store_open() - open the file, check it, and make its tables when it is new
 * @flags: enum registry_open_flag
 *
 * Return: 0; as registry_open(), with the text in store->error; call store_close() in any case.
 */
int store_open(struct store *store, const char *path, unsigned flags) must_check_;

/* store_close() - close it; accepts a zeroed and a half-opened one, leaves it zeroed */
void store_close(struct store *store);

/*
 * store_fail() - translate SQLite's result @code and write the text
 * @what: what was tried, to follow "cannot"
 *
 * Return: BUSY, FULL, CORRUPT, DENIED, INVALID; -ENOMEM, -EIO; never 0.
 */
int store_fail(struct store *store, int code, const char *what) must_check_;

/* store_fail_corrupt() - write the text for contents that cannot be ours.  Return: CORRUPT */
int store_fail_corrupt(struct store *store, const char *why) must_check_;

/*
 * store_exec() - run statements of text, for what store_open() does
 *
 * Return: 0; as store_fail().
 */
int store_exec(struct store *store, const char *sql, const char *what) must_check_;

/* store_rollback() - end an open transaction without its changes, if there is one; keeps the text
 */
void store_rollback(struct store *store);

/*
 * store_query() - start a statement; store_next() gives its rows
 * @args: @n arguments, the first is ?1
 *
 * Return: 0 and *@ret_rows, to be ended by store_end() unless store_next() reported the end or
 * failed; as store_fail().
 */
int store_query(struct store *store, enum store_statement id, const struct store_arg *args, int n,
		sqlite3_stmt **ret_rows) must_check_;

/*
 * store_next() - the next row
 *
 * Return: 0 and *@ret_has_row (false: that was the end, @rows is ended); as store_fail() (ended).
 */
int store_next(struct store *store, sqlite3_stmt *rows, bool *ret_has_row) must_check_;

/* store_end() - end a statement before its last row; NULL and an ended one are fine */
void store_end(sqlite3_stmt *rows);

/* store_end_p() - for cleanup_() */
static inline void store_end_p(sqlite3_stmt **rows)
{
	store_end(*rows);
}

/* store_run() - run a statement that gives no rows.  Return: 0; as store_fail() */
int store_run(struct store *store, enum store_statement id, const struct store_arg *args,
	      int n) must_check_;

/*
 * store_number() - run a statement that gives one number
 *
 * Return: 0 and *@ret_number (@missing when there is no row); as store_fail().
 */
int store_number(struct store *store, enum store_statement id, const struct store_arg *args, int n,
		 int64_t missing, int64_t *ret_number) must_check_;

/*
 * store_column_text() - a text column of the current row, valid until the next store_next()
 *
 * Return: 0; CORRUPT (NULL in the database); -ENOMEM.
 */
int store_column_text(struct store *store, sqlite3_stmt *rows, int column,
		      const char **ret_text) must_check_;

/*
 * store_column_value() - the value in the columns @column (its type) and @column + 1 (its data)
 *
 * Return: 0 and *@ret_value, owned by the caller; CORRUPT (type and data do not fit); -ENOMEM.
 */
int store_column_value(struct store *store, sqlite3_stmt *rows, int column,
		       struct registry_value *ret_value) must_check_;
