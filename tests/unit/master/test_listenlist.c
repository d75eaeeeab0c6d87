/* SPDX-License-Identifier: MIT */

/* The IP listen list as a value: entries, adding, removing, covering. */

#include "master/listenlist.h"

#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "listenlist_texts.h"

static struct listen_entry entry_of(const char *text)
{
	struct listen_entry_error error;
	struct listen_entry entry = {0};

	if (listen_entry_parse(slice_from_str(text), &entry, &error) != 0) {
		fail_msg("%s: %zu: %s", text, error.position, error.message);
	}

	return entry;
}

static void entries_have_a_canonical_text(void **state)
{
	static const char *const rows[][2] = {
		{"10.0.0.1", "10.0.0.1"},
		{"10.0.0.1:80", "10.0.0.1:80"},
		{"0.0.0.0", "0.0.0.0"},
		{"0.0.0.0:80", "0.0.0.0:80"},
		{"::", "::"},
		{"[::]", "::"},
		{"[::]:80", "[::]:80"},
		{"::1", "::1"},
		{"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
		{"[2001:db8::1]:65535", "[2001:db8::1]:65535"},
		{"fe80::1", "fe80::1"},
		{"fe80::1%7", "fe80::1%7"},
		{"[fe80::1%7]:80", "[fe80::1%7]:80"},
		{"fe80::1%lo", "fe80::1%1"},
		{"::ffff:10.0.0.1", "10.0.0.1"},
		{"[::ffff:10.0.0.1]:80", "10.0.0.1:80"},
		{"none", "none"},
		{"NONE", "none"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		char text[LISTENLIST_ENTRY_BYTES];
		struct listen_entry entry = entry_of(rows[i][0]);

		listen_entry_format(&entry, text);
		assert_string_equal(text, rows[i][1]);

		struct listen_entry again = entry_of(text);
		assert_true(listen_entry_is_equal(&entry, &again));
	}
}

static void refused_entries_say_where_and_why(void **state)
{
	static const struct {
		const char *text;
		size_t position;
		const char *word; /* in the message */
	} rows[] = {
		{"", 0, "missing"},
		{":80", 0, "missing"},
		{" 10.0.0.1", 0, "four numbers"},
		{"10.0.0.1 ", 0, "four numbers"},
		{"10.0.0.256", 0, "four numbers"},
		{"10.0.0", 0, "four numbers"},
		{"010.0.0.1", 0, "four numbers"},
		{"localhost", 0, "names are not accepted"},
		{"www.example.com:80", 0, "names are not accepted"},
		{"10.0.0.0/8", 0, "network"},
		{"fd00::/8", 0, "network"},
		{"*", 0, "every IPv4"},
		{"*:80", 0, "every IPv4"},
		{"::g", 0, "no IPv6"},
		{"1:2:3", 0, "no IPv6"},
		{"[::1", 4, "']' is missing"},
		{"[10.0.0.1]:80", 1, "brackets"},
		{"[]", 1, "brackets"},
		{"[::1]80", 5, "behind ']'"},
		{"[::1]:", 6, "no port"},
		{"10.0.0.1:", 9, "no port"},
		{"10.0.0.1:0", 9, "no port"},
		{"10.0.0.1:65536", 9, "no port"},
		{"10.0.0.1:http", 9, "no port"},
		{"10.0.0.1:080", 9, "leading zero"},
		{"10.0.0.1%lo", 0, "link-local"},
		{"::1%lo", 0, "link-local"},
		{"fe80::1%no-such-if", 0, "link-local"},
		{"224.0.0.1", 0, "multicast"},
		{"[ff02::1]:80", 1, "multicast"},
		{"255.255.255.255", 0, "multicast"},
		{"\x1b[2J", 0, "'?[2J'"},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct listen_entry entry;
		struct listen_entry_error error;
		struct slice text = slice_from_str(rows[i].text);

		assert_int_equal(listen_entry_parse(text, &entry, &error), LISTENLIST_E_INVALID);
		if (error.position != rows[i].position ||
		    strstr(error.message, rows[i].word) == NULL) {
			fail_msg("%s: %zu: %s", rows[i].text, error.position, error.message);
		}
		assert_int_equal(listen_entry_parse(text, &entry, NULL), LISTENLIST_E_INVALID);
	}
}

static void second_add_exists_and_second_remove_is_not_found(void **state)
{
	struct listenlist list = {0};
	struct listen_entry a = entry_of("10.0.0.1");
	struct listen_entry a_port = entry_of("10.0.0.1:80");
	struct listen_entry b = entry_of("::1");

	assert_true(listenlist_is_empty(&list));
	assert_int_equal(listenlist_add(&list, &a), 0);
	assert_int_equal(listenlist_add(&list, &a), LISTENLIST_E_EXISTS);
	assert_int_equal(listenlist_add(&list, &a_port), 0);
	assert_int_equal(listenlist_add(&list, &b), 0);
	assert_int_equal(listenlist_remove(&list, &a_port), 0);
	assert_int_equal(listenlist_remove(&list, &a_port), LISTENLIST_E_NOT_FOUND);
	assert_true(listenlist_contains(&list, &a));
	assert_false(listenlist_contains(&list, &a_port));
	assert_true(listen_entry_is_equal(&list.entries[1], &b));
	assert_int_equal(list.n_entries, 2);
	listenlist_fini(&list);
	listenlist_fini(NULL);
}

static void none_stands_alone(void **state)
{
	struct listenlist list = {0};
	struct listen_entry none = entry_of("none");
	struct listen_entry a = entry_of("10.0.0.1");

	assert_int_equal(listenlist_add(&list, &a), 0);
	assert_int_equal(listenlist_add(&list, &none), LISTENLIST_E_NONE);
	assert_int_equal(listenlist_remove(&list, &a), 0);
	assert_int_equal(listenlist_add(&list, &none), 0);
	assert_int_equal(listenlist_add(&list, &none), LISTENLIST_E_EXISTS);
	assert_int_equal(listenlist_add(&list, &a), LISTENLIST_E_NONE);
	assert_false(listenlist_is_empty(&list));
	listenlist_fini(&list);
}

static void list_is_limited(void **state)
{
	struct listenlist list = {0};
	struct listen_entry entry = entry_of("10.0.0.1:1");

	for (unsigned i = 1; i <= LISTENLIST_ENTRIES_MAX; i++) {
		entry.port = (uint16_t)i;
		assert_int_equal(listenlist_add(&list, &entry), 0);
	}
	entry.port++;
	assert_int_equal(listenlist_add(&list, &entry), LISTENLIST_E_FULL);
	listenlist_fini(&list);
}

static void covers_what_is_listed(void **state)
{
	static const struct {
		const char *list;
		const char *endpoint;
		bool is_covered;
	} rows[] = {
		{"", "10.0.0.1:80", true},
		{"", "0.0.0.0:80", true},
		{"none", "10.0.0.1:80", false},
		{"?", "10.0.0.1:80", false},
		{"10.0.0.1", "10.0.0.1:80", true},
		{"10.0.0.1", "10.0.0.2:80", false},
		{"10.0.0.1", "0.0.0.0:80", false},
		{"10.0.0.1:80", "10.0.0.1:80", true},
		{"10.0.0.1:80", "10.0.0.1:81", false},
		{"10.0.0.1:81 0.0.0.0:80", "10.0.0.1:80", true},
		{"0.0.0.0", "10.0.0.1:80", true},
		{"0.0.0.0", "0.0.0.0:80", true},
		{"0.0.0.0", "[::1]:80", false},
		{"::", "[::1]:80", true},
		{"::", "127.0.0.1:80", false},
		{"fe80::1", "[fe80::1%3]:80", true},
		{"fe80::1%3", "[fe80::1%3]:80", true},
		{"fe80::1%3", "[fe80::1%4]:80", false},
	};

	for (size_t i = 0; i < array_len(rows); i++) {
		struct listenlist list;
		struct ip_endpoint endpoint;

		list_of(rows[i].list, &list);
		assert_true(ip_endpoint_parse(slice_from_str(rows[i].endpoint), &endpoint));
		if (listenlist_covers(&list, &endpoint) != rows[i].is_covered) {
			fail_msg("%s in '%s'", rows[i].endpoint, rows[i].list);
		}
		listenlist_fini(&list);
	}
}

static int listenlist_use_all(void)
{
	const struct listen_want wants[] = {{.port = 80}, {.port = 81}, {.port = 82}};
	const struct listen_entry entry = {.addr = {.family = AF_INET, .bytes = {10, 0, 0, 1}}};
	const struct listen_locals locals = {0};
	struct listenlist list = {0};
	struct listenlist copy = {0};
	struct listen_diff diff = {0};
	struct buf line = {0};
	const struct listen_endpoint endpoint = {.endpoint = {.addr = entry.addr, .port = 80}};

	int r = listenlist_add(&list, &entry);
	if (r == 0) {
		r = listenlist_copy(&list, &copy);
	}
	if (r == 0) {
		assert_int_equal(listenlist_remove(&copy, &entry), 0);
		r = listenlist_diff(&list, &copy, wants, array_len(wants), &locals, &diff);
	}
	if (r == 0) {
		r = listen_endpoint_format(&endpoint, &line);
	}
	buf_fini(&line);
	listen_diff_fini(&diff);
	listenlist_fini(&copy);
	listenlist_fini(&list);

	return r;
}

static void out_of_memory_is_passed_up(void **state)
{
	(void)mem_fail_at(UINT64_MAX);
	assert_int_equal(listenlist_use_all(), 0);

	uint64_t n = mem_fail_at(0);
	assert_true(n > 6);
	for (uint64_t i = 1; i <= n; i++) {
		(void)mem_fail_at(i);
		assert_int_equal(listenlist_use_all(), -ENOMEM);
	}
	(void)mem_fail_at(0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_have_a_canonical_text),
		cmocka_unit_test(refused_entries_say_where_and_why),
		cmocka_unit_test(second_add_exists_and_second_remove_is_not_found),
		cmocka_unit_test(none_stands_alone),
		cmocka_unit_test(list_is_limited),
		cmocka_unit_test(covers_what_is_listed),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("listenlist", tests, NULL, NULL);
}
