/* SPDX-License-Identifier: MIT */

/* What the decoder refuses, byte by byte, and how it says so. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "rows.h"
#include "wire/message.h"

/* Hand-made bytes of a message. */
struct bytes {
	char data[2 * MESSAGE_BYTES_MAX];
	size_t len;
};

static void put(struct bytes *bytes, const void *data, size_t len)
{
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void put_u32(struct bytes *bytes, uint32_t value)
{
	put(bytes, &value, sizeof(value));
}

static void put_head(struct bytes *bytes, uint32_t type)
{
	bytes->len = 0;
	put_u32(bytes, type);
	put_u32(bytes, 1);
}

/* put_field() - a field of @claimed bytes that brings @len, padded with @padding */
static void put_field(struct bytes *bytes, uint32_t number, uint32_t claimed, const void *data,
		      size_t len, char padding)
{
	put_u32(bytes, number);
	put_u32(bytes, claimed);
	put(bytes, data, len);
	while (bytes->len % 8 != 0) {
		put(bytes, &padding, 1);
	}
}

static void put_number(struct bytes *bytes, uint32_t field, uint64_t value)
{
	put_field(bytes, field, sizeof(value), &value, sizeof(value), 0);
}

static void put_text(struct bytes *bytes, uint32_t field, const char *text, size_t len)
{
	put_field(bytes, field, (uint32_t)len, text, len, 0);
}

/* A valid URL_ADD but for its prefix. */
static void put_url_add(struct bytes *bytes)
{
	put_head(bytes, MESSAGE_URL_ADD);
	put_number(bytes, FIELD_GROUP_ID, 7);
}

static int decode(const struct bytes *bytes, struct message *message, char *error)
{
	return message_decode(slice_from(bytes->data, bytes->len), MESSAGE_SENDER_APP, 0, message,
			      error);
}

static void assert_refused(const struct bytes *bytes, const char *because)
{
	struct message message = {.serial = 4711};
	char error[MESSAGE_ERROR_BYTES] = "";

	assert_int_equal(decode(bytes, &message, error), MESSAGE_E_INVALID);
	if (strstr(error, because) == NULL) {
		fail_msg("\"%s\" does not say \"%s\"", error, because);
	}
	/* Nothing was written. */
	assert_int_equal(message.serial, 4711);
}

static void heads_that_are_none_are_refused(void **state)
{
	static struct bytes bytes;

	bytes.len = 0;
	assert_refused(&bytes, "0 bytes");
	put_u32(&bytes, MESSAGE_GROUP_CREATE);
	assert_refused(&bytes, "4 bytes");
	put_head(&bytes, 0);
	assert_refused(&bytes, "message 0 is unknown");
	put_head(&bytes, 4711);
	assert_refused(&bytes, "message 4711 is unknown");
	put_head(&bytes, UINT32_MAX);
	assert_refused(&bytes, "unknown");
	put_head(&bytes, MESSAGE_CLAIM_OPEN);
	assert_refused(&bytes, "CLAIM_OPEN may not be sent from this side");
}

static void missing_fields_are_refused_by_name(void **state)
{
	static struct bytes bytes;

	put_head(&bytes, MESSAGE_URL_ADD);
	assert_refused(&bytes, "field GROUP_ID is missing");
	put_url_add(&bytes);
	assert_refused(&bytes, "field PREFIX is missing");
}

static void unknown_and_foreign_fields_are_refused(void **state)
{
	static struct bytes bytes;

	put_url_add(&bytes);
	put_number(&bytes, 0, 1);
	assert_refused(&bytes, "field 0 is unknown");
	put_url_add(&bytes);
	put_number(&bytes, 63, 1);
	assert_refused(&bytes, "field 63 is unknown");
	put_url_add(&bytes);
	put_number(&bytes, 0xffff, 1);
	assert_refused(&bytes, "unknown");
	put_url_add(&bytes);
	put_number(&bytes, FIELD_GROUP_ID | 1u << 16, 1);
	assert_refused(&bytes, "unknown");
	put_url_add(&bytes);
	put_number(&bytes, FIELD_PORT, 80);
	assert_refused(&bytes, "field PORT is not allowed here");
	put_url_add(&bytes);
	put_number(&bytes, FIELD_GROUP_ID, 8);
	assert_refused(&bytes, "field GROUP_ID is there twice");
}

static void numbers_of_any_other_size_are_refused(void **state)
{
	static struct bytes bytes;

	for (uint32_t len = 0; len <= 16; len++) {
		if (len != 8) {
			put_head(&bytes, MESSAGE_GROUP_CLOSE);
			put_text(&bytes, FIELD_GROUP_ID, "0123456789abcdef", len);
			assert_refused(&bytes, "field GROUP_ID is no number");
		}
	}
}

static void texts_with_nul_or_without_utf8_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *because;
	} cases[] = {
		{"\0", 1, "contains NUL"},           {"http://a:1/\0", 12, "contains NUL"},
		{"\xff", 1, "is not UTF-8"},         {"\xc0\x80", 2, "is not UTF-8"},
		{"\xed\xa0\x80", 3, "is not UTF-8"}, {"abc\xe2\x82", 5, "is not UTF-8"},
	};
	static struct bytes bytes;

	for (size_t i = 0; i < array_len(cases); i++) {
		put_url_add(&bytes);
		put_text(&bytes, FIELD_PREFIX, cases[i].text, cases[i].len);
		assert_refused(&bytes, cases[i].because);
	}
}

static void cut_off_fields_are_refused(void **state)
{
	static struct bytes bytes;

	put_url_add(&bytes);
	put_field(&bytes, FIELD_PREFIX, 9, "12345678", 8, 0);
	assert_refused(&bytes, "field PREFIX is cut off");
	put_url_add(&bytes);
	put_field(&bytes, FIELD_PREFIX, UINT32_MAX, "12345678", 8, 0);
	assert_refused(&bytes, "field PREFIX is cut off");
	put_url_add(&bytes);
	put_u32(&bytes, FIELD_PREFIX);
	assert_refused(&bytes, "4 bytes after the last field");
}

static void every_truncation_of_a_message_is_refused(void **state)
{
	static struct bytes bytes;
	struct message message;
	char error[MESSAGE_ERROR_BYTES];

	put_url_add(&bytes);
	put_text(&bytes, FIELD_PREFIX, "http://localhost:8080/", 22);
	put_number(&bytes, FIELD_CONTEXT, 9);
	size_t whole = bytes.len;
	assert_int_equal(decode(&bytes, &message, error), 0);

	/* Without the optional last field it is a message again, nowhere else. */
	for (bytes.len = 0; bytes.len < whole; bytes.len++) {
		int expected = bytes.len == whole - 16 ? 0 : MESSAGE_E_INVALID;

		assert_int_equal(decode(&bytes, &message, error), expected);
	}
}

static void padding_must_be_zero(void **state)
{
	static struct bytes bytes;

	put_url_add(&bytes);
	put_field(&bytes, FIELD_PREFIX, 5, "12345", 5, 'x');
	assert_refused(&bytes, "padding");
}

static void a_message_over_the_limit_is_refused(void **state)
{
	static struct bytes bytes;

	put_url_add(&bytes);
	put_field(&bytes, FIELD_PREFIX, MESSAGE_BYTES_MAX, bytes.data, 0, 0);
	memset(bytes.data + bytes.len, 'x', MESSAGE_BYTES_MAX);
	bytes.len += MESSAGE_BYTES_MAX;
	assert_refused(&bytes, "bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_that_are_none_are_refused),
		cmocka_unit_test(missing_fields_are_refused_by_name),
		cmocka_unit_test(unknown_and_foreign_fields_are_refused),
		cmocka_unit_test(numbers_of_any_other_size_are_refused),
		cmocka_unit_test(texts_with_nul_or_without_utf8_are_refused),
		cmocka_unit_test(cut_off_fields_are_refused),
		cmocka_unit_test(every_truncation_of_a_message_is_refused),
		cmocka_unit_test(padding_must_be_zero),
		cmocka_unit_test(a_message_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
