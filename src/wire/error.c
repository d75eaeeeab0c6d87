/* SPDX-License-Identifier: MIT */

/* The error table; see error.def. */

#include "wire/error.h"

#include <stddef.h>

#include "base/compiler.h"

#define ERROR_WIN32_UNKNOWN 31 /* ERROR_GEN_FAILURE */

struct error_row {
	int code;
	int win32;
	const char *name;
	const char *text;
};

static const struct error_row error_rows[] = {
	{.code = 0, .win32 = 0, .name = "OK", .text = "The operation completed successfully."},
#define ERROR(name_, number_, win32_, text_) \
	{.code = number_, .win32 = win32_, .name = #name_, .text = text_},
#include "wire/error.def"
#undef ERROR
};

static const struct error_row *error_find(int code)
{
	for (size_t i = 0; i < array_len(error_rows); i++) {
		if (error_rows[i].code == code) {
			return &error_rows[i];
		}
	}

	return NULL;
}

const char *wire_error_name(int code)
{
	const struct error_row *row = error_find(code);

	return row != NULL ? row->name : "UNKNOWN";
}

const char *wire_error_text(int code)
{
	const struct error_row *row = error_find(code);

	return row != NULL ? row->text : "An error that this version does not know.";
}

int wire_error_win32(int code)
{
	const struct error_row *row = error_find(code);

	return row != NULL ? row->win32 : ERROR_WIN32_UNKNOWN;
}
