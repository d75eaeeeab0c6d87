#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One order to all workers, and one call back on the control thread when all have carried it out.
 */

#include "base/compiler.h"
#include "engine/mailbox.h"

struct control;
struct worker;

struct broadcast {
	void (*on_worker)(struct worker *worker, void *argument); /* on each worker's thread */
	void (*on_done)(struct control *control,
			void *argument); /* on the control thread; may be NULL */
	void *argument;
};

/*
 * broadcast_send() - send an order
 *
 * Orders reach each worker in the order in which they were sent.
 *
 * Return: 0; -ENOMEM (nothing was sent).
 */
int broadcast_send(struct control *control, const struct broadcast *broadcast) must_check_;
