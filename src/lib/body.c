/* SPDX-License-Identifier: MIT */

/*
 * Reading a request's body; see body.h.  A block belongs to the application from its REQUEST_BODY
 * entry until BODY_FREE, whatever becomes of the exchange: what is not handed back is what the
 * engine cannot fill again, so a reader that stops reading stops the client.
 */

#include "lib/body.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "base/slice.h"
#include "httpsys.h"
#include "lib/lane.h"
#include "lib/receiver.h"
#include "lib/request.h"

static void body_free_block(struct httpsys_request *request, uint32_t *block)
{
	if (*block != RING_NO_BLOCK) {
		lane_free_body(request->lane, request, *block);
		*block = RING_NO_BLOCK;
	}
}

void body_discard(struct httpsys_request *request)
{
	assert(request != NULL);

	body_free_block(request, &request->body_held);
	while (request->body_first != RING_NO_BLOCK) {
		uint32_t block = request->body_first;

		request->body_first = request->lane->bodies[block].next;
		lane_free_body(request->lane, request, block);
	}
	body_free_block(request, &request->body_trailers);
}

/* body_next() - the next block that waits, if any.  Return: false: none */
static bool body_next(struct httpsys_request *request, struct httpsys_slice *ret_data)
{
	struct lane *lane = request->lane;

	while (request->body_first != RING_NO_BLOCK) {
		uint32_t block = request->body_first;

		request->body_first = lane->bodies[block].next;
		if (lane->bodies[block].len == 0) {
			lane_free_body(lane, request, block);
			continue;
		}
		request->body_held = block;
		*ret_data = (struct httpsys_slice){.data = area_request_block(&lane->area, block),
						   .len = lane->bodies[block].len};

		return true;
	}

	return false;
}

/* body_want() - the first read: the engine may let the client send */
static void body_want(struct httpsys_request *request)
{
	if (!request->is_body_wanted && !request->is_body_complete && !request_is_dead(request)) {
		lane_stage(request->lane, request, RING_RESPONSE_WANT_BODY, 0);
	}
	request->is_body_wanted = true;
}

/* body_look() - what reading gives without waiting.  Return: 0; END, GONE; AGAIN */
static int body_look(struct httpsys_request *request, struct httpsys_slice *ret_data)
{
	if (request_is_dead(request)) {
		return HTTPSYS_E_GONE;
	}
	if (body_next(request, ret_data)) {
		return 0;
	}

	return request->is_body_complete ? HTTPSYS_E_END : HTTPSYS_E_AGAIN;
}

int httpsys_request_read(struct httpsys_request *request, int timeout_ms,
			 struct httpsys_slice *ret_data)
{
	if (!request_is_open(request) || ret_data == NULL) {
		return HTTPSYS_E_MISUSE;
	}

	struct httpsys_receiver *receiver = request->lane->set->receiver;
	struct receiver_deadline deadline = {.timeout_ms = timeout_ms};
	bool was_asleep = receiver->is_asleep;

	body_free_block(request, &request->body_held);
	body_want(request);

	int r = body_look(request, ret_data);
	while (r == HTTPSYS_E_AGAIN) {
		receiver_pump(receiver);
		r = body_look(request, ret_data);
		if (r != HTTPSYS_E_AGAIN) {
			break;
		}

		int waited = receiver_turn(receiver, &deadline);
		if (waited != 0) {
			r = waited;
			break;
		}
		r = body_look(request, ret_data);
	}
	receiver_leave(receiver, was_asleep);

	return r;
}

struct httpsys_slice httpsys_request_trailer(const struct httpsys_request *request,
					     const char *name)
{
	struct httpsys_slice nothing = {0};

	if (!request_is_open(request) || name == NULL || request->body_trailers == RING_NO_BLOCK ||
	    request->body_first != RING_NO_BLOCK || request_is_dead(request)) {
		return nothing;
	}

	const struct lane *lane = request->lane;
	struct slice rest = slice_from(area_request_block(&lane->area, request->body_trailers),
				       lane->bodies[request->body_trailers].len);
	struct slice wanted = slice_from_str(name);
	struct ring_response_field field;

	while (rest.len >= sizeof(field)) {
		memcpy(&field, rest.data, sizeof(field));
		rest = slice_from_offset(rest, sizeof(field));
		if (field.name_len > rest.len || field.value_len > rest.len - field.name_len) {
			return nothing;
		}
		if (slice_is_equal_nocase(slice_from(rest.data, field.name_len), wanted)) {
			return (struct httpsys_slice){.data = rest.data + field.name_len,
						      .len = field.value_len};
		}
		rest = slice_from_offset(rest, (size_t)field.name_len + field.value_len);
	}

	return nothing;
}
