/* SPDX-License-Identifier: MIT */

/*
 * The files that an application hands over for sendfile.  Only regular files of local file systems
 * are taken: reading from a FUSE or network file system can block for as long as somebody else
 * likes, and with it this worker and everybody's requests on it.
 */

#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/mem.h"
#include "engine/lane.h"

/* Magic numbers that <linux/magic.h> of this age lacks or spells otherwise (statfs(2)). */
#define LANE_MAGIC_CIFS 0xff534d42L
#define LANE_MAGIC_SMB2 0xfe534d42L
#define LANE_MAGIC_CEPH 0x00c36400L
#define LANE_MAGIC_FUSE 0x65735546L

static const long lane_remote_file_systems[] = {
	NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, LANE_MAGIC_CIFS, LANE_MAGIC_SMB2,  LANE_MAGIC_CEPH,
	LANE_MAGIC_FUSE, V9FS_MAGIC,      AFS_SUPER_MAGIC, CODA_SUPER_MAGIC,
};

static bool lane_file_is_usable(int fd, uint64_t *ret_size)
{
	struct stat st;
	struct statfs fs;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || fstatfs(fd, &fs) == -1) {
		return false;
	}
	for (size_t i = 0; i < array_len(lane_remote_file_systems); i++) {
		if (fs.f_type == lane_remote_file_systems[i]) {
			return false;
		}
	}
	*ret_size = (uint64_t)st.st_size;

	return true;
}

bool lane_file_covers(struct lane_file *file, uint64_t end)
{
	struct stat st;

	if (end > file->size && fstat(file->fd, &st) == 0) {
		file->size = (uint64_t)st.st_size;
	}

	return end <= file->size;
}

void lane_file_ref(struct lane_file *file)
{
	file->n_refs++;
}

void lane_file_unref(struct lane_file *file)
{
	if (--file->n_refs == 0) {
		fd_close(file->fd);
		mem_free(file);
	}
}

/* Take one message off the file lane.  Return: false = there is none (or the lane is broken). */
static bool lane_file_receive(struct lane *lane)
{
	struct ring_file_message body;
	union {
		struct cmsghdr align;
		char bytes[CMSG_LEN(sizeof(int))]; /* not SPACE: its padding takes a second one */
	} control;
	struct iovec iov = {&body, sizeof(body)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(lane->file_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0) {
		return false;
	}

	cleanup_(fd_close_p) int fd = -1;
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	}
	if (n != sizeof(body) || fd == -1 || body.number >= RING_FILES_MAX ||
	    (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		lane_break(lane, "a malformed message on the file lane");

		return false;
	}

	struct lane_file **file_p = &lane->files[body.number];
	if (*file_p != NULL) {
		lane_file_unref(*file_p);
		*file_p = NULL;
	}

	uint64_t size;
	struct lane_file *file = lane_file_is_usable(fd, &size) ? mem_new(sizeof(*file)) : NULL;
	if (file != NULL) {
		file->fd = fd;
		fd = -1;
		file->size = size;
		file->n_refs = 1;
		*file_p = file;
	}

	return true;
}

struct lane_file *lane_file_find(struct lane *lane, uint64_t number)
{
	/* Whatever an entry refers to was sent before the entry was published; who has more than
	 * all numbers under way gets no thread for it. */
	for (unsigned i = 0; i < RING_FILES_MAX && !lane->is_broken; i++) {
		if (!lane_file_receive(lane)) {
			break;
		}
	}

	return !lane->is_broken && number < RING_FILES_MAX ? lane->files[number] : NULL;
}
