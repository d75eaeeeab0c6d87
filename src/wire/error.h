#pragma once
/* SPDX-License-Identifier: MIT */

/* Errors that cross a process boundary; the table is error.def. */

enum wire_error {
#define ERROR(name, number, win32, text) WIRE_ERROR_##name = number,
#include "wire/error.def"
#undef ERROR
};

/* wire_error_name() - "DENIED" ...; "OK" for 0; "UNKNOWN" for a number that is not in the table */
const char *wire_error_name(int code);

/* wire_error_text() - the table's sentence; never NULL */
const char *wire_error_text(int code);

/* wire_error_win32() - the Win32 code for a WIRE_ERROR_ number; 0 for 0; 31 for an unknown one */
int wire_error_win32(int code);
