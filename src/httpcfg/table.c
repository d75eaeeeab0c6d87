/* SPDX-License-Identifier: MIT */

/*
 * Tables in two passes over one buffer: the first finds the widths, the second prints.  Widths
 * count UTF-8 characters.  The last column is never padded, so that no line ends in blanks.
 */

#include "httpcfg/table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/result.h"
#include "base/slice.h"
#include "httpcfg/document.h"

#define TABLE_TEXT_BYTES 4096 /* longest cell or note; longer ones are cut */
#define TABLE_GAP        2    /* blanks between columns */

static size_t table_width(const char *text)
{
	size_t width = 0;
	for (; *text != '\0'; text++) {
		width += ((unsigned char)*text & 0xc0) != 0x80;
	}

	return width;
}

static void table_append(struct table *table, char kind, const char *text)
{
	int r = buf_append(&table->cells, slice_from(&kind, 1));
	if (r == 0) {
		r = buf_append(&table->cells, slice_from(text, strlen(text) + 1));
	}
	if (r != 0 && table->error == 0) {
		table->error = result_fold(r);
	}
}

static void printf_(3, 0)
	table_appendv(struct table *table, char kind, const char *format, va_list args)
{
	char text[TABLE_TEXT_BYTES];

	(void)vsnprintf(text, sizeof(text), format, args); /* cut is better than nothing */
	document_clean_text(text);
	if (kind == 'c' || text[0] != '\0') {
		table_append(table, kind, text);
	}
}

void table_init(struct table *table, const char *heads)
{
	assert(table != NULL && heads != NULL);

	*table = (struct table){0};
	struct slice rest = slice_from_str(heads);
	while (rest.data != NULL) {
		struct slice head = slice_cut(&rest, '|');
		table->n_columns++;
		table_cell(table, "%.*s", SLICE_ARG(head));
	}

	assert(table->n_columns <= TABLE_COLUMNS_MAX);
}

void table_fini(struct table *table)
{
	assert(table != NULL);

	buf_fini(&table->cells);
}

void table_cell(struct table *table, const char *format, ...)
{
	assert(table != NULL && format != NULL);

	va_list args;
	va_start(args, format);
	table_appendv(table, 'c', format, args);
	va_end(args);
}

void table_note(struct table *table, const char *format, ...)
{
	assert(table != NULL && format != NULL);

	va_list args;
	va_start(args, format);
	table_appendv(table, 'n', format, args);
	va_end(args);
}

static void table_measure(const struct table *table, size_t *ret_widths)
{
	size_t column = 0;
	const char *end = table->cells.data + table->cells.len;

	for (const char *p = table->cells.data; p < end; p += strlen(p) + 1) {
		if (*p != 'c') {
			continue;
		}
		size_t width = table_width(p + 1);
		if (width > ret_widths[column]) {
			ret_widths[column] = width;
		}
		column = (column + 1) % table->n_columns;
	}
}

int table_print(const struct table *table, FILE *out)
{
	assert(table != NULL && out != NULL);

	if (table->error != 0) {
		return result_trace(table->error);
	}

	size_t widths[TABLE_COLUMNS_MAX] = {0};
	table_measure(table, widths);

	size_t column = 0;
	size_t n_blanks = TABLE_GAP; /* due before the next text */
	const char *end = table->cells.data + table->cells.len;
	for (const char *p = table->cells.data; p < end; p += strlen(p) + 1) {
		const char *text = p + 1;
		if (*p == 'n') {
			fprintf(out, "      %s\n", text);
			continue;
		}
		if (*text != '\0') {
			fprintf(out, "%*s%s", (int)n_blanks, "", text);
			n_blanks = 0;
		}
		n_blanks += widths[column] - table_width(text) + TABLE_GAP;
		column = (column + 1) % table->n_columns;
		if (column == 0) {
			fputc('\n', out);
			n_blanks = TABLE_GAP;
		}
	}

	return 0;
}
