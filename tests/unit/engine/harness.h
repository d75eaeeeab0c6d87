#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The real engine in a child process, with a master that the test plays: a thread that answers
 * claims with sockets that are bound beforehand, so that every port is the kernel's choice.
 * Applications use the real library in the test's own thread; clients are plain sockets, and what
 * they have sent waits in the kernel until the test lets the application look.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "httpsys.h"
#include "wire/channel.h"

#define HARNESS_PORTS_MAX 16
#define HARNESS_WAIT_MS   10000 /* for anything that must happen */

/* A parameter that the engine starts with; a list ends with name NULL. */
struct harness_parameter {
	const char *name;
	uint64_t value;
};

struct harness_port {
	int fd; /* bound, owned */
	uint16_t port;
	uint64_t endpoint_id; /* 0: not with the engine */
};

struct harness {
	char home[64];
	pid_t engine_pid;
	struct channel master; /* under lock */
	pthread_mutex_t lock;
	pthread_cond_t news;
	pthread_t thread;
	struct harness_port ports[HARNESS_PORTS_MAX];
	unsigned n_ports;
	uint32_t serial;
	int document_fd; /* the newest document, -1: none */
	uint32_t document_serial;
	unsigned n_events;        /* EVENT messages */
	unsigned n_claims_closed; /* CLAIM_CLOSE messages */
	unsigned n_retired;       /* ENDPOINT_CLOSED messages */
	int refused_code;         /* WIRE_ERROR_ that the next claim is refused with; 0 */
	bool is_stopped;          /* ENGINE_STOPPED has come */
	bool is_ready;
	bool is_over; /* the engine's end of the channel is closed */
};

/* harness_start() - a running engine; @parameters may be NULL */
struct harness *harness_start(const struct harness_parameter *parameters);

/* harness_stop() - end the engine; asserts that it lived until now and ends without error */
void harness_stop(struct harness *harness);

/* harness_port() - a port of 127.0.0.1 that belongs to this test */
uint16_t harness_port(struct harness *harness);

/* harness_send() - send a message as the master */
void harness_send(struct harness *harness, struct message *message);

/* harness_set() - PARAMETER */
void harness_set(struct harness *harness, const char *name, uint64_t value);

/* harness_reserve() / harness_unreserve() - RESERVATION_ADD, RESERVATION_DELETE */
void harness_reserve(struct harness *harness, const char *prefix, const char *acl);
void harness_unreserve(struct harness *harness, const char *prefix);

/* harness_retire() - have the engine give the endpoint of @port back, and wait until it has */
void harness_retire(struct harness *harness, uint16_t port);

/* harness_query() - ask for a document.  Return: its text, owned (free) */
char *harness_query(struct harness *harness, enum wire_query query, const char *url);

/* harness_counter() - a counter of the engine's status document */
uint64_t harness_counter(struct harness *harness, const char *name);

/*
 * harness_pause() - wait @ms milliseconds: between two looks at something that no descriptor tells,
 * or for something that must not happen
 */
void harness_pause(int ms);

/* harness_await_counter() - wait until a counter is at least @value */
void harness_await_counter(struct harness *harness, const char *name, uint64_t value);

/* harness_refuse_next() - the next claim is refused with WIRE_ERROR_ @code */
void harness_refuse_next(struct harness *harness, int code);

/* harness_claims_closed() - CLAIM_CLOSE messages so far */
unsigned harness_claims_closed(struct harness *harness);

/* harness_is_stopped() - has ENGINE_STOPPED come? */
bool harness_is_stopped(struct harness *harness);

/* harness_sync() - everything sent to the engine before has been handled */
void harness_sync(struct harness *harness);

/* One application: a session, a group and a queue, and one receiver. */
struct app {
	struct httpsys_session *session;
	struct httpsys_group *group;
	struct httpsys_queue *queue;
	struct httpsys_receiver *receiver;
};

/* app_start() - with prefix http://127.0.0.1:@port@path; @path begins with '/' */
struct app app_start(struct harness *harness, uint16_t port, const char *path);

/* app_end() - free all of it */
void app_end(struct app *app);

/* app_receive() - the next request; asserts that one comes */
struct httpsys_request *app_receive(struct app *app);

/* app_answer() - receive the next request and answer it with @body */
void app_answer(struct app *app, const char *body);

/* app_respond() - answer @request with 200 and @body, and hand it over */
void app_respond(struct app *app, struct httpsys_request *request, const char *body);

/* app_is_idle() - asserts that no request waits */
void app_assert_idle(struct app *app);

/*
 * An application in a process of its own.  It tells @ready_fd with one byte when the test may go
 * on, and must not use assertions: what it returns is the exit status.
 */
typedef int child_main(struct harness *harness, int ready_fd, void *argument);

#define CHILD_NO_UID 120 /* exit status: the user could not be changed */

/* child_start() - start one as user @uid (0: as we are) and wait for its byte, or its end */
pid_t child_start(struct harness *harness, uid_t uid, child_main *main_function, void *argument);

/* child_end() - wait for its end.  Return: exit status, or 128 + signal */
int child_end(pid_t pid);

/* child_kill() - kill -9, and wait */
void child_kill(pid_t pid);

/* A client connection and what was received on it and not looked at yet. */
struct client {
	int fd;
	char *data;
	size_t len;
	size_t cap;
};

struct response {
	int status;
	bool is_closed; /* the body ended with the connection */
	char *head;     /* NUL-terminated, with the empty line; owned */
	char *body;     /* decoded, NUL-terminated; owned */
	size_t body_len;
	char *trailers; /* owned */
};

/* client_open() - connect to 127.0.0.1:@port */
struct client client_open(uint16_t port);

/* client_close() - close and free */
void client_close(struct client *client);

/* client_send() - send all of a text; client_send_bytes() of bytes */
void client_send(struct client *client, const char *text);
void client_send_bytes(struct client *client, const void *bytes, size_t len);

/* client_read() - read a whole response; asserts that one comes.  @is_head: it has no body */
struct response client_read(struct client *client, bool is_head);

/* client_expect() - read a response and compare status and body (NULL: any) */
void client_expect(struct client *client, int status, const char *body);

/* client_expect_end() - asserts that the server closes and sends nothing any more */
void client_expect_end(struct client *client);

/* client_expect_reset() - asserts that the connection breaks before a whole response has come */
void client_expect_reset(struct client *client);

/* response_free() - free what it owns */
void response_free(struct response *response);

/* response_field() - a field's value, static until the next call; NULL: absent */
const char *response_field(const struct response *response, const char *name);

/* What most tests begin with: one application on "/", one client, not connected to each other yet.
 */
struct fixture {
	struct harness *harness;
	uint16_t port;
	struct app app;
	struct client client;
};

/* fixture_start() / fixture_end() */
struct fixture fixture_start(const struct harness_parameter *parameters);
void fixture_end(struct fixture *fixture);

/* millis() - monotonic milliseconds */
int64_t millis(void);
