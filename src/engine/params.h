#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Parameters of the engine, as the master sent them.  The workers read an immutable snapshot
 * through RCU; a change makes a new one.
 */

#include <stdint.h>

#include "base/compiler.h"
#include "base/quota.h"
#include "base/slice.h"
#include "http/limits.h"

struct params {
	struct http_limits limits;
	uint64_t idle_timeout_s;
	uint64_t header_wait_timeout_s;
	uint64_t entity_body_timeout_s;
	uint64_t drain_timeout_s;
	uint64_t queue_timeout_s;
	uint64_t drain_bytes_max;
	uint64_t server_policy;   /* enum h1_server_policy */
	uint64_t queue_length;    /* default of a new queue */
	uint64_t connections_max; /* 0: as many as descriptors allow */
	uint64_t n_threads;       /* 0: one per usable core; read at start only */
	uint64_t exchanges;       /* default of a new receiver */
	uint64_t quota[QUOTA_RESOURCE_COUNT_];
};

/* params_init() - the defaults that hold until the master has spoken */
void params_init(struct params *params);

/*
 * params_set() - set one by its registry name
 *
 * Names that concern the master alone are accepted and ignored: the master sends its whole table.
 */
void params_set(struct params *params, struct slice name, uint64_t value);
