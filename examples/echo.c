/* SPDX-License-Identifier: MIT */

/*
 * Sends every request's body back while it still arrives, however long it is, and ends with a
 * trailer that counts it.  One thread, blocking calls; memory does not grow with the body.
 *
 *   echo PREFIX...
 */

#include <httpsys.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "examples/setup.h"

static void echo_on_signal(int number)
{
	(void)number;
	_exit(0); /* the listener sees that the connection has ended */
}

static struct httpsys_slice echo_slice(const char *s)
{
	return (struct httpsys_slice){.data = s, .len = strlen(s)};
}

/* echo_write() - the whole of @data.  Return: 0; why it broke off */
static int echo_write(struct httpsys_request *request, struct httpsys_slice data)
{
	while (data.len > 0) {
		size_t written;
		int r = httpsys_response_write(request, data.data, data.len, -1, &written);

		if (r != 0) {
			return r;
		}
		data.data += written;
		data.len -= written;
	}

	return 0;
}

/*
 * echo_body() - answer while reading
 *
 * The first piece is read before the answer begins: only then is a client that waits for 100
 * Continue told to go on.
 *
 * Return: 0 and the bytes counted; why it broke off.
 */
static int echo_body(struct httpsys_request *request, const struct httpsys_field *fields,
		     size_t n_fields, uint64_t *ret_count)
{
	struct httpsys_slice data;
	uint64_t count = 0;
	int r = httpsys_request_read(request, -1, &data);
	int begun = r == 0 || r == HTTPSYS_E_END
			    ? httpsys_response_begin(request, 200, fields, n_fields, -1)
			    : r;

	if (begun != 0) {
		return begun;
	}
	while (r == 0) {
		count += data.len;
		r = echo_write(request, data);
		if (r == 0) {
			r = httpsys_request_read(request, -1, &data);
		}
	}
	*ret_count = count;

	return r == HTTPSYS_E_END ? 0 : r;
}

static void echo_answer(struct httpsys_request *request)
{
	struct httpsys_slice type = httpsys_request_field(request, "Content-Type");
	struct httpsys_field fields[] = {
		{.name = echo_slice("Content-Type"),
		 .value = type.data != NULL ? type : echo_slice("application/octet-stream")},
		{.name = echo_slice("Trailer"), .value = echo_slice("Echo-Bytes")},
	};
	uint64_t count;

	if (echo_body(request, fields, 2, &count) != 0) {
		httpsys_request_abort(request);

		return;
	}

	char text[24];
	(void)snprintf(text, sizeof(text), "%" PRIu64, count);
	struct httpsys_field trailer = {.name = echo_slice("Echo-Bytes"),
					.value = echo_slice(text)};
	/* The client may have gone: there is nobody left to be told. */
	(void)httpsys_response_end(request, &trailer, 1);
}

int main(int argc, char **argv)
{
	struct setup setup;
	struct httpsys_receiver *receiver;
	struct httpsys_request *request;

	(void)signal(SIGTERM, echo_on_signal);
	(void)signal(SIGINT, echo_on_signal);
	if (setup_connect(&setup, "echo", NULL, NULL) != 0) {
		return 1;
	}
	int r = httpsys_receiver_new(setup.queue, NULL, &receiver);
	if (r != 0) {
		return setup_fail(&setup, "attaching a receiver", r);
	}
	if (setup_register(&setup, argv + 1, argc - 1) != 0) {
		return 1;
	}

	for (;;) {
		r = httpsys_receive(receiver, -1, &request);
		if (r != 0) {
			return setup_fail(&setup, "receiving", r);
		}
		echo_answer(request);
	}
}
