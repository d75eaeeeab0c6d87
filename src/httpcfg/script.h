#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The script that dump prints, read back into the document that the listener restores:
 *
 *   httpcfg set iplisten -i ENTRY
 *   httpcfg set urlacl -u PREFIX -a SDDL
 *   httpcfg parameter NAME VALUE
 *
 * with blank lines and comments anywhere.  Nothing else is accepted: a restore replaces everything,
 * so a line that is not understood must not be passed over.
 */

#include <jansson.h>
#include <stddef.h>

#include "base/compiler.h"

enum script_verdict {
	SCRIPT_E_INVALID = 1, /* struct script_error says where and why */
};

struct script_error {
	size_t line;      /* from 1 */
	const char *text; /* what is wrong, static */
};

/*
 * script_parse() - read a whole script
 * @text: NUL-terminated; changed
 * @ret_document: {"format", "listen_list", "reservations", "parameters"}; owned by the caller
 *
 * Return: 0; SCRIPT_E_INVALID; -ENOMEM.
 */
int script_parse(char *text, json_t **ret_document, struct script_error *ret_error) must_check_;
