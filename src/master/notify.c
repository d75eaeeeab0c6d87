/* SPDX-License-Identifier: MIT */

/* The notification protocol of systemd; see notify.h. */

#include "master/notify.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/compiler.h"
#include "base/fd.h"

void notify_send(const char *state)
{
	assert(state != NULL);

	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path != NULL ? strlen(path) : 0;

	if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@')) {
		return;
	}
	memcpy(address.sun_path, path, len);
	if (path[0] == '@') {
		address.sun_path[0] = '\0'; /* the abstract name space */
	}

	cleanup_(fd_close_p) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);

	if (fd != -1) {
		/* A manager that does not listen is its own problem. */
		(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
			     (const struct sockaddr *)&address, address_len);
	}
}
