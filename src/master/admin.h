#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The administrative side: connections of tools, one request at a time on each,
 * and the verbs that they may use.  Who asks is the kernel's word, read when the
 * connection is accepted; what they may is decided per request.  Owned by the
 * master, on its loop.
 *
 * A request is answered when everything it started is done: endpoints that it
 * gave up are closed, and the engine has delivered its document when one is part
 * of the answer.  The connection is not read meanwhile.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/list.h"
#include "event/loop.h"
#include "event/timer.h"
#include "urlspace/acl.h"
#include "wire/channel.h"
#include "wire/message.h"

#define ADMIN_CONNECTIONS_MAX    128 /* further ones are closed at once */
#define ADMIN_CONNECTIONS_A_USER 32  /* of these, of one uid other than ours and root */
#define ADMIN_TEXT_BYTES         2048
#define ADMIN_DOCUMENT_BYTES_MAX (256u << 20)
#define ADMIN_INLINE_BYTES_MAX   32768 /* larger documents travel as a memfd */
#define ADMIN_ENGINE_LIMIT_MS    5000  /* for the engine's document */

struct master;

struct admin {
	struct master *master;     /* borrowed */
	struct loop_source source; /* the listening socket; -1 = none */
	struct list connections;   /* struct admin_connection::link, owned */
	unsigned n_connections;
};

/* What a verb works on and fills; owned by its connection. */
struct admin_request {
	bool is_active;
	uint32_t serial; /* of the tool's message */
	int code;        /* 0 or WIRE_ERROR_ */
	char text[ADMIN_TEXT_BYTES];
	char repair[ADMIN_TEXT_BYTES];
	uint64_t revision;       /* that it made; 0 = none */
	struct buf document;     /* JSON; empty = none */
	uint64_t retire_number;  /* answer when all given up until this one are closed */
	bool wants_engine;       /* the engine's document is part of the answer */
	bool has_question;       /* @question is asked; otherwise STATUS */
	struct message question; /* texts valid as long as the connection is not read */
	uint32_t engine_serial;  /* it was asked; 0 = not yet */
	int engine_fd;           /* its document, owned; -1 = not there */
	struct timer limit;      /* for the engine's answer */
};

struct admin_connection {
	struct list link; /* struct admin::connections */
	struct admin *admin;
	struct channel channel;
	struct loop_source source;
	struct channel_peer peer;
	char user[ACL_NAME_BYTES]; /* the peer's name; empty = none */
	bool has_hello;
	bool is_last; /* the offline role's only one: its end ends the process */
	struct admin_request request;
};

/*
 * A verb: fills @request; is answered at once or later, see above.  The message's descriptors may
 * be taken.  Return: 0 (also when it was refused: request->code); -errno (fatal).
 */
typedef int (*admin_verb_fn)(struct admin_connection *connection, struct message *message);

/* admin_init() - nobody is connected */
void admin_init(struct admin *admin, struct master *master);

/* admin_fini() - close all connections; accepts a zeroed one */
void admin_fini(struct admin *admin);

/*
 * admin_listen() - accept connections from now on
 * @fd: listening socket, adopted also on failure
 *
 * Return: 0; -errno.
 */
int admin_listen(struct admin *admin, int fd) must_check_;

/*
 * admin_serve() - take over one connected socket
 * @fd: adopted, also on failure
 * @is_last: stop the loop when it ends
 *
 * Return: 0; -errno.
 */
int admin_serve(struct admin *admin, int fd, bool is_last) must_check_;

/* admin_stop() - accept no more connections; those that are there go on */
void admin_stop(struct admin *admin);

/* admin_on_engine_document() - the engine's answer to a question; adopts @fd.  Return: 0; -errno */
int admin_on_engine_document(struct admin *admin, uint32_t serial, int fd) must_check_;

/* admin_on_engine_gone() - nothing will come from it: answer without */
void admin_on_engine_gone(struct admin *admin);

/* admin_check_all() - answer what is complete.  Return: 0; -errno */
int admin_check_all(struct admin *admin) must_check_;

/* admin_request_end() - free what a request holds; the connection reads on */
void admin_request_end(struct admin_request *request);

/*
 * admin_request_check() - answer the connection's request if it is complete
 *
 * Return: 0; CHANNEL_E_CLOSED (the tool has gone: close the connection); -errno.
 */
int admin_request_check(struct admin_connection *connection) must_check_;

/* admin_connection_may_change() - root, or the uid that this instance runs as */
bool admin_connection_may_change(const struct admin_connection *connection);

/* admin_refuse() - the outcome of a request: code, what and why, what to type */
void admin_refuse(struct admin_request *request, int code, const char *text, const char *repair);

/*
 * admin_refuse_denied() - refuse for want of rights, naming who asked
 * @message: for the command in the repair
 * @what: for example "change the IP listen list"
 */
void admin_refuse_denied(struct admin_connection *connection, const struct message *message,
			 const char *what);

/* The verbs, one file for each group.  Return: see admin_verb_fn. */

/* admin_listen_add() / admin_listen_delete() - LISTEN_ADD, LISTEN_DELETE */
int admin_listen_add(struct admin_connection *connection, struct message *message) must_check_;
int admin_listen_delete(struct admin_connection *connection, struct message *message) must_check_;

/* admin_urlacl_add() / admin_urlacl_delete() - URLACL_ADD, URLACL_DELETE */
int admin_urlacl_add(struct admin_connection *connection, struct message *message) must_check_;
int admin_urlacl_delete(struct admin_connection *connection, struct message *message) must_check_;

/* admin_parameter_set() / admin_parameter_delete() - PARAMETER_SET, PARAMETER_DELETE */
int admin_parameter_set(struct admin_connection *connection, struct message *message) must_check_;
int admin_parameter_delete(struct admin_connection *connection,
			   struct message *message) must_check_;

/* admin_rollback() / admin_restore() - ROLLBACK, RESTORE */
int admin_rollback(struct admin_connection *connection, struct message *message) must_check_;
int admin_restore(struct admin_connection *connection, struct message *message) must_check_;

/* admin_query() - QUERY, see enum wire_query */
int admin_query(struct admin_connection *connection, struct message *message) must_check_;
