#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Changes of the IP listen list, for every dialect.  A change is made twice: first as a dry run, to
 * say which prefixes gain or lose reachability, then in earnest.  What is said goes to ctx->err.
 */

#include <stdbool.h>

#include "httpcfg/context.h"
#include "httpcfg/reply.h"

/*
 * listen_change() - add @entry to the list or take it off, saying what comes of it
 * @is_add: add; otherwise delete
 * @entry: not NULL; checked by the listener
 * @ret_reply: zeroed; what the change came to, and with --dry-run what the dry run said
 */
void listen_change(struct context *ctx, bool is_add, const char *entry, struct reply *ret_reply);

/*
 * listen_change_print_forecast() - say on ctx->err which prefixes gain or lose reachability
 * @reply: of a dry run of any change that may touch the list
 */
void listen_change_print_forecast(const struct context *ctx, const struct reply *reply);
