/* SPDX-License-Identifier: MIT */

/* The application without manners; see rogue.h. */

#include "rogue.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"

static void rogue_adopt_lane(struct rogue *rogue, struct message *message)
{
	int request_fd = message_take_fd(message, 0);
	int response_fd = message_take_fd(message, 1);

	assert_int_equal(area_adopt(&rogue->area, request_fd, response_fd), 0);
	rogue->event_fd = message_take_fd(message, 2);
	rogue->file_fd = message_take_fd(message, 3);
	ring_app_ends(&rogue->area, &rogue->writer, &rogue->reader);
}

/* Send @request and wait for the answer.  Return: the answer's number in @field. */
static uint64_t rogue_call(struct rogue *rogue, struct message *request, enum field field)
{
	struct message answer;

	request->serial = ++rogue->serial;
	assert_int_equal(channel_send(&rogue->channel, request), 0);
	for (;;) {
		assert_int_equal(channel_wait(&rogue->channel, HARNESS_WAIT_MS), 0);
		assert_int_equal(channel_receive(&rogue->channel, &answer), 0);
		if (answer.type == MESSAGE_RECEIVER_CHANNEL) {
			rogue_adopt_lane(rogue, &answer);
		}
		bool is_it =
			answer.serial == rogue->serial && answer.type != MESSAGE_RECEIVER_CHANNEL;
		if (is_it) {
			uint64_t number = message_number(&answer, field, 0);

			assert_int_equal(message_signed(&answer, FIELD_CODE, 0), 0);
			if (answer.n_fds > 0) {
				rogue->wake_fd = message_take_fd(&answer, 0);
			}
			message_fini(&answer);

			return number;
		}
		message_fini(&answer);
	}
}

void rogue_start(struct rogue *rogue, struct harness *harness, uint16_t port, const char *path)
{
	struct message message;
	char text[128];
	int fd;

	*rogue = (struct rogue){.wake_fd = -1, .event_fd = -1, .file_fd = -1};
	(void)snprintf(text, sizeof(text), "%s/run/app.sock", harness->home);
	assert_int_equal(channel_connect(text, &fd), 0);
	assert_int_equal(channel_init(&rogue->channel, fd, MESSAGE_SENDER_ENGINE_APP), 0);

	message_init(&message, MESSAGE_HELLO, 0);
	message_set_number(&message, FIELD_PROTOCOL, WIRE_PROTOCOL_VERSION);
	message_set_text(&message, FIELD_PROGRAM, slice_from_str("rogue"));
	rogue_call(rogue, &message, FIELD_SESSION_ID);
	message_init(&message, MESSAGE_QUEUE_CREATE, 0);
	uint64_t queue_id = rogue_call(rogue, &message, FIELD_QUEUE_ID);
	message_init(&message, MESSAGE_RECEIVER_ATTACH, 0);
	message_set_number(&message, FIELD_QUEUE_ID, queue_id);
	message_set_number(&message, FIELD_ENTRIES_MAX, 16);
	rogue_call(rogue, &message, FIELD_RECEIVER_ID);
	message_init(&message, MESSAGE_GROUP_CREATE, 0);
	uint64_t group_id = rogue_call(rogue, &message, FIELD_GROUP_ID);
	message_init(&message, MESSAGE_GROUP_BIND, 0);
	message_set_number(&message, FIELD_GROUP_ID, group_id);
	message_set_number(&message, FIELD_QUEUE_ID, queue_id);
	rogue_call(rogue, &message, FIELD_GROUP_ID);
	message_init(&message, MESSAGE_URL_ADD, 0);
	message_set_number(&message, FIELD_GROUP_ID, group_id);
	(void)snprintf(text, sizeof(text), "http://127.0.0.1:%u%s", port, path);
	message_set_text(&message, FIELD_PREFIX, slice_from_str(text));
	rogue_call(rogue, &message, FIELD_STATE);
	rogue_set_credit(rogue, 16);
}

void rogue_end(struct rogue *rogue)
{
	channel_fini(&rogue->channel);
	area_fini(&rogue->area);
	rogue->event_fd = fd_close(rogue->event_fd);
	rogue->wake_fd = fd_close(rogue->wake_fd);
	rogue->file_fd = fd_close(rogue->file_fd);
}

void rogue_set_credit(struct rogue *rogue, uint32_t credit)
{
	__atomic_store_n(&area_response_header(&rogue->area)->credit, credit, __ATOMIC_SEQ_CST);
	(void)eventfd_write(rogue->event_fd, 1);
}

void rogue_take(struct rogue *rogue)
{
	int64_t end = millis() + HARNESS_WAIT_MS;

	for (;;) {
		uint32_t n = 0;

		assert_int_equal(ring_reader_count(&rogue->reader, &n), 0);
		while (n-- > 0) {
			struct ring_entry entry = ring_reader_take(&rogue->reader);

			if (entry.type == RING_REQUEST_NEW) {
				rogue->slot = entry.slot;
				rogue->generation = entry.generation;
				ring_reader_release(&rogue->reader);

				return;
			}
		}
		assert_true(millis() < end);
		harness_pause(1);
	}
}

struct ring_entry *rogue_entry(struct rogue *rogue, unsigned type, unsigned flags)
{
	struct ring_entry *entry = ring_writer_stage(&rogue->writer);

	*entry = (struct ring_entry){.type = (uint8_t)type,
				     .flags = (uint8_t)flags,
				     .slot = rogue->slot,
				     .generation = rogue->generation,
				     .block = RING_NO_BLOCK};

	return entry;
}

void rogue_ring(struct rogue *rogue)
{
	(void)ring_writer_publish(&rogue->writer);
	(void)eventfd_write(rogue->event_fd, 1);
}

struct ring_response_head *rogue_header(struct rogue *rogue)
{
	char *slot = area_response_slot(&rogue->area, rogue->slot);

	return (struct ring_response_head *)(void *)slot;
}

uint32_t rogue_head(struct rogue *rogue, unsigned status, const char *const *fields,
		    const char *body)
{
	char *slot = area_response_slot(&rogue->area, rogue->slot);
	struct ring_response_head head = {.content_length = RING_LENGTH_UNKNOWN,
					  .status = (uint16_t)status};
	uint32_t at = sizeof(head);

	for (; fields != NULL && *fields != NULL; fields += 2, head.n_fields++) {
		struct ring_response_field field = {.name_len = (uint16_t)strlen(fields[0]),
						    .value_len = (uint32_t)strlen(fields[1]),
						    .id = RING_FIELD_UNKNOWN};

		memcpy(slot + at, &field, sizeof(field));
		at += (uint32_t)sizeof(field);
		memcpy(slot + at, fields[0], field.name_len);
		at += field.name_len;
		memcpy(slot + at, fields[1], field.value_len);
		at += field.value_len;
	}
	head.head_bytes = at;
	memcpy(slot, &head, sizeof(head));
	memcpy(slot + at, body, strlen(body));

	return at + (uint32_t)strlen(body);
}

struct ring_entry *rogue_put_head(struct rogue *rogue, uint32_t len, unsigned flags)
{
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_HEAD, flags);

	entry->length = len;

	return entry;
}

void rogue_send_file(struct rogue *rogue, uint32_t number, int fd)
{
	struct ring_file_message body = {.number = number};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&body, sizeof(body)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_LEN(sizeof(int))};

	control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(rogue->file_fd, &message, MSG_NOSIGNAL), sizeof(body));
}

bool rogue_is_cut_off(struct rogue *rogue, int wait_ms)
{
	int64_t end = millis() + wait_ms;
	struct message message;

	for (;;) {
		int r = channel_receive(&rogue->channel, &message);

		if (r == 0) {
			message_fini(&message);
			continue;
		}
		if (r != CHANNEL_E_AGAIN) {
			return true;
		}
		if (millis() >= end) {
			return false;
		}
		(void)!channel_wait(&rogue->channel, (int)(end - millis()) + 1);
	}
}

void rogue_begin_file(struct rogue *rogue, unsigned number, uint64_t offset, uint64_t length)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, ""), 0);
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_FILE, RING_FLAG_END);
	entry->block = number;
	entry->offset = offset;
	entry->length = length;
}

int rogue_file(size_t bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);

	return fd;
}

const struct harness_parameter rogue_parameters[] = {{"EngineThreads", 1}, {NULL, 0}};

/* The honest application is served, on the same thread. */
void rogue_assert_others_served(struct fixture *fixture)
{
	struct client client = client_open(fixture->port);

	client_send(&client, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
	/* What a rogue left behind is routed to "/", and comes first. */
	struct httpsys_request *request = app_receive(&fixture->app);
	while (httpsys_request_path(request).len > 1) {
		(void)httpsys_respond(request, 200, NULL, 0, "", 0);
		request = app_receive(&fixture->app);
	}
	app_respond(&fixture->app, request, "honest");
	client_expect(&client, 200, "honest");
	client_close(&client);
}

/* What the client of a misdeed sees.  Return: the status; 0: reset or end. */
static int read_status(struct client *client, char *body, size_t cap)
{
	char bytes[65536];
	size_t len = 0;
	ssize_t n;

	/* Everything up to the end, or a whole short response. */
	do {
		n = recv(client->fd, bytes + len, sizeof(bytes) - 1 - len, 0);
		len += n > 0 ? (size_t)n : 0;
		bytes[len] = '\0';
		if (len == sizeof(bytes) - 1) {
			len = 0;
		}
	} while (n > 0 && strstr(bytes, "\r\n\r\nok") == NULL);

	const char *end = strstr(bytes, "\r\n\r\n");
	if (n < 0 || end == NULL) {
		return 0;
	}
	(void)snprintf(body, cap, "%s", end + 4);

	return (int)strtol(bytes + strlen("HTTP/1.1 "), NULL, 10);
}

void rogue_assert_outcome(const char *name, enum outcome outcome, struct rogue *rogue,
			  struct client *client)
{
	char body[4096] = "";
	int status = read_status(client, body, sizeof(body));
	bool is_cut_off = rogue_is_cut_off(rogue, outcome == OUTCOME_CUT_OFF ? HARNESS_WAIT_MS : 0);
	bool is_right = is_cut_off == (outcome == OUTCOME_CUT_OFF);

	switch (outcome) {
	case OUTCOME_SERVED:
		is_right = is_right && status == 200 && strcmp(body, "ok") == 0;
		break;
	case OUTCOME_REFUSED:
		is_right = is_right && status == 500;
		break;
	case OUTCOME_RESET:
		is_right = is_right && status == 0;
		break;
	case OUTCOME_CUT_OFF:
		break;
	}
	if (!is_right) {
		fail_msg("%s: status %d, body \"%s\", %s", name, status, body,
			 is_cut_off ? "cut off" : "goes on");
	}
}
