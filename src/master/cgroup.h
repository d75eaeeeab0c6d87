#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What the path of a process's control group says about it: the systemd unit
 * that it runs in and the container.  Reads the text of /proc/PID/cgroup, both
 * versions; the names of units and containers are conventions of the programs
 * that make them, held in one table.
 */

#include "base/slice.h"

#define CGROUP_UNIT_BYTES      128
#define CGROUP_CONTAINER_BYTES 96

struct cgroup {
	char unit[CGROUP_UNIT_BYTES];           /* "mailman3.service"; empty = none */
	char container[CGROUP_CONTAINER_BYTES]; /* "docker 0123456789ab"; empty = none */
};

/* cgroup_parse() - read the text of /proc/PID/cgroup; unreadable lines are skipped */
void cgroup_parse(struct slice text, struct cgroup *ret_cgroup);
