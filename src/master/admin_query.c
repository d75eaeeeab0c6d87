/* SPDX-License-Identifier: MIT */

/* The verb QUERY: documents about everything; see admin.h.  Everybody may ask. */

#include <assert.h>
#include <errno.h>

#include "base/json.h"
#include "base/result.h"
#include "master/admin.h"
#include "master/admin_change.h"
#include "master/admin_explain.h"
#include "master/backup.h"
#include "master/document.h"
#include "master/master.h"
#include "master/text.h"
#include "registry/revision.h"
#include "urlspace/grants.h"
#include "urlspace/nss.h"
#include "urlspace/sddl.h"
#include "wire/error.h"

#define ADMIN_HISTORY_DEFAULT 20
#define ADMIN_HISTORY_MAX     100000
#define ADMIN_NAME_BYTES      128

/* Writes the members of one document.  Return: 0 (also when refused); -errno (fatal) */
typedef int (*admin_query_fn)(struct admin_connection *connection, const struct message *message,
			      struct json_writer *writer);

static int admin_query_status(struct admin_connection *connection, const struct message *message,
			      struct json_writer *writer)
{
	const struct report_reader reader = admin_reader(connection);

	(void)message;

	return result_trace(document_put_status(writer, connection->admin->master, &reader));
}

static int admin_query_listen(struct admin_connection *connection, const struct message *message,
			      struct json_writer *writer)
{
	const struct master *master = connection->admin->master;
	const struct listenlist *list = &master->config->list;
	const char *text = "only the addresses in the list";

	(void)message;

	if (listenlist_is_empty(list)) {
		text = "all IPv4 and all IPv6 addresses";
	} else if (list->n_entries == 0) {
		text = "nothing: no entry can be read";
	} else if (list->entries[0].kind == LISTEN_ENTRY_KIND_NONE) {
		text = "nothing";
	}
	document_put_entries(writer, "entries", master);
	json_key(writer, "is_empty");
	json_bool(writer, listenlist_is_empty(list));
	document_put(writer, "text", text);

	return 0;
}

/* ---- reservations ---- */

/* Who a trustee is, in the words of the original's tool: "\Everyone", else a name or number. */
static void admin_format_trustee(const struct trustee *trustee, char *text, size_t size)
{
	const struct acl_names *names = nss_names();
	char name[ACL_NAME_BYTES];

	switch (trustee->kind) {
	case TRUSTEE_KIND_EVERYONE:
		text_setf(text, size, "\\Everyone");
		return;
	case TRUSTEE_KIND_USER:
		if (names->name_by_uid(names->userdata, trustee->id, name) != 0) {
			text_setf(name, sizeof(name), "%u", (unsigned)trustee->id);
		}
		text_setf(text, size, "%s", name);
		return;
	case TRUSTEE_KIND_GROUP:
		if (names->name_by_gid(names->userdata, trustee->id, name) != 0) {
			text_setf(name, sizeof(name), "%u", (unsigned)trustee->id);
		}
		text_setf(text, size, "group:%s", name);
		return;
	default:
		text_setf(text, size, "%s", trustee->sid);
		return;
	}
}

static void admin_put_users(struct json_writer *writer, const struct acl *acl)
{
	json_key(writer, "users");
	json_begin_array(writer);
	for (size_t i = 0; i < acl->n_aces; i++) {
		const struct ace *ace = &acl->aces[i];
		bool allows = ace->type == ACE_TYPE_ALLOW;
		char user[ACL_NAME_BYTES + 16];

		admin_format_trustee(&ace->trustee, user, sizeof(user));
		json_begin_object(writer);
		document_put(writer, "user", user);
		json_key(writer, "listen");
		json_bool(writer, allows && (ace->rights & ACL_RIGHT_LISTEN) != 0);
		json_key(writer, "delegate");
		json_bool(writer, allows && (ace->rights & ACL_RIGHT_DELEGATE) != 0);
		json_end_object(writer);
	}
	json_end_array(writer);
}

static int admin_put_reservation(struct json_writer *writer, const struct reservation *reservation)
{
	struct buf sddl cleanup_(buf_fini) = {.len_max = 0};
	struct buf grants cleanup_(buf_fini) = {.len_max = 0};
	int r = sddl_format(&reservation->acl, &sddl);

	if (r == 0) {
		r = grants_format(&reservation->acl, nss_names(), &grants);
	}
	if (r < 0) {
		return result_trace(r);
	}
	json_begin_object(writer);
	document_put(writer, "prefix", reservation->prefix.text);
	json_key(writer, "sddl");
	json_str(writer, buf_slice(&sddl));
	json_key(writer, "linux");
	json_str(writer, buf_slice(&grants));
	admin_put_users(writer, &reservation->acl);
	json_end_object(writer);

	return 0;
}

/* Just the one of FIELD_PREFIX.  Return: NULL = refused, or *@ret_r is fatal. */
static const struct reservation *admin_find_reservation(struct admin_connection *connection,
							struct slice text, int *ret_r)
{
	const struct reservation *reservation = NULL;
	struct prefix prefix;

	*ret_r = prefix_parse(text, &prefix, NULL);
	if (*ret_r == 0) {
		reservation = reservation_set_find(&connection->admin->master->config->reservations,
						   &prefix);
		prefix_fini(&prefix);
	}
	if (*ret_r >= 0 && reservation == NULL) {
		admin_refuse(&connection->request,
			     *ret_r == 0 ? WIRE_ERROR_NOT_FOUND : WIRE_ERROR_INVALID,
			     *ret_r == 0 ? "there is no reservation of this prefix"
					 : "the text is no URL prefix",
			     "httpcfg query urlacl");
		*ret_r = 0;
	}

	return reservation;
}

/* All, in the order of the registry: sorted by prefix. */
static int admin_put_reservations(struct admin_connection *connection, struct json_writer *writer)
{
	struct master *master = connection->admin->master;
	struct registry_list list = {0};
	int r = registry_list_values(master->registry, SCHEMA_KEY_URL_ACL_INFO, &list);

	if (!admin_take_registry(connection, r)) {
		return r < 0 ? result_trace(r) : 0;
	}
	for (size_t i = 0; r == 0 && i < list.n_items; i++) {
		const struct reservation *reservation = NULL;
		struct prefix prefix;

		r = prefix_parse(slice_from_str(list.items[i].name), &prefix, NULL);
		if (r == 0) {
			reservation = reservation_set_find(&master->config->reservations, &prefix);
			prefix_fini(&prefix);
		}
		/* What could not be read at the start was told then. */
		if (r >= 0) {
			r = reservation != NULL ? admin_put_reservation(writer, reservation) : 0;
		}
	}
	registry_list_fini(&list);

	return result_trace(r);
}

static int admin_query_urlacl(struct admin_connection *connection, const struct message *message,
			      struct json_writer *writer)
{
	const struct reservation *reservation = NULL;
	int r = 0;

	json_key(writer, "reservations");
	json_begin_array(writer);
	if (!message_has(message, FIELD_PREFIX)) {
		r = admin_put_reservations(connection, writer);
	} else {
		reservation =
			admin_find_reservation(connection, message_text(message, FIELD_PREFIX), &r);
		if (reservation != NULL) {
			r = admin_put_reservation(writer, reservation);
		}
	}
	json_end_array(writer);

	return result_trace(r);
}

/* ---- parameters ---- */

static void admin_put_parameter(struct json_writer *writer, const struct master *master,
				const struct schema_entry *entry)
{
	struct registry_value value = {0};
	bool is_set = registry_get(master->registry, entry->key, entry->name, &value) == 0;

	registry_value_fini(&value);
	json_begin_object(writer);
	document_put(writer, "name", entry->name);
	json_key(writer, "value");
	json_u64(writer, master->config->parameters[entry->id]);
	json_key(writer, "default");
	json_u64(writer, entry->initial);
	json_key(writer, "min");
	json_u64(writer, entry->min);
	json_key(writer, "max");
	json_u64(writer, entry->max);
	document_put(writer, "unit", entry->unit);
	document_put(writer, "text", entry->doc);
	document_put(writer, "effect", schema_effect_text(entry->effect));
	json_key(writer, "is_set");
	json_bool(writer, is_set);
	json_end_object(writer);
}

static int admin_query_parameter(struct admin_connection *connection, const struct message *message,
				 struct json_writer *writer)
{
	const struct master *master = connection->admin->master;
	struct slice text = message_text(message, FIELD_NAME);
	const struct schema_entry *only = NULL;
	char name[ADMIN_NAME_BYTES];

	if (text.len > 0) {
		text_setf(name, sizeof(name), "%.*s", SLICE_ARG(text));
		only = schema_find(SCHEMA_KEY_PARAMETERS, name);
		if (only == NULL || only->type != REGISTRY_TYPE_DWORD) {
			admin_refuse(&connection->request, WIRE_ERROR_NOT_FOUND,
				     "there is no such numeric parameter", "httpcfg parameter");
		}
	}
	json_key(writer, "parameters");
	json_begin_array(writer);
	for (int id = 0; connection->request.code == 0 && id < SCHEMA_COUNT_; id++) {
		const struct schema_entry *entry = schema_entry((enum schema_id)id);

		if (entry->type == REGISTRY_TYPE_DWORD && (only == NULL || only == entry)) {
			admin_put_parameter(writer, master, entry);
		}
	}
	json_end_array(writer);

	return 0;
}

/* ---- history ---- */

static void admin_put_changes(struct json_writer *writer, const struct registry_changes *changes)
{
	json_key(writer, "changes");
	json_begin_array(writer);
	for (size_t i = 0; i < changes->n_items; i++) {
		const struct registry_change *change = &changes->items[i];

		json_begin_object(writer);
		document_put(writer, "key", change->key);
		document_put(writer, "name", change->name);
		json_key(writer, "old");
		if (change->has_old) {
			document_put_value(writer, &change->old_value);
		} else {
			json_nil(writer);
		}
		json_key(writer, "new");
		if (change->has_new) {
			document_put_value(writer, &change->new_value);
		} else {
			json_nil(writer);
		}
		json_end_object(writer);
	}
	json_end_array(writer);
}

static void admin_put_revision(struct json_writer *writer, const struct registry_revision *revision,
			       const struct registry_changes *changes)
{
	json_begin_object(writer);
	json_key(writer, "revision");
	json_u64(writer, revision->number);
	document_put_time(writer, "time", revision->time);
	json_key(writer, "uid");
	json_u64(writer, revision->uid);
	document_put(writer, "user", revision->user);
	document_put(writer, "command", revision->command);
	document_put(writer, "comment", revision->comment);
	json_key(writer, "n_changes");
	json_u64(writer, revision->n_changes);
	admin_put_changes(writer, changes);
	json_end_object(writer);
}

static int admin_query_history(struct admin_connection *connection, const struct message *message,
			       struct json_writer *writer)
{
	struct registry *registry = connection->admin->master->registry;
	uint64_t number = message_number(message, FIELD_REVISION, 0);
	uint64_t max = message_number(message, FIELD_MAXIMUM, ADMIN_HISTORY_DEFAULT);
	struct registry_revisions revisions = {0};
	struct registry_changes changes = {0};
	int r = 0;

	max = max > ADMIN_HISTORY_MAX ? ADMIN_HISTORY_MAX : max;
	max = number != 0 ? 1 : max;
	if (number != 0) {
		r = registry_diff(registry, number, &changes);
	}
	if (r == 0) {
		r = registry_history(registry, number, max, &revisions);
	}
	json_key(writer, "revisions");
	json_begin_array(writer);
	for (size_t i = 0; r == 0 && i < revisions.n_items; i++) {
		admin_put_revision(writer, &revisions.items[i], &changes);
	}
	json_end_array(writer);
	registry_changes_fini(&changes);
	registry_revisions_fini(&revisions);
	(void)admin_take_registry(connection, r); /* the outcome is in the request */

	return r < 0 ? result_trace(r) : 0;
}

static int admin_query_dump(struct admin_connection *connection, const struct message *message,
			    struct json_writer *writer)
{
	struct registry *registry = connection->admin->master->registry;
	int r = backup_write(registry, writer);

	(void)message;

	if (r == BACKUP_E_REGISTRY) {
		admin_refuse(&connection->request, WIRE_ERROR_SYSTEM, registry_error(registry),
			     "repeat it");
		return 0;
	}

	return result_trace(r);
}

struct admin_query_row {
	admin_query_fn on_query;
	bool has_engine; /* the engine has its half of the answer */
};

static const struct admin_query_row admin_queries[] = {
	[WIRE_QUERY_STATUS] = {admin_query_status, true},
	[WIRE_QUERY_LISTEN] = {admin_query_listen, false},
	[WIRE_QUERY_URLACL] = {admin_query_urlacl, false},
	[WIRE_QUERY_PARAMETER] = {admin_query_parameter, false},
	[WIRE_QUERY_EXPLAIN] = {admin_explain, true},
	[WIRE_QUERY_WHOHAS] = {admin_whohas, false},
	[WIRE_QUERY_HISTORY] = {admin_query_history, false},
	[WIRE_QUERY_DUMP] = {admin_query_dump, false},
};

int admin_query(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	struct admin_request *request = &connection->request;
	uint64_t query = message_number(message, FIELD_QUERY, 0);
	struct json_writer writer;

	if (query >= array_len(admin_queries) || admin_queries[query].on_query == NULL) {
		admin_refuse(request, WIRE_ERROR_NOT_SUPPORTED, "this httpsysd knows no such query",
			     "");
		return 0;
	}
	json_init(&writer, &request->document);
	json_begin_object(&writer);

	int r = admin_queries[query].on_query(connection, message, &writer);
	if (r < 0) {
		return result_trace(r);
	}
	json_end_object(&writer);
	r = json_finish(&writer);
	if (r == -EMSGSIZE) {
		admin_refuse(request, WIRE_ERROR_TOO_LARGE, "the answer is too large", "");
		r = 0;
	}
	if (request->code != 0) {
		buf_fini(&request->document);
		return result_trace(r);
	}
	request->wants_engine = admin_queries[query].has_engine;
	request->has_question = true;
	request->question = *message;

	return result_trace(r);
}
