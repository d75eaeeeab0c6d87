/* SPDX-License-Identifier: MIT */

/*
 * Serves the files of a directory, and takes uploads.  Several threads receive from one queue, each
 * with a receiver of its own; the listener sends the files, from the page cache.
 *
 *   file_server [--upload] [--threads N] DIR PREFIX...
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <httpsys.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/file_server/answer.h"
#include "examples/file_server/files.h"
#include "examples/setup.h"

#define FILE_SERVER_THREADS     4
#define FILE_SERVER_THREADS_MAX 64

struct file_server {
	struct setup setup;
	int root_fd;
	bool can_upload;
	unsigned n_threads;
};

struct file_server_thread {
	const struct file_server *server;
	struct httpsys_receiver *receiver;
	pthread_t thread;
};

static unsigned file_server_status(int verdict)
{
	switch (verdict) {
	case FILES_E_NOT_FOUND:
		return 404;
	case FILES_E_FORBIDDEN:
		return 403;
	default:
		return 500;
	}
}

static void file_server_get(const struct file_server *server, struct httpsys_request *request,
			    const char *path)
{
	struct files_file file;
	int r = files_open(server->root_fd, path, &file);

	if (r == FILES_E_SLASH) {
		answer_redirect(request);

		return;
	}
	if (r != 0) {
		answer_status(request, file_server_status(r), NULL);

		return;
	}
	answer_file(request, &file);
	(void)close(file.fd);
}

/* file_server_store() - write the body to @fd.  Return: 0; why not */
static int file_server_store(struct httpsys_request *request, int fd)
{
	for (;;) {
		struct httpsys_slice data;
		int r = httpsys_request_read(request, -1, &data);
		if (r != 0) {
			return r == HTTPSYS_E_END ? 0 : r;
		}

		while (data.len > 0) {
			ssize_t n = write(fd, data.data, data.len);

			if (n == -1 && errno == EINTR) {
				continue;
			}
			if (n == -1) {
				return HTTPSYS_E_SYSTEM;
			}
			data.data += n;
			data.len -= (size_t)n;
		}
	}
}

static void file_server_put(const struct file_server *server, struct httpsys_request *request,
			    const char *path)
{
	char name[FILES_NAME_BYTES];
	bool is_new = false;
	int dir_fd;
	int fd;
	int r = files_create(server->root_fd, path, &dir_fd, &fd, name);
	if (r != 0) {
		answer_status(request, r == FILES_E_NOT_FOUND ? 409 : file_server_status(r), NULL);

		return;
	}

	int stored = file_server_store(request, fd);
	if (close(fd) == 0 && stored == 0) {
		r = files_commit(dir_fd, name, path, &is_new);
	} else {
		(void)unlinkat(dir_fd, name, 0);
		r = FILES_E_FAILED;
	}
	(void)close(dir_fd);

	if (stored == HTTPSYS_E_GONE) {
		httpsys_request_abort(request);
	} else if (r != 0) {
		answer_status(request, file_server_status(r), NULL);
	} else if (is_new) {
		answer_status(request, 201, NULL);
	} else {
		(void)httpsys_respond(request, 204, NULL, 0, NULL, 0);
	}
}

static bool file_server_is(const struct httpsys_request *request, const char *method)
{
	struct httpsys_slice s = httpsys_request_method(request);

	return s.len == strlen(method) && memcmp(s.data, method, s.len) == 0;
}

static void file_server_answer(const struct file_server *server, struct httpsys_request *request)
{
	char path[FILES_PATH_BYTES];

	if (!files_path(request, path)) {
		answer_status(request, 400, NULL);
	} else if (file_server_is(request, "GET") || file_server_is(request, "HEAD")) {
		file_server_get(server, request, path);
	} else if (server->can_upload && file_server_is(request, "PUT")) {
		file_server_put(server, request, path);
	} else {
		struct httpsys_field allow = {
			.name = answer_slice("Allow"),
			.value = answer_slice(server->can_upload ? "GET, HEAD, PUT" : "GET, HEAD")};

		answer_status(request, 405, &allow);
	}
}

/* file_server_run() - one thread: receive until the queue is freed */
static void *file_server_run(void *argument)
{
	const struct file_server_thread *thread = argument;
	const struct file_server *server = thread->server;
	struct httpsys_request *request;
	int r = httpsys_receive(thread->receiver, -1, &request);

	while (r == 0) {
		file_server_answer(server, request);
		r = httpsys_receive(thread->receiver, -1, &request);
	}
	if (r != HTTPSYS_E_SHUTDOWN) {
		(void)setup_fail(&server->setup, "receiving", r);
		(void)kill(getpid(), SIGTERM);
	}

	return NULL;
}

/* file_server_start() - the threads; their receivers are there before the queue can be freed.
 * Return: 0; another number: it was said why not */
static int file_server_start(struct file_server *server, struct file_server_thread *threads)
{
	for (unsigned i = 0; i < server->n_threads; i++) {
		int r = httpsys_receiver_new(server->setup.queue, NULL, &threads[i].receiver);
		if (r != 0) {
			return setup_fail(&server->setup, "attaching a receiver", r);
		}
		threads[i].server = server;
		r = pthread_create(&threads[i].thread, NULL, file_server_run, &threads[i]);
		if (r != 0) {
			fprintf(stderr, "file_server: no thread: %s\n", strerror(r));

			return 1;
		}
	}

	return 0;
}

/* file_server_parse() - the command line.  Return: false: it was said how it has to be */
static bool file_server_parse(struct file_server *server, int argc, char **argv)
{
	static const struct option options[] = {
		{"upload", no_argument, NULL, 'u'}, {"threads", required_argument, NULL, 't'}, {0}};
	int option = getopt_long(argc, argv, "", options, NULL);

	while (option != -1) {
		if (option == 'u') {
			server->can_upload = true;
		} else if (option == 't') {
			server->n_threads = (unsigned)strtoul(optarg, NULL, 10);
		} else {
			return false;
		}
		option = getopt_long(argc, argv, "", options, NULL);
	}

	return argc - optind >= 2 && server->n_threads >= 1 &&
	       server->n_threads <= FILE_SERVER_THREADS_MAX;
}

int main(int argc, char **argv)
{
	struct file_server server = {.n_threads = FILE_SERVER_THREADS};
	struct file_server_thread threads[FILE_SERVER_THREADS_MAX];
	sigset_t signals;
	int number;

	if (!file_server_parse(&server, argc, argv)) {
		fprintf(stderr, "usage: file_server [--upload] [--threads N] DIR PREFIX...\n");

		return 2;
	}
	server.root_fd = open(argv[optind], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (server.root_fd == -1) {
		fprintf(stderr, "file_server: %s: %s\n", argv[optind], strerror(errno));

		return 1;
	}

	/* Blocked before threads begin: the main thread alone takes them, below. */
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);

	if (setup_connect(&server.setup, "file_server", NULL, NULL) != 0 ||
	    file_server_start(&server, threads) != 0 ||
	    setup_register(&server.setup, argv + optind + 1, argc - optind - 1) != 0) {
		return 1;
	}
	(void)sigwait(&signals, &number);

	/* Freeing the queue ends what the threads wait for; then nobody uses the session any more.
	 */
	httpsys_queue_free(server.setup.queue);
	for (unsigned i = 0; i < server.n_threads; i++) {
		(void)pthread_join(threads[i].thread, NULL);
	}
	httpsys_session_free(server.setup.session);

	return 0;
}
