/* SPDX-License-Identifier: MIT */

/*
 * Prefixes from any bytes: a text that is accepted has a canonical form that is a fixed point, a
 * copy that is equal, and parents that cover it; a text that is refused has a position inside it
 * and, when there is one, a suggestion that is accepted.
 */

#include <stdlib.h>

#include "urlspace/prefix.h"
#include "urlspace/prefix_suggest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_check(bool is_good)
{
	if (!is_good) {
		abort();
	}
}

/* A prefix's slices are what its text says, and its shorter relatives are prefixes, too. */
static void fuzz_check_parts(const struct prefix *prefix)
{
	struct slice text = slice_from_str(prefix->text);
	struct slice key = prefix->key;

	fuzz_check(text.len == key.len && text.len <= PREFIX_BYTES_MAX);
	fuzz_check(slice_is_equal_nocase(text, key));
	fuzz_check(prefix->path.data[0] == '/' && prefix->path.data[prefix->path.len - 1] == '/');
	fuzz_check(
		slice_is_equal(slice_from_offset(text, text.len - prefix->path.len), prefix->path));
	fuzz_check(slice_is_equal_nocase(prefix->path, prefix->path_folded));
	fuzz_check(prefix->port != 0 && prefix->host.len > 0);
	fuzz_check((prefix->addr.family != 0) ==
		   (prefix->bucket == PREFIX_BUCKET_IP || prefix->has_local_addr));

	for (key = prefix_key_parent(key); key.len > 0; key = prefix_key_parent(key)) {
		cleanup_(prefix_fini) struct prefix parent = {0};

		fuzz_check(prefix_parse(key, &parent, NULL) == 0);
		fuzz_check(slice_is_equal(parent.key, key));
		fuzz_check(prefix_covers(&parent, prefix) && !prefix_covers(prefix, &parent));
	}
}

static void fuzz_check_accepted(const struct prefix *prefix)
{
	cleanup_(prefix_fini) struct prefix again = {0};
	cleanup_(prefix_fini) struct prefix copy = {0};

	fuzz_check(prefix_parse(slice_from_str(prefix->text), &again, NULL) == 0);
	fuzz_check(slice_is_equal(slice_from_str(prefix->text), slice_from_str(again.text)));
	fuzz_check(prefix_is_equal(prefix, &again) && prefix_covers(prefix, &again));
	fuzz_check(prefix->bucket == again.bucket && prefix->port == again.port);

	fuzz_check(prefix_copy(prefix, &copy) == 0);
	fuzz_check(prefix_is_equal(prefix, &copy));
	fuzz_check_parts(&copy);
}

static void fuzz_check_refused(struct slice text, const struct prefix_error *error)
{
	cleanup_(buf_fini) struct buf line = {0};
	cleanup_(buf_fini) struct buf suggestion = {0};
	cleanup_(prefix_fini) struct prefix prefix = {0};

	fuzz_check(error->position <= text.len && error->rule < PREFIX_RULE_COUNT_);
	fuzz_check(prefix_error_format(text, error, &line) == 0);

	int r = prefix_suggest(text, error, &suggestion);
	fuzz_check(r == 0 || r == PREFIX_SUGGEST_E_NONE);
	if (r == 0) {
		fuzz_check(prefix_parse(buf_slice(&suggestion), &prefix, NULL) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	struct prefix_error error;
	struct slice text = slice_from(data, size);
	int r = prefix_parse(text, &prefix, &error);

	fuzz_check(r == 0 || r == PREFIX_E_INVALID);
	if (r == 0) {
		fuzz_check_accepted(&prefix);
	} else {
		fuzz_check_refused(text, &error);
	}

	return 0;
}
