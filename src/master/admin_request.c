/* SPDX-License-Identifier: MIT */

/* A tool's request from its verb to its answer; see admin.h. */

#include "master/admin.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/result.h"
#include "master/master.h"
#include "master/relay.h"
#include "master/text.h"
#include "wire/error.h"

#define ADMIN_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

void admin_request_end(struct admin_request *request)
{
	assert(request != NULL);

	buf_fini(&request->document);
	request->engine_fd = fd_close(request->engine_fd);
	request->is_active = false;
}

void admin_refuse(struct admin_request *request, int code, const char *text, const char *repair)
{
	assert(request != NULL && text != NULL && repair != NULL);

	request->code = code;
	text_setf(request->text, sizeof(request->text), "%s", text);
	text_setf(request->repair, sizeof(request->repair), "%s", repair);
}

void admin_refuse_denied(struct admin_connection *connection, const struct message *message,
			 const char *what)
{
	assert(connection != NULL && message != NULL && what != NULL);

	struct admin_request *request = &connection->request;
	struct slice command = message_text(message, FIELD_COMMAND);
	bool is_root = geteuid() == 0;

	request->code = WIRE_ERROR_DENIED;
	text_setf(request->text, sizeof(request->text), "uid %u%s%s may not %s: only root%s may",
		  (unsigned)connection->peer.uid, connection->user[0] != '\0' ? " " : "",
		  connection->user, what, is_root ? "" : " and the user that httpsysd runs as");
	if (command.len > 0) {
		text_setf(request->repair, sizeof(request->repair), "sudo %.*s",
			  SLICE_ARG(command));
	} else {
		text_setf(request->repair, sizeof(request->repair), "run it as root");
	}
}

/* The document as a sealed memfd: nobody can change it under its reader.  Return: 0; -errno */
static int admin_request_seal(const struct buf *document, int *ret_fd)
{
	cleanup_(fd_close_p) int fd =
		memfd_create("httpsys-document", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t done = 0;

	if (fd == -1) {
		return result_origin(-errno);
	}
	while (done < document->len) {
		ssize_t n = write(fd, document->data + done, document->len - done);

		if (n == -1 && errno != EINTR) {
			return result_origin(-errno);
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (fcntl(fd, F_ADD_SEALS, ADMIN_SEALS) == -1) {
		return result_origin(-errno);
	}
	*ret_fd = fd;
	fd = -1;

	return 0;
}

static int admin_request_attach(struct admin_request *request, struct message *reply)
{
	bool has_engine = request->engine_fd != -1;
	int fd = -1;

	if (request->document.len == 0 ||
	    (!has_engine && request->document.len <= ADMIN_INLINE_BYTES_MAX)) {
		/* The engine's is always the second: alone it would be taken for the master's. */
		if (request->document.len > 0) {
			message_set_text(reply, FIELD_DOCUMENT, buf_slice(&request->document));
		}
		return 0;
	}

	int r = admin_request_seal(&request->document, &fd);
	if (r < 0) {
		return result_trace(r);
	}
	message_adopt_fd(reply, fd);
	if (has_engine) {
		message_adopt_fd(reply, request->engine_fd);
		request->engine_fd = -1;
	}

	return 0;
}

static int admin_request_answer(struct admin_connection *connection)
{
	struct admin_request *request = &connection->request;
	struct message reply;

	message_init(&reply, MESSAGE_ADMIN_REPLY, request->serial);
	message_set_signed(&reply, FIELD_CODE, request->code);
	message_set_text(&reply, FIELD_TEXT, slice_from_str(request->text));
	message_set_text(&reply, FIELD_REPAIR, slice_from_str(request->repair));
	if (request->revision != 0) {
		message_set_number(&reply, FIELD_REVISION, request->revision);
	}

	int r = admin_request_attach(request, &reply);
	if (r < 0) {
		message_fini(&reply);
		return result_trace(r);
	}
	r = channel_send(&connection->channel, &reply);
	admin_request_end(request);

	return r == CHANNEL_E_CLOSED ? r : result_trace(r);
}

int admin_request_check(struct admin_connection *connection)
{
	assert(connection != NULL);

	struct admin_request *request = &connection->request;
	struct master *master = connection->admin->master;

	if (!request->is_active ||
	    !endpointset_is_retired(&master->endpoints, request->retire_number)) {
		return 0;
	}
	if (request->wants_engine && master->engine.state != ENGINELINK_STATE_READY) {
		request->wants_engine = false;
	}
	if (request->wants_engine && request->engine_serial == 0) {
		timer_arm(&master->loop.timers, &request->limit,
			  mono_add_ms(master->loop.now, ADMIN_ENGINE_LIMIT_MS));
		return result_trace(
			relay_send_query(master, request->has_question ? &request->question : NULL,
					 &request->engine_serial));
	}
	if (request->wants_engine && request->engine_fd == -1) {
		return 0;
	}
	timer_disarm(&master->loop.timers, &request->limit);

	return admin_request_answer(connection);
}
