/* SPDX-License-Identifier: MIT */

/* Options among words.  Each is looked for alone: there are few, and lines are short. */

#include "httpcfg/words.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"

static void words_drop(struct words *words, int i, int n)
{
	for (int j = i; j + n < words->n; j++) {
		words->at[j] = words->at[j + n];
	}

	words->n -= n;
}

static int words_find(const struct words *words, const char *option, bool has_value)
{
	size_t len = strlen(option);

	for (int i = 0; i < words->n && strcmp(words->at[i], "--") != 0; i++) {
		const char *word = words->at[i];
		if (strcmp(word, option) == 0) {
			return i;
		}
		if (has_value && len > 2 && strncmp(word, option, len) == 0 && word[len] == '=') {
			return i;
		}
	}

	return -1;
}

bool words_are_equal(const char *a, const char *b)
{
	assert(a != NULL && b != NULL);

	return slice_is_equal_nocase(slice_from_str(a), slice_from_str(b));
}

bool words_take_flag(struct words *words, const char *option)
{
	assert(words != NULL && option != NULL);

	bool is_there = false;
	for (int i = words_find(words, option, false); i >= 0;
	     i = words_find(words, option, false)) {
		is_there = true;
		words_drop(words, i, 1);
	}

	return is_there;
}

int words_take_value(struct words *words, const char *option, const char **ret_value)
{
	assert(words != NULL && option != NULL && ret_value != NULL);

	size_t len = strlen(option);
	int r = WORDS_E_ABSENT;
	for (int i = words_find(words, option, true); i >= 0; i = words_find(words, option, true)) {
		if (words->at[i][len] == '=') {
			*ret_value = words->at[i] + len + 1;
			words_drop(words, i, 1);
		} else if (i + 1 < words->n) {
			*ret_value = words->at[i + 1];
			words_drop(words, i, 2);
		} else {
			return WORDS_E_NO_VALUE;
		}
		r = 0;
	}

	return r;
}
