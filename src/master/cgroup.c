/* SPDX-License-Identifier: MIT */

/* Names out of control group paths; see cgroup.h. */

#include "master/cgroup.h"

#include <assert.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "master/text.h"

#define CGROUP_ID_CHARS 12 /* how much of a container's 64 hexadecimal digits people use */
#define CGROUP_ID_FULL  64

/*
 * How programs call a container's group: one component of the path, between a beginning and an end.
 * With a parent, the component before must be that, or begin with it when it ends in '*'.  The
 * first match from the top wins.
 */
struct cgroup_pattern {
	const char *parent; /* NULL = any */
	const char *begin;
	const char *end;
	bool is_id;       /* what remains must be 64 hexadecimal digits */
	const char *name; /* NULL = no container, look no further */
};

static const struct cgroup_pattern cgroup_patterns[] = {
	{NULL, "docker-", ".scope", true, "docker"},
	{NULL, "libpod-conmon-", ".scope", false, NULL}, /* podman's monitor, outside */
	{NULL, "libpod-", ".scope", true, "podman"},
	{NULL, "cri-containerd-", ".scope", true, "kubernetes"},
	{NULL, "crio-conmon-", ".scope", false, NULL},
	{NULL, "crio-", ".scope", true, "kubernetes"},
	{NULL, "nerdctl-", ".scope", true, "containerd"},
	{NULL, "systemd-nspawn@", ".service", false, "nspawn"},
	{"machine.slice", "machine-", ".scope", false, "machine"},
	{NULL, "lxc.payload.", "", false, "lxc"},
	{NULL, "lxc.monitor.", "", false, NULL},
	{"lxc", "", "", false, "lxc"},
	{"docker", "", "", true, "docker"},
	{"libpod_parent", "libpod-", "", true, "podman"},
	{"pod*", "", "", true, "kubernetes"},
};

static const char *const cgroup_unit_ends[] = {".service", ".scope", ".socket"};

static bool cgroup_has_end(struct slice s, struct slice end)
{
	return s.len >= end.len && slice_is_equal(slice_from_offset(s, s.len - end.len), end);
}

static bool cgroup_is_id(struct slice s)
{
	bool is_id = s.len == CGROUP_ID_FULL;

	for (size_t i = 0; is_id && i < s.len; i++) {
		is_id = ascii_hex_value(s.data[i]) >= 0;
	}

	return is_id;
}

static bool cgroup_is_parent(struct slice parent, const char *wanted)
{
	struct slice name = slice_from_str(wanted);

	if (name.len > 0 && name.data[name.len - 1] == '*') {
		return slice_has_prefix(parent, slice_from(name.data, name.len - 1));
	}

	return slice_is_equal(parent, name);
}

/* What a pattern leaves of @component; data NULL when it does not match. */
static struct slice cgroup_match(const struct cgroup_pattern *pattern, struct slice parent,
				 struct slice component)
{
	struct slice begin = slice_from_str(pattern->begin);
	struct slice end = slice_from_str(pattern->end);

	if (pattern->parent != NULL && !cgroup_is_parent(parent, pattern->parent)) {
		return (struct slice){0};
	}
	if (component.len <= begin.len + end.len || !slice_has_prefix(component, begin) ||
	    !cgroup_has_end(component, end)) {
		return (struct slice){0};
	}

	struct slice rest = slice_from_offset(component, begin.len);

	rest.len -= end.len;

	return pattern->is_id && !cgroup_is_id(rest) ? (struct slice){0} : rest;
}

static void cgroup_take_container(struct slice parent, struct slice component,
				  struct cgroup *cgroup)
{
	for (size_t i = 0; i < array_len(cgroup_patterns); i++) {
		const struct cgroup_pattern *pattern = &cgroup_patterns[i];
		struct slice rest = cgroup_match(pattern, parent, component);

		if (rest.data == NULL) {
			continue;
		}
		if (pattern->name != NULL) {
			rest.len = cgroup_is_id(rest) ? CGROUP_ID_CHARS : rest.len;
			text_setf(cgroup->container, sizeof(cgroup->container), "%s %.*s",
				  pattern->name, SLICE_ARG(rest));
		}
		return;
	}
}

static void cgroup_take_unit(struct slice component, struct cgroup *cgroup)
{
	for (size_t i = 0; i < array_len(cgroup_unit_ends); i++) {
		if (cgroup_has_end(component, slice_from_str(cgroup_unit_ends[i]))) {
			text_setf(cgroup->unit, sizeof(cgroup->unit), "%.*s", SLICE_ARG(component));
			return;
		}
	}
}

/* The line is "0::/path" (version 2) or "7:name=systemd,cpu:/path" (version 1). */
static void cgroup_take_line(struct slice line, struct cgroup *cgroup)
{
	struct slice path = line;
	struct slice parent = {0};

	(void)slice_cut(&path, ':'); /* the number says nothing */

	struct slice controllers = slice_cut(&path, ':');
	bool is_systemd =
		controllers.len == 0 || slice_has_prefix(controllers, SLICE("name=systemd"));

	while (path.data != NULL && path.len > 0) {
		struct slice component = slice_cut(&path, '/');

		if (component.len == 0) {
			continue;
		}
		cgroup_take_container(parent, component, cgroup);
		if (is_systemd) {
			cgroup_take_unit(component, cgroup);
		}
		parent = component;
	}
}

void cgroup_parse(struct slice text, struct cgroup *ret_cgroup)
{
	assert(ret_cgroup != NULL);

	*ret_cgroup = (struct cgroup){0};
	while (text.len > 0) {
		cgroup_take_line(slice_cut(&text, '\n'), ret_cgroup);
	}
}
