/* SPDX-License-Identifier: MIT */

/*
 * The areas of a lane: geometry, what the seals forbid to each side (the kernel's word), and that
 * the application adopts nothing but a lane.
 */

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compiler.h"
#include "ring/area.h"

#define HEAD_BYTES 20000

static struct area create(void)
{
	struct ring_geometry geometry = area_geometry(16, HEAD_BYTES);
	struct area area;

	assert_int_equal(area_create(&area, &geometry), 0);

	return area;
}

static void geometry_is_rounded_up_and_no_ring_can_overflow(void **state)
{
	for (uint32_t n_slots = 16; n_slots <= 4096; n_slots += 17) {
		struct ring_geometry geometry = area_geometry(n_slots, HEAD_BYTES);

		assert_true(geometry.n_slots >= n_slots && geometry.n_slots < 2 * n_slots);
		assert_int_equal(geometry.n_slots & (geometry.n_slots - 1), 0);
		assert_int_equal(geometry.n_entries & (geometry.n_entries - 1), 0);
		assert_true(geometry.n_entries >= 5 * geometry.n_slots + 2 * geometry.n_blocks);
		assert_true(geometry.request_slot_bytes >=
			    HEAD_BYTES + sizeof(struct ring_request_head));
		assert_int_equal(geometry.request_slot_bytes % 4096, 0);
		assert_int_equal(geometry.response_slot_bytes % 4096, 0);
		assert_int_equal(geometry.block_bytes % 4096, 0);
	}
}

static void both_sides_see_each_others_writing(void **state)
{
	struct area engine = create();
	struct area app;

	assert_int_equal(area_adopt(&app, dup(engine.request_fd), dup(engine.response_fd)), 0);
	assert_memory_equal(&app.geometry, &engine.geometry, sizeof(app.geometry));
	for (uint32_t i = 0; i < app.geometry.n_slots; i++) {
		area_request_slot(&engine, i)[5] = (char)(i + 1);
		area_response_slot(&app, i)[7] = (char)(i + 2);
	}
	for (uint32_t i = 0; i < app.geometry.n_blocks; i++) {
		area_request_block(&engine, i)[app.geometry.block_bytes - 1] = (char)(i + 3);
		area_response_block(&app, i)[app.geometry.block_bytes - 1] = (char)(i + 4);
	}
	for (uint32_t i = 0; i < app.geometry.n_slots; i++) {
		assert_int_equal(area_request_slot(&app, i)[5], (char)(i + 1));
		assert_int_equal(area_response_slot(&engine, i)[7], (char)(i + 2));
	}
	for (uint32_t i = 0; i < app.geometry.n_blocks; i++) {
		assert_int_equal(area_request_block(&app, i)[app.geometry.block_bytes - 1],
				 (char)(i + 3));
		assert_int_equal(area_response_block(&engine, i)[app.geometry.block_bytes - 1],
				 (char)(i + 4));
	}
	/* The last block ends where the area ends. */
	assert_ptr_equal(area_request_block(&app, app.geometry.n_blocks - 1) +
				 app.geometry.block_bytes,
			 app.request + app.request_bytes);
	assert_ptr_equal(area_response_block(&app, app.geometry.n_blocks - 1) +
				 app.geometry.block_bytes,
			 app.response + app.response_bytes);
	area_fini(&app);
	area_fini(&engine);
}

static void the_application_cannot_write_to_the_request_area(void **state)
{
	struct area engine = create();
	int protections[] = {PROT_WRITE, PROT_READ | PROT_WRITE};

	for (size_t i = 0; i < array_len(protections); i++) {
		assert_ptr_equal(mmap(NULL, 4096, protections[i], MAP_SHARED, engine.request_fd, 0),
				 MAP_FAILED);
		assert_int_equal(errno, EPERM);
	}
	assert_int_equal(pwrite(engine.request_fd, "x", 1, 0), -1);

	/* Nor make a read-only mapping writable later. */
	void *mapping = mmap(NULL, 4096, PROT_READ, MAP_SHARED, engine.request_fd, 0);
	assert_ptr_not_equal(mapping, MAP_FAILED);
	assert_int_equal(mprotect(mapping, 4096, PROT_READ | PROT_WRITE), -1);
	munmap(mapping, 4096);
	area_fini(&engine);
}

static void nobody_can_change_the_size_or_the_seals(void **state)
{
	struct area engine = create();
	int fds[] = {engine.request_fd, engine.response_fd};

	for (size_t i = 0; i < array_len(fds); i++) {
		struct stat info;

		assert_int_equal(fstat(fds[i], &info), 0);
		assert_int_equal(ftruncate(fds[i], info.st_size - 4096), -1);
		assert_int_equal(errno, EPERM);
		assert_int_equal(ftruncate(fds[i], info.st_size + 4096), -1);
		assert_int_equal(ftruncate(fds[i], 0), -1);
		assert_int_equal(fcntl(fds[i], F_ADD_SEALS, F_SEAL_WRITE), -1);
		assert_int_equal(errno, EPERM);
	}
	area_fini(&engine);
}

static void the_engine_maps_the_response_area_read_only(void **state)
{
	struct area engine = create();
	int fds[2];

	/* The kernel refuses to copy into memory that may not be written. */
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(fds[0], engine.response, 1), -1);
	assert_int_equal(errno, EFAULT);
	close(fds[0]);
	close(fds[1]);
	area_fini(&engine);
}

/* A pair of memfds that are a lane, but for what a test changes. */
struct forgery {
	struct ring_area_header request;
	struct ring_area_header response;
	size_t request_bytes;
	size_t response_bytes;
	int request_seals;
	int response_seals;
};

static struct forgery forge(void)
{
	struct area engine = create();
	struct forgery forgery = {.request_bytes = engine.request_bytes,
				  .response_bytes = engine.response_bytes,
				  .request_seals = fcntl(engine.request_fd, F_GET_SEALS),
				  .response_seals = fcntl(engine.response_fd, F_GET_SEALS)};

	memcpy(&forgery.request, engine.request, sizeof(forgery.request));
	memcpy(&forgery.response, engine.response, sizeof(forgery.response));
	area_fini(&engine);

	return forgery;
}

static int make_fd(const struct ring_area_header *header, size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	assert_int_equal(pwrite(fd, header, sizeof(*header), 0), sizeof(*header));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);

	return fd;
}

static int adopt(const struct forgery *forgery)
{
	struct area area;
	int request_fd = make_fd(&forgery->request, forgery->request_bytes, forgery->request_seals);
	int response_fd =
		make_fd(&forgery->response, forgery->response_bytes, forgery->response_seals);
	int r = area_adopt(&area, request_fd, response_fd);

	area_fini(&area);
	/* Adopted in every case. */
	assert_int_equal(fcntl(request_fd, F_GETFD), -1);
	assert_int_equal(fcntl(response_fd, F_GETFD), -1);

	return r;
}

static void an_unchanged_copy_is_adopted(void **state)
{
	struct forgery forgery = forge();

	assert_int_equal(adopt(&forgery), 0);
}

static void a_missing_seal_is_invalid(void **state)
{
	static const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL};

	for (size_t i = 0; i < array_len(seals); i++) {
		struct forgery forgery = forge();

		forgery.request_seals &= ~seals[i];
		assert_int_equal(adopt(&forgery), AREA_E_INVALID);
		forgery = forge();
		forgery.response_seals &= ~seals[i];
		assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	}

	struct forgery forgery = forge();
	forgery.request_seals &= ~F_SEAL_FUTURE_WRITE;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	forgery = forge();
	forgery.response_seals |= F_SEAL_FUTURE_WRITE;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
}

static void what_is_no_memfd_is_invalid(void **state)
{
	struct area area;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(area_adopt(&area, fds[0], fds[1]), AREA_E_INVALID);
	area_fini(&area);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
}

static void sizes_that_do_not_fit_the_geometry_are_invalid(void **state)
{
	struct forgery forgery = forge();

	forgery.request_bytes -= 4096;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	forgery = forge();
	forgery.response_bytes += 4096;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	forgery = forge();
	forgery.request_bytes = 512;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
}

static void headers_of_another_kind_are_invalid(void **state)
{
	struct forgery forgery = forge();

	forgery.request.magic++;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	forgery = forge();
	forgery.response.magic = 0;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	forgery = forge();
	forgery.request.version++;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	forgery = forge();
	forgery.response.geometry.n_slots *= 2;
	assert_int_equal(adopt(&forgery), AREA_E_INVALID);
}

static void geometries_that_no_lane_can_have_are_invalid(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
	} changes[] = {
		{offsetof(struct ring_geometry, n_slots), 0},
		{offsetof(struct ring_geometry, n_slots), 8},
		{offsetof(struct ring_geometry, n_slots), 24},
		{offsetof(struct ring_geometry, n_slots), 8192},
		{offsetof(struct ring_geometry, n_slots), UINT32_MAX},
		{offsetof(struct ring_geometry, n_entries), 0},
		{offsetof(struct ring_geometry, n_entries), 16},
		{offsetof(struct ring_geometry, n_entries), 1000},
		{offsetof(struct ring_geometry, n_entries), 1u << 31},
		{offsetof(struct ring_geometry, n_blocks), 0},
		{offsetof(struct ring_geometry, n_blocks), UINT32_MAX},
		{offsetof(struct ring_geometry, block_bytes), 0},
		{offsetof(struct ring_geometry, block_bytes), 4095},
		{offsetof(struct ring_geometry, block_bytes), UINT32_MAX - 4095},
		{offsetof(struct ring_geometry, request_slot_bytes), 0},
		{offsetof(struct ring_geometry, request_slot_bytes), 100},
		{offsetof(struct ring_geometry, request_slot_bytes), UINT32_MAX - 4095},
		{offsetof(struct ring_geometry, response_slot_bytes), 0},
		{offsetof(struct ring_geometry, response_slot_bytes), UINT32_MAX - 4095},
	};

	for (size_t i = 0; i < array_len(changes); i++) {
		struct forgery forgery = forge();

		memcpy((char *)&forgery.request.geometry + changes[i].offset, &changes[i].value,
		       sizeof(changes[i].value));
		forgery.response.geometry = forgery.request.geometry;
		assert_int_equal(adopt(&forgery), AREA_E_INVALID);
	}
}

static void fini_accepts_what_was_never_made(void **state)
{
	struct area area = {.request_fd = -1, .response_fd = -1};

	area_fini(&area);
	area_fini(&area);
	area_fini(NULL);
	assert_int_equal(area.request_fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(geometry_is_rounded_up_and_no_ring_can_overflow),
		cmocka_unit_test(both_sides_see_each_others_writing),
		cmocka_unit_test(the_application_cannot_write_to_the_request_area),
		cmocka_unit_test(nobody_can_change_the_size_or_the_seals),
		cmocka_unit_test(the_engine_maps_the_response_area_read_only),
		cmocka_unit_test(an_unchanged_copy_is_adopted),
		cmocka_unit_test(a_missing_seal_is_invalid),
		cmocka_unit_test(what_is_no_memfd_is_invalid),
		cmocka_unit_test(sizes_that_do_not_fit_the_geometry_are_invalid),
		cmocka_unit_test(headers_of_another_kind_are_invalid),
		cmocka_unit_test(geometries_that_no_lane_can_have_are_invalid),
		cmocka_unit_test(fini_accepts_what_was_never_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
