/* SPDX-License-Identifier: MIT */

/* A listener for tests; see fake_engine.h. */

#include "lib/fake_engine.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/fd.h"
#include "base/mem.h"
#include "wire/error.h"

/* Orders to the thread; it answers with one byte. */
enum fake_order {
	FAKE_ORDER_STOP = 'q',
	FAKE_ORDER_DROP = 'd',
	FAKE_ORDER_CLOSE = 'c',
	FAKE_ORDER_OPEN = 'o',
};

static void fake_must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

static void fake_close_lane(struct fake_engine *fake)
{
	area_fini(&fake->area);
	fake->wake_fd = fd_close(fake->wake_fd);
	fake->engine_fd = fd_close(fake->engine_fd);
	fake->file_fd = fd_close(fake->file_fd);
}

static void fake_note(struct fake_engine *fake, const struct message *message)
{
	struct fake_call call = {.type = message->type,
				 .property = message_number(message, FIELD_PROPERTY, 0),
				 .number = message_number(message, FIELD_NUMBER, 0),
				 .queue_id = message_number(message, FIELD_QUEUE_ID, 0),
				 .context = message_number(message, FIELD_CONTEXT, 0)};
	struct slice text = message_text(message, message_has(message, FIELD_PREFIX) ? FIELD_PREFIX
										     : FIELD_NAME);

	(void)snprintf(call.text, sizeof(call.text), "%.*s", SLICE_ARG(text));
	fake_must(fake->n_calls < FAKE_LOG_MAX);
	fake->calls[fake->n_calls++] = call;
}

/* fake_send() - the library may be gone already; without memory the fake hangs up */
static void fake_send(struct fake_engine *fake, struct message *message)
{
	if (channel_send(&fake->channel, message) < 0) {
		channel_fini(&fake->channel);
	}
}

static void fake_attach(struct fake_engine *fake, uint32_t serial, uint64_t id)
{
	struct ring_geometry geometry = area_geometry(16, 4096);
	struct message message;
	int wake[2];
	int files[2];

	fake_close_lane(fake);
	fake_must(area_create(&fake->area, &geometry) == 0);
	ring_engine_ends(&fake->area, &fake->writer, &fake->reader);
	fake_must(pipe2(wake, O_CLOEXEC | O_NONBLOCK) == 0);
	fake_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, files) ==
		  0);
	fake->wake_fd = wake[1];
	fake->file_fd = files[0];
	fake->engine_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	message_init(&message, MESSAGE_RECEIVER_CHANNEL, serial);
	message_set_number(&message, FIELD_RECEIVER_ID, id);
	message_set_number(&message, FIELD_INDEX, 0);
	message_set_number(&message, FIELD_COUNT, 1);
	message_adopt_fd(&message, dup(fake->area.request_fd));
	message_adopt_fd(&message, dup(fake->area.response_fd));
	message_adopt_fd(&message, dup(fake->engine_fd));
	message_adopt_fd(&message, files[1]);
	fake_send(fake, &message);

	message_init(&message, MESSAGE_REPLY, serial);
	message_set_signed(&message, FIELD_CODE, 0);
	message_set_number(&message, FIELD_RECEIVER_ID, id);
	message_adopt_fd(&message, wake[0]);
	fake_send(fake, &message);
}

static void fake_reply(struct fake_engine *fake, const struct message *message)
{
	struct message reply;
	uint64_t id = ++fake->next_id;

	if (message->type == MESSAGE_RECEIVER_ATTACH && fake->refuse_type != message->type) {
		fake_attach(fake, message->serial, id);

		return;
	}
	message_init(&reply, MESSAGE_REPLY, message->serial);
	if (fake->refuse_type == message->type && fake->refuse_code != 0) {
		message_set_signed(&reply, FIELD_CODE, fake->refuse_code);
		message_set_text(&reply, FIELD_TEXT, SLICE("it is refused"));
		message_set_text(&reply, FIELD_REPAIR, SLICE("ask again"));
	} else {
		message_set_signed(&reply, FIELD_CODE, 0);
		if (message->type == MESSAGE_GROUP_CREATE) {
			message_set_number(&reply, FIELD_GROUP_ID, id);
		} else if (message->type == MESSAGE_QUEUE_CREATE ||
			   message->type == MESSAGE_QUEUE_OPEN) {
			message_set_number(&reply, FIELD_QUEUE_ID, id);
		} else if (message->type == MESSAGE_URL_ADD || message->type == MESSAGE_URL_QUERY) {
			message_set_number(&reply, FIELD_STATE, WIRE_STATE_PARTLY_SERVED);
			message_set_text(&reply, FIELD_TEXT, SLICE("partly"));
			message_set_text(&reply, FIELD_REPAIR, SLICE("repair it"));
		}
	}
	fake_send(fake, &reply);
}

static void fake_welcome(struct fake_engine *fake, const struct message *hello)
{
	struct message welcome;

	message_init(&welcome, MESSAGE_WELCOME, hello->serial);
	message_set_number(&welcome, FIELD_PROTOCOL, fake->protocol);
	message_set_text(&welcome, FIELD_VERSION, SLICE("test"));
	fake_send(fake, &welcome);
}

static void fake_on_readable(struct fake_engine *fake)
{
	struct message message;
	int r = channel_receive(&fake->channel, &message);

	if (r != 0) {
		fake_must(r == CHANNEL_E_CLOSED || r == CHANNEL_E_AGAIN);
		if (r == CHANNEL_E_CLOSED) {
			channel_fini(&fake->channel);
		}

		return;
	}
	if (message.type == MESSAGE_HELLO) {
		fake_welcome(fake, &message);
	} else {
		fake_note(fake, &message);
		fake_reply(fake, &message);
	}
	message_fini(&message);
}

static void fake_on_order(struct fake_engine *fake, char order)
{
	if (order == FAKE_ORDER_DROP || order == FAKE_ORDER_CLOSE) {
		channel_fini(&fake->channel);
		fake_close_lane(fake);
	}
	if (order == FAKE_ORDER_CLOSE) {
		fake->listen_fd = fd_close(fake->listen_fd);
	}
	if (order == FAKE_ORDER_OPEN) {
		fake_must(channel_listen(fake->path, 0600, &fake->listen_fd) == 0);
	}
	fake_must(write(fake->command_fd[1], "", 1) == 1);
}

static void *fake_run(void *argument)
{
	struct fake_engine *fake = argument;

	for (;;) {
		struct pollfd fds[3] = {{.fd = fake->command_fd[1], .events = POLLIN},
					{.fd = fake->channel.fd, .events = POLLIN},
					{.fd = fake->listen_fd, .events = POLLIN}};
		char order;

		(void)poll(fds, 3, -1);
		pthread_mutex_lock(&fake->mutex);
		if (fds[0].revents != 0) {
			fake_must(read(fake->command_fd[1], &order, 1) == 1);
			if (order == FAKE_ORDER_STOP) {
				pthread_mutex_unlock(&fake->mutex);

				return NULL;
			}
			fake_on_order(fake, order);
		} else if (fds[1].revents != 0) {
			fake_on_readable(fake);
		} else if (fds[2].revents != 0) {
			int fd = accept4(fake->listen_fd, NULL, NULL, SOCK_CLOEXEC);

			channel_fini(&fake->channel);
			if (channel_init(&fake->channel, fd, MESSAGE_SENDER_APP) < 0) {
				fake->channel.fd = -1;
			}
		}
		pthread_mutex_unlock(&fake->mutex);
	}
}

static void fake_order(struct fake_engine *fake, char order)
{
	fake_must(write(fake->command_fd[0], &order, 1) == 1);
	fake_must(read(fake->command_fd[0], &order, 1) == 1);
}

int fake_setup(void **state)
{
	struct fake_engine *fake = mem_new(sizeof(*fake));
	char run[80];

	fake_must(fake != NULL);
	fake->channel.fd = -1;
	fake->area = (struct area){.request_fd = -1, .response_fd = -1};
	fake->wake_fd = -1;
	fake->engine_fd = -1;
	fake->file_fd = -1;
	fake->protocol = WIRE_PROTOCOL_VERSION;
	(void)snprintf(fake->home, sizeof(fake->home), "/tmp/httpsys-test-XXXXXX");
	fake_must(mkdtemp(fake->home) != NULL);
	(void)snprintf(run, sizeof(run), "%s/run", fake->home);
	(void)snprintf(fake->path, sizeof(fake->path), "%s/app.sock", run);
	fake_must(mkdir(run, 0700) == 0);
	fake_must(channel_listen(fake->path, 0600, &fake->listen_fd) == 0);
	fake_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fake->command_fd) == 0);
	fake_must(pthread_mutex_init(&fake->mutex, NULL) == 0);
	fake_must(pthread_create(&fake->thread, NULL, fake_run, fake) == 0);
	*state = fake;

	return 0;
}

int fake_teardown(void **state)
{
	struct fake_engine *fake = *state;
	char path[80];

	fake_must(write(fake->command_fd[0], "q", 1) == 1);
	fake_must(pthread_join(fake->thread, NULL) == 0);
	channel_fini(&fake->channel);
	fake_close_lane(fake);
	fd_close(fake->listen_fd);
	fd_close(fake->command_fd[0]);
	fd_close(fake->command_fd[1]);
	(void)unlink(fake->path);
	(void)snprintf(path, sizeof(path), "%s/run", fake->home);
	(void)rmdir(path);
	(void)rmdir(fake->home);
	(void)pthread_mutex_destroy(&fake->mutex);
	mem_free(fake);

	return 0;
}

void fake_drop(struct fake_engine *fake)
{
	fake_order(fake, FAKE_ORDER_DROP);
}

void fake_close_socket(struct fake_engine *fake)
{
	fake_order(fake, FAKE_ORDER_CLOSE);
}

void fake_open_socket(struct fake_engine *fake)
{
	fake_order(fake, FAKE_ORDER_OPEN);
}

void fake_refuse(struct fake_engine *fake, enum message_type type, int code)
{
	pthread_mutex_lock(&fake->mutex);
	fake->refuse_type = code != 0 ? type : 0;
	fake->refuse_code = code;
	pthread_mutex_unlock(&fake->mutex);
}

unsigned fake_count(struct fake_engine *fake, enum message_type type)
{
	unsigned n = 0;

	pthread_mutex_lock(&fake->mutex);
	for (unsigned i = 0; i < fake->n_calls; i++) {
		n += fake->calls[i].type == type;
	}
	pthread_mutex_unlock(&fake->mutex);

	return n;
}

void fake_state(struct fake_engine *fake, const char *prefix, uint64_t state, const char *text)
{
	struct message news;

	pthread_mutex_lock(&fake->mutex);
	message_init(&news, MESSAGE_URL_STATE, 0);
	message_set_number(&news, FIELD_GROUP_ID, 1);
	message_set_text(&news, FIELD_PREFIX, slice_from_str(prefix));
	message_set_number(&news, FIELD_STATE, state);
	message_set_text(&news, FIELD_TEXT, slice_from_str(text));
	fake_send(fake, &news);
	pthread_mutex_unlock(&fake->mutex);
}

void fake_garbage(struct fake_engine *fake)
{
	pthread_mutex_lock(&fake->mutex);
	fake_must(send(fake->channel.fd, "nonsense", 8, MSG_NOSIGNAL) == 8);
	pthread_mutex_unlock(&fake->mutex);
}

void fake_publish(struct fake_engine *fake)
{
	if (ring_writer_publish(&fake->writer)) {
		fake_must(write(fake->wake_fd, "", 1) == 1);
	}
}

struct ring_entry *fake_stage(struct fake_engine *fake, uint32_t slot, enum ring_entry_type type)
{
	struct ring_entry *entry = ring_writer_stage(&fake->writer);

	*entry = (struct ring_entry){.type = (uint8_t)type,
				     .slot = slot,
				     .generation = fake->generation,
				     .block = RING_NO_BLOCK};

	return entry;
}

/* fake_put() - bytes into a slot behind what is there.  Return: where */
static struct ring_span fake_put(char *slot, uint32_t *end, const char *text)
{
	struct ring_span span = {.offset = *end, .len = (uint32_t)strlen(text)};

	memcpy(slot + *end, text, span.len);
	*end += span.len;

	return span;
}

void fake_request(struct fake_engine *fake, uint32_t slot, const char *path, unsigned flags)
{
	char *at = area_request_slot(&fake->area, slot);
	struct ring_request_head head = {
		.connection_id = 11,
		.request_id = 1000 + slot,
		.url_context = 42,
		.content_length = (flags & RING_REQUEST_HAS_BODY) != 0 ? RING_LENGTH_UNKNOWN : 0,
		.flags = flags,
		.version_major = 1,
		.version_minor = 1,
		.n_fields = 2};
	struct ring_field fields[2] = {{.id = RING_FIELD_UNKNOWN}, {.id = RING_FIELD_UNKNOWN}};
	uint32_t end = sizeof(head) + sizeof(fields);
	static const uint8_t loopback[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1};

	memcpy(head.remote.ip, loopback, sizeof(loopback));
	head.remote.port = 5555;
	head.local.ip[15] = 1;
	head.local.port = 80;
	head.fields_offset = sizeof(head);
	head.method = fake_put(at, &end, "GET");
	head.target = fake_put(at, &end, "/raw?a=b");
	head.host = fake_put(at, &end, "localhost");
	head.path = fake_put(at, &end, path);
	head.query = fake_put(at, &end, "a=b");
	head.prefix = fake_put(at, &end, "http://localhost:80/");
	for (unsigned i = 0; i < 2; i++) {
		struct ring_span name = fake_put(at, &end, i == 0 ? "Accept" : "X-Second");
		struct ring_span value = fake_put(at, &end, i == 0 ? "text/html" : "two");

		fields[i].name_offset = name.offset;
		fields[i].name_len = (uint16_t)name.len;
		fields[i].value_offset = value.offset;
		fields[i].value_len = value.len;
	}
	memcpy(at, &head, sizeof(head));
	memcpy(at + sizeof(head), fields, sizeof(fields));

	fake->generation++;
	fake_stage(fake, slot, RING_REQUEST_NEW)->length = end;
	fake_publish(fake);
}

void fake_body(struct fake_engine *fake, uint32_t slot, uint32_t block, const char *text,
	       unsigned flags)
{
	struct ring_entry *entry = fake_stage(fake, slot, RING_REQUEST_BODY);

	entry->block = block;
	entry->flags = (uint8_t)flags;
	entry->length = strlen(text);
	if (block < fake->area.geometry.n_blocks) {
		memcpy(area_request_block(&fake->area, block), text, strlen(text));
	}
	fake_publish(fake);
}

uint32_t fake_n_entries(struct fake_engine *fake)
{
	uint32_t n = 0;

	assert_int_equal(ring_reader_count(&fake->reader, &n), 0);

	return n;
}

struct ring_entry fake_take(struct fake_engine *fake)
{
	assert_true(fake_n_entries(fake) > 0);
	struct ring_entry entry = ring_reader_take(&fake->reader);
	ring_reader_release(&fake->reader);

	return entry;
}
