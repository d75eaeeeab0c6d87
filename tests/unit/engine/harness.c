/* SPDX-License-Identifier: MIT */

/* The engine in a child process and the master's part of the conversation; see harness.h. */

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/engine.h"

int64_t millis(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);

	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the engine's process ---- */

/* Descriptors 3 to 5 as the master hands them over, nothing else open. */
static _Noreturn void harness_run_engine(int master_fd, int app_fd)
{
	int fds[] = {fcntl(master_fd, F_DUPFD, 100), fcntl(app_fd, F_DUPFD, 100),
		     open("/dev/null", O_RDONLY)};

	fds[2] = fcntl(fds[2], F_DUPFD, 100);
	for (int i = 0; i < 3; i++) {
		dup2(fds[i], 3 + i);
	}
	for (int fd = 6; fd < 256; fd++) {
		close(fd);
	}
	if (geteuid() == 0) {
		setenv("HTTPSYS_ENGINE_USER", "65534:65534", 1);
	}
	_exit(engine_main());
}

static void harness_spawn(struct harness *harness)
{
	char path[128];
	int pair[2];
	int app_fd;

	(void)snprintf(path, sizeof(path), "%s/run/app.sock", harness->home);
	assert_int_equal(channel_listen(path, 0666, &app_fd), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);

	harness->engine_pid = fork();
	assert_true(harness->engine_pid >= 0);
	if (harness->engine_pid == 0) {
		harness_run_engine(pair[1], app_fd);
	}
	close(pair[1]);
	close(app_fd);
	assert_int_equal(channel_init(&harness->master, pair[0], MESSAGE_SENDER_ENGINE), 0);
}

/* ---- what the master does ---- */

/* With the lock held. */
static void harness_send_locked(struct harness *harness, struct message *message)
{
	harness->is_over = channel_send(&harness->master, message) != 0 || harness->is_over;
}

static struct harness_port *harness_find_port(struct harness *harness, uint16_t port)
{
	for (unsigned i = 0; i < harness->n_ports; i++) {
		if (harness->ports[i].port == port) {
			return &harness->ports[i];
		}
	}

	return NULL;
}

static void harness_open_endpoint(struct harness *harness, struct harness_port *port)
{
	static uint64_t next_id;
	struct message message;

	if (port->endpoint_id != 0) {
		return;
	}
	(void)listen(port->fd, 128);
	port->endpoint_id = ++next_id;
	message_init(&message, MESSAGE_ENDPOINT_OPEN, 0);
	message_set_number(&message, FIELD_ENDPOINT_ID, port->endpoint_id);
	message_set_number(&message, FIELD_SCHEME, 0);
	message_set_number(&message, FIELD_PORT, port->port);
	message_set_text(&message, FIELD_ADDRESS, slice_from_str("127.0.0.1"));
	message_adopt_fd(&message, fcntl(port->fd, F_DUPFD_CLOEXEC, 0));
	harness_send_locked(harness, &message);
}

static void harness_on_claim(struct harness *harness, const struct message *claim)
{
	uint16_t number = (uint16_t)message_number(claim, FIELD_PORT, 0);
	struct harness_port *port = harness_find_port(harness, number);
	bool is_refused = harness->refused_code != 0;
	struct message message;

	if (port != NULL && !is_refused) {
		harness_open_endpoint(harness, port);
	}
	message_init(&message, MESSAGE_CLAIM_STATE, 0);
	message_set_number(&message, FIELD_CLAIM_ID, message_number(claim, FIELD_CLAIM_ID, 0));
	message_set_number(&message, FIELD_STATE,
			   port != NULL ? WIRE_STATE_SERVED : WIRE_STATE_UNREACHABLE);
	message_set_signed(&message, FIELD_CODE, harness->refused_code);
	message_set_text(&message, FIELD_TEXT,
			 slice_from_str(port != NULL ? "served" : "the test says so"));
	message_set_number(&message, FIELD_IS_REFUSED, is_refused);
	harness->refused_code = 0;
	harness_send_locked(harness, &message);
}

static void harness_on_message(struct harness *harness, struct message *message)
{
	switch (message->type) {
	case MESSAGE_ENGINE_READY:
		harness->is_ready = true;
		break;
	case MESSAGE_CLAIM_OPEN:
		harness_on_claim(harness, message);
		break;
	case MESSAGE_CLAIM_CLOSE:
		harness->n_claims_closed++;
		break;
	case MESSAGE_ENDPOINT_CLOSED:
		harness->n_retired++;
		break;
	case MESSAGE_EVENT:
		harness->n_events++;
		break;
	case MESSAGE_ENGINE_DOCUMENT:
		if (harness->document_fd != -1) {
			close(harness->document_fd);
		}
		harness->document_fd = message_take_fd(message, 0);
		harness->document_serial = message->serial;
		break;
	case MESSAGE_ENGINE_STOPPED:
		harness->is_stopped = true;
		break;
	default:
		break;
	}
	pthread_cond_broadcast(&harness->news);
}

static void *harness_run(void *argument)
{
	struct harness *harness = argument;
	bool is_over = false;

	while (!is_over) {
		struct pollfd poll_fd = {.fd = harness->master.fd, .events = POLLIN};
		struct message message;
		int r = 0;

		(void)poll(&poll_fd, 1, 100);
		pthread_mutex_lock(&harness->lock);
		while (r == 0) {
			r = channel_receive(&harness->master, &message);
			if (r == 0) {
				harness_on_message(harness, &message);
				message_fini(&message);
			}
		}
		harness->is_over = harness->is_over || r != CHANNEL_E_AGAIN ||
				   channel_flush(&harness->master) != 0;
		is_over = harness->is_over;
		pthread_cond_broadcast(&harness->news);
		pthread_mutex_unlock(&harness->lock);
	}

	return NULL;
}

/* With the lock held: wait for news, at most until @deadline.  Asserts that it is not over. */
static void harness_wait_locked(struct harness *harness)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += HARNESS_WAIT_MS / 1000;
	int r = pthread_cond_timedwait(&harness->news, &harness->lock, &until);
	bool is_over = harness->is_over;
	if (r != 0 || is_over) {
		pthread_mutex_unlock(&harness->lock);
		fail_msg("%s", is_over ? "the engine has died" : "the engine does not answer");
	}
}

void harness_send(struct harness *harness, struct message *message)
{
	pthread_mutex_lock(&harness->lock);
	harness_send_locked(harness, message);
	pthread_mutex_unlock(&harness->lock);
}

void harness_set(struct harness *harness, const char *name, uint64_t value)
{
	struct message message;

	message_init(&message, MESSAGE_PARAMETER, 0);
	message_set_text(&message, FIELD_NAME, slice_from_str(name));
	message_set_number(&message, FIELD_NUMBER, value);
	harness_send(harness, &message);
}

void harness_reserve(struct harness *harness, const char *prefix, const char *acl)
{
	struct message message;

	message_init(&message, MESSAGE_RESERVATION_ADD, 0);
	message_set_text(&message, FIELD_PREFIX, slice_from_str(prefix));
	message_set_text(&message, FIELD_ACL, slice_from_str(acl));
	harness_send(harness, &message);
}

void harness_unreserve(struct harness *harness, const char *prefix)
{
	struct message message;

	message_init(&message, MESSAGE_RESERVATION_DELETE, 0);
	message_set_text(&message, FIELD_PREFIX, slice_from_str(prefix));
	harness_send(harness, &message);
}

void harness_retire(struct harness *harness, uint16_t port)
{
	struct message message;

	pthread_mutex_lock(&harness->lock);
	struct harness_port *found = harness_find_port(harness, port);
	unsigned n = harness->n_retired;

	assert_true(found != NULL && found->endpoint_id != 0);
	message_init(&message, MESSAGE_ENDPOINT_RETIRE, 0);
	message_set_number(&message, FIELD_ENDPOINT_ID, found->endpoint_id);
	harness_send_locked(harness, &message);
	while (harness->n_retired == n) {
		harness_wait_locked(harness);
	}
	found->endpoint_id = 0;
	pthread_mutex_unlock(&harness->lock);
}

uint16_t harness_port(struct harness *harness)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);

	pthread_mutex_lock(&harness->lock);
	assert_true(harness->n_ports < HARNESS_PORTS_MAX);
	harness->ports[harness->n_ports++] =
		(struct harness_port){.fd = fd, .port = ntohs(address.sin_port)};
	pthread_mutex_unlock(&harness->lock);

	return ntohs(address.sin_port);
}

char *harness_query(struct harness *harness, enum wire_query query, const char *url)
{
	struct message message;
	struct stat st;

	pthread_mutex_lock(&harness->lock);
	uint32_t serial = ++harness->serial;
	message_init(&message, MESSAGE_ENGINE_QUERY, serial);
	message_set_number(&message, FIELD_QUERY, query);
	if (url != NULL) {
		message_set_text(&message, FIELD_URL, slice_from_str(url));
		message_set_text(&message, FIELD_ADDRESS, slice_from_str("127.0.0.1"));
	}
	harness_send_locked(harness, &message);
	while (harness->document_fd == -1 || harness->document_serial != serial) {
		harness_wait_locked(harness);
	}
	int fd = harness->document_fd;
	harness->document_fd = -1;
	pthread_mutex_unlock(&harness->lock);

	assert_int_equal(fstat(fd, &st), 0);
	char *text = calloc(1, (size_t)st.st_size + 1);
	assert_int_equal(pread(fd, text, (size_t)st.st_size, 0), st.st_size);
	close(fd);

	return text;
}

uint64_t harness_counter(struct harness *harness, const char *name)
{
	char *text = harness_query(harness, WIRE_QUERY_STATUS, NULL);
	json_error_t error;
	json_t *document = json_loads(text, 0, &error);

	assert_non_null(document);
	json_t *value = json_object_get(json_object_get(document, "counters"), name);
	if (value == NULL) {
		fail_msg("no counter %s", name);
	}
	uint64_t n = (uint64_t)json_integer_value(value);
	json_decref(document);
	free(text);

	return n;
}

void harness_pause(int ms)
{
	(void)poll(NULL, 0, ms);
}

void harness_await_counter(struct harness *harness, const char *name, uint64_t value)
{
	int64_t end = millis() + HARNESS_WAIT_MS;

	while (harness_counter(harness, name) < value) {
		if (millis() > end) {
			fail_msg("counter %s never reached %llu", name, (unsigned long long)value);
		}
	}
}

void harness_refuse_next(struct harness *harness, int code)
{
	pthread_mutex_lock(&harness->lock);
	harness->refused_code = code;
	pthread_mutex_unlock(&harness->lock);
}

unsigned harness_claims_closed(struct harness *harness)
{
	pthread_mutex_lock(&harness->lock);
	unsigned n = harness->n_claims_closed;
	pthread_mutex_unlock(&harness->lock);

	return n;
}

bool harness_is_stopped(struct harness *harness)
{
	pthread_mutex_lock(&harness->lock);
	bool is_stopped = harness->is_stopped;
	pthread_mutex_unlock(&harness->lock);

	return is_stopped;
}

void harness_sync(struct harness *harness)
{
	free(harness_query(harness, WIRE_QUERY_STATUS, NULL));
}

/* ---- life ---- */

struct harness *harness_start(const struct harness_parameter *parameters)
{
	struct harness *harness = calloc(1, sizeof(*harness));
	struct message message;
	char path[128];

	harness->document_fd = -1;
	pthread_mutex_init(&harness->lock, NULL);
	pthread_cond_init(&harness->news, NULL);
	(void)snprintf(harness->home, sizeof(harness->home), "/tmp/httpsys-test-XXXXXX");
	assert_non_null(mkdtemp(harness->home));
	assert_int_equal(chmod(harness->home, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/run", harness->home);
	assert_int_equal(mkdir(path, 0755), 0);
	harness_spawn(harness);
	assert_int_equal(pthread_create(&harness->thread, NULL, harness_run, harness), 0);

	harness_set(harness, "EngineThreads", 2);
	for (; parameters != NULL && parameters->name != NULL; parameters++) {
		harness_set(harness, parameters->name, parameters->value);
	}
	message_init(&message, MESSAGE_ENGINE_START, 0);
	harness_send(harness, &message);
	pthread_mutex_lock(&harness->lock);
	while (!harness->is_ready) {
		harness_wait_locked(harness);
	}
	pthread_mutex_unlock(&harness->lock);

	return harness;
}

void harness_stop(struct harness *harness)
{
	char path[128];
	int status = 0;

	pthread_mutex_lock(&harness->lock);
	bool was_over = harness->is_over;
	harness->is_over = true;
	pthread_mutex_unlock(&harness->lock);
	(void)shutdown(harness->master.fd, SHUT_RDWR);
	pthread_join(harness->thread, NULL);

	channel_fini(&harness->master);
	assert_int_equal(waitpid(harness->engine_pid, &status, 0), harness->engine_pid);
	for (unsigned i = 0; i < harness->n_ports; i++) {
		close(harness->ports[i].fd);
	}
	if (harness->document_fd != -1) {
		close(harness->document_fd);
	}
	(void)snprintf(path, sizeof(path), "%s/run/app.sock", harness->home);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/run", harness->home);
	(void)rmdir(path);
	(void)rmdir(harness->home);
	pthread_mutex_destroy(&harness->lock);
	pthread_cond_destroy(&harness->news);
	free(harness);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || was_over) {
		fail_msg("the engine ended with wait status 0x%x%s", (unsigned)status,
			 was_over ? ", before it was told to" : "");
	}
}
