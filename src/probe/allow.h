/* SPDX-License-Identifier: MIT */
/*
 * What the probe may look at: names of /proc and /sys that describe processes, rings and devices.
 * A sudo rule for the probe grants what stands here, questions about single sockets, which everybody may ask (sockets.h),
 * the binaries that processes have mapped and their /tmp/perf-N.map (elf.h), a trace of io_uring in an instance of its own, which is
 * all that is ever written (trace.h), the memory of every process, and the kernel's (kernel.h). In memory stands what root's files hold; a rule that says
 * --no-memory grants the memory of rings alone, one that says --no-kernel-memory that of processes. Everything else is
 * refused (EPERM).
 */
#ifndef PROBE_ALLOW_H
#define PROBE_ALLOW_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <string.h>

#include "wire.h"

#define PATH_LIMIT 4096

/* A checked path, split into directory and last name; the pointers go into the caller's path. */
struct place {
	bool sys;
	/* Relative to /proc or /sys; empty = that root itself. */
	char *relative;
	/* Start of the last name within `relative`. */
	char *leaf;
	/* Tells addresses of the kernel: for whom may read its memory. */
	bool addresses;
	/* One read gives the whole content (the kernel's single_open), if the buffer is large enough. */
	bool single;
};

struct name {
	const char *text;
	bool single;
};

/* Files of /proc/PID and /proc/PID/task/TID. Not here: environ, auxv, pagemap, mem (verb memory only). */
static const struct name process_files[] = {
	{"stat", true}, {"status", true}, {"wchan", true}, {"stack", true}, {"syscall", true},
	{"sched", true}, {"schedstat", true}, {"comm", true}, {"io", true}, {"cmdline", false},
	{"maps", false}, {"mountinfo", false}, {"mountstats", false}, {"cgroup", true},
	{"limits", true}, {"statm", true}, {"oom_score", true}, {"oom_score_adj", false},
	{"loginuid", false}, {"sessionid", false}, {"uid_map", false}, {"gid_map", false},
	{"timers", false}, {"timerslack_ns", true}, {"personality", true}, {"cpuset", true},
	{"children", false}, {"patch_state", true}, {"autogroup", true}, {NULL, false},
};
static const char *const process_dirs[] = {"task", "fd", "fdinfo", "ns", "map_files", NULL};
static const char *const process_links[] = {"exe", "cwd", "root", NULL};
static const char *const net_files[] = {
	"tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "unix", "raw", "raw6", "packet",
	"netlink", "icmp", "icmp6", "sockstat", "sockstat6", "dev", "protocols", NULL,
};
static const char *const global_files[] = {
	"version", "version_signature", "uptime", "locks", "diskstats", "stat", "loadavg", "meminfo", "vmstat",
	"devices", "filesystems", "partitions", "cpuinfo", "cmdline", "misc", "mdstat", "swaps", "modules",
	"interrupts", "softirqs", "cgroups", "config.gz", "zoneinfo", NULL,
};
/* Whole trees below /proc and below /sys. */
static const char *const proc_trees[] = {
	"sys/kernel", "sys/fs", "sys/vm", "sys/user", "pressure", "fs", NULL,
};
static const char *const sys_trees[] = {
	"block", "dev/block", "class/block", "class/bdi", "class/nvme", "class/net", "devices/virtual",
	"devices/system/cpu", "devices/system/node", "fs", "module", "kernel/btf", "kernel/notes",
	"kernel/sunrpc", "kernel/tracing", "kernel/debug/block", "kernel/debug/bdi", "kernel/debug/tracing", NULL,
};
/* Reading these takes records away from whoever traces, or pauses the tracing. */
static const char *const refused_leaves[] = {
	"trace", "trace_pipe", "trace_pipe_raw", "snapshot", "snapshot_raw", NULL,
};

static inline bool one_of(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static inline bool within(const char *const *trees, const char *path)
{
	for (; *trees; trees++) {
		size_t n = strlen(*trees);
		if (!strncmp(*trees, path, n) && (path[n] == '/' || path[n] == 0))
			return true;
	}
	return false;
}

/* A decimal number as the kernel prints it, followed by '/' or the end; 0 when it is none. */
static inline size_t number_length(const char *text)
{
	size_t n = 0;
	while (text[n] >= '0' && text[n] <= '9')
		n++;
	if (n == 0 || n > 10 || (n > 1 && text[0] == '0') || (text[n] != 0 && text[n] != '/'))
		return 0;
	return n;
}

static inline bool is_number(const char *text)
{
	size_t n = number_length(text);
	return n && text[n] == 0;
}

static inline bool process_path_allowed(enum verb verb, const char *rest, bool task, struct place *place)
{
	const char *slash = strchr(rest, '/');
	if (!slash) {
		if (verb == LINK)
			return one_of(process_links, rest);
		if (verb == LIST)
			return one_of(process_dirs, rest) && !(task && !strcmp(rest, "task"));
		for (const struct name *file = process_files; file->text; file++)
			if (!strcmp(file->text, rest)) {
				place->single = file->single;
				return true;
			}
		return false;
	}
	const char *leaf = slash + 1;
	size_t n = (size_t)(slash - rest);
	if (strchr(leaf, '/'))
		return false;
	if (n == 6 && !memcmp(rest, "fdinfo", 6)) {
		place->single = true;
		return verb == READ && is_number(leaf);
	}
	if (n == 3 && !memcmp(rest, "net", 3))
		return verb == READ && one_of(net_files, leaf);
	if (n == 2 && !memcmp(rest, "fd", 2))
		return verb == LINK && is_number(leaf);
	return verb == LINK && ((n == 2 && !memcmp(rest, "ns", 2)) || (n == 9 && !memcmp(rest, "map_files", 9)));
}

static inline bool proc_path_allowed(enum verb verb, const char *path, struct place *place)
{
	if (!*path)
		return verb == LIST;
	size_t n = number_length(path);
	if (!n) {
		if (verb == LINK)
			return false;
		place->addresses = !strcmp(path, "kallsyms");
		return (verb == READ && (place->addresses || one_of(global_files, path))) || within(proc_trees, path);
	}
	if (!path[n])
		return false;
	const char *rest = path + n + 1;
	if (strncmp(rest, "task/", 5))
		return process_path_allowed(verb, rest, false, place);
	rest += 5;
	n = number_length(rest);
	return n && rest[n] && process_path_allowed(verb, rest + n + 1, true, place);
}

/*
 * Splits and checks `path` (NUL-terminated, `length` bytes) in place. 0, or EPERM for what is not on
 * the lists above, EINVAL for what is no clean absolute path.
 */
static inline int check_path(enum verb verb, char *path, size_t length, struct place *place)
{
	memset(place, 0, sizeof *place);
	if (length == 0 || length >= PATH_LIMIT || path[0] != '/' || memchr(path, 0, length))
		return EINVAL;
	for (char *part = path; part; part = strchr(part, '/')) {
		part++;
		size_t n = strcspn(part, "/");
		if (n == 0 || (n == 1 && part[0] == '.'))
			return EINVAL;
		if (n == 2 && part[0] == '.' && part[1] == '.')
			return EPERM;
	}
	size_t root;
	if (!strncmp(path, "/proc", 5) && (path[5] == '/' || !path[5]))
		root = 5;
	else if (!strncmp(path, "/sys", 4) && (path[4] == '/' || !path[4]))
		root = 4;
	else
		return EPERM;
	place->sys = root == 4;
	place->relative = path + root + (path[root] == '/');
	char *slash = strrchr(place->relative, '/');
	place->leaf = slash ? slash + 1 : place->relative;
	bool allowed = place->sys
		? within(sys_trees, place->relative) && !one_of(refused_leaves, place->leaf)
		: proc_path_allowed(verb, place->relative, place);
	return allowed ? 0 : EPERM;
}

#endif
