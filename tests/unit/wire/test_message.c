/* SPDX-License-Identifier: MIT */

/* Encoding and decoding: every row of the table, every field, every sender. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "rows.h"
#include "wire/message.h"

static void set_field(struct message *message, enum field field)
{
	if (row_types[field] == ROW_TYPE_TEXT || row_types[field] == ROW_TYPE_BLOB) {
		/* Lengths that need each kind of padding. */
		message_set_text(message, field,
				 slice_from("\xc3\xbc"
					    "bertext!!",
					    2 + field % 9));
	} else if (row_types[field] == ROW_TYPE_I64) {
		message_set_signed(message, field, -(int64_t)field);
	} else {
		message_set_number(message, field, UINT64_MAX - field);
	}
}

static void assert_field(const struct message *message, enum field field)
{
	assert_true(message_has(message, field));
	if (row_types[field] == ROW_TYPE_TEXT || row_types[field] == ROW_TYPE_BLOB) {
		assert_true(
			slice_is_equal(message_text(message, field), slice_from("\xc3\xbc"
										"bertext!!",
										2 + field % 9)));
	} else if (row_types[field] == ROW_TYPE_I64) {
		assert_int_equal(message_signed(message, field, 0), -(int64_t)field);
	} else {
		assert_true(message_number(message, field, 0) == UINT64_MAX - field);
	}
}

static void round_trip(const struct row *row, uint64_t fields)
{
	struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
	struct message message;
	struct message decoded;
	char error[MESSAGE_ERROR_BYTES];

	message_init(&message, row->type, 4711);
	for (uint64_t left = fields; left != 0; left &= left - 1) {
		set_field(&message, (enum field)__builtin_ctzll(left));
	}
	assert_int_equal(message_encode(&message, &buf), 0);
	assert_int_equal(buf.len % 8, 0);

	assert_int_equal(
		message_decode(buf_slice(&buf), row->senders, row->fds_min, &decoded, error), 0);
	assert_int_equal(decoded.type, row->type);
	assert_int_equal(decoded.serial, 4711);
	assert_int_equal(decoded.n_fds, 0);
	assert_true(decoded.present == fields);
	for (uint64_t left = fields; left != 0; left &= left - 1) {
		assert_field(&decoded, (enum field)__builtin_ctzll(left));
	}
	buf_fini(&buf);
}

static void every_message_survives_with_required_and_with_all_fields(void **state)
{
	for (size_t i = 0; i < array_len(rows); i++) {
		round_trip(&rows[i], rows[i].required);
		round_trip(&rows[i], rows[i].required | rows[i].optional);
	}
}

static void encode_minimal(const struct row *row, struct buf *buf)
{
	struct message message;

	message_init(&message, row->type, 1);
	for (uint64_t left = row->required; left != 0; left &= left - 1) {
		set_field(&message, (enum field)__builtin_ctzll(left));
	}
	assert_int_equal(message_encode(&message, buf), 0);
}

static void only_the_senders_of_the_row_may_send_it(void **state)
{
	for (size_t i = 0; i < array_len(rows); i++) {
		struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
		struct message message;
		char error[MESSAGE_ERROR_BYTES];

		encode_minimal(&rows[i], &buf);
		for (unsigned sender = 1; sender < ROW_ALL_SENDERS; sender *= 2) {
			int expected = (rows[i].senders & sender) != 0 ? 0 : MESSAGE_E_INVALID;

			assert_int_equal(message_decode(buf_slice(&buf), sender, rows[i].fds_min,
							&message, error),
					 expected);
		}
		buf_fini(&buf);
	}
}

static void only_the_rows_number_of_descriptors_may_come(void **state)
{
	for (size_t i = 0; i < array_len(rows); i++) {
		struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
		struct message message;
		char error[MESSAGE_ERROR_BYTES];

		encode_minimal(&rows[i], &buf);
		for (int n_fds = 0; n_fds <= MESSAGE_FDS_MAX; n_fds++) {
			bool is_allowed = n_fds >= rows[i].fds_min && n_fds <= rows[i].fds_max;

			assert_int_equal(message_decode(buf_slice(&buf), rows[i].senders, n_fds,
							&message, error),
					 is_allowed ? 0 : MESSAGE_E_INVALID);
		}
		buf_fini(&buf);
	}
}

static void type_names_are_the_tables(void **state)
{
	assert_string_equal(message_type_name(MESSAGE_URL_ADD), "URL_ADD");
	assert_string_equal(message_type_name(MESSAGE_HELLO), "HELLO");
	assert_string_equal(message_type_name(0), "unknown");
	assert_string_equal(message_type_name(99), "unknown");
	assert_string_equal(message_type_name(UINT32_MAX), "unknown");
}

static void absent_fields_give_the_default(void **state)
{
	struct message message;

	message_init(&message, MESSAGE_URL_ADD, 1);
	assert_int_equal(message_number(&message, FIELD_CONTEXT, 42), 42);
	assert_int_equal(message_signed(&message, FIELD_CODE, -7), -7);
	assert_null(message_text(&message, FIELD_PREFIX).data);
	assert_false(message_has(&message, FIELD_PREFIX));
}

static void a_text_over_the_limit_is_too_large_and_nothing_is_written(void **state)
{
	static char text[MESSAGE_BYTES_MAX];
	struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
	struct message message;
	size_t overhead = 8 + 8 + 8 + 8; /* head, field, number, field */

	memset(text, 'x', sizeof(text));
	message_init(&message, MESSAGE_URL_ADD, 1);
	message_set_number(&message, FIELD_GROUP_ID, 1);
	message_set_text(&message, FIELD_PREFIX, slice_from(text, sizeof(text) - overhead));
	assert_int_equal(message_encode(&message, &buf), 0);
	assert_int_equal(buf.len, MESSAGE_BYTES_MAX);

	buf_clear(&buf);
	message_set_text(&message, FIELD_PREFIX, slice_from(text, sizeof(text) - overhead + 1));
	assert_int_equal(message_encode(&message, &buf), MESSAGE_E_TOO_LARGE);
	message_set_text(&message, FIELD_PREFIX, slice_from(text, SIZE_MAX));
	assert_int_equal(message_encode(&message, &buf), MESSAGE_E_TOO_LARGE);
	assert_int_equal(buf.len, 0);
	buf_fini(&buf);
}

static void encoding_without_memory_is_fatal(void **state)
{
	struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
	struct message message;

	message_init(&message, MESSAGE_ENGINE_START, 0);
	mem_fail_at(1);
	assert_true(message_encode(&message, &buf) < 0);
	mem_fail_at(0);
	assert_int_equal(message_encode(&message, &buf), 0);
	buf_fini(&buf);
}

static void descriptors_belong_to_the_message_until_taken(void **state)
{
	struct message message;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	message_init(&message, MESSAGE_ADMIN_REPLY, 1);
	message_adopt_fd(&message, fds[0]);
	message_adopt_fd(&message, fds[1]);
	assert_int_equal(message_take_fd(&message, 0), fds[0]);
	assert_int_equal(message_take_fd(&message, 0), -1);
	assert_int_equal(message_take_fd(&message, 2), -1);

	message_fini(&message);
	assert_int_not_equal(fcntl(fds[0], F_GETFD), -1);
	assert_int_equal(fcntl(fds[1], F_GETFD), -1);
	close(fds[0]);
	message_fini(&message);
	message_fini(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_survives_with_required_and_with_all_fields),
		cmocka_unit_test(only_the_senders_of_the_row_may_send_it),
		cmocka_unit_test(only_the_rows_number_of_descriptors_may_come),
		cmocka_unit_test(type_names_are_the_tables),
		cmocka_unit_test(absent_fields_give_the_default),
		cmocka_unit_test(a_text_over_the_limit_is_too_large_and_nothing_is_written),
		cmocka_unit_test(encoding_without_memory_is_fatal),
		cmocka_unit_test(descriptors_belong_to_the_message_until_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
