/* SPDX-License-Identifier: MIT */

/* The engine process from its first to its last step; see engine.h. */

#include "engine/engine.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/rcu.h"
#include "base/result.h"
#include "engine/control.h"
#include "engine/params.h"
#include "engine/sandbox.h"
#include "engine/worker.h"

#define ENGINE_MASTER_FD 3
#define ENGINE_APP_FD    4
#define ENGINE_FDS_SPARE 128 /* descriptors kept for everything but connections */

bool engine_connection_begin(struct engine *engine)
{
	uint32_t max = __atomic_load_n(&engine->connections_max, __ATOMIC_RELAXED);

	if (__atomic_add_fetch(&engine->n_connections, 1, __ATOMIC_RELAXED) > max) {
		__atomic_sub_fetch(&engine->n_connections, 1, __ATOMIC_RELAXED);

		return false;
	}

	return true;
}

void engine_connection_end(struct engine *engine)
{
	__atomic_sub_fetch(&engine->n_connections, 1, __ATOMIC_RELAXED);
}

void engine_set_connections_max(struct engine *engine, uint64_t wanted)
{
	struct rlimit limit;
	uint64_t max = 1024;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		max = limit.rlim_cur > 2 * ENGINE_FDS_SPARE ? limit.rlim_cur - ENGINE_FDS_SPARE
							    : ENGINE_FDS_SPARE;
	}
	if (wanted > 0 && wanted < max) {
		max = wanted;
	}
	max = max < UINT32_MAX ? max : UINT32_MAX;
	__atomic_store_n(&engine->connections_max, (uint32_t)max, __ATOMIC_RELAXED);
}

/* One worker per core that this process may use, unless a number was given. */
static unsigned engine_count_workers(uint64_t wanted)
{
	cpu_set_t cpus;
	unsigned n = (unsigned)wanted;

	if (wanted == 0) {
		n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
	}

	return n < ENGINE_WORKERS_MAX ? n : ENGINE_WORKERS_MAX;
}

static void engine_raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		/* Fewer connections then; MaxConnections follows what there is. */
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int engine_start_workers(struct engine *engine, unsigned n)
{
	engine->workers = mem_new_array(n, sizeof(struct worker));
	if (engine->workers == NULL) {
		return result_origin(-ENOMEM);
	}

	for (unsigned i = 0; i < n; i++) {
		int r = worker_start(&engine->workers[i], engine, i);

		if (r < 0) {
			return result_trace(r);
		}
		engine->n_workers++;
	}

	return 0;
}

static void engine_end_workers(struct engine *engine)
{
	for (unsigned i = 0; i < engine->n_workers; i++) {
		worker_post_end(&engine->workers[i]);
	}
	/* Joined while this thread holds no RCU object: the workers may be waiting for us. */
	rcu_pause();
	for (unsigned i = 0; i < engine->n_workers; i++) {
		worker_join(&engine->workers[i]);
	}
	rcu_resume();
}

static int engine_serve(struct engine *engine, struct control *control)
{
	int r = control_wait_for_start(control);
	if (r < 0) {
		return result_trace(r);
	}
	r = sandbox_enter();
	if (r < 0) {
		diag_error("can't enter the sandbox: %s", strerror(-r));

		return result_trace(r);
	}
	r = engine_start_workers(engine, engine_count_workers(control->params.n_threads));
	if (r == 0) {
		r = control_start(control);
	}
	if (r == 0) {
		r = control_run(control);
	}
	engine_end_workers(engine);

	return result_trace(r);
}

int engine_main(void)
{
	static struct engine engine;
	static struct control control;

	diag_init("httpsysd[engine]");
	(void)prctl(PR_SET_NAME, "httpsysd"); /* started as /proc/self/exe: for ps and whohas */
	(void)signal(SIGPIPE, SIG_IGN);
	engine_raise_limits();

	int r = sandbox_drop_privileges();
	if (r < 0) {
		diag_error("can't give up root: %s", strerror(-r));

		return EXIT_FAILURE;
	}
	rcu_thread_enter();
	r = route_table_init(&engine.routes);
	if (r == 0) {
		r = control_init(&control, &engine, ENGINE_MASTER_FD, ENGINE_APP_FD);
	}
	if (r == 0) {
		r = engine_serve(&engine, &control);
	}
	if (r < 0 && r != -EPIPE) {
		diag_error("the engine ends: %s", strerror(-r));
	}

	/* Memory of this process ends with it; what matters is that nothing was half done. */
	return r < 0 && r != -EPIPE ? EXIT_FAILURE : EXIT_SUCCESS;
}
