/* SPDX-License-Identifier: MIT */

/* The master's start, loop and end; see master.h. */

#include "master/master.h"

#include <assert.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/result.h"
#include "master/bind.h"
#include "master/notify.h"
#include "master/relay.h"
#include "wire/error.h"

#define MASTER_SOCKET_MODE 0666 /* rights are checked per call */

void master_fail(struct master *master, int r)
{
	assert(master != NULL && r < 0);

	if (master->exit_status == 0) {
		diag_error("fatal: %s", strerror(-r));
		master->exit_status = MASTER_EXIT_SYSTEM;
	}
	master->loop.is_stopping = true;
}

static void master_take_locals(struct master *master)
{
	master->endpoints.locals = (struct listen_locals){
		.addrs = master->netlink.addrs,
		.n_addrs = master->netlink.n_addrs,
	};
}

static void master_on_addresses(struct netlink *netlink)
{
	struct master *master = netlink->owner;

	master_take_locals(master);

	int r = master_adopt_list(master);
	if (r < 0) {
		master_fail(master, r);
	}
}

static void master_on_netlink_failure(struct netlink *netlink, int r)
{
	(void)netlink;

	/* The next message of the kernel tries again; until then the old addresses count. */
	diag_warning("the machine's addresses cannot be read: %s", strerror(-r));
}

/* ---- the end ---- */

static bool master_has_endpoints(const struct master *master)
{
	return !list_is_empty(&master->endpoints.endpoints);
}

/* Once nothing is accepted any more the engine may finish what it has. */
static int master_continue_stop(struct master *master)
{
	if (!master->is_stopping || master_has_endpoints(master) ||
	    timer_is_armed(&master->stop_limit)) {
		return 0;
	}
	if (!enginelink_is_up(&master->engine)) {
		master->loop.is_stopping = true;
		return 0;
	}
	timer_arm(&master->loop.timers, &master->stop_limit,
		  mono_add_ms(master->loop.now,
			      (int64_t)master_parameter(master, SCHEMA_SHUTDOWN_TIMEOUT) * 1000));

	return result_trace(relay_send_stop(master));
}

static void master_begin_stop(struct master *master)
{
	master->is_stopping = true;
	notify_send("STOPPING=1");
	admin_stop(&master->admin);
	timer_disarm(&master->loop.timers, &master->grace);
	enginelink_stop(&master->engine);
	endpointset_retire_all(&master->endpoints);

	int r = master_continue_stop(master);
	if (r < 0) {
		master_fail(master, r);
	}
}

static void master_on_stop_limit(struct timer *timer, struct mono_time now)
{
	struct master *master = container_of(timer, struct master, stop_limit);

	(void)now;

	diag_warning("the engine has not finished in time: what is in progress is cut off");
	enginelink_kill(&master->engine);
}

static void master_on_grace(struct timer *timer, struct mono_time now)
{
	struct master *master = container_of(timer, struct master, grace);
	int r = endpointset_drop_orphans(&master->endpoints);

	(void)now;
	if (r < 0) {
		master_fail(master, r);
	}
}

static void master_on_gone(struct loop_task *task)
{
	struct master *master = container_of(task, struct master, gone);
	int r = admin_check_all(&master->admin);

	if (r == 0) {
		r = master_continue_stop(master);
	}
	if (r < 0) {
		master_fail(master, r);
	}
}

static void master_on_signal(struct loop_source *source, uint32_t events)
{
	struct master *master = container_of(source, struct master, signals);
	struct signalfd_siginfo info;

	(void)events;

	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			events_reopen(&master->events);
		} else if (master->is_stopping) {
			/* Told twice: at once, with the engine, which sees its channel close. */
			master->loop.is_stopping = true;
		} else {
			master_begin_stop(master);
		}
	}
}

/* ---- the start ---- */

/* SIGPIPE shall be an error of the call; the rest arrives on the loop.  Return: 0; -errno */
static int master_watch_signals(struct master *master)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1 || signal(SIGPIPE, SIG_IGN) == SIG_ERR) {
		return result_origin(-errno);
	}

	master->signals = (struct loop_source){
		.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK),
		.on_event = master_on_signal,
	};
	if (master->signals.fd == -1) {
		return result_origin(-errno);
	}

	return result_trace(loop_add(&master->loop, &master->signals, EPOLLIN));
}

/* Return: 0; the exit status, said on stderr. */
static int master_find_user(struct master *master, const char *name)
{
	if (geteuid() != 0) {
		return 0;
	}
	name = name != NULL ? name : MASTER_USER_DEFAULT;

	const struct passwd *user = getpwnam(name);

	if (user == NULL) {
		diag_error("there is no user \"%s\" for the engine to run as.  Make it: "
			   "useradd --system --no-create-home --shell /usr/sbin/nologin %s",
			   name, name);
		return MASTER_EXIT_USER;
	}
	if (user->pw_uid == 0) {
		diag_error("the engine may not run as root: name another user with --user");
		return MASTER_EXIT_USER;
	}
	master->endpoints.socket_uid = user->pw_uid;
	(void)snprintf(master->engine_user, sizeof(master->engine_user), "%u:%u",
		       (unsigned)user->pw_uid, (unsigned)user->pw_gid); /* always fits */
	master->engine.user = master->engine_user;

	return 0;
}

static int master_open_registry(struct master *master)
{
	struct registry_error error;
	int r = registry_open(master->home.registry_path, REGISTRY_OPEN_CREATE, &master->registry,
			      &error);

	if (r != 0) {
		diag_error("%s", error.text[0] != '\0' ? error.text : strerror(-r));
		return MASTER_EXIT_FILE;
	}
	master->config = mem_new(sizeof(*master->config));
	if (master->config == NULL) {
		diag_error("out of memory");
		return MASTER_EXIT_SYSTEM;
	}
	r = config_init(master->config, master->registry, &master->events);
	if (r != 0) {
		diag_error("%s", r > 0 ? registry_error(master->registry) : strerror(-r));
		return r > 0 ? MASTER_EXIT_FILE : MASTER_EXIT_SYSTEM;
	}

	return 0;
}

/* Everything that both roles have.  Return: 0; the exit status, said on stderr. */
static int master_open(struct master *master, enum home_role role)
{
	if (home_make(&master->home) != 0 ||
	    home_lock(&master->home, role, HOME_LOCK_WAIT_MS, NULL) == HOME_E_FAILED) {
		diag_error("%s", master->home.error);
		return MASTER_EXIT_FILE;
	}
	if (master->home.lock_fd == -1) {
		diag_error("%s", master->home.error);
		return MASTER_EXIT_HELD;
	}
	events_init(&master->events, master->home.events_path);

	int r = master_open_registry(master);
	if (r != 0) {
		return r;
	}
	r = netlink_init(&master->netlink, &master->loop, master_on_addresses,
			 master_on_netlink_failure, master);
	if (r < 0) {
		diag_error("the machine's addresses cannot be read: %s", strerror(-r));
		return MASTER_EXIT_SYSTEM;
	}
	master_take_locals(master);
	master_use_options(master);
	master->endpoints.list = &master->config->list;
	master->endpoints.ours.master = getpid();

	return 0;
}

static int master_listen(struct master *master, const char *path, int *ret_fd)
{
	int r = channel_listen(path, MASTER_SOCKET_MODE, ret_fd);

	if (r < 0) {
		diag_error("cannot listen on %s: %s", path, strerror(-r));
		return MASTER_EXIT_FILE;
	}

	return 0;
}

/* The sockets, then the engine; it is ready when relay.c says so. */
static int master_start(struct master *master)
{
	int admin_fd;
	int r = master_listen(master, master->home.app_path, &master->app_fd);

	if (r == 0) {
		r = master_listen(master, master->home.admin_path, &admin_fd);
	}
	if (r != 0) {
		return r;
	}
	r = admin_listen(&master->admin, admin_fd);
	if (r == 0) {
		r = master_watch_signals(master);
	}
	if (r == 0) {
		master->engine.app_fd = master->app_fd;
		master->engine.lock_fd = master->home.lock_fd;
		r = enginelink_start(&master->engine);
	}
	if (r < 0) {
		diag_error("cannot start: %s", strerror(-r));
		return MASTER_EXIT_SYSTEM;
	}

	return 0;
}

/* Return: 0 (to be given to master_fini() in every case); the exit status, said on stderr. */
static int master_init(struct master *master, const struct master_options *options)
{
	*master = (struct master){
		.signals.fd = -1,
		.app_fd = -1,
		.home.lock_fd = -1,
		.events.fd = -1,
		.since = clock_wall(),
	};

	int r = loop_init(&master->loop);
	if (r < 0) {
		diag_error("cannot start: %s", strerror(-r));
		return MASTER_EXIT_SYSTEM;
	}
	loop_task_init(&master->gone, master_on_gone);
	timer_init(&master->grace, master_on_grace);
	timer_init(&master->stop_limit, master_on_stop_limit);
	relay_init_sink(master, &master->endpoints_sink);
	endpointset_init(&master->endpoints, &master->loop, &master->endpoints_sink);
	enginelink_init(&master->engine, &master->loop, relay_engine_events(), master);
	admin_init(&master->admin, master);
	if (home_init(&master->home, options->home) != 0) {
		diag_error("%s", master->home.error);
		return MASTER_EXIT_FILE;
	}

	return 0;
}

static void master_fini(struct master *master)
{
	admin_fini(&master->admin);
	enginelink_fini(&master->engine);
	endpointset_fini(&master->endpoints);
	netlink_fini(&master->netlink);
	master->config = master_config_free(master->config);
	master->registry = registry_close(master->registry);
	if (master->signals.fd != -1) {
		master->signals.fd = fd_close(master->signals.fd);
	}
	if (master->app_fd != -1) {
		/* The names go with the service; what is left of a crash is replaced at the start.
		 */
		(void)unlink(master->home.app_path);
		(void)unlink(master->home.admin_path);
		master->app_fd = fd_close(master->app_fd);
	}
	events_fini(&master->events);
	loop_fini(&master->loop);
	home_fini(&master->home);
}

static void master_loop(struct master *master)
{
	int r = loop_run(&master->loop);

	if (r < 0) {
		master_fail(master, r);
	}
}

int master_run(const struct master_options *options)
{
	assert(options != NULL);

	struct master *master = mem_new(sizeof(*master));

	if (master == NULL) {
		return MASTER_EXIT_SYSTEM;
	}
	/* Directories and sockets are for everybody to pass through; their own modes limit. */
	(void)umask(022);

	int status = master_init(master, options);

	if (status == 0) {
		status = master_find_user(master, options->user);
	}
	if (status == 0) {
		status = master_open(master, HOME_ROLE_DAEMON);
	}
	if (status == 0) {
		status = master_start(master);
	}
	if (status == 0) {
		master_loop(master);
		status = master->exit_status;
	}
	master_fini(master);
	mem_free(master);

	return status;
}

/* Tell the tool why the registry cannot be worked on: its first message gets the answer. */
static void master_refuse_offline(int fd, int status, const char *why)
{
	struct channel channel;
	struct message hello;
	struct message reply;

	if (channel_init(&channel, fd, MESSAGE_SENDER_ADMIN) < 0) {
		return;
	}
	message_init(&reply, MESSAGE_ADMIN_REPLY, 0);
	if (channel_wait(&channel, HOME_LOCK_WAIT_MS) == 0 &&
	    channel_receive(&channel, &hello) == 0) {
		reply.serial = hello.serial;
		message_fini(&hello);
	}
	message_set_signed(&reply, FIELD_CODE,
			   status == MASTER_EXIT_HELD ? WIRE_ERROR_NO_DAEMON : WIRE_ERROR_DENIED);
	message_set_text(&reply, FIELD_TEXT, slice_from_str(why));
	if (channel_send(&channel, &reply) != 0) {
		diag_debug("the tool has gone");
	}
	channel_fini(&channel);
}

int master_run_offline(const struct master_options *options, int fd)
{
	assert(options != NULL && fd >= 0);

	struct master *master = mem_new(sizeof(*master));

	if (master == NULL) {
		return MASTER_EXIT_SYSTEM;
	}

	/* The tool reports; what is noted here is in the event log. */
	if (diag_level_max == DIAG_LEVEL_INFO) {
		diag_level_max = DIAG_LEVEL_WARNING;
	}

	int status = master_init(master, options);

	master->is_offline = true;
	if (status == 0) {
		status = master_open(master, HOME_ROLE_OFFLINE);
	}
	if (status != 0) {
		master_refuse_offline(fd, status, master->home.error);
	} else if (admin_serve(&master->admin, fd, true) < 0) {
		status = MASTER_EXIT_SYSTEM;
	} else {
		master_loop(master);
		status = master->exit_status;
	}
	master_fini(master);
	mem_free(master);

	return status;
}
