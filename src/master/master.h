#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The master process: owns registry, endpoints' sockets, the engine's process and
 * the administrative socket, and connects them on one loop.  Parses no HTTP.  The
 * same object serves the offline role: one administrative connection on the
 * registry, without engine, endpoints or sockets of its own.
 *
 *   start:  home -> lock -> registry -> configuration -> sockets -> engine -> ready
 *   stop:   endpoints are given up -> ENGINE_STOP -> the engine ends -> 0
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "event/loop.h"
#include "master/admin.h"
#include "master/config.h"
#include "master/endpointset.h"
#include "master/enginelink.h"
#include "master/events.h"
#include "master/home.h"
#include "master/netlink.h"
#include "registry/registry.h"

#define MASTER_USER_DEFAULT "httpsys"

/* Exit statuses (sysexits.h); 0 = stopped as told. */
enum master_exit {
	MASTER_EXIT_USAGE = 64,
	MASTER_EXIT_UNAVAILABLE = 69, /* no engine gets ready */
	MASTER_EXIT_SYSTEM = 71,      /* a system call failed, or no memory */
	MASTER_EXIT_FILE = 73,        /* home, registry or a socket cannot be made or opened */
	MASTER_EXIT_HELD = 75,        /* another instance has the home */
	MASTER_EXIT_USER = 78,        /* the engine's user does not exist */
};

struct master_options {
	const char *home; /* NULL = environment, then the system's places */
	const char *user; /* NULL = MASTER_USER_DEFAULT; only root changes its user */
};

struct master {
	struct loop loop;
	struct home home;
	struct events events;
	struct registry *registry; /* owned */
	struct config *config;     /* owned; replaced as a whole by rollback and restore */
	struct netlink netlink;
	struct endpointset endpoints;
	struct endpointset_sink endpoints_sink;
	struct enginelink engine;
	struct admin admin;
	struct loop_source signals; /* signalfd; -1 in the offline role */
	struct loop_task gone;      /* an endpoint that was given up has closed */
	struct timer grace;         /* until orphaned claims are dropped */
	struct timer stop_limit;    /* until the engine is killed */
	struct wall_time since;
	int app_fd;           /* owned: listening app.sock */
	char engine_user[32]; /* "uid:gid"; empty = the master's own */
	uint64_t serial_last; /* of questions to the engine */
	bool is_offline;
	bool is_stopping;
	bool was_ready;
	int exit_status;
};

/*
 * master_run() - be the master until told to stop
 *
 * Says on stderr what goes wrong.  Return: the exit status, 0 or enum master_exit.
 */
int master_run(const struct master_options *options);

/*
 * master_run_offline() - serve one administrative connection on the registry
 * @fd: adopted
 *
 * Return: the exit status.
 */
int master_run_offline(const struct master_options *options, int fd);

/* master_fail() - a fatal error in a callback: end the loop with MASTER_EXIT_SYSTEM */
void master_fail(struct master *master, int r);

/* master_parameter() - a numeric parameter in use */
static inline uint32_t master_parameter(const struct master *master, enum schema_id id)
{
	return master->config->parameters[id];
}

/* master_use_options() - hand the parameters to the objects that follow them */
void master_use_options(struct master *master);

/* master_config_free() - free a configuration; accepts NULL.  Return: NULL */
struct config *master_config_free(struct config *config);

/*
 * master_adopt_list() - the listen list in master->config has changed: open and close
 *
 * Return: 0; -errno.
 */
int master_adopt_list(struct master *master) must_check_;

/*
 * master_adopt_parameter() - a parameter in master->config has changed: use it, tell the engine
 *
 * Return: 0; -errno.
 */
int master_adopt_parameter(struct master *master, enum schema_id id) must_check_;

/*
 * master_adopt_config() - use @config instead of the present one and tell the engine the difference
 * @config: adopted, also on failure
 *
 * Return: 0; -errno.
 */
int master_adopt_config(struct master *master, struct config *config) must_check_;
