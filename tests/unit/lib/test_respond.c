/* SPDX-License-Identifier: MIT */

/* Answering against a fake listener: what stands in the ring, waiting for room, events. */

#include <sched.h>
#include <stdlib.h>

#include "lib/site.h"

#define BLOCK_BYTES 32768
#define N_BLOCKS    128

/* give_back() - the engine has sent block @block */
static void give_back(struct site *site, uint32_t block)
{
	fake_stage(site->fake, 0, RING_REQUEST_BLOCK_FREE)->block = block;
	fake_publish(site->fake);
}

static void a_small_answer_is_one_entry(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 2, 0);
	struct httpsys_field fields[] = {{.name = bytes("Content-Type"), .value = bytes("text/x")},
					 {.name = bytes("X-Empty"), .value = bytes("")}};
	struct ring_response_head head;
	const char *rest;

	assert_int_equal(httpsys_respond(request, 404, fields, 2, "body", 4), 0);
	site_look(&site);
	struct ring_entry entry = take_head(&site, &head, &rest);
	assert_int_equal(entry.slot, 2);
	assert_int_equal(entry.generation, site.fake->generation);
	assert_int_equal(entry.block, RING_NO_BLOCK);
	assert_int_equal(entry.flags, RING_FLAG_END);
	assert_int_equal(head.status, 404);
	assert_int_equal(head.n_fields, 2);
	assert_int_equal(head.content_length, 4);
	assert_int_equal(head.head_bytes, sizeof(head) + 8 + 12 + 6 + 8 + 7);
	assert_int_equal(entry.length, head.head_bytes + 4);
	assert_memory_equal(rest, "body", 4);
	assert_memory_equal(rest - 7 - 8 - 6, "text/x", 6);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), HTTPSYS_E_MISUSE);
	assert_int_equal(fake_n_entries(site.fake), 0);
	httpsys_session_free(site.session);
}

static void fields_that_may_not_be_sent_leave_the_request_open(void **state)
{
	static const struct {
		const char *name;
		struct httpsys_slice value;
	} cases[] = {
		{"", {.data = "x", .len = 1}},
		{"a b", {.data = "x", .len = 1}},
		{"a:", {.data = "x", .len = 1}},
		{"a\r\nb", {.data = "x", .len = 1}},
		{"\xc3\xa4", {.data = "x", .len = 1}},
		{"a", {.data = "x\r\nSet-Cookie: y", .len = 16}},
		{"a", {.data = "x\n", .len = 2}},
		{"a", {.data = "x\0", .len = 2}},
		{"Content-Length", {.data = "1", .len = 1}},
		{"transfer-ENCODING", {.data = "chunked", .len = 7}},
		{"Connection", {.data = "close", .len = 5}},
		{"date", {.data = "now", .len = 3}},
	};
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);

	for (size_t i = 0; i < array_len(cases); i++) {
		struct httpsys_field field = {.name = bytes(cases[i].name),
					      .value = cases[i].value};

		assert_int_equal(httpsys_respond(request, 200, &field, 1, NULL, 0),
				 HTTPSYS_E_INVALID);
		assert_int_equal(httpsys_response_begin(request, 200, &field, 1, -1),
				 HTTPSYS_E_INVALID);
	}
	assert_int_equal(httpsys_respond(request, 199, NULL, 0, NULL, 0), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond(request, 1000, NULL, 0, NULL, 0), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_response_begin(request, 101, NULL, 0, -1), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	httpsys_session_free(site.session);
}

static void heads_up_to_a_block_fit_and_larger_ones_do_not(void **state)
{
	static char value[65536];
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct httpsys_field field = {.name = bytes("a"), .value = {.data = value}};
	struct ring_response_head head;
	const char *rest;

	memset(value, 'v', sizeof(value));
	field.value.len = 65536;
	assert_int_equal(httpsys_respond(request, 200, &field, 1, NULL, 0), HTTPSYS_E_TOO_LARGE);
	field.value.len = BLOCK_BYTES;
	assert_int_equal(httpsys_respond(request, 200, &field, 1, NULL, 0), HTTPSYS_E_TOO_LARGE);
	field.value.len = 5000;
	assert_int_equal(httpsys_respond(request, 200, &field, 1, "x", 1), 0);
	site_look(&site);
	struct ring_entry entry = take_head(&site, &head, &rest);
	assert_int_not_equal(entry.block, RING_NO_BLOCK);
	assert_int_equal(entry.flags, RING_FLAG_END);
	assert_int_equal(*rest, 'x');
	httpsys_session_free(site.session);
}

/* What an engine thread does with a large answer: give each block back when it was read. */
struct sink {
	struct site *site;
	size_t n_bytes;
	bool is_ended;
	bool is_right;
};

static void *sink_run(void *argument)
{
	struct sink *sink = argument;
	struct fake_engine *fake = sink->site->fake;

	while (!sink->is_ended) {
		uint32_t n = 0;

		if (ring_reader_count(&fake->reader, &n) != 0 || n == 0) {
			(void)sched_yield();
			continue;
		}
		struct ring_entry entry = ring_reader_take(&fake->reader);
		ring_reader_release(&fake->reader);
		if (entry.type == RING_RESPONSE_BODY) {
			const char *data = area_response_block(&fake->area, entry.block);

			for (uint64_t i = 0; i < entry.length; i++) {
				sink->is_right = sink->is_right &&
						 data[i] == (char)((sink->n_bytes + i) % 251);
			}
			sink->n_bytes += entry.length;
			give_back(sink->site, entry.block);
		}
		sink->is_ended = (entry.flags & RING_FLAG_END) != 0;
	}

	return NULL;
}

static void a_body_larger_than_the_lane_waits_for_its_blocks(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct sink sink = {.site = &site, .is_right = true};
	size_t len = 3 * N_BLOCKS * BLOCK_BYTES + 17;
	char *body = malloc(len);
	pthread_t thread;

	for (size_t i = 0; i < len; i++) {
		body[i] = (char)(i % 251);
	}
	assert_int_equal(pthread_create(&thread, NULL, sink_run, &sink), 0);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, body, len), 0);
	httpsys_receiver_flush(site.receiver);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(sink.n_bytes, len);
	assert_true(sink.is_right);
	free(body);
	httpsys_session_free(site.session);
}

/* What on_event was told, in order, as letters. */
struct told {
	char events[32];
	unsigned n;
};

static void on_event(void *user, struct httpsys_request *request, enum httpsys_event event)
{
	struct told *told = user;

	told->events[told->n++] = "?BSGD"[event];
}

static void a_watched_answer_never_waits(void **state)
{
	static char body[N_BLOCKS * BLOCK_BYTES + 1];
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct told told = {.n = 0};

	httpsys_request_watch(request, on_event, &told);
	/* More than the lane ever holds. */
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, body, sizeof(body)),
			 HTTPSYS_E_TOO_LARGE);

	/* Another one has all blocks. */
	struct httpsys_request *other = site_receive(&site, 1, 0);
	size_t written;
	assert_int_equal(httpsys_response_begin(other, 200, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_write(other, body, sizeof(body), 0, &written), 0);
	assert_int_equal(written, sizeof(body) - 1);
	assert_int_equal(httpsys_response_write(other, body, 1, 0, &written), HTTPSYS_E_AGAIN);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, body, 50000), HTTPSYS_E_AGAIN);
	site_look(&site);
	assert_int_equal(told.n, 0);

	give_back(&site, 0);
	give_back(&site, 1);
	site_look(&site);
	assert_string_equal(told.events, "S");
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, body, 50000), 0);
	httpsys_session_free(site.session);
}

static void the_last_event_comes_when_everything_has_left(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, RING_REQUEST_HAS_BODY);
	struct ring_response_head head;
	struct told told = {.n = 0};
	const char *rest;

	httpsys_request_watch(request, on_event, &told);
	fake_body(site.fake, 0, 1, "abc", RING_FLAG_LAST);
	site_look(&site);
	assert_string_equal(told.events, "B");
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), 0);
	site_look(&site);
	assert_string_equal(told.events, "B");
	while (fake_n_entries(site.fake) > 1) {
		(void)fake_take(site.fake);
	}
	assert_int_equal(take_head(&site, &head, &rest).flags, RING_FLAG_END | RING_FLAG_NOTIFY);

	fake_stage(site.fake, 0, RING_REQUEST_DONE);
	fake_publish(site.fake);
	site_look(&site);
	assert_string_equal(told.events, "BD");
	/* The slot carries the next one. */
	request = site_receive(&site, 0, 0);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	httpsys_session_free(site.session);
}

/* The engine gives a slot out again in the same turn in which it says DONE. */
static void a_slot_may_be_used_again_before_its_last_event_was_told(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct told told = {.n = 0};

	httpsys_request_watch(request, on_event, &told);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), 0);
	site_look(&site);

	fake_stage(site.fake, 0, RING_REQUEST_DONE);
	request = site_receive(&site, 0, 0);
	assert_string_equal(told.events, "D");
	assert_bytes(httpsys_request_method(request), "GET");
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, NULL, 0), 0);
	site_look(&site);
	assert_string_equal(told.events, "D");
	httpsys_session_free(site.session);
}

static void a_watched_request_hears_of_loss_and_then_of_its_end(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct httpsys_request *other = site_receive(&site, 1, 0);
	struct httpsys_request *next;
	struct told told = {.n = 0};
	struct told other_told = {.n = 0};

	httpsys_request_watch(request, on_event, &told);
	httpsys_request_watch(other, on_event, &other_told);
	assert_int_equal(httpsys_respond(other, 200, NULL, 0, NULL, 0), 0);
	fake_drop(site.fake);
	while (told.n == 0) {
		assert_int_equal(httpsys_receive(site.receiver, 20, &next), HTTPSYS_E_TIMEOUT);
	}
	assert_string_equal(told.events, "G");
	assert_string_equal(other_told.events, "D");
	httpsys_request_abort(request);
	site_look(&site);
	assert_string_equal(told.events, "GD");
	httpsys_session_free(site.session);
}

static void pieces_that_were_not_shown_are_joined(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct ring_response_head head;
	const char *rest;
	size_t written;

	assert_int_equal(httpsys_response_write(request, "a", 1, -1, &written), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), HTTPSYS_E_MISUSE);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(httpsys_response_write(request, "abc", 3, -1, &written), 0);
		assert_int_equal(written, 3);
	}
	httpsys_receiver_flush(site.receiver);
	assert_int_equal(httpsys_response_write(request, "def", 3, -1, &written), 0);
	assert_int_equal(httpsys_response_end(request, NULL, 0), 0);
	httpsys_receiver_flush(site.receiver);

	assert_int_equal(take_head(&site, &head, &rest).flags, 0);
	assert_true(head.content_length == RING_LENGTH_UNKNOWN);
	struct ring_entry entry = fake_take(site.fake);
	assert_int_equal(entry.type, RING_RESPONSE_BODY);
	assert_int_equal(entry.length, 30);
	assert_int_equal(entry.flags, 0);
	entry = fake_take(site.fake);
	assert_int_equal(entry.length, 3);
	assert_int_equal(entry.flags, RING_FLAG_END);
	assert_memory_equal(area_response_block(&site.fake->area, entry.block), "def", 3);
	assert_int_equal(fake_n_entries(site.fake), 0);
	httpsys_session_free(site.session);
}

static void an_end_after_everything_was_shown_is_an_empty_piece(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct ring_response_head head;
	const char *rest;

	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	httpsys_receiver_flush(site.receiver);
	assert_int_equal(httpsys_response_end(request, NULL, 0), 0);
	httpsys_receiver_flush(site.receiver);
	assert_int_equal(take_head(&site, &head, &rest).flags, 0);
	struct ring_entry entry = fake_take(site.fake);
	assert_int_equal(entry.type, RING_RESPONSE_BODY);
	assert_int_equal(entry.length, 0);
	assert_int_equal(entry.flags, RING_FLAG_END);
	assert_int_not_equal(entry.block, RING_NO_BLOCK);
	httpsys_session_free(site.session);
}

static void the_length_that_was_said_is_kept(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct ring_response_head head;
	const char *rest;
	size_t written;

	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, 5), 0);
	assert_int_equal(httpsys_response_write(request, "abcdef", 6, -1, &written),
			 HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_response_write(request, "abc", 3, -1, &written), 0);
	assert_int_equal(httpsys_response_write(request, "def", 3, -1, &written),
			 HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_response_end(request, NULL, 0), HTTPSYS_E_INVALID);
	httpsys_receiver_flush(site.receiver);
	(void)take_head(&site, &head, &rest);
	assert_int_equal(head.content_length, 5);
	(void)fake_take(site.fake);
	struct ring_entry entry = fake_take(site.fake);
	assert_int_equal(entry.type, RING_RESPONSE_ABORT);
	assert_int_equal(entry.flags, RING_FLAG_END);
	httpsys_session_free(site.session);
}

static void interim_heads_do_not_touch_the_slot(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct ring_response_head head;
	const char *rest;

	assert_int_equal(httpsys_response_begin(request, 103, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_end(request, NULL, 0), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_respond(request, 200, NULL, 0, "x", 1), 0);
	httpsys_receiver_flush(site.receiver);
	struct ring_entry entry = take_head(&site, &head, &rest);
	assert_int_not_equal(entry.block, RING_NO_BLOCK);
	assert_int_equal(entry.flags, 0);
	assert_int_equal(head.status, 103);
	entry = take_head(&site, &head, &rest);
	assert_int_equal(entry.block, RING_NO_BLOCK);
	assert_int_equal(head.status, 200);
	httpsys_session_free(site.session);
}

static void trailers_end_the_answer(void **state)
{
	struct site site = site_make(*state);
	struct httpsys_request *request = site_receive(&site, 0, 0);
	struct httpsys_field trailer = {.name = bytes("Sum"), .value = bytes("42")};
	struct ring_response_head head;
	const char *rest;

	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_end(request, &trailer, 1), 0);
	httpsys_receiver_flush(site.receiver);
	(void)take_head(&site, &head, &rest);
	struct ring_entry entry = fake_take(site.fake);
	assert_int_equal(entry.type, RING_RESPONSE_TRAILERS);
	assert_int_equal(entry.flags, RING_FLAG_END);
	assert_int_equal(entry.length, 8 + 3 + 2);
	assert_memory_equal(area_response_block(&site.fake->area, entry.block) + 8, "Sum42", 5);

	/* Where there is no chunked body they are dropped. */
	request = site_receive(&site, 1, 0);
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, 0), 0);
	assert_int_equal(httpsys_response_end(request, &trailer, 1), 0);
	httpsys_receiver_flush(site.receiver);
	assert_int_equal(take_head(&site, &head, &rest).flags, RING_FLAG_END);

	/* Ones that may not be sent break the answer off. */
	request = site_receive(&site, 2, 0);
	trailer.value = bytes("a\r\nb");
	assert_int_equal(httpsys_response_begin(request, 200, NULL, 0, -1), 0);
	assert_int_equal(httpsys_response_end(request, &trailer, 1), HTTPSYS_E_INVALID);
	httpsys_receiver_flush(site.receiver);
	(void)take_head(&site, &head, &rest);
	assert_int_equal(fake_take(site.fake).type, RING_RESPONSE_ABORT);
	httpsys_session_free(site.session);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_small_answer_is_one_entry),
		TEST(fields_that_may_not_be_sent_leave_the_request_open),
		TEST(heads_up_to_a_block_fit_and_larger_ones_do_not),
		TEST(a_body_larger_than_the_lane_waits_for_its_blocks),
		TEST(a_watched_answer_never_waits),
		TEST(the_last_event_comes_when_everything_has_left),
		TEST(a_slot_may_be_used_again_before_its_last_event_was_told),
		TEST(a_watched_request_hears_of_loss_and_then_of_its_end),
		TEST(pieces_that_were_not_shown_are_joined),
		TEST(an_end_after_everything_was_shown_is_an_empty_piece),
		TEST(the_length_that_was_said_is_kept),
		TEST(interim_heads_do_not_touch_the_slot),
		TEST(trailers_end_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
