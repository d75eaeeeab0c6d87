/* SPDX-License-Identifier: MIT */

/*
 * Files as body: by descriptor (the engine sends from the page cache) wherever that can be, else
 * read and copied.  One FILE entry per request is in flight at a time.  See response.h, file.h.
 */

#include "lib/response.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/result.h"
#include "lib/error.h"
#include "lib/file.h"
#include "lib/lane.h"
#include "lib/request.h"

int response_check_file(int fd, uint64_t offset, uint64_t len, struct stat *ret_info)
{
	assert(ret_info != NULL);

	int flags = fcntl(fd, F_GETFL);
	if (flags == -1 || fstat(fd, ret_info) == -1) {
		return HTTPSYS_E_INVALID;
	}
	if (!S_ISREG(ret_info->st_mode) || (flags & O_ACCMODE) == O_WRONLY ||
	    (flags & O_PATH) != 0) {
		return HTTPSYS_E_INVALID;
	}

	uint64_t size = (uint64_t)ret_info->st_size;

	return offset <= size && len <= size - offset ? 0 : HTTPSYS_E_INVALID;
}

/* response_read_block() - read the file into a block.  Return: bytes; 0: its end; -errno */
static ssize_t response_read_block(char *to, size_t len, int fd, uint64_t offset)
{
	ssize_t n;

	do {
		n = pread(fd, to, len, (off_t)offset);
	} while (n == -1 && errno == EINTR);

	return n == -1 ? result_origin(-errno) : n;
}

int response_copy_file(struct httpsys_request *request, int fd, uint64_t offset, uint64_t len,
		       struct receiver_deadline *deadline, uint64_t *ret_written)
{
	assert(request != NULL && ret_written != NULL);

	struct lane *lane = request->lane;

	*ret_written = 0;
	while (*ret_written < len) {
		uint32_t block;
		int r = response_take_block(request, deadline, &block);
		if (r != 0) {
			return r;
		}

		uint64_t n = len - *ret_written;
		uint32_t block_bytes = lane->area.geometry.block_bytes;
		n = n < block_bytes ? n : block_bytes;
		ssize_t n_read = response_read_block(area_response_block(&lane->area, block), n, fd,
						     offset + *ret_written);
		if (n_read <= 0) {
			lane_return_block(lane, block);

			/* A file that has become shorter is a broken promise, too. */
			return error_from_result(n_read < 0 ? (int)n_read : -EIO);
		}

		struct ring_entry *entry = response_stage(request, RING_RESPONSE_BODY, 0);
		entry->block = block;
		entry->length = (uint64_t)n_read;
		*ret_written += (uint64_t)n_read;
	}

	return 0;
}

int response_prepare_file(struct httpsys_request *request, int fd, const struct stat *info,
			  struct receiver_deadline *deadline, uint32_t *ret_number)
{
	assert(request != NULL && info != NULL && ret_number != NULL);

	struct lane *lane = request->lane;

	while (request->file_number != FILE_NUMBER_NONE && !request_is_dead(request)) {
		int r = response_await(request, deadline);

		if (r != 0) {
			return r;
		}
	}
	if (request_is_dead(request)) {
		return HTTPSYS_E_GONE;
	}
	if (!lane_has_spare_room(lane) ||
	    file_send(&lane->files, lane->file_fd, fd, info, ret_number) == FILE_E_COPY) {
		*ret_number = FILE_NUMBER_NONE;
	}

	return 0;
}

void response_stage_file(struct httpsys_request *request, uint32_t number, uint64_t offset,
			 uint64_t len, unsigned flags)
{
	assert(request != NULL && request->file_number == FILE_NUMBER_NONE);

	request->file_number = number;
	struct ring_entry *entry = response_stage(request, RING_RESPONSE_FILE, flags);
	entry->block = number;
	entry->offset = offset;
	entry->length = len;
}
