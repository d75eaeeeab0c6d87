/* SPDX-License-Identifier: MIT */

/* Receiving against a fake listener: delivery, waiting, bodies, loss, and engines that lie. */

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/site.h"

static uint32_t credit(struct site *site)
{
	return __atomic_load_n(&area_response_header(&site->fake->area)->credit, __ATOMIC_ACQUIRE);
}

static bool is_asleep(struct site *site)
{
	return __atomic_load_n(site->fake->writer.sleeps, __ATOMIC_SEQ_CST) != 0;
}

/* was_woken() - did the library write the engine's eventfd since the last look? */
static bool was_woken(struct site *site)
{
	eventfd_t n;

	return eventfd_read(site->fake->engine_fd, &n) == 0;
}

static void a_request_has_all_that_the_slot_says(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 3, 0);
	struct sockaddr_storage address;

	assert_bytes(httpsys_request_method(request), "GET");
	assert_bytes(httpsys_request_target(request), "/raw?a=b");
	assert_bytes(httpsys_request_host(request), "localhost");
	assert_bytes(httpsys_request_path(request), "/path");
	assert_bytes(httpsys_request_query(request), "a=b");
	assert_bytes(httpsys_request_prefix(request), "http://localhost:80/");
	assert_bytes(httpsys_request_field(request, "x-SECOND"), "two");
	assert_null(httpsys_request_field(request, "Third").data);
	assert_int_equal(httpsys_request_n_fields(request), 2);
	assert_bytes(httpsys_request_field_at(request, 0).name, "Accept");
	assert_bytes(httpsys_request_field_at(request, 0).value, "text/html");
	assert_null(httpsys_request_field_at(request, 2).name.data);
	assert_int_equal(httpsys_request_id(request), 1003);
	assert_int_equal(httpsys_request_connection_id(request), 11);
	assert_int_equal(httpsys_request_context(request), 42);
	assert_int_equal(httpsys_request_version(request), 11);
	assert_int_equal(httpsys_request_content_length(request), 0);
	assert_false(httpsys_request_is_gone(request));

	httpsys_request_remote(request, &address);
	assert_int_equal(address.ss_family, AF_INET);
	assert_int_equal(ntohl(((struct sockaddr_in *)&address)->sin_addr.s_addr), 0x7f000001);
	assert_int_equal(ntohs(((struct sockaddr_in *)&address)->sin_port), 5555);
	httpsys_request_local(request, &address);
	assert_int_equal(address.ss_family, AF_INET6);
	assert_int_equal(((struct sockaddr_in6 *)&address)->sin6_addr.s6_addr[15], 1);
	httpsys_session_free(site.session);
}

static void offsets_outside_the_slot_give_nothing(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct ring_request_head *head = (void *)area_request_slot(&site.fake->area, 0);

	head->path.offset = 1u << 30;
	assert_null(httpsys_request_path(request).data);
	head->host.len = UINT32_MAX;
	assert_null(httpsys_request_host(request).data);
	/* The table of fields was checked when the request came: a change does not move it. */
	head->n_fields = UINT32_MAX;
	head->fields_offset = UINT32_MAX - 7;
	assert_int_equal(httpsys_request_n_fields(request), 2);
	assert_bytes(httpsys_request_field(request, "X-Second"), "two");
	httpsys_session_free(site.session);
}

static void credit_is_what_was_taken_and_the_prefetch(void **state)
{
	struct site site = site_make(*state);

	/* The default prefetch is more than the lane's 16 slots. */
	assert_int_equal(credit(&site), 16);
	for (uint32_t i = 0; i < 16; i++) {
		struct httpsys_request *request = site_receive(&site, i, 0);

		assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
		site_look(&site);
		assert_int_equal(credit(&site), 16 + i + 1);
	}
	httpsys_session_free(site.session);
}

static void an_engine_that_waits_for_credit_is_woken_by_it(void **state)
{
	struct site site = site_make(*state);

	area_request_header(&site.fake->area)->wants = 1;
	(void)was_woken(&site);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	site_look(&site);
	assert_true(was_woken(&site));
	area_request_header(&site.fake->area)->wants = 0;
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	site_look(&site);
	assert_false(was_woken(&site));
	httpsys_session_free(site.session);
}

static void a_sleeping_engine_is_woken_once_for_all_answers(void **state)
{
	struct site site = site_make(*state);

	for (uint32_t i = 0; i < 4; i++) {
		fake_request(site.fake, i, "/path", 0);
	}
	(void)was_woken(&site);
	assert_true(ring_reader_sleep(&site.fake->reader));
	for (uint32_t i = 0; i < 4; i++) {
		struct httpsys_request *request;

		assert_int_equal(httpsys_receive(site.receiver, 0, &request), 0);
		assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	}
	site_look(&site);
	assert_true(was_woken(&site));
	site_look(&site);
	assert_false(was_woken(&site));
	assert_int_equal(fake_n_entries(site.fake), 4);
	httpsys_session_free(site.session);
}

static void flush_shows_and_wakes_at_once(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);

	(void)was_woken(&site);
	assert_true(ring_reader_sleep(&site.fake->reader));
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	assert_int_equal(fake_n_entries(site.fake), 0);
	httpsys_receiver_flush(site.receiver);
	assert_int_equal(fake_n_entries(site.fake), 1);
	assert_true(was_woken(&site));
	httpsys_session_free(site.session);
}

static void time_is_up_and_looking_are_told_apart(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request;

	assert_int_equal(httpsys_receive(site.receiver, 0, &request), HTTPSYS_E_AGAIN);
	assert_int_equal(httpsys_receive(site.receiver, 5, &request), HTTPSYS_E_TIMEOUT);
	httpsys_session_free(site.session);
}

static void the_descriptor_is_readable_when_something_comes_and_not_after_again(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request;
	struct pollfd fd = {.fd = httpsys_receiver_fd(site.receiver), .events = POLLIN};

	site_look(&site);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_true(is_asleep(&site));
	fake_request(site.fake, 0, "/path", 0);
	assert_int_equal(poll(&fd, 1, SITE_WAIT_MS), 1);
	assert_int_equal(httpsys_receive(site.receiver, 0, &request), 0);
	assert_false(is_asleep(&site));
	site_look(&site);
	assert_int_equal(poll(&fd, 1, 0), 0);
	assert_int_equal(httpsys_receiver_fd(site.receiver), fd.fd);
	httpsys_session_free(site.session);
}

static void a_blocking_call_beside_an_event_loop_loses_no_request(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *reading = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
	struct httpsys_request *request;
	struct httpsys_slice data;
	struct pollfd fd = {.fd = httpsys_receiver_fd(site.receiver), .events = POLLIN};

	/* Another request arrives while the program, outside of httpsys_receive(), reads a body. */
	site_look(&site);
	struct ring_entry *entry = fake_stage(site.fake, 0, RING_REQUEST_BODY);
	entry->block = 0;
	entry->length = 3;
	memcpy(area_request_block(&site.fake->area, 0), "abc", 3);
	fake_request(site.fake, 1, "/other", 0);
	assert_int_equal(httpsys_request_read(reading, SITE_WAIT_MS, &data), 0);
	assert_bytes(data, "abc");
	assert_int_equal(poll(&fd, 1, SITE_WAIT_MS), 1);
	assert_int_equal(httpsys_receive(site.receiver, 0, &request), 0);
	assert_bytes(httpsys_request_path(request), "/other");
	site_look(&site);
	assert_int_equal(poll(&fd, 1, 0), 0);
	httpsys_session_free(site.session);
}

static void bodies_are_read_in_place_and_handed_back(void **state)
{
	struct site site = site_make(*state);
	unsigned flags = RING_REQUEST_HAS_BODY | RING_REQUEST_EXPECTS;
	struct httpsys_request *request = site_receive(&site, 0, flags);
	struct httpsys_slice data;

	assert_int_equal(httpsys_request_content_length(request), -1);
	assert_int_equal(httpsys_request_read(request, 0, &data), HTTPSYS_E_AGAIN);
	assert_int_equal(fake_take(site.fake).type, RING_RESPONSE_WANT_BODY);

	fake_body(site.fake, 0, 5, "first", 0);
	fake_body(site.fake, 0, 6, "second", RING_FLAG_LAST);
	assert_int_equal(httpsys_request_read(request, SITE_WAIT_MS, &data), 0);
	assert_bytes(data, "first");
	assert_int_equal(httpsys_request_read(request, SITE_WAIT_MS, &data), 0);
	assert_bytes(data, "second");
	assert_int_equal(httpsys_request_read(request, SITE_WAIT_MS, &data), HTTPSYS_E_END);
	assert_int_equal(httpsys_request_read(request, SITE_WAIT_MS, &data), HTTPSYS_E_END);
	site_look(&site);
	for (uint32_t block = 5; block <= 6; block++) {
		struct ring_entry entry = fake_take(site.fake);

		assert_int_equal(entry.type, RING_RESPONSE_BODY_FREE);
		assert_int_equal(entry.block, block);
	}
	assert_int_equal(fake_n_entries(site.fake), 0);
	httpsys_session_free(site.session);
}

static void trailers_are_there_after_the_end(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
	struct ring_response_field field = {.name_len = 3, .value_len = 4};
	struct httpsys_slice data;
	char trailers[2 * (sizeof(field) + 7)];

	for (size_t i = 0; i < 2; i++) {
		char *at = trailers + i * (sizeof(field) + 7);

		memcpy(at, &field, sizeof(field));
		memcpy(at + sizeof(field), i == 0 ? "oneUNO!" : "twoDUE!", 7);
	}
	struct ring_entry *entry = fake_stage(site.fake, 0, RING_REQUEST_BODY);
	entry->block = 9;
	entry->length = sizeof(trailers);
	entry->flags = RING_FLAG_LAST | RING_FLAG_TRAILERS;
	memcpy(area_request_block(&site.fake->area, 9), trailers, sizeof(trailers));
	fake_publish(site.fake);

	assert_null(httpsys_request_trailer(request, "one").data);
	assert_int_equal(httpsys_request_read(request, SITE_WAIT_MS, &data), HTTPSYS_E_END);
	assert_bytes(httpsys_request_trailer(request, "ONE"), "UNO!");
	assert_bytes(httpsys_request_trailer(request, "two"), "DUE!");
	assert_null(httpsys_request_trailer(request, "three").data);

	/* A record that claims more than there is ends the search. */
	area_request_block(&site.fake->area, 9)[0] = 127;
	assert_null(httpsys_request_trailer(request, "two").data);
	httpsys_session_free(site.session);
}

static void a_body_that_nobody_reads_goes_back_with_the_answer(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
	unsigned n_freed = 0;

	fake_body(site.fake, 0, 1, "a", 0);
	fake_body(site.fake, 0, 2, "b", 0);
	site_look(&site);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	/* One that crossed with the answer. */
	fake_body(site.fake, 0, 3, "c", RING_FLAG_LAST);
	site_look(&site);
	site_look(&site);
	while (fake_n_entries(site.fake) > 0) {
		n_freed += fake_take(site.fake).type == RING_RESPONSE_BODY_FREE;
	}
	assert_int_equal(n_freed, 3);
	httpsys_session_free(site.session);
}

static void a_client_that_has_gone_is_told_everywhere(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
	struct httpsys_slice data;

	fake_stage(site.fake, 0, RING_REQUEST_GONE);
	fake_publish(site.fake);
	assert_int_equal(httpsys_request_read(request, SITE_WAIT_MS, &data), HTTPSYS_E_GONE);
	assert_true(httpsys_request_is_gone(request));
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), HTTPSYS_E_GONE);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), HTTPSYS_E_GONE);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), HTTPSYS_E_MISUSE);

	/* The exchange is ended all the same, so that its slot comes free. */
	site_look(&site);
	assert_int_equal(fake_take(site.fake).type, RING_RESPONSE_WANT_BODY);
	struct ring_entry entry = fake_take(site.fake);
	assert_int_equal(entry.type, RING_RESPONSE_ABORT);
	assert_int_equal(entry.flags, RING_FLAG_END);
	httpsys_session_free(site.session);
}

static void requests_in_work_are_gone_with_the_listener_and_new_ones_come(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *first = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
	struct httpsys_request *request;
	struct httpsys_slice path = httpsys_request_path(first);

	fake_drop(site.fake);
	while (fake_count(site.fake, MESSAGE_RECEIVER_ATTACH) < 2) {
		assert_int_equal(httpsys_receive(site.receiver, 20, &request), HTTPSYS_E_TIMEOUT);
	}
	site_look(&site);
	assert_true(httpsys_request_is_gone(first));
	/* What was handed out is still readable. */
	assert_bytes(path, "/path");

	request = site_receive(&site, 0, 0);
	assert_int_equal(httpsys_respond(first, 200, NULL, 0, "x", 1), HTTPSYS_E_GONE);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), 0);
	site_look(&site);
	assert_int_equal(fake_take(site.fake).type, RING_RESPONSE_HEAD);
	assert_int_equal(fake_n_entries(site.fake), 0);
	httpsys_session_free(site.session);
}

/* Ways of an engine to break the protocol. */
static void head_is_impossible(struct site *site)
{
	*site->fake->writer.head += 100000;
}

static void type_is_unknown(struct site *site)
{
	fake_stage(site->fake, 0, 31);
}

static void slot_does_not_exist(struct site *site)
{
	fake_stage(site->fake, 16, RING_REQUEST_GONE);
}

static void slot_is_in_use(struct site *site)
{
	fake_stage(site->fake, 0, RING_REQUEST_NEW)->length = sizeof(struct ring_request_head);
}

static void head_is_longer_than_the_slot(struct site *site)
{
	fake_stage(site->fake, 1, RING_REQUEST_NEW)->length = 1u << 20;
}

static void fields_are_outside_the_slot(struct site *site)
{
	struct ring_request_head *head = (void *)area_request_slot(&site->fake->area, 1);

	head->n_fields = UINT32_MAX;
	fake_stage(site->fake, 1, RING_REQUEST_NEW)->length = sizeof(*head);
}

static void block_does_not_exist(struct site *site)
{
	fake_stage(site->fake, 0, RING_REQUEST_BODY)->block = 128;
}

static void block_comes_twice(struct site *site)
{
	fake_stage(site->fake, 0, RING_REQUEST_BODY)->block = 1;
	fake_stage(site->fake, 0, RING_REQUEST_BODY)->block = 1;
}

static void body_is_longer_than_its_block(struct site *site)
{
	struct ring_entry *entry = fake_stage(site->fake, 0, RING_REQUEST_BODY);

	entry->block = 1;
	entry->length = 1u << 30;
}

static void body_goes_on_after_its_end(struct site *site)
{
	fake_stage(site->fake, 0, RING_REQUEST_BODY)->flags = RING_FLAG_LAST;
	fake_stage(site->fake, 0, RING_REQUEST_BODY)->flags = RING_FLAG_LAST;
}

static void free_block_is_freed(struct site *site)
{
	fake_stage(site->fake, 0, RING_REQUEST_BLOCK_FREE)->block = 0;
}

static void an_engine_that_breaks_the_protocol_is_given_up(void **state)
{
	static void (*const offences[])(struct site * site) = {
		head_is_impossible,
		type_is_unknown,
		slot_does_not_exist,
		slot_is_in_use,
		head_is_longer_than_the_slot,
		fields_are_outside_the_slot,
		block_does_not_exist,
		block_comes_twice,
		body_is_longer_than_its_block,
		body_goes_on_after_its_end,
		free_block_is_freed,
	};
	struct site site = site_make(*state);

	for (unsigned i = 0; i < array_len(offences); i++) {
		struct httpsys_request *request = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
		struct httpsys_request *next;

		offences[i](&site);
		if (offences[i] != head_is_impossible) {
			fake_publish(site.fake);
		}
		/* The session goes on with new lanes. */
		while (fake_count(site.fake, MESSAGE_RECEIVER_ATTACH) < i + 2) {
			assert_int_equal(httpsys_receive(site.receiver, 20, &next),
					 HTTPSYS_E_TIMEOUT);
		}
		site_look(&site);
		assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), HTTPSYS_E_GONE);
	}
	httpsys_session_free(site.session);
}

static void *receive_run(void *argument)
{
	struct site *site = argument;
	struct httpsys_request *request;

	return (void *)(intptr_t)httpsys_receive(site->receiver, -1, &request);
}

static void freeing_the_queue_ends_a_waiting_receive(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request;
	pthread_t thread;
	void *r;

	assert_int_equal(pthread_create(&thread, NULL, receive_run, &site), 0);
	httpsys_queue_free(site.queue);
	assert_int_equal(pthread_join(thread, &r), 0);
	assert_int_equal((intptr_t)r, HTTPSYS_E_SHUTDOWN);

	/* The handle stays good for saying so, until the session ends. */
	assert_int_equal(httpsys_receive(site.receiver, 0, &request), HTTPSYS_E_SHUTDOWN);
	httpsys_session_free(site.session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_has_all_that_the_slot_says),
		TEST(offsets_outside_the_slot_give_nothing),
		TEST(credit_is_what_was_taken_and_the_prefetch),
		TEST(an_engine_that_waits_for_credit_is_woken_by_it),
		TEST(a_sleeping_engine_is_woken_once_for_all_answers),
		TEST(flush_shows_and_wakes_at_once),
		TEST(time_is_up_and_looking_are_told_apart),
		TEST(the_descriptor_is_readable_when_something_comes_and_not_after_again),
		TEST(a_blocking_call_beside_an_event_loop_loses_no_request),
		TEST(bodies_are_read_in_place_and_handed_back),
		TEST(trailers_are_there_after_the_end),
		TEST(a_body_that_nobody_reads_goes_back_with_the_answer),
		TEST(a_client_that_has_gone_is_told_everywhere),
		TEST(requests_in_work_are_gone_with_the_listener_and_new_ones_come),
		TEST(an_engine_that_breaks_the_protocol_is_given_up),
		TEST(freeing_the_queue_ends_a_waiting_receive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
