/* SPDX-License-Identifier: MIT */

/*
 * Control sockets in the file system and who is at their other end; see channel.h.
 *
 * A path longer than sockaddr_un takes is reached through /proc/self/fd/N/NAME, N being the opened
 * directory.
 */

#include "wire/channel.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"

#define CHANNEL_CONNECT_TIMEOUT_S 5 /* how long a full accept queue may keep us waiting */
#define CHANNEL_ACCEPT_QUEUE      512

int channel_peer_read(int fd, struct channel_peer *ret_peer)
{
	assert(fd >= 0 && ret_peer != NULL);

	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1) {
		return result_origin(-errno);
	}

	/* With no room the kernel says how much it needs. */
	cleanup_(mem_free_p) gid_t *groups = NULL;
	len = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == -1) {
		if (errno != ERANGE) {
			return result_origin(-errno);
		}
		groups = mem_new(len);
		if (groups == NULL) {
			return result_origin(-ENOMEM);
		}
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1) {
			return result_origin(-errno);
		}
	}

	*ret_peer = (struct channel_peer){.pid = cred.pid,
					  .uid = cred.uid,
					  .gid = cred.gid,
					  .groups = groups,
					  .n_groups = len / sizeof(gid_t)};
	groups = NULL;

	return 0;
}

void channel_peer_fini(struct channel_peer *peer)
{
	if (peer == NULL) {
		return;
	}

	peer->groups = mem_free(peer->groups);
	peer->n_groups = 0;
}

/*
 * channel_address() - the socket address for @path
 * @ret_dir_fd: a directory that must stay open while the address is used, or -1; owned
 */
static int channel_address(const char *path, struct sockaddr_un *ret_address, int *ret_dir_fd)
{
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*ret_dir_fd = -1;

	size_t len = strlen(path);
	if (len < sizeof(ret_address->sun_path)) {
		memcpy(ret_address->sun_path, path, len);

		return 0;
	}

	const char *name = strrchr(path, '/');
	if (name == NULL) {
		return result_origin(-ENAMETOOLONG);
	}
	cleanup_(mem_free_p) char *dir = mem_dup(path, (size_t)(name - path));
	if (dir == NULL) {
		return result_origin(-ENOMEM);
	}
	cleanup_(fd_close_p) int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd == -1) {
		return -errno;
	}

	int n = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "/proc/self/fd/%d%s",
			 dir_fd, name);
	if (n < 0 || (size_t)n >= sizeof(ret_address->sun_path)) {
		return result_origin(-ENAMETOOLONG);
	}
	*ret_dir_fd = dir_fd;
	dir_fd = -1;

	return 0;
}

int channel_connect(const char *path, int *ret_fd)
{
	assert(path != NULL && ret_fd != NULL);

	struct sockaddr_un address;
	cleanup_(fd_close_p) int dir_fd = -1;
	int r = channel_address(path, &address, &dir_fd);
	if (r < 0) {
		return r;
	}

	cleanup_(fd_close_p) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		return result_origin(-errno);
	}

	/* connect(2) waits for room in the accept queue as long as a send would. */
	struct timeval timeout = {.tv_sec = CHANNEL_CONNECT_TIMEOUT_S};
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) == -1) {
		return result_origin(-errno);
	}
	do {
		r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	} while (r == -1 && errno == EINTR);
	if (r == -1) {
		/* That nobody listens is news for the caller, not an error's origin. */
		return -errno;
	}
	*ret_fd = fd;
	fd = -1;

	return 0;
}

/* channel_is_alive() - does somebody listen on the socket at @path? */
static bool channel_is_alive(const char *path)
{
	int fd;
	int r = channel_connect(path, &fd);

	if (r == 0) {
		(void)fd_close(fd);
	}

	return r != -ECONNREFUSED && r != -ENOENT;
}

int channel_listen(const char *path, unsigned mode, int *ret_fd)
{
	assert(path != NULL && ret_fd != NULL);

	struct sockaddr_un address;
	cleanup_(fd_close_p) int dir_fd = -1;
	int r = channel_address(path, &address, &dir_fd);
	if (r < 0) {
		return result_trace(r);
	}

	cleanup_(fd_close_p) int fd =
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		return result_origin(-errno);
	}

	r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	if (r == -1 && errno == EADDRINUSE && !channel_is_alive(path)) {
		/* What a killed process left behind. */
		(void)unlink(path);
		r = bind(fd, (const struct sockaddr *)&address, sizeof(address));
	}
	if (r == -1) {
		return result_origin(-errno);
	}

	/* Nobody can connect before listen(2), so there is no moment with a wrong mode. */
	if (chmod(path, (mode_t)mode) == -1 || listen(fd, CHANNEL_ACCEPT_QUEUE) == -1) {
		r = result_origin(-errno);
		(void)unlink(path);

		return r;
	}
	*ret_fd = fd;
	fd = -1;

	return 0;
}
