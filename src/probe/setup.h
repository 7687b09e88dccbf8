/* SPDX-License-Identifier: MIT */
/* What the probe does to itself before it serves: its signals, its descriptors and the two trees it reads. */
#ifndef PROBE_SETUP_H
#define PROBE_SETUP_H

#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "output.h"

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

/* Descriptors that the probe may have: it needs some twenty. */
#define DESCRIPTORS_MAX 64u
/*
 * Bytes of address space for each of its processes: two generations, as between two readers, the largest mapping of a ring,
 * and a quarter as much again for the program itself.
 */
#define ADDRESSES_MAX ((2 * sizeof(struct generation) + LIMIT_MAX) / 4 * 5)

/* Sets a limit for good, unless a lower one holds. */
static void limit(int resource, rlim_t most)
{
	struct rlimit held;
	if (getrlimit(resource, &held))
		return;
	held.rlim_max = held.rlim_max < most ? held.rlim_max : most;
	held.rlim_cur = held.rlim_cur < held.rlim_max ? held.rlim_cur : held.rlim_max;
	setrlimit(resource, &held);
}

/*
 * Has the kernel hold the probe to what it needs, whatever it is asked. Readers inherit it. Not here: a lower priority,
 * for a reader that waits for a processor may hold a lock that the target waits for; and no_new_privs, for it starts no program.
 * It stays dumpable: an ordinary user's reader reads /proc files of its parent.
 */
static void limit_itself(void)
{
	struct stat st;
	limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
	limit(RLIMIT_AS, ADDRESSES_MAX);
	/* Others' memory may stand in ours. One byte means no dump, not even to a program, which 0 does not keep from one. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1});
	/* Nothing is written to files, unless its output is one. */
	if (fstat(STDOUT_FILENO, &st) == 0 && !S_ISREG(st.st_mode))
		limit(RLIMIT_FSIZE, 0);
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

static void on_child(int signal)
{
	(void)signal;
}

static void set_up(void)
{
	sigset_t child;
	struct sigaction action = {.sa_handler = on_child};
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* An interrupt from the terminal is for whoever started it; the probe ends with its stdin. */
	signal(SIGINT, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	tidy_descriptors();
	limit_itself();
	no_blocking(STDIN_FILENO);
	no_blocking(STDOUT_FILENO);
	shared = share(sizeof *shared);
	tracing = share(sizeof *tracing);
	to_reader = eventfd(0, EFD_CLOEXEC);
	from_reader = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!shared || !tracing || pipe2(lifeline, O_CLOEXEC) || to_reader < 0 || from_reader < 0)
		fatal("The system gives no memory or descriptors.");
	if (!open_roots())
		fatal("/proc is not mounted here.");
}

#endif
