/* SPDX-License-Identifier: MIT */

/* Optimal string alignment distance over three rows; words are short. */

#include "httpcfg/suggest.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/slice.h"

#define SUGGEST_LETTERS_MAX 31 /* longer words are nobody's neighbour */

static size_t suggest_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool suggest_is_same(char a, char b)
{
	return ascii_lower((unsigned char)a) == ascii_lower((unsigned char)b);
}

static size_t suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][SUGGEST_LETTERS_MAX + 1];
	size_t *before = rows[0];
	size_t *last = rows[1];
	size_t *row = rows[2];

	for (size_t j = 0; j <= b_len; j++) {
		before[j] = 0;
		last[j] = j;
	}
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t changed = last[j - 1] + !suggest_is_same(a[i - 1], b[j - 1]);
			row[j] = suggest_min(changed, suggest_min(last[j], row[j - 1]) + 1);
			bool is_swapped = i > 1 && j > 1 && suggest_is_same(a[i - 1], b[j - 2]) &&
					  suggest_is_same(a[i - 2], b[j - 1]);
			if (is_swapped) {
				row[j] = suggest_min(row[j], before[j - 2] + 1);
			}
		}
		size_t *oldest = before;
		before = last;
		last = row;
		row = oldest;
	}

	return last[b_len];
}

void suggest_consider(struct suggestion *suggestion, const char *word, const char *candidate)
{
	assert(suggestion != NULL && word != NULL && candidate != NULL);

	size_t word_len = strlen(word);
	size_t candidate_len = strlen(candidate);
	if (word_len > SUGGEST_LETTERS_MAX || candidate_len > SUGGEST_LETTERS_MAX) {
		return;
	}

	size_t distance = suggest_distance(word, word_len, candidate, candidate_len);
	size_t farthest = word_len < 6 ? 1 + (word_len > 3) : word_len / 3;
	bool is_nearer = suggestion->word == NULL || distance < suggestion->distance;
	if (distance <= farthest && distance < candidate_len && is_nearer) {
		*suggestion = (struct suggestion){.word = candidate, .distance = distance};
	}
}
