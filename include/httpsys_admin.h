/* SPDX-License-Identifier: MIT */
#ifndef HTTPSYS_ADMIN_H
#define HTTPSYS_ADMIN_H

/*
 * httpsys administration: the listen list, reservations, parameters, state, history.
 *
 * Talks to the running listener; when none runs, the same code works on the registry directly (the
 * library starts the listener's program in its offline role), under the same rights and history.
 *
 * Answers are JSON documents; their members are described in httpsys_admin(3).  One thread per
 * handle.
 */

#include "httpsys.h"

#ifdef __cplusplus
extern "C" {
#endif

struct httpsys_admin;

/* What an administrative call gave back; everything is owned by it. */
struct httpsys_answer {
	int code;          /* 0 or HTTPSYS_E_ */
	uint64_t revision; /* the revision that a change made; 0: none */
	char *text;        /* what happened and why; never NULL */
	char *repair;      /* what to do or type next; never NULL, may be empty */
	char *document;    /* JSON of the master; NULL: none */
	size_t document_len;
	char *engine_document; /* JSON of the engine (state, explain); NULL: none */
	size_t engine_document_len;
};

/* How a change is made. */
struct httpsys_change {
	size_t size;         /* sizeof(struct httpsys_change) */
	bool is_dry_run;     /* only say what would happen */
	const char *comment; /* for the history; may be NULL */
	const char *command; /* the command as typed, for the history; may be NULL */
};

enum httpsys_query {
	HTTPSYS_QUERY_STATUS = 1,
	HTTPSYS_QUERY_LISTEN = 2,
	HTTPSYS_QUERY_URLACL = 3,    /* .prefix: just that one */
	HTTPSYS_QUERY_PARAMETER = 4, /* .name: just that one */
	HTTPSYS_QUERY_EXPLAIN = 5,   /* .url, .method (GET), .address (destination, may be NULL) */
	HTTPSYS_QUERY_WHOHAS = 6,    /* .port, .address (may be NULL) */
	HTTPSYS_QUERY_HISTORY = 7,   /* .maximum newest; .revision: the changes of that one */
	HTTPSYS_QUERY_DUMP = 8,
};

struct httpsys_query_arguments {
	size_t size; /* sizeof(struct httpsys_query_arguments) */
	const char *prefix;
	const char *url;
	const char *method;
	const char *address;
	const char *name;
	uint64_t port;
	uint64_t revision;
	uint64_t maximum;
};

/*
 * httpsys_admin_new() - connect to the listener's administrative side
 * @home: as in httpsys_session_new()
 *
 * Return: 0; DENIED, VERSION, SYSTEM, NO_MEMORY, NO_DAEMON (none runs and it can't be worked on
 * directly either; httpsys_admin_error() says why).
 */
HTTPSYS_API int httpsys_admin_new(const char *home, struct httpsys_admin **ret_admin);

/* httpsys_admin_free() - disconnect; accepts NULL.  Return: NULL */
HTTPSYS_API struct httpsys_admin *httpsys_admin_free(struct httpsys_admin *admin);

/* httpsys_admin_is_offline() - true: no listener runs, the registry is worked on directly */
HTTPSYS_API bool httpsys_admin_is_offline(const struct httpsys_admin *admin);

/* httpsys_admin_error() - why httpsys_admin_new() failed for this thread; never NULL */
HTTPSYS_API const char *httpsys_admin_error(void);

/* httpsys_answer_fini() - free what an answer owns; accepts a zeroed one */
HTTPSYS_API void httpsys_answer_fini(struct httpsys_answer *answer);

/*
 * The calls: each returns 0 when an answer came (its .code says what became of it; end with
 * httpsys_answer_fini()), or SYSTEM, NO_MEMORY, PROTOCOL, NO_DAEMON (connection lost) without one.
 * @change may be NULL.
 */

/* httpsys_admin_listen_add() - add "A", "A:p", "[v6]", "[v6]:p", "0.0.0.0", "::" or "none" to the
 * listen list.  Codes: ADDRESS, EXISTS, INVALID (beside none), DENIED, CHANGED (warnings) */
HTTPSYS_API int httpsys_admin_listen_add(struct httpsys_admin *admin, const char *entry,
					 const struct httpsys_change *change,
					 struct httpsys_answer *ret_answer);

/* httpsys_admin_listen_delete() - take an entry off the list.  Codes: ADDRESS, NOT_FOUND, DENIED */
HTTPSYS_API int httpsys_admin_listen_delete(struct httpsys_admin *admin, const char *entry,
					    const struct httpsys_change *change,
					    struct httpsys_answer *ret_answer);

/* httpsys_admin_urlacl_add() - reserve a prefix for users.  Codes: INVALID, EXISTS, DENIED */
HTTPSYS_API int httpsys_admin_urlacl_add(struct httpsys_admin *admin, const char *prefix,
					 const char *acl, const struct httpsys_change *change,
					 struct httpsys_answer *ret_answer);

/* httpsys_admin_urlacl_delete() - end a reservation.  Codes: INVALID, NOT_FOUND, DENIED */
HTTPSYS_API int httpsys_admin_urlacl_delete(struct httpsys_admin *admin, const char *prefix,
					    const struct httpsys_change *change,
					    struct httpsys_answer *ret_answer);

/* httpsys_admin_parameter_set() / _delete() - a numeric parameter of HTTP/Parameters, by name;
 * delete: back to the default.  Codes: NOT_FOUND (no such parameter), INVALID (range), DENIED */
HTTPSYS_API int httpsys_admin_parameter_set(struct httpsys_admin *admin, const char *name,
					    uint64_t value, const struct httpsys_change *change,
					    struct httpsys_answer *ret_answer);
HTTPSYS_API int httpsys_admin_parameter_delete(struct httpsys_admin *admin, const char *name,
					       const struct httpsys_change *change,
					       struct httpsys_answer *ret_answer);

/* httpsys_admin_rollback() - make everything as it was after revision @revision, as a new revision.
 * Codes: NOT_FOUND, DENIED */
HTTPSYS_API int httpsys_admin_rollback(struct httpsys_admin *admin, uint64_t revision,
				       const struct httpsys_change *change,
				       struct httpsys_answer *ret_answer);

/* httpsys_admin_restore() - replace the configuration by a document of HTTPSYS_QUERY_DUMP, in one
 * transaction.  Codes: INVALID (position and reason), DENIED */
HTTPSYS_API int httpsys_admin_restore(struct httpsys_admin *admin, const char *document,
				      size_t document_len, const struct httpsys_change *change,
				      struct httpsys_answer *ret_answer);

/* httpsys_admin_query() - ask.  @arguments may be NULL where nothing is needed.  Codes: NOT_FOUND,
 * INVALID, DENIED */
HTTPSYS_API int httpsys_admin_query(struct httpsys_admin *admin, enum httpsys_query query,
				    const struct httpsys_query_arguments *arguments,
				    struct httpsys_answer *ret_answer);

#ifdef __cplusplus
}
#endif

#endif
