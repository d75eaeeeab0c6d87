#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The registry: a tree of keys, named by '/'-separated paths ("HTTP/Parameters/UrlAclInfo"), each
 * with named, typed values.  A key exists as long as there is a value at or below it.  Names of
 * keys and values compare without case over ASCII and keep their first spelling; a value's name
 * may hold any character but NUL, also '/' ("http://+:80/x/").
 *
 * Every change is a transaction, every transaction that changes something is a numbered revision
 * with author and list of changes (revision.h).  A commit that returned 0 is on the disk.
 *
 * Backend: one SQLite database (WAL, synchronous=FULL), shared by processes.  Nothing in this
 * header says so; another backend (etcd) replaces store*.c and commit.c.  An object belongs to
 * one thread.  Functions that fail leave a text for people in registry_error().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/list.h"
#include "registry/registry_value.h"

#define REGISTRY_KEY_BYTES_MAX   1024    /* a key's whole path */
#define REGISTRY_NAME_BYTES_MAX  8192    /* a value's name; a URL prefix fits */
#define REGISTRY_CHANGES_MAX     1000000 /* puts and deletes of one transaction */
#define REGISTRY_ERROR_BYTES     1024    /* an error text with its NUL; longer ones are cut */
#define REGISTRY_BUSY_TIMEOUT_MS 2000    /* how long a call waits for another process */
#define REGISTRY_REVISION_ANY    0       /* as expected revision: do not compare */

struct registry;
struct registry_tx;

enum registry_verdict {
	REGISTRY_E_NOT_FOUND = 1, /* no such value, revision or (open without CREATE) file */
	REGISTRY_E_CONFLICT,      /* another commit came between: read again, then try again */
	REGISTRY_E_BUSY,          /* another process kept the database locked too long: try again */
	REGISTRY_E_FULL,          /* no space on the disk; nothing was changed */
	REGISTRY_E_INVALID,       /* key, name, value or text not acceptable; nothing was changed */
	REGISTRY_E_CORRUPT,       /* damaged; nothing was changed or deleted */
	REGISTRY_E_DENIED,        /* the system's permissions, or opened READ_ONLY */
	REGISTRY_E_FORMAT,        /* of another program, or of a newer version of this one */
};

/* What failed, why, what to do: one line without newline, empty when nothing failed yet. */
struct registry_error {
	char text[REGISTRY_ERROR_BYTES];
};

enum registry_open_flag {
	REGISTRY_OPEN_CREATE = 1 << 0,    /* make the file (mode 0600) when it is not there */
	REGISTRY_OPEN_READ_ONLY = 1 << 1, /* commits are refused with REGISTRY_E_DENIED */
};

/*
 * registry_open() - open a registry
 * @path: the database file; its last component may not be a symbolic link
 * @flags: enum registry_open_flag, not both
 * @ret_error: the text, on any return but 0; may be NULL
 *
 * The whole file is checked.  A new one starts with revision 1, which is empty.  A file that others
 * may write is refused (DENIED).
 *
 * Return: 0 and *@ret_registry, owned by the caller (registry_close); NOT_FOUND, BUSY, FULL,
 * CORRUPT, DENIED, FORMAT, INVALID (symbolic link, no plain file, or path too long); -ENOMEM, -EIO.
 */
int registry_open(const char *path, unsigned flags, struct registry **ret_registry,
		  struct registry_error *ret_error) must_check_;

/* registry_close() - close it; no transaction may be left.  NULL is fine.  Return: NULL */
struct registry *registry_close(struct registry *registry);

/* registry_close_p() - for cleanup_() */
static inline void registry_close_p(struct registry **registry)
{
	registry_close(*registry);
}

/* registry_error() - why the last call failed; read it at once, any call may overwrite it */
const char *registry_error(const struct registry *registry);

/* registry_set_busy_timeout() - how many milliseconds a call waits for other processes' locks */
void registry_set_busy_timeout(struct registry *registry, unsigned timeout_ms);

/*
 * registry_revision() - the number of the newest revision, 1 or more
 *
 * Return: 0 and *@ret_revision; BUSY, CORRUPT; -ENOMEM, -EIO.
 */
int registry_revision(struct registry *registry, uint64_t *ret_revision) must_check_;

/*
 * registry_get() - read one value
 *
 * Return: 0 and *@ret_value, owned by the caller (registry_value_fini); NOT_FOUND, INVALID (no
 * acceptable key or name), BUSY, CORRUPT; -ENOMEM, -EIO.
 */
int registry_get(struct registry *registry, const char *key, const char *name,
		 struct registry_value *ret_value) must_check_;

/* One value of a listing; owned by the listing. */
struct registry_item {
	char *name;
	struct registry_value value; /* keys: a zeroed value */
};

/* A listing, owned by the caller; sorted by name without case. */
struct registry_list {
	struct registry_item *items;
	size_t n_items;
};

/* registry_list_fini() - free a listing; accepts NULL, zeroed and half-built ones */
void registry_list_fini(struct registry_list *list);

/*
 * registry_list_keys() - the keys directly below @key ("" = root), their last component only
 *
 * A key that does not exist has an empty list.
 *
 * Return: 0 and *@ret_list (registry_list_fini); INVALID, BUSY, CORRUPT; -ENOMEM, -EIO.
 */
int registry_list_keys(struct registry *registry, const char *key,
		       struct registry_list *ret_list) must_check_;

/* registry_list_values() - the values of @key with their names.  Return: as registry_list_keys() */
int registry_list_values(struct registry *registry, const char *key,
			 struct registry_list *ret_list) must_check_;

/*
 * What registry_walk() calls; the arguments are valid during the call, which must not use the
 * registry.  Return: 0 = go on; anything else ends the walk and is handed to its caller.
 */
typedef int (*registry_walk_fn)(void *context, const char *key, const char *name,
				const struct registry_value *value);

/*
 * registry_walk() - every value at and below @key ("" = all), from one consistent state
 *
 * Order: a key's own values by name, then the keys below it by name; stable.
 *
 * Return: 0; what @on_value returned; INVALID, BUSY, CORRUPT; -ENOMEM, -EIO.
 */
int registry_walk(struct registry *registry, const char *key, registry_walk_fn on_value,
		  void *context) must_check_;

/* Who makes a revision.  Identity comes from the kernel (peer credentials), not from a message. */
struct registry_author {
	uid_t uid;
	const char *user;    /* name of @uid; NULL = unknown */
	const char *command; /* for example "httpcfg set iplisten -i 127.0.0.1"; NULL = none */
	const char *comment; /* NULL = none */
	struct wall_time time;
};

/*
 * registry_begin() - start a transaction
 * @expected_revision: the revision that the caller's decision rests on, or REGISTRY_REVISION_ANY
 *
 * A transaction only collects changes in memory, in order; it locks nothing and readers do not see
 * it.  @registry must outlive it.
 *
 * Return: 0 and *@ret_tx, owned by the caller (registry_tx_free); -ENOMEM.
 */
int registry_begin(struct registry *registry, uint64_t expected_revision,
		   struct registry_tx **ret_tx) must_check_;

/* registry_tx_free() - drop a transaction, committed or not.  NULL is fine.  Return: NULL */
struct registry_tx *registry_tx_free(struct registry_tx *tx);

/* registry_tx_free_p() - for cleanup_() */
static inline void registry_tx_free_p(struct registry_tx **tx)
{
	registry_tx_free(*tx);
}

/*
 * registry_put() - set a value; key and value are created when they are not there
 *
 * The value is copied.
 *
 * Return: 0; INVALID (key, name, text, size, too many changes; registry_error() says which, the
 * transaction is as before); -ENOMEM.
 */
int registry_put(struct registry_tx *tx, const char *key, const char *name,
		 const struct registry_value *value) must_check_;

/* registry_put_string(), _strings(), _dword(), _binary() - the same by type.  Return: as above */
int registry_put_string(struct registry_tx *tx, const char *key, const char *name,
			struct slice text) must_check_;
int registry_put_strings(struct registry_tx *tx, const char *key, const char *name,
			 const struct slice *strings, size_t n) must_check_;
int registry_put_dword(struct registry_tx *tx, const char *key, const char *name,
		       uint32_t dword) must_check_;
int registry_put_binary(struct registry_tx *tx, const char *key, const char *name,
			struct slice bytes) must_check_;

/*
 * registry_delete_value() - remove one value; one that is not there is no error
 *
 * Return: 0; INVALID; -ENOMEM.
 */
int registry_delete_value(struct registry_tx *tx, const char *key, const char *name) must_check_;

/*
 * registry_delete_key() - remove a key ("" = everything) with all values at and below it
 *
 * Return: 0; INVALID; -ENOMEM.
 */
int registry_delete_key(struct registry_tx *tx, const char *key) must_check_;

/*
 * registry_commit() - make a revision of the transaction's changes, all or none
 * @ret_revision: the new revision; the current one when nothing differs in effect (no revision is
 *		  made then); may be NULL
 *
 * After 0 the change is on the disk and the watchers have been called; @tx can only be freed.
 * After BUSY and FULL the same @tx can be committed again.
 *
 * Return: 0; CONFLICT, BUSY, FULL, CORRUPT, DENIED; -ENOMEM, -EIO.  Unless 0, nothing was changed.
 */
int registry_commit(struct registry_tx *tx, const struct registry_author *author,
		    uint64_t *ret_revision) must_check_;

struct registry_changes;

/*
 * What a watcher is called with after each commit or rollback made through the same struct
 * registry.  @changes (revision.h) is valid during the call, which may read the registry but not
 * change it or its watchers.
 */
typedef void (*registry_on_commit_fn)(void *context, uint64_t revision,
				      const struct registry_changes *changes);

/* A watcher; owned by the caller, linked while it watches. */
struct registry_watch {
	struct list link; /* struct registry::watches */
	registry_on_commit_fn on_commit;
	void *context;
};

/* registry_watch_add() - call @watch after each commit until registry_watch_remove() */
void registry_watch_add(struct registry *registry, struct registry_watch *watch);

/* registry_watch_remove() - stop it; accepts one that does not watch */
void registry_watch_remove(struct registry_watch *watch);
