/* SPDX-License-Identifier: MIT */

/*
 * Access lists from any bytes, in both spellings: what is accepted can be written in both and read
 * back as the same list; what is refused has a position inside the text and a printable message.
 */

#include <stdlib.h>

#include "urlspace/acl.h"
#include "urlspace/grants.h"
#include "urlspace/sddl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_check(bool is_good)
{
	if (!is_good) {
		abort();
	}
}

static void fuzz_check_reads_back(const struct acl *acl, struct slice text)
{
	cleanup_(acl_fini) struct acl again = {0};

	fuzz_check(acl_parse(text, NULL, &again, NULL) == 0);
	fuzz_check(acl_is_equal(acl, &again));
}

static void fuzz_check_accepted(const struct acl *acl)
{
	cleanup_(buf_fini) struct buf sddl = {0};
	cleanup_(buf_fini) struct buf grants = {0};
	const struct caller caller = {.uid = 1000, .gid = 1000};

	fuzz_check(acl->n_aces <= ACL_ACES_MAX);
	fuzz_check(sddl_format(acl, &sddl) == 0);
	fuzz_check(grants_format(acl, NULL, &grants) == 0);
	fuzz_check_reads_back(acl, buf_slice(&sddl));
	fuzz_check_reads_back(acl, buf_slice(&grants));

	bool listen = acl_allows(acl, &caller, ACL_RIGHT_LISTEN);
	bool delegate = acl_allows(acl, &caller, ACL_RIGHT_DELEGATE);
	fuzz_check(acl_allows(acl, &caller, ACL_RIGHT_ALL) == (listen && delegate));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_(acl_fini) struct acl acl = {0};
	struct acl_error error;
	int r = acl_parse(slice_from(data, size), NULL, &acl, &error);

	fuzz_check(r == 0 || r == ACL_E_INVALID);
	if (r == 0) {
		fuzz_check_accepted(&acl);

		return 0;
	}

	fuzz_check(error.position <= size);
	for (const char *c = error.message; *c != '\0'; c++) {
		fuzz_check(*c >= ' ' && *c <= '~');
	}

	return 0;
}
