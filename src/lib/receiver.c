/* SPDX-License-Identifier: MIT */

/*
 * Receivers: attaching, detaching, and what other threads may ask of them; see receiver.h.  How the
 * receiver's own thread waits and receives is in receive.c.
 */

#include "lib/receiver.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "lib/error.h"
#include "lib/lane.h"
#include "lib/queue.h"
#include "lib/reconnect.h"
#include "lib/request.h"
#include "lib/session.h"

#define RECEIVER_PREFETCH          128
#define RECEIVER_EXCHANGES_MIN     16
#define RECEIVER_EXCHANGES_MAX     4096
#define RECEIVER_SPIN_US_MAX       1000
#define RECEIVER_EXCHANGES_DEFAULT 256

/* receiver_notify() - set notice bits and wake the receiver's thread */
static void receiver_notify(struct httpsys_receiver *receiver, unsigned notices)
{
	atomic_fetch_or(&receiver->notices, notices);
	/* A full counter means that it is being woken already. */
	(void)eventfd_write(receiver->notice_fd, 1);
}

/* receiver_call_attach() - RECEIVER_ATTACH and its REPLY.  Return: 0 and a set; a code */
static int receiver_call_attach(struct httpsys_receiver *receiver, struct lane_set **ret_set)
{
	struct httpsys_session *session = receiver->session;
	struct message request;
	struct message reply;

	session->incoming = lane_set_free(session->incoming);
	message_init(&request, MESSAGE_RECEIVER_ATTACH, 0);
	message_set_number(&request, FIELD_QUEUE_ID, receiver->queue->id);
	message_set_number(&request, FIELD_PREFETCH, receiver->prefetch);
	if (receiver->exchanges_max != 0) {
		message_set_number(&request, FIELD_ENTRIES_MAX, receiver->exchanges_max);
	}
	int r = session_call(session, &request, &reply);
	if (r != 0) {
		return r;
	}

	uint64_t id = message_number(&reply, FIELD_RECEIVER_ID, 0);
	cleanup_(fd_close_p) int wake_fd = message_take_fd(&reply, 0);
	message_fini(&reply);
	if (id == 0 || wake_fd == -1 || !lane_set_is_whole(session->incoming, id)) {
		reconnect_lose(session, "the listener sent an incomplete receiver");

		return session_fail(session, HTTPSYS_E_PROTOCOL, NULL);
	}
	r = fd_set_nonblock(wake_fd, 1);
	if (r < 0) {
		return session_fail(session, error_from_result(r), NULL);
	}

	*ret_set = session->incoming;
	session->incoming = NULL;
	(*ret_set)->wake_fd = wake_fd;
	wake_fd = -1;

	return 0;
}

int receiver_attach(struct httpsys_receiver *receiver)
{
	assert(receiver != NULL);

	if (receiver->id != 0) {
		return 0;
	}

	struct lane_set *set = NULL;
	int r = receiver_call_attach(receiver, &set);
	if (r != 0) {
		return r;
	}
	receiver->id = set->receiver_id;
	receiver->next_set = set;
	receiver_notify(receiver, RECEIVER_NOTICE_LANES);

	return 0;
}

void receiver_forget(struct httpsys_receiver *receiver)
{
	assert(receiver != NULL);

	receiver->id = 0;
	receiver->is_lost = true;
	receiver->next_set = lane_set_free(receiver->next_set);
	receiver_notify(receiver, RECEIVER_NOTICE_LANES);
}

void receiver_shut(struct httpsys_receiver *receiver)
{
	assert(receiver != NULL);

	receiver->queue = NULL;
	receiver_forget(receiver);
	receiver_notify(receiver, RECEIVER_NOTICE_SHUT);
}

void receiver_break(struct httpsys_receiver *receiver)
{
	assert(receiver != NULL);

	session_lock(receiver->session);
	reconnect_lose(receiver->session, "the listener wrote nonsense into a receiver's ring");
	session_unlock(receiver->session);
}

/* receiver_lose_set() - the set in use is of no use any more */
static void receiver_lose_set(struct httpsys_receiver *receiver)
{
	struct lane_set *set = receiver->set;

	if (set == NULL) {
		return;
	}

	receiver->set = NULL;
	set->is_lost = true;
	/* Closing takes it out of the epoll set. */
	set->wake_fd = fd_close(set->wake_fd);
	for (uint32_t i = 0; i < set->n_lanes; i++) {
		lane_lose(&set->lanes[i]);
	}
	list_append(&receiver->lost_sets, &set->link);
}

static void receiver_install_set(struct httpsys_receiver *receiver, struct lane_set *set)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = set->wake_fd};

	receiver_lose_set(receiver);
	set->receiver = receiver;
	receiver->set = set;
	receiver->next_lane = 0;
	if (epoll_ctl(receiver->epoll_fd, EPOLL_CTL_ADD, set->wake_fd, &event) == -1) {
		/* Out of memory or watches: without wake-ups it is of no use; try again later. */
		receiver_break(receiver);
	}
}

void receiver_apply(struct httpsys_receiver *receiver)
{
	assert(receiver != NULL);

	session_lock(receiver->session);
	unsigned notices = atomic_exchange(&receiver->notices, 0);
	bool is_lost = receiver->is_lost;
	struct lane_set *next_set = receiver->next_set;
	receiver->is_lost = false;
	receiver->next_set = NULL;
	session_unlock(receiver->session);

	if (is_lost) {
		receiver_lose_set(receiver);
	}
	if (next_set != NULL) {
		receiver_install_set(receiver, next_set);
	}
	if ((notices & RECEIVER_NOTICE_SHUT) != 0) {
		receiver->is_shut = true;
	}
}

/* receiver_watch_fd() - add @fd to the receiver's epoll set.  Return: 0; -errno */
static int receiver_watch_fd(struct httpsys_receiver *receiver, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd == -1 || epoll_ctl(receiver->epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1) {
		return result_origin(-errno);
	}

	return 0;
}

static int receiver_init_fds(struct httpsys_receiver *receiver)
{
	receiver->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (receiver->epoll_fd == -1) {
		return result_origin(-errno);
	}
	receiver->notice_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = receiver_watch_fd(receiver, receiver->notice_fd);
	if (r < 0) {
		return result_trace(r);
	}

	return result_trace(receiver_watch_fd(receiver, receiver->session->epoll_fd));
}

/* receiver_check_options() - are they in range?  Fills @ret_options with defaults for what is 0 */
static bool receiver_check_options(const struct httpsys_receiver_options *options,
				   struct httpsys_receiver_options *ret_options)
{
	struct httpsys_receiver_options wished = {0};

	if (options != NULL) {
		if (options->size < sizeof(wished)) {
			return false;
		}
		wished = *options;
	}

	uint32_t exchanges_max = wished.exchanges_max;
	if (exchanges_max != 0 &&
	    (exchanges_max < RECEIVER_EXCHANGES_MIN || exchanges_max > RECEIVER_EXCHANGES_MAX)) {
		return false;
	}
	uint32_t exchanges = exchanges_max != 0 ? exchanges_max : RECEIVER_EXCHANGES_DEFAULT;
	if (wished.prefetch == 0) {
		wished.prefetch = exchanges < RECEIVER_PREFETCH ? exchanges : RECEIVER_PREFETCH;
	}
	*ret_options = wished;

	return wished.prefetch <= exchanges && wished.spin_us <= RECEIVER_SPIN_US_MAX;
}

/* receiver_new() - the application's side alone.  Return: 0; -errno */
static int receiver_new(struct httpsys_queue *queue, const struct httpsys_receiver_options *options,
			struct httpsys_receiver **ret_receiver)
{
	struct httpsys_receiver *receiver = mem_new(sizeof(*receiver));

	if (receiver == NULL) {
		return result_origin(-ENOMEM);
	}
	receiver->session = queue->session;
	receiver->queue = queue;
	receiver->epoll_fd = -1;
	receiver->notice_fd = -1;
	receiver->exchanges_max = options->exchanges_max;
	receiver->prefetch = options->prefetch;
	receiver->spin_us = options->spin_us;
	list_init(&receiver->link);
	list_init(&receiver->lost_sets);
	list_init(&receiver->taken);
	list_init(&receiver->events);
	list_init(&receiver->dones);
	*ret_receiver = receiver;

	return result_trace(receiver_init_fds(receiver));
}

int httpsys_receiver_new(struct httpsys_queue *queue,
			 const struct httpsys_receiver_options *options,
			 struct httpsys_receiver **ret_receiver)
{
	if (queue == NULL || ret_receiver == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	struct httpsys_receiver_options checked;
	if (!receiver_check_options(options, &checked)) {
		return HTTPSYS_E_INVALID;
	}

	struct httpsys_receiver *receiver = NULL;
	int r = receiver_new(queue, &checked, &receiver);
	if (r < 0) {
		httpsys_receiver_free(receiver);

		return error_from_result(r);
	}

	session_lock(queue->session);
	r = queue_restore(queue);
	if (r == 0) {
		list_append(&queue->receivers, &receiver->link);
		r = receiver_attach(receiver);
	}
	session_unlock(queue->session);
	if (r != 0) {
		httpsys_receiver_free(receiver);

		return r;
	}
	*ret_receiver = receiver;

	return 0;
}

/* receiver_detach() - tell the engine.  The session's mutex is held */
static void receiver_detach(struct httpsys_receiver *receiver)
{
	struct message request;

	if (receiver->id == 0 || !session_is_connected(receiver->session)) {
		return;
	}

	message_init(&request, MESSAGE_RECEIVER_DETACH, 0);
	message_set_number(&request, FIELD_RECEIVER_ID, receiver->id);
	/* It fails only when the engine does not have the receiver any more. */
	int r = session_call_simple(receiver->session, &request);
	(void)r;
}

struct httpsys_receiver *httpsys_receiver_free(struct httpsys_receiver *receiver)
{
	if (receiver == NULL) {
		return NULL;
	}

	/* Its thread, if it waits in here, has been told: let it leave. */
	while (atomic_load(&receiver->is_inside)) {
		(void)sched_yield();
	}

	if (receiver->set != NULL) {
		httpsys_receiver_flush(receiver);
	}
	session_lock(receiver->session);
	list_remove(&receiver->link);
	receiver_detach(receiver);
	session_unlock(receiver->session);

	lane_set_free(receiver->next_set);
	lane_set_free(receiver->set);
	list_for_each(node, &receiver->lost_sets)
	{
		lane_set_free(list_entry(node, struct lane_set, link));
	}
	receiver->epoll_fd = fd_close(receiver->epoll_fd);
	receiver->notice_fd = fd_close(receiver->notice_fd);

	return mem_free(receiver);
}

int httpsys_receiver_fd(const struct httpsys_receiver *receiver)
{
	return receiver != NULL ? receiver->epoll_fd : -1;
}
