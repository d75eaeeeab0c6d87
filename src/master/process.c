/* SPDX-License-Identifier: MIT */

/* Processes out of /proc; see process.h. */

#include "master/process.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/result.h"
#include "base/slice.h"

#define PROCESS_PATH_BYTES 64
#define PROCESS_COMM_CHARS 15 /* TASK_COMM_LEN without its NUL */

static void process_close_dir(DIR **dir)
{
	if (*dir != NULL) {
		(void)closedir(*dir); /* opened for reading: nothing to lose */
	}
}

static bool process_parse_pid(const char *name, pid_t *ret_pid)
{
	uint64_t pid;

	if (!slice_parse_u64(slice_from_str(name), INT32_MAX, &pid) || pid == 0) {
		return false;
	}
	*ret_pid = (pid_t)pid;

	return true;
}

static int process_compare_inode(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

/* The inode of a descriptor's link "socket:[123]"; 0 = no socket. */
static uint32_t process_socket_inode(int dir_fd, const char *name)
{
	static const struct slice begin = {.data = "socket:[", .len = 8};
	char target[64];
	ssize_t n = readlinkat(dir_fd, name, target, sizeof(target));
	uint64_t inode;

	if (n <= 0 || target[n - 1] != ']' ||
	    !slice_has_prefix(slice_from(target, (size_t)n), begin)) {
		return 0;
	}

	struct slice digits = slice_from(target + begin.len, (size_t)n - begin.len - 1);

	return slice_parse_u64(digits, UINT32_MAX, &inode) ? (uint32_t)inode : 0;
}

static int process_scan_fds(DIR *dir, pid_t pid, const uint32_t *inodes, size_t n,
			    process_on_socket_fn on_socket, void *context)
{
	for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
		uint32_t inode = entry->d_name[0] == '.'
					 ? 0
					 : process_socket_inode(dirfd(dir), entry->d_name);

		if (inode == 0 ||
		    bsearch(&inode, inodes, n, sizeof(*inodes), process_compare_inode) == NULL) {
			continue;
		}

		int r = on_socket(context, pid, inode);
		if (r != 0) {
			return r;
		}
	}

	return 0;
}

int process_find_sockets(const uint32_t *inodes, size_t n, process_on_socket_fn on_socket,
			 void *context, bool *ret_is_blind)
{
	assert(n == 0 || inodes != NULL);
	assert(on_socket != NULL && ret_is_blind != NULL);

	cleanup_(process_close_dir) DIR *proc = opendir("/proc");

	if (proc == NULL) {
		return result_origin(-errno);
	}
	*ret_is_blind = false;

	for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
		char path[PROCESS_PATH_BYTES];
		pid_t pid;

		if (!process_parse_pid(entry->d_name, &pid)) {
			continue;
		}
		(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid); /* always fits */

		cleanup_(process_close_dir) DIR *dir = opendir(path);

		if (dir == NULL) {
			*ret_is_blind = *ret_is_blind || errno == EACCES;
			continue;
		}

		int r = process_scan_fds(dir, pid, inodes, n, on_socket, context);
		if (r != 0) {
			return r;
		}
	}

	return 0;
}

bool process_uid(pid_t pid, uid_t *ret_uid)
{
	assert(pid > 0 && ret_uid != NULL);

	char path[PROCESS_PATH_BYTES];
	struct stat status;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid); /* always fits */
	if (stat(path, &status) == -1) {
		return false;
	}
	*ret_uid = status.st_uid;

	return true;
}

size_t process_read_file(pid_t pid, const char *name, char *ret_text, size_t size)
{
	assert(pid > 0 && name != NULL && ret_text != NULL && size > 0);

	char path[PROCESS_PATH_BYTES];
	size_t len = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name); /* names are short */

	cleanup_(fd_close_p) int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd != -1 && len < size - 1) {
		ssize_t n = read(fd, ret_text + len, size - 1 - len);

		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			break;
		}
		len += (size_t)n;
	}
	ret_text[len] = '\0';

	return len;
}

pid_t process_parent(pid_t pid)
{
	char text[512];
	size_t len = process_read_file(pid, "stat", text, sizeof(text));
	const char *end = len > 0 ? memrchr(text, ')', len) : NULL;
	pid_t parent = 0;

	/* "812 (a name) with ) in it) S 1 ...": the name ends at the last parenthesis. */
	if (end == NULL || (size_t)(end - text) + 4 >= len) {
		return 0;
	}

	struct slice rest = slice_from_str(end + 4);
	struct slice digits = slice_cut(&rest, ' ');
	uint64_t number;

	if (slice_parse_u64(digits, INT32_MAX, &number)) {
		parent = (pid_t)number;
	}

	return parent;
}

static void process_make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		text[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
}

/* The last component of @path when it begins with the cut name @cut; data NULL otherwise. */
static struct slice process_complete_name(struct slice path, struct slice cut)
{
	struct slice name = {0};

	while (path.len > 0) {
		name = slice_cut(&path, '/');
	}

	return slice_has_prefix(name, cut) ? name : (struct slice){0};
}

/* The kernel cuts names after 15 bytes; the executable or the script may tell the whole one. */
static size_t process_complete(pid_t pid, char *text, size_t len, size_t size)
{
	char path[PROCESS_PATH_BYTES];
	char bytes[4096];
	struct slice cut = slice_from(text, len);
	struct slice name = {0};

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid); /* always fits */

	ssize_t n = readlink(path, bytes, sizeof(bytes));

	if (n > 0) {
		name = process_complete_name(slice_from(bytes, (size_t)n), cut);
	}
	if (name.data == NULL) {
		/* The interpreter and its script. */
		struct slice rest =
			slice_from(bytes, process_read_file(pid, "cmdline", bytes, sizeof(bytes)));

		for (int i = 0; i < 2 && name.data == NULL && rest.len > 0; i++) {
			name = process_complete_name(slice_cut(&rest, '\0'), cut);
		}
	}
	if (name.data == NULL || name.len >= size) {
		return len;
	}
	memcpy(text, name.data, name.len);
	text[name.len] = '\0';

	return name.len;
}

void process_program(pid_t pid, char *ret_text, size_t size)
{
	size_t len = process_read_file(pid, "comm", ret_text, size);

	if (len > 0 && ret_text[len - 1] == '\n') {
		len--;
		ret_text[len] = '\0';
	}
	if (len == PROCESS_COMM_CHARS) {
		len = process_complete(pid, ret_text, len, size);
	}
	process_make_printable(ret_text, len);
}

void process_command(pid_t pid, char *ret_text, size_t size)
{
	size_t len = process_read_file(pid, "cmdline", ret_text, size);

	while (len > 0 && ret_text[len - 1] == '\0') {
		len--;
	}
	for (size_t i = 0; i < len; i++) {
		ret_text[i] = ret_text[i] == '\0' ? ' ' : ret_text[i];
	}
	process_make_printable(ret_text, len);
}
