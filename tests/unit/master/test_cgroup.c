/* SPDX-License-Identifier: MIT */

/* Units and containers out of the lines that Linux, systemd and container programs write. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "master/cgroup.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct cgroup_case {
	const char *text;
	const char *unit;
	const char *container;
} cases[] = {
	{"", "", ""},
	{"0::/\n", "", ""},
	{"0::/system.slice/mailman3.service\n", "mailman3.service", ""},
	{"0::/system.slice/system-postgresql.slice/postgresql@15-main.service\n",
	 "postgresql@15-main.service", ""},
	{"0::/user.slice/user-1000.slice/session-3.scope\n", "session-3.scope", ""},
	{"0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service\n", "web.service",
	 ""},
	{"0::/init.scope", "init.scope", ""},
	{"12:pids:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n0::/\n",
	 "nginx.service", ""},
	{"12:pids:/system.slice/nginx.service\n", "", ""},
	{"0::/system.slice/docker-" ID ".scope\n", "docker-" ID ".scope", "docker 0123456789ab"},
	{"0::/docker/" ID "\n", "", "docker 0123456789ab"},
	{"4:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n", "", "docker 0123456789ab"},
	{"0::/machine.slice/libpod-" ID ".scope/container\n", "libpod-" ID ".scope",
	 "podman 0123456789ab"},
	{"0::/machine.slice/libpod-conmon-" ID ".scope\n", "libpod-conmon-" ID ".scope", ""},
	{"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1_2.slice/"
	 "cri-containerd-" ID ".scope\n",
	 "cri-containerd-" ID ".scope", "kubernetes 0123456789ab"},
	{"0::/kubepods/besteffort/pod0a1b/" ID "\n", "", "kubernetes 0123456789ab"},
	{"0::/lxc.payload.web/system.slice/nginx.service\n", "nginx.service", "lxc web"},
	{"0::/lxc/web/init.scope\n", "init.scope", "lxc web"},
	{"0::/machine.slice/systemd-nspawn@web.service/payload\n", "systemd-nspawn@web.service",
	 "nspawn web"},
	{"0::/machine.slice/machine-qemu\\x2d1.scope\n", "machine-qemu\\x2d1.scope",
	 "machine qemu\\x2d1"},
	{"0::/system.slice/docker-short.scope\n", "docker-short.scope", ""},
	{"rubbish", "", ""},
	{"::::\n\n0::/a.service", "a.service", ""},
};

static void lines_give_unit_and_container(void **state)
{
	(void)state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cgroup cgroup;

		print_message("# %s\n", cases[i].text);
		cgroup_parse(slice_from_str(cases[i].text), &cgroup);
		assert_string_equal(cgroup.unit, cases[i].unit);
		assert_string_equal(cgroup.container, cases[i].container);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_give_unit_and_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
