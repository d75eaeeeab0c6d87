#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Control messages: one table (messages.def) says which exist, who may send each, and with which
 * fields (field.def).  On the wire a message is a fixed header (type, serial) followed by
 * fields: u16 number, u16 zero, u32 length, bytes, padded to 8; numbers are 8 bytes in host order
 * (both ends are on one machine).  The decoder is the only place that checks; whatever it lets
 * through has exactly the fields its row allows, each of the right type, text without NUL.
 *
 * A decoded message borrows its texts from the bytes it was decoded from.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"

#define WIRE_PROTOCOL_VERSION 1
#define MESSAGE_BYTES_MAX     65536 /* larger things travel as a memfd */
#define MESSAGE_FDS_MAX       4

enum message_type {
#define MESSAGE(name, number, ...) MESSAGE_##name = number,
#include "wire/messages.def"
#undef MESSAGE
};

enum field {
#define FIELD(name, number, type) FIELD_##name = number,
#include "wire/field.def"
#undef FIELD
	FIELD_COUNT_ = 64
};

enum message_sender {
	MESSAGE_SENDER_APP = 1,
	MESSAGE_SENDER_ENGINE_APP = 2,
	MESSAGE_SENDER_ADMIN = 4,
	MESSAGE_SENDER_MASTER_ADMIN = 8,
	MESSAGE_SENDER_MASTER = 16,
	MESSAGE_SENDER_ENGINE = 32,
};

/* How a registration, group or claim stands (FIELD_STATE). */
enum wire_state {
	WIRE_STATE_SERVED = 0,
	WIRE_STATE_PARTLY_SERVED = 1,
	WIRE_STATE_UNREACHABLE = 2,
};

/* FIELD_PROPERTY of GROUP_SET. */
enum wire_group_property {
	WIRE_GROUP_STATE = 1,     /* 0 active, 1 inactive (503) */
	WIRE_GROUP_IS_SHARED = 2, /* IP literals share the port's wildcard endpoint */
	WIRE_GROUP_GRACE_MS = 3,  /* parked after the session's end, 0-600000 */
};

/* FIELD_PROPERTY of QUEUE_SET. */
enum wire_queue_property {
	WIRE_QUEUE_ENTRIES_MAX = 1, /* 1-65535 */
	WIRE_QUEUE_STATE = 2,       /* 0 active, 1 inactive (503) */
};

/* FIELD_QUERY. */
enum wire_query {
	WIRE_QUERY_STATUS = 1, /* master: listen list, endpoints, claims; engine: groups, queues */
	WIRE_QUERY_LISTEN = 2, /* the listen list */
	WIRE_QUERY_URLACL = 3, /* reservations; FIELD_PREFIX: just that one */
	WIRE_QUERY_PARAMETER = 4, /* parameters; FIELD_NAME: just that one */
	WIRE_QUERY_EXPLAIN = 5,   /* FIELD_URL, FIELD_METHOD, FIELD_ADDRESS (the destination) */
	WIRE_QUERY_WHOHAS = 6,    /* FIELD_PORT, FIELD_ADDRESS */
	WIRE_QUERY_HISTORY =
		7, /* FIELD_MAXIMUM newest revisions; FIELD_REVISION: that one's changes */
	WIRE_QUERY_DUMP = 8, /* the whole configuration */
};

enum message_verdict {
	MESSAGE_E_INVALID =
		1,           /* not a message this sender may send; @ret_error says what and why */
	MESSAGE_E_TOO_LARGE, /* would be over MESSAGE_BYTES_MAX */
};

struct message {
	enum message_type type;
	uint32_t serial;  /* chosen by the asker, repeated in the answer; 0 = news */
	uint64_t present; /* bit per field number */
	union {
		uint64_t number; /* U64; I64 as two's complement */
		struct slice text;
	} values[FIELD_COUNT_];   /* only those whose bit is set are valid */
	int fds[MESSAGE_FDS_MAX]; /* owned by the message until taken */
	int n_fds;
};

/* message_init() - an empty message of @type */
void message_init(struct message *message, enum message_type type, uint32_t serial);

/* message_fini() - close the descriptors that nobody took; accepts a zeroed message */
void message_fini(struct message *message);

/* message_has() - is the field there? */
static inline bool message_has(const struct message *message, enum field field)
{
	return (message->present >> field & 1) != 0;
}

/* message_number() - a U64 field's value, or @otherwise when it is not there */
uint64_t message_number(const struct message *message, enum field field, uint64_t otherwise);

/* message_signed() - an I64 field's value, or @otherwise when it is not there */
int64_t message_signed(const struct message *message, enum field field, int64_t otherwise);

/* message_text() - a TEXT or BLOB field; the empty slice (data NULL) when it is not there */
struct slice message_text(const struct message *message, enum field field);

/* message_set_number() / _signed() / _text() - set a field; texts are borrowed until it is encoded
 */
void message_set_number(struct message *message, enum field field, uint64_t value);
void message_set_signed(struct message *message, enum field field, int64_t value);
void message_set_text(struct message *message, enum field field, struct slice value);

/* message_adopt_fd() - append a descriptor; the message owns it from now on */
void message_adopt_fd(struct message *message, int fd);

/* message_take_fd() - take descriptor @i out; the caller owns it; -1 when it is not there */
int message_take_fd(struct message *message, int i);

/*
 * message_encode() - append the bytes of @message to @buf (descriptors are not in the bytes)
 *
 * Asserts that the row of the table allows what is set.
 *
 * Return: 0; MESSAGE_E_TOO_LARGE; -ENOMEM.
 */
int message_encode(const struct message *message, struct buf *buf) must_check_;

#define MESSAGE_ERROR_BYTES 160

/*
 * message_decode() - check and read one message
 * @bytes: must stay valid and unchanged as long as the message's texts are used
 * @senders: who is at the other end, an OR of enum message_sender
 * @n_fds: how many descriptors came with it (checked against the row)
 * @ret_message: written only on success; fds are empty, the caller adds them
 * @ret_error: MESSAGE_ERROR_BYTES bytes; on MESSAGE_E_INVALID a sentence: what and why
 *
 * Return: 0; MESSAGE_E_INVALID.
 */
int message_decode(struct slice bytes, unsigned senders, int n_fds, struct message *ret_message,
		   char *ret_error) must_check_;

/* message_type_name() - "URL_ADD" ...; "unknown" for a number that is not in the table */
const char *message_type_name(unsigned type);
