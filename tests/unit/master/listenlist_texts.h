#pragma once
/* SPDX-License-Identifier: MIT */

/* Addresses, entries and lists from text, for the tests of the listen list. */

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "master/listenlist.h"

static inline struct ip_addr addr_of(const char *text)
{
	struct ip_addr addr = {0};

	if (text[0] != '\0' && !ip_addr_parse(slice_from_str(text), &addr)) {
		fail_msg("%s is no address", text);
	}

	return addr;
}

/* Entries separated by blanks; "?" is an unreadable one. */
static inline void list_of(const char *text, struct listenlist *ret_list)
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
