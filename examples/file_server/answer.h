#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Answers of the file server: status pages, and files with conditions and ranges (RFC 9110 13, 14).
 */

#include <httpsys.h>

#include "examples/file_server/files.h"

/* answer_status() - a short page that says the status; @field may be NULL: one more field */
void answer_status(struct httpsys_request *request, unsigned status,
		   const struct httpsys_field *field);

/* answer_file() - the file, part of it, or why not; @file stays the caller's */
void answer_file(struct httpsys_request *request, const struct files_file *file);

/* answer_redirect() - the same path with '/' behind it */
void answer_redirect(struct httpsys_request *request);

/* answer_slice() - a slice over a string */
struct httpsys_slice answer_slice(const char *s);
