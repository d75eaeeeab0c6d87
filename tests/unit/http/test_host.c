/* SPDX-License-Identifier: MIT */

/* Hosts: what is a name, an address or neither, and when two of them are the same. */

#include "http/host.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/compiler.h"

static void names_and_literals_are_read(void **state)
{
	static const struct {
		const char *text;
		const char *name;
		enum http_host_kind kind;
		uint16_t port;
	} rows[] = {
		{"h", "h", HTTP_HOST_NAME, 0},
		{"localhost:8080", "localhost", HTTP_HOST_NAME, 8080},
		{"WWW.Example.COM", "WWW.Example.COM", HTTP_HOST_NAME, 0},
		{"example.com.", "example.com.", HTTP_HOST_NAME, 0},
		{"example.com.:80", "example.com.", HTTP_HOST_NAME, 80},
		{"my_host-1.x", "my_host-1.x", HTTP_HOST_NAME, 0},
		{"xn--mnchen-3ya.de", "xn--mnchen-3ya.de", HTTP_HOST_NAME, 0},
		{"1.a", "1.a", HTTP_HOST_NAME, 0},
		{"1a", "1a", HTTP_HOST_NAME, 0},
		{"0xg", "0xg", HTTP_HOST_NAME, 0},
		{"h:", "h", HTTP_HOST_NAME, 0},
		{"h:1", "h", HTTP_HOST_NAME, 1},
		{"h:65535", "h", HTTP_HOST_NAME, 65535},
		{"127.0.0.1", "127.0.0.1", HTTP_HOST_IPV4, 0},
		{"10.20.30.255:81", "10.20.30.255", HTTP_HOST_IPV4, 81},
		{"[::1]", "::1", HTTP_HOST_IPV6, 0},
		{"[::1]:443", "::1", HTTP_HOST_IPV6, 443},
		{"[2001:DB8::1]:", "2001:DB8::1", HTTP_HOST_IPV6, 0},
		{"[::ffff:10.0.0.1]", "::ffff:10.0.0.1", HTTP_HOST_IPV4, 0},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct http_host host;

		if (!http_host_parse(slice_from_str(rows[i].text), &host)) {
			fail_msg("%s: refused", rows[i].text);
		}
		assert_true(slice_is_equal(host.text, slice_from_str(rows[i].text)));
		assert_true(slice_is_equal(host.name, slice_from_str(rows[i].name)));
		assert_int_equal(host.kind, rows[i].kind);
		assert_int_equal(host.port, rows[i].port);
	}
}

/* clang-format off */
static const char *const host_refused[] = {
	"", ":", ":80", ".", "..", ".a", "a..b", "a...", "a b", " a", "a\t", "a,b", "a/b", "a?b",
	"a#b", "a\\b", "u@h", "u:p@h", "a%20b", "%61", "a!b", "a~b", "a*b", "+", "*", "a;b",
	"a=b", "\xc3\xa4.de", "a\x01", "a\x7f", "h:0", "h:080", "h:65536", "h:99999", "h:123456",
	"h:-1", "h:+1", "h:8o", "h: 80", "h:80 ", "h:80:80", "h::80", "h:80/", "1", "80",
	"1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.04", "01.2.3.4", "1.2.3.4.", "1.2.3.0x4",
	"0x7f.1", "0x7f000001", "127.1", "2130706433", "a.1", "a.0x1", "0x", "1.2.3.256",
	"1..2.3", "::1", "[", "[]", "[::1", "::1]", "[::1]80", "[::1]:0", "[::1]x", "[[::1]]",
	"[1.2.3.4]", "[fe80::1%25eth0]", "[fe80::1%1]", "[v1.a]", "[g::1]",
	"[1:2:3:4:5:6:7:8:9]", "[::1]:80:80", "[ ::1]",
};
/* clang-format on */

static void everything_else_is_refused(void **state)
{
	for (size_t i = 0; i < array_len(host_refused); i++) {
		struct http_host host;

		if (http_host_parse(slice_from_str(host_refused[i]), &host)) {
			fail_msg("%s: accepted", host_refused[i]);
		}
	}
	struct http_host host;
	assert_false(http_host_parse(SLICE("a\0b"), &host));
	assert_false(http_host_parse(SLICE("[::1\0]"), &host));
}

static void labels_and_names_have_the_limits_of_the_dns(void **state)
{
	struct http_host host;
	char text[300];

	memset(text, 'a', sizeof(text));
	assert_true(http_host_parse(slice_from(text, 63), &host));
	assert_false(http_host_parse(slice_from(text, 64), &host));
	text[64] = '.';
	assert_false(http_host_parse(slice_from(text, 66), &host));
	text[64] = 'a';
	for (size_t i = 63; i < sizeof(text); i += 64) {
		text[i] = '.';
	}
	assert_true(http_host_parse(slice_from(text, 255), &host));
	assert_false(http_host_parse(slice_from(text, 256), &host));
}

static void hosts_are_equal_without_case_and_with_the_default_port(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_equal;
	} rows[] = {
		{"h", "H", true},
		{"h", "h:80", true},
		{"h:80", "h:81", false},
		{"h", "i", false},
		{"h", "h.", false},
		{"10.0.0.1", "10.0.0.1:80", true},
		{"10.0.0.1", "10.0.0.2", false},
		{"[::1]", "[0:0::1]", true},
		{"[::1]", "[::2]", false},
		{"[::ffff:10.0.0.1]", "10.0.0.1", true},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct http_host a;
		struct http_host b;

		assert_true(http_host_parse(slice_from_str(rows[i].a), &a));
		assert_true(http_host_parse(slice_from_str(rows[i].b), &b));
		assert_int_equal(http_host_is_equal(&a, &b, 80), rows[i].is_equal);
		assert_int_equal(http_host_is_equal(&b, &a, 80), rows[i].is_equal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_literals_are_read),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(labels_and_names_have_the_limits_of_the_dns),
		cmocka_unit_test(hosts_are_equal_without_case_and_with_the_default_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
