#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The configuration in use: listen list, reservations and numeric parameters as
 * read from the registry.  What is stored but cannot be read is skipped with an
 * event, never an error.  Owned by the master; changed only after the registry
 * was.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "master/events.h"
#include "master/listenlist.h"
#include "registry/registry.h"
#include "registry/schema.h"
#include "urlspace/reservation.h"
#include "urlspace/scheme_table.h"

enum config_verdict {
	CONFIG_E_REGISTRY = 1, /* it cannot be read; registry_error() says why */
};

struct config {
	struct listenlist list;
	struct registry_value stored_list; /* the entries as stored, unreadable ones included */
	struct scheme_table schemes;
	struct reservation_set reservations;
	uint32_t parameters[SCHEMA_COUNT_]; /* of the DWORD rows */
};

/*
 * config_init() - read everything
 * @config: stays where it is in memory until config_fini()
 * @events: where what is skipped is told
 *
 * Return: 0; CONFIG_E_REGISTRY; -ENOMEM.  @config is to be given to config_fini() in every case.
 */
int config_init(struct config *config, struct registry *registry,
		struct events *events) must_check_;

/* config_fini() - free it; accepts a zeroed one */
void config_fini(struct config *config);

/*
 * config_parse_list() - a listen list from its stored strings
 * @events: where unreadable entries are told; NULL = nowhere
 *
 * Return: 0 and *@ret_list (listenlist_fini); -ENOMEM.
 */
int config_parse_list(const struct registry_value *stored, struct events *events,
		      struct listenlist *ret_list) must_check_;

/*
 * config_read_list() - read the listen list anew
 *
 * Return: 0; CONFIG_E_REGISTRY; -ENOMEM (unchanged).
 */
int config_read_list(struct config *config, struct registry *registry,
		     struct events *events) must_check_;

/* config_read_parameter() - read one numeric parameter anew */
void config_read_parameter(struct config *config, struct registry *registry, enum schema_id id);

/*
 * config_put_list() - let @tx store a listen list; none means the value is deleted
 *
 * Return: as registry_put_strings().
 */
int config_put_list(struct registry_tx *tx, const struct slice *entries, size_t n) must_check_;
