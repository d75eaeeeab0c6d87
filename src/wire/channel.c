/* SPDX-License-Identifier: MIT */

/*
 * Control connections; see channel.h.  One sendmsg(2) or recvmsg(2) is one message: SEQPACKET keeps
 * their borders.  A message that arrives cut off (MSG_TRUNC, MSG_CTRUNC) is the peer's fault and
 * invalid; whatever descriptors came with something invalid are closed here.
 */

#include "wire/channel.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"

/* One encoded message that the socket did not take yet. */
struct channel_item {
	struct list link;         /* channel->backlog */
	int fds[MESSAGE_FDS_MAX]; /* owned */
	int n_fds;
	size_t len;
	char bytes[];
};

/* Room for the descriptors of one message; one more would set MSG_CTRUNC. */
union channel_control {
	char bytes[CMSG_SPACE(sizeof(int) * MESSAGE_FDS_MAX)];
	struct cmsghdr align;
};

static void channel_close_fds(int *fds, int n_fds)
{
	for (int i = 0; i < n_fds; i++) {
		fds[i] = fd_close(fds[i]);
	}
}

static struct channel_item *channel_item_free(struct channel_item *item)
{
	if (item != NULL) {
		channel_close_fds(item->fds, item->n_fds);
	}

	return mem_free(item);
}

int channel_init(struct channel *channel, int fd, unsigned peer)
{
	assert(channel != NULL && fd >= 0 && peer != 0);

	*channel = (struct channel){.fd = fd, .peer = peer};
	list_init(&channel->backlog);

	int r = fd_set_nonblock(fd, 1);
	if (r == 0) {
		r = fd_set_cloexec(fd, 1);
	}
	if (r == 0) {
		channel->receive_bytes = mem_new(MESSAGE_BYTES_MAX);
		r = channel->receive_bytes == NULL ? result_origin(-ENOMEM) : 0;
	}
	if (r < 0) {
		channel_fini(channel);

		return result_trace(r);
	}

	return 0;
}

void channel_fini(struct channel *channel)
{
	if (channel == NULL) {
		return;
	}

	/* A zeroed channel was never initialised, so its list has no links yet. */
	while (channel->backlog.next != NULL && !list_is_empty(&channel->backlog)) {
		struct list *node = list_first(&channel->backlog);

		list_remove(node);
		channel_item_free(list_entry(node, struct channel_item, link));
	}
	channel->backlog_bytes = 0;
	channel->receive_bytes = mem_free(channel->receive_bytes);
	channel->fd = fd_close(channel->fd);
}

/*
 * channel_write() - one sendmsg(2)
 *
 * Return: 0 sent; CHANNEL_E_AGAIN; CHANNEL_E_CLOSED; -errno.
 */
static int channel_write(int fd, const void *bytes, size_t len, const int *fds, int n_fds)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len};
	union channel_control control = {.bytes = {0}};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > 0) {
		size_t fds_bytes = sizeof(int) * (size_t)n_fds;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(fds_bytes);
		struct cmsghdr *item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(fds_bytes);
		memcpy(CMSG_DATA(item), fds, fds_bytes);
	}

	ssize_t n;
	do {
		n = sendmsg(fd, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	if (n >= 0) {
		return 0;
	}

	switch (errno) {
	case EAGAIN:
	case ENOBUFS:
		return CHANNEL_E_AGAIN;
	case EPIPE:
	case ECONNRESET:
	case ENOTCONN:
	case ETOOMANYREFS: /* it leaves our descriptors lying in its socket */
		return CHANNEL_E_CLOSED;
	default:
		return result_origin(-errno);
	}
}

/* channel_keep() - put encoded bytes behind the backlog; takes the descriptors on success */
static int channel_keep(struct channel *channel, struct slice bytes, struct message *message)
{
	if (channel->backlog_bytes + bytes.len > CHANNEL_BACKLOG_BYTES_MAX) {
		return CHANNEL_E_CLOSED;
	}

	struct channel_item *item = mem_new(sizeof(*item) + bytes.len);
	if (item == NULL) {
		return result_origin(-ENOMEM);
	}
	memcpy(item->bytes, bytes.data, bytes.len);
	item->len = bytes.len;
	memcpy(item->fds, message->fds, sizeof(item->fds));
	item->n_fds = message->n_fds;
	message->n_fds = 0;
	list_append(&channel->backlog, &item->link);
	channel->backlog_bytes += item->len;

	return 0;
}

int channel_send(struct channel *channel, struct message *message)
{
	assert(channel != NULL && message != NULL);

	cleanup_(buf_fini) struct buf buf = {.len_max = MESSAGE_BYTES_MAX};
	int r = channel->fd == -1 ? CHANNEL_E_CLOSED : 0;

	if (r == 0) {
		r = message_encode(message, &buf);
		/* Senders bound their texts; one that does not is told as a fatal error. */
		r = r == MESSAGE_E_TOO_LARGE ? result_origin(-EMSGSIZE) : r;
	}
	if (r == 0) {
		r = channel_has_backlog(channel) ? CHANNEL_E_AGAIN
						 : channel_write(channel->fd, buf.data, buf.len,
								 message->fds, message->n_fds);
	}
	if (r == CHANNEL_E_AGAIN) {
		r = channel_keep(channel, buf_slice(&buf), message);
	}
	message_fini(message);

	return r < 0 ? result_trace(r) : r;
}

int channel_flush(struct channel *channel)
{
	assert(channel != NULL);

	while (channel_has_backlog(channel)) {
		struct channel_item *item =
			list_entry(list_first(&channel->backlog), struct channel_item, link);
		int r = channel_write(channel->fd, item->bytes, item->len, item->fds, item->n_fds);

		if (r == CHANNEL_E_AGAIN) {
			return 0;
		}
		if (r != 0) {
			return r < 0 ? result_trace(r) : r;
		}
		list_remove(&item->link);
		channel->backlog_bytes -= item->len;
		channel_item_free(item);
	}

	return 0;
}

/* channel_collect_fds() - take the descriptors out of what recvmsg(2) wrote.  Return: how many */
static int channel_collect_fds(struct msghdr *header, int fds[MESSAGE_FDS_MAX])
{
	int n_fds = 0;

	for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL;
	     item = CMSG_NXTHDR(header, item)) {
		if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) {
			continue;
		}

		size_t n = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
			if (n_fds < MESSAGE_FDS_MAX) {
				fds[n_fds++] = fd;
			} else {
				(void)fd_close(fd);
			}
		}
	}

	return n_fds;
}

/* channel_read() - one recvmsg(2) into receive_bytes.  Return: 0; as channel_receive() */
static int channel_read(struct channel *channel, size_t *ret_len, int fds[MESSAGE_FDS_MAX],
			int *ret_n_fds)
{
	struct iovec iov = {.iov_base = channel->receive_bytes, .iov_len = MESSAGE_BYTES_MAX};
	union channel_control control;
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = control.bytes,
				.msg_controllen = sizeof(control.bytes)};

	ssize_t n;
	do {
		n = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (n == -1 && errno == EINTR);
	if (n == -1) {
		if (errno == EAGAIN) {
			return CHANNEL_E_AGAIN;
		}
		if (errno == ECONNRESET || errno == ENOTCONN) {
			return CHANNEL_E_CLOSED;
		}

		return result_origin(-errno);
	}

	*ret_n_fds = channel_collect_fds(&header, fds);
	*ret_len = (size_t)n;
	if (n == 0) {
		/* The end, or an empty message, which nobody may send: the same to us. */
		channel_close_fds(fds, *ret_n_fds);

		return CHANNEL_E_CLOSED;
	}
	if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		channel_close_fds(fds, *ret_n_fds);
		memcpy(channel->error, "a message that is too long or has too many descriptors",
		       sizeof("a message that is too long or has too many descriptors"));

		return CHANNEL_E_INVALID;
	}

	return 0;
}

int channel_receive(struct channel *channel, struct message *ret_message)
{
	assert(channel != NULL && ret_message != NULL);

	if (channel->fd == -1) {
		return CHANNEL_E_CLOSED;
	}

	size_t len = 0;
	int fds[MESSAGE_FDS_MAX];
	int n_fds = 0;
	int r = channel_read(channel, &len, fds, &n_fds);
	if (r != 0) {
		return r < 0 ? result_trace(r) : r;
	}

	struct message message;
	r = message_decode(slice_from(channel->receive_bytes, len), channel->peer, n_fds, &message,
			   channel->error);
	if (r == MESSAGE_E_INVALID) {
		channel_close_fds(fds, n_fds);

		return CHANNEL_E_INVALID;
	}
	for (int i = 0; i < n_fds; i++) {
		message_adopt_fd(&message, fds[i]);
	}
	*ret_message = message;

	return result_fold(r);
}

int channel_wait(struct channel *channel, int timeout_ms)
{
	assert(channel != NULL && channel->fd >= 0);

	struct mono_time end = mono_add_ms(clock_mono(), timeout_ms);

	for (;;) {
		struct pollfd poll_fd = {.fd = channel->fd, .events = POLLIN};
		int n = poll(&poll_fd, 1, timeout_ms);

		if (n > 0) {
			return 0;
		}
		if (n == 0) {
			return CHANNEL_E_AGAIN;
		}
		if (errno != EINTR) {
			return result_origin(-errno);
		}
		if (timeout_ms >= 0) {
			int64_t left_ms = mono_diff_ms(end, clock_mono());

			timeout_ms = left_ms > 0 ? (int)left_ms : 0;
		}
	}
}
