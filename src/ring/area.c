/* SPDX-License-Identifier: MIT */

/*
 * The two memfds of a lane; see area.h and layout.h.  Each side trusts neither the other's sizes
 * nor its good will: sizes are sealed (so that no access can meet SIGBUS), geometry is read once,
 * checked with overflow-safe arithmetic against the sealed size, and kept in private memory.
 */

#include "ring/area.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/result.h"

#define AREA_VERSION             1
#define AREA_PAGE_BYTES          4096u
#define AREA_N_SLOTS_MIN         16u
#define AREA_N_SLOTS_MAX         4096u
#define AREA_N_ENTRIES_MAX       65536u
#define AREA_N_BLOCKS            128u
#define AREA_N_BLOCKS_MAX        65536u
#define AREA_BLOCK_BYTES         32768u
#define AREA_RESPONSE_SLOT_BYTES 4096u
#define AREA_PIECE_BYTES_MAX     (64u << 20) /* of one slot or block */
#define AREA_SEALS_SIZE          (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* Kinds of entries that can wait once per slot: NEW, an empty LAST, GONE twice, FILE_DONE, DONE. */
#define AREA_ENTRIES_PER_SLOT 6u

static uint32_t area_power_of_two(uint32_t n)
{
	uint32_t power = 1;

	while (power < n) {
		power *= 2;
	}

	return power;
}

static size_t area_round_up(size_t n)
{
	return (n + AREA_PAGE_BYTES - 1) / AREA_PAGE_BYTES * AREA_PAGE_BYTES;
}

/* area_ring_bytes() - header and ring; n_entries was checked */
static size_t area_ring_bytes(const struct ring_geometry *geometry)
{
	return RING_HEADER_BYTES + area_round_up(geometry->n_entries * sizeof(struct ring_entry));
}

static bool area_is_piece(uint32_t bytes)
{
	return bytes > 0 && bytes <= AREA_PIECE_BYTES_MAX && bytes % AREA_PAGE_BYTES == 0;
}

/* area_is_valid() - can a lane have this geometry? */
static bool area_is_valid(const struct ring_geometry *geometry)
{
	uint32_t n_entries = geometry->n_entries;
	uint32_t n_slots = geometry->n_slots;

	if (n_slots < AREA_N_SLOTS_MIN || n_slots > AREA_N_SLOTS_MAX ||
	    (n_slots & (n_slots - 1)) != 0) {
		return false;
	}
	if (geometry->n_blocks == 0 || geometry->n_blocks > AREA_N_BLOCKS_MAX) {
		return false;
	}
	if (n_entries < 2 * n_slots || n_entries > AREA_N_ENTRIES_MAX ||
	    (n_entries & (n_entries - 1)) != 0) {
		return false;
	}

	return area_is_piece(geometry->request_slot_bytes) &&
	       area_is_piece(geometry->response_slot_bytes) && area_is_piece(geometry->block_bytes);
}

/* area_bytes() - size of the area whose slots have @slot_bytes.  Return: false: over size_t */
static bool area_bytes(const struct ring_geometry *geometry, uint32_t slot_bytes, size_t *ret_bytes)
{
	size_t slots;
	size_t blocks;
	size_t bytes;

	if (__builtin_mul_overflow((size_t)geometry->n_slots, (size_t)slot_bytes, &slots) ||
	    __builtin_mul_overflow((size_t)geometry->n_blocks, (size_t)geometry->block_bytes,
				   &blocks) ||
	    __builtin_add_overflow(slots, blocks, &bytes) ||
	    __builtin_add_overflow(bytes, area_ring_bytes(geometry), &bytes)) {
		return false;
	}
	*ret_bytes = bytes;

	return true;
}

/* area_set_geometry() - check @geometry and derive both sizes.  Return: false: it is none */
static bool area_set_geometry(struct area *area, const struct ring_geometry *geometry)
{
	area->geometry = *geometry;

	return area_is_valid(geometry) &&
	       area_bytes(geometry, geometry->request_slot_bytes, &area->request_bytes) &&
	       area_bytes(geometry, geometry->response_slot_bytes, &area->response_bytes);
}

struct ring_geometry area_geometry(uint32_t n_slots, uint32_t request_head_bytes)
{
	assert(n_slots >= AREA_N_SLOTS_MIN && n_slots <= AREA_N_SLOTS_MAX);
	assert(request_head_bytes <= AREA_PIECE_BYTES_MAX / 2);

	n_slots = area_power_of_two(n_slots);
	uint32_t n_entries =
		AREA_ENTRIES_PER_SLOT * n_slots + 2 * AREA_N_BLOCKS + 2 * RING_FILES_MAX;

	return (struct ring_geometry){
		.n_entries = area_power_of_two(n_entries),
		.n_slots = n_slots,
		.request_slot_bytes = (uint32_t)area_round_up(sizeof(struct ring_request_head) +
							      (size_t)request_head_bytes),
		.response_slot_bytes = AREA_RESPONSE_SLOT_BYTES,
		.n_blocks = AREA_N_BLOCKS,
		.block_bytes = AREA_BLOCK_BYTES,
	};
}

static int area_map(int fd, size_t bytes, int protection, char **ret_mapping)
{
	void *mapping = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);

	if (mapping == MAP_FAILED) {
		return result_origin(-errno);
	}
	*ret_mapping = mapping;

	return 0;
}

/* area_make_fd() - a sized memfd that begins with @header; seals are still to be set */
static int area_make_fd(const char *name, size_t bytes, const struct ring_area_header *header,
			int *ret_fd)
{
	cleanup_(fd_close_p) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1) {
		return result_origin(-errno);
	}
	if (ftruncate(fd, (off_t)bytes) == -1) {
		return result_origin(-errno);
	}

	/* By mapping, not by writing: the engine's sandbox knows no pwrite(2). */
	char *mapping = NULL;
	int r = area_map(fd, RING_HEADER_BYTES, PROT_READ | PROT_WRITE, &mapping);
	if (r < 0) {
		return result_trace(r);
	}
	memcpy(mapping, header, sizeof(*header));
	(void)munmap(mapping, RING_HEADER_BYTES);
	*ret_fd = fd;
	fd = -1;

	return 0;
}

static int area_seal(int fd, int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals) == -1 ? result_origin(-errno) : 0;
}

static int area_create_both(struct area *area)
{
	struct ring_area_header header = {
		.magic = RING_MAGIC, .version = AREA_VERSION, .geometry = area->geometry};

	int r = area_make_fd("httpsys-request", area->request_bytes, &header, &area->request_fd);
	if (r < 0) {
		return result_trace(r);
	}
	r = area_make_fd("httpsys-response", area->response_bytes, &header, &area->response_fd);
	if (r < 0) {
		return result_trace(r);
	}

	/* Our writable mapping must exist before FUTURE_WRITE forbids any further one. */
	r = area_map(area->request_fd, area->request_bytes, PROT_READ | PROT_WRITE, &area->request);
	if (r < 0) {
		return result_trace(r);
	}
	r = area_map(area->response_fd, area->response_bytes, PROT_READ, &area->response);
	if (r < 0) {
		return result_trace(r);
	}

	r = area_seal(area->request_fd, F_SEAL_FUTURE_WRITE | AREA_SEALS_SIZE);
	if (r < 0) {
		return result_trace(r);
	}

	return result_trace(area_seal(area->response_fd, AREA_SEALS_SIZE));
}

int area_create(struct area *area, const struct ring_geometry *geometry)
{
	assert(area != NULL && geometry != NULL);

	*area = (struct area){.request_fd = -1, .response_fd = -1};
	bool is_valid = area_set_geometry(area, geometry);
	assert(is_valid);
	(void)is_valid;

	int r = area_create_both(area);
	if (r < 0) {
		area_fini(area);

		return result_trace(r);
	}

	return 0;
}

/* area_is_sealed() - has @fd the seals @wanted and none of @unwanted, and what size? */
static bool area_is_sealed(int fd, int wanted, int unwanted, size_t *ret_bytes)
{
	struct stat info;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals == -1 || (seals & wanted) != wanted || (seals & unwanted) != 0) {
		return false;
	}
	if (fstat(fd, &info) == -1 || info.st_size < RING_HEADER_BYTES) {
		return false;
	}
	*ret_bytes = (size_t)info.st_size;

	return true;
}

/* area_check() - the mapped headers against the sealed sizes.  Return: 0; AREA_E_INVALID */
static int area_check(struct area *area)
{
	struct ring_area_header request;
	struct ring_area_header response;
	size_t request_bytes = area->request_bytes;
	size_t response_bytes = area->response_bytes;

	memcpy(&request, area->request, sizeof(request));
	memcpy(&response, area->response, sizeof(response));
	if (request.magic != RING_MAGIC || request.version != AREA_VERSION ||
	    response.magic != RING_MAGIC || response.version != AREA_VERSION ||
	    memcmp(&request.geometry, &response.geometry, sizeof(request.geometry)) != 0) {
		return AREA_E_INVALID;
	}
	bool is_valid = area_set_geometry(area, &request.geometry);
	bool fits = area->request_bytes == request_bytes && area->response_bytes == response_bytes;

	/* area_fini() unmaps what was mapped, whatever the geometry claims. */
	area->request_bytes = request_bytes;
	area->response_bytes = response_bytes;

	return is_valid && fits ? 0 : AREA_E_INVALID;
}

int area_adopt(struct area *area, int request_fd, int response_fd)
{
	assert(area != NULL && request_fd >= 0 && response_fd >= 0);

	*area = (struct area){.request_fd = request_fd, .response_fd = response_fd};
	if (!area_is_sealed(request_fd, AREA_SEALS_SIZE | F_SEAL_FUTURE_WRITE, 0,
			    &area->request_bytes) ||
	    !area_is_sealed(response_fd, AREA_SEALS_SIZE, F_SEAL_FUTURE_WRITE | F_SEAL_WRITE,
			    &area->response_bytes)) {
		return AREA_E_INVALID;
	}

	int r = area_map(request_fd, area->request_bytes, PROT_READ, &area->request);
	if (r < 0) {
		return result_trace(r);
	}
	r = area_map(response_fd, area->response_bytes, PROT_READ | PROT_WRITE, &area->response);
	if (r < 0) {
		return result_trace(r);
	}

	return area_check(area);
}

void area_fini(struct area *area)
{
	if (area == NULL) {
		return;
	}

	if (area->request != NULL) {
		(void)munmap(area->request, area->request_bytes);
	}
	if (area->response != NULL) {
		(void)munmap(area->response, area->response_bytes);
	}
	area->request = NULL;
	area->response = NULL;
	area->request_fd = fd_close(area->request_fd);
	area->response_fd = fd_close(area->response_fd);
}

char *area_request_slot(const struct area *area, uint32_t i)
{
	assert(i < area->geometry.n_slots);

	return area->request + area_ring_bytes(&area->geometry) +
	       (size_t)i * area->geometry.request_slot_bytes;
}

char *area_response_slot(const struct area *area, uint32_t i)
{
	assert(i < area->geometry.n_slots);

	return area->response + area_ring_bytes(&area->geometry) +
	       (size_t)i * area->geometry.response_slot_bytes;
}

char *area_request_block(const struct area *area, uint32_t i)
{
	const struct ring_geometry *geometry = &area->geometry;

	assert(i < geometry->n_blocks);

	return area->request + area_ring_bytes(geometry) +
	       (size_t)geometry->n_slots * geometry->request_slot_bytes +
	       (size_t)i * geometry->block_bytes;
}

char *area_response_block(const struct area *area, uint32_t i)
{
	const struct ring_geometry *geometry = &area->geometry;

	assert(i < geometry->n_blocks);

	return area->response + area_ring_bytes(geometry) +
	       (size_t)geometry->n_slots * geometry->response_slot_bytes +
	       (size_t)i * geometry->block_bytes;
}
