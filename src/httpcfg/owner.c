/* SPDX-License-Identifier: MIT */

/* Who somebody is: names of users come from the user database, the rest from the listener. */

#include "httpcfg/owner.h"

#include <assert.h>
#include <pwd.h>
#include <stdio.h>

#include "base/result.h"
#include "httpcfg/document.h"

void owner_user_format(uint64_t uid, char ret_text[OWNER_USER_BYTES])
{
	assert(ret_text != NULL);

	const struct passwd *entry = getpwuid((uid_t)uid);
	if (entry != NULL) {
		(void)snprintf(ret_text, OWNER_USER_BYTES, "%s", entry->pw_name);
		document_clean_text(ret_text);
	} else {
		(void)snprintf(ret_text, OWNER_USER_BYTES, "%llu", (unsigned long long)uid);
	}
}

/* What stands in the parentheses behind the name, in this order. */
static int owner_append_details(struct buf *buf, const json_t *owner)
{
	int r = 0;
	if (document_number(owner, "pid") != 0) {
		r = buf_appendf(buf, ", pid %llu",
				(unsigned long long)document_number(owner, "pid"));
	}
	if (r == 0 && document_has(owner, "uid")) {
		const char *user = document_text(owner, "user");
		r = buf_appendf(buf, ", uid %llu%s%s",
				(unsigned long long)document_number(owner, "uid"),
				user[0] != '\0' ? " " : "", user);
	}
	if (r == 0 && document_text(owner, "unit")[0] != '\0') {
		r = buf_appendf(buf, ", unit %s", document_text(owner, "unit"));
	}
	if (r == 0 && document_text(owner, "container")[0] != '\0') {
		r = buf_appendf(buf, ", container %s", document_text(owner, "container"));
	}

	return result_fold(r);
}

int owner_append(struct buf *buf, const json_t *owner)
{
	assert(buf != NULL);

	const char *program = document_text(owner, "program");
	int r = buf_append_str(buf, program[0] != '\0' ? program : "an unknown program");
	if (r != 0) {
		return result_fold(r);
	}

	size_t len = buf->len;
	r = owner_append_details(buf, owner);
	if (r != 0 || buf->len == len) {
		return result_trace(r);
	}

	/* The first ", " becomes the opening parenthesis. */
	buf->data[len] = ' ';
	buf->data[len + 1] = '(';

	return result_fold(buf_append_str(buf, ")"));
}
