#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where an instance keeps its things: everything below one directory, or the
 * system's places when none is named.  One instance per home: whoever works on
 * the registry holds the lock, and an engine whose master has died holds it
 * until it is gone, too.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"

#define HOME_PATH_BYTES   512
#define HOME_ERROR_BYTES  768
#define HOME_LOCK_WAIT_MS 5000 /* an old engine may be ending */

enum home_verdict {
	HOME_E_HELD = 1, /* another process has the lock; the error text names it */
	HOME_E_FAILED,   /* a directory or file cannot be made; the error text says which and why */
};

/* Who holds or takes the lock. */
enum home_role {
	HOME_ROLE_DAEMON = 0,
	HOME_ROLE_OFFLINE,
};

struct home {
	bool is_default; /* the system's places */
	char registry_path[HOME_PATH_BYTES];
	char run_dir[HOME_PATH_BYTES];
	char app_path[HOME_PATH_BYTES];
	char admin_path[HOME_PATH_BYTES];
	char lock_path[HOME_PATH_BYTES];
	char log_dir[HOME_PATH_BYTES];
	char events_path[HOME_PATH_BYTES];
	char data_dir[HOME_PATH_BYTES];
	int lock_fd;                  /* owned; -1 = not held */
	char error[HOME_ERROR_BYTES]; /* of the last verdict */
};

/*
 * home_init() - work out the paths; touches nothing
 * @dir: NULL or empty = the environment's HTTPSYS_HOME, and without that the system's places
 *
 * Return: 0; HOME_E_FAILED (the path is too long).
 */
int home_init(struct home *home, const char *dir) must_check_;

/* home_fini() - give the lock back */
void home_fini(struct home *home);

/* home_make() - make the directories that are not there.  Return: 0; HOME_E_FAILED */
int home_make(struct home *home) must_check_;

/*
 * home_lock() - take the lock, waiting up to @wait_ms for it
 * @ret_holder: HOME_E_HELD: what the holder is; may be NULL
 *
 * Return: 0; HOME_E_HELD; HOME_E_FAILED.
 */
int home_lock(struct home *home, enum home_role role, int wait_ms,
	      enum home_role *ret_holder) must_check_;
