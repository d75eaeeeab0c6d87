/* SPDX-License-Identifier: MIT */

/* The table of parameters: each row is sound, and its limits are kept on both sides. */

#include "fixture.h"
#include "registry/schema.h"

/* A value of @entry's type whose measure (number, strings, bytes) is @measure. */
static void make_value(const struct schema_entry *entry, uint64_t measure,
		       struct registry_value *value)
{
	char *bytes = mem_new(measure + 1);
	struct slice *strings = mem_new_array(measure + 1, sizeof(*strings));

	assert_true(bytes != NULL && strings != NULL);
	memset(bytes, 'x', measure);
	switch (entry->type) {
	case REGISTRY_TYPE_STRING:
		assert_int_equal(registry_value_init_string(value, slice_from(bytes, measure)), 0);
		break;
	case REGISTRY_TYPE_MULTI_STRING:
		assert_int_equal(registry_value_init_strings(value, strings, measure), 0);
		break;
	default:
		fail_msg("%s: no such type in the table", entry->name);
	}
	mem_free(bytes);
	mem_free(strings);
}

static int check_measure(const struct schema_entry *entry, uint64_t measure,
			 struct registry_error *error)
{
	struct registry_value value = {0};

	if (entry->type == REGISTRY_TYPE_DWORD) {
		registry_value_init_dword(&value, (uint32_t)measure);
	} else {
		make_value(entry, measure, &value);
	}

	int r = schema_check(entry, &value, error);

	registry_value_fini(&value);

	return r;
}

static void every_row_keeps_its_limits_on_both_sides(void **state)
{
	for (unsigned i = 0; i < SCHEMA_COUNT_; i++) {
		const struct schema_entry *entry = schema_entry((enum schema_id)i);
		struct registry_error error = {.text = ""};

		assert_true(entry->min <= entry->max);
		assert_int_equal(check_measure(entry, entry->min, &error), 0);
		assert_int_equal(check_measure(entry, entry->max, &error), 0);
		if (entry->type == REGISTRY_TYPE_DWORD) {
			assert_int_equal(check_measure(entry, entry->initial, &error), 0);
		}
		if (entry->min > 0) {
			assert_int_equal(check_measure(entry, entry->min - 1, &error),
					 SCHEMA_E_RANGE);
		}
		assert_int_equal(check_measure(entry, (uint64_t)entry->max + 1, &error),
				 SCHEMA_E_RANGE);
		assert_non_null(strstr(error.text, entry->name));
	}
}

static void every_row_is_found_by_its_name_alone(void **state)
{
	for (unsigned i = 0; i < SCHEMA_COUNT_; i++) {
		const struct schema_entry *entry = schema_entry((enum schema_id)i);

		assert_int_equal(entry->id, i);
		assert_ptr_equal(schema_find(entry->key, entry->name), entry);
		assert_true(entry->doc[0] != '\0' && strchr(entry->doc, '\n') == NULL);
		assert_true(schema_effect_text(entry->effect)[0] != '\0');
	}
}

static void names_are_found_without_case_and_others_are_not(void **state)
{
	assert_int_equal(schema_find("http/PARAMETERS", "maxfieldlength")->id,
			 SCHEMA_MAX_FIELD_LENGTH);
	assert_int_equal(schema_find("HTTP/Parameters/UrlAclInfo", "http://+:80/x/")->id,
			 SCHEMA_URL_ACL_INFO);
	assert_null(schema_find("HTTP/Parameters", "MaxFieldLengths"));
	assert_null(schema_find("HTTP", "MaxFieldLength"));
	assert_null(schema_find("", ""));
}

static void an_error_names_parameter_value_range_and_unit(void **state)
{
	const struct schema_entry *entry = schema_entry(SCHEMA_MAX_FIELD_LENGTH);
	struct registry_error error;
	struct registry_value value;

	assert_int_equal(check_measure(entry, 63, &error), SCHEMA_E_RANGE);
	assert_string_equal(error.text,
			    "MaxFieldLength is 63 bytes, out of its range 64 to 65534 bytes");
	assert_int_equal(registry_value_init_string(&value, SLICE("64")), 0);
	assert_int_equal(schema_check(entry, &value, &error), SCHEMA_E_TYPE);
	assert_string_equal(error.text, "MaxFieldLength takes a dword, not a string");
	assert_int_equal(schema_check(entry, &value, NULL), SCHEMA_E_TYPE);
	registry_value_fini(&value);
}

static void the_defaults_of_the_original_are_ours(void **state)
{
	static const struct {
		const char *name;
		uint32_t initial;
		uint32_t min;
		uint32_t max;
	} rows[] = {
		{"MaxFieldLength", 16384, 64, 65534},
		{"MaxRequestBytes", 16384, 256, 16777216},
		{"UrlSegmentMaxLength", 260, 0, 32766},
		{"UrlSegmentMaxCount", 255, 0, 16383},
		{"AllowRestrictedChars", 0, 0, 1},
		{"PercentUAllowed", 1, 0, 1},
		{"EnableNonUTF8", 1, 0, 1},
		{"FavorUTF8", 1, 0, 1},
		{"DisableServerHeader", 0, 0, 2},
		{"IdleConnectionTimeout", 120, 1, 65535},
		{"QueueLength", 1000, 1, 65535},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		const struct schema_entry *entry = schema_find("HTTP/Parameters", rows[i].name);

		assert_non_null(entry);
		assert_int_equal(entry->initial, rows[i].initial);
		assert_int_equal(entry->min, rows[i].min);
		assert_int_equal(entry->max, rows[i].max);
	}
}

struct warned {
	unsigned n;
	struct registry_error text;
};

static void note_warning(void *context, const struct schema_entry *entry, const char *text)
{
	struct warned *warned = context;

	warned->n++;
	(void)snprintf(warned->text.text, sizeof(warned->text.text), "%s", text);
}

static void a_stored_value_counts_and_a_missing_one_is_the_default(void **state)
{
	struct fixture *f = *state;
	struct warned warned = {0};

	assert_int_equal(schema_dword(f->registry, SCHEMA_MAX_FIELD_LENGTH, note_warning, &warned),
			 16384);
	fixture_put_dword(f->registry, "http/parameters", "maxfieldlength", 64);
	assert_int_equal(schema_dword(f->registry, SCHEMA_MAX_FIELD_LENGTH, note_warning, &warned),
			 64);
	assert_int_equal(warned.n, 0);
}

static void a_stored_value_out_of_range_is_the_default_with_a_warning(void **state)
{
	struct fixture *f = *state;
	struct warned warned = {0};

	fixture_put_dword(f->registry, "HTTP/Parameters", "MaxFieldLength", 63);
	assert_int_equal(schema_dword(f->registry, SCHEMA_MAX_FIELD_LENGTH, note_warning, &warned),
			 16384);
	assert_int_equal(warned.n, 1);
	assert_string_equal(warned.text.text, "MaxFieldLength is 63 bytes, out of its range 64 to "
					      "65534 bytes: using the default 16384 bytes");
	fixture_put_string(f->registry, "HTTP/Parameters", "MaxFieldLength", "64");
	assert_int_equal(schema_dword(f->registry, SCHEMA_MAX_FIELD_LENGTH, note_warning, &warned),
			 16384);
	assert_int_equal(warned.n, 2);
	assert_int_equal(schema_dword(f->registry, SCHEMA_MAX_FIELD_LENGTH, NULL, NULL), 16384);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_keeps_its_limits_on_both_sides),
		cmocka_unit_test(every_row_is_found_by_its_name_alone),
		cmocka_unit_test(names_are_found_without_case_and_others_are_not),
		cmocka_unit_test(an_error_names_parameter_value_range_and_unit),
		cmocka_unit_test(the_defaults_of_the_original_are_ours),
		TEST(a_stored_value_counts_and_a_missing_one_is_the_default),
		TEST(a_stored_value_out_of_range_is_the_default_with_a_warning),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
