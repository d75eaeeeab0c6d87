/* SPDX-License-Identifier: MIT */

/*
 * The application behind a proxy, as cheap as one can be: answers every request that comes in on a
 * unix socket with the same few bytes and keeps the connection.  What a proxy costs beside it is
 * the proxy's own.
 *
 *   bench_upstream SOCKET BODY
 *
 * One thread, one edge-triggered epoll set.  A request is over where its head is (there are no
 * bodies), so all that is kept of a connection is how much of CR LF CR LF has been seen.
 */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define EVENTS_MAX      256
#define READ_BYTES      16384
#define RESPONSE_BYTES  4096
#define PIPELINED_MAX   64 /* responses that leave in one send */

struct upstream {
	int epoll_fd;
	int listen_fd;
	size_t response_bytes;
	char responses[PIPELINED_MAX * RESPONSE_BYTES]; /* the same one, again and again */
	uint8_t n_matched[CONNECTIONS_MAX];             /* by descriptor: bytes of CR LF CR LF */
	char bytes[READ_BYTES];
};

static bool upstream_watch(struct upstream *upstream, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(upstream->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool upstream_listen(struct upstream *upstream, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, strlen(path));
	upstream->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	upstream->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* The proxy's workers run under a user of their own. */
	(void)umask(0);
	return upstream->epoll_fd != -1 && upstream->listen_fd != -1 &&
	       bind(upstream->listen_fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       listen(upstream->listen_fd, SOMAXCONN) == 0 &&
	       upstream_watch(upstream, upstream->listen_fd, EPOLLIN);
}

static bool upstream_set_body(struct upstream *upstream, const char *body)
{
	int n = snprintf(upstream->responses, RESPONSE_BYTES,
			 "HTTP/1.1 200 OK\r\n"
			 "Content-Type: text/plain\r\n"
			 "Content-Length: %zu\r\n"
			 "\r\n"
			 "%s",
			 strlen(body), body);

	if (n < 0 || n >= RESPONSE_BYTES) {
		errno = EMSGSIZE;
		return false;
	}
	upstream->response_bytes = (size_t)n;
	for (size_t i = 1; i < PIPELINED_MAX; i++) {
		memcpy(upstream->responses + i * upstream->response_bytes, upstream->responses,
		       upstream->response_bytes);
	}
	return true;
}

static void upstream_accept(struct upstream *upstream)
{
	int fd = accept4(upstream->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1) {
		return; /* the client was faster, or we are full: it is asked again */
	}
	if (fd >= CONNECTIONS_MAX ||
	    !upstream_watch(upstream, fd, EPOLLIN | EPOLLRDHUP | EPOLLET)) {
		(void)close(fd);
		return;
	}
	upstream->n_matched[fd] = 0;
}

/* Counts the heads that end in @bytes, which follow what was seen of the connection before. */
static size_t upstream_count_heads(uint8_t *n_matched, const char *bytes, size_t n)
{
	static const char end[] = "\r\n\r\n";
	size_t n_heads = 0;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != end[*n_matched]) {
			*n_matched = bytes[i] == '\r';
			continue;
		}
		(*n_matched)++;
		if (end[*n_matched] == '\0') {
			*n_matched = 0;
			n_heads++;
		}
	}
	return n_heads;
}

static bool upstream_respond(struct upstream *upstream, int fd, size_t n_heads)
{
	while (n_heads > 0) {
		size_t n = n_heads < PIPELINED_MAX ? n_heads : PIPELINED_MAX;
		size_t n_bytes = n * upstream->response_bytes;

		/* Who asks for more than a socket takes without reading is no proxy. */
		if (send(fd, upstream->responses, n_bytes, MSG_NOSIGNAL) != (ssize_t)n_bytes) {
			return false;
		}
		n_heads -= n;
	}
	return true;
}

/* Reads what there is.  Return: false = the connection is over. */
static bool upstream_serve(struct upstream *upstream, int fd)
{
	for (;;) {
		ssize_t n = recv(fd, upstream->bytes, READ_BYTES, 0);

		if (n <= 0) {
			return n == -1 && (errno == EAGAIN || errno == EINTR);
		}
		size_t n_heads =
			upstream_count_heads(&upstream->n_matched[fd], upstream->bytes, (size_t)n);
		if (!upstream_respond(upstream, fd, n_heads)) {
			return false;
		}
		/* Less than there was room for: the next event will tell of more. */
		if (n < READ_BYTES) {
			return true;
		}
	}
}

static void upstream_turn(struct upstream *upstream)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(upstream->epoll_fd, events, EVENTS_MAX, -1);

	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd == upstream->listen_fd) {
			upstream_accept(upstream);
		} else if (!upstream_serve(upstream, fd) || (events[i].events & EPOLLRDHUP) != 0) {
			(void)close(fd);
		}
	}
}

int main(int argc, char **argv)
{
	static struct upstream upstream;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s SOCKET BODY\n", argv[0]);
		return 64;
	}
	if (!upstream_set_body(&upstream, argv[2]) || !upstream_listen(&upstream, argv[1])) {
		perror("bench_upstream");
		return 1;
	}
	(void)puts("ready");
	(void)fflush(stdout);
	for (;;) {
		upstream_turn(&upstream);
	}
}
