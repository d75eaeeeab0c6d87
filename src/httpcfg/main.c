/* SPDX-License-Identifier: MIT */

/*
 * httpcfg, the configuration and diagnosis tool of the listener.  It speaks three dialects:
 * httpcfg.exe's (exe*.c), netsh http's (netsh*.c) and its own (a file per verb); verb.c has the
 * table.  It uses the public library only.
 */

#include <stdio.h>

#include "httpcfg/verb.h"

#define EXIT_STATUS_MASK 0xff /* what the kernel keeps of an exit status */

int main(int argc, char **argv)
{
	if (argc < 1) {
		return 1;
	}

	int code = verb_run(argc, argv, stdout, stderr);
	if (fclose(stdout) != 0 && code == 0) {
		perror("httpcfg: writing the output");
		code = 1;
	}

	/* The low byte of a Win32 code stands for it; it must not look like success. */
	int status = code & EXIT_STATUS_MASK;

	return code != 0 && status == 0 ? 1 : status;
}
