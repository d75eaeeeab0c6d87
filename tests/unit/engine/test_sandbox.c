/* SPDX-License-Identifier: MIT */

/*
 * The sandbox from inside: a child enters it and tries what an intruder would.  Each attempt is a
 * child of its own, so that one which kills is no end of the others.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/slice.h"
#include "engine/sandbox.h"

#define EXIT_DONE    10 /* the attempt was successful */
#define EXIT_REFUSED 11 /* EPERM or EACCES */
#define EXIT_ERROR   12 /* another error: it says nothing about the sandbox */
#define EXIT_BROKEN  13 /* the sandbox could not be entered */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

struct attempt {
	const char *name;
	long (*run)(void);     /* below 0 and errno: it failed */
	bool is_deadly;        /* ends the process */
	bool is_for_sanitizer; /* a sanitizer's runtime needs the call: not refused in such a build
				*/
};

static int open_before = -1; /* a socket from before the sandbox */

static long open_shadow(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC);
}

static long open_own_binary(void)
{
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static long create_file(void)
{
	return open("/tmp/httpsys-sandbox-test", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static long open_by_openat2(void)
{
	uint64_t how[3] = {O_RDONLY | O_CLOEXEC, 0, 0};

	return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}

static long remove_file(void)
{
	return unlink("/tmp/httpsys-sandbox-test");
}

static long change_rights(void)
{
	return chmod("/etc/passwd", 0666);
}

static long make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long make_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static long make_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static long bind_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	return bind(open_before, (struct sockaddr *)&address, sizeof(address));
}

static long listen_socket(void)
{
	return listen(open_before, 1);
}

static long connect_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(80),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return connect(open_before, (struct sockaddr *)&address, sizeof(address));
}

static long make_user_root(void)
{
	/* Not the function: it asks all threads, and a sanitizer's own thread would end of it. */
	return syscall(SYS_setresuid, 0, 0, 0);
}

static long trace_parent(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long read_parent(void)
{
	char here[8];
	struct iovec local = {here, sizeof(here)};
	struct iovec remote = {here, sizeof(here)};

	return process_vm_readv(getppid(), &local, 1, &remote, 1, 0);
}

static long signal_parent(void)
{
	return kill(getppid(), 0);
}

static long execute(void)
{
	char *const words[] = {"/bin/true", NULL};

	return execve(words[0], words, NULL);
}

static long leave_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long mount_something(void)
{
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static long load_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long use_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long use_userfaultfd(void)
{
	return syscall(SYS_userfaultfd, 0);
}

static const struct attempt attempts[] = {
	{.name = "open /etc/shadow", .run = open_shadow, .is_for_sanitizer = true},
	{.name = "open its own program", .run = open_own_binary, .is_for_sanitizer = true},
	{.name = "create a file", .run = create_file, .is_for_sanitizer = true},
	{.name = "openat2", .run = open_by_openat2},
	{.name = "unlink", .run = remove_file},
	{.name = "chmod", .run = change_rights},
	{.name = "a TCP socket", .run = make_socket},
	{.name = "a Unix socket", .run = make_unix_socket},
	{.name = "a netlink socket", .run = make_netlink_socket},
	{.name = "bind", .run = bind_socket},
	{.name = "listen", .run = listen_socket},
	{.name = "connect", .run = connect_socket},
	{.name = "become root", .run = make_user_root},
	{.name = "kill the parent", .run = signal_parent, .is_for_sanitizer = true},
	{.name = "io_uring", .run = use_io_uring},
	{.name = "userfaultfd", .run = use_userfaultfd},
	{.name = "ptrace", .run = trace_parent, .is_deadly = true, .is_for_sanitizer = true},
	{.name = "process_vm_readv",
	 .run = read_parent,
	 .is_deadly = true,
	 .is_for_sanitizer = true},
	{.name = "execve", .run = execute, .is_deadly = true},
	{.name = "unshare", .run = leave_namespace, .is_deadly = true},
	{.name = "mount", .run = mount_something, .is_deadly = true},
	{.name = "bpf", .run = load_bpf, .is_deadly = true},
};

/* Run @attempt in the sandbox of a child.  Return: as waitpid(2) says it ended. */
static int run_in_sandbox(long (*attempt)(void))
{
	pid_t child = fork();

	assert_return_code(child, errno);
	if (child == 0) {
		/* The answer is the exit status: nothing is printed by a process that is killed. */
		(void)prctl(PR_SET_DUMPABLE, 0);
		open_before = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sandbox_enter() != 0) {
			_exit(EXIT_BROKEN);
		}

		if (attempt() >= 0) {
			_exit(EXIT_DONE);
		}
		_exit(errno == EPERM || errno == EACCES ? EXIT_REFUSED : EXIT_ERROR);
	}

	int status;
	assert_int_equal(waitpid(child, &status, 0), child);

	return status;
}

static void what_an_intruder_would_do_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_len(attempts); i++) {
		const struct attempt *attempt = &attempts[i];

		if (IS_SANITIZED && attempt->is_for_sanitizer) {
			continue;
		}

		int status = run_in_sandbox(attempt->run);
		bool is_as_wanted =
			attempt->is_deadly
				? WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS
				: WIFEXITED(status) && WEXITSTATUS(status) == EXIT_REFUSED;

		if (!is_as_wanted) {
			print_error("%s: status %#x\n", attempt->name, (unsigned)status);
		}
		assert_true(is_as_wanted);
	}
}

static long do_daily_work(void)
{
	char page[16] = "abc";
	struct iovec piece = {page, 3};
	int pair[2];
	int fd = memfd_create("work", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || ftruncate(fd, 4096) == -1 || eventfd(0, EFD_CLOEXEC) == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    writev(pair[0], &piece, 1) != 3 || read(pair[1], page, sizeof(page)) != 3 ||
	    shutdown(pair[0], SHUT_WR) == -1) {
		return -1;
	}

	void *area = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	void *heap = malloc(1 << 20);

	if (area == MAP_FAILED || heap == NULL) {
		return -1;
	}
	free(heap);

	return munmap(area, 4096);
}

static void what_the_engine_does_is_allowed(void **state)
{
	(void)state;

	int status = run_in_sandbox(do_daily_work);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_DONE);
}

static long look_at_own_flags(void)
{
	/* Asked before the filter was there, prctl(2) would tell; now even asking is refused. */
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void even_asking_for_its_own_flags_is_refused(void **state)
{
	(void)state;
	if (IS_SANITIZED) {
		skip();
	}

	int status = run_in_sandbox(look_at_own_flags);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_REFUSED);
}

struct drop_row {
	const char *user; /* HTTPSYS_ENGINE_USER; NULL: not set */
	bool is_accepted; /* when root */
};

static const struct drop_row drop_rows[] = {
	{"65534:65534", true},
	{NULL, false},
	{"", false},
	{"65534", false},
	{"0:0", false},
	{"65534:0", false},
	{"0:65534", false},
	{"nobody:nogroup", false},
	{"65534:", false},
	{"-1:65534", false},
	{"65534:65534x", false},
	{"4294967295:65534", false}, /* (uid_t)-1: "no change" in setresuid(2) */
};

/* In a child: EXIT_DONE when it has become 65534 for good. */
static int drop_in_child(const char *user)
{
	int set = user != NULL ? setenv("HTTPSYS_ENGINE_USER", user, 1)
			       : unsetenv("HTTPSYS_ENGINE_USER");

	if (set != 0 || sandbox_drop_privileges() != 0) {
		return EXIT_REFUSED;
	}
	bool is_nobody = getuid() == 65534 && getegid() == 65534 && getgroups(0, NULL) == 0;

	return is_nobody && setresuid(0, 0, 0) == -1 ? EXIT_DONE : EXIT_ERROR;
}

static void root_becomes_who_it_is_told_or_stops(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	for (size_t i = 0; i < array_len(drop_rows); i++) {
		const struct drop_row *row = &drop_rows[i];
		int wanted = row->is_accepted ? EXIT_DONE : EXIT_REFUSED;
		pid_t child = fork();

		assert_return_code(child, errno);
		if (child == 0) {
			_exit(drop_in_child(row->user));
		}

		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFEXITED(status));
		if (WEXITSTATUS(status) != wanted) {
			print_error("HTTPSYS_ENGINE_USER=%s\n",
				    row->user != NULL ? row->user : "-");
		}
		assert_int_equal(WEXITSTATUS(status), wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_intruder_would_do_is_refused),
		cmocka_unit_test(what_the_engine_does_is_allowed),
		cmocka_unit_test(even_asking_for_its_own_flags_is_refused),
		cmocka_unit_test(root_becomes_who_it_is_told_or_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
