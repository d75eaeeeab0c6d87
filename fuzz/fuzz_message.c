/* SPDX-License-Identifier: MIT */

/*
 * Control messages.  The first byte says who sends and how many descriptors come with it, the rest
 * are the bytes.  What is accepted must be a fixed point: encoded and decoded again it is the same
 * message, and every field can be read by its type.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "wire/message.h"

static void must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

enum type {
	TYPE_NONE = 0,
	TYPE_U64,
	TYPE_I64,
	TYPE_TEXT,
	TYPE_BLOB,
};

static const enum type types[FIELD_COUNT_] = {
#define FIELD(name_, number_, type_) [number_] = TYPE_##type_,
#include "wire/field.def"
#undef FIELD
};

static void compare(const struct message *a, const struct message *b)
{
	must(a->type == b->type && a->serial == b->serial && a->present == b->present);
	for (uint64_t left = a->present; left != 0; left &= left - 1) {
		enum field field = (enum field)__builtin_ctzll(left);

		if (types[field] == TYPE_TEXT || types[field] == TYPE_BLOB) {
			struct slice text = message_text(a, field);

			must(slice_is_equal(text, message_text(b, field)));
			must(types[field] == TYPE_BLOB ||
			     (utf8_is_valid(text) &&
			      (text.len == 0 || memchr(text.data, '\0', text.len) == NULL)));
		} else {
			must(message_number(a, field, 1) == message_number(b, field, 2));
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
	char error[MESSAGE_ERROR_BYTES] = "";
	struct message message;
	struct message again;

	if (size == 0) {
		return 0;
	}

	unsigned senders = data[0] & 63;
	int n_fds = data[0] >> 6;
	n_fds = n_fds == 3 ? MESSAGE_FDS_MAX : n_fds;
	int r = message_decode(slice_from(data + 1, size - 1), senders, n_fds, &message, error);
	if (r != 0) {
		must(r == MESSAGE_E_INVALID && error[0] != '\0');

		return 0;
	}

	must(message_encode(&message, &buf) == 0);
	must(buf.len == size - 1);
	must(message_decode(buf_slice(&buf), senders, n_fds, &again, error) == 0);
	compare(&message, &again);
	buf_fini(&buf);

	return 0;
}
