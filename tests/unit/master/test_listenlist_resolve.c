/* SPDX-License-Identifier: MIT */

/* From prefixes and the IP listen list to endpoints: tables, and a naive model. */

#include "master/listenlist.h"

#include <stdio.h>

#include "listenlist_texts.h"

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

static const struct {
	const char *list;
	const char *want; /* "" = wildcard */
	bool is_shared;
	const char *endpoints;
	enum listen_reason reason; /* of the first endpoint, or of the empty resolution */
} one_want_rows[] = {
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

static void one_want_resolves_as_the_design_says(void **state)
{
	struct ip_addr addrs[array_len(local_texts)];
	struct listen_locals locals = locals_of(addrs);

	for (size_t i = 0; i < array_len(one_want_rows); i++) {
		struct listenlist list;
		struct listen_resolution resolution;
		struct buf text = {0};
		struct listen_want want = {
			.port = 80,
			.is_shared = one_want_rows[i].is_shared,
			.addr = addr_of(one_want_rows[i].want),
		};

		list_of(one_want_rows[i].list, &list);
		assert_int_equal(listenlist_resolve(&list, &want, 1, &locals, &resolution), 0);
		resolution_describe(&resolution, &text);

		enum listen_reason reason = resolution.n_endpoints > 0
						    ? resolution.endpoints[0].reason
						    : resolution.reason;
		if (!slice_is_equal(buf_slice(&text), slice_from_str(one_want_rows[i].endpoints)) ||
		    reason != one_want_rows[i].reason) {
			fail_msg("list '%s', want '%s': %.*s: %s", one_want_rows[i].list,
				 one_want_rows[i].want, SLICE_ARG(buf_slice(&text)),
				 listen_reason_text(reason));
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

/* Does a prefix on this port need the wildcard socket of the family? */
static bool model_needs_any(const struct model *m, int family, uint16_t port)
{
	const struct ip_addr nowhere = {0};
	bool needs_any = model_wants(m, port, &nowhere, false);

	for (size_t i = 2; i < MODEL_N_ADDRS; i++) {
		needs_any = needs_any || (m->addrs[i].family == family &&
					  model_wants(m, port, &m->addrs[i], true));
	}

	return needs_any;
}

/* '+' wanted, '?' pending, '-' excluded, ' ' not there. */
static char model_state(const struct model *m, const struct ip_addr *addr, uint16_t port)
{
	const struct ip_addr nowhere = {0};
	struct ip_addr any = ip_addr_any(addr->family);
	bool lists_any = listenlist_is_empty(&m->list) || model_lists(m, &any, port);
	bool has_any = lists_any && model_needs_any(m, addr->family, port);

	if (ip_addr_is_any(addr)) {
		return has_any ? '+' : ' ';
	}

	bool is_named = model_wants(m, port, addr, false);
	bool is_listed = model_lists(m, addr, port);
	bool is_everywhere = is_listed && model_wants(m, port, &nowhere, false);
	if (is_named && !is_listed && !lists_any) {
		return '-';
	}
	if (has_any || !(is_named || is_everywhere)) {
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_want_resolves_as_the_design_says),
		cmocka_unit_test(wants_of_one_port_share_sockets),
		cmocka_unit_test(diff_names_what_appears_and_disappears),
		cmocka_unit_test(states_are_said_in_words),
		cmocka_unit_test(ten_thousand_random_lists_agree_with_the_model),
	};

	return cmocka_run_group_tests_name("listenlist_resolve", tests, NULL, NULL);
}
