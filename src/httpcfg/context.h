#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What one run of httpcfg works with: where it prints, what the options before the verb said, and
 * the connection to the listener.  Made by verb_run(), lent to one verb, gone afterwards.
 *
 * Codes that travel through httpcfg are Win32 codes (0 = done), as the tool of the original exits
 * with them; HTTPSYS_E_ numbers are turned into them where an answer arrives (reply.h).
 */

#include <httpsys_admin.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/compiler.h"

/* The Win32 codes that httpcfg itself comes to; all others come with answers. */
#define WIN32_NO_MEMORY         8
#define WIN32_INVALID_PARAMETER 87
#define WIN32_NOT_AN_ADDRESS    10022

struct context {
	FILE *out; /* borrowed: results, as the original prints them */
	FILE *err; /* borrowed: explanations */

	const char *home;     /* --home; NULL: the environment or the installed default */
	const char *comment;  /* -m; NULL: none */
	const char *command;  /* the whole command as typed, for the history */
	const char *synopsis; /* how the running verb is written, for usage errors */
	bool is_json;
	bool is_dry_run;

	struct httpsys_admin *admin; /* owned; NULL before context_connect() */
};

/* context_fini() - disconnect; accepts a zeroed context */
void context_fini(struct context *ctx);

/*
 * context_connect() - connect to the listener, or to its registry when none runs
 *
 * Return: 0; a Win32 code: there is no connection, and httpsys_admin_error() says why.
 */
int context_connect(struct context *ctx) must_check_;

/*
 * context_connect_or_explain() - as context_connect(), and on failure the explanation is printed
 * @what: what cannot be done now, for example "status"
 *
 * Return: as context_connect().
 */
int context_connect_or_explain(struct context *ctx, const char *what) must_check_;

/* context_change() - how the changes of this run are made: --dry-run, -m, the command as typed */
struct httpsys_change context_change(const struct context *ctx);

/*
 * context_misuse() - print what is wrong with the command line, and how the verb is written
 *
 * Return: WIN32_INVALID_PARAMETER.
 */
int context_misuse(const struct context *ctx, const char *format, ...) printf_(2, 3);
