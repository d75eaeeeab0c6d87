/* SPDX-License-Identifier: MIT */

/* Files as answers against a fake listener: numbers, their reuse, and copies. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/site.h"

static int make_file(const char *text)
{
	char path[] = "/tmp/httpsys-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));

	return fd;
}

/* take_file() - a message of the file lane.  Return: the number; UINT32_MAX: there is none */
static uint32_t take_file(struct site *site)
{
	struct ring_file_message message;
	ssize_t n = recv(site->fake->file_fd, &message, sizeof(message), 0);

	return n == (ssize_t)sizeof(message) ? message.number : UINT32_MAX;
}

static void a_file_travels_once_as_long_as_it_has_its_number(void **state)
{
	struct site site = site_make(*state);
	int fd = make_file("0123456789");
	struct ring_response_head head;
	const char *rest;

	for (uint32_t i = 0; i < 3; i++) {
		struct httpsys_request *request = site_receive(&site, i, 0);

		assert_int_equal(httpsys_respond_file(request, 206, NULL, 0, fd, 2, 5), 0);
		httpsys_receiver_flush(site.receiver);
		assert_int_equal(take_file(&site), i == 0 ? 0 : UINT32_MAX);
		assert_int_equal(take_head(&site, &head, &rest).flags, 0);
		assert_int_equal(head.content_length, 5);
		struct ring_entry entry = fake_take(site.fake);
		assert_int_equal(entry.type, RING_RESPONSE_FILE);
		assert_int_equal(entry.block, 0);
		assert_int_equal(entry.offset, 2);
		assert_int_equal(entry.length, 5);
		assert_int_equal(entry.flags, RING_FLAG_END);
	}
	close(fd);
	httpsys_session_free(site.session);
}

static void numbers_in_flight_are_not_given_to_another_file(void **state)
{
	struct site site = site_make(*state);
	int fds[RING_FILES_MAX + 1];
	struct ring_response_head head;
	const char *rest;
	size_t n_seen = 0;

	/* One long answer keeps all numbers busy but one: pieces of one request go one by one. */
	struct httpsys_request *request = site_receive(&site, 0, 0);
	uint32_t generation = site.fake->generation;
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	for (size_t i = 0; i < array_len(fds); i++) {
		fds[i] = make_file("abc");
		assert_int_equal(httpsys_response_write_file(request, fds[i], 0, 3, 0), 0);
		assert_int_equal(httpsys_response_write_file(request, fds[i], 0, 3, 0),
				 HTTPSYS_E_AGAIN);
		uint32_t number = take_file(&site);
		/* The oldest number comes round. */
		assert_int_equal(number, i % RING_FILES_MAX);
		n_seen++;

		struct ring_entry *done = fake_stage(site.fake, 0, RING_REQUEST_FILE_DONE);
		done->generation = generation;
		fake_publish(site.fake);
		site_look(&site);
	}
	assert_int_equal(n_seen, RING_FILES_MAX + 1);
	(void)take_head(&site, &head, &rest);
	for (size_t i = 0; i < array_len(fds); i++) {
		assert_int_equal(fake_take(site.fake).type, RING_RESPONSE_FILE);
		close(fds[i]);
	}
	httpsys_session_free(site.session);
}

static void files_that_cannot_go_by_number_are_copied(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct ring_response_head head;
	struct ring_entry entry;
	const char *rest;

	/* Nobody reads the file lane: its socket fills. */
	unsigned n_by_number = 0;
	int fds[400];
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	for (size_t i = 0; i < array_len(fds); i++) {
		fds[i] = make_file("abc");
		assert_int_equal(httpsys_response_write_file(request, fds[i], 0, 3, 0), 0);
		httpsys_receiver_flush(site.receiver);
		if (i == 0) {
			(void)take_head(&site, &head, &rest);
		}
		entry = fake_take(site.fake);
		if (entry.type == RING_RESPONSE_BODY) {
			break;
		}
		n_by_number++;
		fake_stage(site.fake, 0, RING_REQUEST_FILE_DONE);
		fake_publish(site.fake);
		site_look(&site);
	}
	assert_int_equal(entry.type, RING_RESPONSE_BODY);
	assert_int_equal(entry.length, 3);
	assert_memory_equal(area_response_block(&site.fake->area, entry.block), "abc", 3);
	assert_true(n_by_number > 0);
	for (size_t i = 0; i <= n_by_number; i++) {
		close(fds[i]);
	}
	httpsys_session_free(site.session);
}

static void what_is_no_such_part_of_a_file_is_invalid(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	int fd = make_file("0123456789");
	int dir_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int write_fd = open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, 0, 11), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, 11, 0), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, UINT64_MAX, 2),
			 HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, -1, 0, 0), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, dir_fd, 0, 0),
			 HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fds[0], 0, 0),
			 HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, write_fd, 0, 0),
			 HTTPSYS_E_INVALID);
	/* Still open, and an empty part is an empty answer. */
	assert_int_equal(httpsys_respond_file(request, 200, NULL, 0, fd, 10, 0), 0);
	close(fd);
	close(dir_fd);
	close(write_fd);
	close(fds[0]);
	close(fds[1]);
	httpsys_session_free(site.session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_travels_once_as_long_as_it_has_its_number),
		TEST(numbers_in_flight_are_not_given_to_another_file),
		TEST(files_that_cannot_go_by_number_are_copied),
		TEST(what_is_no_such_part_of_a_file_is_invalid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
