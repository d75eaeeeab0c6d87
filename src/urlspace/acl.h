#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Access control list of a reservation: who may register below its prefix (listen) and who may make
 * and delete reservations below it (delegate).  A value that owns its array.
 *
 * Entries are looked at in order, as on Windows: for each right asked for, the first entry that
 * names the caller and this right decides.  A right that no entry mentions is denied.  uid 0 is
 * always allowed, also by an empty list and against a deny entry: root owns the whole URL space
 * implicitly and nothing takes that away.
 *
 * Two spellings, both read and written: SDDL (sddl.h) and "user:NAME=listen" (grants.h).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/slice.h"

#define ACL_ACES_MAX       64    /* entries of one list */
#define ACL_TEXT_BYTES_MAX 32768 /* longest text that is read: more than any list is written as */
#define ACL_ID_MAX         (UINT32_MAX - 1) /* (uid_t)-1 is nobody's: "no change" in setuid(2) */
#define ACL_MESSAGE_BYTES  256
#define ACL_NAME_BYTES     256 /* longest user or group name and its NUL */

enum acl_verdict {
	ACL_E_INVALID = 1, /* the text is no list; struct acl_error says why */
	ACL_E_FULL,        /* ACL_ACES_MAX reached; nothing was changed */
};

enum acl_right {
	ACL_RIGHT_LISTEN = 1 << 0,   /* GX: register below the prefix */
	ACL_RIGHT_DELEGATE = 1 << 1, /* GW: reserve and delete reservations below the prefix */
	ACL_RIGHT_READ = 1 << 2,     /* GR: kept for foreign strings, allows nothing */
	ACL_RIGHT_ALL = ACL_RIGHT_LISTEN | ACL_RIGHT_DELEGATE, /* GA, which includes reading */
};

enum ace_type {
	ACE_TYPE_ALLOW = 0,
	ACE_TYPE_DENY,
};

enum trustee_kind {
	TRUSTEE_KIND_EVERYONE = 0,
	TRUSTEE_KIND_USER,    /* id is a uid; 0 is what BA and SY mean */
	TRUSTEE_KIND_GROUP,   /* id is a gid */
	TRUSTEE_KIND_FOREIGN, /* a SID of another system: kept, matches nobody */
};

struct trustee {
	enum trustee_kind kind;
	uint32_t id;
	char *sid; /* FOREIGN only: owned text "S-1-..." */
};

struct ace {
	enum ace_type type;
	unsigned rights; /* enum acl_right, at least one */
	struct trustee trustee;
};

struct acl {
	struct ace *aces; /* owned */
	size_t n_aces;
};

/* Whose rights are asked for; identity as the kernel gave it (SO_PEERCRED, SO_PEERGROUPS). */
struct caller {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* supplementary groups, not owned */
	size_t n_groups;
};

/* Why a text is no list. */
struct acl_error {
	size_t position;                 /* offset in the text, bytes; may be its length */
	char message[ACL_MESSAGE_BYTES]; /* what is wrong and what to write; printable */
};

enum acl_names_verdict {
	ACL_NAMES_E_UNKNOWN = 1, /* no such user or group */
};

/*
 * Names of users and groups, supplied from outside because looking them up may ask the network.
 * Each function returns 0, ACL_NAMES_E_UNKNOWN or a negative errno; *_by_id write a NUL-terminated
 * name.
 */
struct acl_names {
	int (*uid_by_name)(void *userdata, struct slice name, uid_t *ret_uid);
	int (*gid_by_name)(void *userdata, struct slice name, gid_t *ret_gid);
	int (*name_by_uid)(void *userdata, uid_t uid, char ret_name[ACL_NAME_BYTES]);
	int (*name_by_gid)(void *userdata, gid_t gid, char ret_name[ACL_NAME_BYTES]);
	void *userdata;
};

/* acl_fini() - free the entries; accepts NULL and zeroed lists, leaves it empty */
void acl_fini(struct acl *acl);

/*
 * acl_copy() - an independent copy
 * @ret_copy: filled on success only; owned by the caller (acl_fini)
 *
 * Return: 0; -ENOMEM.
 */
int acl_copy(const struct acl *acl, struct acl *ret_copy) must_check_;

/*
 * acl_append() - add an entry behind the others
 * @ace: copied, with its SID; READ is dropped beside both other rights, which include it
 *
 * Return: 0; ACL_E_FULL; -ENOMEM (nothing was changed).
 */
int acl_append(struct acl *acl, const struct ace *ace) must_check_;

/* acl_is_equal() - same entries in the same order */
bool acl_is_equal(const struct acl *a, const struct acl *b);

/*
 * acl_allows() - may @caller do this?
 * @rights: ACL_RIGHT_LISTEN, ACL_RIGHT_DELEGATE or both; all of them must be allowed
 */
bool acl_allows(const struct acl *acl, const struct caller *caller, unsigned rights);

/*
 * acl_parse() - read a whole slice as a list in either spelling
 * @names: for "user:NAME"; NULL = numbers only
 * @ret_acl: filled on success only; owned by the caller (acl_fini)
 * @ret_error: filled on ACL_E_INVALID; NULL when the caller does not want to know
 *
 * A text whose second character is ':' is SDDL, any other is a list of grants.
 *
 * Return: 0; ACL_E_INVALID; -ENOMEM or what a function of @names returned.
 */
int acl_parse(struct slice text, const struct acl_names *names, struct acl *ret_acl,
	      struct acl_error *ret_error) must_check_;

/*
 * acl_error_set() - for the parsers: fill @error (may be NULL), unprintable bytes replaced by '?'
 *
 * Return: ACL_E_INVALID, so that it can be returned.
 */
int acl_error_set(struct acl_error *error, size_t position, const char *format, ...) printf_(3, 4);
