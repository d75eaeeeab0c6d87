#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Quota: what one uid can make the daemon hold.  Every object made on behalf of
 * a user embeds a charge; its destructor gives it back.  uid 0 is counted but
 * never refused.  One owner thread (the engine's control thread).
 */

#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/map.h"

enum quota_resource {
	QUOTA_RESOURCE_SESSIONS = 0,
	QUOTA_RESOURCE_URL_GROUPS,
	QUOTA_RESOURCE_PREFIXES,
	QUOTA_RESOURCE_QUEUES,
	QUOTA_RESOURCE_RECEIVERS,
	QUOTA_RESOURCE_COUNT_
};

enum quota_verdict {
	QUOTA_E_EXCEEDED = 1, /* the uid has its maximum; nothing was charged; n_refused counted */
};

struct quota {
	struct map users;                    /* uid -> struct quota_user (owned) */
	uint64_t max[QUOTA_RESOURCE_COUNT_]; /* per uid */
	uint64_t n_refused[QUOTA_RESOURCE_COUNT_];
};

struct quota_charge {
	struct quota_user *user; /* NULL = nothing charged; borrowed, lives in the quota */
	enum quota_resource resource;
	uint64_t amount;
};

/* quota_init() - start with no users and the given maxima (QUOTA_RESOURCE_COUNT_ of them) */
void quota_init(struct quota *quota, const uint64_t *max);

/* quota_fini() - forget all users; no charge may be alive */
void quota_fini(struct quota *quota);

/*
 * quota_charge() - charge @amount of @resource to @uid
 * @charge: zeroed; belongs to the object that causes the charge
 *
 * The quota must stay where it is in memory while a charge is alive.
 *
 * Return: 0; QUOTA_E_EXCEEDED; -ENOMEM.
 */
int quota_charge(struct quota *quota, uid_t uid, enum quota_resource resource, uint64_t amount,
		 struct quota_charge *charge) must_check_;

/* quota_discharge() - give back what @charge holds and zero it; accepts a zeroed one */
void quota_discharge(struct quota_charge *charge);

/* quota_used() - how much of @resource @uid holds now */
uint64_t quota_used(const struct quota *quota, uid_t uid, enum quota_resource resource);

/* quota_resource_name() - the parameter's name, for messages: "MaxPrefixesPerUser" ... */
const char *quota_resource_name(enum quota_resource resource);
