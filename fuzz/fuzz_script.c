/* SPDX-License-Identifier: MIT */

/*
 * What restore reads, from any bytes: a line that is split into words can be quoted again and split
 * into the same words; a script is accepted with all lists of the document, or refused with a line
 * that it has and a reason.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "httpcfg/quote.h"
#include "httpcfg/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_check(bool is_good)
{
	if (!is_good) {
		abort();
	}
}

static void fuzz_check_words(char *const *words, size_t n_words)
{
	cleanup_(buf_fini) struct buf line = {0};
	for (size_t i = 0; i < n_words; i++) {
		fuzz_check(buf_append_str(&line, " ") == 0);
		fuzz_check(quote_append(&line, words[i]) == 0);
	}
	fuzz_check(buf_append(&line, slice_from("", 1)) == 0);

	char *again[QUOTE_WORDS_MAX];
	size_t n_again = 0;
	fuzz_check(quote_split(line.data, again, &n_again) == 0);
	fuzz_check(n_again == n_words);
	for (size_t i = 0; i < n_words; i++) {
		fuzz_check(strcmp(words[i], again[i]) == 0);
	}
}

static void fuzz_check_script(char *text)
{
	size_t n_lines = 1;
	for (const char *p = text; *p != '\0'; p++) {
		n_lines += *p == '\n';
	}

	json_t *document = NULL;
	struct script_error error = {0};
	int r = script_parse(text, &document, &error);
	if (r != 0) {
		fuzz_check(r == SCRIPT_E_INVALID);
		fuzz_check(error.text != NULL && error.line >= 1 && error.line <= n_lines);
		return;
	}
	fuzz_check(json_is_array(json_object_get(document, "listen_list")));
	fuzz_check(json_is_array(json_object_get(document, "reservations")));
	fuzz_check(json_is_array(json_object_get(document, "parameters")));
	json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(mem_free_p) char *line = mem_dup(data, size);
	cleanup_(mem_free_p) char *script = mem_dup(data, size);
	char *words[QUOTE_WORDS_MAX];
	size_t n_words = 0;

	if (quote_split(line, words, &n_words) == 0) {
		fuzz_check_words(words, n_words);
	}
	fuzz_check_script(script);

	return 0;
}
