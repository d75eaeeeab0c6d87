/* SPDX-License-Identifier: MIT */

/* Orders to all workers: one letter each, which comes back as the receipt; see broadcast.h. */

#include "engine/broadcast.h"

#include <errno.h>

#include "base/mem.h"
#include "base/result.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/worker.h"

struct broadcast_state;

struct broadcast_letter {
	struct letter letter;
	struct broadcast_state *state;
};

struct broadcast_state {
	struct broadcast broadcast;
	struct control *control;
	unsigned n_left; /* touched by the control thread only */
	struct broadcast_letter letters[];
};

static void broadcast_on_receipt(struct letter *letter, void *receiver)
{
	struct broadcast_state *state =
		container_of(letter, struct broadcast_letter, letter)->state;
	struct control *control = receiver;

	if (--state->n_left > 0) {
		return;
	}
	if (state->broadcast.on_done != NULL) {
		state->broadcast.on_done(control, state->broadcast.argument);
	}
	mem_free(state);
}

static void broadcast_on_order(struct letter *letter, void *receiver)
{
	struct broadcast_state *state =
		container_of(letter, struct broadcast_letter, letter)->state;

	state->broadcast.on_worker(receiver, state->broadcast.argument);
	letter->on_receive = broadcast_on_receipt;
	mailbox_post(&state->control->mailbox, letter);
}

int broadcast_send(struct control *control, const struct broadcast *broadcast)
{
	struct engine *engine = control->engine;
	struct broadcast_state *state =
		mem_new(sizeof(*state) + engine->n_workers * sizeof(struct broadcast_letter));

	if (state == NULL) {
		return result_origin(-ENOMEM);
	}

	state->broadcast = *broadcast;
	state->control = control;
	state->n_left = engine->n_workers;
	for (unsigned i = 0; i < engine->n_workers; i++) {
		struct broadcast_letter *letter = &state->letters[i];

		letter->state = state;
		letter->letter.on_receive = broadcast_on_order;
		list_init(&letter->letter.link);
		mailbox_post(&engine->workers[i].mailbox, &letter->letter);
	}

	return 0;
}
