#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The registry as one neutral text, for backup and restore: JSON with all keys, values and types
 * in the order of registry_walk(); binary values in base64.  Two equal states give equal bytes.
 *
 *   {"format": "httpsys-registry", "version": 1, "keys": [
 *     {"key": "HTTP/Parameters", "values": [
 *       {"name": "ListenOnlyList", "type": "multi-string", "value": ["127.0.0.1"]}]}]}
 */

#include "base/buf.h"
#include "base/compiler.h"
#include "base/slice.h"
#include "registry/registry.h"

/*
 * registry_export_json() - append the whole registry to @buf, with a final newline
 *
 * Return: 0; INVALID (over buf->len_max), BUSY, CORRUPT; -ENOMEM, -EIO.
 */
int registry_export_json(struct registry *registry, struct buf *buf) must_check_;

/*
 * registry_import_json() - let @tx replace the whole registry by the state in @text
 *
 * Nothing happens before registry_commit().  Values that the schema knows must keep its limits.
 *
 * Return: 0; INVALID (registry_error() says where and why; @tx can only be freed); -ENOMEM.
 */
int registry_import_json(struct registry_tx *tx, struct slice text) must_check_;
