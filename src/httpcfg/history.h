#pragma once
/* SPDX-License-Identifier: MIT */

/* What one revision changed, for two spellings of the question. */

struct context;

/*
 * history_show_revision() - print revision @number: who, when, why, and each value before and after
 * @number: text, checked here
 *
 * A context without connection is connected first.
 *
 * Return: the exit code.
 */
int history_show_revision(struct context *ctx, const char *number);
