/* SPDX-License-Identifier: MIT */

/* The verbs that replace the whole configuration: ROLLBACK and RESTORE; see admin.h. */

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/admin.h"
#include "master/admin_change.h"
#include "master/backup.h"
#include "master/master.h"
#include "master/text.h"
#include "registry/revision.h"
#include "wire/error.h"

/* The registry holds another state: read it, use it, and say what it did to the endpoints. */
static int admin_adopt_registry(struct admin_connection *connection, const struct message *message,
				const char *what)
{
	struct master *master = connection->admin->master;
	struct admin_request *request = &connection->request;
	struct report report;
	int r = report_init(&report, &master->endpoints);

	if (r < 0) {
		return result_trace(r);
	}

	struct config *config = mem_new(sizeof(*config));

	r = config != NULL ? config_init(config, master->registry, &master->events) : -ENOMEM;
	if (r != 0) {
		if (config != NULL) {
			config_fini(config);
			mem_free(config);
		}
		report_fini(&report);
		admin_refuse(request, WIRE_ERROR_SYSTEM, registry_error(master->registry),
			     "systemctl restart httpsys");
		return r < 0 ? result_trace(r) : 0;
	}
	r = master_adopt_config(master, config);
	if (r == 0) {
		request->retire_number = master->endpoints.retire_last;
		request->wants_engine = true;
		admin_tell_change(connection, what);
		if (report_describe_failures(&report, &master->endpoints.plan,
					     &master->config->list, request->text,
					     sizeof(request->text)) > 0) {
			request->code = WIRE_ERROR_CHANGED;
		}
		r = admin_write_effects(connection, message, &report, &master->endpoints.plan,
					&master->config->list, &master->config->stored_list);
	}
	report_fini(&report);

	return result_trace(r);
}

/* ---- ROLLBACK ---- */

/* Is @change one of the listen list? */
static bool admin_is_list_change(const struct registry_change *change)
{
	return schema_find(change->key, change->name) == schema_entry(SCHEMA_LISTEN_ONLY_LIST);
}

/*
 * The listen list as it was after revision @number: the oldest change behind it knows what was
 * there before.  *@ret_stored stays as given when none changed it.
 */
static int admin_read_old_list(struct registry *registry, uint64_t number, uint64_t newest,
			       struct registry_value *ret_stored)
{
	int r = 0;

	for (uint64_t i = number + 1; r == 0 && i <= newest; i++) {
		struct registry_changes changes = {0};
		bool is_found = false;

		r = registry_diff(registry, i, &changes);
		for (size_t k = 0; r == 0 && !is_found && k < changes.n_items; k++) {
			if (!admin_is_list_change(&changes.items[k])) {
				continue;
			}
			is_found = true;
			registry_value_fini(ret_stored);
			r = changes.items[k].has_old
				    ? registry_value_init_copy(ret_stored,
							       &changes.items[k].old_value)
				    : registry_value_init_strings(ret_stored, NULL, 0);
		}
		registry_changes_fini(&changes);
		if (is_found) {
			break;
		}
	}

	return r;
}

static int admin_preview_rollback(struct admin_connection *connection,
				  const struct message *message, uint64_t number)
{
	struct master *master = connection->admin->master;
	struct registry_value stored = {0};
	struct registry_changes changes = {0};
	struct slice *entries = NULL;
	size_t cursor = 0;
	size_t n = 0;
	uint64_t newest = 0;
	int r = registry_revision(master->registry, &newest);

	/* Asked for itself, too, so that a revision that is gone is refused. */
	if (r == 0) {
		r = registry_diff(master->registry, number, &changes);
		registry_changes_fini(&changes);
	}
	if (r == 0) {
		r = registry_value_init_copy(&stored, &master->config->stored_list);
	}
	if (r == 0) {
		r = admin_read_old_list(master->registry, number, newest, &stored);
	}
	if (r == 0) {
		entries = mem_new_array(stored.n_strings + 1, sizeof(*entries));
		r = entries == NULL ? result_origin(-ENOMEM) : 0;
	}
	if (!admin_take_registry(connection, r)) {
		registry_value_fini(&stored);
		return r < 0 ? result_trace(r) : 0;
	}
	while (n < stored.n_strings && registry_value_next(&stored, &cursor, &entries[n])) {
		n++;
	}
	connection->request.wants_engine = true;
	r = admin_preview_list(connection, message, entries, n);
	mem_free(entries);
	registry_value_fini(&stored);

	return result_trace(r);
}

int admin_rollback(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	struct master *master = connection->admin->master;
	uint64_t number = message_number(message, FIELD_REVISION, 0);
	struct admin_author author;
	char what[TEXT_BYTES];

	if (admin_is_dry_run(message)) {
		return result_trace(admin_preview_rollback(connection, message, number));
	}
	if (!admin_connection_may_change(connection)) {
		admin_refuse_denied(connection, message, "roll the configuration back");
		return 0;
	}
	admin_author_fill(connection, message, &author);

	int r = registry_rollback(master->registry, number, REGISTRY_REVISION_ANY, &author.author,
				  &connection->request.revision);

	if (!admin_take_registry(connection, r)) {
		return r < 0 ? result_trace(r) : 0;
	}
	text_setf(what, sizeof(what), "the configuration was rolled back to revision %llu",
		  (unsigned long long)number);

	return result_trace(admin_adopt_registry(connection, message, what));
}

/* ---- RESTORE ---- */

/* The whole of a file, from its begin, wherever its owner has read to.  Return: 0; -errno */
static int admin_read_file(int fd, struct buf *buf)
{
	char bytes[16384];

	for (;;) {
		ssize_t n = pread(fd, bytes, sizeof(bytes), (off_t)buf->len);

		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return n == 0 ? 0 : -errno;
		}

		int r = buf_append(buf, slice_from(bytes, (size_t)n));
		if (r != 0) {
			return r < 0 ? result_trace(r) : -EFBIG;
		}
	}
}

/* The tool's file; only a plain one or a memfd can be read without being kept waiting. */
static bool admin_take_document(struct admin_connection *connection, struct message *message,
				struct buf *document)
{
	cleanup_(fd_close_p) int fd = message_take_fd(message, 0);
	struct stat status;

	if (fd == -1 || fstat(fd, &status) == -1 || !S_ISREG(status.st_mode) ||
	    admin_read_file(fd, document) != 0) {
		admin_refuse(&connection->request, WIRE_ERROR_INVALID,
			     "the document is no plain file, cannot be read, or is too large", "");
		return false;
	}

	return true;
}

static int admin_restore_read(struct admin_connection *connection, struct registry_tx *tx,
			      struct slice document, struct backup_list *list, bool *ret_is_done)
{
	char error[BACKUP_ERROR_BYTES];
	int r = backup_read(tx, document, list, error);

	*ret_is_done = r == 0;
	if (r == BACKUP_E_INVALID) {
		admin_refuse(&connection->request, WIRE_ERROR_INVALID, error,
			     "compare with the output of httpcfg dump");
		return 0;
	}
	if (r == BACKUP_E_REGISTRY) {
		admin_refuse(&connection->request, WIRE_ERROR_INVALID,
			     registry_error(connection->admin->master->registry), "");
		return 0;
	}

	return result_trace(r);
}

static int admin_restore_preview(struct admin_connection *connection, const struct message *message,
				 const struct backup_list *list)
{
	struct slice *entries cleanup_(mem_free_p) =
		mem_new_array(list->n_entries + 1, sizeof(*entries));

	if (entries == NULL) {
		return result_origin(-ENOMEM);
	}
	for (size_t i = 0; i < list->n_entries; i++) {
		entries[i] = slice_from_str(list->entries[i]);
	}
	connection->request.wants_engine = true;

	return result_trace(admin_preview_list(connection, message, entries, list->n_entries));
}

static int admin_restore_document(struct admin_connection *connection,
				  const struct message *message, struct slice document)
{
	struct registry *registry = connection->admin->master->registry;
	struct registry_tx *tx cleanup_(registry_tx_free_p) = NULL;
	struct backup_list list cleanup_(backup_list_fini) = {0};
	bool is_done = false;
	int r = registry_begin(registry, REGISTRY_REVISION_ANY, &tx);

	if (r == 0) {
		r = admin_restore_read(connection, tx, document, &list, &is_done);
	}
	if (r < 0 || !is_done) {
		return result_trace(r);
	}
	if (admin_is_dry_run(message)) {
		return result_trace(admin_restore_preview(connection, message, &list));
	}
	r = admin_commit(connection, message, tx, &is_done);
	if (r < 0 || !is_done) {
		return result_trace(r);
	}

	return result_trace(
		admin_adopt_registry(connection, message, "the configuration was restored"));
}

int admin_restore(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	struct buf document cleanup_(buf_fini) = {.len_max = BACKUP_BYTES_MAX};

	/* Before the document is looked at: its reader runs with the master's rights. */
	if (!admin_connection_may_change(connection)) {
		admin_refuse_denied(connection, message, "restore the configuration");
		return 0;
	}
	if (!admin_take_document(connection, message, &document)) {
		return 0;
	}

	return result_trace(admin_restore_document(connection, message, buf_slice(&document)));
}
