/* SPDX-License-Identifier: MIT */

/*
 * One thread with an event loop of its own: the receiver's descriptor stands in an epoll set beside
 * a signalfd.  Bodies are read, and answers completed, from events.
 *
 *   async [--queue NAME [--acl ACL]] PREFIX...   make a queue, register, and receive
 *   async --open NAME                            receive from the queue that another program made
 */

#include <getopt.h>
#include <httpsys.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "examples/setup.h"

/* A request whose body is still coming.  Freed with the last event. */
struct async_upload {
	uint64_t count; /* bytes so far */
	bool is_ended;  /* answered or aborted */
};

static void async_answer(struct httpsys_request *request, uint64_t count)
{
	char body[80];
	int len = snprintf(body, sizeof(body), "async from %d: %" PRIu64 " bytes\n", (int)getpid(),
			   count);
	struct httpsys_field type = {
		.name = {.data = "Content-Type", .len = sizeof("Content-Type") - 1},
		.value = {.data = "text/plain", .len = sizeof("text/plain") - 1}};

	/* The client may have gone: there is nobody left to be told. */
	(void)httpsys_respond(request, 200, &type, 1, body, (size_t)len);
}

/* async_read() - take what there is of the body, and answer at its end */
static void async_read(struct async_upload *upload, struct httpsys_request *request)
{
	struct httpsys_slice data;
	int r;

	do {
		r = httpsys_request_read(request, 0, &data);
		upload->count += r == 0 ? data.len : 0;
	} while (r == 0);

	if (r == HTTPSYS_E_AGAIN) {
		return;
	}
	upload->is_ended = true;
	if (r == HTTPSYS_E_END) {
		async_answer(request, upload->count);
	} else {
		httpsys_request_abort(request);
	}
}

static void async_on_event(void *user, struct httpsys_request *request, enum httpsys_event event)
{
	struct async_upload *upload = user;

	if (event == HTTPSYS_EVENT_DONE) {
		free(upload);
	} else if (!upload->is_ended) {
		async_read(upload, request);
	}
}

static void async_begin(struct httpsys_request *request)
{
	if (httpsys_request_content_length(request) == 0) {
		async_answer(request, 0);

		return;
	}

	struct async_upload *upload = calloc(1, sizeof(*upload));
	if (upload == NULL) {
		httpsys_request_abort(request);

		return;
	}
	httpsys_request_watch(request, async_on_event, upload);
	async_read(upload, request);
}

/* async_receive() - the receiver's descriptor is readable.  Return: AGAIN: wait again; a failure */
static int async_receive(struct httpsys_receiver *receiver)
{
	struct httpsys_request *request;
	int r = httpsys_receive(receiver, 0, &request);

	while (r == 0) {
		async_begin(request);
		r = httpsys_receive(receiver, 0, &request);
	}

	return r;
}

/* async_run() - the event loop.  Return: 0: asked to stop; a failure */
static int async_run(struct httpsys_receiver *receiver, int signal_fd)
{
	int receiver_fd = httpsys_receiver_fd(receiver);
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = receiver_fd};
	struct epoll_event stop = {.events = EPOLLIN, .data.fd = signal_fd};

	if (epoll_fd == -1 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, receiver_fd, &event) == -1 ||
	    epoll_ctl(epoll_fd, EPOLL_CTL_ADD, signal_fd, &stop) == -1) {
		return HTTPSYS_E_SYSTEM;
	}

	/* First look without waiting: the descriptor speaks only after AGAIN was seen. */
	int r = async_receive(receiver);
	while (r == HTTPSYS_E_AGAIN) {
		if (epoll_wait(epoll_fd, &event, 1, -1) != 1) {
			continue;
		}
		if (event.data.fd == signal_fd) {
			r = 0;
			break;
		}
		r = async_receive(receiver);
	}
	(void)close(epoll_fd);

	return r;
}

/* async_block_signals() - SIGTERM and SIGINT as a descriptor.  Return: it; -1 */
static int async_block_signals(void)
{
	sigset_t signals;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);

	return signalfd(-1, &signals, SFD_CLOEXEC);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"queue", required_argument, NULL, 'q'},
						{"acl", required_argument, NULL, 'a'},
						{"open", required_argument, NULL, 'o'},
						{0}};
	const char *arguments['z' + 1] = {NULL};
	int option = getopt_long(argc, argv, "", options, NULL);

	while (option != -1) {
		if (option == '?') {
			fprintf(stderr, "usage: async [--queue NAME [--acl ACL]] PREFIX... | "
					"async --open NAME\n");

			return 2;
		}
		arguments[option] = optarg;
		option = getopt_long(argc, argv, "", options, NULL);
	}

	struct setup setup;
	struct httpsys_receiver *receiver;
	int signal_fd = async_block_signals();
	int r = arguments['o'] != NULL
			? setup_open(&setup, "async", arguments['o'])
			: setup_connect(&setup, "async", arguments['q'], arguments['a']);
	if (r != 0) {
		return 1;
	}
	r = httpsys_receiver_new(setup.queue, NULL, &receiver);
	if (r != 0) {
		return setup_fail(&setup, "attaching a receiver", r);
	}
	if (arguments['o'] != NULL) {
		printf("opened %s\n", arguments['o']);
		(void)fflush(stdout);
	} else if (setup_register(&setup, argv + optind, argc - optind) != 0) {
		return 1;
	}

	r = async_run(receiver, signal_fd);
	if (r != 0) {
		(void)setup_fail(&setup, "receiving", r);
	}
	httpsys_session_free(setup.session);

	return r == 0 ? 0 : 1;
}
