/* SPDX-License-Identifier: MIT */

/* Export and import: a fixed point, and errors that say where. */

#include "fixture.h"

/* Some of everything, with characters that JSON escapes. */
static void fill(struct registry *registry)
{
	const struct slice strings[] = {SLICE("127.0.0.1"), SLICE(""), SLICE("[::1]:80")};
	struct registry_tx *tx = fixture_begin(registry);

	assert_int_equal(registry_put_strings(tx, "HTTP/Parameters", "ListenOnlyList", strings, 3),
			 0);
	assert_int_equal(registry_put_strings(tx, "HTTP/Parameters/X", "none", NULL, 0), 0);
	assert_int_equal(registry_put_dword(tx, "HTTP/Parameters", "MaxFieldLength", 65534), 0);
	assert_int_equal(registry_put_dword(tx, "W3SVC/1", "max", UINT32_MAX), 0);
	assert_int_equal(registry_put_string(tx, "HTTP/Parameters/UrlAclInfo", "http://+:80/\"\\\n",
					     SLICE("D:(A;;GX;;;WD)\t\x7f\xc3\xa4")),
			 0);
	assert_int_equal(registry_put_string(tx, "W3SVC", "", SLICE("")), REGISTRY_E_INVALID);
	assert_int_equal(registry_put_string(tx, "W3SVC", "empty", SLICE("")), 0);
	assert_int_equal(registry_put_binary(tx, "W3SVC", "bytes", SLICE("\0\xff\x80")), 0);
	assert_int_equal(registry_put_binary(tx, "W3SVC", "nothing", SLICE("")), 0);
	fixture_commit(tx);
}

static void export_import_export_is_a_fixed_point(void **state)
{
	struct fixture *f = *state;
	char path[FIXTURE_PATH_BYTES + 8];

	(void)snprintf(path, sizeof(path), "%s.2", f->path);

	struct registry *other = fixture_open(path, REGISTRY_OPEN_CREATE);

	fill(f->registry);
	fixture_put_dword(other, "http/PARAMETERS", "listenONLYlist", 3);
	fixture_put_dword(other, "gone", "v", 3);

	char *text = fixture_export(f->registry);
	struct registry_tx *tx = fixture_begin(other);

	assert_int_equal(registry_import_json(tx, slice_from_str(text)), 0);
	fixture_commit(tx);

	char *again = fixture_export(other);

	assert_string_equal(text, again);
	mem_free(again);
	mem_free(text);
	registry_close(other);
}

static void an_import_of_the_same_state_makes_no_revision(void **state)
{
	struct fixture *f = *state;

	fill(f->registry);

	uint64_t revision = fixture_revision(f->registry);
	char *text = fixture_export(f->registry);
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_int_equal(registry_import_json(tx, slice_from_str(text)), 0);
	assert_int_equal(fixture_commit(tx), revision);
	mem_free(text);
}

static void an_empty_registry_is_exported_and_imported(void **state)
{
	struct fixture *f = *state;
	char *text = fixture_export(f->registry);
	struct registry_tx *tx = fixture_begin(f->registry);

	assert_non_null(strstr(text, "\"keys\": []"));
	assert_int_equal(registry_import_json(tx, slice_from_str(text)), 0);
	assert_int_equal(fixture_commit(tx), 1);
	mem_free(text);
}

#define HEAD  "{\"format\": \"httpsys-registry\", \"version\": 1, \"keys\": "
#define KEY   HEAD "[{\"key\": \"HTTP/Parameters\", \"values\": ["
#define VALUE KEY "{\"name\": \"MaxFieldLength\", \"type\": "
#define END   "]}]}"

/* What is no export, and what the error names. */
static const struct refused {
	const char *text;
	const char *named;
} refused[] = {
	{"", "line 1"},
	{"{\n\"format\" 1}", "line 2, column"},
	{"[]", "no export of a registry"},
	{"{\"format\": \"other\", \"version\": 1, \"keys\": []}", "no export of a registry"},
	{"{\"format\": \"httpsys-registry\", \"version\": 2, \"keys\": []}", "version 2"},
	{HEAD "[], \"more\": 1}", "no export of a registry"},
	{HEAD "{}}", "no export of a registry"},
	{HEAD "[1]}", "each key needs"},
	{HEAD "[{\"key\": \"a\", \"values\": 1}]}", "each key needs"},
	{HEAD "[{\"key\": \"a\"}]}", "each key needs"},
	{HEAD "[{\"key\": \"/\", \"values\": [{\"name\": \"v\", \"type\": \"dword\","
	      " \"value\": 1}]}]}",
	 "'/' is no key"},
	{KEY "1" END, "HTTP/Parameters a value: it needs name"},
	{KEY "{\"name\": \"v\", \"name\": \"w\"}" END, "duplicate"},
	{KEY "{\"name\": \"v\", \"type\": \"dword\", \"value\": 1, \"x\": 1}" END, "nothing else"},
	{VALUE "\"qword\", \"value\": 1}" END, "its type is none of"},
	{VALUE "\"dword\", \"value\": \"64\"}" END, "HTTP/Parameters MaxFieldLength: a number"},
	{VALUE "\"dword\", \"value\": -1}" END, "a number from 0"},
	{VALUE "\"dword\", \"value\": 4294967296}" END, "a number from 0"},
	{VALUE "\"dword\", \"value\": 64.0}" END, "a number from 0"},
	{VALUE "\"dword\", \"value\": 63}" END, "out of its range 64 to 65534 bytes"},
	{VALUE "\"string\", \"value\": \"64\"}" END, "takes a dword, not a string"},
	{VALUE "\"string\", \"value\": 64}" END, "a string is needed"},
	{VALUE "\"string\", \"value\": \"a\\u0000b\"}" END, "line 1"},
	{VALUE "\"multi-string\", \"value\": \"a\"}" END, "an array of strings"},
	{VALUE "\"multi-string\", \"value\": [1]}" END, "an array of strings"},
	{VALUE "\"binary\", \"value\": \"Zg\"}" END, "base64"},
	{VALUE "\"binary\", \"value\": []}" END, "base64"},
};

static void other_texts_are_refused_and_the_error_says_where(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < array_len(refused); i++) {
		struct registry_tx *tx = fixture_begin(f->registry);

		assert_int_equal(registry_import_json(tx, slice_from_str(refused[i].text)),
				 REGISTRY_E_INVALID);
		if (strstr(registry_error(f->registry), refused[i].named) == NULL) {
			fail_msg("%s: %s", refused[i].text, registry_error(f->registry));
		}
		registry_tx_free(tx);
	}
	assert_int_equal(fixture_revision(f->registry), 1);
}

static void an_export_over_the_limit_is_refused_and_appends_nothing(void **state)
{
	struct fixture *f = *state;
	struct buf buf = {.len_max = 100};

	fill(f->registry);
	assert_int_equal(buf_append_str(&buf, "before"), 0);
	assert_int_equal(registry_export_json(f->registry, &buf), REGISTRY_E_INVALID);
	assert_non_null(strstr(registry_error(f->registry), "100 bytes"));
	assert_int_equal(buf.len, 6);
	buf_fini(&buf);
}

static void any_allocation_may_fail(void **state)
{
	struct fixture *f = *state;
	int r = -ENOMEM;

	fill(f->registry);

	char *text = fixture_export(f->registry);

	for (uint64_t n = 1; r != 0; n++) {
		struct registry_tx *tx = NULL;
		struct buf buf = {0};

		(void)mem_fail_at(n);
		r = registry_begin(f->registry, 0, &tx);
		r = r == 0 ? registry_import_json(tx, slice_from_str(text)) : r;
		r = r == 0 ? registry_export_json(f->registry, &buf) : r;
		(void)mem_fail_at(0);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true(n < 1000);
		assert_int_equal(buf.len, r == 0 ? strlen(text) : 0);
		registry_tx_free(tx);
		buf_fini(&buf);
	}
	mem_free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(export_import_export_is_a_fixed_point),
		TEST(an_import_of_the_same_state_makes_no_revision),
		TEST(an_empty_registry_is_exported_and_imported),
		TEST(other_texts_are_refused_and_the_error_says_where),
		TEST(an_export_over_the_limit_is_refused_and_appends_nothing),
		TEST(any_allocation_may_fail),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
