/* SPDX-License-Identifier: MIT */

/*
 * Quota per uid; see quota.h.  A user's record lives from the first charge to the
 * last discharge, so that the table is bounded by the charges alive.
 */

#include "base/quota.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/result.h"

/* Owned by quota->users; its key there is the bytes of uid. */
struct quota_user {
	struct quota *quota;
	uid_t uid;
	uint64_t n_charges; /* charges that point here */
	uint64_t used[QUOTA_RESOURCE_COUNT_];
};

static const char *const quota_names[QUOTA_RESOURCE_COUNT_] = {
	[QUOTA_RESOURCE_SESSIONS] = "MaxSessionsPerUser",
	[QUOTA_RESOURCE_URL_GROUPS] = "MaxUrlGroupsPerUser",
	[QUOTA_RESOURCE_PREFIXES] = "MaxPrefixesPerUser",
	[QUOTA_RESOURCE_QUEUES] = "MaxQueuesPerUser",
	[QUOTA_RESOURCE_RECEIVERS] = "MaxReceiversPerUser",
};

void quota_init(struct quota *quota, const uint64_t *max)
{
	assert(quota != NULL && max != NULL);

	*quota = (struct quota){0};
	memcpy(quota->max, max, sizeof(quota->max));
}

void quota_fini(struct quota *quota)
{
	if (quota == NULL) {
		return;
	}
	assert(quota->users.n_entries == 0);

	map_fini(&quota->users);
}

static struct quota_user *quota_find_user(const struct quota *quota, uid_t uid)
{
	return map_find(&quota->users, slice_from(&uid, sizeof(uid)));
}

static int quota_add_user(struct quota *quota, uid_t uid, struct quota_user **ret_user)
{
	struct quota_user *user = mem_new(sizeof(*user));

	if (user == NULL) {
		return result_origin(-ENOMEM);
	}
	user->quota = quota;
	user->uid = uid;

	int r = map_insert(&quota->users, slice_from(&user->uid, sizeof(user->uid)), user);
	if (r != 0) {
		mem_free(user);

		return result_fold(r);
	}
	*ret_user = user;

	return 0;
}

int quota_charge(struct quota *quota, uid_t uid, enum quota_resource resource, uint64_t amount,
		 struct quota_charge *charge)
{
	assert(quota != NULL && charge != NULL && charge->user == NULL);
	assert(resource < QUOTA_RESOURCE_COUNT_);

	struct quota_user *user = quota_find_user(quota, uid);
	uint64_t used;

	if (__builtin_add_overflow(user != NULL ? user->used[resource] : 0, amount, &used) ||
	    (used > quota->max[resource] && uid != 0)) {
		quota->n_refused[resource]++;

		return QUOTA_E_EXCEEDED;
	}

	if (user == NULL) {
		int r = quota_add_user(quota, uid, &user);

		if (r < 0) {
			return result_trace(r);
		}
	}

	user->used[resource] = used;
	user->n_charges++;
	*charge = (struct quota_charge){.user = user, .resource = resource, .amount = amount};

	return 0;
}

void quota_discharge(struct quota_charge *charge)
{
	assert(charge != NULL);

	struct quota_user *user = charge->user;

	if (user == NULL) {
		return;
	}
	assert(user->n_charges > 0 && user->used[charge->resource] >= charge->amount);

	user->used[charge->resource] -= charge->amount;
	user->n_charges--;
	*charge = (struct quota_charge){0};
	if (user->n_charges == 0) {
		(void)map_remove(&user->quota->users, slice_from(&user->uid, sizeof(user->uid)));
		mem_free(user);
	}
}

uint64_t quota_used(const struct quota *quota, uid_t uid, enum quota_resource resource)
{
	assert(quota != NULL && resource < QUOTA_RESOURCE_COUNT_);

	const struct quota_user *user = quota_find_user(quota, uid);

	return user != NULL ? user->used[resource] : 0;
}

const char *quota_resource_name(enum quota_resource resource)
{
	assert(resource < QUOTA_RESOURCE_COUNT_);

	return quota_names[resource];
}
