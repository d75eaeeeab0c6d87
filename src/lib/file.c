/* SPDX-License-Identifier: MIT */

/* File numbers of a lane; see file.h. */

#include "lib/file.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/vfs.h>

/*
 * File systems whose pages may take for ever or are made while they are read: sending from them
 * would stop a thread of the engine, which serves everybody.  Numbers as in statfs(2).
 */
static const uint32_t file_slow_systems[] = {
	0x00006969, /* nfs */
	0x0000517b, /* smb */
	0xff534d42, /* cifs */
	0xfe534d42, /* smb2 */
	0x65735546, /* fuse */
	0x01021997, /* 9p */
	0x00c36400, /* ceph */
	0x5346414f, /* afs */
	0x6b414653, /* kafs */
	0x73757245, /* coda */
	0x0000564c, /* ncp */
	0x7461636f, /* ocfs2 */
	0x01161970, /* gfs2 */
	0x0bd00bd0, /* lustre */
	0x786f4256, /* vboxsf */
	0x00009fa0, /* proc */
	0x62656572, /* sysfs */
	0x64626720, /* debugfs */
	0x74726163, /* tracefs */
	0x0027e0eb, /* cgroup */
	0x63677270, /* cgroup2 */
};

static bool file_is_slow(int fd)
{
	struct statfs info;

	if (fstatfs(fd, &info) == -1) {
		return true;
	}
	for (size_t i = 0; i < array_len(file_slow_systems); i++) {
		if ((uint32_t)info.f_type == file_slow_systems[i]) {
			return true;
		}
	}

	return false;
}

/* file_post() - tell the engine that @number is @fd from now on.  Return: false: it can't now */
static bool file_post(int lane_fd, uint32_t number, int fd)
{
	struct ring_file_message message = {.number = number};
	struct iovec iov = {.iov_base = &message, .iov_len = sizeof(message)};
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.bytes = {0}};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *item = CMSG_FIRSTHDR(&header);

	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(item), &fd, sizeof(fd));

	ssize_t n;
	do {
		n = sendmsg(lane_fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);

	return n == (ssize_t)sizeof(message);
}

/* file_find() - the number under which the engine has the file; NULL: it does not */
static struct file_number *file_find(struct file_table *files, const struct stat *info)
{
	for (uint32_t i = 0; i < RING_FILES_MAX; i++) {
		struct file_number *number = &files->numbers[i];

		if (number->used_at != 0 && number->device == info->st_dev &&
		    number->inode == info->st_ino) {
			return number;
		}
	}

	return NULL;
}

/* file_find_oldest() - the number that may be given to another file; NULL: all are in flight */
static struct file_number *file_find_oldest(struct file_table *files)
{
	struct file_number *oldest = NULL;

	for (uint32_t i = 0; i < RING_FILES_MAX; i++) {
		struct file_number *number = &files->numbers[i];

		if (number->n_in_flight == 0 &&
		    (oldest == NULL || number->used_at < oldest->used_at)) {
			oldest = number;
		}
	}

	return oldest;
}

int file_send(struct file_table *files, int lane_fd, int fd, const struct stat *info,
	      uint32_t *ret_number)
{
	assert(files != NULL && lane_fd >= 0 && fd >= 0 && info != NULL && ret_number != NULL);
	assert(S_ISREG(info->st_mode));

	struct file_number *number = file_find(files, info);

	if (number == NULL) {
		number = file_find_oldest(files);
		if (number == NULL || file_is_slow(fd) ||
		    !file_post(lane_fd, (uint32_t)(number - files->numbers), fd)) {
			return FILE_E_COPY;
		}
		*number = (struct file_number){.device = info->st_dev, .inode = info->st_ino};
	}
	number->used_at = ++files->clock;
	number->n_in_flight++;
	*ret_number = (uint32_t)(number - files->numbers);

	return 0;
}

void file_done(struct file_table *files, uint32_t number)
{
	assert(files != NULL && (number < RING_FILES_MAX || number == FILE_NUMBER_NONE));

	if (number != FILE_NUMBER_NONE && files->numbers[number].n_in_flight > 0) {
		files->numbers[number].n_in_flight--;
	}
}
