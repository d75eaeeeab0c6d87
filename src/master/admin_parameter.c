/* SPDX-License-Identifier: MIT */

/* The verbs of numeric parameters: PARAMETER_SET and PARAMETER_DELETE; see admin.h. */

#include <assert.h>

#include "base/result.h"
#include "master/admin.h"
#include "master/admin_change.h"
#include "master/master.h"
#include "master/text.h"
#include "wire/error.h"

#define ADMIN_PARAMETER_NAME_BYTES 128

/* The row of a numeric parameter; NULL: refused. */
static const struct schema_entry *admin_parameter_find(struct admin_connection *connection,
						       const struct message *message)
{
	struct slice text = message_text(message, FIELD_NAME);
	char name[ADMIN_PARAMETER_NAME_BYTES];

	text_setf(name, sizeof(name), "%.*s", SLICE_ARG(text));

	const struct schema_entry *entry = schema_find(SCHEMA_KEY_PARAMETERS, name);

	if (entry == NULL || entry->type != REGISTRY_TYPE_DWORD) {
		struct admin_request *request = &connection->request;

		request->code = WIRE_ERROR_NOT_FOUND;
		text_setf(request->text, sizeof(request->text),
			  "there is no numeric parameter \"%s\"", name);
		text_setf(request->repair, sizeof(request->repair), "httpcfg parameter");
		return NULL;
	}

	return entry;
}

/* Is it allowed and sensible?  @number NULL: back to the default. */
static bool admin_parameter_check(struct admin_connection *connection,
				  const struct message *message, const struct schema_entry *entry,
				  const uint64_t *number)
{
	struct admin_request *request = &connection->request;
	struct registry_value value;
	struct registry_error error;

	if (!admin_is_dry_run(message) && !admin_connection_may_change(connection)) {
		admin_refuse_denied(connection, message, "change parameters");
		return false;
	}
	if (number == NULL) {
		return true;
	}
	if (*number > UINT32_MAX) {
		request->code = WIRE_ERROR_INVALID;
		text_setf(request->text, sizeof(request->text), "%s: at most %u %s", entry->name,
			  (unsigned)entry->max, entry->unit);
		return false;
	}
	registry_value_init_dword(&value, (uint32_t)*number);
	if (schema_check(entry, &value, &error) != 0) {
		admin_refuse(request, WIRE_ERROR_INVALID, error.text, "");
		return false;
	}

	return true;
}

static int admin_parameter_store(struct admin_connection *connection, const struct message *message,
				 const struct schema_entry *entry, const uint64_t *number,
				 bool *ret_is_done)
{
	struct registry *registry = connection->admin->master->registry;
	struct registry_tx *tx cleanup_(registry_tx_free_p) = NULL;
	int r = registry_begin(registry, REGISTRY_REVISION_ANY, &tx);

	*ret_is_done = false;
	if (r == 0) {
		r = number != NULL
			    ? registry_put_dword(tx, entry->key, entry->name, (uint32_t)*number)
			    : registry_delete_value(tx, entry->key, entry->name);
	}
	if (!admin_take_registry(connection, r)) {
		return r < 0 ? result_trace(r) : 0;
	}

	return result_trace(admin_commit(connection, message, tx, ret_is_done));
}

static int admin_parameter_change(struct admin_connection *connection,
				  const struct message *message, const uint64_t *number)
{
	struct master *master = connection->admin->master;
	struct admin_request *request = &connection->request;
	const struct schema_entry *entry = admin_parameter_find(connection, message);
	bool is_done = false;

	if (entry == NULL || !admin_parameter_check(connection, message, entry, number)) {
		return 0;
	}
	if (admin_is_dry_run(message)) {
		admin_refuse(request, 0, "nothing was changed", "");
		return 0;
	}

	int r = admin_parameter_store(connection, message, entry, number, &is_done);
	if (r < 0 || !is_done) {
		return result_trace(r);
	}
	config_read_parameter(master->config, master->registry, entry->id);
	text_setf(request->text, sizeof(request->text), "%s is %u %s now, followed %s", entry->name,
		  (unsigned)master->config->parameters[entry->id], entry->unit,
		  schema_effect_text(entry->effect));
	admin_tell_change(connection, request->text);

	return result_trace(master_adopt_parameter(master, entry->id));
}

int admin_parameter_set(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	uint64_t number = message_number(message, FIELD_NUMBER, 0);

	return result_trace(admin_parameter_change(connection, message, &number));
}

int admin_parameter_delete(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	return result_trace(admin_parameter_change(connection, message, NULL));
}
