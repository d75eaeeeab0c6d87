/* SPDX-License-Identifier: MIT */

/* The verbs of reservations: URLACL_ADD and URLACL_DELETE; see admin.h. */

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/result.h"
#include "master/admin.h"
#include "master/admin_change.h"
#include "master/master.h"
#include "master/relay.h"
#include "master/text.h"
#include "urlspace/nss.h"
#include "urlspace/prefix_suggest.h"
#include "urlspace/sddl.h"
#include "wire/error.h"

static const int admin_urlacl_codes[] = {
	[RESERVATION_E_EXISTS] = WIRE_ERROR_EXISTS,
	[RESERVATION_E_DENIED] = WIRE_ERROR_DENIED,
	[RESERVATION_E_SCHEME_CONFLICT] = WIRE_ERROR_EXISTS,
	[RESERVATION_E_NOT_FOUND] = WIRE_ERROR_NOT_FOUND,
};

/* Whose rights count: the user that an unprivileged instance runs as is its root. */
static struct caller admin_urlacl_caller(const struct admin_connection *connection)
{
	const struct channel_peer *peer = &connection->peer;

	return (struct caller){
		.uid = admin_connection_may_change(connection) ? 0 : peer->uid,
		.gid = peer->gid,
		.groups = peer->groups,
		.n_groups = peer->n_groups,
	};
}

/* Return: true and *@ret_prefix (prefix_fini); false: refused, or *@ret_r is fatal. */
static bool admin_urlacl_take_prefix(struct admin_connection *connection,
				     const struct message *message, struct prefix *ret_prefix,
				     int *ret_r)
{
	struct admin_request *request = &connection->request;
	struct slice text = message_text(message, FIELD_PREFIX);
	struct prefix_error error;
	struct buf line cleanup_(buf_fini) = {.len_max = ADMIN_TEXT_BYTES};

	*ret_r = prefix_parse(text, ret_prefix, &error);
	if (*ret_r == 0) {
		return true;
	}
	if (*ret_r == PREFIX_E_INVALID) {
		if (prefix_error_format(text, &error, &line) < 0) {
			diag_debug("the line about a prefix was cut");
		}
		request->code = WIRE_ERROR_INVALID;
		text_setf(request->text, sizeof(request->text), "%.*s",
			  SLICE_ARG(buf_slice(&line)));
		*ret_r = 0;
	}

	return false;
}

static bool admin_urlacl_take_acl(struct admin_connection *connection,
				  const struct message *message, struct acl *ret_acl, int *ret_r)
{
	struct admin_request *request = &connection->request;
	struct acl_error error;

	*ret_r = acl_parse(message_text(message, FIELD_ACL), nss_names(), ret_acl, &error);
	if (*ret_r == 0) {
		return true;
	}
	if (*ret_r == ACL_E_INVALID) {
		request->code = WIRE_ERROR_INVALID;
		text_setf(request->text, sizeof(request->text), "character %zu of the list: %s",
			  error.position + 1, error.message);
		text_setf(request->repair, sizeof(request->repair),
			  "-a \"D:(A;;GX;;;WD)\" or "
			  "-a user:NAME");
		*ret_r = 0;
	}

	return false;
}

/* A port that carries the other scheme for registered prefixes is taken, too. */
static bool admin_urlacl_is_other_scheme(const struct admin_connection *connection,
					 const struct prefix *prefix)
{
	list_for_each(node, &connection->admin->master->endpoints.claims)
	{
		const struct claim *claim = list_entry(node, struct claim, link);

		if (claim->want.port == prefix->port && claim->scheme != (unsigned)prefix->scheme) {
			return true;
		}
	}

	return false;
}

static int admin_urlacl_refuse(struct admin_connection *connection, const struct prefix *prefix,
			       const struct reservation_reason *reason, int verdict)
{
	struct admin_request *request = &connection->request;
	struct buf line cleanup_(buf_fini) = {.len_max = ADMIN_TEXT_BYTES};
	int r = reservation_reason_format(reason, verdict, prefix, nss_names(), &line);

	if (r < 0 && r != -ENOMEM) {
		return result_trace(r);
	}
	request->code = admin_urlacl_codes[verdict];
	text_setf(request->text, sizeof(request->text), "%.*s", SLICE_ARG(buf_slice(&line)));
	if (verdict == RESERVATION_E_EXISTS) {
		text_setf(request->repair, sizeof(request->repair),
			  "httpcfg delete urlacl -u %s, then add it again", prefix->text);
	} else if (verdict == RESERVATION_E_NOT_FOUND) {
		text_setf(request->repair, sizeof(request->repair), "httpcfg query urlacl");
	} else if (verdict == RESERVATION_E_DENIED) {
		text_setf(request->repair, sizeof(request->repair), "run it as root");
	}

	return 0;
}

static void admin_urlacl_tell(struct admin_connection *connection, unsigned id, const char *prefix,
			      const char *what)
{
	char text[PREFIX_BYTES_MAX + TEXT_BYTES];

	text_setf(text, sizeof(text), "the reservation of %s was %s by uid %u%s%s", prefix, what,
		  (unsigned)connection->peer.uid, connection->user[0] != '\0' ? " " : "",
		  connection->user);

	const struct event event = {
		.id = id,
		.level = DIAG_LEVEL_NOTICE,
		.text = text,
		.prefix = prefix,
	};

	events_emit(&connection->admin->master->events, &event);
}

static int admin_urlacl_store(struct admin_connection *connection, const struct message *message,
			      const char *name, const struct acl *acl, bool *ret_is_done)
{
	struct registry *registry = connection->admin->master->registry;
	struct registry_tx *tx cleanup_(registry_tx_free_p) = NULL;
	struct buf sddl cleanup_(buf_fini) = {.len_max = 0};
	int r = registry_begin(registry, REGISTRY_REVISION_ANY, &tx);

	*ret_is_done = false;
	if (r == 0 && acl != NULL) {
		r = sddl_format(acl, &sddl);
	}
	if (r == 0) {
		r = acl != NULL ? registry_put_string(tx, SCHEMA_KEY_URL_ACL_INFO, name,
						      buf_slice(&sddl))
				: registry_delete_value(tx, SCHEMA_KEY_URL_ACL_INFO, name);
	}
	if (!admin_take_registry(connection, r)) {
		return r < 0 ? result_trace(r) : 0;
	}

	return result_trace(admin_commit(connection, message, tx, ret_is_done));
}

/* The checks have passed: registry, then memory, then the engine. */
static int admin_urlacl_insert(struct admin_connection *connection, const struct message *message,
			       const struct prefix *prefix, const struct acl *acl)
{
	struct master *master = connection->admin->master;
	bool is_done;
	int r = admin_urlacl_store(connection, message, prefix->text, acl, &is_done);

	if (r < 0 || !is_done) {
		return result_trace(r);
	}
	r = reservation_set_insert(&master->config->reservations, prefix, acl, connection->user);
	if (r != 0) {
		return result_fold(r);
	}
	admin_urlacl_tell(connection, EVENT_ID_RESERVATION_ADDED, prefix->text, "added");

	return result_trace(relay_send_reservation(
		master, reservation_set_find(&master->config->reservations, prefix)));
}

static int admin_urlacl_add_parsed(struct admin_connection *connection,
				   const struct message *message, const struct prefix *prefix,
				   const struct acl *acl)
{
	const struct reservation_set *set = &connection->admin->master->config->reservations;
	const struct caller caller = admin_urlacl_caller(connection);
	struct reservation_reason reason;
	int r = reservation_check_add(set, prefix, &caller, &reason);

	if (r != 0) {
		return result_trace(admin_urlacl_refuse(connection, prefix, &reason, r));
	}
	if (admin_urlacl_is_other_scheme(connection, prefix)) {
		admin_refuse(&connection->request, WIRE_ERROR_EXISTS,
			     "the port carries the other scheme for registered prefixes",
			     "httpcfg status");
		return 0;
	}
	if (admin_is_dry_run(message)) {
		admin_refuse(&connection->request, 0, "nothing was changed", "");
		return 0;
	}

	return result_trace(admin_urlacl_insert(connection, message, prefix, acl));
}

int admin_urlacl_add(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	struct prefix prefix = {0};
	struct acl acl = {0};
	int r;

	if (!admin_urlacl_take_prefix(connection, message, &prefix, &r)) {
		return result_trace(r);
	}
	if (admin_urlacl_take_acl(connection, message, &acl, &r)) {
		r = admin_urlacl_add_parsed(connection, message, &prefix, &acl);
		acl_fini(&acl);
	}
	prefix_fini(&prefix);

	return result_trace(r);
}

static int admin_urlacl_remove(struct admin_connection *connection, const struct message *message,
			       const struct prefix *prefix)
{
	struct master *master = connection->admin->master;
	struct reservation_set *set = &master->config->reservations;
	bool is_done;
	/* The stored name is the spelling of whoever added it. */
	int r = admin_urlacl_store(connection, message,
				   reservation_set_find(set, prefix)->prefix.text, NULL, &is_done);

	if (r < 0 || !is_done) {
		return result_trace(r);
	}
	r = reservation_set_remove(set, prefix);
	if (r != 0) {
		return result_fold(r);
	}
	admin_urlacl_tell(connection, EVENT_ID_RESERVATION_DELETED, prefix->text, "deleted");

	return result_trace(relay_send_reservation_end(master, prefix));
}

int admin_urlacl_delete(struct admin_connection *connection, struct message *message)
{
	assert(connection != NULL && message != NULL);

	const struct reservation_set *set = &connection->admin->master->config->reservations;
	const struct caller caller = admin_urlacl_caller(connection);
	struct reservation_reason reason;
	struct prefix prefix = {0};
	int r;

	if (!admin_urlacl_take_prefix(connection, message, &prefix, &r)) {
		return result_trace(r);
	}
	r = reservation_check_delete(set, &prefix, &caller, &reason);
	if (r != 0) {
		r = admin_urlacl_refuse(connection, &prefix, &reason, r);
	} else if (admin_is_dry_run(message)) {
		admin_refuse(&connection->request, 0, "nothing was changed", "");
	} else {
		r = admin_urlacl_remove(connection, message, &prefix);
	}
	prefix_fini(&prefix);

	return result_trace(r);
}
