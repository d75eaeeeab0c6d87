#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Names of users and groups from the system's databases (nsswitch.conf).  A look-up may read files
 * and ask the network, and blocks: for tools and the master, never for the engine.
 */

#include "urlspace/acl.h"

/*
 * nss_names() - the look-ups of this machine, for acl_parse() and grants_format()
 *
 * Thread safe.  Return: a constant; never NULL.
 */
const struct acl_names *nss_names(void);
