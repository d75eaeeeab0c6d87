/* SPDX-License-Identifier: MIT */

/* Access control lists as values; see acl.h.  Their texts are in sddl.c and grants.c. */

#include "urlspace/acl.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/result.h"
#include "urlspace/grants.h"
#include "urlspace/sddl.h"

void acl_fini(struct acl *acl)
{
	if (acl == NULL) {
		return;
	}

	for (size_t i = 0; i < acl->n_aces; i++) {
		mem_free(acl->aces[i].trustee.sid);
	}
	mem_free(acl->aces);
	*acl = (struct acl){0};
}

int acl_append(struct acl *acl, const struct ace *ace)
{
	assert(acl != NULL && ace != NULL && ace->rights != 0);
	assert((ace->trustee.kind == TRUSTEE_KIND_FOREIGN) == (ace->trustee.sid != NULL));

	if (acl->n_aces >= ACL_ACES_MAX) {
		return ACL_E_FULL;
	}

	struct ace *aces = mem_resize(acl->aces, (acl->n_aces + 1) * sizeof(*aces));
	if (aces == NULL) {
		return result_origin(-ENOMEM);
	}
	acl->aces = aces;

	struct ace copy = *ace;
	if ((copy.rights & ACL_RIGHT_ALL) == ACL_RIGHT_ALL) {
		copy.rights = ACL_RIGHT_ALL;
	}
	if (ace->trustee.sid != NULL) {
		copy.trustee.sid = mem_dup(ace->trustee.sid, strlen(ace->trustee.sid));
		if (copy.trustee.sid == NULL) {
			return result_origin(-ENOMEM);
		}
	}
	acl->aces[acl->n_aces++] = copy;

	return 0;
}

int acl_copy(const struct acl *acl, struct acl *ret_copy)
{
	assert(acl != NULL && ret_copy != NULL);

	struct acl copy = {0};

	for (size_t i = 0; i < acl->n_aces; i++) {
		int r = result_fold(acl_append(&copy, &acl->aces[i]));

		if (r < 0) {
			acl_fini(&copy);

			return result_trace(r);
		}
	}
	*ret_copy = copy;

	return 0;
}

static bool ace_is_equal(const struct ace *a, const struct ace *b)
{
	return a->type == b->type && a->rights == b->rights && a->trustee.kind == b->trustee.kind &&
	       a->trustee.id == b->trustee.id &&
	       slice_is_equal(slice_from_str(a->trustee.sid), slice_from_str(b->trustee.sid));
}

bool acl_is_equal(const struct acl *a, const struct acl *b)
{
	assert(a != NULL && b != NULL);

	if (a->n_aces != b->n_aces) {
		return false;
	}

	for (size_t i = 0; i < a->n_aces; i++) {
		if (!ace_is_equal(&a->aces[i], &b->aces[i])) {
			return false;
		}
	}

	return true;
}

static bool caller_is_in_group(const struct caller *caller, gid_t gid)
{
	if (caller->gid == gid) {
		return true;
	}

	for (size_t i = 0; i < caller->n_groups; i++) {
		if (caller->groups[i] == gid) {
			return true;
		}
	}

	return false;
}

static bool trustee_is_caller(const struct trustee *trustee, const struct caller *caller)
{
	switch (trustee->kind) {
	case TRUSTEE_KIND_EVERYONE:
		return true;
	case TRUSTEE_KIND_USER:
		return trustee->id == caller->uid;
	case TRUSTEE_KIND_GROUP:
		return caller_is_in_group(caller, trustee->id);
	case TRUSTEE_KIND_FOREIGN:
		return false;
	}

	return false;
}

bool acl_allows(const struct acl *acl, const struct caller *caller, unsigned rights)
{
	assert(acl != NULL && caller != NULL && (caller->groups != NULL || caller->n_groups == 0));
	assert(rights != 0 && (rights & ~(unsigned)(ACL_RIGHT_LISTEN | ACL_RIGHT_DELEGATE)) == 0);

	if (caller->uid == 0) {
		return true;
	}

	unsigned missing = rights;
	for (size_t i = 0; i < acl->n_aces && missing != 0; i++) {
		const struct ace *ace = &acl->aces[i];

		if ((ace->rights & missing) == 0 || !trustee_is_caller(&ace->trustee, caller)) {
			continue;
		}
		if (ace->type == ACE_TYPE_DENY) {
			return false;
		}
		missing &= ~ace->rights;
	}

	return missing == 0;
}

int acl_parse(struct slice text, const struct acl_names *names, struct acl *ret_acl,
	      struct acl_error *ret_error)
{
	assert(ret_acl != NULL && (text.data != NULL || text.len == 0));

	bool is_sddl = text.len > 1 && text.data[1] == ':';
	int r = is_sddl ? sddl_parse(text, ret_acl, ret_error)
			: grants_parse(text, names, ret_acl, ret_error);

	if (r == ACL_E_INVALID) {
		return ACL_E_INVALID;
	}

	return result_fold(r);
}

int acl_error_set(struct acl_error *error, size_t position, const char *format, ...)
{
	va_list args;

	if (error == NULL) {
		return ACL_E_INVALID;
	}
	error->position = position;

	va_start(args, format);
	(void)vsnprintf(error->message, sizeof(error->message), format, args);
	va_end(args);
	for (char *c = error->message; *c != '\0'; c++) {
		if (*c < ' ' || *c > '~') {
			*c = '?';
		}
	}

	return ACL_E_INVALID;
}
