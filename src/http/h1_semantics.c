/* SPDX-License-Identifier: MIT */

/*
 * The order of the checks is the order of the reasons that a client sees: verb, target, host,
 * framing, options, limits.  Framing is where requests are smuggled: two readers that disagree on
 * where a body ends.  So anything that could be read in two ways is refused (RFC 9112, 6.1, 6.3
 * and 11.2), never repaired.
 */

#include "http/h1_semantics.h"

#include <assert.h>

#include "base/compiler.h"

#define SEMANTICS_BIT(id)    (UINT64_C(1) << HTTP_FIELD_##id)

#define SEMANTICS_PORT_HTTP  80
#define SEMANTICS_PORT_HTTPS 443

struct semantics {
	const char *data;
	const struct http_limits *limits;
	const struct h1_parser *parser;
	struct http_request *request;
};

static bool semantics_has(const struct semantics *s, uint64_t bits)
{
	return (s->parser->seen & bits) != 0;
}

static bool semantics_is_repeated(const struct semantics *s, uint64_t bits)
{
	return (s->parser->repeated & bits) != 0;
}

/* The value of the first field of that number, which is there. */
static struct slice semantics_value(const struct semantics *s, enum http_field_id id)
{
	return http_field_value(&s->request->fields[s->request->known[id] - 1], s->data);
}

static enum http_reason semantics_read_method(const struct semantics *s)
{
	struct http_request *request = s->request;

	if (request->method_id == HTTP_METHOD_UNKNOWN) {
		enum http_method method = http_method_find_nocase(request->method);

		if (method != HTTP_METHOD_UNKNOWN && !s->limits->allow_case_insensitive_verbs) {
			return HTTP_REASON_VERB;
		}
		request->method_id = (uint8_t)method;
	}

	/* A tunnel has no path to route by. */
	return request->method_id == HTTP_METHOD_CONNECT ? HTTP_REASON_METHOD_NOT_IMPLEMENTED
							 : HTTP_REASON_NONE;
}

/* The usual target: a path that needs no cooking. */
static bool semantics_read_plain_target(const struct semantics *s)
{
	const struct h1_parser *parser = s->parser;
	struct http_request *request = s->request;
	size_t path_len = parser->query_off != 0 ? parser->query_off - parser->target_off
						 : request->target.len;

	if (!parser->is_target_plain || request->target.data[0] != '/' ||
	    path_len > http_target_plain_bytes_max(s->limits)) {
		return false;
	}
	request->path = slice_from(request->target.data, path_len);
	if (parser->query_off != 0) {
		request->query = slice_from_offset(request->target, path_len);
	}

	return true;
}

static enum http_reason semantics_read_target(const struct semantics *s)
{
	struct http_request *request = s->request;
	struct http_target target;

	if (likely(semantics_read_plain_target(s))) {
		return HTTP_REASON_NONE;
	}

	enum http_reason reason = http_target_split(request->target, false, &target);
	if (reason != HTTP_REASON_NONE) {
		return reason;
	}
	request->target_form = target.form;
	request->scheme = target.scheme;
	request->query = target.query;
	if (target.form == HTTP_TARGET_ASTERISK) {
		request->path = target.raw_path;

		return request->method_id == HTTP_METHOD_OPTIONS ? HTTP_REASON_NONE
								 : HTTP_REASON_URL;
	}
	if (target.form == HTTP_TARGET_ABSOLUTE &&
	    !http_host_parse(target.authority, &request->host)) {
		return HTTP_REASON_HOSTNAME;
	}
	if (target.raw_path.len == 0) {
		request->path = SLICE("/");

		return HTTP_REASON_NONE;
	}

	return http_target_cook(target.raw_path, s->limits, request->cook, request->cook_cap,
				&request->path);
}

/* RFC 9112, 3.2: exactly one valid Host, which HTTP/1.0 may leave out. */
static enum http_reason semantics_read_host(const struct semantics *s)
{
	struct http_request *request = s->request;
	struct http_host host;

	if (!semantics_has(s, SEMANTICS_BIT(HOST))) {
		return request->version_minor == 0 ? HTTP_REASON_NONE : HTTP_REASON_HOSTNAME;
	}
	if (semantics_is_repeated(s, SEMANTICS_BIT(HOST)) ||
	    !http_host_parse(semantics_value(s, HTTP_FIELD_HOST), &host)) {
		return HTTP_REASON_HOSTNAME;
	}
	if (likely(request->target_form != HTTP_TARGET_ABSOLUTE)) {
		request->host = host;

		return HTTP_REASON_NONE;
	}

	/* RFC 9112, 3.2.2: the target wins; who sends two hosts may mean another one to win. */
	uint16_t port =
		request->scheme == HTTP_SCHEME_HTTPS ? SEMANTICS_PORT_HTTPS : SEMANTICS_PORT_HTTP;
	bool is_same = http_host_is_equal(&host, &request->host, port);

	return is_same || s->limits->is_host_mismatch_allowed ? HTTP_REASON_NONE
							      : HTTP_REASON_HOSTNAME;
}

static enum http_reason semantics_read_framing(const struct semantics *s)
{
	struct http_request *request = s->request;
	uint64_t length;

	if (semantics_has(s, SEMANTICS_BIT(TRANSFER_ENCODING))) {
		if (semantics_has(s, SEMANTICS_BIT(CONTENT_LENGTH)) ||
		    semantics_is_repeated(s, SEMANTICS_BIT(TRANSFER_ENCODING)) ||
		    request->version_minor == 0) {
			return HTTP_REASON_BAD_REQUEST;
		}
		if (!slice_is_equal_nocase(semantics_value(s, HTTP_FIELD_TRANSFER_ENCODING),
					   SLICE("chunked"))) {
			return HTTP_REASON_NOT_IMPLEMENTED;
		}
		request->is_chunked = true;

		return HTTP_REASON_NONE;
	}
	if (semantics_has(s, SEMANTICS_BIT(CONTENT_LENGTH))) {
		if (semantics_is_repeated(s, SEMANTICS_BIT(CONTENT_LENGTH))) {
			return HTTP_REASON_BAD_REQUEST;
		}
		if (!slice_parse_u64(semantics_value(s, HTTP_FIELD_CONTENT_LENGTH), INT64_MAX,
				     &length)) {
			return HTTP_REASON_NUMBER;
		}
		request->content_length = (int64_t)length;
	}

	return HTTP_REASON_NONE;
}

/* What one Connection field says.  False when it is no list of tokens. */
static bool semantics_read_options(struct slice value, struct http_request *request,
				   bool *is_closing, bool *is_upgrade)
{
	struct slice rest = value;
	struct slice option;

	while (http_field_next_option(&rest, &option)) {
		if (!http_field_is_token(option)) {
			return false;
		}
		/* "close" wins wherever it stands (RFC 9112, 9.3). */
		if (slice_is_equal_nocase(option, SLICE("close"))) {
			*is_closing = true;
		} else if (slice_is_equal_nocase(option, SLICE("keep-alive"))) {
			request->is_keep_alive = true;
		} else if (slice_is_equal_nocase(option, SLICE("upgrade"))) {
			*is_upgrade = true;
		}
	}

	return true;
}

static enum http_reason semantics_read_connection(const struct semantics *s)
{
	struct http_request *request = s->request;
	bool is_upgrade = false;
	bool is_closing = false;

	request->is_keep_alive = request->version_minor > 0;
	if (likely(!semantics_has(s, SEMANTICS_BIT(CONNECTION)))) {
		return HTTP_REASON_NONE;
	}
	for (uint32_t i = request->known[HTTP_FIELD_CONNECTION] - 1U; i < request->n_fields; i++) {
		const struct http_field *field = &request->fields[i];

		if (field->id == HTTP_FIELD_CONNECTION &&
		    !semantics_read_options(http_field_value(field, s->data), request, &is_closing,
					    &is_upgrade)) {
			return HTTP_REASON_HEADER;
		}
	}
	request->is_keep_alive = request->is_keep_alive && !is_closing;
	/* RFC 9110, 7.8: an Upgrade in HTTP/1.0 is ignored. */
	request->has_upgrade = is_upgrade && request->version_minor > 0 &&
			       semantics_has(s, SEMANTICS_BIT(UPGRADE));

	return HTTP_REASON_NONE;
}

/* RFC 9110, 10.1.1: an expectation in HTTP/1.0 is ignored. */
static enum http_reason semantics_read_expect(const struct semantics *s)
{
	struct http_request *request = s->request;

	if (likely(!semantics_has(s, SEMANTICS_BIT(EXPECT))) || request->version_minor == 0) {
		return HTTP_REASON_NONE;
	}
	for (uint32_t i = request->known[HTTP_FIELD_EXPECT] - 1U; i < request->n_fields; i++) {
		const struct http_field *field = &request->fields[i];

		if (field->id == HTTP_FIELD_EXPECT &&
		    !slice_is_equal_nocase(http_field_value(field, s->data),
					   SLICE("100-continue"))) {
			return HTTP_REASON_EXPECTATION;
		}
	}
	request->is_continue_awaited = http_request_has_body(request);

	return HTTP_REASON_NONE;
}

static enum http_reason semantics_check_body(const struct semantics *s)
{
	const struct http_request *request = s->request;

	if (request->is_chunked) {
		return HTTP_REASON_NONE;
	}
	if (request->content_length < 0) {
		return http_method_needs_length(request->method_id) ? HTTP_REASON_LENGTH_REQUIRED
								    : HTTP_REASON_NONE;
	}

	bool is_too_large = s->limits->body_bytes_max != 0 &&
			    (uint64_t)request->content_length > s->limits->body_bytes_max;

	return is_too_large ? HTTP_REASON_ENTITY_TOO_LARGE : HTTP_REASON_NONE;
}

enum http_reason h1_semantics_apply(const char *data, const struct http_limits *limits,
				    const struct h1_parser *parser, struct http_request *request)
{
	assert(data != NULL && limits != NULL && parser != NULL && request != NULL);

	const struct semantics s = {
		.data = data,
		.limits = limits,
		.parser = parser,
		.request = request,
	};
	enum http_reason reason = semantics_read_method(&s);

	/* The first reason stays; a table of functions here would cost seven indirect calls. */
	reason = reason != HTTP_REASON_NONE ? reason : semantics_read_target(&s);
	reason = reason != HTTP_REASON_NONE ? reason : semantics_read_host(&s);
	reason = reason != HTTP_REASON_NONE ? reason : semantics_read_framing(&s);
	reason = reason != HTTP_REASON_NONE ? reason : semantics_read_connection(&s);
	reason = reason != HTTP_REASON_NONE ? reason : semantics_read_expect(&s);
	reason = reason != HTTP_REASON_NONE ? reason : semantics_check_body(&s);

	return reason;
}
