/* SPDX-License-Identifier: MIT */

/* SDDL; see sddl.h.  One pass over the parts O:, G:, D: and S: in any order, each at most once. */

#include "urlspace/sddl.h"

#include <assert.h>
#include <errno.h>

#include "base/mem.h"
#include "base/result.h"
#include "urlspace/sid.h"

#define SDDL_SHOWN_MAX 40 /* bytes of the text that a message repeats */

struct sddl_parser {
	struct slice text;
	size_t at;               /* how far the text is read, bytes */
	struct acl acl;          /* owned until it is handed over */
	struct acl_error *error; /* NULL = nobody wants to know */
	unsigned parts_seen;     /* bits in the order of sddl_parts */
};

/* The bits of a right, and its letters; a mask has the numbers of winnt.h. */
static const struct sddl_right {
	const char *letters;
	uint32_t mask;
	unsigned rights;
} sddl_rights[] = {
	{"GA", UINT32_C(0x10000000), ACL_RIGHT_ALL},
	{"GX", UINT32_C(0x20000000), ACL_RIGHT_LISTEN},
	{"GW", UINT32_C(0x40000000), ACL_RIGHT_DELEGATE},
	{"GR", UINT32_C(0x80000000), ACL_RIGHT_READ},
};

static struct slice sddl_shown(struct slice s)
{
	return slice_from(s.data, s.len < SDDL_SHOWN_MAX ? s.len : SDDL_SHOWN_MAX);
}

static size_t sddl_offset(const struct sddl_parser *p, struct slice s)
{
	return (size_t)(s.data - p->text.data);
}

/* The unread text up to the first byte of @set, or to the end; p->at stays. */
static struct slice sddl_peek_until(const struct sddl_parser *p, const char *set)
{
	size_t end = p->at;

	while (end < p->text.len && memchr(set, p->text.data[end], strlen(set)) == NULL) {
		end++;
	}

	return slice_from(p->text.data + p->at, end - p->at);
}

static bool sddl_is_at(const struct sddl_parser *p, char c)
{
	return p->at < p->text.len && p->text.data[p->at] == c;
}

static int sddl_read_mask(struct sddl_parser *p, struct slice field, unsigned *ret_rights)
{
	uint64_t mask = 0;

	for (size_t i = 2; i < field.len; i++) {
		int digit = ascii_hex_value(field.data[i]);

		if (digit < 0 || i > 9) {
			return acl_error_set(p->error, sddl_offset(p, field) + i,
					     "a mask is 0x and up to 8 hexadecimal digits");
		}
		mask = mask << 4 | (uint64_t)digit;
	}

	for (size_t i = 0; i < array_len(sddl_rights); i++) {
		if ((mask & sddl_rights[i].mask) != 0) {
			*ret_rights |= sddl_rights[i].rights;
			mask &= ~(uint64_t)sddl_rights[i].mask;
		}
	}
	if (mask != 0 || *ret_rights == 0) {
		return acl_error_set(p->error, sddl_offset(p, field),
				     "the mask '%.*s' must have only the bits of GA, GX, GW, GR",
				     SLICE_ARG(sddl_shown(field)));
	}

	return 0;
}

static int sddl_read_rights(struct sddl_parser *p, struct slice field, unsigned *ret_rights)
{
	*ret_rights = 0;
	if (slice_has_prefix(field, SLICE("0x"))) {
		return sddl_read_mask(p, field, ret_rights);
	}

	size_t at = 0;
	while (at + 2 <= field.len) {
		const struct sddl_right *found = NULL;

		for (size_t i = 0; i < array_len(sddl_rights); i++) {
			if (memcmp(field.data + at, sddl_rights[i].letters, 2) == 0) {
				found = &sddl_rights[i];
			}
		}
		if (found == NULL) {
			break;
		}
		*ret_rights |= found->rights;
		at += 2;
	}

	if (at < field.len || at == 0) {
		return acl_error_set(
			p->error, sddl_offset(p, field) + at,
			"rights are GX (listen), GW (delegate), GA (both) or GR, not '%.*s'",
			SLICE_ARG(sddl_shown(slice_from_offset(field, at))));
	}

	return 0;
}

/* Inheritance flags mean nothing here; one that would turn the entry off is refused. */
static int sddl_check_ace_flags(struct sddl_parser *p, struct slice field)
{
	static const char accepted[] = "OICINPID";

	for (size_t at = 0; at < field.len; at += 2) {
		bool is_known = false;

		for (size_t i = 0; at + 2 <= field.len && i < sizeof(accepted) - 1; i += 2) {
			is_known = is_known || memcmp(field.data + at, accepted + i, 2) == 0;
		}
		if (!is_known) {
			return acl_error_set(p->error, sddl_offset(p, field) + at,
					     "the flags of an entry are OI, CI, NP, ID or none, "
					     "not '%.*s'",
					     SLICE_ARG(sddl_shown(slice_from_offset(field, at))));
		}
	}

	return 0;
}

static int sddl_check_guid(struct sddl_parser *p, struct slice field)
{
	return field.len == 0 ? 0
			      : acl_error_set(p->error, sddl_offset(p, field),
					      "a reservation has no objects: leave the GUID empty");
}

static int sddl_read_type(struct sddl_parser *p, struct slice field, enum ace_type *ret_type)
{
	if (!slice_is_equal(field, SLICE("A")) && !slice_is_equal(field, SLICE("D"))) {
		return acl_error_set(p->error, sddl_offset(p, field),
				     "an entry is of type A (allow) or D (deny), not '%.*s'",
				     SLICE_ARG(sddl_shown(field)));
	}
	*ret_type = field.data[0] == 'A' ? ACE_TYPE_ALLOW : ACE_TYPE_DENY;

	return 0;
}

enum sddl_field {
	SDDL_FIELD_TYPE = 0,
	SDDL_FIELD_FLAGS,
	SDDL_FIELD_RIGHTS,
	SDDL_FIELD_OBJECT,
	SDDL_FIELD_INHERIT_OBJECT,
	SDDL_FIELD_TRUSTEE,
	SDDL_FIELD_COUNT_,
};

/* "(type;flags;rights;object;inherit object;trustee)": leaves p->at behind it. */
static int sddl_split_ace(struct sddl_parser *p, struct slice ret_fields[SDDL_FIELD_COUNT_])
{
	size_t start = p->at++;

	for (size_t i = 0; i < SDDL_FIELD_COUNT_; i++) {
		bool is_last = i + 1 == SDDL_FIELD_COUNT_;

		ret_fields[i] = sddl_peek_until(p, "();");
		p->at += ret_fields[i].len;
		if (!sddl_is_at(p, is_last ? ')' : ';')) {
			return acl_error_set(p->error, p->at,
					     "the entry that begins at character %zu must have six "
					     "fields: (type;flags;rights;;;SID)",
					     start + 1);
		}
		p->at++;
	}

	return 0;
}

static int sddl_read_ace(struct sddl_parser *p)
{
	struct slice fields[SDDL_FIELD_COUNT_];
	struct ace ace = {0};
	size_t start = p->at;

	int r = sddl_split_ace(p, fields);
	if (r == 0) {
		r = sddl_read_type(p, fields[SDDL_FIELD_TYPE], &ace.type);
	}
	if (r == 0) {
		r = sddl_check_ace_flags(p, fields[SDDL_FIELD_FLAGS]);
	}
	if (r == 0) {
		r = sddl_read_rights(p, fields[SDDL_FIELD_RIGHTS], &ace.rights);
	}
	if (r == 0) {
		r = sddl_check_guid(p, fields[SDDL_FIELD_OBJECT]);
	}
	if (r == 0) {
		r = sddl_check_guid(p, fields[SDDL_FIELD_INHERIT_OBJECT]);
	}
	if (r == 0) {
		struct slice trustee = fields[SDDL_FIELD_TRUSTEE];

		r = sid_parse(trustee, sddl_offset(p, trustee), &ace.trustee, p->error);
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

/* P, AR, AI before the entries: how a list is inherited. */
static int sddl_check_list_flags(struct sddl_parser *p)
{
	struct slice flags = sddl_peek_until(p, "(:");
	size_t at = 0;

	/* What stands before a ':' is the letter of the next part. */
	if (flags.len > 0 && p->at + flags.len < p->text.len &&
	    p->text.data[p->at + flags.len] == ':') {
		flags.len--;
	}

	while (at < flags.len) {
		struct slice rest = slice_from_offset(flags, at);

		if (slice_has_prefix(rest, SLICE("AR")) || slice_has_prefix(rest, SLICE("AI"))) {
			at += 2;
		} else if (rest.data[0] == 'P') {
			at++;
		} else {
			return acl_error_set(
				p->error, p->at + at,
				"D: is followed by P, AR, AI and then by (entries), not "
				"by '%.*s'",
				SLICE_ARG(sddl_shown(rest)));
		}
	}
	p->at += flags.len;

	return 0;
}

static int sddl_read_dacl(struct sddl_parser *p)
{
	int r = sddl_check_list_flags(p);

	while (r == 0 && sddl_is_at(p, '(')) {
		r = sddl_read_ace(p);
	}

	return r;
}

/* The SACL is not used: its entries are only skipped. */
static int sddl_skip_sacl(struct sddl_parser *p)
{
	int r = sddl_check_list_flags(p);

	while (r == 0 && sddl_is_at(p, '(')) {
		p->at++;
		p->at += sddl_peek_until(p, "()").len;
		if (!sddl_is_at(p, ')')) {
			return acl_error_set(p->error, p->at, "an entry of S: is not closed");
		}
		p->at++;
	}

	return r;
}

/* Owner and group are not used, but must look like a SID or an alias. */
static int sddl_skip_sid(struct sddl_parser *p)
{
	struct slice sid = sddl_peek_until(p, ":(");

	/* What stands before a ':' is the letter of the next part. */
	if (sid.len > 0 && p->at + sid.len < p->text.len) {
		sid.len--;
	}

	bool is_alias = sid.len == 2 && ascii_is_alpha(sid.data[0]) && ascii_is_alpha(sid.data[1]);
	if (!is_alias && !slice_has_prefix(sid, SLICE("S-1-"))) {
		return acl_error_set(p->error, p->at, "'%.*s' is no SID",
				     SLICE_ARG(sddl_shown(sid)));
	}
	p->at += sid.len;

	return 0;
}

static const struct {
	char letter;
	int (*read)(struct sddl_parser *p);
} sddl_parts[] = {
	{'D', sddl_read_dacl},
	{'O', sddl_skip_sid},
	{'G', sddl_skip_sid},
	{'S', sddl_skip_sacl},
};

static int sddl_read_part(struct sddl_parser *p)
{
	size_t start = p->at;
	bool has_colon = start + 1 < p->text.len && p->text.data[start + 1] == ':';

	for (unsigned i = 0; has_colon && i < array_len(sddl_parts); i++) {
		if (p->text.data[start] != sddl_parts[i].letter) {
			continue;
		}
		if ((p->parts_seen & 1U << i) != 0) {
			return acl_error_set(p->error, start, "%c: stands there twice",
					     sddl_parts[i].letter);
		}
		p->parts_seen |= 1U << i;
		p->at += 2;

		return sddl_parts[i].read(p);
	}

	struct slice rest = slice_from_offset(p->text, start);

	return acl_error_set(p->error, start, "expected D:, O:, G:, S: or an entry, found '%.*s'",
			     SLICE_ARG(sddl_shown(rest)));
}

static int sddl_read(struct sddl_parser *p)
{
	if (p->text.len > ACL_TEXT_BYTES_MAX) {
		return acl_error_set(p->error, ACL_TEXT_BYTES_MAX, "a list has at most %d bytes",
				     ACL_TEXT_BYTES_MAX);
	}

	while (p->at < p->text.len) {
		int r = sddl_read_part(p);

		if (r != 0) {
			return r;
		}
	}

	if ((p->parts_seen & 1U) == 0) {
		return acl_error_set(p->error, p->text.len,
				     "there is no D: part, which says who is allowed");
	}

	return 0;
}

int sddl_parse(struct slice text, struct acl *ret_acl, struct acl_error *ret_error)
{
	assert(ret_acl != NULL && (text.data != NULL || text.len == 0));

	struct sddl_parser p = {.text = text, .error = ret_error};
	int r = sddl_read(&p);

	if (r != 0) {
		acl_fini(&p.acl);

		return r == ACL_E_INVALID ? ACL_E_INVALID : result_fold(r);
	}
	*ret_acl = p.acl;

	return 0;
}

static int sddl_format_rights(unsigned rights, struct buf *buf)
{
	int r = 0;

	if (rights == ACL_RIGHT_ALL) {
		return buf_append_str(buf, "GA");
	}

	for (size_t i = 1; r == 0 && i < array_len(sddl_rights); i++) {
		if ((rights & sddl_rights[i].rights) != 0) {
			r = buf_append_str(buf, sddl_rights[i].letters);
		}
	}

	return r;
}

static int sddl_format_ace(const struct ace *ace, struct buf *buf)
{
	int r = buf_append_str(buf, ace->type == ACE_TYPE_ALLOW ? "(A;;" : "(D;;");

	if (r == 0) {
		r = sddl_format_rights(ace->rights, buf);
	}
	if (r == 0) {
		r = buf_append_str(buf, ";;;");
	}
	if (r == 0) {
		r = sid_format(&ace->trustee, buf);
	}
	if (r == 0) {
		r = buf_append_str(buf, ")");
	}

	return r;
}

int sddl_format(const struct acl *acl, struct buf *buf)
{
	assert(acl != NULL && buf != NULL);

	int r = buf_append_str(buf, "D:");

	for (size_t i = 0; r == 0 && i < acl->n_aces; i++) {
		r = sddl_format_ace(&acl->aces[i], buf);
	}

	return r == BUF_E_FULL ? result_origin(-ENOMEM) : result_trace(r);
}
