/* SPDX-License-Identifier: MIT */

/*
 * The writer appends pieces and looks at the room before each; once a piece did not fit nothing
 * more is written and the whole answer is FULL.
 */

#include "http/h1_write.h"

#include <assert.h>
#include <string.h>

#include "http/field_table.h"
#include "http/scan.h"
#include "http/status.h"

#define H1_WRITE_SERVER_TOKEN "httpsys"

/* The output so far. */
struct h1_out {
	char *p;
	const char *end;
	bool is_full;
};

/* What the application's fields said; @response is what it is about. */
struct h1_head {
	const struct h1_response *response;
	int64_t content_length; /* -1 = not given */
	bool is_closing;
	bool has_upgrade;
	bool has_server;
};

/* Append bytes that are short and of constant length, mostly: inline, so that memcpy() goes. */
static inline void h1_put(struct h1_out *out, const char *data, size_t n)
{
	if (unlikely((size_t)(out->end - out->p) < n)) {
		out->is_full = true;
		out->end = out->p;

		return;
	}
	memcpy(out->p, data, n);
	out->p += n;
}

static inline void h1_put_slice(struct h1_out *out, struct slice s)
{
	if (s.len > 0) {
		h1_put(out, s.data, s.len);
	}
}

#define h1_put_text(out, literal) h1_put((out), (literal), sizeof(literal) - 1)

static void h1_put_decimal(struct h1_out *out, uint64_t value)
{
	char digits[20];
	char *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	h1_put(out, p, (size_t)(digits + sizeof(digits) - p));
}

/* The status line.  Return: 0; H1_WRITE_E_STATUS. */
static int h1_put_status(struct h1_out *out, unsigned status, struct slice phrase)
{
	struct slice line = http_status_line(status);

	if (!http_status_is_valid(status) || !http_field_value_is_valid(phrase)) {
		return H1_WRITE_E_STATUS;
	}
	if (phrase.len == 0 && line.len != 0) {
		h1_put_slice(out, line);

		return 0;
	}
	h1_put_text(out, "HTTP/1.1 ");
	h1_put_decimal(out, status);
	h1_put_text(out, " ");
	h1_put_slice(out, phrase);
	h1_put_text(out, "\r\n");

	return 0;
}

static void h1_put_field(struct h1_out *out, struct slice name, struct slice value)
{
	h1_put_slice(out, name);
	h1_put_text(out, ": ");
	h1_put_slice(out, value);
	h1_put_text(out, "\r\n");
}

/*
 * Cut the @field of an application out of its head and check it; blanks around the value go.
 * Return: true; false when it lies outside or its name or value is not valid.
 */
static bool h1_read_field(const char *head, size_t head_bytes, const struct http_field *field,
			  struct slice *ret_name, struct slice *ret_value, uint16_t *ret_id)
{
	if (field->name_off > head_bytes || field->name_len > head_bytes - field->name_off ||
	    field->value_off > head_bytes || field->value_len > head_bytes - field->value_off) {
		return false;
	}

	struct slice name = http_field_name(field, head);
	struct slice value = http_field_value(field, head);
	uint16_t id =
		field_table_find(&field_table_response, name.data, name.len, head + head_bytes);
	if (id == HTTP_RESPONSE_FIELD_UNKNOWN && !http_field_is_token(name)) {
		return false;
	}

	const char *value_end = value.data + value.len;
	if (scan_value(head, value.data, value_end) != value_end) {
		return false;
	}
	*ret_name = name;
	*ret_value = slice_trim(value);
	*ret_id = id;

	return true;
}

/* The application's Connection: "close" is its wish, everything else is the engine's business. */
static void h1_read_options(struct h1_head *head, struct slice value)
{
	struct slice rest = value;
	struct slice option;

	while (http_field_next_option(&rest, &option)) {
		head->is_closing =
			head->is_closing || slice_is_equal_nocase(option, SLICE("close"));
	}
}

/* The application's Content-Length.  False when it is given twice or is no number. */
static bool h1_read_length(struct h1_head *head, struct slice value)
{
	uint64_t length;

	if (head->content_length >= 0 || !slice_parse_u64(value, INT64_MAX, &length)) {
		return false;
	}
	head->content_length = (int64_t)length;

	return true;
}

/* Write one field of the application, as its policy says.  Return: 0; E_FIELD; E_FRAMING. */
static int h1_put_application_field(struct h1_out *out, struct h1_head *head,
				    const struct http_field *field)
{
	const struct h1_response *response = head->response;
	struct slice name;
	struct slice value;
	uint16_t id;

	if (!h1_read_field(response->head, response->head_bytes, field, &name, &value, &id)) {
		return H1_WRITE_E_FIELD;
	}
	switch (http_field_policy((enum http_response_field_id)id)) {
	case HTTP_FIELD_POLICY_VERBATIM:
		head->has_upgrade = head->has_upgrade || id == HTTP_RESPONSE_FIELD_UPGRADE;
		h1_put_field(out, name, value);
		break;
	case HTTP_FIELD_POLICY_DROP:
		break;
	case HTTP_FIELD_POLICY_OPTIONS:
		h1_read_options(head, value);
		break;
	case HTTP_FIELD_POLICY_LENGTH:
		return h1_read_length(head, value) ? 0 : H1_WRITE_E_FRAMING;
	case HTTP_FIELD_POLICY_APPEND:
		head->has_server = true;
		h1_put_slice(out, name);
		h1_put_text(out, ": ");
		h1_put_slice(out, value);
		if (response->server_policy != H1_SERVER_NEVER) {
			h1_put_text(out, " " H1_WRITE_SERVER_TOKEN);
		}
		h1_put_text(out, "\r\n");
		break;
	}

	return 0;
}

/*
 * The framing of 1xx, 204 and 304, which have no body.  A 304 may tell the length of the body that
 * a 200 would have.
 */
static int h1_decide_bodiless(const struct h1_head *head, struct h1_framing *framing)
{
	bool is_304 = head->response->status == 304;

	framing->content_length = is_304 ? head->content_length : -1;
	if (head->response->body_bytes > 0 || (!is_304 && head->content_length > 0)) {
		return H1_WRITE_E_FRAMING;
	}

	return 0;
}

/*
 * The framing of an answer to HEAD: the length of the body that GET would have (RFC 9110, 9.3.2),
 * as the application says.  An empty body says nothing: it may have left out what is not sent.
 */
static void h1_decide_head(const struct h1_head *head, struct h1_framing *framing)
{
	bool is_told = head->content_length >= 0 || head->response->body_bytes == 0;

	framing->content_length = is_told ? head->content_length : head->response->body_bytes;
}

/*
 * Decide how the body is sent (RFC 9112, 6; RFC 9110, 8.6).  Return: 0 and *@framing; E_FRAMING
 * when status, length and body don't go together.
 */
static int h1_decide_framing(const struct h1_head *head, struct h1_framing *framing)
{
	const struct h1_response *response = head->response;
	bool is_known = response->body_bytes != H1_WRITE_LENGTH_UNKNOWN;

	framing->is_keep_alive = response->is_keep_alive && !head->is_closing;
	if (!http_status_has_body(response->status)) {
		return h1_decide_bodiless(head, framing);
	}
	if (response->is_head) {
		h1_decide_head(head, framing);

		return 0;
	}

	framing->has_body = true;
	framing->content_length = is_known ? response->body_bytes : head->content_length;
	/* RFC 9110, 15.3.6: a 205 has no content, but is framed like any other response. */
	bool is_contradiction = is_known && head->content_length >= 0 &&
				head->content_length != response->body_bytes;
	if (is_contradiction || (response->status == 205 && framing->content_length != 0)) {
		return H1_WRITE_E_FRAMING;
	}
	if (framing->content_length < 0) {
		framing->is_chunked = response->version_minor > 0;
		framing->is_keep_alive = framing->is_keep_alive && framing->is_chunked;
	}

	return 0;
}

/* Connection: only where the default of the client's version is not meant. */
static void h1_put_connection(struct h1_out *out, const struct h1_head *head,
			      const struct h1_framing *framing)
{
	if (http_status_is_interim(head->response->status) && head->response->status != 101) {
		return;
	}
	if (head->has_upgrade) {
		/* RFC 9110, 7.8: who sends Upgrade must say so in Connection. */
		if (framing->is_keep_alive || head->response->status == 101) {
			h1_put_text(out, "Connection: upgrade\r\n");
		} else {
			h1_put_text(out, "Connection: upgrade, close\r\n");
		}
	} else if (!framing->is_keep_alive) {
		h1_put_text(out, "Connection: close\r\n");
	} else if (head->response->version_minor == 0) {
		h1_put_text(out, "Connection: keep-alive\r\n");
	}
}

static void h1_put_date(struct h1_out *out, struct slice date)
{
	h1_put_text(out, "Date: ");
	h1_put(out, date.data, H1_WRITE_DATE_BYTES);
	h1_put_text(out, "\r\n");
}

/* The engine's own fields and the empty line. */
static void h1_put_engine_fields(struct h1_out *out, const struct h1_head *head,
				 const struct h1_framing *framing)
{
	const struct h1_response *response = head->response;

	if (!http_status_is_interim(response->status)) {
		if (!head->has_server && response->server_policy != H1_SERVER_NEVER) {
			h1_put_text(out, "Server: " H1_WRITE_SERVER_TOKEN "\r\n");
		}
		h1_put_date(out, response->date);
	}
	if (framing->content_length >= 0) {
		h1_put_text(out, "Content-Length: ");
		h1_put_decimal(out, (uint64_t)framing->content_length);
		h1_put_text(out, "\r\n");
	} else if (framing->is_chunked) {
		h1_put_text(out, "Transfer-Encoding: chunked\r\n");
	}
	h1_put_connection(out, head, framing);
	h1_put_text(out, "\r\n");
}

int h1_write_head(char *out, size_t cap, const struct h1_response *response,
		  struct h1_framing *ret_framing)
{
	assert(out != NULL && response != NULL && ret_framing != NULL);
	assert(response->date.len == H1_WRITE_DATE_BYTES);
	assert(response->n_fields == 0 || (response->fields != NULL && response->head != NULL));

	struct h1_out to = {.p = out, .end = out + cap};
	struct h1_head head = {.response = response, .content_length = -1};
	struct h1_framing framing = {0};

	int r = h1_put_status(&to, response->status, response->phrase);
	if (r != 0) {
		return r;
	}
	for (size_t i = 0; i < response->n_fields; i++) {
		r = h1_put_application_field(&to, &head, &response->fields[i]);
		if (r != 0) {
			return r;
		}
	}

	r = h1_decide_framing(&head, &framing);
	if (r != 0) {
		return r;
	}
	h1_put_engine_fields(&to, &head, &framing);
	if (to.is_full) {
		return H1_WRITE_E_FULL;
	}
	framing.n_bytes = (size_t)(to.p - out);
	*ret_framing = framing;

	return 0;
}

struct slice h1_write_continue(void)
{
	return SLICE("HTTP/1.1 100 Continue\r\n\r\n");
}

int h1_write_chunk_head(char *out, size_t cap, uint64_t n_body, size_t *ret_bytes)
{
	assert(out != NULL && n_body > 0 && ret_bytes != NULL);

	char text[H1_WRITE_CHUNK_HEAD_BYTES];
	char *p = text + sizeof(text);
	size_t n;

	*--p = '\n';
	*--p = '\r';
	for (; n_body != 0; n_body >>= 4) {
		*--p = "0123456789abcdef"[n_body & 0xf];
	}
	n = (size_t)(text + sizeof(text) - p);
	if (n > cap) {
		return H1_WRITE_E_FULL;
	}
	memcpy(out, p, n);
	*ret_bytes = n;

	return 0;
}

int h1_write_last_chunk(char *out, size_t cap, const char *head, size_t head_bytes,
			const struct http_field *fields, size_t n_fields, size_t *ret_bytes)
{
	assert(out != NULL && ret_bytes != NULL);
	assert(n_fields == 0 || (head != NULL && fields != NULL));

	struct h1_out to = {.p = out, .end = out + cap};

	h1_put_text(&to, "0\r\n");
	for (size_t i = 0; i < n_fields; i++) {
		struct slice name;
		struct slice value;
		uint16_t id;

		if (!h1_read_field(head, head_bytes, &fields[i], &name, &value, &id)) {
			return H1_WRITE_E_FIELD;
		}
		if (http_field_is_response_trailer_allowed((enum http_response_field_id)id)) {
			h1_put_field(&to, name, value);
		}
	}
	h1_put_text(&to, "\r\n");
	if (to.is_full) {
		return H1_WRITE_E_FULL;
	}
	*ret_bytes = (size_t)(to.p - out);

	return 0;
}

/* Write the page, or with @out NULL only measure it.  Return: its bytes. */
static size_t h1_put_page(struct h1_out *out, enum http_reason reason)
{
	char code[3];
	unsigned status = http_reason_status(reason);

	code[0] = (char)('0' + status / 100);
	code[1] = (char)('0' + status / 10 % 10);
	code[2] = (char)('0' + status % 10);

	const struct slice pieces[] = {
		SLICE("<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\""
		      "\"http://www.w3.org/TR/html4/strict.dtd\">\r\n<HTML><HEAD><TITLE>"),
		http_reason_title(reason),
		SLICE("</TITLE>\r\n<META HTTP-EQUIV=\"Content-Type\" "
		      "Content=\"text/html; charset=us-ascii\"></HEAD>\r\n<BODY><h2>"),
		http_reason_heading(reason),
		SLICE("</h2>\r\n<hr><p>HTTP Error "),
		slice_from(code, sizeof(code)),
		SLICE(". "),
		http_reason_text(reason),
		SLICE("</p>\r\n</BODY></HTML>\r\n"),
	};
	size_t n = 0;

	for (size_t i = 0; i < array_len(pieces); i++) {
		n += pieces[i].len;
		if (out != NULL) {
			h1_put_slice(out, pieces[i]);
		}
	}

	return n;
}

int h1_write_error(char *out, size_t cap, const struct h1_error *error, size_t *ret_bytes)
{
	assert(out != NULL && error != NULL && ret_bytes != NULL);
	assert(http_reason_status(error->reason) != 0);
	assert(error->date.len == H1_WRITE_DATE_BYTES);

	struct h1_out to = {.p = out, .end = out + cap};

	h1_put_slice(&to, http_status_line(http_reason_status(error->reason)));
	h1_put_text(&to, "Content-Type: text/html; charset=us-ascii\r\n");
	if (error->server_policy == H1_SERVER_APPEND) {
		h1_put_text(&to, "Server: " H1_WRITE_SERVER_TOKEN "\r\n");
	}
	h1_put_date(&to, error->date);
	h1_put_text(&to, "Connection: close\r\nContent-Length: ");
	h1_put_decimal(&to, h1_put_page(NULL, error->reason));
	h1_put_text(&to, "\r\n\r\n");
	if (!error->is_head) {
		(void)h1_put_page(&to, error->reason);
	}
	if (to.is_full) {
		return H1_WRITE_E_FULL;
	}
	*ret_bytes = (size_t)(to.p - out);

	return 0;
}
