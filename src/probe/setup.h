/* SPDX-License-Identifier: MIT */
/* What the probe does to itself before it serves: its descriptors and the two trees it reads. */
#ifndef PROBE_SETUP_H
#define PROBE_SETUP_H

#include <stdlib.h>

#include "reader.h"

/*
 * Leaves stdin, stdout and stderr alone open. What else was inherited would stay open in a reader that
 * never dies; and all three must exist, so that the reader's closing of them hits nothing else.
 */
static void tidy_descriptors(void)
{
	if (syscall(SYS_close_range, 3u, ~0u, 0u) < 0)
		for (long fd = 3, most = sysconf(_SC_OPEN_MAX); fd < most && fd < 65536; fd++)
			close((int)fd);
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

/* A full pipe must not keep the probe from noticing its deadlines and its client's end. */
static void no_blocking(int fd)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static bool open_roots(void)
{
	struct statfs fs;
	char self[16] = "";
	roots.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	roots.sys = open("/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (roots.proc < 0 || fstatfs(roots.proc, &fs) || (uint32_t)fs.f_type != 0x9fa0)
		return false;
	int fd = open_how(roots.proc, "sys", O_PATH | O_CLOEXEC, NO_CROSSING | NO_MAGIC | NO_SYMLINKS);
	roots.openat2 = fd >= 0;
	if (fd >= 0)
		close(fd);
	if (readlinkat(roots.proc, "self", self, sizeof self - 1) > 0)
		roots.self = (pid_t)strtol(self, NULL, 10);
	/* Of a task in both, the outer namespace's number is the higher one: it has given out more. */
	roots.same_pids = roots.self == getpid();
	return true;
}

#endif
