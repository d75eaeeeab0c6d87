/* SPDX-License-Identifier: MIT */

/* Applications and clients of the engine's tests; see harness.h. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "harness.h"

/* ---- applications ---- */

struct app app_start(struct harness *harness, uint16_t port, const char *path)
{
	struct app app = {0};
	char prefix[256];

	(void)snprintf(prefix, sizeof(prefix), "http://127.0.0.1:%u%s", port, path);
	assert_int_equal(httpsys_session_new(harness->home, &app.session), 0);
	assert_int_equal(httpsys_queue_new(app.session, NULL, NULL, &app.queue), 0);
	assert_int_equal(httpsys_receiver_new(app.queue, NULL, &app.receiver), 0);
	assert_int_equal(httpsys_group_new(app.session, &app.group), 0);
	assert_int_equal(httpsys_group_bind(app.group, app.queue), 0);
	int r = httpsys_group_add(app.group, prefix, 7, NULL);
	if (r != 0) {
		fail_msg("%s: %s", prefix, httpsys_session_error(app.session));
	}

	return app;
}

void app_end(struct app *app)
{
	app->session = httpsys_session_free(app->session);
}

struct httpsys_request *app_receive(struct app *app)
{
	struct httpsys_request *request = NULL;
	int r = httpsys_receive(app->receiver, HARNESS_WAIT_MS, &request);

	if (r != 0) {
		fail_msg("no request came: %s", httpsys_strerror(r));
	}

	return request;
}

void app_respond(struct app *app, struct httpsys_request *request, const char *body)
{
	const struct httpsys_field fields[] = {
		{{"Content-Type", strlen("Content-Type")}, {"text/plain", strlen("text/plain")}},
	};

	assert_int_equal(httpsys_respond(request, 200, fields, 1, body, strlen(body)), 0);
	httpsys_receiver_flush(app->receiver);
}

void app_answer(struct app *app, const char *body)
{
	app_respond(app, app_receive(app), body);
}

void app_assert_idle(struct app *app)
{
	struct httpsys_request *request;

	assert_int_equal(httpsys_receive(app->receiver, 0, &request), HTTPSYS_E_AGAIN);
}

/* ---- applications in a process of their own ---- */

pid_t child_start(struct harness *harness, uid_t uid, child_main *main_function, void *argument)
{
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ready[0]);
		if (uid != 0 &&
		    (setresgid(uid, uid, uid) == -1 || setresuid(uid, uid, uid) == -1)) {
			_exit(CHILD_NO_UID);
		}
		_exit(main_function(harness, ready[1], argument));
	}
	close(ready[1]);
	/* A child that has ended without a word is as good: its status is looked at. */
	(void)!read(ready[0], &byte, 1);
	close(ready[0]);

	return pid;
}

int child_end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void child_kill(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(child_end(pid), 128 + SIGKILL);
}

/* ---- clients ---- */

struct client client_open(uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval timeout = {.tv_sec = HARNESS_WAIT_MS / 1000};
	struct client client = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)),
			 0);
	assert_int_equal(setsockopt(client.fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)),
			 0);
	/* Pieces that a test sends leave as pieces, and at once. */
	assert_int_equal(setsockopt(client.fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)),
			 0);
	assert_int_equal(connect(client.fd, (struct sockaddr *)&address, sizeof(address)), 0);

	return client;
}

void client_close(struct client *client)
{
	if (client->fd != -1) {
		close(client->fd);
	}
	free(client->data);
	*client = (struct client){.fd = -1};
}

void client_send_bytes(struct client *client, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(client->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0) {
			fail_msg("the client can't send: %s", strerror(errno));
		}
		at += n;
		len -= (size_t)n;
	}
}

void client_send(struct client *client, const char *text)
{
	client_send_bytes(client, text, strlen(text));
}

/* Receive some more.  Return: bytes; 0: the end; -1: reset.  Asserts that it does not last. */
static ssize_t client_more(struct client *client)
{
	if (client->cap - client->len < 65536) {
		client->cap = client->cap * 2 + 131072;
		client->data = realloc(client->data, client->cap);
	}

	ssize_t n = recv(client->fd, client->data + client->len, client->cap - client->len - 1, 0);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		fail_msg("nothing comes from the server");
	}
	if (n > 0) {
		client->len += (size_t)n;
	}
	client->data[client->len] = '\0';

	return n;
}

static void client_need(struct client *client, size_t len)
{
	while (client->len < len) {
		ssize_t n = client_more(client);

		if (n <= 0) {
			fail_msg("the server ended after %zu of %zu bytes (%s): %s", client->len,
				 len, n == 0 ? "end" : "reset", client->data);
		}
	}
}

static void client_drop(struct client *client, size_t len)
{
	client->len -= len;
	memmove(client->data, client->data + len, client->len + 1);
}

/* Everything up to and with the next @end.  Return: its length. */
static size_t client_find(struct client *client, const char *end)
{
	client_need(client, 1);
	const char *at = strstr(client->data, end);
	while (at == NULL) {
		client_need(client, client->len + 1);
		at = strstr(client->data, end);
	}

	return (size_t)(at - client->data) + strlen(end);
}

static void client_read_chunked(struct client *client, struct response *response)
{
	for (;;) {
		size_t line = client_find(client, "\r\n");
		size_t n = strtoul(client->data, NULL, 16);

		client_drop(client, line);
		if (n == 0) {
			break;
		}
		client_need(client, n + 2);
		assert_memory_equal(client->data + n, "\r\n", 2);
		response->body = realloc(response->body, response->body_len + n + 1);
		memcpy(response->body + response->body_len, client->data, n);
		response->body_len += n;
		response->body[response->body_len] = '\0';
		client_drop(client, n + 2);
	}

	client_need(client, 2);
	size_t len = memcmp(client->data, "\r\n", 2) == 0 ? 2 : client_find(client, "\r\n\r\n");
	response->trailers = strndup(client->data, len);
	client_drop(client, len);
}

static void client_take_body(struct client *client, struct response *response, size_t n)
{
	client_need(client, n);
	free(response->body);
	response->body = calloc(1, n + 1);
	memcpy(response->body, client->data, n);
	response->body_len = n;
	client_drop(client, n);
}

struct response client_read(struct client *client, bool is_head)
{
	struct response response = {.body = calloc(1, 1)};
	size_t len = client_find(client, "\r\n\r\n");

	response.head = strndup(client->data, len);
	client_drop(client, len);
	assert_memory_equal(response.head, "HTTP/1.1 ", 9);
	response.status = (int)strtol(response.head + 9, NULL, 10);
	if (is_head || response.status < 200 || response.status == 204 || response.status == 304) {
		return response;
	}

	const char *length = response_field(&response, "Content-Length");
	const char *coding = response_field(&response, "Transfer-Encoding");
	if (coding != NULL) {
		client_read_chunked(client, &response);
	} else if (length != NULL) {
		client_take_body(client, &response, strtoul(length, NULL, 10));
	} else {
		while (client_more(client) > 0) {
		}
		response.is_closed = true;
		client_take_body(client, &response, client->len);
	}

	return response;
}

void client_expect(struct client *client, int status, const char *body)
{
	struct response response = client_read(client, false);

	if (response.status != status || (body != NULL && strcmp(response.body, body) != 0)) {
		fail_msg("expected %d \"%s\", got %s%s", status, body != NULL ? body : "",
			 response.head, response.body);
	}
	response_free(&response);
}

void client_expect_end(struct client *client)
{
	if (client->len > 0) {
		fail_msg("left over: %s", client->data);
	}

	ssize_t n = client_more(client);
	if (n > 0) {
		fail_msg("expected the end, got %s", client->data);
	}
}

void client_expect_reset(struct client *client)
{
	ssize_t n;

	do {
		n = client_more(client);
	} while (n > 0);
	assert_int_equal(n, -1);
	assert_int_equal(errno, ECONNRESET);
}

void response_free(struct response *response)
{
	free(response->head);
	free(response->body);
	free(response->trailers);
	*response = (struct response){0};
}

const char *response_field(const struct response *response, const char *name)
{
	static char value[1024];
	size_t len = strlen(name);

	for (const char *line = strstr(response->head, "\r\n") + 2; line[0] != '\r';
	     line = strstr(line, "\r\n") + 2) {
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			size_t n = strcspn(line + len + 1, "\r");

			(void)snprintf(value, sizeof(value), "%.*s", (int)n, line + len + 1);

			return value + strspn(value, " ");
		}
	}

	return NULL;
}

/* ---- both ---- */

struct fixture fixture_start(const struct harness_parameter *parameters)
{
	struct fixture fixture = {.harness = harness_start(parameters)};

	fixture.port = harness_port(fixture.harness);
	fixture.app = app_start(fixture.harness, fixture.port, "/");
	fixture.client = client_open(fixture.port);

	return fixture;
}

void fixture_end(struct fixture *fixture)
{
	client_close(&fixture->client);
	app_end(&fixture->app);
	harness_stop(fixture->harness);
}
