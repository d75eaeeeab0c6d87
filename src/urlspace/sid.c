/* SPDX-License-Identifier: MIT */

/* SIDs and aliases; see sid.h and the table in sddl.h. */

#include "urlspace/sid.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"

#define SID_SUB_AUTHORITIES_MAX 15
#define SID_AUTHORITY_MAX       UINT64_C(0xffffffffffff)

struct sid_name {
	const char *alias;
	const char *sid;
	const char *refusal; /* what to write instead; NULL = accepted */
	struct trustee trustee;
};

#define SID_SERVICE                                                                            \
	"services run as users of their own here: write S-1-22-1-UID or user:NAME of the one " \
	"meant"

/* The first row of a trustee is its canonical form. */
static const struct sid_name sid_names[] = {
	{"WD", "S-1-1-0", NULL, {.kind = TRUSTEE_KIND_EVERYONE}},
	{"AU", "S-1-5-11", NULL, {.kind = TRUSTEE_KIND_EVERYONE}},
	{"BA", "S-1-5-32-544", NULL, {.kind = TRUSTEE_KIND_USER, .id = 0}},
	{"SY", "S-1-5-18", NULL, {.kind = TRUSTEE_KIND_USER, .id = 0}},
	{"LS", "S-1-5-19", SID_SERVICE, {0}},
	{"NS", "S-1-5-20", SID_SERVICE, {0}},
};

#undef SID_SERVICE

#define SID_USER_START  SLICE("S-1-22-1-")
#define SID_GROUP_START SLICE("S-1-22-2-")

static int sid_take_name(const struct sid_name *name, size_t position, struct trustee *ret_trustee,
			 struct acl_error *error)
{
	if (name->refusal != NULL) {
		return acl_error_set(error, position, "%s is no user of this machine; %s",
				     name->alias, name->refusal);
	}
	*ret_trustee = name->trustee;

	return 0;
}

/* A decimal number without leading zeros. */
static bool sid_read_number(struct slice text, uint64_t max, uint64_t *ret_value)
{
	return slice_parse_u64(text, max, ret_value) && (text.len == 1 || text.data[0] != '0');
}

/* Is it S-1-authority-sub-...?  Otherwise @ret_offset is where it stops being one. */
static bool sid_is_well_formed(struct slice text, size_t *ret_offset)
{
	struct slice rest = text;
	size_t n_parts = 0;
	uint64_t value;

	*ret_offset = 0;
	if (!slice_has_prefix(text, SLICE("S-1-"))) {
		return false;
	}

	rest = slice_from_offset(rest, 4);
	while (rest.data != NULL) {
		*ret_offset = (size_t)(rest.data - text.data);

		struct slice part = slice_cut(&rest, '-');
		if (n_parts > SID_SUB_AUTHORITIES_MAX ||
		    !sid_read_number(part, n_parts == 0 ? SID_AUTHORITY_MAX : UINT32_MAX, &value)) {
			return false;
		}
		n_parts++;
	}

	/* One sub-authority at least. */
	*ret_offset = text.len;

	return n_parts > 1;
}

/* S-1-22-1-UID and S-1-22-2-GID, whose form has been checked. */
static int sid_take_id(struct slice text, enum trustee_kind kind, size_t position,
		       struct trustee *ret_trustee, struct acl_error *error)
{
	struct slice number = slice_from_offset(text, SID_USER_START.len);
	uint64_t id;

	if (!sid_read_number(number, ACL_ID_MAX, &id)) {
		return acl_error_set(error, position + SID_USER_START.len,
				     "'%.*s' is no user or group number", SLICE_ARG(number));
	}
	*ret_trustee = (struct trustee){.kind = kind, .id = (uint32_t)id};

	return 0;
}

int sid_parse(struct slice text, size_t position, struct trustee *ret_trustee,
	      struct acl_error *ret_error)
{
	assert(ret_trustee != NULL);

	struct slice shown = slice_from(text.data, text.len < 40 ? text.len : 40);
	size_t offset;

	for (size_t i = 0; i < array_len(sid_names); i++) {
		if (slice_is_equal(text, slice_from_str(sid_names[i].alias)) ||
		    slice_is_equal(text, slice_from_str(sid_names[i].sid))) {
			return sid_take_name(&sid_names[i], position, ret_trustee, ret_error);
		}
	}

	if (text.len == 2) {
		return acl_error_set(
			ret_error, position,
			"the alias '%.*s' has no counterpart here; write WD (everyone), "
			"BA (root), S-1-22-1-UID or S-1-22-2-GID",
			SLICE_ARG(text));
	}
	if (!sid_is_well_formed(text, &offset)) {
		return acl_error_set(
			ret_error, position + offset,
			"'%.*s' is no SID: S-1-, then 2 to 16 decimal numbers with '-' "
			"between them, or WD, AU, BA, SY",
			SLICE_ARG(shown));
	}
	if (slice_has_prefix(text, SID_USER_START)) {
		return sid_take_id(text, TRUSTEE_KIND_USER, position, ret_trustee, ret_error);
	}
	if (slice_has_prefix(text, SID_GROUP_START)) {
		return sid_take_id(text, TRUSTEE_KIND_GROUP, position, ret_trustee, ret_error);
	}

	char *sid = mem_dup(text.data, text.len);
	if (sid == NULL) {
		return result_origin(-ENOMEM);
	}
	*ret_trustee = (struct trustee){.kind = TRUSTEE_KIND_FOREIGN, .sid = sid};

	return 0;
}

int sid_format(const struct trustee *trustee, struct buf *buf)
{
	assert(trustee != NULL && buf != NULL);

	if (trustee->kind == TRUSTEE_KIND_FOREIGN) {
		return buf_append_str(buf, trustee->sid);
	}

	for (size_t i = 0; i < array_len(sid_names); i++) {
		const struct sid_name *name = &sid_names[i];

		if (name->refusal == NULL && name->trustee.kind == trustee->kind &&
		    name->trustee.id == trustee->id) {
			return buf_append_str(buf, name->alias);
		}
	}

	return buf_appendf(buf, "%s%u",
			   trustee->kind == TRUSTEE_KIND_USER ? SID_USER_START.data
							      : SID_GROUP_START.data,
			   trustee->id);
}
