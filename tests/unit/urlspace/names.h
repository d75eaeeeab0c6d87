#pragma once
/* SPDX-License-Identifier: MIT */

/* Users and groups that exist only in these tests: www = 33, bob = 1000, odd names; group web =
 * 2000. */

#include <errno.h>
#include <stdio.h>

#include "urlspace/acl.h"

struct test_name {
	const char *name;
	uint32_t id;
};

static const struct test_name test_users[] = {
	{"root", 0}, {"www", 33}, {"bob", 1000}, {"7", 1007}, {"a b", 1008}, {"a=b", 1009},
};
static const struct test_name test_groups[] = {{"root", 0}, {"web", 2000}};

static int test_find_name(const struct test_name *names, size_t n, struct slice name,
			  uint32_t *ret_id)
{
	if (slice_is_equal(name, SLICE("broken"))) {
		return -EIO;
	}

	for (size_t i = 0; i < n; i++) {
		if (slice_is_equal(name, slice_from_str(names[i].name))) {
			*ret_id = names[i].id;

			return 0;
		}
	}

	return ACL_NAMES_E_UNKNOWN;
}

static int test_find_id(const struct test_name *names, size_t n, uint32_t id,
			char ret_name[ACL_NAME_BYTES])
{
	if (id == 5) {
		return -EIO;
	}

	for (size_t i = 0; i < n; i++) {
		if (names[i].id == id) {
			(void)snprintf(ret_name, ACL_NAME_BYTES, "%s", names[i].name);

			return 0;
		}
	}

	return ACL_NAMES_E_UNKNOWN;
}

static int test_uid_by_name(void *userdata, struct slice name, uid_t *ret_uid)
{
	return test_find_name(test_users, array_len(test_users), name, ret_uid);
}

static int test_gid_by_name(void *userdata, struct slice name, gid_t *ret_gid)
{
	return test_find_name(test_groups, array_len(test_groups), name, ret_gid);
}

static int test_name_by_uid(void *userdata, uid_t uid, char ret_name[ACL_NAME_BYTES])
{
	return test_find_id(test_users, array_len(test_users), uid, ret_name);
}

static int test_name_by_gid(void *userdata, gid_t gid, char ret_name[ACL_NAME_BYTES])
{
	return test_find_id(test_groups, array_len(test_groups), gid, ret_name);
}

static const struct acl_names test_names = {
	.uid_by_name = test_uid_by_name,
	.gid_by_name = test_gid_by_name,
	.name_by_uid = test_name_by_uid,
	.name_by_gid = test_name_by_gid,
};
