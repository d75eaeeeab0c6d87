/* SPDX-License-Identifier: MIT */

/* Applications that lie about counters, hoard, flood, or talk nonsense on the control socket. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "rogue.h"

static void a_tail_that_lies_cuts_off(void **state)
{
	struct fixture fixture = fixture_start(rogue_parameters);
	struct rogue rogue;
	rogue_start(&rogue, fixture.harness, fixture.port, "/rogue/");
	struct client client = client_open(fixture.port);

	(void)state;
	__atomic_store_n(&area_response_header(&rogue.area)->tail, 0x80000000u, __ATOMIC_SEQ_CST);
	client_send(&client, ROGUE_GET);
	assert_true(rogue_is_cut_off(&rogue, HARNESS_WAIT_MS));
	struct response response = client_read(&client, false);
	assert_true(response.status >= 400 || response.status == 200);
	response_free(&response);
	rogue_assert_others_served(&fixture);
	client_close(&client);
	rogue_end(&rogue);
	fixture_end(&fixture);
}

static void a_credit_that_lies_gets_nothing(void **state)
{
	static const uint32_t credits[] = {17, 0x7fffffff, 0x80000000, UINT32_MAX};
	struct fixture fixture = fixture_start(rogue_parameters);

	(void)state;
	for (size_t i = 0; i < sizeof(credits) / sizeof(credits[0]); i++) {
		struct rogue rogue;
		rogue_start(&rogue, fixture.harness, fixture.port, "/rogue/");
		struct client client = client_open(fixture.port);
		uint64_t n = harness_counter(fixture.harness, "requests_queued");

		rogue_set_credit(&rogue, credits[i]);
		client_send(&client, ROGUE_GET);
		harness_await_counter(fixture.harness, "requests_queued", n + 1);
		rogue_assert_others_served(&fixture);

		/* Back to the truth: what waited is delivered. */
		rogue_set_credit(&rogue, 16);
		rogue_take(&rogue);
		rogue_put_head(&rogue, rogue_head(&rogue, 200, NULL, "ok"), RING_FLAG_END);
		rogue_ring(&rogue);
		rogue_assert_outcome("credit", OUTCOME_SERVED, &rogue, &client);
		client_close(&client);
		rogue_end(&rogue);
	}
	fixture_end(&fixture);
}

static void who_never_reads_stops_itself_only(void **state)
{
	struct fixture fixture = fixture_start(rogue_parameters);
	struct client clients[40];
	struct rogue rogue;

	(void)state;
	rogue_start(&rogue, fixture.harness, fixture.port, "/rogue/");
	for (int i = 0; i < 40; i++) {
		clients[i] = client_open(fixture.port);
		client_send(&clients[i], "POST /rogue/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
					 "Content-Length: 1000000\r\n\r\nabc");
	}
	harness_await_counter(fixture.harness, "requests_received", 40);
	assert_int_equal(harness_counter(fixture.harness, "requests_delivered"), 16);
	rogue_assert_others_served(&fixture);
	for (int i = 0; i < 40; i++) {
		client_close(&clients[i]);
	}
	rogue_assert_others_served(&fixture);
	rogue_end(&rogue);
	rogue_assert_others_served(&fixture);
	fixture_end(&fixture);
}

static void interim_responses_do_not_pile_up(void **state)
{
	struct fixture fixture = fixture_start(rogue_parameters);
	struct rogue rogue;
	rogue_start(&rogue, fixture.harness, fixture.port, "/rogue/");
	struct client client = client_open(fixture.port);
	static char value[2001];
	const char *const fields[] = {"X", value, NULL};

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	client_send(&client, ROGUE_GET);
	rogue_take(&rogue);
	/* Far more than the sockets take. */
	for (int round = 0; round < 400; round++) {
		for (int i = 0; i < 100; i++) {
			rogue_put_head(&rogue, rogue_head(&rogue, 103, fields, ""), 0);
		}
		rogue_ring(&rogue);
		harness_pause(1);
	}
	rogue_assert_others_served(&fixture);
	rogue_end(&rogue);
	client_close(&client);
	rogue_assert_others_served(&fixture);
	fixture_end(&fixture);
}

static unsigned count_fds(pid_t pid)
{
	char path[64];
	unsigned n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir) != NULL) {
		n++;
	}
	closedir(dir);

	return n;
}

/* Two descriptors in one message of the file lane. */
static void send_two_files(struct rogue *rogue)
{
	struct ring_file_message body = {.number = 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(2 * sizeof(int))];
	} control = {0};
	struct iovec iov = {&body, sizeof(body)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_LEN(2 * sizeof(int))};
	int fds[2] = {rogue_file(10), rogue_file(10)};

	control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fds)),
					  .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	assert_int_equal(sendmsg(rogue->file_fd, &message, 0), sizeof(body));
	close(fds[0]);
	close(fds[1]);
}

static void no_descriptor_of_a_rogue_is_left(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip(); /* the engine's descriptors can't be looked at */
	}
	struct fixture fixture = fixture_start(rogue_parameters);
	rogue_assert_others_served(&fixture);
	harness_await_counter(fixture.harness, "connections_closed", 1);
	unsigned n = count_fds(fixture.harness->engine_pid);

	for (int i = 0; i < 5; i++) {
		struct rogue rogue;
		rogue_start(&rogue, fixture.harness, fixture.port, "/rogue/");
		struct client client = client_open(fixture.port);

		client_send(&client, ROGUE_GET);
		rogue_take(&rogue);
		for (uint32_t k = 0; k < RING_FILES_MAX; k++) {
			int fd = rogue_file(10);
			rogue_send_file(&rogue, k, fd);
			close(fd);
		}
		rogue_begin_file(&rogue, 1, 0, 5);
		rogue_ring(&rogue);
		client_expect(&client, 200, NULL);
		client_close(&client);
		client = client_open(fixture.port);
		client_send(&client, ROGUE_GET);
		rogue_take(&rogue);
		send_two_files(&rogue);
		rogue_begin_file(&rogue, 1, 0, 5);
		rogue_ring(&rogue);
		assert_true(rogue_is_cut_off(&rogue, HARNESS_WAIT_MS));
		client_close(&client);
		rogue_end(&rogue);
	}

	int64_t end = millis() + HARNESS_WAIT_MS;
	unsigned now = n + 1;
	while (now > n) {
		harness_sync(fixture.harness);
		now = count_fds(fixture.harness->engine_pid);
		if (millis() > end) {
			fail_msg("%u descriptors before, %u after", n, now);
		}
	}
	fixture_end(&fixture);
}

/* ---- the control socket ---- */

static void a_malformed_message_ends_its_session_only(void **state)
{
	struct fixture fixture = fixture_start(rogue_parameters);
	char path[128];
	char junk[2000];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/run/app.sock", fixture.harness->home);
	for (int i = 0; i < 20; i++) {
		int fd;

		assert_int_equal(channel_connect(path, &fd), 0);
		for (size_t k = 0; k < sizeof(junk); k++) {
			junk[k] = (char)(i * 31 + (int)k * (i + 1));
		}
		assert_true(send(fd, junk, (size_t)(1 + i * 100), MSG_NOSIGNAL) > 0);
		assert_int_equal(recv(fd, junk, sizeof(junk), 0), 0);
		close(fd);
	}
	rogue_assert_others_served(&fixture);
	fixture_end(&fixture);
}

static void what_only_others_may_send_is_refused(void **state)
{
	struct fixture fixture = fixture_start(rogue_parameters);
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/run/app.sock", fixture.harness->home);
	for (int i = 0; i < 3; i++) {
		struct channel channel;
		struct message message;
		int fd;

		assert_int_equal(channel_connect(path, &fd), 0);
		assert_int_equal(channel_init(&channel, fd, MESSAGE_SENDER_ENGINE_APP), 0);
		if (i == 0) {
			message_init(&message, MESSAGE_ENGINE_STOP, 1);
		} else if (i == 1) {
			message_init(&message, MESSAGE_PARAMETER, 1);
			message_set_text(&message, FIELD_NAME, slice_from_str("MaxConnections"));
			message_set_number(&message, FIELD_NUMBER, 1);
		} else {
			message_init(&message, MESSAGE_GROUP_CREATE, 1); /* before HELLO */
		}
		assert_int_equal(channel_send(&channel, &message), 0);
		int r;
		do {
			r = channel_wait(&channel, HARNESS_WAIT_MS);
			assert_int_equal(r, 0);
			r = channel_receive(&channel, &message);
			if (r == 0) {
				message_fini(&message);
			}
		} while (r == 0 || r == CHANNEL_E_AGAIN);
		assert_int_equal(r, CHANNEL_E_CLOSED);
		channel_fini(&channel);
	}
	rogue_assert_others_served(&fixture);
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tail_that_lies_cuts_off),
		cmocka_unit_test(a_credit_that_lies_gets_nothing),
		cmocka_unit_test(who_never_reads_stops_itself_only),
		cmocka_unit_test(interim_responses_do_not_pile_up),
		cmocka_unit_test(no_descriptor_of_a_rogue_is_left),
		cmocka_unit_test(a_malformed_message_ends_its_session_only),
		cmocka_unit_test(what_only_others_may_send_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
