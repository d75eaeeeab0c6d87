#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The engine process: accepts, parses, routes, queues, answers.  It runs as the httpsys user
 * without capabilities, in a sandbox without files; what it may do beyond its sockets it asks of
 * the master.
 *
 * One control thread (control.h) owns the sessions of applications, the URL groups, queues and
 * registrations, and the routing table; the workers (worker.h) serve connections.
 */

#include <stdbool.h>
#include <stdint.h>

#include "engine/route.h"

struct params;
struct worker;

#define ENGINE_WORKERS_MAX 64

struct engine {
	struct route_table routes;   /* written by the control thread, read by the workers */
	const struct params *params; /* RCU */
	struct worker *workers;      /* n_workers, owned */
	unsigned n_workers;
	uint32_t n_connections;   /* atomic, over all workers */
	uint32_t connections_max; /* atomic; set from MaxConnections and the descriptor limit */
};

/*
 * engine_main() - the engine's role of httpsysd
 *
 * Expects descriptor 3 = socket to the master, 4 = the applications' listening socket, 5 = the lock
 * of the home directory, and HTTPSYS_ENGINE_USER ("uid:gid") when it is to give up root.
 *
 * Return: the exit status.
 */
int engine_main(void);

/* engine_connection_begin() - any worker: count one more connection.  Return: false =
 * MaxConnections is reached (nothing is counted) */
bool engine_connection_begin(struct engine *engine);

/* engine_set_connections_max() - MaxConnections has changed; 0 = as many as descriptors allow */
void engine_set_connections_max(struct engine *engine, uint64_t wanted);

/* engine_connection_end() - any worker: one connection less */
void engine_connection_end(struct engine *engine);
