#pragma once
/* SPDX-License-Identifier: MIT */

/* A session with a queue and a receiver at a fake listener. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "httpsys.h"
#include "lib/fake_engine.h"

#define SITE_WAIT_MS 10000 /* for what must happen; a test that waits that long has failed */

struct site {
	struct fake_engine *fake;
	struct httpsys_session *session;
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;
};

static inline struct site site_make(struct fake_engine *fake)
{
	struct site site = {.fake = fake};
	struct httpsys_request *request;

	assert_int_equal(httpsys_session_new(fake->home, &site.session), 0);
	assert_int_equal(httpsys_queue_new(site.session, NULL, NULL, &site.queue), 0);
	assert_int_equal(httpsys_receiver_new(site.queue, NULL, &site.receiver), 0);
	/* The first look installs the lanes. */
	assert_int_equal(httpsys_receive(site.receiver, 0, &request), HTTPSYS_E_AGAIN);

	return site;
}

/* site_receive() - a request arrives in @slot, and is received */
static inline struct httpsys_request *site_receive(struct site *site, uint32_t slot, unsigned flags)
{
	struct httpsys_request *request = NULL;

	fake_request(site->fake, slot, "/path", flags);
	assert_int_equal(httpsys_receive(site->receiver, SITE_WAIT_MS, &request), 0);

	return request;
}

/* site_look() - let the library work, without a request being there */
static inline void site_look(struct site *site)
{
	struct httpsys_request *request;

	assert_int_equal(httpsys_receive(site->receiver, 0, &request), HTTPSYS_E_AGAIN);
}

static inline void assert_bytes(struct httpsys_slice slice, const char *expected)
{
	assert_int_equal(slice.len, strlen(expected));
	assert_memory_equal(slice.data, expected, slice.len);
}

static inline struct httpsys_slice bytes(const char *s)
{
	return (struct httpsys_slice){.data = s, .len = strlen(s)};
}

/* take_head() - the next entry is a head; copies it.  Return: the entry */
static inline struct ring_entry take_head(struct site *site, struct ring_response_head *head,
					  const char **rest)
{
	struct ring_entry entry = fake_take(site->fake);

	assert_int_equal(entry.type, RING_RESPONSE_HEAD);
	const char *at = entry.block == RING_NO_BLOCK
				 ? area_response_slot(&site->fake->area, entry.slot)
				 : area_response_block(&site->fake->area, entry.block);
	memcpy(head, at, sizeof(*head));
	*rest = at + head->head_bytes;

	return entry;
}
