#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The application's side of a response: what respond.c (whole answers) and response.c (answers in
 * pieces) have in common.  A piece is copied into a block of the response area; where none is free
 * a request that is not watched waits, a watched one is told SPACE later.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "httpsys.h"
#include "lib/receiver.h"

/* response_flags() - the flags of the entry that ends @request */
unsigned response_flags(const struct httpsys_request *request);

/* response_stage() - stage an entry that response_finish() may mark later */
struct ring_entry *response_stage(struct httpsys_request *request, unsigned type, unsigned flags);

/*
 * response_await() - let the engine work until something has changed
 *
 * A watched request does not wait: it is noted for SPACE.
 *
 * Return: 0: look again; AGAIN, TIMEOUT, SHUTDOWN, SYSTEM.
 */
int response_await(struct httpsys_request *request, struct receiver_deadline *deadline) must_check_;

/* response_take_block() - a block to fill; waits as response_await().
 * Return: 0; GONE (the request is still open); as response_await() */
int response_take_block(struct httpsys_request *request, struct receiver_deadline *deadline,
			uint32_t *ret_block) must_check_;

/*
 * response_stage_head() - stage a head of checked fields, in the slot or, if it is larger than
 * that, in a block
 *
 * Return: 0; TOO_LARGE; as response_take_block().
 */
int response_stage_head(struct httpsys_request *request, unsigned status, uint64_t content_length,
			const struct httpsys_field *fields, size_t n_fields,
			struct receiver_deadline *deadline) must_check_;

/*
 * response_copy() - stage body bytes
 * @ret_written: bytes taken, also when it fails
 *
 * Return: 0: all; as response_take_block().
 */
int response_copy(struct httpsys_request *request, const char *data, size_t len,
		  struct receiver_deadline *deadline, size_t *ret_written) must_check_;

/*
 * response_check_file() - could @len bytes of @fd be sent from @offset?
 *
 * Return: 0 and what fstat(2) says; INVALID: no regular file, not readable, or range outside it.
 */
int response_check_file(int fd, uint64_t offset, uint64_t len, struct stat *ret_info) must_check_;

/*
 * response_prepare_file() - make @fd known to the engine
 * @ret_number: its number, or FILE_NUMBER_NONE: it has to be read and copied
 *
 * Waits until the last file of this request was sent.
 *
 * Return: 0; GONE; as response_await().
 */
int response_prepare_file(struct httpsys_request *request, int fd, const struct stat *info,
			  struct receiver_deadline *deadline, uint32_t *ret_number) must_check_;

/* response_stage_file() - stage part of the file that has number @number, with @flags */
void response_stage_file(struct httpsys_request *request, uint32_t number, uint64_t offset,
			 uint64_t len, unsigned flags);

/*
 * response_copy_file() - read part of a file and stage the bytes
 * @ret_written: bytes taken, also when it fails
 *
 * Return: 0: all; SYSTEM: it cannot be read or has become shorter; as response_take_block().
 */
int response_copy_file(struct httpsys_request *request, int fd, uint64_t offset, uint64_t len,
		       struct receiver_deadline *deadline, uint64_t *ret_written) must_check_;

/*
 * response_finish() - mark the end of the body, and end the request
 *
 * The mark goes onto the last piece, if the engine was not shown it yet; otherwise an empty piece
 * carries it, which takes a block.
 *
 * Return: 0; as response_take_block(): the request is still open.
 */
int response_finish(struct httpsys_request *request,
		    struct receiver_deadline *deadline) must_check_;
