/* SPDX-License-Identifier: MIT */

/*
 * Sets of lanes: how the messages that answer RECEIVER_ATTACH become one; see lane.h.
 */

#include "lib/lane.h"

#include <assert.h>
#include <errno.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "lib/request.h"
#include "wire/message.h"

#define LANE_SET_N_LANES_MAX 1024

/* The descriptors of a RECEIVER_CHANNEL message, in this order. */
enum lane_set_fd {
	LANE_SET_FD_REQUEST = 0,
	LANE_SET_FD_RESPONSE,
	LANE_SET_FD_ENGINE,
	LANE_SET_FD_FILE,
};

static int lane_set_new(uint32_t n_lanes, uint64_t receiver_id, struct lane_set **ret_set)
{
	struct lane_set *set = mem_new(sizeof(*set) + n_lanes * sizeof(struct lane));

	if (set == NULL) {
		return result_origin(-ENOMEM);
	}
	list_init(&set->link);
	set->receiver_id = receiver_id;
	set->n_lanes = n_lanes;
	set->wake_fd = -1;
	for (uint32_t i = 0; i < n_lanes; i++) {
		struct lane *lane = &set->lanes[i];

		lane->set = set;
		lane->area = (struct area){.request_fd = -1, .response_fd = -1};
		lane->engine_fd = -1;
		lane->file_fd = -1;
		list_init(&lane->waiters);
	}
	*ret_set = set;

	return 0;
}

/* lane_set_init_lane() - the tables beside an adopted area */
static int lane_set_init_lane(struct lane *lane)
{
	const struct ring_geometry *geometry = &lane->area.geometry;

	lane->requests = mem_new_array(geometry->n_slots, sizeof(*lane->requests));
	lane->bodies = mem_new_array(geometry->n_blocks, sizeof(*lane->bodies));
	lane->free_blocks = mem_new_array(geometry->n_blocks, sizeof(*lane->free_blocks));
	lane->is_block_used = mem_new_array(geometry->n_blocks, sizeof(*lane->is_block_used));
	if (lane->requests == NULL || lane->bodies == NULL || lane->free_blocks == NULL ||
	    lane->is_block_used == NULL) {
		return result_origin(-ENOMEM);
	}

	for (uint32_t i = 0; i < geometry->n_slots; i++) {
		request_init(&lane->requests[i], lane, i);
	}

	/* The lowest numbers on top: few blocks in use means few pages in use. */
	for (uint32_t i = 0; i < geometry->n_blocks; i++) {
		lane->free_blocks[i] = geometry->n_blocks - 1 - i;
	}
	lane->n_free_blocks = geometry->n_blocks;
	ring_app_ends(&lane->area, &lane->writer, &lane->reader);

	return 0;
}

int lane_set_add(struct lane_set **set, struct message *message)
{
	assert(set != NULL && message != NULL && message->type == MESSAGE_RECEIVER_CHANNEL);

	uint64_t receiver_id = message_number(message, FIELD_RECEIVER_ID, 0);
	uint64_t i = message_number(message, FIELD_INDEX, 0);
	uint64_t n_lanes = message_number(message, FIELD_COUNT, 0);
	if (n_lanes == 0 || n_lanes > LANE_SET_N_LANES_MAX || i >= n_lanes) {
		return LANE_E_INVALID;
	}

	if (*set != NULL && (*set)->receiver_id != receiver_id) {
		/* Left over from an attachment that failed half-way. */
		*set = lane_set_free(*set);
	}
	if (*set == NULL) {
		int r = lane_set_new((uint32_t)n_lanes, receiver_id, set);
		if (r < 0) {
			return result_trace(r);
		}
	}
	if ((*set)->n_lanes != n_lanes || (*set)->lanes[i].requests != NULL) {
		return LANE_E_INVALID;
	}

	struct lane *lane = &(*set)->lanes[i];
	lane->engine_fd = message_take_fd(message, LANE_SET_FD_ENGINE);
	lane->file_fd = message_take_fd(message, LANE_SET_FD_FILE);
	int r = area_adopt(&lane->area, message_take_fd(message, LANE_SET_FD_REQUEST),
			   message_take_fd(message, LANE_SET_FD_RESPONSE));
	if (r == AREA_E_INVALID) {
		return LANE_E_INVALID;
	}
	if (r < 0) {
		return result_trace(r);
	}

	/* The mappings stay; a process may have thousands of lanes, so no descriptor lingers. */
	lane->area.request_fd = fd_close(lane->area.request_fd);
	lane->area.response_fd = fd_close(lane->area.response_fd);

	return result_trace(lane_set_init_lane(lane));
}

bool lane_set_is_whole(const struct lane_set *set, uint64_t receiver_id)
{
	if (set == NULL || set->receiver_id != receiver_id) {
		return false;
	}
	for (uint32_t i = 0; i < set->n_lanes; i++) {
		if (set->lanes[i].requests == NULL) {
			return false;
		}
	}

	return true;
}

struct lane_set *lane_set_free(struct lane_set *set)
{
	if (set == NULL) {
		return NULL;
	}

	for (uint32_t i = 0; i < set->n_lanes; i++) {
		struct lane *lane = &set->lanes[i];

		area_fini(&lane->area);
		lane->engine_fd = fd_close(lane->engine_fd);
		lane->file_fd = fd_close(lane->file_fd);
		mem_free(lane->requests);
		mem_free(lane->bodies);
		mem_free(lane->free_blocks);
		mem_free(lane->is_block_used);
	}
	set->wake_fd = fd_close(set->wake_fd);

	return mem_free(set);
}
