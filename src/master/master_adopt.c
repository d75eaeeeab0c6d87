/* SPDX-License-Identifier: MIT */

/* The configuration in use changes; see master.h. */

#include <assert.h>

#include "base/mem.h"
#include "base/result.h"
#include "master/master.h"
#include "master/relay.h"

void master_use_options(struct master *master)
{
	assert(master != NULL);

	struct endpointset *set = &master->endpoints;

	set->backlog = (int)master_parameter(master, SCHEMA_LISTEN_BACKLOG);
	set->drain_ms = master_parameter(master, SCHEMA_ENDPOINT_DRAIN_TIMEOUT);
}

int master_adopt_list(struct master *master)
{
	assert(master != NULL);

	master->endpoints.list = &master->config->list;

	return master->is_stopping ? 0 : result_trace(endpointset_apply(&master->endpoints));
}

int master_adopt_parameter(struct master *master, enum schema_id id)
{
	assert(master != NULL);

	master_use_options(master);

	return result_trace(relay_send_parameter(master, schema_entry(id)));
}

/* Tell the engine the reservations of @from that @to has not, or has with another list. */
static int master_tell_removed(struct master *master, const struct config *from,
			       const struct config *to)
{
	size_t cursor = 0;
	const struct reservation *old = reservation_set_next(&from->reservations, &cursor);
	int r = 0;

	while (r == 0 && old != NULL) {
		const struct reservation *now =
			reservation_set_find(&to->reservations, &old->prefix);

		if (now == NULL || !acl_is_equal(&now->acl, &old->acl)) {
			r = relay_send_reservation_end(master, &old->prefix);
		}
		old = reservation_set_next(&from->reservations, &cursor);
	}

	return result_trace(r);
}

static int master_tell_added(struct master *master, const struct config *from,
			     const struct config *to)
{
	size_t cursor = 0;
	const struct reservation *now = reservation_set_next(&to->reservations, &cursor);
	int r = 0;

	while (r == 0 && now != NULL) {
		const struct reservation *old =
			reservation_set_find(&from->reservations, &now->prefix);

		if (old == NULL || !acl_is_equal(&now->acl, &old->acl)) {
			r = relay_send_reservation(master, now);
		}
		now = reservation_set_next(&to->reservations, &cursor);
	}

	return result_trace(r);
}

struct config *master_config_free(struct config *config)
{
	if (config != NULL) {
		config_fini(config);
		mem_free(config);
	}

	return NULL;
}

int master_adopt_config(struct master *master, struct config *config)
{
	assert(master != NULL && config != NULL);

	struct config *old = master->config;
	int r = master_tell_removed(master, old, config);

	if (r == 0) {
		r = master_tell_added(master, old, config);
	}
	master->config = config;
	for (int id = 0; r == 0 && id < SCHEMA_COUNT_; id++) {
		if (schema_entry((enum schema_id)id)->type == REGISTRY_TYPE_DWORD &&
		    old->parameters[id] != config->parameters[id]) {
			r = relay_send_parameter(master, schema_entry((enum schema_id)id));
		}
	}
	master_use_options(master);
	if (r == 0) {
		r = master_adopt_list(master);
	}
	master->endpoints.list = &config->list;
	master_config_free(old);

	return result_trace(r);
}
