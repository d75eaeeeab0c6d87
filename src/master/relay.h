#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Between the engine's channel and the master's objects: what each message of
 * the engine does, and which messages decisions become.
 */

#include "base/compiler.h"
#include "urlspace/reservation.h"
#include "wire/message.h"

struct endpointset_sink;
struct enginelink_events;
struct master;
struct schema_entry;

/* relay_engine_events() - for enginelink_init(); context is struct master */
const struct enginelink_events *relay_engine_events(void);

/* relay_init_sink() - fill the sink through which endpoints and claims speak to the engine */
void relay_init_sink(struct master *master, struct endpointset_sink *ret_sink);

/* relay_send_parameter() - tell the engine a numeric parameter's value.  Return: 0; -errno */
int relay_send_parameter(struct master *master, const struct schema_entry *entry) must_check_;

/* relay_send_reservation() - tell the engine a reservation.  Return: 0; -errno */
int relay_send_reservation(struct master *master,
			   const struct reservation *reservation) must_check_;

/* relay_send_reservation_end() - tell the engine that it is no more.  Return: 0; -errno */
int relay_send_reservation_end(struct master *master, const struct prefix *prefix) must_check_;

/* relay_send_stop() - tell the engine to finish.  Return: 0; -errno */
int relay_send_stop(struct master *master) must_check_;

/*
 * relay_send_query() - ask the engine for a document
 * @question: the tool's QUERY, whose fields are passed on; NULL = STATUS
 * @ret_serial: the answer's serial
 *
 * Return: 0; -errno.
 */
int relay_send_query(struct master *master, const struct message *question,
		     uint32_t *ret_serial) must_check_;
