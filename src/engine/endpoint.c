/* SPDX-License-Identifier: MIT */

/* Endpoints of the engine; see endpoint.h. */

#include "engine/endpoint.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/fd.h"
#include "base/mem.h"
#include "engine/broadcast.h"
#include "engine/control.h"
#include "engine/engine.h"
#include "engine/listener.h"
#include "engine/worker.h"

static void endpoint_on_worker_open(struct worker *worker, void *argument)
{
	const struct endpoint *endpoint = argument;

	/* A worker that can't listen leaves the connections to the others. */
	(void)listener_open(worker, endpoint->fd, endpoint->id, endpoint->scheme, &endpoint->bound);
}

static void endpoint_on_worker_retire(struct worker *worker, void *argument)
{
	const struct endpoint *endpoint = argument;
	struct listener *listener = listener_find(worker, endpoint->id);

	if (listener != NULL) {
		listener_drain(listener);
	}
}

static void endpoint_free(struct endpoint *endpoint)
{
	list_remove(&endpoint->link);
	fd_close(endpoint->fd);
	mem_free(endpoint);
}

static void endpoint_on_retired(struct control *control, void *argument)
{
	struct endpoint *endpoint = argument;
	struct message message;

	message_init(&message, MESSAGE_ENDPOINT_CLOSED, 0);
	message_set_number(&message, FIELD_ENDPOINT_ID, endpoint->id);
	endpoint_free(endpoint);
	control_send(control, &message);
}

void endpoint_on_open(struct control *control, struct message *message)
{
	const int one = 1;
	struct endpoint *endpoint = mem_new(sizeof(*endpoint));

	if (endpoint == NULL) {
		control_on_memory(control, "to open an endpoint");
	}

	endpoint->id = message_number(message, FIELD_ENDPOINT_ID, 0);
	endpoint->scheme = (uint8_t)message_number(message, FIELD_SCHEME, 0);
	endpoint->bound.port = (uint16_t)message_number(message, FIELD_PORT, 0);
	(void)ip_addr_parse(message_text(message, FIELD_ADDRESS), &endpoint->bound.addr);
	endpoint->fd = message_take_fd(message, 0);
	list_append(&control->endpoints, &endpoint->link);

	/* Inherited by accepted sockets: responses are written whole, nothing is gained by waiting.
	 * Without it everything works, a little slower. */
	(void)setsockopt(endpoint->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

	const struct broadcast broadcast = {.on_worker = endpoint_on_worker_open,
					    .argument = endpoint};
	if (broadcast_send(control, &broadcast) < 0) {
		control_on_memory(control, "to open an endpoint");
	}
}

void endpoint_on_retire(struct control *control, const struct message *message)
{
	uint64_t id = message_number(message, FIELD_ENDPOINT_ID, 0);

	list_for_each(node, &control->endpoints)
	{
		struct endpoint *endpoint = list_entry(node, struct endpoint, link);
		const struct broadcast broadcast = {.on_worker = endpoint_on_worker_retire,
						    .on_done = endpoint_on_retired,
						    .argument = endpoint};

		if (endpoint->id == id && broadcast_send(control, &broadcast) < 0) {
			control_on_memory(control, "to close an endpoint");
		}
	}
}

void endpoint_fini_all(struct control *control)
{
	list_for_each(node, &control->endpoints)
	{
		endpoint_free(list_entry(node, struct endpoint, link));
	}
}
