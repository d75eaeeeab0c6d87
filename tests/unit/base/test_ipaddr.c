/* SPDX-License-Identifier: MIT */

/* Addresses: tables of good and bad forms, and the way to the kernel's form and back. */

#include <arpa/inet.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "base/ipaddr.h"

static void good_addresses_have_one_canonical_text(void **state)
{
	static const struct {
		const char *text;
		int family;
		const char *canonical;
	} rows[] = {
		{"0.0.0.0", AF_INET, "0.0.0.0"},
		{"127.0.0.1", AF_INET, "127.0.0.1"},
		{"255.255.255.255", AF_INET, "255.255.255.255"},
		{"192.0.2.10", AF_INET, "192.0.2.10"},
		{"::", AF_INET6, "::"},
		{"::1", AF_INET6, "::1"},
		{"0:0:0:0:0:0:0:1", AF_INET6, "::1"},
		{"2001:DB8::1", AF_INET6, "2001:db8::1"},
		{"2001:0db8:0000:0000:0000:0000:0000:0001", AF_INET6, "2001:db8::1"},
		{"2001:db8:0:1:1:1:1:1", AF_INET6, "2001:db8:0:1:1:1:1:1"},
		{"2001:db8::1:1:1:1:1", AF_INET6, "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", AF_INET6, "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", AF_INET6, "2001:db8::1:0:0:1"},
		{"1:0:0:0:0:0:0:0", AF_INET6, "1::"},
		{"0:0:0:0:0:0:1:0", AF_INET6, "::1:0"},
		{"::1.2.3.4", AF_INET6, "::102:304"},
		{"64:ff9b::1.2.3.4", AF_INET6, "64:ff9b::102:304"},
		{"::ffff:1.2.3.4", AF_INET, "1.2.3.4"},
		{"::FFFF:102:304", AF_INET, "1.2.3.4"},
		{"::ffff:0:0", AF_INET, "0.0.0.0"},
		{"::fffe:1.2.3.4", AF_INET6, "::fffe:102:304"},
		{"fe80::1", AF_INET6, "fe80::1"},
		{"fe80::1%7", AF_INET6, "fe80::1%7"},
		{"febf::1%4294967295", AF_INET6, "febf::1%4294967295"},
		{"fe80:1111:2222:3333:4444:5555:6666:7777%4294967295", AF_INET6,
		 "fe80:1111:2222:3333:4444:5555:6666:7777%4294967295"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", AF_INET6,
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct ip_addr addr;
		struct ip_addr again;
		char text[IP_ADDR_TEXT_BYTES];

		assert_true(ip_addr_parse(slice_from_str(rows[i].text), &addr));
		assert_int_equal(addr.family, rows[i].family);
		ip_addr_format(&addr, text);
		assert_string_equal(text, rows[i].canonical);
		assert_true(ip_addr_parse(slice_from_str(text), &again));
		assert_true(ip_addr_is_equal(&addr, &again));
	}
}

static void bad_addresses_are_refused(void **state)
{
	static const struct slice rows[] = {
		{.data = NULL},
		SLICE_INIT(""),
		SLICE_INIT(" "),
		SLICE_INIT("127.0.0.1 "),
		SLICE_INIT(" 127.0.0.1"),
		SLICE_INIT("127.0.0"),
		SLICE_INIT("127.1"),
		SLICE_INIT("2130706433"),
		SLICE_INIT("127.0.0.256"),
		SLICE_INIT("127.0.0.01"),
		SLICE_INIT("127.0.0.00"),
		SLICE_INIT("0127.0.0.1"),
		SLICE_INIT("0x7f.0.0.1"),
		SLICE_INIT("127.0.0.1."),
		SLICE_INIT("127..0.1"),
		SLICE_INIT("127.0.0.-1"),
		SLICE_INIT("1.2.3.4.5"),
		SLICE_INIT("127.0.0.1\0"),
		SLICE_INIT("127.0.0.1\0x"),
		SLICE_INIT("127.0.0.1%1"),
		SLICE_INIT("127.0.0.1/8"),
		SLICE_INIT("127.0.0.1:80"),
		SLICE_INIT("localhost"),
		SLICE_INIT("*"),
		SLICE_INIT("[::1]"),
		SLICE_INIT(":"),
		SLICE_INIT(":::"),
		SLICE_INIT("1::2::3"),
		SLICE_INIT("1:2:3:4:5:6:7"),
		SLICE_INIT("1:2:3:4:5:6:7:8:9"),
		SLICE_INIT("1:2:3:4:5:6:7:"),
		SLICE_INIT(":1:2:3:4:5:6:7"),
		SLICE_INIT("12345::"),
		SLICE_INIT("g::"),
		SLICE_INIT("::1\0"),
		SLICE_INIT("::1.2.3"),
		SLICE_INIT("::1.2.3.256"),
		SLICE_INIT("::1%"),
		SLICE_INIT("::1%1"),
		SLICE_INIT("2001:db8::1%1"),
		SLICE_INIT("::ffff:1.2.3.4%1"),
		SLICE_INIT("fe80::1%"),
		SLICE_INIT("fe80::1%0"),
		SLICE_INIT("fe80::1%4294967296"),
		SLICE_INIT("fe80::1%no-such-name-xyz"),
		SLICE_INIT("fe80::1%l"),
		SLICE_INIT("fe80::1%1%1"),
		SLICE_INIT("fe80::1%%1"),
		SLICE_INIT("1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"),
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct ip_addr addr = {.family = 99};

		assert_false(ip_addr_parse(rows[i], &addr));
		assert_int_equal(addr.family, 99);
	}
}

static void scope_may_be_an_interface_name(void **state)
{
	struct ip_addr addr;

	assert_true(if_nametoindex("lo") > 0);
	assert_true(ip_addr_parse(SLICE("fe80::1%lo"), &addr));
	assert_int_equal(addr.scope_id, if_nametoindex("lo"));
}

static void equality_looks_at_family_bytes_and_scope(void **state)
{
	static const char *const rows[] = {"0.0.0.0",   "::",        "fe80::1",
					   "fe80::1%1", "fe80::1%2", "127.0.0.1"};

	for (size_t i = 0; i < array_len(rows); i++) {
		for (size_t j = 0; j < array_len(rows); j++) {
			struct ip_endpoint a = {.port = 80};
			struct ip_endpoint b = {.port = 80};

			assert_true(ip_addr_parse(slice_from_str(rows[i]), &a.addr));
			assert_true(ip_addr_parse(slice_from_str(rows[j]), &b.addr));
			assert_int_equal(ip_addr_is_equal(&a.addr, &b.addr), i == j);
			assert_int_equal(ip_endpoint_is_equal(&a, &b), i == j);
			b.port = 81;
			assert_false(ip_endpoint_is_equal(&a, &b));
		}
	}
}

static void any_and_loopback_are_recognised(void **state)
{
	static const struct {
		const char *text;
		bool is_any, is_loopback;
	} rows[] = {
		{"0.0.0.0", true, false},    {"::", true, false},
		{"127.0.0.1", false, true},  {"127.255.0.3", false, true},
		{"::1", false, true},        {"::ffff:127.0.0.1", false, true},
		{"128.0.0.1", false, false}, {"0.0.0.1", false, false},
		{"::2", false, false},       {"7f00::1", false, false},
	};
	struct ip_addr addr = {0};

	assert_false(ip_addr_is_any(&addr));
	assert_false(ip_addr_is_loopback(&addr));
	for (size_t i = 0; i < array_len(rows); i++) {
		assert_true(ip_addr_parse(slice_from_str(rows[i].text), &addr));
		assert_int_equal(ip_addr_is_any(&addr), rows[i].is_any);
		assert_int_equal(ip_addr_is_loopback(&addr), rows[i].is_loopback);
	}

	addr = ip_addr_any(AF_INET);
	assert_true(ip_addr_is_any(&addr) && addr.family == AF_INET);
	addr = ip_addr_any(AF_INET6);
	assert_true(ip_addr_is_any(&addr) && addr.family == AF_INET6);
}

static void good_endpoints_have_one_canonical_text(void **state)
{
	static const struct {
		const char *text;
		uint16_t port;
		const char *canonical;
	} rows[] = {
		{"127.0.0.1:80", 80, "127.0.0.1:80"},
		{"0.0.0.0:1", 1, "0.0.0.0:1"},
		{"[::]:65535", 65535, "[::]:65535"},
		{"[2001:DB8:0::1]:8080", 8080, "[2001:db8::1]:8080"},
		{"[fe80::1%3]:80", 80, "[fe80::1%3]:80"},
		{"[::ffff:1.2.3.4]:80", 80, "1.2.3.4:80"},
		{"[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535", 65535,
		 "[fe80:1111:2222:3333:4444:5555:6666:7777%4294967295]:65535"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct ip_endpoint endpoint;
		char text[IP_ENDPOINT_TEXT_BYTES];

		assert_true(ip_endpoint_parse(slice_from_str(rows[i].text), &endpoint));
		assert_int_equal(endpoint.port, rows[i].port);
		ip_endpoint_format(&endpoint, text);
		assert_string_equal(text, rows[i].canonical);
	}
}

static void bad_endpoints_are_refused(void **state)
{
	static const struct slice rows[] = {
		{.data = NULL},
		SLICE_INIT(""),
		SLICE_INIT(":"),
		SLICE_INIT(":80"),
		SLICE_INIT("80"),
		SLICE_INIT("127.0.0.1"),
		SLICE_INIT("127.0.0.1:"),
		SLICE_INIT("127.0.0.1:0"),
		SLICE_INIT("127.0.0.1:080"),
		SLICE_INIT("127.0.0.1:65536"),
		SLICE_INIT("127.0.0.1:+80"),
		SLICE_INIT("127.0.0.1: 80"),
		SLICE_INIT("127.0.0.1:80 "),
		SLICE_INIT("127.0.0.1:80:80"),
		SLICE_INIT("127.0.0.1:http"),
		SLICE_INIT("[127.0.0.1]:80"),
		SLICE_INIT("::1:80"),
		SLICE_INIT("[::1]"),
		SLICE_INIT("[::1]80"),
		SLICE_INIT("[::1]:"),
		SLICE_INIT("[::1]:0"),
		SLICE_INIT("[::1:80"),
		SLICE_INIT("::1]:80"),
		SLICE_INIT("[[::1]]:80"),
		SLICE_INIT("[]:80"),
		SLICE_INIT("["),
		SLICE_INIT("[]"),
		SLICE_INIT("localhost:80"),
		SLICE_INIT("*:80"),
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct ip_endpoint endpoint = {.port = 4711};

		assert_false(ip_endpoint_parse(rows[i], &endpoint));
		assert_int_equal(endpoint.port, 4711);
	}
}

static void sockaddr_and_back_is_the_same(void **state)
{
	static const char *const rows[] = {"127.0.0.1:80", "0.0.0.0:65535", "[::1]:443",
					   "[fe80::1%3]:8080"};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct ip_endpoint endpoint;
		struct sockaddr_storage sockaddr;

		assert_true(ip_endpoint_parse(slice_from_str(rows[i]), &endpoint));
		socklen_t len = ip_endpoint_to_sockaddr(&endpoint, &sockaddr);
		bool is_v4 = endpoint.addr.family == AF_INET;
		assert_int_equal(len,
				 is_v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));

		struct ip_endpoint again = ip_endpoint_from_sockaddr(&sockaddr);
		assert_true(ip_endpoint_is_equal(&endpoint, &again));
	}
}

static void sockaddr_is_what_the_c_library_would_make(void **state)
{
	struct ip_endpoint endpoint;
	struct sockaddr_storage sockaddr;

	assert_true(ip_endpoint_parse(SLICE("192.0.2.1:8080"), &endpoint));
	(void)ip_endpoint_to_sockaddr(&endpoint, &sockaddr);
	const struct sockaddr_in *in = (const struct sockaddr_in *)&sockaddr;
	assert_int_equal(in->sin_addr.s_addr, inet_addr("192.0.2.1"));
	assert_int_equal(in->sin_port, htons(8080));
}

static void mapped_sockaddr_becomes_ipv4(void **state)
{
	struct sockaddr_storage sockaddr = {0};
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&sockaddr;
	char text[IP_ENDPOINT_TEXT_BYTES];

	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(80);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.1.2.3", &in6->sin6_addr), 1);

	struct ip_endpoint endpoint = ip_endpoint_from_sockaddr(&sockaddr);
	ip_endpoint_format(&endpoint, text);
	assert_string_equal(text, "10.1.2.3:80");
}

static void other_families_are_no_address(void **state)
{
	struct sockaddr_storage sockaddr = {.ss_family = AF_UNIX};
	struct ip_endpoint endpoint = ip_endpoint_from_sockaddr(&sockaddr);
	char text[IP_ADDR_TEXT_BYTES] = "x";

	assert_int_equal(endpoint.addr.family, 0);
	ip_addr_format(&endpoint.addr, text);
	assert_string_equal(text, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_addresses_have_one_canonical_text),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(scope_may_be_an_interface_name),
		cmocka_unit_test(equality_looks_at_family_bytes_and_scope),
		cmocka_unit_test(any_and_loopback_are_recognised),
		cmocka_unit_test(good_endpoints_have_one_canonical_text),
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(sockaddr_and_back_is_the_same),
		cmocka_unit_test(sockaddr_is_what_the_c_library_would_make),
		cmocka_unit_test(mapped_sockaddr_becomes_ipv4),
		cmocka_unit_test(other_families_are_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
