#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Who holds a port: sockets from the kernel's list, and for each the processes
 * that have it open, found over /proc.  Without the right to look into other
 * users' processes only the socket's uid is known.  Names are for people; the
 * numbers are the kernel's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "master/cgroup.h"

#define OWNERS_MAX          64 /* of one answer; further ones are left out */
#define OWNER_PROGRAM_BYTES 64
#define OWNER_COMMAND_BYTES 256
#define OWNER_USER_BYTES    64

struct json_writer;

/* One process that has one socket open. */
struct owner {
	struct ip_endpoint endpoint; /* where the socket is bound */
	bool is_dual;                /* an IPv6 wildcard that takes IPv4, too */
	bool is_listening;           /* false: only bound */
	bool is_connected;           /* the port is the near end of its connection */
	bool is_ours;                /* master or engine of this instance */
	uint32_t inode;
	pid_t pid; /* 0 = unknown */
	pid_t parent_pid;
	uid_t uid; /* of the process, or of the socket when the process is unknown */
	char program[OWNER_PROGRAM_BYTES]; /* empty = unknown */
	char command[OWNER_COMMAND_BYTES]; /* command line; empty = unknown */
	char user[OWNER_USER_BYTES];       /* empty = the uid has no name */
	struct cgroup cgroup;
};

struct owner_list {
	struct owner *items; /* owned; processes that no other holder started come first */
	size_t n_items;
	bool is_blind; /* processes that could not be looked into may be missing */
};

/* The processes of this instance; 0 = none. */
struct owner_ours {
	pid_t master;
	pid_t engine;
};

/*
 * owner_list_read() - who has @port
 * @addr: only what covers this address (may be a wildcard); NULL = any
 *
 * Listening and bound sockets; when there are none, with @addr also connections whose near end is
 * that port: they keep it from being bound.
 *
 * Return: 0 and *@ret_list (owner_list_fini), maybe empty; -errno.
 */
int owner_list_read(uint16_t port, const struct ip_addr *addr, const struct owner_ours *ours,
		    struct owner_list *ret_list) must_check_;

/* owner_list_fini() - free it; accepts a zeroed one */
void owner_list_fini(struct owner_list *list);

/*
 * owner_format() - "127.0.0.2:80 is held by gunicorn (pid 812, uid 38 list, unit mailman3.service)"
 * @text: @size bytes; replaced
 */
void owner_format(const struct owner *owner, char *text, size_t size);

/*
 * owner_write_json() - one OWNER object
 * @with_command: may the reader see the command line of @owner?
 */
void owner_write_json(const struct owner *owner, bool with_command, struct json_writer *writer);
