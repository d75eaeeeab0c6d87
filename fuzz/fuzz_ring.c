/* SPDX-License-Identifier: MIT */

/*
 * The lane that an application is given: geometry, sizes and counters are the input's.  Whatever
 * area_adopt() lets through must be wholly readable and, on the application's side, writable; a
 * reader over arbitrary counters must not leave its ring.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring/area.h"
#include "ring/ring.h"

#define SIZE_BYTES_MAX (4u << 20)

static void must(bool is_true)
{
	if (!is_true) {
		abort();
	}
}

/* What the input says, in this order; what it does not say stays as in a good lane. */
struct plan {
	struct ring_geometry geometry;
	uint32_t request_bytes_more; /* added to what the geometry needs, wraps */
	uint32_t response_bytes_more;
	uint32_t magic_change;
	uint32_t head; /* of the request ring */
	uint32_t taken;
	uint32_t tail; /* of the response ring */
	uint32_t staged;
};

static int make_fd(const struct ring_area_header *header, size_t bytes, int seals)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	must(fd != -1 && ftruncate(fd, (off_t)bytes) == 0);
	must(bytes < sizeof(*header) ||
	     pwrite(fd, header, sizeof(*header), 0) == (ssize_t)sizeof(*header));
	must(fcntl(fd, F_ADD_SEALS, seals) == 0);

	return fd;
}

/* How many bytes an area takes by the rules of layout.h, counted without care. */
static uint64_t needed(const struct ring_geometry *geometry, uint64_t slot_bytes)
{
	uint64_t ring = ((uint64_t)geometry->n_entries * sizeof(struct ring_entry) + 4095) / 4096;

	return RING_HEADER_BYTES + ring * 4096 + geometry->n_slots * slot_bytes +
	       (uint64_t)geometry->n_blocks * geometry->block_bytes;
}

static void use_area(const struct area *area)
{
	const struct ring_geometry *geometry = &area->geometry;
	uint32_t sum = 0;

	for (uint32_t i = 0; i < geometry->n_slots; i++) {
		sum += (uint32_t)area_request_slot(area, i)[geometry->request_slot_bytes - 1];
		area_response_slot(area, i)[0] = 1;
		area_response_slot(area, i)[geometry->response_slot_bytes - 1] = 1;
	}
	for (uint32_t i = 0; i < geometry->n_blocks; i++) {
		sum += (uint32_t)area_request_block(area, i)[geometry->block_bytes - 1];
		area_response_block(area, i)[0] = 1;
		area_response_block(area, i)[geometry->block_bytes - 1] = 1;
	}
	must(sum == 0);
}

static void use_ring(const struct area *area, const struct plan *plan)
{
	struct ring_writer writer;
	struct ring_reader reader;
	uint32_t n;

	ring_app_ends(area, &writer, &reader);
	reader.taken = plan->taken;
	if (ring_reader_count(&reader, &n) == 0) {
		must(n <= area->geometry.n_entries);
		for (; n > 0; n--) {
			must(ring_reader_take(&reader).type == 0);
		}
		ring_reader_release(&reader);
		must(ring_reader_count(&reader, &n) == 0 && n == 0);
	}

	writer.staged = plan->staged;
	writer.published = plan->staged;
	for (n = ring_writer_room(&writer); n > 0; n--) {
		*ring_writer_stage(&writer) = (struct ring_entry){.type = 1};
	}
	(void)ring_writer_publish(&writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan plan = {.geometry = area_geometry(16, 4096)};
	memcpy(&plan, data, size < sizeof(plan) ? size : sizeof(plan));

	struct ring_area_header header = {.magic = RING_MAGIC + plan.magic_change,
					  .version = 1,
					  .geometry = plan.geometry,
					  .head = plan.head,
					  .tail = plan.tail};
	uint64_t request_needed = needed(&plan.geometry, plan.geometry.request_slot_bytes);
	uint64_t response_needed = needed(&plan.geometry, plan.geometry.response_slot_bytes);
	uint64_t request_bytes = (request_needed + plan.request_bytes_more) % SIZE_BYTES_MAX;
	uint64_t response_bytes = (response_needed + plan.response_bytes_more) % SIZE_BYTES_MAX;
	bool is_fitting = request_bytes == request_needed && response_bytes == response_needed;

	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
	struct area area;
	int r = area_adopt(&area, make_fd(&header, request_bytes, seals | F_SEAL_FUTURE_WRITE),
			   make_fd(&header, response_bytes, seals));
	if (r == 0) {
		must(is_fitting && plan.magic_change == 0);
		use_area(&area);
		use_ring(&area, &plan);
	}
	area_fini(&area);

	return 0;
}
