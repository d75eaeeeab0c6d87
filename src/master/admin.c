/* SPDX-License-Identifier: MIT */

/* Connections of tools and the table of verbs; see admin.h. */

#include "master/admin.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/master.h"
#include "master/text.h"
#include "urlspace/nss.h"
#include "wire/error.h"

/* Every message of a tool: what it does, and whether the engine's state is part of the answer. */
struct admin_row {
	enum message_type type;
	admin_verb_fn verb;
};

static const struct admin_row admin_rows[] = {
	{MESSAGE_LISTEN_ADD, admin_listen_add},
	{MESSAGE_LISTEN_DELETE, admin_listen_delete},
	{MESSAGE_URLACL_ADD, admin_urlacl_add},
	{MESSAGE_URLACL_DELETE, admin_urlacl_delete},
	{MESSAGE_PARAMETER_SET, admin_parameter_set},
	{MESSAGE_PARAMETER_DELETE, admin_parameter_delete},
	{MESSAGE_ROLLBACK, admin_rollback},
	{MESSAGE_RESTORE, admin_restore},
	{MESSAGE_QUERY, admin_query},
};

static void admin_on_connection(struct loop_source *source, uint32_t events);
static void admin_on_limit(struct timer *timer, struct mono_time now);

void admin_init(struct admin *admin, struct master *master)
{
	assert(admin != NULL && master != NULL);

	*admin = (struct admin){.master = master, .source.fd = -1};
	list_init(&admin->connections);
}

static void admin_connection_free(struct admin_connection *connection)
{
	struct admin *admin = connection->admin;
	struct loop *loop = &admin->master->loop;

	timer_disarm(&loop->timers, &connection->request.limit);
	admin_request_end(&connection->request);
	if (connection->source.fd != -1) {
		loop_remove(loop, &connection->source);
	}
	if (connection->is_last) {
		loop->is_stopping = true;
	}
	channel_fini(&connection->channel);
	channel_peer_fini(&connection->peer);
	list_remove(&connection->link);
	admin->n_connections--;
	mem_free(connection);
}

void admin_fini(struct admin *admin)
{
	assert(admin != NULL);

	if (admin->master == NULL) {
		return;
	}
	admin_stop(admin);
	list_for_each(node, &admin->connections)
	{
		admin_connection_free(list_entry(node, struct admin_connection, link));
	}
	*admin = (struct admin){.source.fd = -1};
}

void admin_stop(struct admin *admin)
{
	assert(admin != NULL);

	if (admin->source.fd != -1) {
		loop_remove(&admin->master->loop, &admin->source);
		admin->source.fd = fd_close(admin->source.fd);
	}
}

/* Read while idle, write while something waits. */
static int admin_connection_update(struct admin_connection *connection)
{
	uint32_t events = connection->request.is_active ? 0 : EPOLLIN;

	if (channel_has_backlog(&connection->channel)) {
		events |= EPOLLOUT;
	}

	return result_trace(
		loop_modify(&connection->admin->master->loop, &connection->source, events));
}

static int admin_connection_send(struct admin_connection *connection, struct message *message)
{
	int r = channel_send(&connection->channel, message);

	return r == CHANNEL_E_CLOSED ? r : result_trace(r);
}

/* Answer without having asked anybody. */
static int admin_connection_reply(struct admin_connection *connection, uint32_t serial, int code,
				  const char *text)
{
	struct message message;

	message_init(&message, MESSAGE_ADMIN_REPLY, serial);
	message_set_signed(&message, FIELD_CODE, code);
	message_set_text(&message, FIELD_TEXT, slice_from_str(text));

	return admin_connection_send(connection, &message);
}

static int admin_on_hello(struct admin_connection *connection, struct message *message)
{
	uint64_t protocol = message_number(message, FIELD_PROTOCOL, 0);
	char text[TEXT_BYTES];
	struct message welcome;

	if (protocol != WIRE_PROTOCOL_VERSION) {
		text_setf(text, sizeof(text),
			  "the tool speaks protocol %llu, this httpsysd %s speaks %d",
			  (unsigned long long)protocol, HTTPSYS_VERSION, WIRE_PROTOCOL_VERSION);
		return admin_connection_reply(connection, message->serial, WIRE_ERROR_VERSION,
					      text);
	}
	connection->has_hello = true;
	message_init(&welcome, MESSAGE_WELCOME, message->serial);
	message_set_number(&welcome, FIELD_PROTOCOL, WIRE_PROTOCOL_VERSION);
	message_set_text(&welcome, FIELD_VERSION, SLICE(HTTPSYS_VERSION));

	return admin_connection_send(connection, &welcome);
}

static int admin_on_message(struct admin_connection *connection, struct message *message)
{
	struct admin_request *request = &connection->request;

	if (message->type == MESSAGE_HELLO) {
		return admin_on_hello(connection, message);
	}
	if (!connection->has_hello) {
		return admin_connection_reply(connection, message->serial, WIRE_ERROR_PROTOCOL,
					      "HELLO must come first");
	}

	*request = (struct admin_request){
		.is_active = true,
		.serial = message->serial,
		.document.len_max = ADMIN_DOCUMENT_BYTES_MAX,
		.engine_fd = -1,
	};
	timer_init(&request->limit, admin_on_limit);
	for (size_t i = 0; i < array_len(admin_rows); i++) {
		if (admin_rows[i].type == message->type) {
			int r = admin_rows[i].verb(connection, message);

			return r < 0 ? result_trace(r) : admin_request_check(connection);
		}
	}

	/* The channel lets through only what a tool may send: a row is missing above. */
	return result_origin(-ENOTSUP);
}

/* Return: 0 = not now; 1 = there may be more; CHANNEL_E_CLOSED + 1 = end it; -errno. */
#define ADMIN_RECEIVE_MORE 1
#define ADMIN_RECEIVE_END  2

static int admin_connection_receive(struct admin_connection *connection)
{
	struct message message;
	int r = channel_receive(&connection->channel, &message);

	switch (r) {
	case 0:
		r = admin_on_message(connection, &message);
		message_fini(&message);
		if (r < 0) {
			return result_trace(r);
		}
		return r == CHANNEL_E_CLOSED ? ADMIN_RECEIVE_END : ADMIN_RECEIVE_MORE;
	case CHANNEL_E_AGAIN:
		return 0;
	case CHANNEL_E_INVALID:
		/* Told, so that a newer tool can say what this listener does not know. */
		r = admin_connection_reply(connection, 0, WIRE_ERROR_PROTOCOL,
					   connection->channel.error);
		return r < 0 ? result_trace(r) : ADMIN_RECEIVE_END;
	case CHANNEL_E_CLOSED:
		return ADMIN_RECEIVE_END;
	default:
		return result_fold(r);
	}
}

/* A tool that hangs up or breaks the protocol loses its connection, nothing else. */
static void admin_on_connection(struct loop_source *source, uint32_t events)
{
	struct admin_connection *connection = container_of(source, struct admin_connection, source);
	struct master *master = connection->admin->master;
	int r = ADMIN_RECEIVE_MORE;

	if ((events & (EPOLLHUP | EPOLLERR)) != 0 && connection->request.is_active) {
		admin_connection_free(connection);
		return;
	}
	if ((events & EPOLLOUT) != 0) {
		int flushed = channel_flush(&connection->channel);

		r = flushed == CHANNEL_E_CLOSED ? ADMIN_RECEIVE_END : ADMIN_RECEIVE_MORE;
		r = flushed < 0 ? flushed : r;
	}
	while (r == ADMIN_RECEIVE_MORE && !connection->request.is_active) {
		r = admin_connection_receive(connection);
	}
	if (r == ADMIN_RECEIVE_END) {
		admin_connection_free(connection);
		return;
	}
	if (r >= 0) {
		r = admin_connection_update(connection);
	}
	if (r < 0) {
		master_fail(master, r);
	}
}

int admin_serve(struct admin *admin, int fd, bool is_last)
{
	assert(admin != NULL && fd >= 0);

	const struct acl_names *names = nss_names();
	struct admin_connection *connection = mem_new(sizeof(*connection));

	if (connection == NULL) {
		fd_close(fd);
		return result_origin(-ENOMEM);
	}
	list_init(&connection->link);
	connection->admin = admin;
	connection->source = (struct loop_source){.fd = -1, .on_event = admin_on_connection};
	connection->is_last = is_last;
	connection->request.engine_fd = -1;
	timer_init(&connection->request.limit, admin_on_limit);
	list_append(&admin->connections, &connection->link);
	admin->n_connections++;

	int r = channel_init(&connection->channel, fd, MESSAGE_SENDER_ADMIN);
	if (r < 0) {
		connection->channel.fd = -1;
	} else {
		r = channel_peer_read(fd, &connection->peer);
	}
	if (r == 0) {
		connection->source.fd = fd;
		r = loop_add(&admin->master->loop, &connection->source, EPOLLIN);
		connection->source.fd = r == 0 ? fd : -1;
	}
	if (r < 0) {
		admin_connection_free(connection);
		return result_trace(r);
	}
	if (names->name_by_uid(names->userdata, connection->peer.uid, connection->user) != 0) {
		connection->user[0] = '\0';
	}

	return 0;
}

/* How many connections @uid has; more than its share are refused, so that tools of others work. */
static bool admin_has_room(const struct admin *admin, uid_t uid)
{
	unsigned n = 0;

	list_for_each(node, &admin->connections)
	{
		n += list_entry(node, struct admin_connection, link)->peer.uid == uid;
	}
	if (uid == 0 || uid == geteuid()) {
		return true;
	}

	return admin->n_connections < ADMIN_CONNECTIONS_MAX && n < ADMIN_CONNECTIONS_A_USER;
}

static void admin_on_accept(struct loop_source *source, uint32_t events)
{
	struct admin *admin = container_of(source, struct admin, source);

	(void)events;

	for (;;) {
		struct ucred credentials;
		socklen_t len = sizeof(credentials);
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd == -1 && (errno == EINTR || errno == ECONNABORTED)) {
			continue;
		}
		if (fd == -1) {
			return; /* EAGAIN; or no descriptors: the next event tries again */
		}
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) == -1 ||
		    !admin_has_room(admin, credentials.uid)) {
			fd_close(fd);
			continue;
		}

		int r = admin_serve(admin, fd, false);
		if (r == -ENOMEM) {
			master_fail(admin->master, r);
			return;
		}
	}
}

int admin_listen(struct admin *admin, int fd)
{
	assert(admin != NULL && admin->source.fd == -1 && fd >= 0);

	admin->source = (struct loop_source){.fd = fd, .on_event = admin_on_accept};

	int r = loop_add(&admin->master->loop, &admin->source, EPOLLIN);
	if (r < 0) {
		admin->source.fd = fd_close(fd);
	}

	return result_trace(r);
}

/* Look at one connection's request; the connection may be gone afterwards.  Return: 0; -errno */
static int admin_connection_check(struct admin_connection *connection)
{
	int r = admin_request_check(connection);

	if (r == CHANNEL_E_CLOSED) {
		admin_connection_free(connection);
		return 0;
	}

	return r < 0 ? result_trace(r) : admin_connection_update(connection);
}

int admin_check_all(struct admin *admin)
{
	assert(admin != NULL);

	list_for_each(node, &admin->connections)
	{
		struct admin_connection *connection =
			list_entry(node, struct admin_connection, link);
		int r = connection->request.is_active ? admin_connection_check(connection) : 0;

		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}

static void admin_on_limit(struct timer *timer, struct mono_time now)
{
	struct admin_request *request = container_of(timer, struct admin_request, limit);
	struct admin_connection *connection =
		container_of(request, struct admin_connection, request);
	struct master *master = connection->admin->master;

	(void)now;

	diag_warning("the engine did not describe its state in time");
	request->wants_engine = false;

	int r = admin_connection_check(connection);
	if (r < 0) {
		master_fail(master, r);
	}
}

int admin_on_engine_document(struct admin *admin, uint32_t serial, int fd)
{
	assert(admin != NULL && fd >= 0);

	list_for_each(node, &admin->connections)
	{
		struct admin_connection *connection =
			list_entry(node, struct admin_connection, link);
		struct admin_request *request = &connection->request;

		if (request->is_active && request->engine_serial == serial &&
		    request->engine_fd == -1) {
			request->engine_fd = fd;
			return result_trace(admin_connection_check(connection));
		}
	}
	fd_close(fd); /* who asked has gone */

	return 0;
}

void admin_on_engine_gone(struct admin *admin)
{
	assert(admin != NULL);

	list_for_each(node, &admin->connections)
	{
		list_entry(node, struct admin_connection, link)->request.wants_engine = false;
	}
	loop_defer(&admin->master->loop, &admin->master->gone);
}

bool admin_connection_may_change(const struct admin_connection *connection)
{
	assert(connection != NULL);

	return connection->peer.uid == 0 || connection->peer.uid == geteuid();
}
