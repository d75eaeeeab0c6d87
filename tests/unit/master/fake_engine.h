#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * An engine that is the test itself: takes endpoints, answers each connection with one byte, closes
 * what it is told to, and notes what it was told as one text.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/fd.h"
#include "master/endpointset.h"
#include "net.h"

#define ENGINE_ENDPOINTS_MAX 8
#define LOG_BYTES            4096

/* The engine's side: descriptors by number, and what was told, as one text. */
struct engine {
	struct endpointset set;
	struct loop loop;
	struct listenlist list;
	struct ip_addr addrs[2];
	struct endpointset_sink sink;
	struct {
		uint64_t id;
		int fd;
		bool is_retired; /* the master wants it closed */
	} endpoints[ENGINE_ENDPOINTS_MAX];
	bool is_up;
	bool is_slow;        /* does not answer a retirement */
	unsigned n_answered; /* connections */
	struct claim_verdict verdict;
	uint16_t port;
	char log[LOG_BYTES];
};

static inline void engine_log(struct engine *engine, const char *what, const struct ip_endpoint *at)
{
	char text[IP_ADDR_TEXT_BYTES] = "";

	if (at != NULL) {
		ip_addr_format(&at->addr, text);
	}
	text_appendf(engine->log, sizeof(engine->log), "%s%s%s ", what, at != NULL ? " " : "",
		     text);
}

/* Take what waits at @fd and answer each with one byte. */
static inline void engine_accept(struct engine *engine, int fd)
{
	for (int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC); client != -1;
	     client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) {
		(void)send(client, "x", 1, MSG_NOSIGNAL);
		fd_close(client);
		engine->n_answered++;
	}
}

static inline int engine_open(void *context, const struct endpoint *endpoint)
{
	struct engine *engine = context;

	engine_log(engine, "open", &endpoint->item.endpoint);
	for (size_t i = 0; i < ENGINE_ENDPOINTS_MAX; i++) {
		if (engine->endpoints[i].fd == -1) {
			engine->endpoints[i].id = endpoint->id;
			engine->endpoints[i].is_retired = false;
			engine->endpoints[i].fd = fcntl(endpoint->fd, F_DUPFD_CLOEXEC, 0);
			return 0;
		}
	}

	return -EMFILE;
}

static inline int engine_retire(void *context, uint64_t endpoint_id)
{
	struct engine *engine = context;

	engine_log(engine, "retire", NULL);
	for (size_t i = 0; i < ENGINE_ENDPOINTS_MAX; i++) {
		if (engine->endpoints[i].fd != -1 && engine->endpoints[i].id == endpoint_id) {
			engine->endpoints[i].is_retired = true;
			return 0;
		}
	}

	return -ENOENT;
}

static inline int engine_claim_state(void *context, const struct claim *claim)
{
	struct engine *engine = context;

	engine->verdict = claim->verdict;
	engine_log(engine,
		   claim->verdict.is_refused ? "refused" : claim_state_word(claim->verdict.state),
		   NULL);

	return 0;
}

static inline bool engine_is_up(void *context)
{
	return ((struct engine *)context)->is_up;
}

static inline void engine_event(void *context, const struct event *event)
{
	struct engine *engine = context;

	if (event->id == EVENT_ID_ENDPOINT_FAILED) {
		engine_log(engine, "failed", NULL);
	}
}

static inline void engine_endpoint_gone(void *context)
{
	(void)context;
}

static inline void engine_failure(void *context, int r)
{
	(void)context;
	fail_msg("fatal: %d", r);
}

static inline void engine_set_list(struct engine *engine, const char *entries)
{
	struct slice rest = slice_from_str(entries);

	listenlist_fini(&engine->list);
	while (rest.len > 0) {
		struct listen_entry entry;

		assert_int_equal(listen_entry_parse(slice_cut(&rest, ' '), &entry, NULL), 0);
		assert_int_equal(listenlist_add(&engine->list, &entry), 0);
	}
}

static inline int engine_setup(void **state)
{
	static struct engine engine;

	engine = (struct engine){.is_up = true, .port = net_free_port()};
	engine.sink = (struct endpointset_sink){
		.open = engine_open,
		.retire = engine_retire,
		.claim_state = engine_claim_state,
		.has_engine = engine_is_up,
		.event = engine_event,
		.endpoint_gone = engine_endpoint_gone,
		.failure = engine_failure,
		.context = &engine,
	};
	for (size_t i = 0; i < ENGINE_ENDPOINTS_MAX; i++) {
		engine.endpoints[i].fd = -1;
	}
	if (loop_init(&engine.loop) < 0) {
		return -1;
	}
	endpointset_init(&engine.set, &engine.loop, &engine.sink);
	engine.addrs[0] = net_endpoint("127.0.0.1", 1).addr;
	engine.addrs[1] = net_endpoint("::1", 1).addr;
	engine.set.locals = (struct listen_locals){.addrs = engine.addrs, .n_addrs = 2};
	engine.set.list = &engine.list;
	engine.set.drain_ms = 2000;
	*state = &engine;

	return 0;
}

static inline int engine_teardown(void **state)
{
	struct engine *engine = *state;

	endpointset_fini(&engine->set);
	for (size_t i = 0; i < ENGINE_ENDPOINTS_MAX; i++) {
		engine->endpoints[i].fd = fd_close(engine->endpoints[i].fd);
	}
	listenlist_fini(&engine->list);
	loop_fini(&engine->loop);

	return 0;
}

/* One turn of master and engine. */
static inline void engine_turn(struct engine *engine)
{
	assert_int_equal(loop_turn(&engine->loop, 5), 0);
	for (size_t i = 0; i < ENGINE_ENDPOINTS_MAX; i++) {
		int fd = engine->endpoints[i].fd;

		if (fd == -1) {
			continue;
		}
		engine_accept(engine, fd);
		if (engine->endpoints[i].is_retired && !engine->is_slow) {
			engine->endpoints[i].fd = fd_close(fd);
			endpointset_engine_closed(&engine->set, engine->endpoints[i].id);
		}
	}
}

static inline void engine_settle(struct engine *engine)
{
	struct mono_time deadline = mono_add_ms(clock_mono(), NET_WAIT_MS);

	while (!endpointset_is_retired(&engine->set, UINT64_MAX)) {
		assert_true(clock_mono().ns < deadline.ns);
		engine_turn(engine);
	}
}

static inline void engine_claim(struct engine *engine, uint64_t id, const char *address,
				bool *ret_refused)
{
	struct listen_want want = {.port = engine->port};

	if (address != NULL) {
		want.addr = net_endpoint(address, 1).addr;
	}
	assert_int_equal(endpointset_open_claim(&engine->set, id, 0, &want, ret_refused), 0);
}

static inline void engine_change(struct engine *engine, const char *list)
{
	engine_set_list(engine, list);
	assert_int_equal(endpointset_apply(&engine->set), 0);
}

static inline bool has_listening(const struct engine *engine, const char *address)
{
	struct ip_endpoint at = net_endpoint(address, engine->port);
	const struct endpoint *endpoint = endpointset_find(&engine->set, &at);

	return endpoint != NULL && endpoint->state == ENDPOINT_STATE_LISTENING;
}

static inline bool can_bind(const struct engine *engine, const char *address)
{
	int fd = net_bind(address, engine->port, true);

	fd_close(fd);

	return fd != -1;
}
