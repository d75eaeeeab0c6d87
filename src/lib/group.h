#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A URL group as the application's side knows it: what was set and registered, so that it can be
 * made again for a new listener.  Owned by its session, guarded by the session's mutex.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/list.h"
#include "httpsys.h"

#define GROUP_N_PROPERTIES 4 /* numbers of enum httpsys_group_property are below */

/* One prefix that the application registered and did not remove. */
struct group_url {
	struct list link; /* group->urls */
	char *prefix;     /* as the application wrote it; owned */
	char *spelling;   /* the engine's spelling of it; NULL: it did not say; owned */
	uint64_t context;
	bool is_registered; /* the engine has it now */
	int refused_code;   /* why the last registration anew failed, 0: it did not; told once */
};

struct httpsys_group {
	struct list link; /* session->groups */
	struct httpsys_session *session;
	uint64_t id;                 /* 0: the engine does not have it now */
	struct httpsys_queue *queue; /* bound; NULL: none */
	bool is_bound;               /* the engine knows the binding */
	uint64_t values[GROUP_N_PROPERTIES];
	unsigned is_set;  /* bit per property number */
	struct list urls; /* struct group_url::link, in order of registration */
};

/* group_forget() - the engine has gone: nothing of the group is there any more */
void group_forget(struct httpsys_group *group);

/*
 * group_restore() - make what the engine does not have: group, properties, binding, prefixes
 * @ret_is_whole: set to false when something is still missing
 *
 * A prefix that is refused is tried again next time and told to the application once.
 *
 * Return: 0; NO_DAEMON and the like: the connection failed.
 */
int group_restore(struct httpsys_group *group, bool *ret_is_whole) must_check_;

/* group_unbind() - @queue is going: drop the binding if it is the group's */
void group_unbind(struct httpsys_group *group, const struct httpsys_queue *queue);
