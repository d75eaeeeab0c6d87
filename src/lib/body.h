#pragma once
/* SPDX-License-Identifier: MIT */

/* The body of a request: blocks of the engine, read in place and handed back. */

struct httpsys_request;

/* body_discard() - hand back all blocks of @request, which is being ended */
void body_discard(struct httpsys_request *request);
