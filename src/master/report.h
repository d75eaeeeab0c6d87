#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What a change does to endpoints and claims: a note of how things stood before,
 * compared with a plan.  The plan is the real one after the change, or a dry
 * run's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/ipaddr.h"
#include "master/listenlist.h"
#include "master/plan.h"
#include "wire/message.h"

struct endpointset;
struct json_writer;

struct report_claim {
	uint64_t id;
	enum wire_state state;
};

struct report {
	struct ip_endpoint *listening; /* owned */
	size_t n_listening;
	struct ip_endpoint *failed; /* owned */
	size_t n_failed;
	struct report_claim *claims; /* owned */
	size_t n_claims;
};

/* report_init() - note how things stand now.  Return: 0 (report_fini); -ENOMEM */
int report_init(struct report *report, const struct endpointset *set) must_check_;

/* report_fini() - free it; accepts a zeroed one */
void report_fini(struct report *report);

/* Who reads the document. */
struct report_reader {
	uid_t uid;
	bool is_admin; /* may see everybody's command lines */
};

/*
 * report_write() - write the members "opened", "closed", "failed" and "claims" of an open object
 * @plan: how things stand afterwards
 * @list: the list that @plan was made under
 *
 * Return: 0; -errno.
 */
int report_write(const struct report *report, const struct endpointset *set,
		 const struct plan *plan, const struct listenlist *list,
		 const struct report_reader *reader, struct json_writer *writer) must_check_;

/*
 * report_describe_failures() - append one sentence for each endpoint that fails now and did not
 *
 * Return: how many there are.
 */
size_t report_describe_failures(const struct report *report, const struct plan *plan,
				const struct listenlist *list, char *text, size_t size);
