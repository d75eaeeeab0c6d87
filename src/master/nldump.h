#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * One question to the kernel over netlink and all of its answer, read before
 * the call returns.  The kernel produces a dump while it is being read, so this
 * does not wait for anybody.
 */

#include <libmnl/libmnl.h>

#include "base/compiler.h"

/*
 * nldump_run() - send a dump request and hand each answer to @on_answer
 * @bus: NETLINK_ROUTE, NETLINK_SOCK_DIAG ...
 * @request: with NLM_F_REQUEST | NLM_F_DUMP; sequence number and port are set here
 * @on_answer: as for mnl_cb_run(); MNL_CB_ERROR with errno set ends the dump
 *
 * A dump that changes under way (NLM_F_DUMP_INTR) is told to be repeated: the callback's collection
 * has to start anew then.
 *
 * Return: 0; -EINTR (the answer is not consistent: start anew); -errno.
 */
int nldump_run(int bus, struct nlmsghdr *request, mnl_cb_t on_answer, void *data) must_check_;
