/* SPDX-License-Identifier: MIT */

/* A netlink dump from question to end; see nldump.h. */

#include "master/nldump.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "base/result.h"

/* The kernel fills a buffer of this size as a whole when it is offered one (netlink_dump()). */
#define NLDUMP_BUFFER_BYTES 32768

static int nldump_receive(struct mnl_socket *socket, unsigned sequence, mnl_cb_t on_answer,
			  void *data)
{
	unsigned port = mnl_socket_get_portid(socket);
	_Alignas(struct nlmsghdr) char buffer[NLDUMP_BUFFER_BYTES];

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (n == -1 && errno == EINTR) {
			continue;
		}
		if (n == -1) {
			return -errno;
		}

		int r = mnl_cb_run(buffer, (size_t)n, sequence, port, on_answer, data);

		if (r == MNL_CB_ERROR) {
			return -errno;
		}
		if (r == MNL_CB_STOP) {
			return 0;
		}
	}
}

int nldump_run(int bus, struct nlmsghdr *request, mnl_cb_t on_answer, void *data)
{
	assert(request != NULL && (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
	assert(on_answer != NULL);

	struct mnl_socket *socket = mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (socket == NULL) {
		return result_origin(-errno);
	}

	request->nlmsg_seq = 1;
	request->nlmsg_pid = 0;

	int r = mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID);
	if (r == 0) {
		r = mnl_socket_sendto(socket, request, request->nlmsg_len) == -1 ? -1 : 0;
	}
	r = r == -1 ? -errno : nldump_receive(socket, request->nlmsg_seq, on_answer, data);

	/* Nothing is left to be flushed on a netlink socket. */
	(void)mnl_socket_close(socket);

	return r == -EINTR ? r : result_trace(r);
}
