/* SPDX-License-Identifier: MIT */

/*
 * Receivers: making the lanes, handing them to the application and to the workers, and taking them
 * apart again; see receiver.h.
 */

#include "engine/receiver.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "engine/broadcast.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/worker.h"
#include "http/target.h"
#include "wire/error.h"

#define RECEIVER_EXCHANGES_MIN   16
#define RECEIVER_EXCHANGES_MAX   4096

#define RECEIVER_HEAD_BYTES_MAX  (32u << 20)  /* of one request slot */
#define RECEIVER_HEADS_BYTES_MAX (512u << 20) /* of all, of address space: few are touched */

static void receiver_free(struct receiver *receiver)
{
	struct control *control = receiver->control;

	for (unsigned i = 0; receiver->setups != NULL && i < control->engine->n_workers; i++) {
		struct lane_setup *setup = &receiver->setups[i];

		area_fini(&setup->area);
		fd_close(setup->event_fd);
		fd_close(setup->wake_fd);
		fd_close(setup->file_fd);
	}
	(void)map_remove(&control->receivers, slice_from(&receiver->id, sizeof(receiver->id)));
	list_remove(&receiver->session_link);
	list_remove(&receiver->queue_link);
	app_queue_unref(receiver->queue);
	fd_close(receiver->wake_read_fd);
	quota_discharge(&receiver->charge);
	mem_free(receiver->setups);
	mem_free(receiver->lanes);
	mem_free(receiver->n_in_work);
	mem_free(receiver);
}

static void receiver_on_worker_detach(struct worker *worker, void *argument)
{
	struct receiver *receiver = argument;
	struct lane *lane = receiver->lanes[worker->index];

	if (lane != NULL) {
		receiver->lanes[worker->index] = NULL;
		lane_detach(lane);
	}
}

static void receiver_on_detached(struct control *control, void *argument)
{
	(void)control;
	receiver_free(argument);
}

void receiver_detach(struct receiver *receiver)
{
	const struct broadcast broadcast = {
		.on_worker = receiver_on_worker_detach,
		.on_done = receiver_on_detached,
		.argument = receiver,
	};

	if (receiver->session == NULL) {
		return; /* on its way already */
	}
	receiver->session = NULL;
	list_remove(&receiver->session_link);
	if (broadcast_send(receiver->control, &broadcast) < 0) {
		control_on_memory(receiver->control, "to detach a receiver");
	}
}

void receiver_on_detach(struct session *session, const struct message *message)
{
	struct receiver *receiver = control_find_by_id(
		&session->control->receivers, message_number(message, FIELD_RECEIVER_ID, 0));

	if (receiver == NULL || receiver->session != session) {
		session_reply(session, message->serial, WIRE_ERROR_NOT_FOUND,
			      "this session has no such receiver", NULL);

		return;
	}
	receiver_detach(receiver);
	session_reply(session, message->serial, 0, NULL, NULL);
}

/* Make the descriptors and memory of the lane to worker @index, and send the application's ends. */
static int receiver_make_lane(struct receiver *receiver, unsigned index, int wake_write_fd,
			      const struct ring_geometry *geometry)
{
	struct lane_setup *setup = &receiver->setups[index];
	cleanup_(fd_close_p) int app_event_fd = -1;
	int files[2] = {-1, -1};
	struct message message;

	setup->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	setup->wake_fd = fcntl(wake_write_fd, F_DUPFD_CLOEXEC, 0);
	app_event_fd = fcntl(setup->event_fd, F_DUPFD_CLOEXEC, 0);
	if (setup->event_fd == -1 || setup->wake_fd == -1 || app_event_fd == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, files) == -1) {
		return result_origin(-errno);
	}
	setup->file_fd = files[0];

	int r = area_create(&setup->area, geometry);
	if (r < 0) {
		fd_close(files[1]);

		return result_trace(r);
	}

	message_init(&message, MESSAGE_RECEIVER_CHANNEL, receiver->serial);
	message_set_number(&message, FIELD_RECEIVER_ID, receiver->id);
	message_set_number(&message, FIELD_INDEX, index);
	message_set_number(&message, FIELD_COUNT, receiver->control->engine->n_workers);
	message_adopt_fd(&message, setup->area.request_fd);
	message_adopt_fd(&message, setup->area.response_fd);
	setup->area.request_fd = -1;
	setup->area.response_fd = -1;
	message_adopt_fd(&message, app_event_fd);
	app_event_fd = -1;
	message_adopt_fd(&message, files[1]);
	session_send(receiver->session, &message);

	return 0;
}

static int receiver_make_lanes(struct receiver *receiver, uint32_t n_exchanges)
{
	struct control *control = receiver->control;
	const struct params *params = &control->params;
	uint32_t head_bytes = (uint32_t)(params->limits.head_bytes_max +
					 HTTP_TARGET_COOKED_BYTES(params->limits.head_bytes_max) +
					 params->limits.n_fields_max * sizeof(struct ring_field) +
					 PREFIX_BYTES_MAX);
	/* Huge heads: fewer exchanges, and what does not fit into a slot is refused with 431. */
	head_bytes = head_bytes < RECEIVER_HEAD_BYTES_MAX ? head_bytes : RECEIVER_HEAD_BYTES_MAX;
	uint32_t n_fitting = RECEIVER_HEADS_BYTES_MAX / head_bytes;
	n_exchanges = n_exchanges < n_fitting ? n_exchanges : n_fitting;
	n_exchanges = n_exchanges > RECEIVER_EXCHANGES_MIN ? n_exchanges : RECEIVER_EXCHANGES_MIN;

	struct ring_geometry geometry = area_geometry(n_exchanges, head_bytes);
	int wake[2];

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK) == -1) {
		return result_origin(-errno);
	}

	cleanup_(fd_close_p) int wake_write_fd = wake[1];
	receiver->wake_read_fd = wake[0];
	for (unsigned i = 0; i < control->engine->n_workers; i++) {
		int r = receiver_make_lane(receiver, i, wake_write_fd, &geometry);

		if (r < 0) {
			return result_trace(r);
		}
	}

	return 0;
}

static void receiver_on_worker_attach(struct worker *worker, void *argument)
{
	struct receiver *receiver = argument;
	struct lane_setup *setup = &receiver->setups[worker->index];
	struct lane_setup mine = *setup;
	struct lane *lane;

	*setup = (struct lane_setup){.area = {.request_fd = -1, .response_fd = -1},
				     .event_fd = -1,
				     .wake_fd = -1,
				     .file_fd = -1};
	if (lane_new(worker, receiver, &mine, &lane) < 0) {
		__atomic_add_fetch(&receiver->n_failed, 1, __ATOMIC_RELAXED);

		return;
	}
	receiver->lanes[worker->index] = lane;
	lane_attach(lane, &receiver->queue->queue->per_worker[worker->index]);
}

static void receiver_on_attached(struct control *control, void *argument)
{
	struct receiver *receiver = argument;
	struct session *session = receiver->session;
	struct message reply;

	(void)control;
	if (session == NULL) {
		return; /* the session has gone meanwhile; the detaching is on its way */
	}
	if (__atomic_load_n(&receiver->n_failed, __ATOMIC_RELAXED) > 0) {
		session_reply(session, receiver->serial, WIRE_ERROR_NO_MEMORY,
			      "a worker of the listener could not make its lane", NULL);
		receiver_detach(receiver);

		return;
	}

	message_init(&reply, MESSAGE_REPLY, receiver->serial);
	message_set_signed(&reply, FIELD_CODE, 0);
	message_set_number(&reply, FIELD_RECEIVER_ID, receiver->id);
	message_set_number(&reply, FIELD_COUNT, control->engine->n_workers);
	message_adopt_fd(&reply, receiver->wake_read_fd);
	receiver->wake_read_fd = -1;
	session_send(session, &reply);
}

static struct receiver *receiver_new(struct session *session, struct app_queue *queue,
				     uint32_t serial)
{
	struct control *control = session->control;
	unsigned n_workers = control->engine->n_workers;
	struct receiver *receiver = mem_new(sizeof(*receiver));

	if (receiver == NULL) {
		return NULL;
	}

	receiver->control = control;
	receiver->session = session;
	receiver->session_id = session->id;
	receiver->serial = serial;
	receiver->id = control_next_id(control);
	receiver->wake_read_fd = -1;
	receiver->uid = session->peer.uid;
	receiver->pid = session->peer.pid;
	memcpy(receiver->program, session->program, sizeof(receiver->program));
	receiver->queue = queue;
	app_queue_ref(queue);
	list_append(&session->receivers, &receiver->session_link);
	list_append(&queue->receivers, &receiver->queue_link);
	receiver->lanes = mem_new_array(n_workers, sizeof(struct lane *));
	receiver->n_in_work = mem_new_array(n_workers, sizeof(uint32_t));
	receiver->setups = mem_new_array(n_workers, sizeof(struct lane_setup));
	for (unsigned i = 0; receiver->setups != NULL && i < n_workers; i++) {
		receiver->setups[i] =
			(struct lane_setup){.area = {.request_fd = -1, .response_fd = -1},
					    .event_fd = -1,
					    .wake_fd = -1,
					    .file_fd = -1};
	}

	if (receiver->lanes == NULL || receiver->setups == NULL || receiver->n_in_work == NULL ||
	    map_insert(&control->receivers, slice_from(&receiver->id, sizeof(receiver->id)),
		       receiver) != 0) {
		receiver_free(receiver);

		return NULL;
	}

	return receiver;
}

void receiver_on_attach(struct session *session, const struct message *message)
{
	struct control *control = session->control;
	struct app_queue *queue = app_queue_find(session, message);
	uint64_t n_exchanges =
		message_number(message, FIELD_ENTRIES_MAX, control->params.exchanges);
	struct quota_charge charge = {0};

	if (queue == NULL) {
		return;
	}
	if (n_exchanges < RECEIVER_EXCHANGES_MIN || n_exchanges > RECEIVER_EXCHANGES_MAX) {
		session_reply(session, message->serial, WIRE_ERROR_INVALID,
			      "a receiver has 16 to 4096 exchanges", NULL);

		return;
	}
	if (!session_charge(session, message->serial, QUOTA_RESOURCE_RECEIVERS, &charge)) {
		return;
	}

	struct receiver *receiver = receiver_new(session, queue, message->serial);
	if (receiver == NULL) {
		quota_discharge(&charge);
		session_reply(session, message->serial, WIRE_ERROR_NO_MEMORY, NULL, NULL);

		return;
	}
	receiver->charge = charge;

	const struct broadcast broadcast = {
		.on_worker = receiver_on_worker_attach,
		.on_done = receiver_on_attached,
		.argument = receiver,
	};
	int r = receiver_make_lanes(receiver, (uint32_t)n_exchanges);
	if (r == 0) {
		r = broadcast_send(control, &broadcast);
	}
	if (r < 0) {
		char text[128];

		(void)snprintf(text, sizeof(text), "the listener can't make the shared memory: %s",
			       strerror(-r));
		session_reply(session, message->serial, WIRE_ERROR_SYSTEM, text, NULL);
		receiver_free(receiver);
	}
}

/* ---- news from the workers ---- */

void receiver_note_in_work(struct receiver *receiver, unsigned index, uint32_t n)
{
	__atomic_store_n(&receiver->n_in_work[index], n, __ATOMIC_RELAXED);
}

uint32_t receiver_count_in_work(const struct receiver *receiver)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < receiver->control->engine->n_workers; i++) {
		sum += __atomic_load_n(&receiver->n_in_work[i], __ATOMIC_RELAXED);
	}

	return sum;
}

struct receiver_report {
	struct letter letter;
	uint64_t receiver_id;
	uint64_t session_id;
	pid_t pid;
	uid_t uid;
	uint32_t n_abandoned; /* 0: broken */
	char program[SESSION_PROGRAM_BYTES];
	char why[128];
};

static void receiver_on_report(struct letter *letter, void *argument)
{
	struct receiver_report *report = container_of(letter, struct receiver_report, letter);
	struct control *control = argument;
	struct session *session = session_find(control, report->session_id);

	if (report->n_abandoned > 0) {
		control_event(control, 20006, 4, (struct slice){0},
			      "%s (pid %d, uid %u) went away with %u requests in work",
			      report->program, (int)report->pid, (unsigned)report->uid,
			      report->n_abandoned);
	} else if (session != NULL) {
		session_break(session, report->why);
		session_free(session);
	}
	mem_free(report);
}

static void receiver_report(const struct receiver *receiver, uint32_t n_abandoned, const char *why)
{
	struct receiver_report *report = mem_new(sizeof(*report));

	/* Without memory the news is lost, and the lane stays cut off all the same. */
	if (report == NULL) {
		return;
	}
	report->letter.on_receive = receiver_on_report;
	list_init(&report->letter.link);
	report->receiver_id = receiver->id;
	report->session_id = receiver->session_id;
	report->pid = receiver->pid;
	report->uid = receiver->uid;
	report->n_abandoned = n_abandoned;
	memcpy(report->program, receiver->program, sizeof(report->program));
	(void)snprintf(report->why, sizeof(report->why), "%s", why);
	mailbox_post(&receiver->control->mailbox, &report->letter);
}

void receiver_report_broken(struct receiver *receiver, const char *why)
{
	receiver_report(receiver, 0, why);
}

void receiver_report_abandoned(struct receiver *receiver, uint32_t n)
{
	if (n > 0) {
		receiver_report(receiver, n, "");
	}
}
