/* SPDX-License-Identifier: MIT */

/*
 * Which word of which area is whose; see layout.h.  A ring's head stands in its own area; its tail
 * and its reader's sleep flag stand in the other one, because the reader writes them.
 */

#include "ring/ring.h"

#include <assert.h>
#include <stddef.h>

#include "ring/area.h"

static struct ring_entry *ring_entries(char *base)
{
	return (struct ring_entry *)(void *)(base + RING_HEADER_BYTES);
}

static struct ring_writer ring_writer_over(char *ours, struct ring_area_header *our_header,
					   const struct ring_area_header *other_header,
					   uint32_t n_entries)
{
	return (struct ring_writer){.entries = ring_entries(ours),
				    .head = &our_header->head,
				    .tail = &other_header->tail,
				    .sleeps = &other_header->sleeps,
				    .n_entries = n_entries};
}

static struct ring_reader ring_reader_over(char *other, const struct ring_area_header *other_header,
					   struct ring_area_header *our_header, uint32_t n_entries)
{
	return (struct ring_reader){.entries = ring_entries(other),
				    .head = &other_header->head,
				    .tail = &our_header->tail,
				    .sleeps = &our_header->sleeps,
				    .n_entries = n_entries};
}

void ring_engine_ends(const struct area *area, struct ring_writer *ret_writer,
		      struct ring_reader *ret_reader)
{
	assert(area != NULL && area->request != NULL && area->response != NULL);

	struct ring_area_header *ours = area_request_header(area);
	struct ring_area_header *other = area_response_header(area);

	*ret_writer = ring_writer_over(area->request, ours, other, area->geometry.n_entries);
	*ret_reader = ring_reader_over(area->response, other, ours, area->geometry.n_entries);
}

void ring_app_ends(const struct area *area, struct ring_writer *ret_writer,
		   struct ring_reader *ret_reader)
{
	assert(area != NULL && area->request != NULL && area->response != NULL);

	struct ring_area_header *ours = area_response_header(area);
	struct ring_area_header *other = area_request_header(area);

	*ret_writer = ring_writer_over(area->response, ours, other, area->geometry.n_entries);
	*ret_reader = ring_reader_over(area->request, other, ours, area->geometry.n_entries);
}
