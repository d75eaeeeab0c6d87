/* SPDX-License-Identifier: MIT */

/* The IP listen list: entries, the list as a value, and the arithmetic to endpoints. */

#include "master/listenlist.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static struct ip_addr addr_of(const char *text)
{
	struct ip_addr addr = {0};

	if (text[0] != '\0' && !ip_addr_parse(slice_from_str(text), &addr)) {
		fail_msg("%s is no address", text);
	}

	return addr;
}

static struct listen_entry entry_of(const char *text)
{
	struct listen_entry_error error;
	struct listen_entry entry = {0};

	if (listen_entry_parse(slice_from_str(text), &entry, &error) != 0) {
		fail_msg("%s: %zu: %s", text, error.position, error.message);
	}

	return entry;
}

/* Entries separated by blanks; "?" is an unreadable one. */
static void list_of(const char *text, struct listenlist *ret_list)
{
	struct slice rest = slice_from_str(text);

	*ret_list = (struct listenlist){0};
	while (rest.len > 0) {
		struct slice word = slice_cut(&rest, ' ');
		struct listen_entry entry;

		if (slice_is_equal(word, SLICE("?"))) {
			ret_list->n_unreadable++;
			continue;
		}
		assert_int_equal(listen_entry_parse(word, &entry, NULL), 0);
		assert_int_equal(listenlist_add(ret_list, &entry), 0);
	}
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

/* The endpoints in words: "+" wanted, "?" pending, "-" excluded. */
static void resolution_describe(const struct listen_resolution *resolution, struct buf *buf)
{
	static const char signs[] = "+?-";

	for (size_t i = 0; i < resolution->n_endpoints; i++) {
		char text[IP_ENDPOINT_TEXT_BYTES];

		ip_endpoint_format(&resolution->endpoints[i].endpoint, text);
		assert_int_equal(buf_appendf(buf, "%s%c%s", i > 0 ? " " : "",
					     signs[resolution->endpoints[i].state], text),
				 0);
	}
}

static const char *const local_texts[] = {
	"127.0.0.1", "10.0.0.1", "10.0.0.2", "::1", "2001:db8::1", "fe80::1%2", "fe80::1%3",
};

static struct listen_locals locals_of(struct ip_addr addrs[static 7])
{
	for (size_t i = 0; i < array_len(local_texts); i++) {
		addrs[i] = addr_of(local_texts[i]);
	}

	return (struct listen_locals){.addrs = addrs, .n_addrs = array_len(local_texts)};
}

static void one_want_resolves_as_the_design_says(void **state)
{
	static const struct {
		const char *list;
		const char *want; /* "" = wildcard */
		bool is_shared;
		const char *endpoints;
		enum listen_reason reason; /* of the first endpoint, or of the empty resolution */
	} rows[] = {
		/* empty list */
		{"", "", false, "+0.0.0.0:80 +[::]:80", LISTEN_REASON_EMPTY_LIST},
		{"", "10.0.0.1", false, "+10.0.0.1:80", LISTEN_REASON_EMPTY_LIST},
		{"", "10.0.0.9", false, "?10.0.0.9:80", LISTEN_REASON_EMPTY_LIST},
		{"", "10.0.0.1", true, "+0.0.0.0:80", LISTEN_REASON_EMPTY_LIST},
		{"", "::1", true, "+[::]:80", LISTEN_REASON_EMPTY_LIST},
		{"", "127.0.0.3", false, "+127.0.0.3:80", LISTEN_REASON_EMPTY_LIST},
		{"", "fe80::1", false, "+[fe80::1%2]:80 +[fe80::1%3]:80", LISTEN_REASON_EMPTY_LIST},
		{"", "fe80::2", false, "?[fe80::2]:80", LISTEN_REASON_EMPTY_LIST},
		/* addresses */
		{"10.0.0.1", "", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"10.0.0.1 ::1 10.0.0.9", "", false, "+10.0.0.1:80 +[::1]:80 ?10.0.0.9:80",
		 LISTEN_REASON_LISTED},
		{"10.0.0.1", "10.0.0.1", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"10.0.0.1", "10.0.0.1", true, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"10.0.0.1", "10.0.0.2", false, "-10.0.0.2:80", LISTEN_REASON_NOT_LISTED},
		{"10.0.0.1", "127.0.0.1", false, "-127.0.0.1:80", LISTEN_REASON_NOT_LISTED},
		{"10.0.0.9", "10.0.0.9", false, "?10.0.0.9:80", LISTEN_REASON_LISTED},
		{"fe80::1%3", "fe80::1", false, "+[fe80::1%3]:80", LISTEN_REASON_LISTED},
		{"fe80::1", "", false, "+[fe80::1%2]:80 +[fe80::1%3]:80", LISTEN_REASON_LISTED},
		/* ports */
		{"10.0.0.1:80", "", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"10.0.0.1:81", "", false, "", LISTEN_REASON_NO_ENTRY_FOR_PORT},
		{"10.0.0.1:81 10.0.0.2:80", "", false, "+10.0.0.2:80", LISTEN_REASON_LISTED},
		{"10.0.0.1:80 10.0.0.1", "", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"10.0.0.1:81", "10.0.0.1", false, "-10.0.0.1:80", LISTEN_REASON_PORT_NOT_LISTED},
		{"0.0.0.0:81", "10.0.0.1", false, "-10.0.0.1:80", LISTEN_REASON_PORT_NOT_LISTED},
		/* wildcards */
		{"0.0.0.0", "", false, "+0.0.0.0:80", LISTEN_REASON_LISTED},
		{"::", "", false, "+[::]:80", LISTEN_REASON_LISTED},
		{":: 0.0.0.0", "", false, "+[::]:80 +0.0.0.0:80", LISTEN_REASON_LISTED},
		{"10.0.0.1 0.0.0.0 ::1", "", false, "+0.0.0.0:80 +[::1]:80", LISTEN_REASON_LISTED},
		{"10.0.0.1 0.0.0.0:81", "", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"0.0.0.0", "10.0.0.1", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"0.0.0.0", "10.0.0.1", true, "+0.0.0.0:80", LISTEN_REASON_LISTED},
		{"0.0.0.0", "10.0.0.9", false, "?10.0.0.9:80", LISTEN_REASON_LISTED},
		{"0.0.0.0", "::1", false, "-[::1]:80", LISTEN_REASON_NOT_LISTED},
		{"::", "127.0.0.1", true, "-127.0.0.1:80", LISTEN_REASON_NOT_LISTED},
		/* nothing usable */
		{"none", "", false, "", LISTEN_REASON_NONE},
		{"none", "10.0.0.1", false, "-10.0.0.1:80", LISTEN_REASON_NONE},
		{"?", "", false, "", LISTEN_REASON_UNREADABLE},
		{"?", "10.0.0.1", true, "-10.0.0.1:80", LISTEN_REASON_UNREADABLE},
		{"? 10.0.0.1", "", false, "+10.0.0.1:80", LISTEN_REASON_LISTED},
		{"10.0.0.9", "", false, "?10.0.0.9:80", LISTEN_REASON_LISTED},
	};
	struct ip_addr addrs[array_len(local_texts)];
	struct listen_locals locals = locals_of(addrs);

	for (size_t i = 0; i < array_len(rows); i++) {
		struct listenlist list;
		struct listen_resolution resolution;
		struct buf text = {0};
		struct listen_want want = {
			.port = 80,
			.is_shared = rows[i].is_shared,
			.addr = addr_of(rows[i].want),
		};

		list_of(rows[i].list, &list);
		assert_int_equal(listenlist_resolve(&list, &want, 1, &locals, &resolution), 0);
		resolution_describe(&resolution, &text);

		enum listen_reason reason = resolution.n_endpoints > 0
						    ? resolution.endpoints[0].reason
						    : resolution.reason;
		if (!slice_is_equal(buf_slice(&text), slice_from_str(rows[i].endpoints)) ||
		    reason != rows[i].reason) {
			fail_msg("list '%s', want '%s': %.*s: %s", rows[i].list, rows[i].want,
				 SLICE_ARG(buf_slice(&text)), listen_reason_text(reason));
		}
		buf_fini(&text);
		listen_resolution_fini(&resolution);
		listenlist_fini(&list);
	}
}

static void wants_of_one_port_share_sockets(void **state)
{
	const struct listen_want wants[] = {
		{.port = 81},
		{.port = 80, .addr = addr_of("10.0.0.1")},
		{.port = 80},
		{.port = 80},
		{.port = 8080, .addr = addr_of("10.0.0.1")},
		{.port = 8080, .addr = addr_of("10.0.0.1"), .is_shared = true},
		{.port = 8080, .addr = addr_of("::1")},
	};
	struct ip_addr addrs[array_len(local_texts)];
	struct listen_locals locals = locals_of(addrs);
	struct listenlist list = {0};
	struct listen_resolution resolution;
	struct buf text = {0};

	assert_int_equal(listenlist_resolve(&list, wants, array_len(wants), &locals, &resolution),
			 0);
	resolution_describe(&resolution, &text);
	assert_true(
		slice_is_equal(buf_slice(&text), SLICE("+0.0.0.0:80 +[::]:80 +0.0.0.0:81 +[::]:81 "
						       "+0.0.0.0:8080 +[::1]:8080")));
	buf_fini(&text);
	listen_resolution_fini(&resolution);
	listen_resolution_fini(NULL);

	assert_int_equal(listenlist_resolve(&list, NULL, 0, &locals, &resolution), 0);
	assert_int_equal(resolution.n_endpoints, 0);
	listen_resolution_fini(&resolution);
}

static void diff_names_what_appears_and_disappears(void **state)
{
	static const struct {
		const char *before, *after;
		const char *gained, *lost;
	} rows[] = {
		{"", "", "", ""},
		{"", "127.0.0.1", "127.0.0.1:80", "0.0.0.0:80 [::]:80"},
		{"127.0.0.1", "", "0.0.0.0:80 [::]:80", "127.0.0.1:80"},
		{"127.0.0.1", "127.0.0.1 10.0.0.1 10.0.0.9", "10.0.0.1:80", ""},
		{"127.0.0.1", "none", "", "127.0.0.1:80"},
		{"10.0.0.1", "10.0.0.1:80", "", ""},
	};
	const struct listen_want wants[] = {{.port = 80}};
	struct ip_addr addrs[array_len(local_texts)];
	struct listen_locals locals = locals_of(addrs);

	for (size_t i = 0; i < array_len(rows); i++) {
		struct listenlist before;
		struct listenlist after;
		struct listen_diff diff;
		struct buf text[2] = {{0}, {0}};

		list_of(rows[i].before, &before);
		list_of(rows[i].after, &after);
		assert_int_equal(listenlist_diff(&before, &after, wants, 1, &locals, &diff), 0);
		for (size_t k = 0; k < diff.n_gained + diff.n_lost; k++) {
			bool is_gained = k < diff.n_gained;
			char word[IP_ENDPOINT_TEXT_BYTES];
			struct buf *line = &text[is_gained ? 0 : 1];

			ip_endpoint_format(
				is_gained ? &diff.gained[k] : &diff.lost[k - diff.n_gained], word);
			assert_int_equal(buf_appendf(line, "%s%s", line->len > 0 ? " " : "", word),
					 0);
		}
		assert_true(slice_is_equal(buf_slice(&text[0]), slice_from_str(rows[i].gained)));
		assert_true(slice_is_equal(buf_slice(&text[1]), slice_from_str(rows[i].lost)));
		buf_fini(&text[0]);
		buf_fini(&text[1]);
		listen_diff_fini(&diff);
		listenlist_fini(&before);
		listenlist_fini(&after);
	}
	listen_diff_fini(NULL);
}

static void states_are_said_in_words(void **state)
{
	static const struct {
		const char *list;
		const char *want;
		const char *line;
	} rows[] = {
		{"10.0.0.1", "10.0.0.3",
		 "10.0.0.3:80 is excluded: 10.0.0.3 is not in the IP listen list"},
		{"10.0.0.1:8080", "10.0.0.1",
		 "10.0.0.1:80 is excluded: the IP listen list has 10.0.0.1:8080, not port 80"},
		{"none", "::1", "[::1]:80 is excluded: the IP listen list is 'none'"},
		{"?", "::1", "[::1]:80 is excluded: no entry of the IP listen list can be read"},
		{"10.0.0.9", "10.0.0.9",
		 "10.0.0.9:80 is pending: no interface has the address 10.0.0.9"},
		{"0.0.0.0", "10.0.0.1", "10.0.0.1:80 is wanted: 0.0.0.0 is in the IP listen list"},
		{"", "10.0.0.1",
		 "10.0.0.1:80 is wanted: the IP listen list is empty: every address is listened "
		 "on"},
	};
	struct ip_addr addrs[array_len(local_texts)];
	struct listen_locals locals = locals_of(addrs);

	for (size_t i = 0; i < array_len(rows); i++) {
		struct listenlist list;
		struct listen_resolution resolution;
		struct listen_want want = {.port = 80, .addr = addr_of(rows[i].want)};
		struct buf line = {0};

		list_of(rows[i].list, &list);
		assert_int_equal(listenlist_resolve(&list, &want, 1, &locals, &resolution), 0);
		assert_int_equal(resolution.n_endpoints, 1);
		assert_int_equal(listen_endpoint_format(&resolution.endpoints[0], &line), 0);
		if (!slice_is_equal(buf_slice(&line), slice_from_str(rows[i].line))) {
			fail_msg("%.*s", SLICE_ARG(buf_slice(&line)));
		}
		buf_fini(&line);
		listen_resolution_fini(&resolution);
		listenlist_fini(&list);
	}
	for (unsigned i = 0; i < LISTEN_REASON_COUNT_; i++) {
		assert_non_null(listen_reason_text((enum listen_reason)i));
	}
}

/*
 * The model: for each address and port that can occur, what must become of it, straight from the
 * definition and without looking at the others.
 */

#define MODEL_N_ADDRS 8 /* the first two are the wildcards */

struct model {
	struct ip_addr addrs[MODEL_N_ADDRS];
	struct ip_addr present[MODEL_N_ADDRS];
	size_t n_present;
	struct listenlist list;
	struct listen_want wants[4];
	size_t n_wants;
	uint32_t random;
};

static unsigned model_draw(struct model *m, unsigned n)
{
	m->random = m->random * 1664525U + 1013904223U;

	return (m->random >> 16) % n;
}

static void model_draw_all(struct model *m)
{
	size_t n_entries = model_draw(m, 5);

	m->n_present = 0;
	for (size_t i = 2; i < MODEL_N_ADDRS; i++) {
		if (model_draw(m, 3) > 0) {
			m->present[m->n_present++] = m->addrs[i];
		}
	}

	m->list = (struct listenlist){.n_unreadable = model_draw(m, 8) == 0};
	for (size_t i = 0; i < n_entries; i++) {
		struct listen_entry entry = {
			.addr = m->addrs[model_draw(m, MODEL_N_ADDRS)],
			.port = (uint16_t)(model_draw(m, 2) * (80 + model_draw(m, 2))),
		};
		if (model_draw(m, 20) == 0) {
			entry = (struct listen_entry){.kind = LISTEN_ENTRY_KIND_NONE};
		}
		assert_true(listenlist_add(&m->list, &entry) >= 0);
	}

	m->n_wants = 1 + model_draw(m, array_len(m->wants));
	for (size_t i = 0; i < m->n_wants; i++) {
		m->wants[i] = (struct listen_want){
			.port = (uint16_t)(80 + model_draw(m, 2)),
			.is_shared = model_draw(m, 2) == 0,
		};
		if (model_draw(m, 2) == 0) {
			m->wants[i].addr = m->addrs[2 + model_draw(m, MODEL_N_ADDRS - 2)];
		}
	}
}

static bool model_lists(const struct model *m, const struct ip_addr *addr, uint16_t port)
{
	for (size_t i = 0; i < m->list.n_entries; i++) {
		const struct listen_entry *entry = &m->list.entries[i];

		if (entry->kind == LISTEN_ENTRY_KIND_ADDRESS &&
		    (entry->port == 0 || entry->port == port) &&
		    ip_addr_is_equal(&entry->addr, addr)) {
			return true;
		}
	}

	return false;
}

static bool model_wants(const struct model *m, uint16_t port, const struct ip_addr *addr,
			bool only_shared)
{
	for (size_t i = 0; i < m->n_wants; i++) {
		if (m->wants[i].port == port && (m->wants[i].is_shared || !only_shared) &&
		    ip_addr_is_equal(&m->wants[i].addr, addr)) {
			return true;
		}
	}

	return false;
}

static bool model_is_present(const struct model *m, const struct ip_addr *addr)
{
	for (size_t i = 0; i < m->n_present; i++) {
		if (ip_addr_is_equal(&m->present[i], addr)) {
			return true;
		}
	}

	return false;
}

/* '+' wanted, '?' pending, '-' excluded, ' ' not there. */
static char model_state(const struct model *m, const struct ip_addr *addr, uint16_t port)
{
	const struct ip_addr nowhere = {0};
	struct ip_addr any = ip_addr_any(addr->family);
	bool is_empty = m->list.n_entries == 0 && m->list.n_unreadable == 0;
	bool wants_everywhere = model_wants(m, port, &nowhere, false);
	bool lists_any = is_empty || model_lists(m, &any, port);
	bool needs_any = wants_everywhere;

	for (size_t i = 2; i < MODEL_N_ADDRS; i++) {
		needs_any = needs_any || (m->addrs[i].family == addr->family &&
					  model_wants(m, port, &m->addrs[i], true));
	}

	bool has_any = lists_any && needs_any;
	if (ip_addr_is_any(addr)) {
		return has_any ? '+' : ' ';
	}

	bool is_named = model_wants(m, port, addr, false);
	bool is_listed = model_lists(m, addr, port);
	if (is_named && !is_listed && !lists_any) {
		return '-';
	}
	if (has_any || !(is_named || (wants_everywhere && is_listed))) {
		return ' ';
	}

	return model_is_present(m, addr) ? '+' : '?';
}

static void ten_thousand_random_lists_agree_with_the_model(void **state)
{
	static const char *const texts[MODEL_N_ADDRS] = {
		"0.0.0.0",  "::",  "10.0.0.1",    "10.0.0.2",
		"10.0.0.3", "::1", "2001:db8::1", "2001:db8::2",
	};
	struct model m = {.random = 20031024};

	for (size_t i = 0; i < MODEL_N_ADDRS; i++) {
		m.addrs[i] = addr_of(texts[i]);
	}

	for (unsigned round = 0; round < 10000; round++) {
		struct listen_resolution resolution;
		size_t n_expected = 0;

		model_draw_all(&m);

		struct listen_locals locals = {.addrs = m.present, .n_addrs = m.n_present};
		assert_int_equal(
			listenlist_resolve(&m.list, m.wants, m.n_wants, &locals, &resolution), 0);
		for (size_t i = 0; i < 2 * MODEL_N_ADDRS; i++) {
			struct ip_endpoint endpoint = {
				.addr = m.addrs[i / 2],
				.port = (uint16_t)(80 + i % 2),
			};
			char expected = model_state(&m, &endpoint.addr, endpoint.port);
			char found = ' ';

			for (size_t k = 0; k < resolution.n_endpoints; k++) {
				if (ip_endpoint_is_equal(&resolution.endpoints[k].endpoint,
							 &endpoint)) {
					assert_int_equal(found, ' ');
					found = "+?-"[resolution.endpoints[k].state];
				}
			}
			if (found != expected) {
				fail_msg("round %u, %s port %u: '%c', expected '%c'", round,
					 texts[i / 2], (unsigned)endpoint.port, found, expected);
			}
			n_expected += expected != ' ';
		}
		assert_int_equal(resolution.n_endpoints, n_expected);
		listen_resolution_fini(&resolution);
		listenlist_fini(&m.list);
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
		cmocka_unit_test(one_want_resolves_as_the_design_says),
		cmocka_unit_test(wants_of_one_port_share_sockets),
		cmocka_unit_test(diff_names_what_appears_and_disappears),
		cmocka_unit_test(states_are_said_in_words),
		cmocka_unit_test(ten_thousand_random_lists_agree_with_the_model),
		cmocka_unit_test(out_of_memory_is_passed_up),
	};

	return cmocka_run_group_tests_name("listenlist", tests, NULL, NULL);
}
