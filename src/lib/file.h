#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The files of a lane: which file the engine has under which number.  The least recently used
 * number that has no entry in flight is given to a new file.  A file is known by device and inode:
 * as long as the engine holds it open, no other file can have that pair.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "ring/layout.h"

#define FILE_NUMBER_NONE UINT32_MAX

enum file_verdict {
	FILE_E_COPY = 1, /* cannot go by descriptor (now): read it and send the bytes */
};

struct file_number {
	uint64_t device;
	uint64_t inode;
	uint64_t used_at;     /* files->clock of the last use; 0: never used */
	uint32_t n_in_flight; /* RESPONSE_FILE entries without FILE_DONE */
};

struct file_table {
	struct file_number numbers[RING_FILES_MAX];
	uint64_t clock;
};

/*
 * file_send() - see that the engine has @fd, and count one entry in flight
 * @lane_fd: the lane's file socket
 * @info: of @fd, a regular file
 *
 * Return: 0 and its number; FILE_E_COPY: network or virtual file system, all numbers in flight, or
 * the socket is full.
 */
int file_send(struct file_table *files, int lane_fd, int fd, const struct stat *info,
	      uint32_t *ret_number) must_check_;

/* file_done() - an entry with @number was sent; FILE_NUMBER_NONE is fine */
void file_done(struct file_table *files, uint32_t number);
