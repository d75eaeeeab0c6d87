/* SPDX-License-Identifier: MIT */

/*
 * netsh's show servicestate: sessions, URL groups, request queues and processes, nested by session
 * or by queue.  The layout is the original's, line for line; what the listener does not have is
 * shown with the value that says so (no limit, inherited).
 */

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/slice.h"
#include "httpcfg/document.h"
#include "httpcfg/netsh.h"
#include "httpcfg/words.h"

#define INDENT 4 /* blanks per level */

struct service {
	FILE *out;
	const json_t *sessions;
	const json_t *groups;
	const json_t *queues;
	const json_t *parameters;
	bool is_verbose;
};

static const struct {
	const char *label;
	const char *parameter;
} timeouts[] = {
	{"Entity body timeout (secs)", "EntityBodyTimeout"},
	{"Drain entity body timeout (secs)", "DrainEntityBodyTimeout"},
	{"Request queue timeout (secs)", "RequestQueueTimeout"},
	{"Idle connection timeout (secs)", "IdleConnectionTimeout"},
	{"Header wait timeout (secs)", "HeaderWaitTimeout"},
	{"Minimum send rate (bytes/sec)", "MinSendRate"}, /* absent: 0, none is enforced */
};

static void printf_(3, 4)
	service_line(const struct service *service, int level, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(service->out, "%*s", level * INDENT, "");
	vfprintf(service->out, format, args);
	fputc('\n', service->out);
	va_end(args);
}

static uint64_t service_parameter(const struct service *service, const char *name)
{
	for (size_t i = 0; i < json_array_size(service->parameters); i++) {
		const json_t *parameter = json_array_get(service->parameters, i);
		if (strcmp(document_text(parameter, "name"), name) == 0) {
			return document_number(parameter, "value");
		}
	}

	return 0;
}

static const char *service_state(const json_t *object)
{
	return words_are_equal(document_text(object, "state"), "inactive") ? "Inactive" : "Active";
}

static const char *service_queue_name(const json_t *queue)
{
	const char *name = document_text(queue, "name");

	return name[0] != '\0' ? name : "Request queue is unnamed.";
}

/* The element of @list whose id is @id; NULL: none */
static const json_t *service_find(const json_t *list, const json_t *id)
{
	for (size_t i = 0; id != NULL && i < json_array_size(list); i++) {
		const json_t *object = json_array_get(list, i);
		if (json_equal(json_object_get(object, "id"), id)) {
			return object;
		}
	}

	return NULL;
}

static const json_t *service_group_queue(const struct service *service, const json_t *group)
{
	return service_find(service->queues, json_object_get(group, "queue_id"));
}

static void service_print_session_head(const struct service *service, const json_t *session,
				       int level)
{
	service_line(service, level, "Server session ID: %s", document_text(session, "id"));
	service_line(service, level + 1, "Version: 2.0");
	service_line(service, level + 1, "State: Active");
	if (!service->is_verbose) {
		return;
	}

	service_line(service, level + 1, "Properties:");
	service_line(service, level + 2, "Max bandwidth: 4294967295");
	service_line(service, level + 2, "Timeouts:");
	for (size_t i = 0; i < array_len(timeouts); i++) {
		service_line(service, level + 3, "%s: %llu", timeouts[i].label,
			     (unsigned long long)service_parameter(service, timeouts[i].parameter));
	}
}

/* The original writes URLs in capitals. */
static void service_print_url(const struct service *service, int level, const char *url)
{
	fprintf(service->out, "%*s", level * INDENT, "");
	for (; *url != '\0'; url++) {
		bool is_small = *url >= 'a' && *url <= 'z';
		fputc(is_small ? *url - 'a' + 'A' : *url, service->out);
	}
	fputc('\n', service->out);
}

static void service_print_group(const struct service *service, const json_t *group, int level)
{
	const json_t *prefixes = json_object_get(group, "prefixes");
	const json_t *queue = service_group_queue(service, group);
	int inner = level + (service->is_verbose ? 2 : 1);

	service_line(service, level, "URL group ID: %s", document_text(group, "id"));
	service_line(service, level + 1, "State: %s", service_state(group));
	service_line(service, level + 1, "Request queue name: %s", service_queue_name(queue));
	if (service->is_verbose) {
		service_line(service, level + 1, "Properties:");
		service_line(service, inner, "Max bandwidth: inherited");
		service_line(service, inner, "Max connections: inherited");
		service_line(service, inner, "Timeouts:");
		service_line(service, inner + 1, "Timeout values inherited");
	}
	service_line(service, inner, "Number of registered URLs: %zu", json_array_size(prefixes));
	service_line(service, inner, "Registered URLs:");
	for (size_t i = 0; i < json_array_size(prefixes); i++) {
		const char *url = json_string_value(json_array_get(prefixes, i));
		service_print_url(service, inner + 1, url != NULL ? url : "");
	}
}

/* Has a receiver before the @i-th the same process? */
static bool service_is_repeated(const json_t *receivers, size_t i)
{
	uint64_t pid = document_number(json_array_get(receivers, i), "pid");

	for (size_t j = 0; j < i; j++) {
		if (document_number(json_array_get(receivers, j), "pid") == pid) {
			return true;
		}
	}

	return false;
}

static void service_print_queue(const struct service *service, const json_t *queue, int level)
{
	const json_t *receivers = json_object_get(queue, "receivers");
	size_t n_processes = 0;
	for (size_t i = 0; i < json_array_size(receivers); i++) {
		n_processes += !service_is_repeated(receivers, i);
	}

	service_line(service, level, "Request queue name: %s", service_queue_name(queue));
	service_line(service, level + 1, "Version: 2.0");
	service_line(service, level + 1, "State: %s", service_state(queue));
	service_line(service, level + 1, "Request queue 503 verbosity level: Limited");
	service_line(service, level + 1, "Max requests: %llu",
		     (unsigned long long)document_number(queue, "entries_max"));
	service_line(service, level + 1, "Number of active processes attached: %zu", n_processes);
	if (document_text(queue, "name")[0] != '\0') {
		service_line(service, level + 1, "Controller process ID: %llu",
			     (unsigned long long)document_number(queue, "pid"));
	}
	service_line(service, level + 1, "Process IDs:");
	for (size_t i = 0; i < json_array_size(receivers); i++) {
		if (!service_is_repeated(receivers, i)) {
			service_line(service, level + 2, "%llu",
				     (unsigned long long)document_number(
					     json_array_get(receivers, i), "pid"));
		}
	}
}

static void service_print_sessions(const struct service *service)
{
	for (size_t i = 0; i < json_array_size(service->sessions); i++) {
		const json_t *session = json_array_get(service->sessions, i);
		const json_t *id = json_object_get(session, "id");
		service_print_session_head(service, session, 0);
		service_line(service, 1, "URL groups:");
		for (size_t j = 0; j < json_array_size(service->groups); j++) {
			const json_t *group = json_array_get(service->groups, j);
			if (json_equal(json_object_get(group, "session_id"), id)) {
				service_print_group(service, group, 1);
			}
		}
		fputc('\n', service->out);
	}

	service_line(service, 0, "Request queues:");
	for (size_t i = 0; i < json_array_size(service->queues); i++) {
		service_print_queue(service, json_array_get(service->queues, i), 1);
	}
	fputc('\n', service->out);
}

/* The groups whose requests @queue gets, each with its session; NULL: the groups without queue. */
static void service_print_queue_groups(const struct service *service, const json_t *queue)
{
	service_line(service, 1, "URL groups:");
	for (size_t i = 0; i < json_array_size(service->groups); i++) {
		const json_t *group = json_array_get(service->groups, i);
		if (service_group_queue(service, group) != queue) {
			continue;
		}
		service_print_group(service, group, 1);
		const json_t *session =
			service_find(service->sessions, json_object_get(group, "session_id"));
		if (session != NULL) {
			service_print_session_head(service, session, 2);
		}
	}
	fputc('\n', service->out);
}

static void service_print_queues(const struct service *service)
{
	for (size_t i = 0; i < json_array_size(service->queues); i++) {
		const json_t *queue = json_array_get(service->queues, i);
		service_print_queue(service, queue, 0);
		service_print_queue_groups(service, queue);
	}
	for (size_t i = 0; i < json_array_size(service->groups); i++) {
		if (service_group_queue(service, json_array_get(service->groups, i)) == NULL) {
			service_line(service, 0, "Request queue name: none");
			service_print_queue_groups(service, NULL);
			break;
		}
	}
}

int netsh_servicestate_show(struct context *ctx, const struct netsh_command *command,
			    const struct netsh_values *values)
{
	assert(ctx != NULL && command != NULL && values != NULL);

	const char *view = values->at[0] != NULL ? values->at[0] : "session";
	const char *verbose = values->at[1] != NULL ? values->at[1] : "yes";
	bool is_by_queue = words_are_equal(view, "requestq");
	bool is_verbose = words_are_equal(verbose, "yes");
	if ((!is_by_queue && !words_are_equal(view, "session")) ||
	    (!is_verbose && !words_are_equal(verbose, "no"))) {
		return netsh_bad_syntax(ctx, command);
	}

	int code = 0;
	cleanup_(reply_fini) struct reply state = {0};
	reply_settle(&state, ctx,
		     httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_STATUS, NULL, &state.answer));
	if (netsh_is_finished(ctx, command, &state, &code)) {
		return code;
	}
	cleanup_(reply_fini) struct reply schema = {0};
	reply_settle(
		&schema, ctx,
		httpsys_admin_query(ctx->admin, HTTPSYS_QUERY_PARAMETER, NULL, &schema.answer));
	if (netsh_is_finished(ctx, command, &schema, &code)) {
		return code;
	}

	const struct service service = {
		.out = ctx->out,
		.sessions = json_object_get(state.engine, "sessions"),
		.groups = json_object_get(state.engine, "groups"),
		.queues = json_object_get(state.engine, "queues"),
		.parameters = json_object_get(schema.document, "parameters"),
		.is_verbose = is_verbose,
	};
	if (is_by_queue) {
		netsh_print_title(ctx, "Snapshot of HTTP service state (Request Queue View):", "");
		service_print_queues(&service);
	} else {
		netsh_print_title(ctx, "Snapshot of HTTP service state (Server Session View):", "");
		service_print_sessions(&service);
	}
	if (state.engine == NULL) {
		fputs("httpcfg: the listener is not running\n", ctx->err);
	}

	return 0;
}
