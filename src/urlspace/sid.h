#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Security identifiers, S-1-..., and the two-letter aliases of SDDL, as trustees.  sddl.h has the
 * table of what means what.
 */

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "urlspace/acl.h"

/*
 * sid_parse() - read a whole slice as a SID or an alias
 * @position: where the slice stands in the text that @ret_error is about
 * @ret_trustee: filled on success only; a FOREIGN one's sid is owned by the caller (mem_free)
 * @ret_error: filled on ACL_E_INVALID; NULL when the caller does not want to know
 *
 * Return: 0; ACL_E_INVALID; -ENOMEM.
 */
int sid_parse(struct slice text, size_t position, struct trustee *ret_trustee,
	      struct acl_error *ret_error) must_check_;

/* sid_format() - append the canonical SID or alias of @trustee.  Return: as buf_append() */
int sid_format(const struct trustee *trustee, struct buf *buf) must_check_;
