/* SPDX-License-Identifier: MIT */

/* Files as bodies, sent by their descriptors. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness.h"

#define GET         "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

#define LARGE_BYTES (16u << 20)

/* Byte @i of every large body. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + i / 4099);
}

static void read_large(struct client *client)
{
	struct response response = client_read(client, false);

	for (size_t i = 0; i < response.body_len; i++) {
		if ((unsigned char)response.body[i] != pattern(i)) {
			fail_msg("byte %zu is wrong", i);
		}
	}
	assert_int_equal(response.body_len, LARGE_BYTES);
	response_free(&response);
}

/* A memfd of LARGE_BYTES with the pattern: memfds are regular files of a local file system. */
static int large_file(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	unsigned char bytes[8192];

	for (size_t at = 0; at < LARGE_BYTES; at += sizeof(bytes)) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			bytes[i] = pattern(at + i);
		}
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	}

	return fd;
}

static void a_file_is_sent_by_its_descriptor(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	int fd = large_file();

	(void)state;
	for (int i = 0; i < 2; i++) {
		client_send(&fixture.client, GET);
		struct httpsys_request *request = app_receive(&fixture.app);
		assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, 0, LARGE_BYTES),
				 0);
		httpsys_receiver_flush(fixture.app.receiver);
		read_large(&fixture.client);
	}

	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_respond_file(request, 206, NULL, 0, fd, 4099, 3), 0);
	httpsys_receiver_flush(fixture.app.receiver);
	struct response response = client_read(&fixture.client, false);
	assert_int_equal(response.status, 206);
	assert_int_equal(response.body_len, 3);
	assert_int_equal((unsigned char)response.body[0], pattern(4099));
	response_free(&response);
	close(fd);
	fixture_end(&fixture);
}

static void many_clients_get_files_at_once(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	struct client clients[60];
	int fd = large_file();

	(void)state;
	for (int i = 0; i < 60; i++) {
		clients[i] = client_open(fixture.port);
		client_send(&clients[i], GET);
		struct httpsys_request *request = app_receive(&fixture.app);
		assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, (uint64_t)i, 100),
				 0);
		httpsys_receiver_flush(fixture.app.receiver);
	}
	for (int i = 0; i < 60; i++) {
		struct response response = client_read(&clients[i], false);

		assert_int_equal(response.body_len, 100);
		assert_int_equal((unsigned char)response.body[0], pattern((size_t)i));
		response_free(&response);
		client_close(&clients[i]);
	}
	close(fd);
	fixture_end(&fixture);
}

static void a_file_that_shrinks_resets_its_client_only(void **state)
{
	struct fixture fixture = fixture_start(NULL);
	int fd = large_file();

	(void)state;
	client_send(&fixture.client, GET);
	struct httpsys_request *request = app_receive(&fixture.app);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, 0, LARGE_BYTES), 0);
	httpsys_receiver_flush(fixture.app.receiver);
	harness_await_counter(fixture.harness, "bytes_sent", 1000);
	assert_int_equal(ftruncate(fd, 1000), 0);
	/* An end in the middle of the body: by reset, or early. */
	char bytes[65536];
	size_t total = 0;
	ssize_t n = recv(fixture.client.fd, bytes, sizeof(bytes), 0);
	for (; n > 0; n = recv(fixture.client.fd, bytes, sizeof(bytes), 0)) {
		total += (size_t)n;
	}
	assert_true(total < LARGE_BYTES);
	close(fd);

	struct client other = client_open(fixture.port);
	client_send(&other, GET);
	app_answer(&fixture.app, "fine");
	client_expect(&other, 200, "fine");
	client_close(&other);
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_sent_by_its_descriptor),
		cmocka_unit_test(many_clients_get_files_at_once),
		cmocka_unit_test(a_file_that_shrinks_resets_its_client_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
