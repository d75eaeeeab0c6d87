#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * The application's entries and what they do to its exchanges: heads, bodies, files, trailers,
 * ends. Framing is written by us alone; whatever the application says is copied and checked first.
 */

struct lane;
struct ring_entry;

/* reply_on_entry() - handle one (copied) entry of the response ring */
void reply_on_entry(struct lane *lane, const struct ring_entry *entry);
