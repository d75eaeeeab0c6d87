/* SPDX-License-Identifier: MIT */

/*
 * Accepting.  Out of descriptors the listeners rest (they are level-triggered and would spin) until
 * a timer has passed; connections wait in the kernel's queue meanwhile.
 */

#include "engine/listener.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "engine/conn.h"
#include "engine/engine.h"
#include "engine/params.h"
#include "engine/worker.h"

#define LISTENER_ACCEPTS_PER_EVENT 64  /* then other events get their turn */
#define LISTENER_PAUSE_MS          100 /* when there are no descriptors */

static void listener_watch(struct listener *listener)
{
	if (!listener->is_watched &&
	    loop_add(&listener->worker->loop, &listener->source, EPOLLIN | EPOLLEXCLUSIVE) == 0) {
		listener->is_watched = true;
	}
}

static void listener_unwatch(struct listener *listener)
{
	if (listener->is_watched) {
		loop_remove(&listener->worker->loop, &listener->source);
		listener->is_watched = false;
	}
}

static void listener_pause_all(struct worker *worker)
{
	list_for_each(node, &worker->listeners)
	{
		listener_unwatch(list_entry(node, struct listener, link));
	}
	worker->is_accept_paused = true;
	timer_arm(&worker->loop.timers, &worker->accept_timer,
		  mono_add_ms(worker->loop.now, LISTENER_PAUSE_MS));
}

void listener_resume_all(struct worker *worker)
{
	worker->is_accept_paused = false;
	list_for_each(node, &worker->listeners)
	{
		listener_watch(list_entry(node, struct listener, link));
	}
}

/* The address the connection came to: known, unless the endpoint is a wildcard. */
static struct ip_endpoint listener_local(const struct listener *listener, int fd)
{
	struct sockaddr_storage sockaddr;
	socklen_t len = sizeof(sockaddr);

	if (!ip_addr_is_any(&listener->bound.addr) ||
	    getsockname(fd, (struct sockaddr *)&sockaddr, &len) == -1) {
		return listener->bound;
	}

	return ip_endpoint_from_sockaddr(&sockaddr);
}

enum listener_step {
	LISTENER_STEP_ACCEPTED = 0,
	LISTENER_STEP_EMPTY,
	LISTENER_STEP_PAUSED,
};

/* Accept one connection. */
static enum listener_step listener_accept(struct listener *listener)
{
	struct worker *worker = listener->worker;
	struct sockaddr_storage sockaddr;
	socklen_t len = sizeof(sockaddr);
	int fd = accept4(listener->source.fd, (struct sockaddr *)&sockaddr, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1) {
		switch (errno) {
		case EAGAIN:
			return LISTENER_STEP_EMPTY;
		case EMFILE:
		case ENFILE:
		case ENOBUFS:
		case ENOMEM:
			worker_count(worker, ACCEPT_FAILED_FD_LIMIT);

			return LISTENER_STEP_PAUSED;
		case EBADF:
		case EINVAL:
		case ENOTSOCK:
			return LISTENER_STEP_EMPTY; /* it listens no more */
		default:
			/* The connection is gone already (accept(2), "Error handling"): the next.
			 */
			return LISTENER_STEP_ACCEPTED;
		}
	}

	if (!engine_connection_begin(worker->engine)) {
		worker_count(worker, ACCEPT_FAILED_CONNECTION_LIMIT);
		fd_close(fd);

		return LISTENER_STEP_ACCEPTED;
	}

	struct ip_endpoint remote = ip_endpoint_from_sockaddr(&sockaddr);
	struct ip_endpoint local = listener_local(listener, fd);
	conn_new(worker, fd, listener->scheme, &local, &remote);

	return LISTENER_STEP_ACCEPTED;
}

static void listener_on_event(struct loop_source *source, uint32_t events)
{
	struct listener *listener = container_of(source, struct listener, source);

	(void)events;
	for (unsigned i = 0; i < LISTENER_ACCEPTS_PER_EVENT; i++) {
		switch (listener_accept(listener)) {
		case LISTENER_STEP_ACCEPTED:
			break;
		case LISTENER_STEP_EMPTY:
			return;
		case LISTENER_STEP_PAUSED:
			listener_pause_all(listener->worker);

			return;
		}
	}
}

struct listener *listener_open(struct worker *worker, int fd, uint64_t endpoint_id, uint8_t scheme,
			       const struct ip_endpoint *bound)
{
	struct listener *listener = mem_new(sizeof(*listener));

	if (listener == NULL) {
		return NULL;
	}

	listener->source.fd = fd;
	listener->source.on_event = listener_on_event;
	listener->worker = worker;
	listener->endpoint_id = endpoint_id;
	listener->scheme = scheme;
	listener->bound = *bound;
	if (!worker->is_accept_paused) {
		listener_watch(listener);
		if (!listener->is_watched) {
			return mem_free(listener);
		}
	}
	list_append(&worker->listeners, &listener->link);

	return listener;
}

struct listener *listener_find(struct worker *worker, uint64_t endpoint_id)
{
	list_for_each(node, &worker->listeners)
	{
		struct listener *listener = list_entry(node, struct listener, link);

		if (listener->endpoint_id == endpoint_id) {
			return listener;
		}
	}

	return NULL;
}

void listener_drain(struct listener *listener)
{
	while (listener_accept(listener) == LISTENER_STEP_ACCEPTED) {
	}
	listener_unwatch(listener);
	list_remove(&listener->link);
	mem_free(listener);
}
