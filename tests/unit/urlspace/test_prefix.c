/* SPDX-License-Identifier: MIT */

/* The grammar of URL prefixes: what is accepted and how it is stored, what is refused and why. */

#include "urlspace/prefix.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"
#include "urlspace/prefix_suggest.h"

static void prefix_must_parse(const char *text, struct prefix *ret_prefix)
{
	struct prefix_error error;
	int r = prefix_parse(slice_from_str(text), ret_prefix, &error);

	if (r != 0) {
		fail_msg("%s: refused at %zu: %s", text, error.position,
			 prefix_rule_text(error.rule));
	}
}

static void accepted_prefixes_have_a_canonical_text(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
		const char *host;
		const char *path;
		enum prefix_scheme scheme;
		enum prefix_bucket bucket;
		uint16_t port;
	} rows[] = {
		{"http://localhost:50000/", "http://localhost:50000/", "localhost", "/",
		 PREFIX_SCHEME_HTTP, PREFIX_BUCKET_EXPLICIT, 50000},
		{"http://+:80/x", "http://+:80/x/", "+", "/x/", PREFIX_SCHEME_HTTP,
		 PREFIX_BUCKET_STRONG, 80},
		{"http://+:80/x/", "http://+:80/x/", "+", "/x/", PREFIX_SCHEME_HTTP,
		 PREFIX_BUCKET_STRONG, 80},
		{"https://*:443/", "https://*:443/", "*", "/", PREFIX_SCHEME_HTTPS,
		 PREFIX_BUCKET_WEAK, 443},
		{"http://WWW.Adatum.COM:80/Dir/Sna", "http://www.adatum.com:80/Dir/Sna/",
		 "www.adatum.com", "/Dir/Sna/", PREFIX_SCHEME_HTTP, PREFIX_BUCKET_EXPLICIT, 80},
		{"http://10.0.0.1:80/", "http://10.0.0.1:80/", "10.0.0.1", "/", PREFIX_SCHEME_HTTP,
		 PREFIX_BUCKET_IP, 80},
		{"http://[2001:DB8:0:0:0:0:0:1]:8080/a/", "http://[2001:db8::1]:8080/a/",
		 "[2001:db8::1]", "/a/", PREFIX_SCHEME_HTTP, PREFIX_BUCKET_IP, 8080},
		{"http://[::ffff:10.0.0.1]:80/", "http://10.0.0.1:80/", "10.0.0.1", "/",
		 PREFIX_SCHEME_HTTP, PREFIX_BUCKET_IP, 80},
		{"http://xn--mnchen-3ya.de:80/", "http://xn--mnchen-3ya.de:80/",
		 "xn--mnchen-3ya.de", "/", PREFIX_SCHEME_HTTP, PREFIX_BUCKET_EXPLICIT, 80},
		{"http://my_host:1/", "http://my_host:1/", "my_host", "/", PREFIX_SCHEME_HTTP,
		 PREFIX_BUCKET_EXPLICIT, 1},
		{"http://+:65535/", "http://+:65535/", "+", "/", PREFIX_SCHEME_HTTP,
		 PREFIX_BUCKET_STRONG, 65535},
		{"http://+:80/caf\xc3\xa9 au lait/100%", "http://+:80/caf\xc3\xa9 au lait/100%/",
		 "+", "/caf\xc3\xa9 au lait/100%/", PREFIX_SCHEME_HTTP, PREFIX_BUCKET_STRONG, 80},
		{"http://+:80/...", "http://+:80/.../", "+", "/.../", PREFIX_SCHEME_HTTP,
		 PREFIX_BUCKET_STRONG, 80},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		cleanup_(prefix_fini) struct prefix prefix = {0};

		prefix_must_parse(rows[i].text, &prefix);
		assert_string_equal(prefix.text, rows[i].canonical);
		assert_true(slice_is_equal(prefix.host, slice_from_str(rows[i].host)));
		assert_true(slice_is_equal(prefix.path, slice_from_str(rows[i].path)));
		assert_int_equal(prefix.scheme, rows[i].scheme);
		assert_int_equal(prefix.bucket, rows[i].bucket);
		assert_int_equal(prefix.port, rows[i].port);
		assert_false(prefix.is_subdomain_wildcard);
		assert_false(prefix.has_local_addr);
		assert_int_equal(prefix.addr.family != 0, prefix.bucket == PREFIX_BUCKET_IP);
	}
}

static const struct {
	const char *text;
	enum prefix_rule rule;
	size_t position;
	const char *suggestion; /* NULL = none */
} refused_rows[] = {
	{"", PREFIX_RULE_EMPTY, 0, NULL},
	{"http://localhost:50000", PREFIX_RULE_ROOT_SLASH, 22, "http://localhost:50000/"},
	{"localhost:50000/", PREFIX_RULE_SCHEME_MISSING, 0, "http://localhost:50000/"},
	{"+", PREFIX_RULE_SCHEME_MISSING, 0, "http://+:80/"},
	{"http:/localhost/", PREFIX_RULE_SCHEME_MISSING, 0, NULL},
	{"HTTP://+:80/", PREFIX_RULE_SCHEME_CASE, 0, "http://+:80/"},
	{"httpS://+/", PREFIX_RULE_SCHEME_CASE, 4, "https://+:443/"},
	{"ftp://+:80/", PREFIX_RULE_SCHEME_UNKNOWN, 0, NULL},
	{"http://", PREFIX_RULE_HOST_EMPTY, 7, NULL},
	{"http://:80/", PREFIX_RULE_HOST_EMPTY, 7, NULL},
	{"http://a b:80/", PREFIX_RULE_HOST_CHARACTER, 8, NULL},
	{"http://m\xc3\xbcnchen.de:80/", PREFIX_RULE_HOST_NOT_ASCII, 8, NULL},
	{"http://u:p@a.com:80/", PREFIX_RULE_HOST_USERINFO, 10, "http://a.com:80/"},
	{"http://a%2ecom:80/", PREFIX_RULE_HOST_ESCAPE, 8, NULL},
	{"http://a..com:80/", PREFIX_RULE_HOST_LABEL, 9, NULL},
	{"http://.com:80/", PREFIX_RULE_HOST_LABEL, 7, NULL},
	{"http://a.-b:80/", PREFIX_RULE_HOST_LABEL, 9, NULL},
	{"http://b-:80/", PREFIX_RULE_HOST_LABEL, 7, NULL},
	{"http://a.com.:80/", PREFIX_RULE_HOST_TRAILING_DOT, 12, "http://a.com:80/"},
	{"http://service.*.com:80/", PREFIX_RULE_HOST_WILDCARD, 15, NULL},
	{"http://*a.com:80/", PREFIX_RULE_HOST_WILDCARD, 7, NULL},
	{"http://+.a.com:80/", PREFIX_RULE_HOST_WILDCARD, 7, NULL},
	{"http://*.:80/", PREFIX_RULE_HOST_LABEL, 9, NULL},
	{"http://127.0.0.256:80/", PREFIX_RULE_HOST_IPV4, 7, NULL},
	{"http://127.1:80/", PREFIX_RULE_HOST_IPV4, 7, NULL},
	{"http://010.0.0.1:80/", PREFIX_RULE_HOST_IPV4, 7, NULL},
	{"http://[::1:80/", PREFIX_RULE_HOST_IPV6, 7, NULL},
	{"http://[::g]:80/", PREFIX_RULE_HOST_IPV6, 8, NULL},
	{"http://[10.0.0.1]:80/", PREFIX_RULE_HOST_IPV6, 8, NULL},
	{"http://[::1]80/", PREFIX_RULE_HOST_IPV6, 12, NULL},
	{"http://::1:80/", PREFIX_RULE_HOST_IPV6_BRACKETS, 7, "http://[::1]:80/"},
	{"http://::1/x", PREFIX_RULE_HOST_IPV6_BRACKETS, 7, "http://[::1]:80/x/"},
	{"http://fe80::1%eth0:80/", PREFIX_RULE_HOST_IPV6_BRACKETS, 7, "http://[fe80::1]:80/"},
	{"http://[fe80::1%3]:80/", PREFIX_RULE_HOST_ZONE, 15, "http://[fe80::1]:80/"},
	{"http://0.0.0.0:80/", PREFIX_RULE_HOST_ANY_ADDRESS, 7, "http://+:80/"},
	{"http://[::]:80/", PREFIX_RULE_HOST_ANY_ADDRESS, 7, "http://+:80/"},
	{"http://+/", PREFIX_RULE_PORT_MISSING, 8, "http://+:80/"},
	{"https://+:/x", PREFIX_RULE_PORT_MISSING, 10, "https://+:443/x/"},
	{"http://[::1]", PREFIX_RULE_PORT_MISSING, 12, "http://[::1]:80/"},
	{"http://+:0/", PREFIX_RULE_PORT_ZERO, 9, NULL},
	{"http://+:000/", PREFIX_RULE_PORT_ZERO, 9, NULL},
	{"http://+:080/", PREFIX_RULE_PORT_LEADING_ZERO, 9, "http://+:80/"},
	{"http://+:65536/", PREFIX_RULE_PORT_RANGE, 9, NULL},
	{"http://+:99999999999999999999999/", PREFIX_RULE_PORT_RANGE, 9, NULL},
	{"http://+:*/", PREFIX_RULE_PORT_CHARACTER, 9, NULL},
	{"http://+:8x/", PREFIX_RULE_PORT_CHARACTER, 10, NULL},
	{"http://a.com:80:/", PREFIX_RULE_LOCAL_ADDRESS, 16, NULL},
	{"http://a.com:80:b.com/", PREFIX_RULE_LOCAL_ADDRESS, 16, NULL},
	{"http://a.com:80:::1/", PREFIX_RULE_LOCAL_ADDRESS, 16, NULL},
	{"http://a.com:80:[10.0.0.1]/", PREFIX_RULE_LOCAL_ADDRESS, 16, NULL},
	{"http://a.com:80:0.0.0.0/", PREFIX_RULE_LOCAL_ADDRESS, 16, NULL},
	{"http://a.com:80:[fe80::1%3]/", PREFIX_RULE_LOCAL_ADDRESS, 16, NULL},
	{"http://*:80:10.0.0.1/", PREFIX_RULE_LOCAL_ADDRESS_HOST, 12, "http://10.0.0.1:80/"},
	{"http://10.0.0.1:80:10.0.0.1/", PREFIX_RULE_LOCAL_ADDRESS_HOST, 19, "http://10.0.0.1:80/"},
	{"http://10.0.0.1:80:10.0.0.2/", PREFIX_RULE_LOCAL_ADDRESS_HOST, 19, NULL},
	{"http://+:80?a=b", PREFIX_RULE_QUERY, 11, "http://+:80/"},
	{"http://+:80/barfoo?a=b", PREFIX_RULE_QUERY, 18, "http://+:80/barfoo/"},
	{"http://+:80/barfoo#top", PREFIX_RULE_FRAGMENT, 18, "http://+:80/barfoo/"},
	{"http://+:80/a%20b", PREFIX_RULE_PATH_ESCAPE, 13, "http://+:80/a b/"},
	{"http://+:80/a%2fb", PREFIX_RULE_PATH_ESCAPE, 13, "http://+:80/a/b/"},
	{"http://+:80/%C3%A9", PREFIX_RULE_PATH_ESCAPE, 12, "http://+:80/\xc3\xa9/"},
	{"http://+:80/%u00e9%u20AC", PREFIX_RULE_PATH_ESCAPE, 12,
	 "http://+:80/\xc3\xa9\xe2\x82\xac/"},
	{"http://+:80/%C3", PREFIX_RULE_PATH_ESCAPE, 12, NULL},
	{"http://+:80/%00", PREFIX_RULE_PATH_ESCAPE, 12, NULL},
	{"http://+:80/%ud800", PREFIX_RULE_PATH_ESCAPE, 12, NULL},
	{"http://+:80/%2541", PREFIX_RULE_PATH_ESCAPE, 12, NULL},
	{"http://+:80/a\tb", PREFIX_RULE_PATH_CONTROL, 13, NULL},
	{"http://+:80/a\x7f", PREFIX_RULE_PATH_CONTROL, 13, NULL},
	{"http://+:80/a\xc2\x85", PREFIX_RULE_PATH_CONTROL, 13, NULL},
	{"http://+:80/\xc3(", PREFIX_RULE_PATH_UTF8, 12, NULL},
	{"http://+:80/\xc0\xaf", PREFIX_RULE_PATH_UTF8, 12, NULL},
	{"http://+:80/a\\b", PREFIX_RULE_PATH_BACKSLASH, 13, "http://+:80/a/b/"},
	{"http://+:80/a/./b", PREFIX_RULE_PATH_DOT_SEGMENT, 14, "http://+:80/a/b/"},
	{"http://+:80/a/../b/..", PREFIX_RULE_PATH_DOT_SEGMENT, 14, "http://+:80/"},
	{"http://+:80/..", PREFIX_RULE_PATH_DOT_SEGMENT, 12, "http://+:80/"},
	{"http://+:80//", PREFIX_RULE_PATH_EMPTY_SEGMENT, 12, "http://+:80/"},
	{"http://+:80/a//b", PREFIX_RULE_PATH_EMPTY_SEGMENT, 14, "http://+:80/a/b/"},
	{"HTTP://0.0.0.0/a\\\\b?c", PREFIX_RULE_SCHEME_CASE, 0, "http://+:80/a/b/"},
};

static void refused_prefixes_name_rule_position_and_repair(void **state)
{
	for (size_t i = 0; i < array_len(refused_rows); i++) {
		cleanup_(buf_fini) struct buf suggestion = {0};
		cleanup_(prefix_fini) struct prefix prefix = {0};
		struct slice text = slice_from_str(refused_rows[i].text);
		struct prefix_error error;

		if (prefix_parse(text, &prefix, &error) != PREFIX_E_INVALID) {
			fail_msg("%s: accepted as %s", refused_rows[i].text, prefix.text);
		}
		if (error.rule != refused_rows[i].rule ||
		    error.position != refused_rows[i].position) {
			fail_msg("%s: position %zu: %s", refused_rows[i].text, error.position,
				 prefix_rule_text(error.rule));
		}

		int r = prefix_suggest(text, &error, &suggestion);
		struct slice expected = slice_from_str(refused_rows[i].suggestion);
		assert_int_equal(r, refused_rows[i].suggestion == NULL ? PREFIX_SUGGEST_E_NONE : 0);
		if (!slice_is_equal(buf_slice(&suggestion), expected)) {
			fail_msg("%s: suggests %.*s", refused_rows[i].text,
				 SLICE_ARG(buf_slice(&suggestion)));
		}
	}
}

static void every_rule_has_a_sentence(void **state)
{
	for (unsigned i = 0; i < PREFIX_RULE_COUNT_; i++) {
		assert_non_null(prefix_rule_text((enum prefix_rule)i));
	}
}

static void subdomain_wildcard_is_explicit(void **state)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};

	prefix_must_parse("http://*.Service.contoso.com:80/", &prefix);
	assert_int_equal(prefix.bucket, PREFIX_BUCKET_EXPLICIT);
	assert_true(prefix.is_subdomain_wildcard);
	assert_true(slice_is_equal(prefix.host, SLICE("*.service.contoso.com")));
}

static void host_with_local_address_is_explicit(void **state)
{
	static const char *const texts[][2] = {
		{"http://a.com:80:10.0.0.1/x", "http://a.com:80:10.0.0.1/x/"},
		{"http://a.com:80:[2001:DB8::1]/", "http://a.com:80:[2001:db8::1]/"},
	};

	for (size_t i = 0; i < array_len(texts); i++) {
		cleanup_(prefix_fini) struct prefix prefix = {0};

		prefix_must_parse(texts[i][0], &prefix);
		assert_string_equal(prefix.text, texts[i][1]);
		assert_int_equal(prefix.bucket, PREFIX_BUCKET_EXPLICIT);
		assert_true(prefix.has_local_addr);
		assert_int_not_equal(prefix.addr.family, 0);
		assert_true(slice_is_equal(prefix.host, SLICE("a.com")));
	}
}

static void zero_byte_is_refused(void **state)
{
	static const struct slice texts[] = {
		{.data = "http://a\0:80/", .len = 13},
		{.data = "http://+:80/\0", .len = 13},
		{.data = "http://+:8\0/", .len = 12},
		{.data = "http://[::1\0]:80/", .len = 17},
		{.data = "\0", .len = 1},
	};

	for (size_t i = 0; i < array_len(texts); i++) {
		cleanup_(buf_fini) struct buf line = {0};
		struct prefix prefix;
		struct prefix_error error;

		assert_int_equal(prefix_parse(texts[i], &prefix, &error), PREFIX_E_INVALID);
		assert_int_equal(prefix_error_format(texts[i], &error, &line), 0);
	}
}

static void path_compares_without_ascii_case_only(void **state)
{
	static const struct {
		const char *a, *b;
		bool is_equal;
	} rows[] = {
		{"http://+:80/Foo/Bar", "http://+:80/fOO/bAR/", true},
		{"http://A.com:80/", "http://a.COM:80/", true},
		{"http://+:80/\xc3\x89", "http://+:80/\xc3\xa9",
		 false}, /* capital and small e acute */
		{"http://+:80/", "http://*:80/", false},
		{"http://+:80/", "https://+:80/", false},
		{"http://+:80/", "http://+:81/", false},
		{"http://a.com:80/", "http://a.com:80:10.0.0.1/", false},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		cleanup_(prefix_fini) struct prefix a = {0};
		cleanup_(prefix_fini) struct prefix b = {0};

		prefix_must_parse(rows[i].a, &a);
		prefix_must_parse(rows[i].b, &b);
		assert_int_equal(prefix_is_equal(&a, &b), rows[i].is_equal);
	}
}

static void covers_on_segment_boundaries_in_one_bucket(void **state)
{
	static const struct {
		const char *ancestor, *other;
		bool covers;
	} rows[] = {
		{"http://+:80/", "http://+:80/", true},
		{"http://+:80/", "http://+:80/a/b", true},
		{"http://+:80/a", "http://+:80/A/b", true},
		{"http://+:80/a", "http://+:80/ab", false},
		{"http://+:80/a/b", "http://+:80/a", false},
		{"http://+:80/", "http://a.com:80/x", false},
		{"http://a.com:80/", "http://a.com:8080/", false},
		{"http://a.com:80/", "http://a.com:80:10.0.0.1/", false},
		{"http://*.com:80/", "http://a.com:80/", false},
		{"http://+:80/", "https://+:80/", false},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		cleanup_(prefix_fini) struct prefix ancestor = {0};
		cleanup_(prefix_fini) struct prefix other = {0};

		prefix_must_parse(rows[i].ancestor, &ancestor);
		prefix_must_parse(rows[i].other, &other);
		assert_int_equal(prefix_covers(&ancestor, &other), rows[i].covers);
	}
}

static void key_parents_end_at_the_root(void **state)
{
	static const char *const parents[] = {
		"http://a.com:80:[::1]/a/b/",
		"http://a.com:80:[::1]/a/",
		"http://a.com:80:[::1]/",
	};
	cleanup_(prefix_fini) struct prefix prefix = {0};

	prefix_must_parse("http://a.com:80:[::1]/A/b/c", &prefix);

	struct slice key = prefix.key;
	for (size_t i = 0; i < array_len(parents); i++) {
		key = prefix_key_parent(key);
		assert_true(slice_is_equal(key, slice_from_str(parents[i])));
	}
	assert_int_equal(prefix_key_parent(key).len, 0);
}

static void length_is_limited_with_the_added_slash(void **state)
{
	static const struct {
		size_t len;
		bool has_slash;
		bool is_accepted;
	} rows[] = {
		{PREFIX_BYTES_MAX, true, true},
		{PREFIX_BYTES_MAX - 1, false, true},
		{PREFIX_BYTES_MAX, false, false},
		{PREFIX_BYTES_MAX + 1, true, false},
	};
	static char text[PREFIX_BYTES_MAX + 2];

	for (size_t i = 0; i < array_len(rows); i++) {
		struct prefix prefix = {0};
		struct prefix_error error;

		memset(text, 'a', sizeof(text));
		memcpy(text, "http://+:80/", 12);
		if (rows[i].has_slash) {
			text[rows[i].len - 1] = '/';
		}

		int r = prefix_parse(slice_from(text, rows[i].len), &prefix, &error);
		assert_int_equal(r, rows[i].is_accepted ? 0 : PREFIX_E_INVALID);
		if (!rows[i].is_accepted) {
			assert_int_equal(error.rule, PREFIX_RULE_TOO_LONG);
		}
		prefix_fini(&prefix);
	}
}

static void host_and_labels_are_limited(void **state)
{
	static char text[400];
	struct prefix_error error;

	/* Labels of 63, 63, 63 and 61 characters: 253 with their dots. */
	for (size_t n_more = 0; n_more < 2; n_more++) {
		struct prefix prefix = {0};
		size_t len = 7 + PREFIX_HOST_BYTES_MAX + n_more;

		memset(text, 'a', sizeof(text));
		memcpy(text, "http://", 7);
		for (size_t i = 0; i < 3; i++) {
			text[7 + 63 + 64 * i] = '.';
		}
		memcpy(text + len, ":80/", 5);

		int r = prefix_parse(slice_from_str(text), &prefix, &error);
		assert_int_equal(r, n_more == 0 ? 0 : PREFIX_E_INVALID);
		if (n_more > 0) {
			assert_int_equal(error.rule, PREFIX_RULE_HOST_TOO_LONG);
		}
		prefix_fini(&prefix);
	}

	struct prefix prefix = {0};
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://", 7);
	memcpy(text + 7 + PREFIX_LABEL_BYTES_MAX + 1, ":80/", 5);
	assert_int_equal(prefix_parse(slice_from_str(text), &prefix, &error), PREFIX_E_INVALID);
	assert_int_equal(error.rule, PREFIX_RULE_HOST_LABEL);
}

static void canonical_text_is_a_fixed_point(void **state)
{
	static const char *const texts[] = {
		"http://WWW.a.com:80/X/y",
		"http://[0:0::1]:80/",
		"https://*.a.com:443:[::FFFF:1.2.3.4]/q",
	};

	for (size_t i = 0; i < array_len(texts); i++) {
		cleanup_(prefix_fini) struct prefix once = {0};
		cleanup_(prefix_fini) struct prefix twice = {0};

		prefix_must_parse(texts[i], &once);
		prefix_must_parse(once.text, &twice);
		assert_string_equal(once.text, twice.text);
		assert_true(prefix_is_equal(&once, &twice));
	}
}

static void copy_lives_without_the_original(void **state)
{
	struct prefix prefix = {0};
	cleanup_(prefix_fini) struct prefix copy = {0};

	prefix_must_parse("http://A.com:80:10.0.0.1/Dir", &prefix);
	assert_int_equal(prefix_copy(&prefix, &copy), 0);
	prefix_fini(&prefix);
	prefix_fini(&prefix);
	prefix_fini(NULL);

	assert_string_equal(copy.text, "http://a.com:80:10.0.0.1/Dir/");
	assert_true(slice_is_equal(copy.host, SLICE("a.com")));
	assert_true(slice_is_equal(copy.path, SLICE("/Dir/")));
	assert_true(slice_is_equal(copy.path_folded, SLICE("/dir/")));
	assert_true(slice_is_equal(copy.key, SLICE("http://a.com:80:10.0.0.1/dir/")));
}

static void names_of_schemes_and_buckets(void **state)
{
	assert_string_equal(prefix_scheme_name(PREFIX_SCHEME_HTTPS), "https");
	assert_string_equal(prefix_bucket_name(PREFIX_BUCKET_IP), "IP-bound");
}

/* Everything that allocates. */
static int prefix_use_all(void)
{
	static const struct slice bad = {.data = "HTTP://0.0.0.0/a\\b?c", .len = 20};
	cleanup_(prefix_fini) struct prefix prefix = {0};
	cleanup_(prefix_fini) struct prefix copy = {0};
	cleanup_(buf_fini) struct buf line = {0};
	struct prefix_error error;

	int r = prefix_parse(SLICE("http://+:80/x"), &prefix, NULL);
	if (r == 0) {
		r = prefix_copy(&prefix, &copy);
	}
	if (r == 0) {
		assert_int_equal(prefix_parse(bad, &copy, &error), PREFIX_E_INVALID);
		r = prefix_error_format(bad, &error, &line);
	}

	return r;
}

static void out_of_memory_is_passed_up(void **state)
{
	(void)mem_fail_at(UINT64_MAX);
	assert_int_equal(prefix_use_all(), 0);

	uint64_t n = mem_fail_at(0);
	assert_true(n > 2);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		assert_int_equal(prefix_use_all(), -ENOMEM);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepted_prefixes_have_a_canonical_text),
		cmocka_unit_test(refused_prefixes_name_rule_position_and_repair),
		cmocka_unit_test(every_rule_has_a_sentence),
		cmocka_unit_test(subdomain_wildcard_is_explicit),
		cmocka_unit_test(host_with_local_address_is_explicit),
		cmocka_unit_test(zero_byte_is_refused),
		cmocka_unit_test(path_compares_without_ascii_case_only),
		cmocka_unit_test(covers_on_segment_boundaries_in_one_bucket),
		cmocka_unit_test(key_parents_end_at_the_root),
		cmocka_unit_test(length_is_limited_with_the_added_slash),
		cmocka_unit_test(host_and_labels_are_limited),
		cmocka_unit_test(canonical_text_is_a_fixed_point),
		cmocka_unit_test(copy_lives_without_the_original),
		cmocka_unit_test(names_of_schemes_and_buckets),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("prefix", tests, NULL, NULL);
}
