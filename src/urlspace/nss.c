/* SPDX-License-Identifier: MIT */

/* Look-ups of users and groups in the system's databases; see nss.h. */

#include "urlspace/nss.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/result.h"

#define NSS_BUFFER_BYTES_MIN 1024
#define NSS_BUFFER_BYTES_MAX (1024 * 1024) /* a group with some 50,000 members */

/* One look-up with getpwnam_r(3) and its like. */
struct nss_query {
	const char *name; /* by name; NULL = by id */
	uint32_t id;
	uint32_t found_id;
	const char *found_name; /* in the caller's buffer; NULL = there is none */
};

typedef int (*nss_lookup)(struct nss_query *query, char *buffer, size_t size);

static int nss_lookup_user(struct nss_query *query, char *buffer, size_t size)
{
	struct passwd entry;
	struct passwd *found = NULL;
	int error = query->name != NULL ? getpwnam_r(query->name, &entry, buffer, size, &found)
					: getpwuid_r(query->id, &entry, buffer, size, &found);

	if (found != NULL) {
		query->found_id = entry.pw_uid;
		query->found_name = entry.pw_name;
	}

	return error;
}

static int nss_lookup_group(struct nss_query *query, char *buffer, size_t size)
{
	struct group entry;
	struct group *found = NULL;
	int error = query->name != NULL ? getgrnam_r(query->name, &entry, buffer, size, &found)
					: getgrgid_r(query->id, &entry, buffer, size, &found);

	if (found != NULL) {
		query->found_id = entry.gr_gid;
		query->found_name = entry.gr_name;
	}

	return error;
}

/* getpwnam(3): some of these mean "not found", depending on the database. */
static bool nss_is_not_found(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM;
}

/* Ask with a growing buffer; @ret_buffer holds the answer and is owned by the caller. */
static int nss_ask(nss_lookup lookup, struct nss_query *query, char **ret_buffer)
{
	cleanup_(mem_free_p) char *buffer = NULL;

	for (size_t size = NSS_BUFFER_BYTES_MIN; size <= NSS_BUFFER_BYTES_MAX; size *= 2) {
		mem_free(buffer);
		buffer = mem_new(size);
		if (buffer == NULL) {
			return result_origin(-ENOMEM);
		}

		int error = lookup(query, buffer, size);
		if (query->found_name != NULL) {
			*ret_buffer = buffer;
			buffer = NULL;

			return 0;
		}
		if (nss_is_not_found(error)) {
			return ACL_NAMES_E_UNKNOWN;
		}
		if (error != ERANGE && error != EINTR) {
			return result_origin(-error);
		}
	}

	return result_origin(-ERANGE);
}

static int nss_id_by_name(nss_lookup lookup, struct slice name, uint32_t *ret_id)
{
	assert(ret_id != NULL);

	/* A NUL in it would make it another name. */
	if (name.len == 0 || name.len >= ACL_NAME_BYTES ||
	    memchr(name.data, '\0', name.len) != NULL) {
		return ACL_NAMES_E_UNKNOWN;
	}

	cleanup_(mem_free_p) char *copy = mem_dup(name.data, name.len);
	cleanup_(mem_free_p) char *buffer = NULL;
	if (copy == NULL) {
		return result_origin(-ENOMEM);
	}

	struct nss_query query = {.name = copy};
	int r = nss_ask(lookup, &query, &buffer);
	if (r == 0) {
		*ret_id = query.found_id;
	}

	return r;
}

static int nss_name_by_id(nss_lookup lookup, uint32_t id, char ret_name[ACL_NAME_BYTES])
{
	cleanup_(mem_free_p) char *buffer = NULL;
	struct nss_query query = {.id = id};
	int r = nss_ask(lookup, &query, &buffer);

	if (r != 0) {
		return r;
	}
	if (strlen(query.found_name) >= ACL_NAME_BYTES) {
		return ACL_NAMES_E_UNKNOWN;
	}
	(void)snprintf(ret_name, ACL_NAME_BYTES, "%s", query.found_name);

	return 0;
}

static int nss_uid_by_name(void *userdata, struct slice name, uid_t *ret_uid)
{
	return nss_id_by_name(nss_lookup_user, name, ret_uid);
}

static int nss_gid_by_name(void *userdata, struct slice name, gid_t *ret_gid)
{
	return nss_id_by_name(nss_lookup_group, name, ret_gid);
}

static int nss_name_by_uid(void *userdata, uid_t uid, char ret_name[ACL_NAME_BYTES])
{
	return nss_name_by_id(nss_lookup_user, uid, ret_name);
}

static int nss_name_by_gid(void *userdata, gid_t gid, char ret_name[ACL_NAME_BYTES])
{
	return nss_name_by_id(nss_lookup_group, gid, ret_name);
}

const struct acl_names *nss_names(void)
{
	static const struct acl_names names = {
		.uid_by_name = nss_uid_by_name,
		.gid_by_name = nss_gid_by_name,
		.name_by_uid = nss_name_by_uid,
		.name_by_gid = nss_name_by_gid,
	};

	return &names;
}
