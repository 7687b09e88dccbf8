/* SPDX-License-Identifier: MIT */
/* The parent's side of the reader: starts it, collects it when it has died, sees whether it gets on. */
#ifndef PROBE_WATCH_H
#define PROBE_WATCH_H

#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "reader.h"

/* The present reader; 0 when it has died. */
static pid_t reader_pid;
static struct generation *generation;

/* The request under way. */
static struct {
	bool active;
	uint32_t id;
	/* Items answered to the client, or about to be. */
	uint32_t done;
	/* The buffer that will be handed over next, and what its progress was at `since`. */
	int next;
	uint64_t seen;
	int64_t since;
} now;

static int64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Starts a reader for the items from `now.done` on. False when the system gives no process or memory. */
static bool start_reader(void)
{
	generation = share(sizeof *generation);
	if (!generation)
		return false;
	pid_t parent = getpid();
	uint32_t sequence = atomic_load(&shared->sequence) + (now.active ? 0 : 1);
	pid_t pid = fork();
	if (pid < 0) {
		munmap(generation, sizeof *generation);
		generation = NULL;
		return false;
	}
	if (pid == 0) {
		probe_pid = parent;
		die_with_probe();
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		close(lifeline[1]);
		run_reader(generation, sequence);
		_exit(0);
	}
	reader_pid = pid;
	now.next = 0;
	now.seen = 0;
	now.since = clock_ms();
	return true;
}

static const uint8_t *item_at(uint32_t index)
{
	return shared->request + shared->items[index];
}

static int64_t deadline_of(uint32_t item)
{
	uint32_t deadline = bounded(get32(item_at(item) + 4), DEADLINE_MAX);
	return deadline < DEADLINE_MIN ? DEADLINE_MIN : deadline;
}

/*
 * Whether the reader is on a processor or waits for one: on a machine that busy it gets more time. Its
 * stat can be read without fear: it takes no lock that the reader could hold.
 */
static bool reader_runs(void)
{
	char path[32], text[128];
	snprintf(path, sizeof path, "%d/stat", reader_pid);
	int fd = !roots.same_pids ? -1 : openat(roots.proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	const char *end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'R';
}

/* Milliseconds after which the reader wants a look; -1 = never. */
static int patience(void)
{
	if (!now.active || !generation)
		return -1;
	if (reader_pid == 0)
		return 0;
	uint32_t item = now.done + (uint32_t)(now.seen >> 32);
	if (item >= shared->count)
		return 100;
	/* Progress is noticed by looking: four looks in a deadline make it exact to a quarter. */
	int64_t deadline = deadline_of(item);
	int64_t left = now.since + deadline - clock_ms();
	int64_t look = deadline / 4 + 1;
	return (int)(left >= 0 && left < look ? left + 1 : look);
}

#endif
