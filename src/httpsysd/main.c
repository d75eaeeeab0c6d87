/* SPDX-License-Identifier: MIT */

/* httpsysd: chooses the role of the process; the roles are in src/master and src/engine. */

#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--engine") == 0) {
		return engine_main();
	}

	return EXIT_FAILURE;
}
