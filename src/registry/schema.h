#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Every parameter of the registry, once: the rows of schema.def.  Manual, tools and console are
 * made from them.  The table is constant; values live in the registry.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "registry/registry.h"

enum schema_verdict {
	SCHEMA_E_TYPE = 1, /* the value has another type than the parameter */
	SCHEMA_E_RANGE,    /* out of the parameter's limits */
};

/* When a changed value is followed. */
enum schema_effect {
	SCHEMA_EFFECT_LIVE = 0, /* at once; by a connection with its next request */
	SCHEMA_EFFECT_NEW,      /* by endpoints, queues and receivers made afterwards */
	SCHEMA_EFFECT_RESTART,  /* at the engine's next start */
	SCHEMA_EFFECT_COUNT_
};

enum schema_id {
#define SCHEMA_PARAMETER(id, key, name, type, initial, min, max, unit, effect, doc) SCHEMA_##id,
#include "registry/schema.def"
#undef SCHEMA_PARAMETER
	SCHEMA_COUNT_
};

/* Keys that hold values of any name. */
#define SCHEMA_KEY_PARAMETERS   "HTTP/Parameters"
#define SCHEMA_KEY_URL_ACL_INFO "HTTP/Parameters/UrlAclInfo"

struct schema_entry {
	enum schema_id id;
	const char *key;
	const char *name; /* "*": any name (UrlAclInfo: the prefix) */
	enum registry_type type;
	uint32_t initial; /* DWORD: the default; other types: always empty */
	uint32_t min;     /* DWORD: the value; STRING, BINARY: bytes; MULTI_STRING: strings */
	uint32_t max;
	const char *unit; /* "bytes", "s", "ms", "" ... */
	enum schema_effect effect;
	const char *doc; /* one line */
};

/* schema_entry() - the row of @id */
const struct schema_entry *schema_entry(enum schema_id id);

/*
 * schema_find() - the row of a value, by key path and name without case
 *
 * Return: static; NULL = the schema knows no such value.
 */
const struct schema_entry *schema_find(const char *key, const char *name);

/*
 * schema_check() - has @value the parameter's type, and is it within its limits?
 * @ret_error: names parameter, given value, range and unit; written unless 0 is returned; may be
 *	       NULL
 *
 * Return: 0; SCHEMA_E_TYPE; SCHEMA_E_RANGE.
 */
int schema_check(const struct schema_entry *entry, const struct registry_value *value,
		 struct registry_error *ret_error) must_check_;

/* Is called when a stored value cannot be used and the default is taken; @text names both. */
typedef void (*schema_on_warning_fn)(void *context, const struct schema_entry *entry,
				     const char *text);

/*
 * schema_dword() - a DWORD parameter's value, or its default when none is stored
 * @id: of a DWORD parameter
 * @on_warning: called when the stored value has a wrong type, is out of range or cannot be read;
 *		the result is the default then; may be NULL
 *
 * Return: the value, always within the limits.
 */
uint32_t schema_dword(struct registry *registry, enum schema_id id, schema_on_warning_fn on_warning,
		      void *context);

/* schema_effect_text() - words to follow "takes effect"; static */
const char *schema_effect_text(enum schema_effect effect);
