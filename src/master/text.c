/* SPDX-License-Identifier: MIT */

/* Sentences in fixed arrays; see text.h. */

#include "master/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

printf_(4, 0) static void text_format(char *text, size_t size, size_t len, const char *format,
				      va_list args)
{
	static const char cut[] = "...";
	int n = vsnprintf(text + len, size - len, format, args);

	if (n < 0) {
		text[len] = '\0';
	} else if ((size_t)n >= size - len) {
		memcpy(text + size - sizeof(cut), cut, sizeof(cut));
	}
}

void text_setf(char *text, size_t size, const char *format, ...)
{
	assert(text != NULL && size > 3 && format != NULL);

	va_list args;

	va_start(args, format);
	text_format(text, size, 0, format, args);
	va_end(args);
}

void text_appendf(char *text, size_t size, const char *format, ...)
{
	assert(text != NULL && size > 3 && format != NULL);

	size_t len = strnlen(text, size - 1);
	va_list args;

	if (len + 1 >= size) {
		return;
	}
	va_start(args, format);
	text_format(text, size, len, format, args);
	va_end(args);
}
