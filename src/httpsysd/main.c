/* SPDX-License-Identifier: MIT */

/*
 * httpsysd: one program, three roles.  Without a role it is the master; the
 * master executes it again as the engine; the administrative library executes it
 * as the offline role when no master runs.
 */

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "base/diag.h"
#include "engine/engine.h"
#include "master/master.h"

#define MAIN_OFFLINE_FD 3

enum main_role {
	MAIN_ROLE_MASTER = 0,
	MAIN_ROLE_ENGINE,
	MAIN_ROLE_OFFLINE,
	MAIN_ROLE_HELP,
	MAIN_ROLE_VERSION,
	MAIN_ROLE_USAGE, /* the command line is wrong */
};

/* The options; @text NULL: for the program itself, not for people. */
static const struct main_option {
	struct option option;
	enum main_role role; /* of an option without argument */
	const char *argument;
	const char *text;
} main_options[] = {
	{{"home", required_argument, NULL, 'd'},
	 MAIN_ROLE_MASTER,
	 "DIR",
	 "keep registry, sockets and logs below DIR (default: HTTPSYS_HOME, or the system's "
	 "places)"},
	{{"user", required_argument, NULL, 'u'},
	 MAIN_ROLE_MASTER,
	 "NAME",
	 "run the engine as NAME when started by root (default: " MASTER_USER_DEFAULT ")"},
	{{"help", no_argument, NULL, 'h'}, MAIN_ROLE_HELP, "", "print this and exit"},
	{{"version", no_argument, NULL, 'v'}, MAIN_ROLE_VERSION, "", "print the version and exit"},
	{{"engine", no_argument, NULL, 'e'}, MAIN_ROLE_ENGINE, "", NULL},
	{{"offline", no_argument, NULL, 'o'}, MAIN_ROLE_OFFLINE, "", NULL},
};

static void main_print_usage(FILE *stream)
{
	/* What cannot be written to the terminal has no other place to be told. */
	(void)fputs("usage: httpsysd [--home DIR] [--user NAME]\n", stream);
	for (size_t i = 0; i < array_len(main_options); i++) {
		if (main_options[i].text != NULL) {
			(void)fprintf(stream, "  --%-8s %-5s %s\n", main_options[i].option.name,
				      main_options[i].argument, main_options[i].text);
		}
	}
}

static const struct main_option *main_find_option(int value)
{
	for (size_t i = 0; i < array_len(main_options); i++) {
		if (main_options[i].option.val == value) {
			return &main_options[i];
		}
	}

	return NULL;
}

static enum main_role main_parse(int argc, char **argv, struct master_options *options)
{
	struct option table[array_len(main_options) + 1] = {0};
	enum main_role role = MAIN_ROLE_MASTER;

	for (size_t i = 0; i < array_len(main_options); i++) {
		table[i] = main_options[i].option;
	}
	for (int value = getopt_long(argc, argv, "", table, NULL); value != -1;
	     value = getopt_long(argc, argv, "", table, NULL)) {
		const struct main_option *option = main_find_option(value);

		if (option == NULL) {
			return MAIN_ROLE_USAGE; /* getopt_long() has said which */
		}
		if (value == 'd') {
			options->home = optarg;
		} else if (value == 'u') {
			options->user = optarg;
		} else {
			role = option->role;
		}
	}
	if (optind < argc) {
		(void)fprintf(stderr, "httpsysd: unexpected argument: %s\n", argv[optind]);
		return MAIN_ROLE_USAGE;
	}

	return role;
}

int main(int argc, char **argv)
{
	struct master_options options = {0};

	switch (main_parse(argc, argv, &options)) {
	case MAIN_ROLE_ENGINE:
		diag_init("httpsysd[engine]");
		return engine_main();
	case MAIN_ROLE_OFFLINE:
		diag_init("httpsysd[offline]");
		return master_run_offline(&options, MAIN_OFFLINE_FD);
	case MAIN_ROLE_HELP:
		main_print_usage(stdout);
		return 0;
	case MAIN_ROLE_VERSION:
		(void)puts("httpsysd " HTTPSYS_VERSION);
		return 0;
	case MAIN_ROLE_USAGE:
		main_print_usage(stderr);
		return MASTER_EXIT_USAGE;
	default:
		diag_init("httpsysd");
		return master_run(&options);
	}
}
