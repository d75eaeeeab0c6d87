/* SPDX-License-Identifier: MIT */

/*
 * Each thing that the ring protocol forbids, its named outcome, and another application that is
 * served meanwhile.
 */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "rogue.h"

/* One misdeed: the request was taken; what is staged is published afterwards. */
typedef void misdeed(struct rogue *rogue);

static void wrong_slot(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, "ok"), RING_FLAG_END)->slot = 16;
}

static void huge_slot(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, "ok"), RING_FLAG_END)->slot = UINT32_MAX;
}

static void free_slot(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, "ok"), RING_FLAG_END)->slot =
		(rogue->slot + 1) % 16;
}

static void wrong_generation(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, "ok"), RING_FLAG_END)->generation++;
}

static void unknown_type(struct rogue *rogue)
{
	rogue_entry(rogue, 77, RING_FLAG_END);
}

static void engines_type(struct rogue *rogue)
{
	rogue_entry(rogue, RING_REQUEST_NEW, 0);
}

static void head_too_short(struct rogue *rogue)
{
	rogue_put_head(rogue, sizeof(struct ring_response_head) - 1, RING_FLAG_END);
}

static void head_too_long(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue->area.geometry.response_slot_bytes + 1, RING_FLAG_END);
}

static void head_endless(struct rogue *rogue)
{
	rogue_put_head(rogue, 0, RING_FLAG_END)->length = UINT64_MAX;
}

static void head_in_no_block(struct rogue *rogue)
{
	rogue_put_head(rogue, 100, RING_FLAG_END)->block = rogue->area.geometry.n_blocks;
}

static void head_bytes_over_length(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_header(rogue)->head_bytes = len + 1;
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void head_bytes_below_head(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_header(rogue)->head_bytes = 3;
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void too_many_fields(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_header(rogue)->n_fields = 5;
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void reason_over_head(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_header(rogue)->reason_len = 60000;
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void value_over_head(struct rogue *rogue)
{
	static const char *const fields[] = {"X", "y", NULL};
	uint32_t len = rogue_head(rogue, 200, fields, "ok");
	struct ring_response_field field = {.name_len = 1, .value_len = UINT32_MAX};

	memcpy(area_response_slot(&rogue->area, rogue->slot) + sizeof(struct ring_response_head),
	       &field, sizeof(field));
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void put_fields(struct rogue *rogue, const char *name, const char *value)
{
	const char *const fields[] = {name, value, NULL};

	rogue_put_head(rogue, rogue_head(rogue, 200, fields, "ok"), RING_FLAG_END);
}

static void line_end_in_value(struct rogue *rogue)
{
	put_fields(rogue, "X", "a\r\nSet-Cookie: b");
}

static void line_end_in_name(struct rogue *rogue)
{
	put_fields(rogue, "X: a\r\nY", "b");
}

static void line_feed_in_value(struct rogue *rogue)
{
	put_fields(rogue, "X", "a\nb");
}

static void content_length_that_lies(struct rogue *rogue)
{
	put_fields(rogue, "Content-Length", "1");
}

static void two_content_lengths(struct rogue *rogue)
{
	static const char *const fields[] = {"Content-Length", "2", "Content-Length", "3", NULL};

	rogue_put_head(rogue, rogue_head(rogue, 200, fields, "ok"), RING_FLAG_END);
}

static void transfer_encoding(struct rogue *rogue)
{
	put_fields(rogue, "Transfer-Encoding", "chunked");
}

static void line_end_in_reason(struct rogue *rogue)
{
	static const char *const none[] = {NULL};
	uint32_t len = rogue_head(rogue, 200, none, "\r\nX: y");

	rogue_header(rogue)->head_bytes = len;
	rogue_header(rogue)->reason_len = 6;
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void status_out_of_range(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 42, NULL, "ok"), RING_FLAG_END);
}

static void status_101(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 101, NULL, ""), 0);
	rogue_entry(rogue, RING_RESPONSE_ABORT, 0);
}

static void interim_that_ends(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 103, NULL, ""), RING_FLAG_END);
}

static void body_before_head(struct rogue *rogue)
{
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_BODY, RING_FLAG_END);

	entry->block = 0;
	entry->length = 5;
}

static void body_outside_its_block(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, ""), 0);
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_BODY, 0);

	entry->block = 0;
	entry->offset = rogue->area.geometry.block_bytes;
	entry->length = 1;
}

static void body_offset_overflows(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, ""), 0);
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_BODY, 0);

	entry->block = 0;
	entry->offset = UINT64_MAX;
	entry->length = 2;
}

static void body_in_no_block(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, ""), 0);
	rogue_entry(rogue, RING_RESPONSE_BODY, 0)->block = 100000;
}

static void more_than_promised(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_header(rogue)->content_length = 3;
	rogue_put_head(rogue, len, 0);
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_BODY, RING_FLAG_END);
	entry->block = 0;
	entry->length = 2;
}

static void less_than_promised(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_header(rogue)->content_length = 3;
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void two_heads(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_put_head(rogue, len, 0);
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void trailers_of_junk(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, "ok"), 0);
	memset(area_response_block(&rogue->area, 3), 0xff, 64);
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_TRAILERS, 0);
	entry->block = 3;
	entry->length = 64;
}

static void foreign_request_block(struct rogue *rogue)
{
	rogue_entry(rogue, RING_RESPONSE_BODY_FREE, 0)->block = 5;
}

static void request_block_out_of_range(struct rogue *rogue)
{
	rogue_entry(rogue, RING_RESPONSE_BODY_FREE, 0)->block = 100000;
}

static void head_counter_runs_away(struct rogue *rogue)
{
	rogue->writer.staged += 5 * rogue->area.geometry.n_entries;
}

static void head_counter_runs_back(struct rogue *rogue)
{
	rogue->writer.staged -= 3;
}

static void one_block_again_and_again(struct rogue *rogue)
{
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, ""), 0);
	/* Nothing reads so fast; and what was sent does not matter when the ring is lied about. */
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 400; i++) {
			struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_BODY, 0);

			entry->block = 0;
			entry->length = rogue->area.geometry.block_bytes;
		}
		rogue_ring(rogue);
		harness_pause(2);
	}
}

static void one_end_too_many(struct rogue *rogue)
{
	uint32_t len = rogue_head(rogue, 200, NULL, "ok");

	rogue_put_head(rogue, len, RING_FLAG_END);
	rogue_put_head(rogue, len, RING_FLAG_END);
}

static void file_that_was_never_sent(struct rogue *rogue)
{
	rogue_begin_file(rogue, 7, 0, 10);
}

static void file_number_out_of_range(struct rogue *rogue)
{
	rogue_begin_file(rogue, 70000, 0, 10);
}

static void send_and_begin(struct rogue *rogue, int fd, uint64_t offset, uint64_t length)
{
	assert_true(fd >= 0);
	rogue_send_file(rogue, 1, fd);
	close(fd);
	rogue_begin_file(rogue, 1, offset, length);
}

static void directory_as_file(struct rogue *rogue)
{
	send_and_begin(rogue, open("/tmp", O_RDONLY | O_DIRECTORY), 0, 10);
}

static void pipe_as_file(struct rogue *rogue)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	send_and_begin(rogue, fds[0], 0, 10);
	close(fds[1]);
}

static void socket_as_file(struct rogue *rogue)
{
	send_and_begin(rogue, socket(AF_UNIX, SOCK_STREAM, 0), 0, 10);
}

static void device_as_file(struct rogue *rogue)
{
	send_and_begin(rogue, open("/dev/zero", O_RDONLY), 0, 10);
}

static void file_beyond_its_end(struct rogue *rogue)
{
	send_and_begin(rogue, rogue_file(100), 95, 6);
}

static void file_offset_overflows(struct rogue *rogue)
{
	send_and_begin(rogue, rogue_file(100), UINT64_MAX, 2);
}

static void file_lane_garbage(struct rogue *rogue)
{
	assert_int_equal(send(rogue->file_fd, "junk", 4, 0), 4);
	rogue_begin_file(rogue, 0, 0, 10);
}

static void file_lane_number(struct rogue *rogue)
{
	rogue_send_file(rogue, RING_FILES_MAX, rogue->event_fd);
	rogue_begin_file(rogue, 0, 0, 10);
}

static void file_lane_without_descriptor(struct rogue *rogue)
{
	const struct ring_file_message body = {.number = 1};

	assert_int_equal(send(rogue->file_fd, &body, sizeof(body), 0), sizeof(body));
	rogue_begin_file(rogue, 1, 0, 10);
}

static void file_lane_closed(struct rogue *rogue)
{
	close(rogue->file_fd);
	rogue->file_fd = -1;
	rogue_begin_file(rogue, 1, 0, 10);
}

static void file_before_head(struct rogue *rogue)
{
	int fd = rogue_file(100);

	rogue_send_file(rogue, 1, fd);
	close(fd);
	struct ring_entry *entry = rogue_entry(rogue, RING_RESPONSE_FILE, RING_FLAG_END);
	entry->block = 1;
	entry->length = 10;
}

static void wants_a_body_that_is_none(struct rogue *rogue)
{
	for (int i = 0; i < 20; i++) {
		rogue_entry(rogue, RING_RESPONSE_WANT_BODY, 0);
	}
	rogue_put_head(rogue, rogue_head(rogue, 200, NULL, "ok"), RING_FLAG_END);
}

static void end_after_an_abort(struct rogue *rogue)
{
	rogue_entry(rogue, RING_RESPONSE_ABORT, RING_FLAG_END | RING_FLAG_NOTIFY);
}

static const struct {
	const char *name;
	misdeed *commit;
	enum outcome outcome;
} misdeeds[] = {
#define ROW(name, outcome)                     \
	{                                      \
#name, name, OUTCOME_##outcome \
	}
	ROW(wrong_slot, CUT_OFF),
	ROW(huge_slot, CUT_OFF),
	ROW(free_slot, CUT_OFF),
	ROW(wrong_generation, CUT_OFF),
	ROW(unknown_type, CUT_OFF),
	ROW(engines_type, CUT_OFF),
	ROW(head_too_short, CUT_OFF),
	ROW(head_too_long, CUT_OFF),
	ROW(head_endless, CUT_OFF),
	ROW(head_in_no_block, CUT_OFF),
	ROW(head_bytes_over_length, REFUSED),
	ROW(head_bytes_below_head, REFUSED),
	ROW(too_many_fields, REFUSED),
	ROW(reason_over_head, REFUSED),
	ROW(value_over_head, REFUSED),
	ROW(line_end_in_value, REFUSED),
	ROW(line_end_in_name, REFUSED),
	ROW(line_feed_in_value, REFUSED),
	ROW(content_length_that_lies, REFUSED),
	ROW(two_content_lengths, REFUSED),
	ROW(transfer_encoding, SERVED),
	ROW(line_end_in_reason, REFUSED),
	ROW(status_out_of_range, REFUSED),
	ROW(status_101, REFUSED),
	ROW(interim_that_ends, REFUSED),
	ROW(body_before_head, REFUSED),
	ROW(body_outside_its_block, CUT_OFF),
	ROW(body_offset_overflows, CUT_OFF),
	ROW(body_in_no_block, CUT_OFF),
	ROW(more_than_promised, RESET),
	ROW(less_than_promised, RESET),
	ROW(two_heads, RESET),
	ROW(trailers_of_junk, RESET),
	ROW(foreign_request_block, CUT_OFF),
	ROW(request_block_out_of_range, CUT_OFF),
	ROW(head_counter_runs_away, CUT_OFF),
	ROW(head_counter_runs_back, CUT_OFF),
	ROW(one_block_again_and_again, CUT_OFF),
	ROW(one_end_too_many, CUT_OFF),
	ROW(file_that_was_never_sent, RESET),
	ROW(file_number_out_of_range, RESET),
	ROW(directory_as_file, RESET),
	ROW(pipe_as_file, RESET),
	ROW(socket_as_file, RESET),
	ROW(device_as_file, RESET),
	ROW(file_beyond_its_end, RESET),
	ROW(file_offset_overflows, RESET),
	ROW(file_lane_garbage, CUT_OFF),
	ROW(file_lane_number, CUT_OFF),
	ROW(file_lane_without_descriptor, CUT_OFF),
	ROW(file_lane_closed, RESET),
	ROW(file_before_head, REFUSED),
	ROW(wants_a_body_that_is_none, SERVED),
	ROW(end_after_an_abort, RESET),
#undef ROW
};

static void each_misdeed_has_its_outcome(void **state)
{
	struct fixture fixture = fixture_start(rogue_parameters);

	(void)state;
	for (size_t i = 0; i < sizeof(misdeeds) / sizeof(misdeeds[0]); i++) {
		struct rogue rogue;
		rogue_start(&rogue, fixture.harness, fixture.port, "/rogue/");
		struct client client = client_open(fixture.port);

		client_send(&client, ROGUE_GET);
		rogue_take(&rogue);
		misdeeds[i].commit(&rogue);
		rogue_ring(&rogue);
		rogue_assert_outcome(misdeeds[i].name, misdeeds[i].outcome, &rogue, &client);
		rogue_assert_others_served(&fixture);

		/* Whoever was not cut off is served again, in the same slot. */
		if (misdeeds[i].outcome != OUTCOME_CUT_OFF && rogue.file_fd != -1) {
			struct client again = client_open(fixture.port);

			client_send(&again, ROGUE_GET);
			rogue_take(&rogue);
			rogue_put_head(&rogue, rogue_head(&rogue, 200, NULL, "ok"), RING_FLAG_END);
			rogue_ring(&rogue);
			rogue_assert_outcome(misdeeds[i].name, OUTCOME_SERVED, &rogue, &again);
			client_close(&again);
		}
		client_close(&client);
		rogue_end(&rogue);
	}
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_misdeed_has_its_outcome),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
