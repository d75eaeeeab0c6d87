/* SPDX-License-Identifier: MIT */

/*
 * A hostile application against the engine's side of a lane: the input is a program of small steps
 * that write anything into the response area, publish entries with likely and unlikely numbers,
 * turn counters, send garbage on the file lane, and let a client send requests in between.  The
 * worker, its connection and the lane are the real ones, without threads.
 */

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "engine/conn.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/lane.h"
#include "engine/params.h"
#include "engine/queue.h"
#include "engine/receiver.h"
#include "engine/worker.h"

#define FUZZ_SLOTS     16
#define FUZZ_STEPS_MAX 256

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct engine fuzz_engine;
static struct control fuzz_control;
static struct worker fuzz_worker;
static struct params fuzz_params;
static struct url_group fuzz_group;

/* One run: the application's ends, the client's end, and the rest of the input. */
struct fuzz_run {
	const uint8_t *data;
	size_t left;
	struct queue *queue;
	struct receiver receiver;
	uint32_t n_in_work;
	struct lane *lane;
	struct area app;
	struct ring_writer writer;
	struct ring_reader reader;
	int file_fd;
	int event_fd;
	int wake_fd;
	int client_fd;
};

#define FUZZ_CHUNKED "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

static const char *const fuzz_requests[] = {
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET / HTTP/1.0\r\n\r\n",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
	(FUZZ_CHUNKED "3\r\nabc\r\n0\r\nT: v\r\n\r\n"),
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
	"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
	"x\r\n\r\n",
};

static unsigned fuzz_byte(struct fuzz_run *run)
{
	if (run->left == 0) {
		return 0;
	}
	run->left--;

	return *run->data++;
}

static uint32_t fuzz_u32(struct fuzz_run *run)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 4; i++) {
		value = value << 8 | fuzz_byte(run);
	}

	return value;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct prefix prefix;

	(void)argc;
	(void)argv;
	rcu_thread_enter();
	params_init(&fuzz_params);
	fuzz_params.limits.head_bytes_max = 1024;
	fuzz_engine.params = &fuzz_params;
	fuzz_engine.workers = &fuzz_worker;
	fuzz_engine.n_workers = 1;
	fuzz_engine.connections_max = 1000;
	fuzz_control.engine = &fuzz_engine;

	int r = loop_init(&fuzz_control.loop);
	r = r != 0 ? r : mailbox_init(&fuzz_control.mailbox, &fuzz_control.loop, &fuzz_control);
	r = r != 0 ? r : route_table_init(&fuzz_engine.routes);
	r = r != 0 ? r : prefix_parse(SLICE("http://+:80/"), &prefix, NULL);
	r = r != 0 ? r : route_table_set(&fuzz_engine.routes, &prefix, &fuzz_group, 7, false);
	r = r != 0 ? r : worker_init(&fuzz_worker, &fuzz_engine, 0);
	assert(r == 0);
	prefix_fini(&prefix);

	return 0;
}

static void fuzz_setup(struct fuzz_run *run)
{
	const struct ring_geometry geometry = area_geometry(FUZZ_SLOTS, 8192);
	struct lane_setup setup;
	int pair[2];
	int r;

	run->queue = queue_new(1, 1, 4);
	run->receiver = (struct receiver){.control = &fuzz_control, .n_in_work = &run->n_in_work};
	fuzz_group.queue = run->queue;

	r = area_create(&setup.area, &geometry);
	assert(r == 0);
	r = area_adopt(&run->app, dup(setup.area.request_fd), dup(setup.area.response_fd));
	assert(r == 0);
	ring_app_ends(&run->app, &run->writer, &run->reader);

	setup.event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	run->event_fd = dup(setup.event_fd);
	r = pipe2(pair, O_CLOEXEC | O_NONBLOCK);
	assert(r == 0);
	run->wake_fd = pair[0];
	setup.wake_fd = pair[1];
	r = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
	assert(r == 0);
	run->file_fd = pair[0];
	setup.file_fd = pair[1];

	r = lane_new(&fuzz_worker, &run->receiver, &setup, &run->lane);
	assert(r == 0);
	lane_attach(run->lane, &run->queue->per_worker[0]);
	area_response_header(&run->app)->credit = 4;
	run->client_fd = -1;
}

static void fuzz_connect(struct fuzz_run *run)
{
	const struct ip_endpoint local = {.addr = ip_addr_any(AF_INET), .port = 80};
	int pair[2];

	fd_close(run->client_fd);
	int r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
	assert(r == 0);
	run->client_fd = pair[0];
	if (engine_connection_begin(&fuzz_engine)) {
		conn_new(&fuzz_worker, pair[1], PREFIX_SCHEME_HTTP, &local, &local);
	} else {
		fd_close(pair[1]);
	}
}

static void fuzz_request(struct fuzz_run *run)
{
	const char *bytes = fuzz_requests[fuzz_byte(run) % 8];

	if (run->client_fd == -1) {
		fuzz_connect(run);
	}
	(void)send(run->client_fd, bytes, strlen(bytes), MSG_NOSIGNAL);
}

static void fuzz_entry(struct fuzz_run *run)
{
	struct ring_entry *entry = ring_writer_stage(&run->writer);
	unsigned hint = fuzz_byte(run);
	uint32_t slot = fuzz_byte(run) % (FUZZ_SLOTS + 1);

	*entry = (struct ring_entry){
		.type = (uint8_t)((hint & 1) != 0 ? RING_RESPONSE_HEAD + fuzz_byte(run) % 8
						  : fuzz_byte(run)),
		.flags = (uint8_t)fuzz_byte(run),
		.slot = slot,
		.generation = (hint & 2) != 0     ? fuzz_u32(run)
			      : slot < FUZZ_SLOTS ? run->lane->exchanges[slot].generation
						  : 1,
		.block = (hint & 4) != 0 ? RING_NO_BLOCK : fuzz_byte(run),
		.offset = (hint & 8) != 0 ? fuzz_u32(run) : 0,
		.length = (hint & 16) != 0 ? fuzz_u32(run) : fuzz_byte(run),
	};
	(void)ring_writer_publish(&run->writer);
}

/* Write what a head may look like, or anything, into a slot or block. */
static void fuzz_write(struct fuzz_run *run, char *to, size_t max)
{
	size_t n = fuzz_byte(run);

	if ((fuzz_byte(run) & 1) != 0) {
		struct ring_response_head head = {
			.content_length =
				(fuzz_byte(run) & 1) != 0 ? RING_LENGTH_UNKNOWN : fuzz_byte(run),
			.head_bytes = (uint32_t)sizeof(head) + fuzz_byte(run),
			.status = (uint16_t)(fuzz_byte(run) * 4),
			.reason_len = (uint16_t)(fuzz_byte(run) % 4),
			.n_fields = (uint16_t)(fuzz_byte(run) % 4),
			.flags = (uint16_t)fuzz_byte(run),
		};

		memcpy(to, &head, sizeof(head));
		to += sizeof(head);
		max -= sizeof(head);
	}
	for (size_t i = 0; i < n && i < max; i++) {
		to[i] = (char)fuzz_byte(run);
	}
}

static void fuzz_counters(struct fuzz_run *run)
{
	struct ring_area_header *header = area_response_header(&run->app);

	switch (fuzz_byte(run) % 4) {
	case 0:
		header->head = fuzz_u32(run);
		break;
	case 1:
		header->tail = fuzz_u32(run);
		break;
	case 2:
		header->credit += fuzz_byte(run);
		break;
	default:
		header->credit = fuzz_u32(run);
		break;
	}
}

static void fuzz_file(struct fuzz_run *run)
{
	struct ring_file_message body = {.number = fuzz_byte(run) % (RING_FILES_MAX + 1)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&body, fuzz_byte(run) % 2 == 0 ? sizeof(body) : 3};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd = fuzz_byte(run) % 2 == 0 ? open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
					 : dup(run->wake_fd);

	if (fuzz_byte(run) % 8 != 0) {
		struct cmsghdr *header = &control.align;

		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	(void)sendmsg(run->file_fd, &message, MSG_NOSIGNAL);
	fd_close(fd);
}

static void fuzz_turn(void)
{
	int r = loop_turn(&fuzz_worker.loop, 0);

	assert(r == 0);
	worker_pump(&fuzz_worker);
}

static void fuzz_read_client(struct fuzz_run *run)
{
	char bytes[4096];

	while (run->client_fd != -1 && recv(run->client_fd, bytes, sizeof(bytes), 0) > 0) {
	}
}

static void fuzz_step(struct fuzz_run *run)
{
	switch (fuzz_byte(run) % 10) {
	case 0:
		fuzz_request(run);
		break;
	case 1:
	case 2:
		fuzz_entry(run);
		break;
	case 3:
		fuzz_write(run, area_response_slot(&run->app, fuzz_byte(run) % FUZZ_SLOTS), 4096);
		break;
	case 4:
		fuzz_write(run, area_response_block(&run->app, fuzz_byte(run) % 128), 4096);
		break;
	case 5:
		fuzz_counters(run);
		break;
	case 6:
		fuzz_file(run);
		break;
	case 7:
		fuzz_read_client(run);
		break;
	case 8:
		run->client_fd = fd_close(run->client_fd);
		break;
	default:
		fuzz_turn();
		break;
	}
}

static void fuzz_teardown(struct fuzz_run *run)
{
	fuzz_turn();
	lane_detach(run->lane);
	fuzz_group.queue = NULL;
	queue_close(&run->queue->per_worker[0]);
	list_for_each(node, &fuzz_worker.conns)
	{
		conn_close(list_entry(node, struct conn, link));
	}
	assert(fuzz_engine.n_connections == 0);

	/* Reports to the control thread: the letter is the first member of what was allocated. */
	list_for_each(node, &fuzz_control.mailbox.letters)
	{
		list_remove(node);
		mem_free(node);
	}
	queue_free(run->queue);
	area_fini(&run->app);
	fd_close(run->file_fd);
	fd_close(run->event_fd);
	fd_close(run->wake_fd);
	fd_close(run->client_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_run run = {.data = data, .left = size};

	fuzz_setup(&run);
	fuzz_request(&run);
	fuzz_turn();
	for (unsigned i = 0; i < FUZZ_STEPS_MAX && run.left > 0; i++) {
		fuzz_step(&run);
	}
	fuzz_teardown(&run);

	return 0;
}
