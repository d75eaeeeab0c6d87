#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The configuration as one JSON document, out and in:
 *
 *   {"format":1,"listen_list":["127.0.0.1"],"reservations":[{"prefix","sddl"}],
 *    "parameters":[{"name","value"}]}
 *
 * What is written can be read back, and gives the same configuration.
 */

#include <stddef.h>

#include "base/compiler.h"
#include "base/slice.h"
#include "registry/registry.h"

#define BACKUP_BYTES_MAX   (64u << 20)
#define BACKUP_ERROR_BYTES 512

struct json_writer;

enum backup_verdict {
	BACKUP_E_INVALID = 1, /* no such document; the error text says where and why */
	BACKUP_E_REGISTRY,    /* the registry refused; registry_error() says why */
};

/* The listen list of a document that was read; owned. */
struct backup_list {
	char **entries; /* each owned */
	size_t n_entries;
};

/* backup_list_fini() - free it; accepts a zeroed one */
void backup_list_fini(struct backup_list *list);

/*
 * backup_write() - the members of the document, from the registry
 *
 * Return: 0; BACKUP_E_REGISTRY; -ENOMEM.
 */
int backup_write(struct registry *registry, struct json_writer *writer) must_check_;

/*
 * backup_read() - let @tx replace list, reservations and parameters by those of @text
 * @ret_list: the listen list in it (backup_list_fini), also to be freed on failure
 * @ret_error: BACKUP_ERROR_BYTES; filled on BACKUP_E_INVALID
 *
 * Everything is checked; what the registry holds beside these three is left alone.
 *
 * Return: 0; BACKUP_E_INVALID; BACKUP_E_REGISTRY; -ENOMEM.
 */
int backup_read(struct registry_tx *tx, struct slice text, struct backup_list *ret_list,
		char ret_error[BACKUP_ERROR_BYTES]) must_check_;
