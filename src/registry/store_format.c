/* SPDX-License-Identifier: MIT */

/*
 * The tables, and the checks of a database that is opened; see store_format.h.
 *
 *   node      the keys; 0 is the root.  A key has a row as long as a value is at or below it.
 *   value     their values.  data: TEXT, INTEGER or BLOB as the type says; a multi-string is a
 *             BLOB in which each string ends in NUL.
 *   revision  who, when, why; the newest number is the state of node and value.
 *   change    what each revision changed; the numbers of id grow with time.
 */

#include "registry/store_format.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/result.h"
#include "registry/registry_private.h"
#include "registry/store.h"

#define STORE_FORMAT_TEXT_(x) #x
#define STORE_FORMAT_TEXT(x)  STORE_FORMAT_TEXT_(x)

static const char *const store_format_creation[] = {
	"CREATE TABLE node (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES node (id),"
	" path TEXT NOT NULL COLLATE NOCASE UNIQUE) STRICT",
	"CREATE INDEX node_parent ON node (parent)",
	"CREATE TABLE value (node INTEGER NOT NULL REFERENCES node (id),"
	" name TEXT NOT NULL COLLATE NOCASE, type INTEGER NOT NULL, data ANY NOT NULL,"
	" PRIMARY KEY (node, name)) STRICT, WITHOUT ROWID",
	"CREATE TABLE revision (number INTEGER PRIMARY KEY, time_ns INTEGER NOT NULL,"
	" uid INTEGER NOT NULL, user TEXT NOT NULL, command TEXT NOT NULL, comment TEXT NOT NULL)"
	" STRICT",
	"CREATE TABLE change (id INTEGER PRIMARY KEY,"
	" revision INTEGER NOT NULL REFERENCES revision (number) ON DELETE CASCADE,"
	" key TEXT NOT NULL COLLATE NOCASE, name TEXT NOT NULL COLLATE NOCASE,"
	" old_type INTEGER, old_data ANY, new_type INTEGER, new_data ANY) STRICT",
	"CREATE INDEX change_revision ON change (revision)",
	"INSERT INTO node (id, parent, path) VALUES (0, NULL, '')",
	"PRAGMA application_id = " STORE_FORMAT_TEXT(STORE_APPLICATION_ID),
	"PRAGMA user_version = " STORE_FORMAT_TEXT(STORE_FORMAT),
};

#define STORE_FORMAT_ANSWER_BYTES 256

/* Run a statement of text; its first column in the first row is the answer, cut when too long. */
static int store_format_ask(struct store *store, const char *sql,
			    char ret_answer[STORE_FORMAT_ANSWER_BYTES])
{
	sqlite3_stmt *rows = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &rows, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(rows);
	}

	int r = 0;
	const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(rows, 0) : NULL;

	if (text != NULL) {
		(void)snprintf(ret_answer, STORE_FORMAT_ANSWER_BYTES, "%s", text);
	} else {
		r = store_fail(store, code == SQLITE_ROW ? SQLITE_NOMEM : code, "read it");
	}
	(void)sqlite3_finalize(rows); /* repeats the error of the step */

	return result_trace(r);
}

/* The same for an answer that is a number below 2^32. */
static int store_format_ask_number(struct store *store, const char *sql, uint64_t *ret_number)
{
	char answer[STORE_FORMAT_ANSWER_BYTES];
	int r = store_format_ask(store, sql, answer);

	if (r != 0) {
		return result_trace(r);
	}
	if (!slice_parse_u64(slice_from_str(answer), UINT32_MAX, ret_number)) {
		return store_fail_corrupt(store, "its head holds an impossible number");
	}

	return 0;
}

/* Whose database is it, and which format?  *@ret_is_new: it has no tables yet. */
static int store_format_identify(struct store *store, bool *ret_is_new)
{
	uint64_t application_id = 0;
	uint64_t format = 0;
	uint64_t n_tables = 0;
	int r = store_format_ask_number(store, "PRAGMA application_id", &application_id);

	if (r == 0) {
		r = store_format_ask_number(store, "PRAGMA user_version", &format);
	}
	if (r == 0) {
		r = store_format_ask_number(store, "SELECT count(*) FROM sqlite_schema", &n_tables);
	}
	if (r != 0) {
		return result_trace(r);
	}

	*ret_is_new = application_id == 0 && format == 0 && n_tables == 0;
	if (*ret_is_new) {
		return 0;
	}
	if (application_id != STORE_APPLICATION_ID) {
		registry_error_set(&store->error,
				   "%s is a database of another program; it was left alone: name "
				   "the registry's own file",
				   store->path);

		return REGISTRY_E_FORMAT;
	}
	if (format > STORE_FORMAT) {
		registry_error_set(&store->error,
				   "%s has format %" PRIu64 ", of a newer version; this one (%s) "
				   "knows format %d: install the newer version, or restore a dump",
				   store->path, format, HTTPSYS_VERSION, STORE_FORMAT);

		return REGISTRY_E_FORMAT;
	}

	return format == STORE_FORMAT ? 0 : store_fail_corrupt(store, "it has no known format");
}

/* The same from one state of the database: another process may be making its tables just now. */
static int store_format_identify_alone(struct store *store, bool *ret_is_new)
{
	int r = store_exec(store, "BEGIN", "read it");

	if (r == 0) {
		r = store_format_identify(store, ret_is_new);
	}
	if (r == 0) {
		r = store_exec(store, "COMMIT", "read it");
	}

	return result_trace(r);
}

/* The settings that a connection needs before it looks at anything. */
static int store_format_defend(struct store *store)
{
	/* Whoever can write the file must not gain more by it, such as running SQL of theirs. */
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_busy_timeout(store->db, REGISTRY_BUSY_TIMEOUT_MS);
	(void)sqlite3_extended_result_codes(store->db, 1);

	return store_exec(store,
			  "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
			  "PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL",
			  "set it up");
}

/*
 * The write-ahead log: readers and one writer do not wait for each other, commits are one fsync.
 * SQLite does not wait for locks when it changes the mode of a new file; we do.
 */
static int store_format_use_log(struct store *store)
{
	struct mono_time end = mono_add_ms(clock_mono(), REGISTRY_BUSY_TIMEOUT_MS);
	char answer[STORE_FORMAT_ANSWER_BYTES];
	int r = store_format_ask(store, "PRAGMA journal_mode = WAL", answer);

	while (r == REGISTRY_E_BUSY && mono_diff_ms(end, clock_mono()) > 0) {
		(void)sqlite3_sleep(2);
		r = store_format_ask(store, "PRAGMA journal_mode = WAL", answer);
	}
	if (r != 0) {
		return result_trace(r);
	}
	if (strcmp(answer, "wal") != 0) {
		registry_error_set(
			&store->error,
			"%s: its file system cannot hold a write-ahead log (it shares no "
			"memory): use a local disk",
			store->path);

		return REGISTRY_E_INVALID;
	}

	return 0;
}

static int store_format_add_first_revision(struct store *store)
{
	sqlite3_stmt *rows = NULL;
	int code = sqlite3_prepare_v2(store->db,
				      "INSERT INTO revision (number, time_ns, uid, user, command,"
				      " comment) VALUES (1, ?1, ?2, '', '', 'created')",
				      -1, &rows, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_bind_int64(rows, 1, clock_wall().ns);
	}
	if (code == SQLITE_OK) {
		code = sqlite3_bind_int64(rows, 2, geteuid());
	}
	if (code == SQLITE_OK) {
		code = sqlite3_step(rows);
	}

	int r = code == SQLITE_DONE ? 0 : store_fail(store, code, "make its tables");

	(void)sqlite3_finalize(rows); /* repeats the error of the step */

	return result_trace(r);
}

static int store_format_create_tables(struct store *store)
{
	bool is_new;
	int r = store_format_identify(store, &is_new);

	/* Another process may have made them while we waited for the lock. */
	if (r != 0 || !is_new) {
		return result_trace(r);
	}

	for (size_t i = 0; i < array_len(store_format_creation); i++) {
		r = store_exec(store, store_format_creation[i], "make its tables");
		if (r != 0) {
			return result_trace(r);
		}
	}

	return store_format_add_first_revision(store);
}

/* Make the tables, all or none: after a failure the caller closes, which rolls back. */
static int store_format_create(struct store *store)
{
	int r = store_exec(store, "BEGIN IMMEDIATE", "lock it");

	if (r != 0) {
		return result_trace(r);
	}

	r = store_format_create_tables(store);
	if (r == 0) {
		r = store_exec(store, "COMMIT", "make its tables");
	}

	return result_trace(r);
}

static int store_format_check_pages(struct store *store)
{
	char answer[STORE_FORMAT_ANSWER_BYTES];
	int r = store_format_ask(store, "PRAGMA quick_check(1)", answer);

	if (r != 0) {
		return result_trace(r);
	}

	return strcmp(answer, "ok") == 0 ? 0 : store_fail_corrupt(store, answer);
}

int store_format_check(struct store *store, bool is_read_only)
{
	assert(store != NULL && store->db != NULL);

	int r = store_format_defend(store);
	bool is_new = false;

	if (r == 0) {
		r = store_format_identify_alone(store, &is_new);
	}
	if (r == 0 && is_new && is_read_only) {
		return store_fail_corrupt(store, "it is empty");
	}
	if (r == 0 && !is_read_only) {
		r = store_format_use_log(store);
	}
	if (r == 0 && is_new) {
		r = store_format_create(store);
	}
	if (r == 0) {
		r = store_format_check_pages(store);
	}
	if (r == 0) {
		r = store_exec(store,
			       "CREATE TEMP TABLE touched (key TEXT NOT NULL COLLATE NOCASE,"
			       " name TEXT NOT NULL COLLATE NOCASE, type INTEGER, data,"
			       " PRIMARY KEY (key, name)) WITHOUT ROWID",
			       "set it up");
	}

	return result_trace(r);
}
