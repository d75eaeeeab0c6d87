#pragma once
/* SPDX-License-Identifier: MIT */

/* Our own verbs, one file each: what each does is in its file.  All return the exit code. */

struct context;

/* status_run() - what runs, listens and is served (status.c) */
int status_run(struct context *ctx, int argc, char **argv);

/* explain_run() - who answers a URL, and why (explain.c) */
int explain_run(struct context *ctx, int argc, char **argv);

/* whohas_run() - who holds a port (whohas.c) */
int whohas_run(struct context *ctx, int argc, char **argv);

/* history_run() - what was changed, when, by whom (history.c) */
int history_run(struct context *ctx, int argc, char **argv);

/* rollback_run() - make everything as it was (rollback.c) */
int rollback_run(struct context *ctx, int argc, char **argv);

/* dump_run() - print the commands that rebuild the configuration (dump.c) */
int dump_run(struct context *ctx, int argc, char **argv);

/* restore_run() - replace the configuration by what dump printed (restore.c) */
int restore_run(struct context *ctx, int argc, char **argv);

/* parameter_run() - show and set the listener's parameters (parameter.c) */
int parameter_run(struct context *ctx, int argc, char **argv);

/* help_run() - how verbs are written (help.c) */
int help_run(struct context *ctx, int argc, char **argv);
