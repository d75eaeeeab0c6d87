#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What all changing verbs have in common: one transaction of the registry with
 * its author, and the registry's refusals as outcomes of the request.  The
 * registry comes first; only what it has kept is then applied.
 */

#include <stdbool.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "master/report.h"
#include "registry/registry.h"

struct admin_connection;
struct json_writer;
struct message;

/* admin_is_dry_run() - shall nothing be changed? */
bool admin_is_dry_run(const struct message *message);

/*
 * admin_commit() - commit @tx in the name of who is connected
 * @ret_is_done: false: refused, the outcome is in the request
 *
 * Sets the request's revision, and has it answered only when the engine has followed.
 * Return: 0; -errno (fatal).
 */
int admin_commit(struct admin_connection *connection, const struct message *message,
		 struct registry_tx *tx, bool *ret_is_done) must_check_;

/*
 * admin_take_registry() - the result of a call of the registry as the request's outcome
 * @r: what it returned; above 0: enum registry_verdict
 *
 * Return: true = it was 0; false = the request is refused (or @r is fatal: below 0).
 */
bool admin_take_registry(struct admin_connection *connection, int r);

/* admin_reader() - who is connected, as a reader of documents */
struct report_reader admin_reader(const struct admin_connection *connection);

/* The author of the connection's change; texts live as long as the struct. */
struct admin_author {
	struct registry_author author;
	char command[1024];
	char comment[1024];
};

/* admin_author_fill() - who, by which command, why, when */
void admin_author_fill(const struct admin_connection *connection, const struct message *message,
		       struct admin_author *ret_author);

/*
 * admin_write_effects() - the document of a change of the listen list, real or not
 * @plan: how things stand afterwards, under @list, whose strings are @stored
 *
 * Return: 0; -errno.
 */
int admin_write_effects(struct admin_connection *connection, const struct message *message,
			const struct report *report, const struct plan *plan,
			const struct listenlist *list,
			const struct registry_value *stored) must_check_;

/*
 * admin_preview_list() - fill the request with what another listen list would do
 *
 * Return: 0; -errno.
 */
int admin_preview_list(struct admin_connection *connection, const struct message *message,
		       const struct slice *entries, size_t n) must_check_;

/* admin_tell_change() - event: the configuration was changed, by whom */
void admin_tell_change(struct admin_connection *connection, const char *what);
