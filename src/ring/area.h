#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One lane's two areas, as mapped by one side.  The engine creates (memfds, sizes, seals), the
 * application maps what it was given; each side has its own area writable and the other's
 * read-only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "ring/layout.h"

enum area_verdict {
	AREA_E_INVALID = 1, /* the descriptors are not a lane of this version */
};

struct area {
	struct ring_geometry geometry; /* private copy: the shared one is never read again */
	int request_fd;                /* owned; -1 once closed */
	int response_fd;               /* owned; -1 once closed */
	char *request;                 /* mapping, owned */
	char *response;                /* mapping, owned */
	size_t request_bytes;
	size_t response_bytes;
};

/*
 * area_geometry() - sizes for a lane
 * @n_slots: 16-4096, rounded up to a power of two
 * @request_head_bytes: largest request head with its tables, bytes
 */
struct ring_geometry area_geometry(uint32_t n_slots, uint32_t request_head_bytes);

/*
 * area_create() - engine: make, size, map and seal both memfds
 *
 * Return: 0; -errno (nothing is left behind).
 */
int area_create(struct area *area, const struct ring_geometry *geometry) must_check_;

/*
 * area_adopt() - application: map the two descriptors that the engine sent
 *
 * The descriptors are owned by @area from now on, also on failure (area_fini()).
 *
 * Return: 0; AREA_E_INVALID; -errno.
 */
int area_adopt(struct area *area, int request_fd, int response_fd) must_check_;

/* area_fini() - unmap and close; accepts a zeroed area whose fds are -1 */
void area_fini(struct area *area);

static inline struct ring_area_header *area_request_header(const struct area *area)
{
	return (struct ring_area_header *)(void *)area->request;
}

static inline struct ring_area_header *area_response_header(const struct area *area)
{
	return (struct ring_area_header *)(void *)area->response;
}

/* area_request_slot() / area_response_slot() - slot @i (below n_slots) */
char *area_request_slot(const struct area *area, uint32_t i);
char *area_response_slot(const struct area *area, uint32_t i);

/* area_request_block() / area_response_block() - block @i (below n_blocks) */
char *area_request_block(const struct area *area, uint32_t i);
char *area_response_block(const struct area *area, uint32_t i);
