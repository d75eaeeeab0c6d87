#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Pieces that several JSON documents have in common, and the documents about the
 * running state.  The writer's errors are looked at once, by who finishes it.
 */

#include <stdbool.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/ipaddr.h"
#include "master/report.h"

struct claim;
struct json_writer;
struct master;
struct owner_ours;
struct plan_item;
struct registry_value;

/* document_put() - a member with a string; NULL = null */
void document_put(struct json_writer *writer, const char *key, const char *text);

/* document_put_time() - a member with a time as ISO 8601 */
void document_put_time(struct json_writer *writer, const char *key, struct wall_time time);

/* document_put_endpoint() - a string "A:p" as the next value */
void document_put_endpoint(struct json_writer *writer, const struct ip_endpoint *endpoint);

/* document_put_claim() - the members "id", "scheme", "port", "address", "is_shared" of a claim */
void document_put_claim(struct json_writer *writer, const struct claim *claim);

/* document_put_value() - a registry value as the next value; binary as hexadecimal digits */
void document_put_value(struct json_writer *writer, const struct registry_value *value);

/*
 * document_put_holder() - the OWNER object of who keeps @item from being opened, or null
 *
 * Return: 0; -errno.
 */
int document_put_holder(struct json_writer *writer, const struct plan_item *item,
			const struct owner_ours *ours,
			const struct report_reader *reader) must_check_;

/* document_put_entries() - "entries" of the listen list: each with state and text */
void document_put_entries(struct json_writer *writer, const char *key, const struct master *master);

/*
 * document_put_status() - the members of STATUS: everything about this process
 *
 * Return: 0; -errno.
 */
int document_put_status(struct json_writer *writer, const struct master *master,
			const struct report_reader *reader) must_check_;
