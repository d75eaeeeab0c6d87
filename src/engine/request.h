#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The stage that takes a parsed request to a receiver; what a request is says request_sink.h.
 */

#include "base/compiler.h"
#include "engine/request_sink.h"
#include "http/reason.h"

struct http_request;

enum request_verdict {
	REQUEST_E_QUEUED = 1, /* it waits; on_retry will come.  Its bytes must be kept until then */
	REQUEST_E_REFUSED,    /* *ret_reason says why; nothing was kept of it */
};

/*
 * request_submit() - route a parsed request, deliver it to a receiver or have it wait for one
 * @request: sink, worker, addresses, connection_id, scheme are set; at no receiver, in no queue
 * @parsed: only used during the call
 * @head: the bytes that @parsed's fields point into, parsed->head_bytes of them
 * @ret_reason: written on REQUEST_E_REFUSED
 *
 * Return: 0 = delivered, request->exchange is set; REQUEST_E_QUEUED; REQUEST_E_REFUSED.
 */
int request_submit(struct request *request, const struct http_request *parsed, const char *head,
		   enum http_reason *ret_reason) must_check_;

/* request_leave() - the client has gone, or the answer was ended from outside: leave queue and
 * exchange; the application is told once */
void request_leave(struct request *request);

/* request_tell_gone() - tell the application that the client has gone; once per request */
void request_tell_gone(struct request *request);

/*
 * request_tell_leaving() - tell the application that the client sends no more: it has perhaps gone,
 * perhaps it only waits for the answer; once per request
 */
void request_tell_leaving(struct request *request);
