#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The engine's documents: its part of the answers to administrative questions, as JSON.
 */

#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"

struct control;
struct message;

/* document_write_status() - sessions, groups, prefixes, queues, counters.  Return: 0; -errno */
int document_write_status(struct control *control, struct buf *buf) must_check_;

/*
 * document_write_explain() - what would become of a request
 * @message: ENGINE_QUERY with URL, METHOD, ADDRESS
 *
 * Return: 0; -errno.
 */
int document_write_explain(struct control *control, const struct message *message,
			   struct buf *buf) must_check_;

/* document_on_query() - answer an ENGINE_QUERY with a sealed memfd */
void document_on_query(struct control *control, const struct message *message);
