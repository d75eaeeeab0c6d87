/* SPDX-License-Identifier: MIT */

/* Directories and the lock; see home.h. */

#include "master/home.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/slice.h"
#include "master/text.h"

#define HOME_DEFAULT_DATA "/var/lib/httpsys"
#define HOME_DEFAULT_RUN  "/run/httpsys"
#define HOME_DEFAULT_LOG  "/var/log/httpsys"
#define HOME_DIR_MODE     0755
#define HOME_LOCK_MODE    0644
#define HOME_LOCK_STEP_MS 50

static const char *const home_role_names[] = {
	[HOME_ROLE_DAEMON] = "daemon",
	[HOME_ROLE_OFFLINE] = "offline",
};

static int home_fail(struct home *home, const char *what, const char *path, int error)
{
	text_setf(home->error, sizeof(home->error), "%s %s: %s", what, path, strerror(error));

	return HOME_E_FAILED;
}

/* "@dir/@name" into @ret_path.  Return: false = too long */
static bool home_join(char *ret_path, const char *dir, const char *name)
{
	int n = snprintf(ret_path, HOME_PATH_BYTES, "%s%s%s", dir, name[0] != '\0' ? "/" : "",
			 name);

	return n > 0 && n < HOME_PATH_BYTES;
}

/* The system's places, or everything below @dir; then the files in them.  Return: do all fit? */
static bool home_fill(struct home *home, const char *dir)
{
	const struct {
		char *path;
		const char *dir;
		const char *name;
	} rows[] = {
		{home->data_dir, home->is_default ? HOME_DEFAULT_DATA : dir, ""},
		{home->run_dir, home->is_default ? HOME_DEFAULT_RUN : dir,
		 home->is_default ? "" : "run"},
		{home->log_dir, home->is_default ? HOME_DEFAULT_LOG : dir,
		 home->is_default ? "" : "log"},
		{home->registry_path, home->data_dir, "registry.db"},
		{home->lock_path, home->data_dir, "lock"},
		{home->app_path, home->run_dir, "app.sock"},
		{home->admin_path, home->run_dir, "admin.sock"},
		{home->events_path, home->log_dir, "events.log"},
	};
	bool fits = true;

	for (size_t i = 0; i < array_len(rows); i++) {
		fits = fits && home_join(rows[i].path, rows[i].dir, rows[i].name);
	}

	return fits;
}

int home_init(struct home *home, const char *dir)
{
	assert(home != NULL);

	*home = (struct home){.lock_fd = -1};
	if (dir == NULL || dir[0] == '\0') {
		dir = getenv("HTTPSYS_HOME");
	}
	home->is_default = dir == NULL || dir[0] == '\0';
	if (!home_fill(home, dir)) {
		return home_fail(home, "the home's path is too long:",
				 home->is_default ? HOME_DEFAULT_DATA : dir, ENAMETOOLONG);
	}

	return 0;
}

void home_fini(struct home *home)
{
	assert(home != NULL);

	home->lock_fd = fd_close(home->lock_fd);
}

int home_make(struct home *home)
{
	assert(home != NULL);

	const char *const dirs[] = {home->data_dir, home->run_dir, home->log_dir};

	for (size_t i = 0; i < array_len(dirs); i++) {
		struct stat status;

		if (mkdir(dirs[i], HOME_DIR_MODE) == -1 && errno != EEXIST) {
			return home_fail(home, "cannot make the directory", dirs[i], errno);
		}
		if (stat(dirs[i], &status) == -1 || !S_ISDIR(status.st_mode)) {
			return home_fail(home, "not a directory:", dirs[i], ENOTDIR);
		}
	}

	return 0;
}

/* The lock file's text is "daemon 812": what holds the lock, for people and for the offline role.
 */
static void home_describe_holder(struct home *home, enum home_role *ret_holder)
{
	char text[64];
	ssize_t n = pread(home->lock_fd, text, sizeof(text), 0);
	struct slice rest = slice_trim(slice_from(text, n > 0 ? (size_t)n : 0));
	struct slice role = slice_cut(&rest, ' ');
	struct slice pid = slice_cut(&rest, '\n');
	bool is_offline = slice_is_equal(role, SLICE("offline"));

	if (ret_holder != NULL) {
		*ret_holder = is_offline ? HOME_ROLE_OFFLINE : HOME_ROLE_DAEMON;
	}
	text_setf(
		home->error, sizeof(home->error),
		"%s is held by %s (pid %.*s): it runs already, or an engine that it left is ending",
		home->lock_path, is_offline ? "a tool that works offline" : "httpsysd",
		pid.len > 0 ? (int)pid.len : 1, pid.len > 0 ? pid.data : "?");
}

static int home_write_holder(struct home *home, enum home_role role)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%s %d\n", home_role_names[role], (int)getpid());

	if (ftruncate(home->lock_fd, 0) == -1 || pwrite(home->lock_fd, text, (size_t)n, 0) != n) {
		return home_fail(home, "cannot write", home->lock_path, errno);
	}

	return 0;
}

int home_lock(struct home *home, enum home_role role, int wait_ms, enum home_role *ret_holder)
{
	assert(home != NULL && home->lock_fd == -1 && wait_ms >= 0);

	struct mono_time deadline = mono_add_ms(clock_mono(), wait_ms);
	int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

	home->lock_fd = open(home->lock_path, flags, HOME_LOCK_MODE);
	if (home->lock_fd == -1) {
		return home_fail(home, "cannot open", home->lock_path, errno);
	}
	while (flock(home->lock_fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			int error = errno;

			home->lock_fd = fd_close(home->lock_fd);
			return home_fail(home, "cannot lock", home->lock_path, error);
		}
		if (clock_mono().ns >= deadline.ns) {
			home_describe_holder(home, ret_holder);
			home->lock_fd = fd_close(home->lock_fd);
			return HOME_E_HELD;
		}
		/* There is no time-out for flock(2), and nothing else to do before the start. */
		(void)poll(NULL, 0, HOME_LOCK_STEP_MS);
	}

	return home_write_holder(home, role);
}
