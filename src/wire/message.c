/* SPDX-License-Identifier: MIT */

/*
 * Control messages as bytes; see message.h for the form.  Both tables are compiled in here and
 * nowhere else.  message_decode() is the only place where bytes of another process are judged:
 * the sender, the fields (known, allowed in this message, not twice, all that are required), their
 * types and texts, the padding, and the number of descriptors.
 */

#include "wire/message.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/result.h"
#include "base/utf8.h"

enum message_field_type {
	MESSAGE_FIELD_NONE = 0, /* no such field */
	MESSAGE_FIELD_U64,
	MESSAGE_FIELD_I64,
	MESSAGE_FIELD_TEXT,
	MESSAGE_FIELD_BLOB,
};

struct message_field_row {
	const char *name;
	enum message_field_type type;
};

static const struct message_field_row message_fields[FIELD_COUNT_] = {
#define FIELD(name_, number_, type_) [number_] = {.name = #name_, .type = MESSAGE_FIELD_##type_},
#include "wire/field.def"
#undef FIELD
};

struct message_row {
	const char *name; /* NULL: no such message */
	unsigned senders; /* enum message_sender bits */
	int fds_min;
	int fds_max;
	uint64_t required; /* bit per field number */
	uint64_t optional;
};

static const struct message_row message_rows[] = {
#define APP          MESSAGE_SENDER_APP
#define ENGINE_APP   MESSAGE_SENDER_ENGINE_APP
#define ADMIN        MESSAGE_SENDER_ADMIN
#define MASTER_ADMIN MESSAGE_SENDER_MASTER_ADMIN
#define MASTER       MESSAGE_SENDER_MASTER
#define ENGINE       MESSAGE_SENDER_ENGINE
#define F(name)      | UINT64_C(1) << FIELD_##name
#define MESSAGE(name_, number_, senders_, fds_min_, fds_max_, required_, optional_) \
	[number_] = {.name = #name_,                                                \
		     .senders = senders_,                                           \
		     .fds_min = fds_min_,                                           \
		     .fds_max = fds_max_,                                           \
		     .required = UINT64_C(0) required_,                             \
		     .optional = UINT64_C(0) optional_},
#include "wire/messages.def"
#undef MESSAGE
#undef F
#undef ENGINE
#undef MASTER
#undef MASTER_ADMIN
#undef ADMIN
#undef ENGINE_APP
#undef APP
};

/* How a message begins, and how each of its fields begins. */
struct message_wire_head {
	uint32_t type;
	uint32_t serial;
};

struct message_wire_field {
	uint16_t number;
	uint16_t zero;
	uint32_t len; /* bytes that follow, without padding */
};

#define MESSAGE_ALIGN 8

static const struct message_row *message_find_row(unsigned type)
{
	if (type >= array_len(message_rows) || message_rows[type].name == NULL) {
		return NULL;
	}

	return &message_rows[type];
}

static bool message_field_is_number(enum field field)
{
	enum message_field_type type = message_fields[field].type;

	return type == MESSAGE_FIELD_U64 || type == MESSAGE_FIELD_I64;
}

static bool message_field_is_text(enum field field)
{
	enum message_field_type type = message_fields[field].type;

	return type == MESSAGE_FIELD_TEXT || type == MESSAGE_FIELD_BLOB;
}

static size_t message_padding(size_t len)
{
	return (MESSAGE_ALIGN - len % MESSAGE_ALIGN) % MESSAGE_ALIGN;
}

void message_init(struct message *message, enum message_type type, uint32_t serial)
{
	assert(message != NULL && message_find_row(type) != NULL);

	message->type = type;
	message->serial = serial;
	message->present = 0;
	message->n_fds = 0;
}

void message_fini(struct message *message)
{
	if (message == NULL) {
		return;
	}

	for (int i = 0; i < message->n_fds; i++) {
		message->fds[i] = fd_close(message->fds[i]);
	}
	message->n_fds = 0;
	message->present = 0;
}

uint64_t message_number(const struct message *message, enum field field, uint64_t otherwise)
{
	assert(message != NULL && message_field_is_number(field));

	return message_has(message, field) ? message->values[field].number : otherwise;
}

int64_t message_signed(const struct message *message, enum field field, int64_t otherwise)
{
	return (int64_t)message_number(message, field, (uint64_t)otherwise);
}

struct slice message_text(const struct message *message, enum field field)
{
	assert(message != NULL && message_field_is_text(field));

	return message_has(message, field) ? message->values[field].text : (struct slice){0};
}

void message_set_number(struct message *message, enum field field, uint64_t value)
{
	assert(message != NULL && message_field_is_number(field));

	message->present |= UINT64_C(1) << field;
	message->values[field].number = value;
}

void message_set_signed(struct message *message, enum field field, int64_t value)
{
	message_set_number(message, field, (uint64_t)value);
}

void message_set_text(struct message *message, enum field field, struct slice value)
{
	assert(message != NULL && message_field_is_text(field));

	message->present |= UINT64_C(1) << field;
	message->values[field].text = value;
}

void message_adopt_fd(struct message *message, int fd)
{
	assert(message != NULL && fd >= 0 && message->n_fds < MESSAGE_FDS_MAX);

	message->fds[message->n_fds++] = fd;
}

int message_take_fd(struct message *message, int i)
{
	assert(message != NULL && i >= 0);

	if (i >= message->n_fds) {
		return -1;
	}
	int fd = message->fds[i];
	message->fds[i] = -1;

	return fd;
}

/* message_write() - copy @len bytes and their padding to *@at, and move it; room was reserved */
static void message_write(char **at, const void *data, size_t len)
{
	static const char zeros[MESSAGE_ALIGN];

	if (len > 0) {
		memcpy(*at, data, len);
	}
	memcpy(*at + len, zeros, message_padding(len));
	*at += len + message_padding(len);
}

/* message_field_bytes() - the bytes of a field's value */
static struct slice message_field_bytes(const struct message *message, enum field field)
{
	if (message_field_is_number(field)) {
		return slice_from(&message->values[field].number, sizeof(uint64_t));
	}

	return message->values[field].text;
}

/* message_encoded_len() - bytes that @message takes; SIZE_MAX: more than any limit */
static size_t message_encoded_len(const struct message *message)
{
	size_t len = sizeof(struct message_wire_head);

	for (uint64_t left = message->present; left != 0; left &= left - 1) {
		size_t n = message_field_bytes(message, (enum field)__builtin_ctzll(left)).len;

		if (n > MESSAGE_BYTES_MAX) {
			return SIZE_MAX;
		}
		len += sizeof(struct message_wire_field) + n + message_padding(n);
	}

	return len;
}

/* message_is_sendable() - has it all the fields that its row requires, and only those it allows? */
static bool message_is_sendable(const struct message *message)
{
	const struct message_row *row = message_find_row(message->type);

	return row != NULL && (message->present & ~(row->required | row->optional)) == 0 &&
	       (row->required & ~message->present) == 0;
}

int message_encode(const struct message *message, struct buf *buf)
{
	assert(message != NULL && buf != NULL && message_is_sendable(message));

	size_t len = message_encoded_len(message);
	if (len > MESSAGE_BYTES_MAX) {
		return MESSAGE_E_TOO_LARGE;
	}

	int r = buf_reserve(buf, len);
	if (r == BUF_E_FULL) {
		return MESSAGE_E_TOO_LARGE;
	}
	if (r < 0) {
		return result_trace(r);
	}

	char *at = buf->data + buf->len;
	struct message_wire_head head = {.type = message->type, .serial = message->serial};
	message_write(&at, &head, sizeof(head));

	for (uint64_t left = message->present; left != 0; left &= left - 1) {
		enum field field = (enum field)__builtin_ctzll(left);
		struct slice bytes = message_field_bytes(message, field);
		struct message_wire_field wire = {.number = (uint16_t)field,
						  .len = (uint32_t)bytes.len};

		message_write(&at, &wire, sizeof(wire));
		message_write(&at, bytes.data, bytes.len);
	}
	buf->len += len;
	assert(at == buf->data + buf->len);

	return 0;
}

static int message_refuse(char *ret_error, const char *format, ...) printf_(2, 3);

/* message_refuse() - write down why.  Return: MESSAGE_E_INVALID */
static int message_refuse(char *ret_error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(ret_error, MESSAGE_ERROR_BYTES, format, args);
	va_end(args);

	return MESSAGE_E_INVALID;
}

/* message_decode_value() - check a field's bytes against its type and note the value */
static int message_decode_value(struct message *message, const struct message_row *row,
				enum field field, struct slice bytes, char *ret_error)
{
	const char *name = message_fields[field].name;

	if (message_field_is_number(field)) {
		if (bytes.len != sizeof(uint64_t)) {
			return message_refuse(ret_error, "%s: field %s is no number", row->name,
					      name);
		}
		memcpy(&message->values[field].number, bytes.data, sizeof(uint64_t));

		return 0;
	}

	if (message_fields[field].type == MESSAGE_FIELD_TEXT) {
		if (bytes.len > 0 && memchr(bytes.data, '\0', bytes.len) != NULL) {
			return message_refuse(ret_error, "%s: field %s contains NUL", row->name,
					      name);
		}
		if (!utf8_is_valid(bytes)) {
			return message_refuse(ret_error, "%s: field %s is not UTF-8", row->name,
					      name);
		}
	}
	message->values[field].text = bytes;

	return 0;
}

/* message_decode_field() - take one field off the front of @rest */
static int message_decode_field(struct message *message, const struct message_row *row,
				struct slice *rest, char *ret_error)
{
	static const char zeros[MESSAGE_ALIGN];
	struct message_wire_field wire;

	if (rest->len < sizeof(wire)) {
		return message_refuse(ret_error, "%s: %zu bytes after the last field", row->name,
				      rest->len);
	}
	memcpy(&wire, rest->data, sizeof(wire));
	*rest = slice_from_offset(*rest, sizeof(wire));

	if (wire.zero != 0 || wire.number >= FIELD_COUNT_ ||
	    message_fields[wire.number].name == NULL) {
		return message_refuse(ret_error, "%s: field %u is unknown", row->name, wire.number);
	}
	enum field field = (enum field)wire.number;
	uint64_t bit = UINT64_C(1) << field;

	if (((row->required | row->optional) & bit) == 0) {
		return message_refuse(ret_error, "%s: field %s is not allowed here", row->name,
				      message_fields[field].name);
	}
	if ((message->present & bit) != 0) {
		return message_refuse(ret_error, "%s: field %s is there twice", row->name,
				      message_fields[field].name);
	}

	size_t padding = message_padding(wire.len);
	if (wire.len > rest->len || padding > rest->len - wire.len) {
		return message_refuse(ret_error, "%s: field %s is cut off", row->name,
				      message_fields[field].name);
	}
	struct slice bytes = slice_from(rest->data, wire.len);
	if (memcmp(rest->data + wire.len, zeros, padding) != 0) {
		return message_refuse(ret_error, "%s: field %s has padding that is not zero",
				      row->name, message_fields[field].name);
	}
	*rest = slice_from_offset(*rest, wire.len + padding);
	message->present |= bit;

	return message_decode_value(message, row, field, bytes, ret_error);
}

int message_decode(struct slice bytes, unsigned senders, int n_fds, struct message *ret_message,
		   char *ret_error)
{
	assert(ret_message != NULL && ret_error != NULL);

	struct message_wire_head head;
	if (bytes.len < sizeof(head) || bytes.len > MESSAGE_BYTES_MAX) {
		return message_refuse(ret_error, "a message of %zu bytes", bytes.len);
	}
	memcpy(&head, bytes.data, sizeof(head));

	const struct message_row *row = message_find_row(head.type);
	if (row == NULL) {
		return message_refuse(ret_error, "message %u is unknown", head.type);
	}
	if ((row->senders & senders) == 0) {
		return message_refuse(ret_error, "%s may not be sent from this side", row->name);
	}
	if (n_fds < row->fds_min || n_fds > row->fds_max) {
		return message_refuse(ret_error, "%s came with %d descriptors", row->name, n_fds);
	}

	struct message message;
	message_init(&message, (enum message_type)head.type, head.serial);

	struct slice rest = slice_from_offset(bytes, sizeof(head));
	while (rest.len > 0) {
		int r = message_decode_field(&message, row, &rest, ret_error);
		if (r != 0) {
			return r;
		}
	}

	uint64_t missing = row->required & ~message.present;
	if (missing != 0) {
		return message_refuse(ret_error, "%s: field %s is missing", row->name,
				      message_fields[__builtin_ctzll(missing)].name);
	}
	*ret_message = message;

	return 0;
}

const char *message_type_name(unsigned type)
{
	const struct message_row *row = message_find_row(type);

	return row != NULL ? row->name : "unknown";
}
