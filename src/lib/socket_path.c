/* SPDX-License-Identifier: MIT */

/*
 * Paths; see socket_path.h.  The environment of a program with raised privileges is not believed.
 */

#include "lib/socket_path.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"

#define SOCKET_PATH_RUN    "/run/httpsys"
#define SOCKET_PATH_DAEMON "/usr/sbin/httpsysd"

const char *socket_path_home(const char *home)
{
	if (home == NULL) {
		home = secure_getenv("HTTPSYS_HOME");
	}

	return home != NULL && home[0] != '\0' ? home : NULL;
}

/* socket_path_join() - "A" "B" "C" in one owned string; NULL = out of memory */
static char *socket_path_join(struct slice a, const char *b, const char *c)
{
	cleanup_(buf_fini) struct buf buf = {0};

	if (buf_append(&buf, a) != 0 || buf_append_str(&buf, b) != 0 ||
	    buf_append_str(&buf, c) != 0) {
		return NULL;
	}

	return buf_take_str(&buf);
}

char *socket_path_new(const char *home, const char *name)
{
	assert(name != NULL);

	home = socket_path_home(home);
	if (home == NULL) {
		return socket_path_join(SLICE(SOCKET_PATH_RUN), "/", name);
	}

	return socket_path_join(slice_from_str(home), "/run/", name);
}

char *socket_path_daemon_new(void)
{
	const char *program = secure_getenv("HTTPSYS_DAEMON");

	if (program != NULL && program[0] != '\0') {
		return mem_dup(program, strlen(program));
	}

	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self));
	struct slice dir = slice_from(self, len > 0 ? (size_t)len : 0);

	/* Beside this program (the build's directory, /usr/sbin), then one directory above it. */
	for (int i = 0; i < 2; i++) {
		while (dir.len > 0 && dir.data[dir.len - 1] != '/') {
			dir.len--;
		}
		if (dir.len == 0) {
			break;
		}

		char *path = socket_path_join(dir, "httpsysd", "");
		if (path == NULL || access(path, X_OK) == 0) {
			return path;
		}
		mem_free(path);
		dir.len--;
	}

	return mem_dup(SOCKET_PATH_DAEMON, sizeof(SOCKET_PATH_DAEMON) - 1);
}

const char *socket_path_program(void)
{
	const char *name = program_invocation_short_name;

	return name != NULL && utf8_is_valid(slice_from_str(name)) ? name : "program";
}
