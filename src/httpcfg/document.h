#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Reading the listener's JSON documents.  A member that is missing, null or of another type reads
 * as empty, zero or false, so that a tool of one version can show what a listener of another says.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/compiler.h"

/* document_text() - a string member; "" when there is none.  Valid as long as @object */
const char *document_text(const json_t *object, const char *name);

/* document_number() - an unsigned member; 0 when there is none */
uint64_t document_number(const json_t *object, const char *name);

/* document_is() - is the member true? */
bool document_is(const json_t *object, const char *name);

/* document_has() - is the member there and not null? */
bool document_has(const json_t *object, const char *name);

/* document_string() - a new JSON string of @text, "" when it is not UTF-8; NULL = out of memory */
json_t *document_string(const char *text) must_check_;

/* document_append_value() - append any value for people: strings as they are, lists with commas,
 * "-" for null.  Return: 0; -ENOMEM */
int document_append_value(struct buf *buf, const json_t *value) must_check_;

/* document_append_json() - append @value as compact JSON.  Return: 0; -ENOMEM */
int document_append_json(struct buf *buf, const json_t *value) must_check_;

/* document_print_json() - print @value, indented, and a newline */
void document_print_json(FILE *out, const json_t *value);

/* document_clean_text() - replace what a terminal would act on, control characters, by '?', in
 * place */
void document_clean_text(char *text);

/*
 * document_clean() - make every string of a document safe for a terminal
 *
 * Return: 0; -ENOMEM.
 */
int document_clean(json_t *value) must_check_;
