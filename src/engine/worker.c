/* SPDX-License-Identifier: MIT */

/*
 * Workers: the turn, the sleep protocol towards all active lanes, the date, the parse buffers; see
 * worker.h.
 */

#include "engine/worker.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/result.h"
#include "engine/conn.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/listener.h"
#include "engine/params.h"
#include "engine/reply_head.h"
#include "http/target.h"

/* Before a wait that can block: applications ring from now on, and no RCU object is held. */
static bool worker_on_sleep(struct loop *loop)
{
	struct worker *worker = loop->owner;

	list_for_each(node, &worker->active_lanes)
	{
		if (!lane_sleep(list_entry(node, struct lane, active_link))) {
			return false;
		}
	}
	rcu_pause();

	return true;
}

int worker_fit_buffers(struct worker *worker)
{
	const struct http_limits *limits = &worker->params->limits;
	uint32_t cook_bytes = (uint32_t)HTTP_TARGET_COOKED_BYTES(limits->head_bytes_max);

	if (limits->n_fields_max > worker->n_fields_cap) {
		struct http_field *fields =
			mem_new_array(limits->n_fields_max, sizeof(struct http_field));

		if (fields == NULL) {
			return result_origin(-ENOMEM);
		}
		mem_free(worker->fields);
		worker->fields = fields;
		worker->n_fields_cap = limits->n_fields_max;
	}
	if (cook_bytes > worker->cook_bytes) {
		char *cook = mem_new(cook_bytes);

		if (cook == NULL) {
			return result_origin(-ENOMEM);
		}
		mem_free(worker->cook);
		worker->cook = cook;
		worker->cook_bytes = cook_bytes;
	}

	return 0;
}

/* A worker can't go on.  The master starts a new engine; half of one serves nobody. */
static _Noreturn void worker_die(int error)
{
	diag_error("a worker can't go on: %s", strerror(error));
	_exit(1);
}

/*
 * No RCU object was held a moment ago: read what is new.  The parameters of before may be gone by
 * now, so this comes before anything else of a turn looks at them.  An equal pointer says nothing:
 * new ones may lie where old ones were.
 */
static void worker_refresh(struct worker *worker)
{
	worker->params = rcu_read(&worker->engine->params);

	int r = worker_fit_buffers(worker);
	if (r < 0) {
		worker_die(-r);
	}
}

static void worker_on_wake(struct loop *loop)
{
	struct worker *worker = loop->owner;

	rcu_resume();
	worker_refresh(worker);
	list_for_each(node, &worker->active_lanes)
	{
		lane_wake(list_entry(node, struct lane, active_link));
	}
}

static void worker_flush(struct worker *worker)
{
	struct list flush;

	/* A connection that queues itself again is for the next turn. */
	list_init(&flush);
	while (!list_is_empty(&worker->flush)) {
		struct list *node = worker->flush.next;

		list_remove(node);
		list_append(&flush, node);
	}
	while (!list_is_empty(&flush)) {
		struct conn *conn = list_entry(flush.next, struct conn, flush_link);

		list_remove(&conn->flush_link);
		conn_flush(conn);
	}
}

/* Call @on_lane for each active lane.  It may take any of them off the list. */
static void worker_visit_lanes(struct worker *worker, void (*on_lane)(struct lane *lane))
{
	struct list lanes;

	list_init(&lanes);
	while (!list_is_empty(&worker->active_lanes)) {
		struct list *node = worker->active_lanes.next;

		list_remove(node);
		list_append(&lanes, node);
	}
	while (!list_is_empty(&lanes)) {
		struct list *node = lanes.next;

		list_remove(node);
		list_append(&worker->active_lanes, node);
		on_lane(list_entry(node, struct lane, active_link));
	}
}

/* The second half of a turn: what the applications have answered leaves, what came goes to them. */
void worker_pump(struct worker *worker)
{
	worker_visit_lanes(worker, lane_consume);
	worker_flush(worker);
	worker_visit_lanes(worker, lane_serve);
	list_for_each(node, &worker->active_lanes)
	{
		lane_publish(list_entry(node, struct lane, active_link));
	}
}

static void worker_close_all(struct worker *worker)
{
	list_for_each(node, &worker->conns)
	{
		conn_close(list_entry(node, struct conn, link));
	}
}

void worker_want_wake(struct worker *worker, struct list *wake_link)
{
	if (list_is_empty(&worker->wakes)) {
		worker->wakes_since = worker->loop.now;
	}
	list_append(&worker->wakes, wake_link);
}

/* Wake who is to be woken, if nothing else is to be done first. */
static void worker_wake_receivers(struct worker *worker)
{
	int64_t waited_ns = worker->loop.now.ns - worker->wakes_since.ns;

	if (worker->loop.n_dispatched > 0 && waited_ns < WORKER_WAKE_DELAY_NS) {
		return;
	}
	list_for_each(node, &worker->wakes)
	{
		lane_wake_receiver(list_entry(node, struct lane, wake_link));
	}
}

static void *worker_run(void *argument)
{
	struct worker *worker = argument;
	int r = 0;

	rcu_thread_enter();
	while (r == 0 && !worker->loop.is_stopping) {
		bool is_pending = !list_is_empty(&worker->flush) || !list_is_empty(&worker->wakes);

		r = loop_turn(&worker->loop, is_pending ? 0 : -1);
		rcu_pause();
		rcu_resume();
		worker_refresh(worker);
		worker_pump(worker);
		worker_wake_receivers(worker);
	}
	worker_close_all(worker);
	rcu_thread_leave();

	if (r < 0) {
		worker_die(-r);
	}

	return NULL;
}

static void worker_on_accept_timer(struct timer *timer, struct mono_time now)
{
	(void)now;
	listener_resume_all(container_of(timer, struct worker, accept_timer));
}

static void worker_init_lists(struct worker *worker)
{
	list_init(&worker->conns);
	list_init(&worker->flush);
	list_init(&worker->active_lanes);
	list_init(&worker->wakes);
	list_init(&worker->listeners);
	list_init(&worker->free_conns);
	timer_init(&worker->accept_timer, worker_on_accept_timer);
	worker->mailbox.source.fd = -1;
	worker->date_second = -1;
}

void worker_fini(struct worker *worker)
{
	mailbox_fini(&worker->mailbox);
	loop_fini(&worker->loop);
	conn_list_free(&worker->free_conns);
	out_pool_fini(&worker->out_pool);
	worker->read_bytes = mem_free(worker->read_bytes);
	worker->scratch = mem_free(worker->scratch);
	worker->fields = mem_free(worker->fields);
	worker->cook = mem_free(worker->cook);
	worker->response_fields = mem_free(worker->response_fields);
}

static int worker_make(struct worker *worker)
{
	int r = loop_init(&worker->loop);
	if (r < 0) {
		return result_trace(r);
	}

	worker->loop.owner = worker;
	worker->loop.on_sleep = worker_on_sleep;
	worker->loop.on_wake = worker_on_wake;
	r = mailbox_init(&worker->mailbox, &worker->loop, worker);
	if (r < 0) {
		return result_trace(r);
	}

	worker->read_bytes = mem_new(WORKER_READ_BYTES);
	worker->scratch = mem_new(WORKER_SCRATCH_BYTES);
	worker->response_fields = mem_new_array(REPLY_FIELDS_MAX, sizeof(struct http_field));
	if (worker->read_bytes == NULL || worker->scratch == NULL ||
	    worker->response_fields == NULL) {
		return result_origin(-ENOMEM);
	}

	return result_trace(worker_fit_buffers(worker));
}

int worker_init(struct worker *worker, struct engine *engine, unsigned index)
{
	assert(worker != NULL && engine != NULL && index < ENGINE_WORKERS_MAX);

	worker->engine = engine;
	worker->index = index;
	worker->params = engine->params;
	worker_init_lists(worker);

	int r = worker_make(worker);
	if (r < 0) {
		worker_fini(worker);
	}

	return result_trace(r);
}

int worker_start(struct worker *worker, struct engine *engine, unsigned index)
{
	int r = worker_init(worker, engine, index);
	if (r < 0) {
		return result_trace(r);
	}

	r = -pthread_create(&worker->thread, NULL, worker_run, worker);
	if (r < 0) {
		worker_fini(worker);

		return result_origin(r);
	}
	worker->is_started = true;

	return 0;
}

static void worker_on_end(struct letter *letter, void *receiver)
{
	struct worker *worker = receiver;

	mem_free(letter);
	worker->loop.is_stopping = true;
}

void worker_post_end(struct worker *worker)
{
	struct letter *letter = mem_new(sizeof(*letter));

	if (letter == NULL) {
		_exit(1); /* ending anyway, and there is nobody left to tell */
	}
	letter->on_receive = worker_on_end;
	list_init(&letter->link);
	mailbox_post(&worker->mailbox, letter);
}

void worker_join(struct worker *worker)
{
	if (worker->is_started) {
		pthread_join(worker->thread, NULL);
		worker->is_started = false;
	}
	worker_fini(worker);
}

struct slice worker_date(struct worker *worker)
{
	int64_t second = worker->loop.now.ns / NSEC_PER_SEC;

	if (second != worker->date_second) {
		worker->date_second = second;
		clock_format_http_date(clock_wall(), worker->date);
	}

	return slice_from(worker->date, CLOCK_HTTP_DATE_BYTES - 1);
}

uint64_t worker_next_id(struct worker *worker)
{
	return ++worker->next_id * ENGINE_WORKERS_MAX + worker->index;
}
