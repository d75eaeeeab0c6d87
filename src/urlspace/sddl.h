#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * SDDL, the text of a Windows security descriptor: D:(A;;GX;;;WD)(A;;GA;;;S-1-22-1-1000).
 *
 * Only the DACL is used: owner (O:), group (G:) and SACL (S:) are checked for their form and
 * forgotten.  A text without D: is refused; on Windows it would allow everybody everything.
 *
 *   ACE      A (allow), D (deny); flags OI CI NP ID are accepted and mean nothing here, because no
 *            reservation inherits; no object GUIDs
 *   rights   GX = listen, GW = delegate, GA = both, GR = kept without meaning; or a 0x mask of
 *            those four bits
 *   trustee  WD, S-1-1-0, AU, S-1-5-11       everyone
 *            BA, S-1-5-32-544, SY, S-1-5-18  root (uid 0)
 *            S-1-22-1-UID, S-1-22-2-GID      a Linux user, a Linux group
 *            NS, LS, S-1-5-20, S-1-5-19      refused: which Linux user is meant must be said
 *            any other S-1-...               kept, matches nobody
 *            any other two letters           refused
 *
 * Canonical form: D: and the ACEs, SIDs as WD, BA, S-1-22-...; parse(format(x)) equals x.
 */

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "urlspace/acl.h"

/*
 * sddl_parse() - read a whole slice as SDDL
 * @ret_acl: filled on success only; owned by the caller (acl_fini)
 * @ret_error: filled on ACL_E_INVALID; NULL when the caller does not want to know
 *
 * Return: 0; ACL_E_INVALID; -ENOMEM.
 */
int sddl_parse(struct slice text, struct acl *ret_acl, struct acl_error *ret_error) must_check_;

/*
 * sddl_format() - append the canonical SDDL of @acl
 *
 * Return: 0; -ENOMEM (also when @buf is at its limit; it may hold a part of the text then).
 */
int sddl_format(const struct acl *acl, struct buf *buf) must_check_;
