/* SPDX-License-Identifier: MIT */

/* Sessions, groups and queues against a fake listener: calls, refusals, news, loss and return. */

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "httpsys.h"
#include "lib/fake_engine.h"
#include "wire/error.h"

/* What on_state was told. */
struct told {
	unsigned n;
	unsigned n_gone;
	unsigned n_back;
	unsigned n_refused;
	char prefix[64];
	struct httpsys_registration state;
};

static void on_state(void *user, const char *prefix, const struct httpsys_registration *state)
{
	struct told *told = user;

	told->n++;
	told->state = *state;
	told->n_gone += prefix == NULL && state->state == HTTPSYS_STATE_UNREACHABLE;
	told->n_back += prefix == NULL && state->state == HTTPSYS_STATE_SERVED;
	told->n_refused += prefix != NULL && state->state == HTTPSYS_STATE_UNREACHABLE;
	if (prefix != NULL) {
		memcpy(told->prefix, prefix, strlen(prefix) + 1);
	}
}

static struct httpsys_session *connect_to(struct fake_engine *fake)
{
	struct httpsys_session *session = NULL;

	assert_int_equal(httpsys_session_new(fake->home, &session), 0);

	return session;
}

/* dispatch_once() - wait until there is something to do, and do it */
static void dispatch_once(struct httpsys_session *session)
{
	struct pollfd fd = {.fd = httpsys_session_fd(session), .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_int_equal(httpsys_session_dispatch(session), 0);
}

static void without_a_listener_there_is_no_session(void **state)
{
	struct httpsys_session *session;

	assert_int_equal(httpsys_session_new("/nonexistent", &session), HTTPSYS_E_NO_DAEMON);
}

static void another_protocol_version_is_refused(void **state)
{
	struct fake_engine *fake = *state;
	struct httpsys_session *session;

	fake->protocol = WIRE_PROTOCOL_VERSION + 1;
	assert_int_equal(httpsys_session_new(fake->home, &session), HTTPSYS_E_VERSION);
}

static void a_refusal_gives_code_text_and_repair(void **state)
{
	struct fake_engine *fake = *state;
	struct httpsys_session *session = connect_to(fake);
	struct httpsys_group *group;

	assert_int_equal(httpsys_group_new(session, &group), 0);
	fake_refuse(fake, MESSAGE_URL_ADD, WIRE_ERROR_PORT_IN_USE);
	assert_int_equal(httpsys_group_add(group, "http://localhost:80/", 0, NULL),
			 HTTPSYS_E_PORT_IN_USE);
	assert_string_equal(httpsys_session_error(session), "it is refused\nask again");
	fake_refuse(fake, 0, 0);

	struct httpsys_registration registration;
	assert_int_equal(httpsys_group_add(group, "http://localhost:80/", 7, &registration), 0);
	assert_int_equal(registration.state, HTTPSYS_STATE_PARTLY_SERVED);
	assert_string_equal(registration.text, "partly");
	assert_string_equal(registration.repair, "repair it");
	assert_int_equal(httpsys_group_query(group, "http://localhost:80/", &registration), 0);
	assert_int_equal(httpsys_group_remove(group, "HTTP://LOCALHOST:80/"), 0);
	httpsys_session_free(session);
}

static void what_cannot_be_sent_is_refused_here(void **state)
{
	struct fake_engine *fake = *state;
	struct httpsys_session *session = connect_to(fake);
	struct httpsys_group *group;
	struct httpsys_queue *queue;
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(httpsys_group_new(session, &group), 0);
	unsigned n_before = fake->n_calls;
	assert_int_equal(httpsys_group_add(group, "http://\xff/", 0, NULL), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_queue_new(session, name, NULL, &queue), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_queue_new(session, "\xc0", NULL, &queue), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_queue_new(session, "a", "\xc0", &queue), HTTPSYS_E_INVALID);
	assert_int_equal(httpsys_group_set(group, 99, 0), HTTPSYS_E_INVALID);
	assert_int_equal(fake->n_calls, n_before);
	httpsys_session_free(session);
}

static void sharing_is_decided_before_the_first_prefix(void **state)
{
	struct httpsys_session *session = connect_to(*state);
	struct httpsys_group *group;

	assert_int_equal(httpsys_group_new(session, &group), 0);
	assert_int_equal(httpsys_group_set(group, HTTPSYS_GROUP_IS_SHARED, 1), 0);
	assert_int_equal(httpsys_group_add(group, "http://127.0.0.1:80/", 0, NULL), 0);
	assert_int_equal(httpsys_group_set(group, HTTPSYS_GROUP_IS_SHARED, 0), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_group_set(group, HTTPSYS_GROUP_GRACE_MS, 100), 0);
	httpsys_session_free(session);
}

static void null_handles_are_misuse(void **state)
{
	struct httpsys_session *session = connect_to(*state);
	struct httpsys_group *group;
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;
	struct httpsys_request *request;

	assert_int_equal(httpsys_session_new(NULL, NULL), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_session_dispatch(NULL), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_group_new(NULL, &group), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_group_new(session, NULL), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_group_add(NULL, "x", 0, NULL), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_group_bind(NULL, NULL), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_queue_new(NULL, NULL, NULL, &queue), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_queue_open(session, NULL, &queue), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_receiver_new(NULL, NULL, &receiver), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_receive(NULL, 0, &request), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_respond(NULL, 200, NULL, 0, NULL, 0), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_response_end(NULL, NULL, 0), HTTPSYS_E_MISUSE);
	assert_int_equal(httpsys_request_n_fields(NULL), 0);
	assert_null(httpsys_request_path(NULL).data);
	assert_true(httpsys_request_is_gone(NULL));
	httpsys_request_abort(NULL);
	assert_null(httpsys_group_free(NULL));
	assert_null(httpsys_queue_free(NULL));
	assert_null(httpsys_receiver_free(NULL));
	assert_null(httpsys_session_free(NULL));
	assert_string_equal(httpsys_session_error(NULL), "");
	httpsys_session_free(session);
}

static void news_of_a_prefix_reach_the_watcher_through_the_descriptor(void **state)
{
	struct fake_engine *fake = *state;
	struct httpsys_session *session = connect_to(fake);
	struct told told = {.n = 0};

	httpsys_session_watch(session, on_state, &told);
	fake_state(fake, "http://localhost:80/", HTTPSYS_STATE_UNREACHABLE, "address is absent");
	dispatch_once(session);
	assert_int_equal(told.n, 1);
	assert_string_equal(told.prefix, "http://localhost:80/");
	assert_string_equal(told.state.text, "address is absent");

	/* Also those that arrive while a call waits for its answer. */
	struct httpsys_group *group;
	fake_state(fake, "http://localhost:81/", HTTPSYS_STATE_SERVED, "served");
	assert_int_equal(httpsys_group_new(session, &group), 0);
	assert_int_equal(told.n, 1);
	dispatch_once(session);
	assert_int_equal(told.n, 2);
	assert_string_equal(told.prefix, "http://localhost:81/");

	httpsys_session_watch(session, NULL, NULL);
	fake_state(fake, "http://localhost:81/", HTTPSYS_STATE_SERVED, "served");
	dispatch_once(session);
	assert_int_equal(told.n, 2);
	httpsys_session_free(session);
}

/* A session with all kinds of things in it. */
struct site {
	struct httpsys_session *session;
	struct httpsys_group *group;
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;
	struct told told;
};

static void site_make(struct site *site, struct fake_engine *fake)
{
	*site = (struct site){.session = connect_to(fake)};
	httpsys_session_watch(site->session, on_state, &site->told);
	assert_int_equal(httpsys_group_new(site->session, &site->group), 0);
	assert_int_equal(httpsys_group_set(site->group, HTTPSYS_GROUP_GRACE_MS, 5000), 0);
	assert_int_equal(httpsys_queue_new(site->session, "name", "everyone", &site->queue), 0);
	assert_int_equal(httpsys_queue_set(site->queue, HTTPSYS_QUEUE_ENTRIES_MAX, 77), 0);
	assert_int_equal(httpsys_group_bind(site->group, site->queue), 0);
	assert_int_equal(httpsys_receiver_new(site->queue, NULL, &site->receiver), 0);
	assert_int_equal(httpsys_group_add(site->group, "http://localhost:80/a/", 1, NULL), 0);
	assert_int_equal(httpsys_group_add(site->group, "http://localhost:80/b/", 2, NULL), 0);
	assert_int_equal(httpsys_group_remove(site->group, "http://localhost:80/a/"), 0);
}

static void after_a_loss_everything_is_made_again(void **state)
{
	static const enum message_type expected[] = {
		MESSAGE_QUEUE_CREATE, MESSAGE_QUEUE_SET, MESSAGE_RECEIVER_ATTACH,
		MESSAGE_GROUP_CREATE, MESSAGE_GROUP_SET, MESSAGE_GROUP_BIND,
		MESSAGE_URL_ADD,
	};
	struct fake_engine *fake = *state;
	struct site site;

	site_make(&site, fake);
	fake->n_calls = 0;
	fake_drop(fake);
	while (site.told.n_back == 0) {
		dispatch_once(site.session);
	}
	assert_int_equal(site.told.n_gone, 1);
	assert_int_equal(site.told.n_back, 1);

	assert_int_equal(fake->n_calls, array_len(expected));
	for (unsigned i = 0; i < array_len(expected); i++) {
		assert_int_equal(fake->calls[i].type, expected[i]);
	}
	assert_string_equal(fake->calls[0].text, "name");
	assert_int_equal(fake->calls[1].number, 77);
	assert_int_equal(fake->calls[4].number, 5000);
	assert_string_equal(fake->calls[6].text, "http://localhost:80/b/");
	assert_int_equal(fake->calls[6].context, 2);

	/* The same handles go on. */
	assert_int_equal(httpsys_group_add(site.group, "http://localhost:80/c/", 3, NULL), 0);
	httpsys_session_free(site.session);
}

static void while_the_listener_is_away_calls_say_so(void **state)
{
	struct fake_engine *fake = *state;
	struct site site;

	site_make(&site, fake);
	fake_close_socket(fake);
	dispatch_once(site.session);
	assert_int_equal(site.told.n_gone, 1);
	assert_int_equal(httpsys_group_add(site.group, "http://localhost:80/c/", 0, NULL),
			 HTTPSYS_E_NO_DAEMON);
	assert_non_null(strstr(httpsys_session_error(site.session), "not running"));

	/* Some tries fail, then it is back. */
	dispatch_once(site.session);
	dispatch_once(site.session);
	assert_int_equal(site.told.n_back, 0);
	fake_open_socket(fake);
	while (site.told.n_back == 0) {
		dispatch_once(site.session);
	}
	httpsys_session_free(site.session);
}

static void a_prefix_that_is_refused_afterwards_is_told_once_and_tried_again(void **state)
{
	struct fake_engine *fake = *state;
	struct site site;

	site_make(&site, fake);
	fake->n_calls = 0;
	fake_refuse(fake, MESSAGE_URL_ADD, WIRE_ERROR_EXISTS);
	fake_drop(fake);
	while (fake_count(fake, MESSAGE_URL_ADD) < 3) {
		dispatch_once(site.session);
	}
	assert_int_equal(site.told.n_refused, 1);
	assert_string_equal(site.told.prefix, "http://localhost:80/b/");

	fake_refuse(fake, 0, 0);
	unsigned n = fake_count(fake, MESSAGE_URL_ADD);
	while (fake_count(fake, MESSAGE_URL_ADD) == n) {
		dispatch_once(site.session);
	}
	assert_int_equal(site.told.state.state, HTTPSYS_STATE_PARTLY_SERVED);
	/* Nothing else was made twice. */
	assert_int_equal(fake_count(fake, MESSAGE_GROUP_CREATE), 1);
	assert_int_equal(fake_count(fake, MESSAGE_RECEIVER_ATTACH), 1);
	httpsys_session_free(site.session);
}

static void a_malformed_message_ends_the_connection_not_the_session(void **state)
{
	struct fake_engine *fake = *state;
	struct site site;

	site_make(&site, fake);
	fake_garbage(fake);
	dispatch_once(site.session);
	assert_int_equal(site.told.n_gone, 1);
	assert_non_null(strstr(site.told.state.text, "malformed"));
	while (site.told.n_back == 0) {
		dispatch_once(site.session);
	}
	httpsys_session_free(site.session);
}

static void queues_and_groups_are_closed_when_freed(void **state)
{
	struct fake_engine *fake = *state;
	struct site site;

	site_make(&site, fake);
	assert_null(httpsys_receiver_free(site.receiver));
	assert_int_equal(fake_count(fake, MESSAGE_RECEIVER_DETACH), 1);
	assert_null(httpsys_queue_free(site.queue));
	assert_int_equal(fake_count(fake, MESSAGE_QUEUE_CLOSE), 1);
	assert_null(httpsys_group_free(site.group));
	assert_int_equal(fake_count(fake, MESSAGE_GROUP_CLOSE), 1);
	httpsys_session_free(site.session);
}

/* make_all() - what every constructor allocates.  Return: the first code that is not 0 */
static int make_all(struct fake_engine *fake, struct site *site)
{
	int r = httpsys_session_new(fake->home, &site->session);

	r = r != 0 ? r : httpsys_group_new(site->session, &site->group);
	r = r != 0 ? r : httpsys_queue_new(site->session, "n", "everyone", &site->queue);
	r = r != 0 ? r : httpsys_receiver_new(site->queue, NULL, &site->receiver);
	r = r != 0 ? r : httpsys_group_add(site->group, "http://localhost:80/", 0, NULL);

	return r;
}

static void options_out_of_range_are_invalid(void **state)
{
	static const struct httpsys_receiver_options cases[] = {
		{.size = 4},
		{.size = sizeof(cases[0]), .exchanges_max = 15},
		{.size = sizeof(cases[0]), .exchanges_max = 4097},
		{.size = sizeof(cases[0]), .exchanges_max = 16, .prefetch = 17},
		{.size = sizeof(cases[0]), .spin_us = 1001},
	};
	struct httpsys_session *session = connect_to(*state);
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;

	assert_int_equal(httpsys_queue_new(session, NULL, NULL, &queue), 0);
	for (size_t i = 0; i < array_len(cases); i++) {
		assert_int_equal(httpsys_receiver_new(queue, &cases[i], &receiver),
				 HTTPSYS_E_INVALID);
	}
	httpsys_session_free(session);
}

static void a_refused_receiver_leaves_nothing(void **state)
{
	struct fake_engine *fake = *state;
	struct httpsys_session *session = connect_to(fake);
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;

	assert_int_equal(httpsys_queue_new(session, NULL, NULL, &queue), 0);
	fake_refuse(fake, MESSAGE_RECEIVER_ATTACH, WIRE_ERROR_QUOTA);
	assert_int_equal(httpsys_receiver_new(queue, NULL, &receiver), HTTPSYS_E_QUOTA);
	fake_refuse(fake, 0, 0);
	assert_int_equal(httpsys_receiver_new(queue, NULL, &receiver), 0);
	assert_int_equal(fake_count(fake, MESSAGE_RECEIVER_ATTACH), 2);
	httpsys_session_free(session);
}

static void every_failed_allocation_gives_a_code_and_leaves_nothing(void **state)
{
	int r = HTTPSYS_E_NO_MEMORY;

	/* The fake allocates from the same heap; when it is hit it hangs up. */
	for (uint64_t n = 1; r != 0; n++) {
		struct site site = {.session = NULL};

		mem_fail_at(n);
		r = make_all(*state, &site);
		mem_fail_at(0);
		assert_true(r == 0 || r == HTTPSYS_E_NO_MEMORY || r == HTTPSYS_E_NO_DAEMON ||
			    r == HTTPSYS_E_PROTOCOL);
		httpsys_session_free(site.session);
		assert_true(n < 200);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_listener_there_is_no_session),
		TEST(another_protocol_version_is_refused),
		TEST(a_refusal_gives_code_text_and_repair),
		TEST(what_cannot_be_sent_is_refused_here),
		TEST(sharing_is_decided_before_the_first_prefix),
		TEST(null_handles_are_misuse),
		TEST(news_of_a_prefix_reach_the_watcher_through_the_descriptor),
		TEST(after_a_loss_everything_is_made_again),
		TEST(while_the_listener_is_away_calls_say_so),
		TEST(a_prefix_that_is_refused_afterwards_is_told_once_and_tried_again),
		TEST(a_malformed_message_ends_the_connection_not_the_session),
		TEST(queues_and_groups_are_closed_when_freed),
		TEST(options_out_of_range_are_invalid),
		TEST(a_refused_receiver_leaves_nothing),
		TEST(every_failed_allocation_gives_a_code_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
