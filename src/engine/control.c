/* SPDX-License-Identifier: MIT */

/* The control thread: the master's messages, the applications' door, the end; see control.h. */

#include "engine/control.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/result.h"
#include "engine/app_queue.h"
#include "engine/broadcast.h"
#include "engine/conn.h"
#include "engine/document.h"
#include "engine/endpoint.h"
#include "engine/engine.h"
#include "engine/group.h"
#include "engine/receiver.h"
#include "engine/registration.h"
#include "engine/sandbox.h"
#include "engine/session.h"
#include "engine/worker.h"

#define CONTROL_STOP_POLL_MS    32
#define CONTROL_ACCEPT_PAUSE_MS 100 /* when there are no descriptors for applications */

uint64_t control_next_id(struct control *control)
{
	return ++control->next_id;
}

void *control_find_by_id(const struct map *map, uint64_t id)
{
	return map_find(map, slice_from(&id, sizeof(id)));
}

void control_on_memory(struct control *control, const char *what)
{
	(void)control;
	diag_error("out of memory %s: ending, the master starts a new engine", what);
	_Exit(1);
}

static void control_watch_master(struct control *control)
{
	uint32_t events = EPOLLIN | (channel_has_backlog(&control->master) ? EPOLLOUT : 0u);

	if (control->is_started &&
	    loop_modify(&control->loop, &control->master_source, events) < 0) {
		control->loop.is_stopping = true;
	}
}

void control_send(struct control *control, struct message *message)
{
	bool had_backlog = channel_has_backlog(&control->master);

	if (channel_send(&control->master, message) != 0) {
		control->loop.is_stopping = true;

		return;
	}
	if (channel_has_backlog(&control->master) != had_backlog) {
		control_watch_master(control);
	}
}

void control_event(struct control *control, unsigned event_id, unsigned level, struct slice prefix,
		   const char *format, ...)
{
	struct message message;
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	message_init(&message, MESSAGE_EVENT, 0);
	message_set_number(&message, FIELD_EVENT_ID, event_id);
	message_set_number(&message, FIELD_LEVEL, level);
	message_set_text(&message, FIELD_TEXT, slice_from_str(text));
	if (prefix.len > 0) {
		message_set_text(&message, FIELD_PREFIX, prefix);
	}
	control_send(control, &message);
}

/* ---- parameters ---- */

static void control_publish_params(struct control *control)
{
	struct params *copy = mem_new(sizeof(*copy));
	const struct params *old = control->engine->params;

	if (copy == NULL) {
		control_on_memory(control, "to change a parameter");
	}
	*copy = control->params;
	for (unsigned i = 0; i < QUOTA_RESOURCE_COUNT_; i++) {
		control->quota.max[i] = control->params.quota[i];
	}
	engine_set_connections_max(control->engine, control->params.connections_max);
	rcu_publish(&control->engine->params, (const struct params *)copy);

	/* Workers keep the pointer over a whole turn, and read it anew after each pause. */
	rcu_wait();
	rcu_wait();
	mem_free((void *)(uintptr_t)old);
}

static void control_on_parameter(struct control *control, struct message *message)
{
	params_set(&control->params, message_text(message, FIELD_NAME),
		   message_number(message, FIELD_NUMBER, 0));
	if (control->is_started) {
		control_publish_params(control);
	}
}

/* ---- reservations ---- */

static void control_on_reservation(struct control *control, struct message *message)
{
	cleanup_(prefix_fini) struct prefix prefix = {0};
	cleanup_(acl_fini) struct acl acl = {0};
	bool is_add = message->type == MESSAGE_RESERVATION_ADD;
	int r = prefix_parse(message_text(message, FIELD_PREFIX), &prefix, NULL);

	if (r == 0 && is_add) {
		r = acl_parse(message_text(message, FIELD_ACL), NULL, &acl, NULL);
	}
	if (r == 0) {
		r = is_add ? reservation_set_insert(&control->reservations, &prefix, &acl, NULL)
			   : reservation_set_remove(&control->reservations, &prefix);
	}
	if (r == 0) {
		r = registration_publish(control, &prefix);
	}
	if (r < 0) {
		control_on_memory(control, "to keep a reservation");
	}
	if (r > 0) {
		control_event(control, 15010, 4, message_text(message, FIELD_PREFIX),
			      "the reservation %.*s can't be used and is ignored",
			      SLICE_ARG(message_text(message, FIELD_PREFIX)));
	}
}

/* ---- start and stop ---- */

static void control_on_engine_start(struct control *control, struct message *message)
{
	(void)message;
	control->is_started = true;
}

static void control_on_worker_stop(struct worker *worker, void *argument)
{
	(void)argument;
	worker->is_stopping = true;
	list_for_each(node, &worker->conns)
	{
		struct conn *conn = list_entry(node, struct conn, link);

		conn_stop(conn);
	}
}

static void control_on_stop_timer(struct timer *timer, struct mono_time now)
{
	struct control *control = container_of(timer, struct control, stop_timer);
	struct message message;

	if (__atomic_load_n(&control->engine->n_connections, __ATOMIC_RELAXED) > 0) {
		timer_arm(&control->loop.timers, timer, mono_add_ms(now, CONTROL_STOP_POLL_MS));

		return;
	}
	message_init(&message, MESSAGE_ENGINE_STOPPED, 0);
	control_send(control, &message);
}

static void control_on_engine_stop(struct control *control, struct message *message)
{
	const struct broadcast broadcast = {.on_worker = control_on_worker_stop};

	(void)message;
	if (control->is_stopping) {
		return;
	}
	control->is_stopping = true;
	if (broadcast_send(control, &broadcast) < 0) {
		control_on_memory(control, "to stop");
	}
	timer_arm(&control->loop.timers, &control->stop_timer,
		  mono_add_ms(control->loop.now, CONTROL_STOP_POLL_MS));
}

/* ---- the master's messages ---- */

static void control_on_claim_state(struct control *control, struct message *message)
{
	claim_on_state(control, message);
}

static void control_on_endpoint_retire(struct control *control, struct message *message)
{
	endpoint_on_retire(control, message);
}

static void control_on_query(struct control *control, struct message *message)
{
	document_on_query(control, message);
}

typedef void control_handler(struct control *control, struct message *message);

static const struct {
	enum message_type type;
	control_handler *on_message;
} control_handlers[] = {
	{MESSAGE_PARAMETER, control_on_parameter},
	{MESSAGE_RESERVATION_ADD, control_on_reservation},
	{MESSAGE_RESERVATION_DELETE, control_on_reservation},
	{MESSAGE_ENGINE_START, control_on_engine_start},
	{MESSAGE_ENDPOINT_OPEN, endpoint_on_open},
	{MESSAGE_ENDPOINT_RETIRE, control_on_endpoint_retire},
	{MESSAGE_CLAIM_STATE, control_on_claim_state},
	{MESSAGE_ENGINE_QUERY, control_on_query},
	{MESSAGE_ENGINE_STOP, control_on_engine_stop},
};

static void control_on_message(struct control *control, struct message *message)
{
	for (size_t i = 0; i < array_len(control_handlers); i++) {
		if (control_handlers[i].type == message->type) {
			control_handlers[i].on_message(control, message);
		}
	}
}

/* Receive one message.  Return: 0; CHANNEL_E_AGAIN; -errno: the master has gone. */
static int control_receive(struct control *control)
{
	struct message message;
	int r = channel_receive(&control->master, &message);

	switch (r) {
	case 0:
		control_on_message(control, &message);
		message_fini(&message);

		return 0;
	case CHANNEL_E_AGAIN:
		return CHANNEL_E_AGAIN;
	case CHANNEL_E_CLOSED:
		return -EPIPE; /* expected at the end: no trace */
	case CHANNEL_E_INVALID:
		diag_error("the master sent what it may not: %s", control->master.error);

		return result_origin(-EPROTO);
	default:
		return result_fold(r);
	}
}

static void control_on_master_event(struct loop_source *source, uint32_t events)
{
	struct control *control = container_of(source, struct control, master_source);
	int r = 0;

	if ((events & EPOLLOUT) != 0) {
		if (channel_flush(&control->master) != 0) {
			control->loop.is_stopping = true;
		}
		control_watch_master(control);
	}
	while (r == 0 && !control->loop.is_stopping) {
		r = control_receive(control);
	}
	if (r < 0) {
		control->loop.is_stopping = true;
	}
}

static void control_on_app_event(struct loop_source *source, uint32_t events)
{
	struct control *control = container_of(source, struct control, app_source);
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd != -1) {
		session_accept(control, fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		/* The source is level-triggered and would spin. */
		loop_remove(&control->loop, &control->app_source);
		timer_arm(&control->loop.timers, &control->accept_timer,
			  mono_add_ms(control->loop.now, CONTROL_ACCEPT_PAUSE_MS));
	}
}

static void control_on_accept_timer(struct timer *timer, struct mono_time now)
{
	struct control *control = container_of(timer, struct control, accept_timer);

	(void)now;
	if (loop_add(&control->loop, &control->app_source, EPOLLIN) < 0) {
		control_on_memory(control, "to accept applications");
	}
}

int control_wait_for_start(struct control *control)
{
	while (!control->is_started) {
		int r = control_receive(control);

		if (r == CHANNEL_E_AGAIN) {
			r = channel_wait(&control->master, -1);
		}
		if (r < 0) {
			return result_trace(r);
		}
	}
	control_publish_params(control);

	return 0;
}

int control_start(struct control *control)
{
	struct message message;
	int r = loop_add(&control->loop, &control->master_source, EPOLLIN);

	if (r == 0) {
		r = loop_add(&control->loop, &control->app_source, EPOLLIN);
	}
	if (r < 0) {
		return result_trace(r);
	}
	message_init(&message, MESSAGE_ENGINE_READY, 0);
	control_send(control, &message);

	return 0;
}

int control_run(struct control *control)
{
	while (!control->loop.is_stopping) {
		int r = loop_turn(&control->loop, -1);

		if (r < 0) {
			return result_trace(r);
		}
		route_table_collect(&control->engine->routes);
	}

	return 0;
}

static bool control_on_sleep(struct loop *loop)
{
	(void)loop;
	rcu_pause();

	return true;
}

static void control_on_wake(struct loop *loop)
{
	(void)loop;
	rcu_resume();
}

int control_init(struct control *control, struct engine *engine, int master_fd, int app_fd)
{
	assert(control != NULL && engine != NULL);

	*control = (struct control){.engine = engine};
	control->mailbox.source.fd = -1;
	control->master.fd = -1;
	control->admin_uid = sandbox_is_private() ? geteuid() : 0;
	params_init(&control->params);
	quota_init(&control->quota, control->params.quota);
	list_init(&control->sessions);
	list_init(&control->parked);
	list_init(&control->endpoints);
	reservation_set_init(&control->reservations, &control->schemes);
	timer_init(&control->stop_timer, control_on_stop_timer);
	timer_init(&control->accept_timer, control_on_accept_timer);

	int r = channel_init(&control->master, master_fd, MESSAGE_SENDER_MASTER);
	if (r == 0) {
		r = loop_init(&control->loop);
	}
	if (r < 0) {
		return result_trace(r);
	}
	control->loop.owner = control;
	control->loop.on_sleep = control_on_sleep;
	control->loop.on_wake = control_on_wake;
	control->master_source = (struct loop_source){control->master.fd, control_on_master_event};
	control->app_source = (struct loop_source){app_fd, control_on_app_event};

	return result_trace(mailbox_init(&control->mailbox, &control->loop, control));
}

void control_fini(struct control *control)
{
	endpoint_fini_all(control);
	claim_fini_all(control);
	reservation_set_fini(&control->reservations);
	scheme_table_fini(&control->schemes);
	mailbox_fini(&control->mailbox);
	channel_fini(&control->master);
	loop_fini(&control->loop);
}
