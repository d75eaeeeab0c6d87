/* SPDX-License-Identifier: MIT */

/*
 * The sandbox; see sandbox.h.  What the engine needs was opened before or comes as a descriptor, so
 * the list of system calls has none that names a file.  Calls that are not in the list fail with
 * EPERM; those that only an intruder makes end the process.
 */

#include "engine/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/result.h"
#include "base/slice.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
#define SANDBOX_IS_SANITIZED 1
#endif
#endif

static const int sandbox_calls[] = {
	/* sockets and files that are open */
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(readv),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendfile),
	SCMP_SYS(accept4),
	SCMP_SYS(shutdown),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstatfs),
	SCMP_SYS(lseek),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	/* events */
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(socketpair),
	/* memory */
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
	/* threads, time, the end */
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(membarrier),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(tgkill),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(getrandom),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrlimit),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
#ifdef SANDBOX_IS_SANITIZED
	/* what the sanitizers' runtimes do to watch us and to report */
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(stat),
	SCMP_SYS(prctl),
	SCMP_SYS(ptrace),
	SCMP_SYS(wait4),
	SCMP_SYS(getppid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(personality),
	SCMP_SYS(ioctl),
	SCMP_SYS(getdents64),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(kill),
	SCMP_SYS(dup2),
#endif
};

/* Nothing of ours ever calls these: whoever does has taken the process over. */
static const int sandbox_deadly_calls[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(bpf),
	SCMP_SYS(init_module),
	SCMP_SYS(mount),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(keyctl),
#ifndef SANDBOX_IS_SANITIZED
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
#endif
};

static int sandbox_filter(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < array_len(sandbox_calls); i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, sandbox_calls[i], 0);
	}
	for (size_t i = 0; r == 0 && i < array_len(sandbox_deadly_calls); i++) {
		r = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, sandbox_deadly_calls[i], 0);
	}
	if (r == 0) {
		r = seccomp_load(filter);
	}
	seccomp_release(filter);

	return result_origin(r);
}

/* Rules for everything that landlock knows, and not one exception: no path can be opened. */
static int sandbox_landlock(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (fd == -1) {
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : result_origin(-errno);
	}

	long r = syscall(SYS_landlock_restrict_self, fd, 0);
	int error = errno;
	(void)close(fd);

	return r == -1 ? result_origin(-error) : 0;
}

bool sandbox_is_private(void)
{
	return getenv("HTTPSYS_ENGINE_USER") == NULL;
}

int sandbox_drop_privileges(void)
{
	struct slice rest = slice_from_str(getenv("HTTPSYS_ENGINE_USER"));
	uint64_t uid;
	uint64_t gid;

	if (geteuid() != 0 && rest.data == NULL) {
		return 0; /* an unprivileged instance stays what it is */
	}

	struct slice user = slice_cut(&rest, ':');
	if (!slice_parse_u64(user, UINT32_MAX - 1, &uid) ||
	    !slice_parse_u64(rest, UINT32_MAX - 1, &gid) || uid == 0 || gid == 0) {
		return result_origin(-EINVAL);
	}
	if (setgroups(0, NULL) == -1 || setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) == -1 ||
	    setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) == -1) {
		return result_origin(-errno);
	}

	return 0;
}

int sandbox_enter(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1) {
		return result_origin(-errno);
	}
#ifndef SANDBOX_IS_SANITIZED
	int r = sandbox_landlock();
	if (r < 0) {
		return result_trace(r);
	}
#else
	(void)sandbox_landlock; /* a sanitizer's report opens /proc/self/maps */
#endif

	return result_trace(sandbox_filter());
}
