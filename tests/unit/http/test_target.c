/* SPDX-License-Identifier: MIT */

/* Cooking of paths, row by row: raw bytes, limits, result. */

#include "http/target.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/mem.h"

#define COOK_BYTES 4096

struct target_row {
	const char *raw;
	const char *want; /* NULL = refused with HTTP_REASON_URL */
};

/* Cook @raw into a block that is exactly as large as the bound allows. */
static enum http_reason target_cook_exact(struct slice raw, const struct http_limits *limits,
					  char *ret_text, struct slice *ret_path)
{
	size_t cap = HTTP_TARGET_COOKED_BYTES(raw.len);
	char *out = mem_new(cap + 1);
	char *in = mem_new(raw.len + 1);

	assert_non_null(out);
	assert_non_null(in);
	memcpy(in + 1, raw.data, raw.len);
	enum http_reason reason =
		http_target_cook(slice_from(in + 1, raw.len), limits, out + 1, cap, ret_path);
	if (reason == HTTP_REASON_NONE) {
		assert_true(ret_path->len <= COOK_BYTES);
		memcpy(ret_text, ret_path->data, ret_path->len);
		ret_path->data = ret_text;
	}
	mem_free(in);
	mem_free(out);

	return reason;
}

static void target_check_rows(const struct target_row *rows, size_t n_rows,
			      const struct http_limits *limits)
{
	for (size_t i = 0; i < n_rows; i++) {
		char text[COOK_BYTES];
		struct slice path = {0};
		enum http_reason reason =
			target_cook_exact(slice_from_str(rows[i].raw), limits, text, &path);

		if (rows[i].want == NULL) {
			if (reason != HTTP_REASON_URL) {
				fail_msg("%s: reason %d", rows[i].raw, reason);
			}
		} else if (reason != HTTP_REASON_NONE ||
			   !slice_is_equal(path, slice_from_str(rows[i].want))) {
			fail_msg("%s: \"%.*s\", reason %d, wanted \"%s\"", rows[i].raw,
				 SLICE_ARG(path), reason, rows[i].want);
		}
	}
}

static void escapes_are_undone_once(void **state)
{
	static const struct target_row rows[] = {
		{"/", "/"},
		{"/a/b", "/a/b"},
		{"/a%20b", "/a b"},
		{"/%41%4a%4A", "/AJJ"},
		{"/a%2Fb%2fc", "/a/b/c"},
		{"/%2541", "/%41"},
		{"/%25%34%31", "/%41"},
		{"/%252e%252e/a", "/%2e%2e/a"},
		{"/a?b", "/a?b"},
		{"/%3f%23", "/?#"},
		{"/a;b=c:d@e!$&'()*+,", "/a;b=c:d@e!$&'()*+,"},
		{"/\"<>^`{|}", "/\"<>^`{|}"},
		{"/%", NULL},
		{"/%4", NULL},
		{"/%4g", NULL},
		{"/%g4", NULL},
		{"/%%41", NULL},
		{"/% 41", NULL},
		{"/%0x41", NULL},
		{"", NULL},
		{"a", NULL},
		{"\\a", NULL},
	};
	struct http_limits limits = http_limits_default();

	target_check_rows(rows, array_len(rows), &limits);
}

static void dot_segments_are_removed_and_none_leads_above_the_root(void **state)
{
	static const struct target_row rows[] = {
		{"/.", "/"},
		{"/./", "/"},
		{"/a/.", "/a/"},
		{"/a/./b", "/a/b"},
		{"/a/..", "/"},
		{"/a/../", "/"},
		{"/a/../b", "/b"},
		{"/a/b/../c", "/a/c"},
		{"/a/b/../../c", "/c"},
		{"/a/b/c/./../../g", "/a/g"},
		{"/a//../b", "/a/b"},
		{"//..", "/"},
		{"//", "//"},
		{"/a//b", "/a//b"},
		{"/a///./b", "/a///b"},
		{"/...", "/..."},
		{"/.a", "/.a"},
		{"/..a/a..", "/..a/a.."},
		{"/%2e", "/"},
		{"/a/%2E%2e/b", "/b"},
		{"/a/.%2e/b", "/b"},
		{"/a%2f..%2fb", "/b"},
		{"/a\\b", "/a/b"},
		{"/a%5cb", "/a/b"},
		{"/a\\..\\b", "/b"},
		{"/a%5c..%5Cb", "/b"},
		{"/..", NULL},
		{"/../", NULL},
		{"/../a", NULL},
		{"/./..", NULL},
		{"/a/../..", NULL},
		{"/a/../../b", NULL},
		{"/%2e%2e/a", NULL},
		{"/a/..%2f..%2fb", NULL},
		{"/\\..\\..\\a", NULL},
		{"/..\\a", NULL},
	};
	struct http_limits limits = http_limits_default();

	target_check_rows(rows, array_len(rows), &limits);
}

static void restricted_characters_need_their_switch_and_nul_has_none(void **state)
{
	static const struct target_row refused[] = {
		{"/%01", NULL},      {"/%1f", NULL},    {"/%7F", NULL},    {"/%0d%0a", NULL},
		{"/%09", NULL},      {"/%80", NULL},    {"/%9f", NULL},    {"/%C2%80", NULL},
		{"/\xc2\x9f", NULL}, {"/%u0001", NULL}, {"/%u009F", NULL}, {"/%00", NULL},
		{"/%u0000", NULL},   {"/\x01", NULL},   {"/\x7f", NULL},   {"/\x90", NULL},
	};
	static const struct target_row escaped[] = {
		{"/%01", "/\x01"},     {"/%7F", "/\x7f"}, {"/%C2%80", "/\xc2\x80"},
		{"/%80", "/\xc2\x80"}, {"/%00", NULL},    {"/\x01", NULL},
	};
	static const struct target_row raw[] = {
		{"/\x01", "/\x01"}, {"/\x7f", "/\x7f"}, {"/%01", NULL},
		{"/\t", NULL},      {"/\n", NULL},      {"/\r", NULL},
	};
	struct http_limits limits = http_limits_default();

	target_check_rows(refused, array_len(refused), &limits);
	limits.allow_restricted_chars = true;
	target_check_rows(escaped, array_len(escaped), &limits);
	limits.allow_restricted_chars = false;
	limits.allow_unescaped_restricted_chars = true;
	target_check_rows(raw, array_len(raw), &limits);
}

static void bytes_are_utf8_first_and_latin_1_otherwise(void **state)
{
	static const struct target_row rows[] = {
		{"/caf%C3%A9", "/caf\xc3\xa9"},
		{"/caf\xc3\xa9", "/caf\xc3\xa9"},
		{"/caf\xc3%A9", "/caf\xc3\xa9"},
		{"/caf%E9", "/caf\xc3\xa9"},
		{"/caf\xe9", "/caf\xc3\xa9"},
		{"/%E2%82%AC", "/\xe2\x82\xac"},
		{"/%F0%9F%98%80", "/\xf0\x9f\x98\x80"},
		{"/%C0%AF", "/\xc3\x80\xc2\xaf"}, /* overlong: no slash comes of it */
		{"/%E0%A0", "/\xc3\xa0\xc2\xa0"}, /* cut short */
		{"/%C3", "/\xc3\x83"},            /* at the end */
		{"/%C3/", "/\xc3\x83/"},
		{"/%C3%A9%E9", "/\xc3\xa9\xc3\xa9"},         /* each by itself */
		{"/%ED%A0%A1", "/\xc3\xad\xc2\xa0\xc2\xa1"}, /* a surrogate */
	};
	struct http_limits limits = http_limits_default();

	target_check_rows(rows, array_len(rows), &limits);
}

static void bytes_must_be_utf8_when_nothing_else_is_enabled(void **state)
{
	static const struct target_row rows[] = {
		{"/caf%C3%A9", "/caf\xc3\xa9"},
		{"/caf\xc3\xa9", "/caf\xc3\xa9"},
		{"/caf%E9", NULL},
		{"/caf\xe9", NULL},
		{"/%C0%AF", NULL},
		{"/%E0%A0", NULL},
		{"/%C3", NULL},
		{"/%F5%80%80%80", NULL},
	};
	struct http_limits limits = http_limits_default();

	limits.enable_non_utf8 = false;
	target_check_rows(rows, array_len(rows), &limits);
}

static void bytes_are_latin_1_when_utf8_is_not_favored(void **state)
{
	static const struct target_row rows[] = {
		{"/%C3%A9", "/\xc3\x83\xc2\xa9"},
		{"/%E9", "/\xc3\xa9"},
	};
	struct http_limits limits = http_limits_default();

	limits.favor_utf8 = false;
	target_check_rows(rows, array_len(rows), &limits);
}

static void percent_u_is_a_code_point_if_allowed(void **state)
{
	static const struct target_row rows[] = {
		{"/%u0041", "/A"},
		{"/%U20ac", "/\xe2\x82\xac"},
		{"/%u002f%u002E.%u002fa", "/a"},
		{"/a%u002f%u002E.%u002fb", "/b"},
		{"/%uD83D%uDE00", "/\xf0\x9f\x98\x80"},
		{"/%C3%u00A9", "/\xc3\x83\xc2\xa9"},
		{"/%uD83D", NULL},
		{"/%uD83Dx", NULL},
		{"/%uD83D%u0041", NULL},
		{"/%uDE00", NULL},
		{"/%u004", NULL},
		{"/%u", NULL},
		{"/%u00g1", NULL},
	};
	static const struct target_row forbidden[] = {{"/%u0041", NULL}};
	struct http_limits limits = http_limits_default();

	target_check_rows(rows, array_len(rows), &limits);
	limits.percent_u_allowed = false;
	target_check_rows(forbidden, array_len(forbidden), &limits);
}

static void segments_at_their_limits_pass_and_one_over_is_refused(void **state)
{
	static const struct target_row rows[] = {
		{"/abcd/abcd", "/abcd/abcd"},
		{"/abcde", NULL},
		{"/a/abcde/b", NULL},
		{"/%61%62%63%64", "/abcd"},
		{"/%61%62%63%64%65", NULL},
		{"/%C3%A9%C3%A9%C3%A9%C3%A9", "/\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"},
		{"/%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9", NULL},
		{"/a/b/c", "/a/b/c"},
		{"/a/b/c/d", NULL},
		{"/a/b/c/", NULL},
		{"/a%2fb%5cc/d", NULL},
		{"/a/../b/..", NULL},
	};
	struct http_limits limits = http_limits_default();

	limits.url_segment_chars_max = 4;
	limits.url_segments_max = 3;
	target_check_rows(rows, array_len(rows), &limits);
}

/* A path of @n_segments segments of @n_chars characters. */
static struct slice target_make_path(char *text, size_t n_segments, size_t n_chars)
{
	size_t n = 0;

	for (size_t i = 0; i < n_segments; i++) {
		text[n++] = '/';
		memset(text + n, 'x', n_chars);
		n += n_chars;
	}

	return slice_from(text, n);
}

static void default_segment_limits_are_255_and_260(void **state)
{
	static const struct {
		size_t n_segments;
		size_t n_chars;
		enum http_reason reason;
	} rows[] = {
		{1, 260, HTTP_REASON_NONE}, {1, 261, HTTP_REASON_URL},  {255, 0, HTTP_REASON_NONE},
		{256, 0, HTTP_REASON_URL},  {255, 3, HTTP_REASON_NONE}, {256, 3, HTTP_REASON_URL},
	};
	struct http_limits limits = http_limits_default();
	char raw[COOK_BYTES];
	char text[COOK_BYTES];
	struct slice path;

	for (size_t i = 0; i < array_len(rows); i++) {
		struct slice in = target_make_path(raw, rows[i].n_segments, rows[i].n_chars);

		assert_int_equal(target_cook_exact(in, &limits, text, &path), rows[i].reason);
	}
	limits.url_segment_chars_max = 0;
	limits.url_segments_max = 0;
	assert_int_equal(target_cook_exact(target_make_path(raw, 1, 4000), &limits, text, &path),
			 HTTP_REASON_NONE);
	assert_int_equal(target_cook_exact(target_make_path(raw, 1000, 1), &limits, text, &path),
			 HTTP_REASON_NONE);
}

static void longest_result_fits_the_bound(void **state)
{
	struct http_limits limits = http_limits_default();
	char text[COOK_BYTES];
	struct slice path;
	char raw[201] = "/";

	memset(raw + 1, '\xe9', sizeof(raw) - 1);
	assert_int_equal(target_cook_exact(slice_from(raw, sizeof(raw)), &limits, text, &path),
			 HTTP_REASON_NONE);
	assert_int_equal(path.len, 401);
}

static void output_below_the_bound_is_url_length(void **state)
{
	struct http_limits limits = http_limits_default();
	struct slice path;
	char out[7];

	assert_int_equal(http_target_cook(SLICE("/%41"), &limits, out, sizeof(out), &path),
			 HTTP_REASON_URL_LENGTH);
	assert_int_equal(http_target_cook(SLICE("/plain"), &limits, NULL, 0, &path),
			 HTTP_REASON_NONE);
}

static void authority_form_belongs_to_connect(void **state)
{
	struct http_target target;

	assert_int_equal(http_target_split(SLICE("h:443"), true, &target), HTTP_REASON_NONE);
	assert_int_equal(target.form, HTTP_TARGET_AUTHORITY);
	assert_true(slice_is_equal(target.authority, SLICE("h:443")));
	assert_int_equal(http_target_split(SLICE("h:443"), false, &target), HTTP_REASON_URL);
	assert_int_equal(http_target_split(SLICE(""), false, &target), HTTP_REASON_URL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_are_undone_once),
		cmocka_unit_test(dot_segments_are_removed_and_none_leads_above_the_root),
		cmocka_unit_test(restricted_characters_need_their_switch_and_nul_has_none),
		cmocka_unit_test(bytes_are_utf8_first_and_latin_1_otherwise),
		cmocka_unit_test(bytes_must_be_utf8_when_nothing_else_is_enabled),
		cmocka_unit_test(bytes_are_latin_1_when_utf8_is_not_favored),
		cmocka_unit_test(percent_u_is_a_code_point_if_allowed),
		cmocka_unit_test(segments_at_their_limits_pass_and_one_over_is_refused),
		cmocka_unit_test(default_segment_limits_are_255_and_260),
		cmocka_unit_test(longest_result_fits_the_bound),
		cmocka_unit_test(output_below_the_bound_is_url_length),
		cmocka_unit_test(authority_form_belongs_to_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
