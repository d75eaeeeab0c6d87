#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An access control list in Linux words:
 *
 *   user:www                        one user, by name or by number; right: listen
 *   group:web=listen,delegate       rights said: listen, delegate, read (see acl.h)
 *   everyone
 *   deny:user:guest=listen          a deny entry
 *   sid:S-1-5-21-1-2-3-1001         a SID of another system, kept without meaning
 *
 * Several grants are separated by ',' or ';', blanks around them are ignored: behind '=' a ','
 * followed by the name of a right continues the rights, everything else begins the next grant.
 * Canonical form: ';' between grants, rights only when they are not just listen.
 */

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "urlspace/acl.h"

/*
 * grants_parse() - read a whole slice as a list of grants
 * @names: for names that are no numbers; NULL = numbers only
 * @ret_acl: filled on success only; owned by the caller (acl_fini)
 * @ret_error: filled on ACL_E_INVALID; NULL when the caller does not want to know
 *
 * Return: 0; ACL_E_INVALID (also for an unknown name); -ENOMEM or what a function of @names
 * returned.
 */
int grants_parse(struct slice text, const struct acl_names *names, struct acl *ret_acl,
		 struct acl_error *ret_error) must_check_;

/*
 * grants_format() - append the canonical grants of @acl
 * @names: NULL = numbers only; an id without a name, or with one that could not be read back, is
 * written as its number
 *
 * An empty list is written as "nobody", which grants_parse() reads.
 *
 * Return: 0; -ENOMEM (also when @buf is at its limit; it may hold a part of the text then) or what
 * a function of @names returned.
 */
int grants_format(const struct acl *acl, const struct acl_names *names,
		  struct buf *buf) must_check_;
