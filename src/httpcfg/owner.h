#pragma once
/* SPDX-License-Identifier: MIT */

/* Users and the owners of sockets, in words. */

#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

#define OWNER_USER_BYTES 256

/* owner_user_format() - write the name of user @uid, its number when it has none */
void owner_user_format(uint64_t uid, char ret_text[OWNER_USER_BYTES]);

/*
 * owner_append() - append who holds a socket: "gunicorn (pid 812, uid 38 list, unit x.service)"
 * @owner: an OWNER object of the listener's documents; NULL: "an unknown program"
 *
 * Return: 0; -ENOMEM.
 */
int owner_append(struct buf *buf, const json_t *owner) must_check_;
