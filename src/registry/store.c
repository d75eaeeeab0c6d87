/* SPDX-License-Identifier: MIT */

/* SQLite's calls behind the store; see store.h. */

#include "registry/store.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

#include "base/mem.h"
#include "base/result.h"
#include "registry/registry_private.h"
#include "registry/store_file.h"
#include "registry/store_format.h"

static const char *const store_statement_texts[STORE_STATEMENT_COUNT_] = {
#define STORE_STATEMENT(id, sql) [STORE_##id] = (sql),
#include "registry/statements.def"
#undef STORE_STATEMENT
};

/* SQLite's primary result codes that a user can act on. */
static const struct store_failure {
	int code;
	int verdict;
	const char *repair;
} store_failures[] = {
	{SQLITE_BUSY, REGISTRY_E_BUSY, "another process is changing it: try again"},
	{SQLITE_LOCKED, REGISTRY_E_BUSY, "another process is changing it: try again"},
	{SQLITE_FULL, REGISTRY_E_FULL, "nothing was changed: free space on that disk, try again"},
	{SQLITE_CORRUPT, REGISTRY_E_CORRUPT,
	 "nothing was deleted: move the file away and restore it from a backup"},
	{SQLITE_NOTADB, REGISTRY_E_CORRUPT,
	 "nothing was deleted: move the file away and restore it from a backup"},
	{SQLITE_READONLY, REGISTRY_E_DENIED, "it can only be read: check owner and mode"},
	{SQLITE_PERM, REGISTRY_E_DENIED, "check owner and mode of the file and its folder"},
	{SQLITE_AUTH, REGISTRY_E_DENIED, "check owner and mode of the file and its folder"},
	{SQLITE_CANTOPEN, REGISTRY_E_DENIED, "check owner and mode of the file and its folder"},
	{SQLITE_TOOBIG, REGISTRY_E_INVALID, "the value is too large"},
};

struct store_arg store_arg_number(int64_t number)
{
	return (struct store_arg){.kind = STORE_ARG_NUMBER, .number = number};
}

struct store_arg store_arg_text(const char *text)
{
	assert(text != NULL);

	return (struct store_arg){.kind = STORE_ARG_TEXT, .bytes = slice_from_str(text)};
}

struct store_arg store_arg_value(const struct registry_value *value)
{
	assert(value != NULL);

	if (value->type == REGISTRY_TYPE_DWORD) {
		return store_arg_number(value->dword);
	}

	return (struct store_arg){
		.kind = value->type == REGISTRY_TYPE_STRING ? STORE_ARG_TEXT : STORE_ARG_BYTES,
		.bytes = registry_value_slice(value),
	};
}

/* The system's error of a file of the database: SQLITE_FCNTL_JOURNAL_POINTER is the log. */
static int store_file_errno(const struct store *store, int pointer)
{
	sqlite3_file *file = NULL;
	int error = 0;

	if (sqlite3_file_control(store->db, "main", pointer, &file) == SQLITE_OK && file != NULL &&
	    file->pMethods != NULL) {
		(void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error);
	}

	return error;
}

static bool store_is_full_errno(int error)
{
	return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* A quota, a file size limit and a full disk are the same to a user; SQLite knows the last only. */
static bool store_is_full(const struct store *store, int code)
{
	return (code & 0xff) == SQLITE_IOERR && store->db != NULL &&
	       (store_is_full_errno(sqlite3_system_errno(store->db)) ||
		store_is_full_errno(store_file_errno(store, SQLITE_FCNTL_JOURNAL_POINTER)) ||
		store_is_full_errno(store_file_errno(store, SQLITE_FCNTL_FILE_POINTER)));
}

int store_fail(struct store *store, int code, const char *what)
{
	assert(store != NULL && what != NULL);

	int primary = store_is_full(store, code) ? SQLITE_FULL : code & 0xff;
	const char *why = sqlite3_errstr(primary);

	if (store->db != NULL && primary == (sqlite3_errcode(store->db) & 0xff)) {
		why = sqlite3_errmsg(store->db);
	}

	if (primary == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM) {
		registry_error_set(&store->error, "%s: cannot %s: out of memory", store->path,
				   what);

		return result_origin(-ENOMEM);
	}

	for (size_t i = 0; i < array_len(store_failures); i++) {
		if (store_failures[i].code == primary) {
			registry_error_set(&store->error, "%s: cannot %s: %s; %s", store->path,
					   what, why, store_failures[i].repair);

			return store_failures[i].verdict;
		}
	}

	registry_error_set(&store->error, "%s: cannot %s: %s (SQLite result %d); check the disk",
			   store->path, what, why, code);

	return result_origin(-EIO);
}

int store_fail_corrupt(struct store *store, const char *why)
{
	assert(store != NULL && why != NULL);

	registry_error_set(&store->error,
			   "%s is damaged: %s; nothing was deleted: move the file away and restore "
			   "it from a backup",
			   store->path, why);

	return REGISTRY_E_CORRUPT;
}

static int store_prepare_all(struct store *store)
{
	for (unsigned i = 0; i < STORE_STATEMENT_COUNT_; i++) {
		int code =
			sqlite3_prepare_v3(store->db, store_statement_texts[i], -1,
					   SQLITE_PREPARE_PERSISTENT, &store->statements[i], NULL);

		if (code == SQLITE_ERROR) {
			return store_fail_corrupt(store, sqlite3_errmsg(store->db));
		}
		if (code != SQLITE_OK) {
			return store_fail(store, code, "prepare a statement");
		}
	}

	return 0;
}

int store_open(struct store *store, const char *path, unsigned flags)
{
	assert(store != NULL && path != NULL);

	char real_path[STORE_FILE_PATH_BYTES];

	*store = (struct store){.path = mem_dup(path, slice_from_str(path).len)};
	if (store->path == NULL) {
		return result_origin(-ENOMEM);
	}

	int r = store_file_prepare(path, flags, real_path, &store->error);

	if (r != 0) {
		return result_trace(r);
	}

	bool is_read_only = (flags & REGISTRY_OPEN_READ_ONLY) != 0;
	int mode = is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int code = sqlite3_open_v2(real_path, &store->db,
				   mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);

	if (code != SQLITE_OK) {
		return store_fail(store, code, "open the registry");
	}

	r = store_format_check(store, is_read_only);
	if (r != 0) {
		return result_trace(r);
	}

	return store_prepare_all(store);
}

void store_close(struct store *store)
{
	assert(store != NULL);

	for (unsigned i = 0; i < STORE_STATEMENT_COUNT_; i++) {
		(void)sqlite3_finalize(store->statements[i]); /* repeats an error told already */
	}

	int code = sqlite3_close(store->db);

	assert(code == SQLITE_OK); /* else a statement is left over */
	mem_free(store->path);
	*store = (struct store){0};
}

int store_exec(struct store *store, const char *sql, const char *what)
{
	assert(store != NULL && store->db != NULL && sql != NULL && what != NULL);

	int code = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : store_fail(store, code, what);
}

void store_rollback(struct store *store)
{
	assert(store != NULL && store->db != NULL);

	if (sqlite3_get_autocommit(store->db) == 0) {
		/* Prepared at the start: out of memory, it could not be prepared now. */
		(void)sqlite3_step(store->statements[STORE_ROLLBACK]);
		(void)sqlite3_reset(store->statements[STORE_ROLLBACK]);
	}
	assert(sqlite3_get_autocommit(store->db) != 0);
}

static int store_bind(sqlite3_stmt *rows, int i, const struct store_arg *arg)
{
	/* A NULL pointer would bind NULL instead of the empty text. */
	const char *bytes = arg->bytes.data != NULL ? arg->bytes.data : "";

	switch (arg->kind) {
	case STORE_ARG_NULL:
		return sqlite3_bind_null(rows, i);
	case STORE_ARG_NUMBER:
		return sqlite3_bind_int64(rows, i, arg->number);
	case STORE_ARG_TEXT:
		return sqlite3_bind_text64(rows, i, bytes, arg->bytes.len, SQLITE_STATIC,
					   SQLITE_UTF8);
	case STORE_ARG_BYTES:
		return sqlite3_bind_blob64(rows, i, bytes, arg->bytes.len, SQLITE_STATIC);
	}

	return SQLITE_MISUSE;
}

int store_query(struct store *store, enum store_statement id, const struct store_arg *args, int n,
		sqlite3_stmt **ret_rows)
{
	assert(store != NULL && (unsigned)id < STORE_STATEMENT_COUNT_ && ret_rows != NULL);

	sqlite3_stmt *rows = store->statements[id];

	assert(sqlite3_stmt_busy(rows) == 0 && sqlite3_bind_parameter_count(rows) == n);

	for (int i = 0; i < n; i++) {
		int code = store_bind(rows, i + 1, &args[i]);

		if (code != SQLITE_OK) {
			store_end(rows);

			return store_fail(store, code, "bind an argument");
		}
	}

	*ret_rows = rows;

	return 0;
}

int store_next(struct store *store, sqlite3_stmt *rows, bool *ret_has_row)
{
	assert(store != NULL && rows != NULL && ret_has_row != NULL);

	int code = sqlite3_step(rows);

	if (code == SQLITE_ROW) {
		*ret_has_row = true;

		return 0;
	}
	if (code != SQLITE_DONE) {
		bool is_read_only = sqlite3_stmt_readonly(rows) != 0;
		int r = store_fail(store, code, is_read_only ? "read" : "write");

		store_end(rows);

		return r;
	}

	store_end(rows);
	*ret_has_row = false;

	return 0;
}

void store_end(sqlite3_stmt *rows)
{
	if (rows != NULL) {
		(void)sqlite3_reset(rows); /* repeats an error that step told already */
		(void)sqlite3_clear_bindings(rows);
	}
}

int store_run(struct store *store, enum store_statement id, const struct store_arg *args, int n)
{
	sqlite3_stmt *rows;
	int r = store_query(store, id, args, n, &rows);

	if (r != 0) {
		return result_trace(r);
	}

	bool has_row;

	r = store_next(store, rows, &has_row);
	assert(r != 0 || !has_row);

	return result_trace(r);
}

int store_number(struct store *store, enum store_statement id, const struct store_arg *args, int n,
		 int64_t missing, int64_t *ret_number)
{
	assert(ret_number != NULL);

	sqlite3_stmt *rows;
	int r = store_query(store, id, args, n, &rows);

	if (r != 0) {
		return result_trace(r);
	}

	bool has_row;

	r = store_next(store, rows, &has_row);
	if (r != 0) {
		return result_trace(r);
	}

	*ret_number = has_row ? sqlite3_column_int64(rows, 0) : missing;
	store_end(rows);

	return 0;
}

int store_column_text(struct store *store, sqlite3_stmt *rows, int column, const char **ret_text)
{
	assert(store != NULL && rows != NULL && ret_text != NULL);

	if (sqlite3_column_type(rows, column) != SQLITE_TEXT) {
		return store_fail_corrupt(store, "a column holds no text");
	}

	const char *text = (const char *)sqlite3_column_text(rows, column);

	if (text == NULL) {
		return store_fail(store, SQLITE_NOMEM, "read");
	}

	*ret_text = text;

	return 0;
}

/* The types of the database that a type of ours is stored in. */
static const int store_column_types[REGISTRY_TYPE_COUNT_] = {
	[REGISTRY_TYPE_STRING] = SQLITE_TEXT,
	[REGISTRY_TYPE_MULTI_STRING] = SQLITE_BLOB,
	[REGISTRY_TYPE_DWORD] = SQLITE_INTEGER,
	[REGISTRY_TYPE_BINARY] = SQLITE_BLOB,
};

/* The strings of a stored multi-string: 0 and *@ret_n, or CORRUPT. */
static int store_count_strings(struct store *store, struct slice bytes, size_t *ret_n)
{
	size_t n = 0;

	if (bytes.len > 0 && bytes.data[bytes.len - 1] != '\0') {
		return store_fail_corrupt(store, "a multi-string has no end");
	}

	while (bytes.len > 0) {
		struct slice string = slice_cut(&bytes, '\0');

		if (!registry_text_is_valid(string)) {
			return store_fail_corrupt(store, "a string is not UTF-8");
		}
		n++;
	}

	*ret_n = n;

	return 0;
}

static int store_column_bytes(struct store *store, sqlite3_stmt *rows, int column,
			      enum registry_type type, struct registry_value *ret_value)
{
	const void *data = sqlite3_column_blob(rows, column);
	struct slice bytes = slice_from(data, (size_t)sqlite3_column_bytes(rows, column));
	size_t n_strings = 0;

	if (type == REGISTRY_TYPE_STRING && !registry_text_is_valid(bytes)) {
		return store_fail_corrupt(store, "a string is not UTF-8");
	}
	if (type == REGISTRY_TYPE_MULTI_STRING) {
		int r = store_count_strings(store, bytes, &n_strings);

		if (r != 0) {
			return r;
		}
	}

	int r = registry_value_init_binary(ret_value, bytes);

	if (r < 0) {
		return result_trace(r);
	}

	ret_value->type = type;
	ret_value->n_strings = n_strings;

	return 0;
}

int store_column_value(struct store *store, sqlite3_stmt *rows, int column,
		       struct registry_value *ret_value)
{
	assert(store != NULL && rows != NULL && ret_value != NULL);

	int64_t type = sqlite3_column_int64(rows, column);

	if (type < 0 || type >= REGISTRY_TYPE_COUNT_ ||
	    sqlite3_column_type(rows, column + 1) != store_column_types[type]) {
		return store_fail_corrupt(store, "a value has another type than it says");
	}
	if (type != REGISTRY_TYPE_DWORD) {
		return store_column_bytes(store, rows, column + 1, (enum registry_type)type,
					  ret_value);
	}

	int64_t number = sqlite3_column_int64(rows, column + 1);

	if (number < 0 || number > UINT32_MAX) {
		return store_fail_corrupt(store, "a dword has more than 32 bits");
	}

	registry_value_init_dword(ret_value, (uint32_t)number);

	return 0;
}
