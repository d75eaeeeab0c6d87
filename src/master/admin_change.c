/* SPDX-License-Identifier: MIT */

/* Transactions in the name of a tool's user; see admin_change.h. */

#include "master/admin_change.h"

#include <assert.h>

#include "base/json.h"
#include "base/result.h"
#include "master/admin.h"
#include "master/document.h"
#include "master/master.h"
#include "master/text.h"
#include "wire/error.h"

struct admin_registry_row {
	int code;
	const char *repair;
};

static const struct admin_registry_row admin_registry_rows[] = {
	[REGISTRY_E_NOT_FOUND] = {WIRE_ERROR_NOT_FOUND, "httpcfg history"},
	[REGISTRY_E_CONFLICT] = {WIRE_ERROR_CONFLICT, "look at httpcfg history and repeat it"},
	[REGISTRY_E_BUSY] = {WIRE_ERROR_BUSY, "repeat it"},
	[REGISTRY_E_FULL] = {WIRE_ERROR_SYSTEM, "make room on the disk and repeat it"},
	[REGISTRY_E_INVALID] = {WIRE_ERROR_INVALID, ""},
	[REGISTRY_E_CORRUPT] = {WIRE_ERROR_SYSTEM, "restore the registry from a backup"},
	[REGISTRY_E_DENIED] = {WIRE_ERROR_DENIED, "run it as root"},
	[REGISTRY_E_FORMAT] = {WIRE_ERROR_SYSTEM, "use the httpsysd that wrote the registry"},
};

bool admin_is_dry_run(const struct message *message)
{
	assert(message != NULL);

	return message_number(message, FIELD_IS_DRY_RUN, 0) != 0;
}

bool admin_take_registry(struct admin_connection *connection, int r)
{
	assert(connection != NULL && r < (int)array_len(admin_registry_rows));

	if (r > 0) {
		admin_refuse(&connection->request, admin_registry_rows[r].code,
			     registry_error(connection->admin->master->registry),
			     admin_registry_rows[r].repair);
	}

	return r == 0;
}

void admin_author_fill(const struct admin_connection *connection, const struct message *message,
		       struct admin_author *ret_author)
{
	assert(connection != NULL && message != NULL && ret_author != NULL);

	struct slice command = message_text(message, FIELD_COMMAND);
	struct slice comment = message_text(message, FIELD_COMMENT);

	text_setf(ret_author->command, sizeof(ret_author->command), "%.*s", SLICE_ARG(command));
	text_setf(ret_author->comment, sizeof(ret_author->comment), "%.*s", SLICE_ARG(comment));
	ret_author->author = (struct registry_author){
		.uid = connection->peer.uid,
		.user = connection->user[0] != '\0' ? connection->user : NULL,
		.command = command.len > 0 ? ret_author->command : NULL,
		.comment = comment.len > 0 ? ret_author->comment : NULL,
		.time = clock_wall(),
	};
}

int admin_commit(struct admin_connection *connection, const struct message *message,
		 struct registry_tx *tx, bool *ret_is_done)
{
	assert(connection != NULL && tx != NULL && ret_is_done != NULL);

	struct admin_author author;

	admin_author_fill(connection, message, &author);

	int r = registry_commit(tx, &author.author, &connection->request.revision);

	*ret_is_done = admin_take_registry(connection, r);
	/* The engine's answer comes behind the change that it is told: when the tool ends, requests
	 * and registrations meet the new configuration. */
	connection->request.wants_engine = connection->request.wants_engine || *ret_is_done;

	return r < 0 ? result_trace(r) : 0;
}

struct report_reader admin_reader(const struct admin_connection *connection)
{
	assert(connection != NULL);

	return (struct report_reader){
		.uid = connection->peer.uid,
		.is_admin = admin_connection_may_change(connection),
	};
}

void admin_tell_change(struct admin_connection *connection, const char *what)
{
	assert(connection != NULL && what != NULL);

	char text[TEXT_BYTES];

	text_setf(text, sizeof(text), "%s, by uid %u%s%s (revision %llu)", what,
		  (unsigned)connection->peer.uid, connection->user[0] != '\0' ? " " : "",
		  connection->user, (unsigned long long)connection->request.revision);

	const struct event event = {
		.id = EVENT_ID_CONFIGURATION_CHANGED,
		.level = DIAG_LEVEL_NOTICE,
		.text = text,
	};

	events_emit(&connection->admin->master->events, &event);
}

int admin_write_effects(struct admin_connection *connection, const struct message *message,
			const struct report *report, const struct plan *plan,
			const struct listenlist *list, const struct registry_value *stored)
{
	assert(connection != NULL && message != NULL && stored != NULL);

	const struct report_reader reader = admin_reader(connection);
	struct json_writer writer;

	json_init(&writer, &connection->request.document);
	json_begin_object(&writer);
	json_key(&writer, "entry");
	if (message_has(message, FIELD_ENTRY)) {
		json_str(&writer, message_text(message, FIELD_ENTRY));
	} else {
		json_nil(&writer);
	}
	json_key(&writer, "is_dry_run");
	json_bool(&writer, admin_is_dry_run(message));
	json_key(&writer, "list");
	document_put_value(&writer, stored);

	int r = report_write(report, &connection->admin->master->endpoints, plan, list, &reader,
			     &writer);

	json_end_object(&writer);

	return r < 0 ? result_trace(r) : result_trace(json_finish(&writer));
}

int admin_preview_list(struct admin_connection *connection, const struct message *message,
		       const struct slice *entries, size_t n)
{
	assert(connection != NULL && (n == 0 || entries != NULL));

	const struct endpointset *set = &connection->admin->master->endpoints;
	struct registry_value stored = {0};
	struct report report = {0};
	struct listenlist list = {0};
	struct plan plan = {0};
	int r = registry_value_init_strings(&stored, entries, n);

	if (r == 0) {
		r = config_parse_list(&stored, NULL, &list);
	}
	if (r == 0) {
		r = report_init(&report, set);
	}
	if (r == 0) {
		r = endpointset_preview(set, &list, &plan);
	}
	if (r == 0) {
		r = admin_write_effects(connection, message, &report, &plan, &list, &stored);
	}
	text_setf(connection->request.text, ADMIN_TEXT_BYTES, "nothing was changed");
	plan_fini(&plan);
	report_fini(&report);
	listenlist_fini(&list);
	registry_value_fini(&stored);

	return result_trace(r);
}
