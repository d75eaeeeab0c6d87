/* SPDX-License-Identifier: MIT */

/* Access control lists in Linux words; see grants.h. */

#include "urlspace/grants.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"
#include "urlspace/sid.h"

#define GRANTS_SHOWN_MAX 40 /* bytes of the text that a message repeats */

#define GRANTS_EVERYONE  SLICE("everyone")
#define GRANTS_NOBODY    SLICE("nobody")
#define GRANTS_DENY      SLICE("deny:")

struct grants_parser {
	struct slice text;
	size_t at; /* how far the text is read, bytes */
	const struct acl_names *names;
	struct acl acl;          /* owned until it is handed over */
	struct acl_error *error; /* NULL = nobody wants to know */
};

static const struct {
	const char *word;
	unsigned right;
} grants_rights[] = {
	{"listen", ACL_RIGHT_LISTEN},
	{"delegate", ACL_RIGHT_DELEGATE},
	{"read", ACL_RIGHT_READ},
};

static struct slice grants_shown(struct slice s)
{
	return slice_from(s.data, s.len < GRANTS_SHOWN_MAX ? s.len : GRANTS_SHOWN_MAX);
}

static size_t grants_offset(const struct grants_parser *p, struct slice s)
{
	return (size_t)(s.data - p->text.data);
}

/* The right that a word names; 0 = none. */
static unsigned grants_find_right(struct slice word)
{
	for (size_t i = 0; i < array_len(grants_rights); i++) {
		if (slice_is_equal(word, slice_from_str(grants_rights[i].word))) {
			return grants_rights[i].right;
		}
	}

	return 0;
}

/* The text between separators from p->at on, trimmed; @ret_end is the separator or the end. */
static struct slice grants_peek(const struct grants_parser *p, size_t *ret_end)
{
	size_t end = p->at;

	while (end < p->text.len && p->text.data[end] != ',' && p->text.data[end] != ';') {
		end++;
	}
	*ret_end = end;

	return slice_trim(slice_from(p->text.data + p->at, end - p->at));
}

/* Look a name up: uids and gids are both 32 bits wide. */
static int grants_find_id(const struct grants_parser *p, enum trustee_kind kind, struct slice name,
			  uint32_t *ret_id)
{
	return kind == TRUSTEE_KIND_USER ? p->names->uid_by_name(p->names->userdata, name, ret_id)
					 : p->names->gid_by_name(p->names->userdata, name, ret_id);
}

static int grants_read_id(struct grants_parser *p, enum trustee_kind kind, struct slice name,
			  struct trustee *ret_trustee)
{
	const char *word = kind == TRUSTEE_KIND_USER ? "user" : "group";
	uint64_t number;

	*ret_trustee = (struct trustee){.kind = kind};
	if (slice_parse_u64(name, ACL_ID_MAX, &number)) {
		ret_trustee->id = (uint32_t)number;

		return 0;
	}
	if (p->names == NULL) {
		return acl_error_set(p->error, grants_offset(p, name),
				     "'%.*s': names are not looked up here, write the %s's number",
				     SLICE_ARG(grants_shown(name)), word);
	}

	int r = grants_find_id(p, kind, name, &ret_trustee->id);
	if (r == ACL_NAMES_E_UNKNOWN) {
		return acl_error_set(p->error, grants_offset(p, name),
				     "there is no %s '%.*s' on this machine", word,
				     SLICE_ARG(grants_shown(name)));
	}

	return result_fold(r);
}

static int grants_read_sid(struct grants_parser *p, enum trustee_kind kind, struct slice name,
			   struct trustee *ret_trustee)
{
	return sid_parse(name, grants_offset(p, name), ret_trustee, p->error);
}

static const struct {
	struct slice start;
	enum trustee_kind kind;
	int (*read)(struct grants_parser *p, enum trustee_kind kind, struct slice name,
		    struct trustee *ret_trustee);
} grants_kinds[] = {
	{{.data = "user:", .len = 5}, TRUSTEE_KIND_USER, grants_read_id},
	{{.data = "group:", .len = 6}, TRUSTEE_KIND_GROUP, grants_read_id},
	{{.data = "sid:", .len = 4}, TRUSTEE_KIND_FOREIGN, grants_read_sid},
};

static int grants_read_trustee(struct grants_parser *p, struct slice subject,
			       struct trustee *ret_trustee)
{
	if (slice_is_equal(subject, GRANTS_EVERYONE)) {
		*ret_trustee = (struct trustee){.kind = TRUSTEE_KIND_EVERYONE};

		return 0;
	}

	for (size_t i = 0; i < array_len(grants_kinds); i++) {
		if (slice_has_prefix(subject, grants_kinds[i].start)) {
			struct slice name = slice_from_offset(subject, grants_kinds[i].start.len);

			return grants_kinds[i].read(p, grants_kinds[i].kind, name, ret_trustee);
		}
	}

	return acl_error_set(
		p->error, grants_offset(p, subject),
		"expected user:NAME, group:NAME, everyone or sid:S-1-..., found '%.*s'",
		SLICE_ARG(grants_shown(subject)));
}

/* The words behind '=': @word is the first; more follow behind commas.  Moves p->at. */
static int grants_read_rights(struct grants_parser *p, struct slice word, unsigned *ret_rights)
{
	unsigned right = grants_find_right(word);

	*ret_rights = right;
	if (right == 0) {
		return acl_error_set(p->error, grants_offset(p, word),
				     "a right is listen, delegate or read, not '%.*s'",
				     SLICE_ARG(grants_shown(word)));
	}

	while (p->at < p->text.len && p->text.data[p->at] == ',') {
		struct grants_parser next = {.text = p->text, .at = p->at + 1};
		size_t end;

		right = grants_find_right(grants_peek(&next, &end));
		if (right == 0) {
			break;
		}
		*ret_rights |= right;
		p->at = end;
	}

	return 0;
}

/* One grant: leaves p->at on the separator behind it, or at the end. */
static int grants_read_grant(struct grants_parser *p)
{
	size_t end;
	struct slice rights = grants_peek(p, &end);
	struct slice subject = slice_trim(slice_cut(&rights, '='));
	struct ace ace = {.type = ACE_TYPE_ALLOW, .rights = ACL_RIGHT_LISTEN};
	size_t start = grants_offset(p, subject);
	int r = 0;

	p->at = end;
	if (slice_has_prefix(subject, GRANTS_DENY)) {
		ace.type = ACE_TYPE_DENY;
		subject = slice_from_offset(subject, GRANTS_DENY.len);
	}
	if (rights.data != NULL) {
		r = grants_read_rights(p, slice_trim(rights), &ace.rights);
	}
	if (r == 0) {
		r = grants_read_trustee(p, subject, &ace.trustee);
	}
	if (r != 0) {
		return r;
	}

	r = acl_append(&p->acl, &ace);
	mem_free(ace.trustee.sid);
	if (r == ACL_E_FULL) {
		return acl_error_set(p->error, start, "a list has at most %d entries",
				     ACL_ACES_MAX);
	}

	return result_trace(r);
}

static int grants_read(struct grants_parser *p)
{
	if (p->text.len > ACL_TEXT_BYTES_MAX) {
		return acl_error_set(p->error, ACL_TEXT_BYTES_MAX, "a list has at most %d bytes",
				     ACL_TEXT_BYTES_MAX);
	}
	if (slice_is_equal(slice_trim(p->text), GRANTS_NOBODY)) {
		return 0;
	}

	for (;;) {
		int r = grants_read_grant(p);

		if (r != 0 || p->at == p->text.len) {
			return r;
		}
		p->at++; /* the separator */
	}
}

int grants_parse(struct slice text, const struct acl_names *names, struct acl *ret_acl,
		 struct acl_error *ret_error)
{
	assert(ret_acl != NULL && (text.data != NULL || text.len == 0));

	struct grants_parser p = {
		.text = text.data != NULL ? text : SLICE(""),
		.names = names,
		.error = ret_error,
	};
	int r = grants_read(&p);

	if (r != 0) {
		acl_fini(&p.acl);

		return r == ACL_E_INVALID ? ACL_E_INVALID : result_fold(r);
	}
	*ret_acl = p.acl;

	return 0;
}

/* Would grants_parse() read this name back as a name? */
static bool grants_is_plain_name(const char *name)
{
	size_t n_digits = 0;
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c <= ' ' || c == 0x7f || c == ',' || c == ';' || c == '=') {
			return false;
		}
		n_digits += ascii_is_digit(name[i]);
	}

	return n_digits < len;
}

static int grants_format_trustee(const struct trustee *trustee, const struct acl_names *names,
				 struct buf *buf)
{
	bool is_user = trustee->kind == TRUSTEE_KIND_USER;
	char name[ACL_NAME_BYTES];

	if (trustee->kind == TRUSTEE_KIND_EVERYONE) {
		return buf_append(buf, GRANTS_EVERYONE);
	}
	if (trustee->kind == TRUSTEE_KIND_FOREIGN) {
		return buf_appendf(buf, "sid:%s", trustee->sid);
	}

	int r = ACL_NAMES_E_UNKNOWN;
	if (names != NULL) {
		r = is_user ? names->name_by_uid(names->userdata, trustee->id, name)
			    : names->name_by_gid(names->userdata, trustee->id, name);
	}
	if (r < 0) {
		return result_trace(r);
	}

	const char *kind = is_user ? "user" : "group";

	return r == 0 && grants_is_plain_name(name) ? buf_appendf(buf, "%s:%s", kind, name)
						    : buf_appendf(buf, "%s:%u", kind, trustee->id);
}

static int grants_format_rights(unsigned rights, struct buf *buf)
{
	const char *separator = "=";
	int r = 0;

	for (size_t i = 0; r == 0 && i < array_len(grants_rights); i++) {
		if ((rights & grants_rights[i].right) != 0) {
			r = buf_appendf(buf, "%s%s", separator, grants_rights[i].word);
			separator = ",";
		}
	}

	return r;
}

static int grants_format_ace(const struct ace *ace, const struct acl_names *names, struct buf *buf)
{
	int r = 0;

	if (ace->type == ACE_TYPE_DENY) {
		r = buf_append(buf, GRANTS_DENY);
	}
	if (r == 0) {
		r = grants_format_trustee(&ace->trustee, names, buf);
	}
	if (r == 0 && ace->rights != ACL_RIGHT_LISTEN) {
		r = grants_format_rights(ace->rights, buf);
	}

	return r;
}

int grants_format(const struct acl *acl, const struct acl_names *names, struct buf *buf)
{
	assert(acl != NULL && buf != NULL);

	int r = acl->n_aces == 0 ? buf_append(buf, GRANTS_NOBODY) : 0;

	for (size_t i = 0; r == 0 && i < acl->n_aces; i++) {
		if (i > 0) {
			r = buf_append_str(buf, ";");
		}
		if (r == 0) {
			r = grants_format_ace(&acl->aces[i], names, buf);
		}
	}

	return r == BUF_E_FULL ? result_origin(-ENOMEM) : result_trace(r);
}
