#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * What becomes of the exchanges of a receiver that has gone: requests that it had not taken go back
 * to their queue as bytes; of the others those without an answer yet fail with 502, those in the
 * middle of one are reset.
 */

struct lane;

/* abandon_exchanges() - take all exchanges of a detached lane apart */
void abandon_exchanges(struct lane *lane);
