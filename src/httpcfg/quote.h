#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Words as a POSIX shell writes and reads them, so that what is printed can be pasted into a shell
 * and read back here.  Reading knows quotes, backslashes and comments, and expands nothing.
 */

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

#define QUOTE_WORDS_MAX 24 /* of one line; nothing that is printed here has more */

enum quote_verdict {
	QUOTE_E_UNFINISHED = 1, /* a quote is open at the end of the line */
	QUOTE_E_TOO_MANY,       /* more than QUOTE_WORDS_MAX words */
	QUOTE_E_SPECIAL,        /* an unquoted character that a shell would act on */
};

/* quote_append() - append @word, quoted if a shell would read it otherwise.  Return: 0; -ENOMEM */
int quote_append(struct buf *buf, const char *word) must_check_;

/*
 * quote_split() - split @line into words, in its own memory
 * @line: NUL-terminated; changed
 * @ret_words: QUOTE_WORDS_MAX pointers into @line
 * @ret_n_words: 0 for a blank line and a comment
 *
 * Return: 0; QUOTE_E_UNFINISHED; QUOTE_E_TOO_MANY; QUOTE_E_SPECIAL.
 */
int quote_split(char *line, char **ret_words, size_t *ret_n_words) must_check_;

/* quote_verdict_text() - the sentence for a verdict of quote_split(), without final stop */
const char *quote_verdict_text(int verdict);
