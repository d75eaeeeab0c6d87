/* SPDX-License-Identifier: MIT */

/*
 * The administrative calls of <httpsys_admin.h>: each is one message and one ADMIN_REPLY. Documents
 * come inline when they are small, otherwise as memfds.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "base/slice.h"
#include "base/utf8.h"
#include "httpsys_admin.h"
#include "lib/admin_connect.h"
#include "lib/error.h"
#include "wire/error.h"

#define ADMIN_DOCUMENT_BYTES_MAX (256u << 20)
#define ADMIN_TEXT_BYTES_MAX     15000 /* of one argument: four fit into a message */

/* Why httpsys_admin_new() failed: there is no handle yet that could keep it. */
static _Thread_local char admin_error[ADMIN_ERROR_BYTES];

int httpsys_admin_new(const char *home, struct httpsys_admin **ret_admin)
{
	if (ret_admin == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	struct httpsys_admin *admin = mem_new(sizeof(*admin));
	if (admin == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}
	admin->channel.fd = -1;
	admin_error[0] = '\0';

	int r = admin_connect(admin, home, admin_error);
	if (r != 0) {
		int saved_errno = errno;

		httpsys_admin_free(admin);
		errno = saved_errno;

		return r;
	}
	*ret_admin = admin;

	return 0;
}

struct httpsys_admin *httpsys_admin_free(struct httpsys_admin *admin)
{
	if (admin == NULL) {
		return NULL;
	}

	admin_disconnect(admin);

	return mem_free(admin);
}

bool httpsys_admin_is_offline(const struct httpsys_admin *admin)
{
	return admin != NULL && admin->offline_pid != 0;
}

const char *httpsys_admin_error(void)
{
	return admin_error;
}

void httpsys_answer_fini(struct httpsys_answer *answer)
{
	if (answer == NULL) {
		return;
	}

	mem_free(answer->text);
	mem_free(answer->repair);
	mem_free(answer->document);
	mem_free(answer->engine_document);
	*answer = (struct httpsys_answer){0};
}

/* admin_read_document() - read a whole memfd.  Return: 0 and owned bytes with NUL; a code */
static int admin_read_document(int fd, char **ret_document, size_t *ret_len)
{
	struct stat info;

	if (fstat(fd, &info) == -1 || !S_ISREG(info.st_mode) || info.st_size < 0 ||
	    info.st_size > ADMIN_DOCUMENT_BYTES_MAX) {
		return HTTPSYS_E_PROTOCOL;
	}

	size_t size = (size_t)info.st_size;
	cleanup_(mem_free_p) char *document = mem_new(size + 1);
	if (document == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}
	for (size_t len = 0; len < size;) {
		ssize_t n = pread(fd, document + len, size - len, (off_t)len);

		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return HTTPSYS_E_PROTOCOL;
		}
		len += (size_t)n;
	}
	*ret_document = document;
	*ret_len = size;
	document = NULL;

	return 0;
}

static int admin_take_document(struct message *reply, int i, char **ret_document, size_t *ret_len)
{
	cleanup_(fd_close_p) int fd = message_take_fd(reply, i);

	return fd == -1 ? 0 : admin_read_document(fd, ret_document, ret_len);
}

static char *admin_take_text(const struct message *reply, enum field field)
{
	struct slice text = message_text(reply, field);

	return mem_dup(text.data, text.len);
}

/* admin_read_answer() - a reply as the application gets it.  Return: 0; a code (what was read
 * before is in @answer) */
static int admin_read_answer(struct message *reply, struct httpsys_answer *answer)
{
	int n_fds_used = 0;

	if (reply->type != MESSAGE_ADMIN_REPLY) {
		return HTTPSYS_E_PROTOCOL;
	}
	answer->code = error_from_code(message_signed(reply, FIELD_CODE, 0));
	answer->revision = message_number(reply, FIELD_REVISION, 0);
	answer->text = admin_take_text(reply, FIELD_TEXT);
	answer->repair = admin_take_text(reply, FIELD_REPAIR);
	if (answer->text == NULL || answer->repair == NULL) {
		return HTTPSYS_E_NO_MEMORY;
	}

	struct slice inline_document = message_text(reply, FIELD_DOCUMENT);
	if (inline_document.data != NULL) {
		answer->document = mem_dup(inline_document.data, inline_document.len);
		answer->document_len = inline_document.len;
		if (answer->document == NULL) {
			return HTTPSYS_E_NO_MEMORY;
		}
	} else {
		int r = admin_take_document(reply, n_fds_used++, &answer->document,
					    &answer->document_len);
		if (r != 0) {
			return r;
		}
	}

	return admin_take_document(reply, n_fds_used, &answer->engine_document,
				   &answer->engine_document_len);
}

/* admin_call() - one message, one answer.  Return: as the public calls */
static int admin_call(struct httpsys_admin *admin, struct message *request,
		      struct httpsys_answer *ret_answer)
{
	struct message reply;
	struct httpsys_answer answer = {0};
	int r = admin_exchange(admin, request, -1, &reply);
	if (r != 0) {
		return r;
	}

	r = admin_read_answer(&reply, &answer);
	message_fini(&reply);
	if (r != 0) {
		httpsys_answer_fini(&answer);

		return r;
	}
	*ret_answer = answer;

	return 0;
}

/* admin_set_text() - put an argument into @request, unless it is NULL.  Return: false: it is no
 * text that could be sent */
static bool admin_set_text(struct message *request, enum field field, const char *text)
{
	struct slice s = slice_from_str(text);

	if (text == NULL) {
		return true;
	}
	if (s.len > ADMIN_TEXT_BYTES_MAX || !utf8_is_valid(s)) {
		return false;
	}
	message_set_text(request, field, s);

	return true;
}

/* admin_refuse() - answer in the listener's place.  Return: 0; NO_MEMORY */
static int admin_refuse(int code, const char *text, struct httpsys_answer *ret_answer)
{
	struct httpsys_answer answer = {
		.code = code, .text = mem_dup(text, strlen(text)), .repair = mem_dup("", 0)};

	if (answer.text == NULL || answer.repair == NULL) {
		httpsys_answer_fini(&answer);

		return HTTPSYS_E_NO_MEMORY;
	}
	*ret_answer = answer;

	return 0;
}

static int admin_refuse_text(struct httpsys_answer *ret_answer)
{
	return admin_refuse(HTTPSYS_E_INVALID,
			    "An argument is longer than 15000 bytes or is not UTF-8.", ret_answer);
}

/* admin_set_change() - how a change is made; as admin_set_text() */
static bool admin_set_change(struct message *request, const struct httpsys_change *change)
{
	if (change == NULL || change->size < sizeof(*change)) {
		return change == NULL;
	}
	if (change->is_dry_run) {
		message_set_number(request, FIELD_IS_DRY_RUN, 1);
	}

	return admin_set_text(request, FIELD_COMMENT, change->comment) &&
	       admin_set_text(request, FIELD_COMMAND, change->command);
}

/* admin_change() - a change whose arguments are up to two texts */
static int admin_change(struct httpsys_admin *admin, enum message_type type, enum field field,
			const char *text, const char *acl, const struct httpsys_change *change,
			struct httpsys_answer *ret_answer)
{
	struct message request;

	if (admin == NULL || text == NULL || ret_answer == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	message_init(&request, type, 0);
	if (!admin_set_text(&request, field, text) || !admin_set_text(&request, FIELD_ACL, acl) ||
	    !admin_set_change(&request, change)) {
		return admin_refuse_text(ret_answer);
	}

	return admin_call(admin, &request, ret_answer);
}

int httpsys_admin_listen_add(struct httpsys_admin *admin, const char *entry,
			     const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	return admin_change(admin, MESSAGE_LISTEN_ADD, FIELD_ENTRY, entry, NULL, change,
			    ret_answer);
}

int httpsys_admin_listen_delete(struct httpsys_admin *admin, const char *entry,
				const struct httpsys_change *change,
				struct httpsys_answer *ret_answer)
{
	return admin_change(admin, MESSAGE_LISTEN_DELETE, FIELD_ENTRY, entry, NULL, change,
			    ret_answer);
}

int httpsys_admin_urlacl_add(struct httpsys_admin *admin, const char *prefix, const char *acl,
			     const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	if (acl == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	return admin_change(admin, MESSAGE_URLACL_ADD, FIELD_PREFIX, prefix, acl, change,
			    ret_answer);
}

int httpsys_admin_urlacl_delete(struct httpsys_admin *admin, const char *prefix,
				const struct httpsys_change *change,
				struct httpsys_answer *ret_answer)
{
	return admin_change(admin, MESSAGE_URLACL_DELETE, FIELD_PREFIX, prefix, NULL, change,
			    ret_answer);
}

int httpsys_admin_parameter_set(struct httpsys_admin *admin, const char *name, uint64_t value,
				const struct httpsys_change *change,
				struct httpsys_answer *ret_answer)
{
	struct message request;

	if (admin == NULL || name == NULL || ret_answer == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	message_init(&request, MESSAGE_PARAMETER_SET, 0);
	message_set_number(&request, FIELD_NUMBER, value);
	if (!admin_set_text(&request, FIELD_NAME, name) || !admin_set_change(&request, change)) {
		return admin_refuse_text(ret_answer);
	}

	return admin_call(admin, &request, ret_answer);
}

int httpsys_admin_parameter_delete(struct httpsys_admin *admin, const char *name,
				   const struct httpsys_change *change,
				   struct httpsys_answer *ret_answer)
{
	return admin_change(admin, MESSAGE_PARAMETER_DELETE, FIELD_NAME, name, NULL, change,
			    ret_answer);
}

int httpsys_admin_rollback(struct httpsys_admin *admin, uint64_t revision,
			   const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	struct message request;

	if (admin == NULL || ret_answer == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	message_init(&request, MESSAGE_ROLLBACK, 0);
	message_set_number(&request, FIELD_REVISION, revision);
	if (!admin_set_change(&request, change)) {
		return admin_refuse_text(ret_answer);
	}

	return admin_call(admin, &request, ret_answer);
}

/* admin_write_document() - a sealed memfd with the bytes.  Return: 0 and an owned fd; -errno */
static int admin_write_document(const char *document, size_t len, int *ret_fd)
{
	cleanup_(fd_close_p) int fd =
		memfd_create("httpsys-document", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1) {
		return result_origin(-errno);
	}
	for (size_t written = 0; written < len;) {
		ssize_t n = write(fd, document + written, len - written);

		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n == -1) {
			return result_origin(-errno);
		}
		written += (size_t)n;
	}
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) ==
	    -1) {
		return result_origin(-errno);
	}
	*ret_fd = fd;
	fd = -1;

	return 0;
}

int httpsys_admin_restore(struct httpsys_admin *admin, const char *document, size_t document_len,
			  const struct httpsys_change *change, struct httpsys_answer *ret_answer)
{
	struct message request;
	int fd = -1;

	if (admin == NULL || document == NULL || ret_answer == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	if (document_len > ADMIN_DOCUMENT_BYTES_MAX) {
		return admin_refuse(HTTPSYS_E_TOO_LARGE, wire_error_text(HTTPSYS_E_TOO_LARGE),
				    ret_answer);
	}
	message_init(&request, MESSAGE_RESTORE, 0);
	if (!admin_set_change(&request, change)) {
		return admin_refuse_text(ret_answer);
	}
	int r = admin_write_document(document, document_len, &fd);
	if (r < 0) {
		return error_from_result(r);
	}
	message_adopt_fd(&request, fd);

	return admin_call(admin, &request, ret_answer);
}

/* admin_set_number() - put a number into @request, unless it is 0 */
static void admin_set_number(struct message *request, enum field field, uint64_t value)
{
	if (value != 0) {
		message_set_number(request, field, value);
	}
}

int httpsys_admin_query(struct httpsys_admin *admin, enum httpsys_query query,
			const struct httpsys_query_arguments *arguments,
			struct httpsys_answer *ret_answer)
{
	static const struct httpsys_query_arguments none = {.size = sizeof(none)};
	struct message request;

	if (admin == NULL || ret_answer == NULL) {
		return HTTPSYS_E_MISUSE;
	}
	arguments = arguments != NULL ? arguments : &none;
	if (arguments->size < sizeof(none)) {
		return HTTPSYS_E_MISUSE;
	}

	message_init(&request, MESSAGE_QUERY, 0);
	message_set_number(&request, FIELD_QUERY, query);
	admin_set_number(&request, FIELD_PORT, arguments->port);
	admin_set_number(&request, FIELD_REVISION, arguments->revision);
	admin_set_number(&request, FIELD_MAXIMUM, arguments->maximum);
	if (!admin_set_text(&request, FIELD_PREFIX, arguments->prefix) ||
	    !admin_set_text(&request, FIELD_URL, arguments->url) ||
	    !admin_set_text(&request, FIELD_METHOD, arguments->method) ||
	    !admin_set_text(&request, FIELD_ADDRESS, arguments->address) ||
	    !admin_set_text(&request, FIELD_NAME, arguments->name)) {
		return admin_refuse_text(ret_answer);
	}

	return admin_call(admin, &request, ret_answer);
}
