/* SPDX-License-Identifier: MIT */

/* Base64: the vectors of RFC 4648 10, and only the canonical form is read. */

#include "fixture.h"
#include "registry/base64.h"

static void the_vectors_of_the_rfc_pass_both_ways(void **state)
{
	const struct vector {
		struct slice bytes;
		const char *text;
	} vectors[] = {
		{SLICE(""), ""},
		{SLICE("f"), "Zg=="},
		{SLICE("fo"), "Zm8="},
		{SLICE("foo"), "Zm9v"},
		{SLICE("foob"), "Zm9vYg=="},
		{SLICE("fooba"), "Zm9vYmE="},
		{SLICE("foobar"), "Zm9vYmFy"},
		{SLICE("\0\xff\xfe\x80"), "AP/+gA=="},
	};

	for (size_t i = 0; i < array_len(vectors); i++) {
		struct buf text = {0};
		struct buf bytes = {0};

		assert_int_equal(base64_encode(vectors[i].bytes, &text), 0);
		assert_true(slice_is_equal(buf_slice(&text), slice_from_str(vectors[i].text)));
		assert_int_equal(base64_decode(buf_slice(&text), &bytes), 0);
		assert_true(slice_is_equal(buf_slice(&bytes), vectors[i].bytes));
		buf_fini(&text);
		buf_fini(&bytes);
	}
}

static void other_texts_are_refused(void **state)
{
	const struct slice texts[] = {
		SLICE("Zg"),
		SLICE("Zg="),
		SLICE("Z"),
		SLICE("===="),
		SLICE("Z==="),
		SLICE("Zh=="),
		SLICE("Zm9="),
		SLICE("Zg==Zg=="),
		SLICE("Zm 9"),
		SLICE("Zm9v\n"),
		SLICE("Zm-_"),
		SLICE("Zm9\0"),
		SLICE("\xff\xff\xff\xff"),
		SLICE("=Zm9"),
		SLICE("Zg=v"),
	};

	for (size_t i = 0; i < array_len(texts); i++) {
		struct buf bytes = {0};

		assert_int_equal(base64_decode(texts[i], &bytes), BASE64_E_INVALID);
		buf_fini(&bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_pass_both_ways),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
