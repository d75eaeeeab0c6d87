#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The administrative interface without a listener: it notes every call and gives the answers that
 * the test has laid out.  One state, because the interface has no place for another.
 */

#include <httpsys_admin.h>
#include <stdbool.h>

#define FAKE_CALLS_BYTES 4096
#define FAKE_QUERIES     16

struct fake_admin {
	int connect_error; /* what httpsys_admin_new() returns */
	bool is_offline;

	int change_result; /* what a change returns; not 0: no answer came */
	int change_code;   /* the answer's code, in earnest and in a dry run */
	const char *text;  /* of every answer; NULL: "" */
	const char *repair;
	uint64_t revision;           /* of changes in earnest */
	const char *change_document; /* of changes; NULL: none */
	const char *change_engine;

	int query_code;
	const char *documents[FAKE_QUERIES]; /* by enum httpsys_query */
	const char *engine_documents[FAKE_QUERIES];

	char calls[FAKE_CALLS_BYTES]; /* a line per call: "listen_add 127.0.0.1 dry" */
	char home[256];               /* as given to httpsys_admin_new() */
	int n_connected;              /* connections that are open now */
};

/* The one fake; fake_admin_reset() before each test. */
extern struct fake_admin fake_admin;

/* fake_admin_reset() - forget calls and answers: every call succeeds with an empty answer */
void fake_admin_reset(void);
