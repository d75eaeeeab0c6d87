#pragma once
/* SPDX-License-Identifier: MIT */

/* What the larger examples begin with: a session, a group, a queue, and prefixes. */

#include <httpsys.h>

struct setup {
	struct httpsys_session *session;
	struct httpsys_group *group;
	struct httpsys_queue *queue;
	const char *program; /* for messages */
};

/*
 * setup_connect() - connect, and make a group and a queue
 * @queue_name: NULL: anonymous
 * @acl: who may open the queue; NULL: the same user
 *
 * Return: 0; another number: it was said on stderr why not.
 */
int setup_connect(struct setup *setup, const char *program, const char *queue_name,
		  const char *acl);

/* setup_open() - connect, and open the queue that another program has made.
 * Return: as setup_connect() */
int setup_open(struct setup *setup, const char *program, const char *queue_name);

/* setup_register() - register @n prefixes and print how each stands.  Return: as setup_connect() */
int setup_register(struct setup *setup, char **prefixes, int n);

/* setup_fail() - say on stderr what failed with @code, and why.  Return: 1 */
int setup_fail(const struct setup *setup, const char *what, int code);
