/* SPDX-License-Identifier: MIT */

/* What the larger examples begin with; see setup.h. */

#include "examples/setup.h"

#include <stdio.h>

static const char *const setup_states[] = {
	[HTTPSYS_STATE_SERVED] = "served",
	[HTTPSYS_STATE_PARTLY_SERVED] = "partly served",
	[HTTPSYS_STATE_UNREACHABLE] = "unreachable",
};

int setup_fail(const struct setup *setup, const char *what, int code)
{
	const char *why = httpsys_session_error(setup->session);

	fprintf(stderr, "%s: %s: %s\n", setup->program, what,
		why[0] != '\0' ? why : httpsys_strerror(code));

	return 1;
}

/* setup_print() - one line per prefix, and one on stderr when something is to be done */
static void setup_print(const char *prefix, const struct httpsys_registration *state)
{
	printf("registered %s: %s %s\n", prefix, setup_states[state->state], state->text);
	(void)fflush(stdout);
	if (state->repair[0] != '\0') {
		fprintf(stderr, "%s: %s\n", prefix, state->repair);
	}
}

/* setup_on_state() - the listener has news of a prefix, or of itself */
static void setup_on_state(void *user, const char *prefix, const struct httpsys_registration *state)
{
	const struct setup *setup = user;

	fprintf(stderr, "%s: %s: %s %s\n", setup->program, prefix != NULL ? prefix : "listener",
		setup_states[state->state], state->text);
}

/* setup_session() - connect and watch */
static int setup_session(struct setup *setup, const char *program)
{
	*setup = (struct setup){.program = program};
	int r = httpsys_session_new(NULL, &setup->session);
	if (r != 0) {
		return setup_fail(setup, "connecting to the listener", r);
	}
	httpsys_session_watch(setup->session, setup_on_state, setup);

	return 0;
}

int setup_connect(struct setup *setup, const char *program, const char *queue_name, const char *acl)
{
	if (setup_session(setup, program) != 0) {
		return 1;
	}

	int r = httpsys_group_new(setup->session, &setup->group);
	if (r == 0) {
		r = httpsys_queue_new(setup->session, queue_name, acl, &setup->queue);
	}
	if (r == 0) {
		r = httpsys_group_bind(setup->group, setup->queue);
	}

	return r == 0 ? 0 : setup_fail(setup, "making group and queue", r);
}

int setup_open(struct setup *setup, const char *program, const char *queue_name)
{
	if (setup_session(setup, program) != 0) {
		return 1;
	}
	int r = httpsys_queue_open(setup->session, queue_name, &setup->queue);

	return r == 0 ? 0 : setup_fail(setup, queue_name, r);
}

int setup_register(struct setup *setup, char **prefixes, int n)
{
	for (int i = 0; i < n; i++) {
		struct httpsys_registration state;
		int r = httpsys_group_add(setup->group, prefixes[i], (uint64_t)i, &state);
		if (r != 0) {
			return setup_fail(setup, prefixes[i], r);
		}
		setup_print(prefixes[i], &state);
	}

	return 0;
}
