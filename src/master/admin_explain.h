#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which socket answers a connection: the master's half of EXPLAIN, and the answer
 * to "who has this port".
 */

#include "base/compiler.h"

struct admin_connection;
struct json_writer;
struct message;

/*
 * admin_explain() - write the members of EXPLAIN: where a client's connection would arrive
 *
 * Without an address every address of this machine that the URL's host may mean is looked at.
 *
 * Return: 0 (also when refused: see the request's code); -errno.
 */
int admin_explain(struct admin_connection *connection, const struct message *message,
		  struct json_writer *writer) must_check_;

/* admin_whohas() - write the members of WHOHAS.  Return: as admin_explain() */
int admin_whohas(struct admin_connection *connection, const struct message *message,
		 struct json_writer *writer) must_check_;
