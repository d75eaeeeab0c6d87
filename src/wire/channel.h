#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One end of a control connection: an AF_UNIX SOCK_SEQPACKET socket that carries control messages
 * with descriptors.  Knows who may speak at the other end.  Sending never blocks: what the socket
 * does not take waits in a bounded list and goes out on channel_flush() when the socket is
 * writable. One owner, one thread.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/list.h"
#include "wire/message.h"

#define CHANNEL_BACKLOG_BYTES_MAX (16u << 20) /* unsent bytes; over that the peer is given up */

enum channel_verdict {
	CHANNEL_E_AGAIN = 1, /* nothing to receive now */
	CHANNEL_E_CLOSED,    /* the peer has closed, or was given up (backlog) */
	CHANNEL_E_INVALID,   /* it sent what it may not; channel->error says what; close it */
};

struct channel {
	int fd;              /* owned; -1 = none */
	unsigned peer;       /* enum message_sender bits the other end may send as */
	struct list backlog; /* encoded messages with their descriptors, oldest first */
	size_t backlog_bytes;
	char *receive_bytes; /* MESSAGE_BYTES_MAX, owned; the last received message's texts */
	char error[MESSAGE_ERROR_BYTES];
};

/* The kernel's word on who is at the other end. */
struct channel_peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary groups, owned (mem_free) */
	size_t n_groups;
};

/*
 * channel_init() - take over a connected socket
 * @fd: adopted, also on failure; is made non-blocking and close-on-exec
 *
 * Return: 0; -errno.
 */
int channel_init(struct channel *channel, int fd, unsigned peer) must_check_;

/* channel_fini() - close and free; accepts a zeroed (fd 0 is not a zeroed one: use fd = -1) channel
 */
void channel_fini(struct channel *channel);

/*
 * channel_send() - send @message, or keep it for channel_flush()
 *
 * Takes the message's descriptors in every case (they are closed once sent).
 *
 * Return: 0; CHANNEL_E_CLOSED; -errno.
 */
int channel_send(struct channel *channel, struct message *message) must_check_;

/* channel_flush() - send what waits.  Return: 0 (see channel_has_backlog); CHANNEL_E_CLOSED; -errno
 */
int channel_flush(struct channel *channel) must_check_;

/* channel_has_backlog() - does something wait for the socket to become writable? */
static inline bool channel_has_backlog(const struct channel *channel)
{
	return !list_is_empty(&channel->backlog);
}

/*
 * channel_receive() - receive one message
 * @ret_message: its texts are valid until the next call; the caller must message_fini() it
 *
 * Return: 0; CHANNEL_E_AGAIN; CHANNEL_E_CLOSED; CHANNEL_E_INVALID; -errno.
 */
int channel_receive(struct channel *channel, struct message *ret_message) must_check_;

/* channel_wait() - wait up to @timeout_ms (-1 = for ever) for something to receive.
 * Return: 0; CHANNEL_E_AGAIN (time is up); -errno */
int channel_wait(struct channel *channel, int timeout_ms) must_check_;

/*
 * channel_peer_read() - ask the kernel who is there (SO_PEERCRED, SO_PEERGROUPS)
 *
 * Return: 0 and @ret_peer to be given to channel_peer_fini(); -errno.
 */
int channel_peer_read(int fd, struct channel_peer *ret_peer) must_check_;

/* channel_peer_fini() - free the group list; accepts a zeroed one */
void channel_peer_fini(struct channel_peer *peer);

/*
 * channel_connect() - connect to the socket at @path (SEQPACKET)
 *
 * Return: 0 and an owned descriptor; -errno (-ENOENT, -ECONNREFUSED: nobody listens there).
 */
int channel_connect(const char *path, int *ret_fd) must_check_;

/*
 * channel_listen() - make the socket at @path and listen; a dead one that lies there is replaced
 * @mode: file mode, for example 0666
 *
 * Return: 0 and an owned non-blocking descriptor; -EADDRINUSE when somebody listens there; -errno.
 */
int channel_listen(const char *path, unsigned mode, int *ret_fd) must_check_;
