/* SPDX-License-Identifier: MIT */

/* The verbs of the IP listen list: LISTEN_ADD and LISTEN_DELETE; see admin.h. */

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/admin.h"
#include "master/admin_change.h"
#include "master/master.h"
#include "master/text.h"
#include "wire/error.h"

/* A list as strings, as they are stored; the array is owned, the strings are not. */
struct admin_strings {
	struct slice *items;
	size_t n;
};

/* What became of an entry that shall be added or deleted. */
static const struct {
	int code;
	const char *text;
	const char *repair;
} admin_listen_outcomes[] = {
	[LISTENLIST_E_INVALID] = {WIRE_ERROR_ADDRESS, "", ""},
	[LISTENLIST_E_EXISTS] = {WIRE_ERROR_EXISTS, "the entry is in the IP listen list already",
				 "httpcfg query iplisten"},
	[LISTENLIST_E_NOT_FOUND] = {WIRE_ERROR_NOT_FOUND, "the entry is not in the IP listen list",
				    "httpcfg query iplisten"},
	[LISTENLIST_E_NONE] = {WIRE_ERROR_INVALID,
			       "\"none\" stands alone: the list holds either it or addresses",
			       "httpcfg delete iplisten -i none, or delete the addresses first"},
	[LISTENLIST_E_FULL] = {WIRE_ERROR_QUOTA, "the IP listen list is full", ""},
};

static void admin_listen_refuse(struct admin_request *request, int verdict)
{
	admin_refuse(request, admin_listen_outcomes[verdict].code,
		     admin_listen_outcomes[verdict].text, admin_listen_outcomes[verdict].repair);
}

/* Room for the stored strings and one more. */
static int admin_strings_read(const struct registry_value *stored,
			      struct admin_strings *ret_strings)
{
	struct admin_strings strings = {
		.items = mem_new_array(stored->n_strings + 1, sizeof(*strings.items)),
	};
	size_t cursor = 0;

	if (strings.items == NULL) {
		return result_origin(-ENOMEM);
	}
	while (strings.n < stored->n_strings &&
	       registry_value_next(stored, &cursor, &strings.items[strings.n])) {
		strings.n++;
	}
	*ret_strings = strings;

	return 0;
}

/*
 * Take @text out: the entry that it means, in whatever spelling, or a stored text that can't be
 * read, letter by letter.  Return: was it there?
 */
static bool admin_strings_remove(struct admin_strings *strings, struct slice text,
				 const struct listen_entry *entry)
{
	size_t n = 0;

	for (size_t i = 0; i < strings->n; i++) {
		struct listen_entry other;
		bool is_entry = listen_entry_parse(strings->items[i], &other, NULL) == 0;
		bool is_it = entry != NULL && is_entry ? listen_entry_is_equal(&other, entry)
						       : slice_is_equal(strings->items[i], text);

		if (!is_it) {
			strings->items[n] = strings->items[i];
			n++;
		}
	}

	bool was_there = n < strings->n;

	strings->n = n;

	return was_there;
}

/* The strings after the change; refused: the outcome is in the request. */
static bool admin_listen_edit(struct admin_connection *connection, const struct message *message,
			      bool is_add, struct admin_strings *strings,
			      char canonical[LISTENLIST_ENTRY_BYTES])
{
	const struct listenlist *list = &connection->admin->master->config->list;
	struct slice text = message_text(message, FIELD_ENTRY);
	struct listen_entry entry;
	struct listen_entry_error error;
	bool is_entry = listen_entry_parse(text, &entry, &error) == 0;

	if (!is_entry && (is_add || !admin_strings_remove(strings, text, NULL))) {
		admin_refuse(&connection->request, WIRE_ERROR_ADDRESS, error.message, "");
		return false;
	}
	if (!is_entry) {
		return true;
	}
	if (!is_add) {
		bool was_there = admin_strings_remove(strings, text, &entry);

		if (!was_there) {
			admin_listen_refuse(&connection->request, LISTENLIST_E_NOT_FOUND);
		}
		return was_there;
	}

	struct listenlist copy;
	int r = listenlist_copy(list, &copy);

	if (r == 0) {
		r = listenlist_add(&copy, &entry);
		listenlist_fini(&copy);
	}
	if (r > 0) {
		admin_listen_refuse(&connection->request, r);
	} else if (r < 0) {
		admin_refuse(&connection->request, WIRE_ERROR_NO_MEMORY, "out of memory", "");
	}
	listen_entry_format(&entry, canonical);
	strings->items[strings->n] = slice_from_str(canonical);
	strings->n += r == 0;

	return r == 0;
}

/* @strings point into the old list: they are gone once it is done. */
static int admin_listen_commit(struct admin_connection *connection, const struct message *message,
			       const struct admin_strings *strings, bool *ret_is_done)
{
	struct master *master = connection->admin->master;
	struct registry_tx *tx cleanup_(registry_tx_free_p) = NULL;
	int r = registry_begin(master->registry, REGISTRY_REVISION_ANY, &tx);

	*ret_is_done = false;
	if (r == 0) {
		r = config_put_list(tx, strings->items, strings->n);
	}
	if (!admin_take_registry(connection, r)) {
		return r < 0 ? result_trace(r) : 0;
	}
	r = admin_commit(connection, message, tx, ret_is_done);
	if (r < 0 || !*ret_is_done) {
		return result_trace(r);
	}
	r = config_read_list(master->config, master->registry, &master->events);
	if (r == CONFIG_E_REGISTRY) {
		*ret_is_done = false;
		admin_refuse(&connection->request, WIRE_ERROR_SYSTEM,
			     registry_error(master->registry), "systemctl restart httpsys");
	}

	return r < 0 ? result_trace(r) : 0;
}

/* Registry first; then endpoints; what could not be opened does not take the change back. */
static int admin_listen_apply(struct admin_connection *connection, const struct message *message,
			      const struct admin_strings *strings)
{
	struct master *master = connection->admin->master;
	struct admin_request *request = &connection->request;
	struct report report;
	bool is_done;
	int r = report_init(&report, &master->endpoints);

	if (r < 0) {
		return result_trace(r);
	}
	r = admin_listen_commit(connection, message, strings, &is_done);
	if (r == 0 && is_done) {
		r = master_adopt_list(master);
	}
	if (r == 0 && is_done) {
		request->retire_number = master->endpoints.retire_last;
		admin_tell_change(connection, "the IP listen list was changed");
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

static int admin_listen_change(struct admin_connection *connection, struct message *message,
			       bool is_add)
{
	struct master *master = connection->admin->master;
	struct admin_strings strings;
	char canonical[LISTENLIST_ENTRY_BYTES];

	if (!admin_is_dry_run(message) && !admin_connection_may_change(connection)) {
		admin_refuse_denied(connection, message, "change the IP listen list");
		return 0;
	}

	int r = admin_strings_read(&master->config->stored_list, &strings);
	if (r < 0) {
		return result_trace(r);
	}
	if (admin_listen_edit(connection, message, is_add, &strings, canonical)) {
		connection->request.wants_engine = true;
		r = admin_is_dry_run(message)
			    ? admin_preview_list(connection, message, strings.items, strings.n)
			    : admin_listen_apply(connection, message, &strings);
	}
	mem_free(strings.items);

	return result_trace(r);
}

int admin_listen_add(struct admin_connection *connection, struct message *message)
{
	return result_trace(admin_listen_change(connection, message, true));
}

int admin_listen_delete(struct admin_connection *connection, struct message *message)
{
	return result_trace(admin_listen_change(connection, message, false));
}
