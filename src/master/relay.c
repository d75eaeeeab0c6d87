/* SPDX-License-Identifier: MIT */

/* Messages of master and engine; see relay.h. */

#include "master/relay.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/result.h"
#include "master/master.h"
#include "master/notify.h"
#include "urlspace/sddl.h"
#include "wire/error.h"

#define RELAY_END_LIMIT_MS 5000 /* from ENGINE_STOPPED to the process's end */

/* ---- what decisions become ---- */

int relay_send_parameter(struct master *master, const struct schema_entry *entry)
{
	assert(master != NULL && entry != NULL);

	struct message message;

	message_init(&message, MESSAGE_PARAMETER, 0);
	message_set_text(&message, FIELD_NAME, slice_from_str(entry->name));
	message_set_number(&message, FIELD_NUMBER, master->config->parameters[entry->id]);

	return result_trace(enginelink_send(&master->engine, &message));
}

int relay_send_reservation(struct master *master, const struct reservation *reservation)
{
	assert(master != NULL && reservation != NULL);

	struct buf sddl cleanup_(buf_fini) = {.len_max = ACL_TEXT_BYTES_MAX * 4};
	struct message message;
	int r = sddl_format(&reservation->acl, &sddl);

	if (r < 0) {
		return result_trace(r);
	}
	message_init(&message, MESSAGE_RESERVATION_ADD, 0);
	message_set_text(&message, FIELD_PREFIX, slice_from_str(reservation->prefix.text));
	message_set_text(&message, FIELD_ACL, buf_slice(&sddl));

	return result_trace(enginelink_send(&master->engine, &message));
}

int relay_send_reservation_end(struct master *master, const struct prefix *prefix)
{
	assert(master != NULL && prefix != NULL);

	struct message message;

	message_init(&message, MESSAGE_RESERVATION_DELETE, 0);
	message_set_text(&message, FIELD_PREFIX, slice_from_str(prefix->text));

	return result_trace(enginelink_send(&master->engine, &message));
}

static int relay_send_bare(struct master *master, enum message_type type)
{
	struct message message;

	message_init(&message, type, 0);

	return result_trace(enginelink_send(&master->engine, &message));
}

int relay_send_stop(struct master *master)
{
	assert(master != NULL);

	return result_trace(relay_send_bare(master, MESSAGE_ENGINE_STOP));
}

int relay_send_query(struct master *master, const struct message *question, uint32_t *ret_serial)
{
	assert(master != NULL && ret_serial != NULL);

	static const enum field texts[] = {FIELD_PREFIX, FIELD_URL, FIELD_METHOD, FIELD_ADDRESS};
	struct message message;

	master->serial_last++;
	*ret_serial = (uint32_t)(master->serial_last % UINT32_MAX) + 1;
	message_init(&message, MESSAGE_ENGINE_QUERY, *ret_serial);
	message_set_number(&message, FIELD_QUERY,
			   question != NULL ? message_number(question, FIELD_QUERY, 0)
					    : WIRE_QUERY_STATUS);
	for (size_t i = 0; question != NULL && i < array_len(texts); i++) {
		if (message_has(question, texts[i])) {
			message_set_text(&message, texts[i], message_text(question, texts[i]));
		}
	}
	if (question != NULL && message_has(question, FIELD_PORT)) {
		message_set_number(&message, FIELD_PORT, message_number(question, FIELD_PORT, 0));
	}

	return result_trace(enginelink_send(&master->engine, &message));
}

static int relay_open_endpoint(void *context, const struct endpoint *endpoint)
{
	struct master *master = context;
	const struct ip_endpoint *at = &endpoint->item.endpoint;
	char address[IP_ADDR_TEXT_BYTES];
	struct message message;
	int fd = fcntl(endpoint->fd, F_DUPFD_CLOEXEC, 0);

	if (fd == -1) {
		return result_origin(-errno);
	}
	ip_addr_format(&at->addr, address);
	message_init(&message, MESSAGE_ENDPOINT_OPEN, 0);
	message_set_number(&message, FIELD_ENDPOINT_ID, endpoint->id);
	message_set_number(&message, FIELD_SCHEME, endpoint->scheme);
	message_set_number(&message, FIELD_PORT, at->port);
	message_set_text(&message, FIELD_ADDRESS, slice_from_str(address));
	message_adopt_fd(&message, fd);

	return result_trace(enginelink_send(&master->engine, &message));
}

static int relay_retire_endpoint(void *context, uint64_t endpoint_id)
{
	struct master *master = context;
	struct message message;

	message_init(&message, MESSAGE_ENDPOINT_RETIRE, 0);
	message_set_number(&message, FIELD_ENDPOINT_ID, endpoint_id);

	return result_trace(enginelink_send(&master->engine, &message));
}

static int relay_send_claim_state(struct master *master, uint64_t id,
				  const struct claim_verdict *verdict)
{
	struct message message;

	message_init(&message, MESSAGE_CLAIM_STATE, 0);
	message_set_number(&message, FIELD_CLAIM_ID, id);
	message_set_number(&message, FIELD_STATE, verdict->state);
	message_set_signed(&message, FIELD_CODE, verdict->code);
	if (verdict->text[0] != '\0') {
		message_set_text(&message, FIELD_TEXT, slice_from_str(verdict->text));
	}
	if (verdict->repair[0] != '\0') {
		message_set_text(&message, FIELD_REPAIR, slice_from_str(verdict->repair));
	}
	if (verdict->is_refused) {
		message_set_number(&message, FIELD_IS_REFUSED, 1);
	}

	return result_trace(enginelink_send(&master->engine, &message));
}

static int relay_tell_claim(void *context, const struct claim *claim)
{
	return result_trace(relay_send_claim_state(context, claim->id, &claim->verdict));
}

static bool relay_has_engine(void *context)
{
	const struct master *master = context;

	return enginelink_is_up(&master->engine);
}

static void relay_tell_event(void *context, const struct event *event)
{
	struct master *master = context;

	events_emit(&master->events, event);
}

/* Answers that wait are looked at once this turn's changes are complete. */
static void relay_note_endpoint_gone(void *context)
{
	struct master *master = context;

	loop_defer(&master->loop, &master->gone);
}

static void relay_fail(void *context, int r)
{
	master_fail(context, r);
}

void relay_init_sink(struct master *master, struct endpointset_sink *ret_sink)
{
	assert(master != NULL && ret_sink != NULL);

	*ret_sink = (struct endpointset_sink){
		.open = relay_open_endpoint,
		.retire = relay_retire_endpoint,
		.claim_state = relay_tell_claim,
		.has_engine = relay_has_engine,
		.event = relay_tell_event,
		.endpoint_gone = relay_note_endpoint_gone,
		.failure = relay_fail,
		.context = master,
	};
}

/* ---- what the engine's messages do ---- */

static int relay_on_ready(struct master *master, struct message *message)
{
	(void)message;

	enginelink_note_ready(&master->engine);
	timer_arm(&master->loop.timers, &master->grace,
		  mono_add_ms(master->loop.now,
			      master_parameter(master, SCHEMA_ENGINE_RESTART_GRACE)));
	if (master->was_ready) {
		const struct event event = {
			.id = EVENT_ID_ENGINE_RESTARTED,
			.level = DIAG_LEVEL_NOTICE,
			.text = "the engine was restarted; its endpoints stayed open",
		};

		events_emit(&master->events, &event);
		return 0;
	}
	master->was_ready = true;
	/* The line that scripts wait for: without role or priority in front of it. */
	(void)dprintf(STDERR_FILENO, "httpsysd: ready\n");
	notify_send("READY=1");

	return 0;
}

/* A claim that cannot be meant seriously is answered as refused. */
static int relay_refuse_claim(struct master *master, uint64_t id, int code, const char *text)
{
	struct claim_verdict verdict = {
		.state = WIRE_STATE_UNREACHABLE,
		.code = code,
		.is_refused = true,
	};

	text_setf(verdict.text, sizeof(verdict.text), "%s", text);

	return result_trace(relay_send_claim_state(master, id, &verdict));
}

static int relay_on_claim_open(struct master *master, struct message *message)
{
	uint64_t id = message_number(message, FIELD_CLAIM_ID, 0);
	uint64_t port = message_number(message, FIELD_PORT, 0);
	struct slice address = message_text(message, FIELD_ADDRESS);
	struct listen_want want = {
		.port = (uint16_t)port,
		.is_shared = message_number(message, FIELD_IS_SHARED, 0) != 0,
	};
	bool is_refused;

	if (port == 0 || port > UINT16_MAX ||
	    (address.data != NULL && !ip_addr_parse(address, &want.addr))) {
		return relay_refuse_claim(master, id, WIRE_ERROR_INVALID,
					  "no such address and port");
	}
	if (master->is_stopping) {
		return relay_refuse_claim(master, id, WIRE_ERROR_SHUTDOWN,
					  "the listener is stopping");
	}

	int r = endpointset_open_claim(&master->endpoints, id,
				       (unsigned)message_number(message, FIELD_SCHEME, 0), &want,
				       &is_refused);
	if (r == ENDPOINTSET_E_EXISTS) {
		diag_error("the engine opened claim %llu twice", (unsigned long long)id);
		enginelink_kill(&master->engine);
		return 0;
	}

	return result_trace(r);
}

static int relay_on_claim_close(struct master *master, struct message *message)
{
	int r = endpointset_close_claim(&master->endpoints,
					message_number(message, FIELD_CLAIM_ID, 0));

	/* The engine gives refused claims back, too. */
	return r == ENDPOINTSET_E_NOT_FOUND ? 0 : result_trace(r);
}

static int relay_on_endpoint_closed(struct master *master, struct message *message)
{
	endpointset_engine_closed(&master->endpoints,
				  message_number(message, FIELD_ENDPOINT_ID, 0));

	return 0;
}

static int relay_on_document(struct master *master, struct message *message)
{
	return result_trace(admin_on_engine_document(&master->admin, message->serial,
						     message_take_fd(message, 0)));
}

static int relay_on_event(struct master *master, struct message *message)
{
	uint64_t level = message_number(message, FIELD_LEVEL, DIAG_LEVEL_INFO);
	uint64_t state = message_number(message, FIELD_STATE, UINT64_MAX);
	struct slice prefix_text = message_text(message, FIELD_PREFIX);
	struct slice text = message_text(message, FIELD_TEXT);
	char prefix[PREFIX_BYTES_MAX + 1];
	char sentence[PREFIX_BYTES_MAX + TEXT_BYTES];

	text_setf(prefix, sizeof(prefix), "%.*s", SLICE_ARG(prefix_text));
	text_setf(sentence, sizeof(sentence), "%.*s", SLICE_ARG(text));

	const struct event event = {
		.id = (unsigned)message_number(message, FIELD_EVENT_ID, 0),
		.level = level < DIAG_LEVEL_ERROR || level > DIAG_LEVEL_DEBUG
				 ? DIAG_LEVEL_INFO
				 : (enum diag_level)level,
		.text = sentence,
		.prefix = prefix[0] != '\0' ? prefix : NULL,
		.state = state <= WIRE_STATE_UNREACHABLE ? claim_state_word((enum wire_state)state)
							 : NULL,
	};

	events_emit(&master->events, &event);

	return 0;
}

/* It has finished everything and waits for the channel's end; that its process ends comes last. */
static int relay_on_stopped(struct master *master, struct message *message)
{
	(void)message;

	enginelink_hang_up(&master->engine);
	timer_arm(&master->loop.timers, &master->stop_limit,
		  mono_add_ms(master->loop.now, RELAY_END_LIMIT_MS));

	return 0;
}

struct relay_row {
	enum message_type type;
	int (*on_message)(struct master *master, struct message *message);
};

static const struct relay_row relay_rows[] = {
	{MESSAGE_ENGINE_READY, relay_on_ready},
	{MESSAGE_CLAIM_OPEN, relay_on_claim_open},
	{MESSAGE_CLAIM_CLOSE, relay_on_claim_close},
	{MESSAGE_ENDPOINT_CLOSED, relay_on_endpoint_closed},
	{MESSAGE_ENGINE_DOCUMENT, relay_on_document},
	{MESSAGE_EVENT, relay_on_event},
	{MESSAGE_ENGINE_STOPPED, relay_on_stopped},
};

static int relay_on_message(void *context, struct message *message)
{
	for (size_t i = 0; i < array_len(relay_rows); i++) {
		if (relay_rows[i].type == message->type) {
			return result_trace(relay_rows[i].on_message(context, message));
		}
	}

	/* The channel lets through only what an engine may send: a row is missing above. */
	return result_origin(-ENOTSUP);
}

/* ---- the engine's life ---- */

static int relay_on_start(void *context)
{
	struct master *master = context;
	const struct reservation *reservation;
	size_t cursor = 0;
	int r = 0;

	for (int id = 0; r == 0 && id < SCHEMA_COUNT_; id++) {
		const struct schema_entry *entry = schema_entry((enum schema_id)id);

		if (entry->type == REGISTRY_TYPE_DWORD) {
			r = relay_send_parameter(master, entry);
		}
	}
	reservation = reservation_set_next(&master->config->reservations, &cursor);
	while (r == 0 && reservation != NULL) {
		r = relay_send_reservation(master, reservation);
		reservation = reservation_set_next(&master->config->reservations, &cursor);
	}
	master->endpoints.ours.engine = master->engine.process.pid;

	return r < 0 ? result_trace(r)
		     : result_trace(relay_send_bare(master, MESSAGE_ENGINE_START));
}

static void relay_on_end(void *context, const char *text)
{
	struct master *master = context;
	char sentence[TEXT_BYTES];

	master->endpoints.ours.engine = 0;
	timer_disarm(&master->loop.timers, &master->grace);
	endpointset_engine_gone(&master->endpoints);
	admin_on_engine_gone(&master->admin);
	if (master->is_stopping) {
		master->loop.is_stopping = true;
		return;
	}
	text_setf(sentence, sizeof(sentence),
		  "the engine %s; it is started again, its endpoints stay open", text);

	const struct event event = {
		.id = EVENT_ID_ENGINE_DIED,
		.level = DIAG_LEVEL_ERROR,
		.text = sentence,
	};

	events_emit(&master->events, &event);
}

static void relay_on_failure(void *context, int r)
{
	struct master *master = context;

	master_fail(master, r);
	if (r == -ECHILD) {
		diag_error("no engine gets ready: giving up");
		master->exit_status = MASTER_EXIT_UNAVAILABLE;
	}
}

const struct enginelink_events *relay_engine_events(void)
{
	static const struct enginelink_events events = {
		.on_start = relay_on_start,
		.on_message = relay_on_message,
		.on_end = relay_on_end,
		.on_failure = relay_on_failure,
	};

	return &events;
}
