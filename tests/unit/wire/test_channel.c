/* SPDX-License-Identifier: MIT */

/* Channels over socketpairs: order, descriptors, backlog, and what a bad peer can send. */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"
#include "wire/channel.h"

struct pair {
	struct channel app;    /* sends as APP */
	struct channel engine; /* hears APP */
};

static int socket_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds);
}

static void pair_init(struct pair *pair)
{
	int fds[2];

	assert_int_equal(socket_pair(fds), 0);
	assert_int_equal(channel_init(&pair->app, fds[0], MESSAGE_SENDER_ENGINE_APP), 0);
	assert_int_equal(channel_init(&pair->engine, fds[1], MESSAGE_SENDER_APP), 0);
}

static void pair_fini(struct pair *pair)
{
	channel_fini(&pair->app);
	channel_fini(&pair->engine);
}

static void send_close(struct channel *channel, uint64_t group_id)
{
	struct message message;

	message_init(&message, MESSAGE_GROUP_CLOSE, 1);
	message_set_number(&message, FIELD_GROUP_ID, group_id);
	assert_int_equal(channel_send(channel, &message), 0);
}

static unsigned count_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++) {
		n += fcntl(fd, F_GETFD) != -1;
	}

	return n;
}

static void messages_arrive_in_order_and_then_there_are_none(void **state)
{
	struct pair pair;
	struct message message;

	pair_init(&pair);
	assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_AGAIN);
	assert_int_equal(channel_wait(&pair.engine, 0), CHANNEL_E_AGAIN);
	for (uint64_t i = 0; i < 10; i++) {
		send_close(&pair.app, i);
	}
	assert_int_equal(channel_wait(&pair.engine, -1), 0);
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(channel_receive(&pair.engine, &message), 0);
		assert_int_equal(message_number(&message, FIELD_GROUP_ID, 99), i);
		message_fini(&message);
	}
	assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_AGAIN);
	pair_fini(&pair);
}

static void sockets_are_nonblocking_and_closed_on_exec(void **state)
{
	struct pair pair;

	pair_init(&pair);
	assert_true((fcntl(pair.app.fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(pair.app.fd, F_GETFD) & FD_CLOEXEC) != 0);
	pair_fini(&pair);
}

static void send_lane(struct channel *channel, const int fds[4])
{
	struct message message;

	message_init(&message, MESSAGE_RECEIVER_CHANNEL, 1);
	message_set_number(&message, FIELD_RECEIVER_ID, 1);
	message_set_number(&message, FIELD_INDEX, 0);
	message_set_number(&message, FIELD_COUNT, 1);
	for (int i = 0; i < 4; i++) {
		message_adopt_fd(&message, fds[i]);
	}
	assert_int_equal(channel_send(channel, &message), 0);
}

static void descriptors_travel_and_are_closed_on_exec(void **state)
{
	struct pair pair;
	struct message message;
	struct stat sent;
	struct stat received;
	int fds[4];

	pair_init(&pair);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(fds + 2), 0);
	assert_int_equal(fstat(fds[2], &sent), 0);
	send_lane(&pair.engine, fds);
	/* They belonged to the message. */
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);

	assert_int_equal(channel_receive(&pair.app, &message), 0);
	assert_int_equal(message.n_fds, 4);
	int fd = message_take_fd(&message, 2);
	assert_int_equal(fstat(fd, &received), 0);
	assert_int_equal(sent.st_ino, received.st_ino);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	close(fd);
	message_fini(&message);
	pair_fini(&pair);
}

/* send_raw() - bytes and @n_fds copies of descriptor 0, past the encoder */
static void send_raw(int socket_fd, const void *bytes, size_t len, int n_fds)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	union {
		char bytes[CMSG_SPACE(sizeof(int) * 16)];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)n_fds);
		struct cmsghdr *item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)n_fds);
		for (int i = 0; i < n_fds; i++) {
			memcpy(CMSG_DATA(item) + (size_t)i * sizeof(int), &(int){0}, sizeof(int));
		}
	}
	assert_int_equal(sendmsg(socket_fd, &header, 0), len);
}

static void unwanted_descriptors_are_invalid_and_closed(void **state)
{
	struct pair pair;
	struct message message;
	uint32_t group_create[2] = {MESSAGE_GROUP_CREATE, 1};

	pair_init(&pair);
	unsigned n_before = count_fds();

	/* As many as fit, and more than the receiver has room for (MSG_CTRUNC). */
	for (int n_fds = 1; n_fds <= 9; n_fds += 4) {
		send_raw(pair.app.fd, group_create, sizeof(group_create), n_fds);
		assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_INVALID);
		assert_true(strlen(pair.engine.error) > 0);
		assert_int_equal(count_fds(), n_before);
	}
	pair_fini(&pair);
}

static void a_message_that_is_too_long_is_invalid(void **state)
{
	static char bytes[MESSAGE_BYTES_MAX + 8];
	struct pair pair;
	struct message message;

	pair_init(&pair);
	send_raw(pair.app.fd, bytes, sizeof(bytes), 0);
	assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_INVALID);
	pair_fini(&pair);
}

static void nonsense_is_invalid_and_explained(void **state)
{
	struct pair pair;
	struct message message;

	pair_init(&pair);
	send_raw(pair.app.fd, "what is this?", 13, 0);
	assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_INVALID);
	assert_non_null(strstr(pair.engine.error, "unknown"));

	/* The wrong side of the same table. */
	struct message reply;
	message_init(&reply, MESSAGE_REPLY, 1);
	message_set_signed(&reply, FIELD_CODE, 0);
	assert_int_equal(channel_send(&pair.app, &reply), 0);
	assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_INVALID);
	assert_non_null(strstr(pair.engine.error, "REPLY"));
	pair_fini(&pair);
}

static void an_empty_message_is_the_end(void **state)
{
	struct pair pair;
	struct message message;

	pair_init(&pair);
	unsigned n_before = count_fds();
	send_raw(pair.app.fd, "", 0, 1);
	assert_int_equal(channel_receive(&pair.engine, &message), CHANNEL_E_CLOSED);
	assert_int_equal(count_fds(), n_before);
	pair_fini(&pair);
}

static void after_the_peers_end_both_directions_are_closed(void **state)
{
	struct pair pair;
	struct message message;

	pair_init(&pair);
	channel_fini(&pair.engine);
	assert_int_equal(channel_receive(&pair.app, &message), CHANNEL_E_CLOSED);

	message_init(&message, MESSAGE_GROUP_CREATE, 1);
	assert_int_equal(channel_send(&pair.app, &message), CHANNEL_E_CLOSED);
	channel_fini(&pair.app);
	assert_int_equal(channel_receive(&pair.app, &message), CHANNEL_E_CLOSED);
	channel_fini(&pair.app);
}

static void what_the_socket_does_not_take_waits_in_order_with_its_descriptors(void **state)
{
	struct pair pair;
	struct message message;
	uint64_t n_sent = 0;

	pair_init(&pair);
	while (!channel_has_backlog(&pair.app)) {
		send_close(&pair.app, n_sent++);
	}
	send_close(&pair.app, n_sent++);
	assert_int_equal(channel_flush(&pair.app), 0);
	assert_true(channel_has_backlog(&pair.app));

	for (uint64_t i = 0; i < n_sent; i++) {
		assert_int_equal(channel_flush(&pair.app), 0);
		assert_int_equal(channel_receive(&pair.engine, &message), 0);
		assert_int_equal(message_number(&message, FIELD_GROUP_ID, 0), i);
		message_fini(&message);
	}
	assert_false(channel_has_backlog(&pair.app));
	assert_int_equal(pair.app.backlog_bytes, 0);
	pair_fini(&pair);
}

static void a_peer_that_never_reads_is_given_up_at_the_limit(void **state)
{
	static char text[60000];
	struct pair pair;
	struct message message;
	int r = 0;

	memset(text, 'x', sizeof(text));
	pair_init(&pair);
	for (int i = 0; r == 0 && i < 1000; i++) {
		message_init(&message, MESSAGE_URL_ADD, 1);
		message_set_number(&message, FIELD_GROUP_ID, 1);
		message_set_text(&message, FIELD_PREFIX, slice_from(text, sizeof(text)));
		r = channel_send(&pair.app, &message);
	}
	assert_int_equal(r, CHANNEL_E_CLOSED);
	assert_true(pair.app.backlog_bytes <= CHANNEL_BACKLOG_BYTES_MAX);
	assert_true(pair.app.backlog_bytes > CHANNEL_BACKLOG_BYTES_MAX - sizeof(text) - 64);
	/* Frees what waits. */
	pair_fini(&pair);
}

static void every_failed_allocation_is_reported_and_leaves_nothing(void **state)
{
	unsigned n_before = count_fds();
	struct channel channel;
	int fds[2];

	assert_int_equal(socket_pair(fds), 0);
	mem_fail_at(1);
	assert_int_equal(channel_init(&channel, fds[0], MESSAGE_SENDER_APP), -ENOMEM);
	mem_fail_at(0);
	assert_int_equal(channel.fd, -1);

	assert_int_equal(channel_init(&channel, fds[1], MESSAGE_SENDER_APP), 0);
	struct message message;
	message_init(&message, MESSAGE_ADMIN_REPLY, 1);
	message_set_signed(&message, FIELD_CODE, 0);
	message_adopt_fd(&message, dup(0));
	mem_fail_at(1);
	assert_int_equal(channel_send(&channel, &message), -ENOMEM);
	mem_fail_at(0);
	channel_fini(&channel);
	assert_int_equal(count_fds(), n_before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_arrive_in_order_and_then_there_are_none),
		cmocka_unit_test(sockets_are_nonblocking_and_closed_on_exec),
		cmocka_unit_test(descriptors_travel_and_are_closed_on_exec),
		cmocka_unit_test(unwanted_descriptors_are_invalid_and_closed),
		cmocka_unit_test(a_message_that_is_too_long_is_invalid),
		cmocka_unit_test(nonsense_is_invalid_and_explained),
		cmocka_unit_test(an_empty_message_is_the_end),
		cmocka_unit_test(after_the_peers_end_both_directions_are_closed),
		cmocka_unit_test(what_the_socket_does_not_take_waits_in_order_with_its_descriptors),
		cmocka_unit_test(a_peer_that_never_reads_is_given_up_at_the_limit),
		cmocka_unit_test(every_failed_allocation_is_reported_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
