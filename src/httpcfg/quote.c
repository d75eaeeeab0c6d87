/* SPDX-License-Identifier: MIT */

/*
 * Shell quoting.  A word of safe characters stands as it is, any other in single quotes, in which
 * only the single quote itself needs care.  The reader is a little machine with a state per kind
 * of quote that writes the words over the line they came from: they never get longer.
 */

#include "httpcfg/quote.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/result.h"
#include "base/slice.h"

/* The bytes that mean something to a shell outside quotes, besides blanks and quotes. */
static const char special[] = "|&;<>()$`*?[]{}~!\n\r";

struct quote_reader {
	const char *in;
	char *out; /* never ahead of in */
};

static bool quote_is_safe(char c)
{
	return ascii_is_digit(c) || ascii_is_alpha(c) || (c != '\0' && strchr("_@%+=:,./-", c));
}

int quote_append(struct buf *buf, const char *word)
{
	assert(buf != NULL && word != NULL);

	size_t n_safe = 0;
	while (quote_is_safe(word[n_safe])) {
		n_safe++;
	}
	if (n_safe > 0 && word[n_safe] == '\0') {
		return result_fold(buf_append_str(buf, word));
	}

	int r = buf_append_str(buf, "'");
	for (const char *p = word; r == 0 && *p != '\0'; p++) {
		r = *p == '\'' ? buf_append_str(buf, "'\\''") : buf_append(buf, slice_from(p, 1));
	}
	if (r == 0) {
		r = buf_append_str(buf, "'");
	}

	return result_fold(r);
}

/* Return: 0; QUOTE_E_UNFINISHED */
static int quote_read_single(struct quote_reader *reader)
{
	for (reader->in++; *reader->in != '\''; reader->in++) {
		if (*reader->in == '\0') {
			return QUOTE_E_UNFINISHED;
		}
		*reader->out++ = *reader->in;
	}
	reader->in++;

	return 0;
}

/* Return: 0; QUOTE_E_UNFINISHED; QUOTE_E_SPECIAL */
static int quote_read_double(struct quote_reader *reader)
{
	for (reader->in++; *reader->in != '"'; reader->in++) {
		char c = *reader->in;
		if (c == '\\' && reader->in[1] != '\0' && strchr("\\\"$`", reader->in[1])) {
			reader->in++;
		} else if (c == '$' || c == '`') {
			return QUOTE_E_SPECIAL;
		} else if (c == '\0') {
			return QUOTE_E_UNFINISHED;
		}
		*reader->out++ = *reader->in;
	}
	reader->in++;

	return 0;
}

/* Return: 0; QUOTE_E_UNFINISHED */
static int quote_read_escape(struct quote_reader *reader)
{
	reader->in++;
	if (*reader->in == '\0') {
		return QUOTE_E_UNFINISHED;
	}
	*reader->out++ = *reader->in++;

	return 0;
}

/* Reads up to a blank or the end.  Return: 0; QUOTE_E_UNFINISHED; QUOTE_E_SPECIAL */
static int quote_read_word(struct quote_reader *reader)
{
	while (*reader->in != '\0' && *reader->in != ' ' && *reader->in != '\t') {
		int r = 0;
		if (*reader->in == '\'') {
			r = quote_read_single(reader);
		} else if (*reader->in == '"') {
			r = quote_read_double(reader);
		} else if (*reader->in == '\\') {
			r = quote_read_escape(reader);
		} else if (strchr(special, *reader->in) != NULL) {
			r = QUOTE_E_SPECIAL;
		} else {
			*reader->out++ = *reader->in++;
		}
		if (r != 0) {
			return r;
		}
	}

	return 0;
}

int quote_split(char *line, char **ret_words, size_t *ret_n_words)
{
	assert(line != NULL && ret_words != NULL && ret_n_words != NULL);

	struct quote_reader reader = {.in = line, .out = line};
	size_t n = 0;
	for (;;) {
		while (*reader.in == ' ' || *reader.in == '\t') {
			reader.in++;
		}
		if (*reader.in == '\0' || *reader.in == '#') {
			break;
		}
		if (n == QUOTE_WORDS_MAX) {
			return QUOTE_E_TOO_MANY;
		}
		ret_words[n] = reader.out;
		int r = quote_read_word(&reader);
		if (r != 0) {
			return r;
		}
		n++;
		bool is_end = *reader.in == '\0';
		*reader.out++ = '\0';
		if (is_end) {
			break;
		}
		reader.in++;
	}
	*ret_n_words = n;

	return 0;
}

const char *quote_verdict_text(int verdict)
{
	static const char *const texts[] = {
		[QUOTE_E_UNFINISHED] = "a quote or an escape is not finished",
		[QUOTE_E_TOO_MANY] = "too many words",
		[QUOTE_E_SPECIAL] = "a special character of the shell is not quoted",
	};

	assert(verdict > 0 && (size_t)verdict < array_len(texts));

	return texts[verdict];
}
