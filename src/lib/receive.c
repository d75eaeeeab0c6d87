/* SPDX-License-Identifier: MIT */

/*
 * How a receiver's thread receives and waits.
 *
 *   receive: show what was staged -> tell events -> take a request -> nothing: turn
 *   turn:    wake the engine's threads that sleep -> declare sleep on all lanes -> look again ->
 *            wait for wake pipe, notices and session -> awake
 *
 * While requests keep coming there is no lock and no system call.  The flags of lanes that sleep
 * stay set when a call ends without having slept to the end (AGAIN, TIMEOUT): the application then
 * waits for the descriptor, or calls again.
 */

#include <assert.h>
#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/result.h"
#include "lib/error.h"
#include "lib/lane.h"
#include "lib/receiver.h"
#include "lib/reconnect.h"
#include "lib/request.h"
#include "lib/session.h"

/* How long responses may lie before a sleeping engine: as long as a batch of small ones takes. */
#define RECEIVER_UNWOKEN_NS (200 * INT64_C(1000))

/* A receiver that never sleeps looks at its session every so many calls (a power of two). */
#define RECEIVER_POLL_CALLS 1024

#define RECEIVER_NS_PER_US  INT64_C(1000)

/* receiver_wake_lanes() - let the engine have everything, and wake its threads that sleep */
static void receiver_wake_lanes(struct httpsys_receiver *receiver)
{
	struct lane_set *set = receiver->set;

	for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
		lane_show(&set->lanes[i], receiver->prefetch);
		lane_wake(&set->lanes[i], receiver->prefetch);
	}
	receiver->unwoken_since.ns = 0;
}

/* receiver_show_lanes() - let an awake engine have everything; a sleeping one after a while */
static void receiver_show_lanes(struct httpsys_receiver *receiver)
{
	struct lane_set *set = receiver->set;
	bool is_unwoken = false;

	for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
		lane_show(&set->lanes[i], receiver->prefetch);
		is_unwoken = is_unwoken || set->lanes[i].is_unwoken;
	}
	if (!is_unwoken) {
		receiver->unwoken_since.ns = 0;

		return;
	}

	struct mono_time now = clock_mono();
	if (receiver->unwoken_since.ns == 0) {
		receiver->unwoken_since = now;
	} else if (now.ns - receiver->unwoken_since.ns > RECEIVER_UNWOKEN_NS) {
		receiver_wake_lanes(receiver);
	}
}

/* receiver_awake() - take the sleep flags back */
static void receiver_awake(struct httpsys_receiver *receiver)
{
	struct lane_set *set = receiver->set;

	for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
		ring_reader_wake(&set->lanes[i].reader);
	}
	receiver->is_asleep = false;
}

/* receiver_fall_asleep() - set the sleep flags.  Return: false: something has come, still awake */
static bool receiver_fall_asleep(struct httpsys_receiver *receiver)
{
	struct lane_set *set = receiver->set;

	for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
		if (!ring_reader_sleep(&set->lanes[i].reader)) {
			receiver_awake(receiver);

			return false;
		}
	}
	receiver->is_asleep = true;

	return true;
}

/* receiver_spin() - look for a while.  Return: true: something has come */
static bool receiver_spin(struct httpsys_receiver *receiver)
{
	struct lane_set *set = receiver->set;
	struct mono_time end = clock_mono();

	end.ns += receiver->spin_us * RECEIVER_NS_PER_US;
	do {
		for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
			uint32_t n;

			if (ring_reader_count(&set->lanes[i].reader, &n) != 0 || n > 0) {
				return true;
			}
		}
	} while (clock_mono().ns < end.ns);

	return false;
}

/* receiver_on_wake() - the wake pipe is readable, or its other end was closed */
static void receiver_on_wake(struct httpsys_receiver *receiver)
{
	char bytes[256];
	ssize_t n = read(receiver->set->wake_fd, bytes, sizeof(bytes));

	if (n != 0) {
		/* What is left is reported again; EAGAIN: somebody was faster. */
		return;
	}

	/* The engine has gone, or has thrown this receiver out: attach again soon. */
	session_lock(receiver->session);
	if (receiver->id == receiver->set->receiver_id) {
		receiver_forget(receiver);
		reconnect_later(receiver->session);
	}
	session_unlock(receiver->session);
	receiver_apply(receiver);
}

int receiver_poll(struct httpsys_receiver *receiver, int timeout_ms)
{
	assert(receiver != NULL);

	struct epoll_event events[4];

	int n = epoll_wait(receiver->epoll_fd, events, array_len(events), timeout_ms);
	int r = n == -1 ? -errno : n;

	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd == receiver->notice_fd) {
			eventfd_t ignored;

			/* It only wakes; the bits say what is to be done. */
			(void)eventfd_read(fd, &ignored);
		} else if (fd == receiver->session->epoll_fd) {
			/* Failures lead to another try, or show in the next call. */
			(void)httpsys_session_dispatch(receiver->session);
		} else if (receiver->set != NULL && fd == receiver->set->wake_fd) {
			receiver_on_wake(receiver);
		}
	}
	if (atomic_load_explicit(&receiver->notices, memory_order_relaxed) != 0) {
		receiver_apply(receiver);
	}

	return r == -EINTR ? 0 : r;
}

/* receiver_left_ms() - what epoll_wait(2) takes for the rest of @deadline; 0: time is up */
static int receiver_left_ms(struct receiver_deadline *deadline)
{
	if (deadline->timeout_ms <= 0) {
		return deadline->timeout_ms;
	}
	if (!deadline->is_started) {
		deadline->is_started = true;
		deadline->end = mono_add_ms(clock_mono(), deadline->timeout_ms);

		return deadline->timeout_ms;
	}

	/* Rounded up, so that it does not spin through the last millisecond. */
	int64_t left_ns = deadline->end.ns - clock_mono().ns;

	return left_ns > 0 ? (int)((left_ns + NSEC_PER_MSEC - 1) / NSEC_PER_MSEC) : 0;
}

int receiver_turn(struct httpsys_receiver *receiver, struct receiver_deadline *deadline)
{
	assert(receiver != NULL && deadline != NULL);

	receiver_wake_lanes(receiver);
	if (receiver->is_shut) {
		return HTTPSYS_E_SHUTDOWN;
	}
	if (receiver->spin_us > 0 && deadline->timeout_ms != 0 && receiver_spin(receiver)) {
		return 0;
	}
	if (!receiver_fall_asleep(receiver)) {
		return 0;
	}
	if (deadline->timeout_ms == 0) {
		return HTTPSYS_E_AGAIN;
	}

	int left_ms = receiver_left_ms(deadline);
	if (left_ms == 0) {
		return HTTPSYS_E_TIMEOUT;
	}
	int r = receiver_poll(receiver, left_ms);
	receiver_awake(receiver);

	return r < 0 ? error_from_result(r) : 0;
}

void receiver_pump(struct httpsys_receiver *receiver)
{
	assert(receiver != NULL);

	struct lane_set *set = receiver->set;

	for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
		struct httpsys_request *request;
		int r = lane_take(&set->lanes[i], &request);

		while (r == LANE_E_REQUEST) {
			list_append(&receiver->taken, &request->link);
			r = lane_take(&set->lanes[i], &request);
		}
		if (r == LANE_E_CORRUPT) {
			receiver_break(receiver);
			receiver_apply(receiver);

			return;
		}
	}
}

/* receiver_has_news() - is there something that the next httpsys_receive() tells? */
static bool receiver_has_news(const struct httpsys_receiver *receiver)
{
	return !list_is_empty(&receiver->events) || !list_is_empty(&receiver->dones);
}

/* receiver_has_work() - is there something that the next httpsys_receive() gives or tells? */
static bool receiver_has_work(const struct httpsys_receiver *receiver)
{
	return !list_is_empty(&receiver->taken) || receiver_has_news(receiver);
}

void receiver_leave(struct httpsys_receiver *receiver, bool was_asleep)
{
	assert(receiver != NULL);

	if (!was_asleep) {
		return;
	}
	if (receiver_has_work(receiver) ||
	    (!receiver->is_asleep && !receiver_fall_asleep(receiver))) {
		/* Its descriptor becomes readable. */
		(void)eventfd_write(receiver->notice_fd, 1);
		receiver->is_asleep = true;
	}
}

/* receiver_reap() - free lost sets whose last request was ended */
static void receiver_reap(struct httpsys_receiver *receiver)
{
	list_for_each(node, &receiver->lost_sets)
	{
		struct lane_set *set = list_entry(node, struct lane_set, link);

		if (set->n_open == 0) {
			list_remove(node);
			lane_set_free(set);
		}
	}
}

/* receiver_tell() - call the application back for every event that waits */
static void receiver_tell(struct httpsys_receiver *receiver)
{
	while (receiver_has_news(receiver)) {
		struct list *node = list_first(&receiver->dones);

		if (node != NULL) {
			list_remove(node);
			request_deliver_done(list_entry(node, struct httpsys_request, done_link));
			continue;
		}
		node = list_first(&receiver->events);
		list_remove(node);
		request_deliver(list_entry(node, struct httpsys_request, link));
	}
}

/* receiver_next() - the next request that has arrived; NULL: none */
static struct httpsys_request *receiver_next(struct httpsys_receiver *receiver)
{
	struct list *node = list_first(&receiver->taken);
	if (unlikely(node != NULL)) {
		list_remove(node);

		return list_entry(node, struct httpsys_request, link);
	}

	struct lane_set *set = receiver->set;
	for (uint32_t i = 0; set != NULL && i < set->n_lanes; i++) {
		struct httpsys_request *request;
		uint32_t n = receiver->next_lane + i;
		int r = lane_take(&set->lanes[n < set->n_lanes ? n : n - set->n_lanes], &request);

		if (likely(r == LANE_E_REQUEST)) {
			/* The next call begins with the lane behind, so that none starves. */
			receiver->next_lane = n + 1 < set->n_lanes ? n + 1 : n + 1 - set->n_lanes;

			return request;
		}
		if (unlikely(r == LANE_E_CORRUPT)) {
			receiver_break(receiver);
			receiver_apply(receiver);

			return NULL;
		}
	}

	return NULL;
}

/* receiver_enter() - what httpsys_receive() does first.  Return: 0; SYSTEM, SHUTDOWN */
static int receiver_enter(struct httpsys_receiver *receiver)
{
	int r = 0;

	if (receiver->is_asleep || (++receiver->n_calls & (RECEIVER_POLL_CALLS - 1)) == 0) {
		r = receiver_poll(receiver, 0);
		receiver_awake(receiver);
	}
	if (unlikely(atomic_load_explicit(&receiver->notices, memory_order_relaxed) != 0)) {
		receiver_apply(receiver);
	}
	if (unlikely(!list_is_empty(&receiver->lost_sets))) {
		receiver_reap(receiver);
	}

	return r < 0 ? error_from_result(r) : 0;
}

/* receiver_receive() - httpsys_receive() with checked arguments */
static int receiver_receive(struct httpsys_receiver *receiver, int timeout_ms,
			    struct httpsys_request **ret_request)
{
	struct receiver_deadline deadline = {.timeout_ms = timeout_ms};
	int r = receiver_enter(receiver);

	while (r == 0) {
		receiver_show_lanes(receiver);
		receiver_tell(receiver);

		struct httpsys_request *request = receiver_next(receiver);
		if (unlikely(request != NULL && !list_is_empty(&request->done_link))) {
			/* Its slot's last user is told first. */
			list_prepend(&receiver->taken, &request->link);
		} else if (likely(request != NULL)) {
			request->state = REQUEST_STATE_OPEN;
			*ret_request = request;

			return 0;
		}
		if (!receiver_has_news(receiver)) {
			r = receiver_turn(receiver, &deadline);
		}
	}

	return r;
}

int httpsys_receive(struct httpsys_receiver *receiver, int timeout_ms,
		    struct httpsys_request **ret_request)
{
	if (receiver == NULL || ret_request == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	/* Whoever frees the receiver sees a thread that has slept in here; it needs no fence. */
	atomic_store_explicit(&receiver->is_inside, true, memory_order_relaxed);
	int r = receiver_receive(receiver, timeout_ms, ret_request);
	atomic_store_explicit(&receiver->is_inside, false, memory_order_release);

	return r;
}

void httpsys_receiver_flush(struct httpsys_receiver *receiver)
{
	if (receiver != NULL) {
		receiver_wake_lanes(receiver);
	}
}
