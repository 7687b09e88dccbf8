/* SPDX-License-Identifier: MIT */
/*
 * The verb TRACE: a tracefs instance of the probe's own with events of io_uring, and no other, in it. wire.h has the bytes.
 *
 * All that is written: a directory below instances/ whose name says which probe made it; in it buffer_size_kb, trace_clock,
 * tracing_on, and of events/io_uring/io_uring_… filter and enable. The filter is put together here, from numbers. The global instance and those of
 * others are never touched; a right to write there is not asked for, and tracefs is not mounted.
 *
 * A child, the keeper, removes the instance when the probe ends, in whatever way; what a killed keeper leaves is removed by the
 * next probe, which knows it by its name.
 */
#ifndef PROBE_TRACE_H
#define PROBE_TRACE_H

#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fold.h"
#include "kernel.h"
#include "stacks.h"

#define INSTANCE_PREFIX "io_uring_inspector-"
#define TRACE_KILOBYTES_MAX (64u << 10)
#define TRACE_RINGS_MAX 64
#define TRACE_EVENTS_MAX 64
#define TRACE_THREADS_MAX 64
#define START_BODY 21
/* Kind, 0, CPU, length. */
#define CHUNK_HEAD 8
/* Milliseconds between two tries to remove an instance that is busy, and how many. */
#define REMOVE_PAUSE 20
#define REMOVE_TRIES 250

/* Shared by all readers: one that takes over goes on with what the one before began. */
struct tracing {
	/* 0 = nothing is traced. Another number, another trace: a keeper whose it is not leaves. */
	_Atomic uint32_t number;
	uint32_t last;
	char name[NAME_MAX + 1];
	char filter[TRACE_RINGS_MAX * 32 + TRACE_THREADS_MAX * 32];
	/* The part of it that is about threads. */
	char threads[TRACE_THREADS_MAX * 32];
	/* Those it is written to. */
	char filtered[TRACE_EVENTS_MAX][64];
	uint32_t filtered_count;
	/* 0 = no stacks. */
	uint32_t stack_bytes;
	uint32_t stack_kilobytes, every;
	uint64_t event;
};

static struct tracing *tracing;
/* Its end is the probe's: only the probe holds the other one. */
static int lifeline[2] = {-1, -1};

/* What this reader has open. */
static struct {
	int instance;
	int *pipes;
	int cpus;
	bool stacks;
} traced = {.instance = -1};

static int open_tracefs(void)
{
	static const char *const places[] = {"kernel/tracing", "kernel/debug/tracing", NULL};
	int error = ENODEV;
	for (const char *const *place = places; *place; place++) {
		struct statfs fs;
		int fd = openat(roots.sys, *place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
			error = errno == ENOENT ? error : errno;
			continue;
		}
		if (!fstatfs(fd, &fs) && (uint32_t)fs.f_type == 0x74726163)
			return fd;
		close(fd);
	}
	errno = error;
	return -1;
}

/* A file of tracefs below `at`; the whole text in one write. */
static int write_text(int at, const char *path, const char *text)
{
	int fd = openat(at, path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno;
	ssize_t n = write(fd, text, strlen(text));
	int error = n < 0 ? errno : 0;
	close(fd);
	return error;
}

/* Clock ticks after boot at which a process started (/proc/PID/stat field 22); 0 = it is not there. */
static uint64_t start_of(pid_t pid)
{
	char path[32], text[512];
	snprintf(path, sizeof path, "%d/stat", pid);
	int fd = openat(roots.proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	char *at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

/* Which PID namespace the numbers in a name are of. */
static uint64_t pid_namespace(void)
{
	char text[64] = "";
	if (readlinkat(roots.proc, "self/ns/pid", text, sizeof text - 1) <= 0)
		return 0;
	return strncmp(text, "pid:[", 5) ? 0 : strtoull(text + 5, NULL, 10);
}

/* Whether an instance is one of a probe that is no more. Those of other PID namespaces are not ours to judge. */
static bool is_left_over(const char *name)
{
	unsigned long long space, start;
	int pid, end = 0;
	if (sscanf(name, INSTANCE_PREFIX "%llu-%d-%llu%n", &space, &pid, &start, &end) != 3 || name[end])
		return false;
	return space && space == pid_namespace() && start_of(pid) != start;
}

/* Removes what crashed probes have left; how many. */
static uint16_t sweep(int instances)
{
	uint16_t removed = 0;
	int fd = openat(instances, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	/* Removing while reading could skip entries: the next start finds them. */
	for (struct dirent *entry; (entry = readdir(dir));)
		if (is_left_over(entry->d_name) && !unlinkat(instances, entry->d_name, AT_REMOVEDIR))
			removed++;
	closedir(dir);
	return removed;
}

/* Removes the instance; tries again while it is busy: a reader that was killed may not have died yet. */
static int remove_instance(int instances, const char *name, int tries)
{
	for (; unlinkat(instances, name, AT_REMOVEDIR); tries--) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || tries <= 0)
			return errno;
		nanosleep(&(struct timespec){.tv_nsec = REMOVE_PAUSE * 1000000L}, NULL);
	}
	return 0;
}

/* The keeper: waits for the end of the trace or of the probe. */
static void keep_instance(int instances, uint32_t number)
{
	char name[NAME_MAX + 1];
	static const int ignored[] = {SIGINT, SIGHUP, SIGTERM, SIGQUIT, SIGPIPE, 0};
	strcpy(name, tracing->name);
	setsid();
	for (const int *signal_number = ignored; *signal_number; signal_number++)
		signal(*signal_number, SIG_IGN);
	for (int fd = 0; fd < 64; fd++)
		if (fd != instances && fd != lifeline[0])
			close(fd);
	struct pollfd end = {lifeline[0], POLLIN, 0};
	while (poll(&end, 1, 1000) <= 0 || !end.revents)
		if (atomic_load(&tracing->number) != number)
			_exit(0);
	/* What another trace of the same probe has made bears the same name, and has a keeper, too. */
	remove_instance(instances, name, REMOVE_TRIES);
	_exit(0);
}

static int start_keeper(int instances, uint32_t number)
{
	pid_t pid = fork();
	if (pid < 0)
		return errno;
	if (pid == 0)
		keep_instance(instances, number);
	return 0;
}

static void close_trace(void)
{
	close_stacks();
	close_enters();
	for (int cpu = 0; cpu < traced.cpus; cpu++)
		if (traced.pipes[cpu] >= 0)
			close(traced.pipes[cpu]);
	free(traced.pipes);
	if (traced.instance >= 0)
		close(traced.instance);
	traced.pipes = NULL;
	traced.cpus = 0;
	traced.instance = -1;
	traced.stacks = false;
}

static int open_instances(void)
{
	int tracefs = open_tracefs();
	if (tracefs < 0)
		return -1;
	int fd = openat(tracefs, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = errno;
	close(tracefs);
	errno = error;
	return fd;
}

/* Opens what is drained, unless this reader has. */
static int open_trace(void)
{
	if (traced.instance >= 0)
		return 0;
	int instances = open_instances();
	if (instances < 0)
		return errno;
	traced.instance = openat(instances, tracing->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = traced.instance < 0 ? errno : 0;
	close(instances);
	if (error)
		return error;
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	/* Whose root may trace may have the descriptors for it; else the CPUs behind are not heard. */
	rlim_t wanted = 64 + 3 * (rlim_t)cpus;
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){wanted, wanted});
	traced.pipes = calloc((size_t)cpus, sizeof *traced.pipes);
	if (!traced.pipes) {
		close_trace();
		return ENOMEM;
	}
	for (traced.cpus = 0; traced.cpus < cpus; traced.cpus++) {
		char path[48];
		snprintf(path, sizeof path, "per_cpu/cpu%d/trace_pipe_raw", traced.cpus);
		traced.pipes[traced.cpus] = openat(traced.instance, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (traced.pipes[traced.cpus] < 0 && errno != ENOENT && errno != ENODEV)
			error = errno;
	}
	if (error)
		close_trace();
	return error;
}

static int open_trace_stacks(void)
{
	traced.stacks = true;
	if (!tracing->stack_bytes)
		return 0;
	return open_stacks(tracing->event, tracing->every, tracing->stack_bytes, tracing->stack_kilobytes,
			   tracing->filter);
}

/* The number of an event, which is the same in every instance. 0 = none. */
static uint64_t event_number(const char *group, const char *event)
{
	char path[128], text[24] = "";
	snprintf(path, sizeof path, "events/%s/%s/id", group, event);
	int fd = openat(traced.instance, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	return n > 0 ? strtoull(text, NULL, 10) : 0;
}

static bool is_event(const char *name)
{
	if (strncmp(name, "io_uring_", 9))
		return false;
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || *p == '_'))
			return false;
	return true;
}

/* Filters and enables one event. */
static int enable_event(const char *name, bool filtered)
{
	char path[96];
	int error = 0;
	if (!is_event(name))
		return EPERM;
	if (filtered && *tracing->filter) {
		if (tracing->filtered_count < TRACE_EVENTS_MAX)
			strcpy(tracing->filtered[tracing->filtered_count++], name);
		snprintf(path, sizeof path, "events/io_uring/%s/filter", name);
		error = write_text(traced.instance, path, tracing->filter);
	}
	snprintf(path, sizeof path, "events/io_uring/%s/enable", name);
	return error ? error : write_text(traced.instance, path, "1");
}

/* Events of these rings, and, of whatever ring, those that happen in these threads. */
static void put_filter(const uint8_t *rings, uint32_t count, const uint8_t *threads, uint32_t thread_count)
{
	size_t at = 0;
	tracing->filter[0] = 0;
	for (uint32_t i = 0; i < count; i++)
		at += (size_t)snprintf(tracing->filter + at, sizeof tracing->filter - at, "%sctx == 0x%llx",
				       at ? " || " : "", (unsigned long long)get64(rings + 8 * i));
	size_t begin = at;
	for (uint32_t i = 0; i < thread_count; i++)
		at += (size_t)snprintf(tracing->filter + at, sizeof tracing->filter - at, "%scommon_pid == %u",
				       at ? " || " : "", get32(threads + 4 * i));
	strcpy(tracing->threads, thread_count ? tracing->filter + begin + (begin ? 4 : 0) : "");
}

/* Counts the calls of the traced threads, unless this reader does. */
static void count_enters(void)
{
	if (*tracing->threads && !enters.cpus)
		open_enters(event_number("syscalls", "sys_enter_io_uring_enter"), tracing->threads);
}

/* Enables the events of the body from `at` on: u8 flags, u8 length, name. Their errors go behind the answer's head. */
static int enable_events(const uint8_t *body, size_t size, size_t at, struct answer *answer)
{
	uint16_t count = 0;
	char submit[64] = "";
	while (at < size && count < TRACE_EVENTS_MAX) {
		char name[64];
		size_t length = size - at < 2 ? 64 : body[at + 1];
		if (length >= sizeof name || at + 2 + length > size)
			return EINVAL;
		memcpy(name, body + at + 2, length);
		name[length] = 0;
		int error = enable_event(name, body[at] & EVENT_FILTERED);
		if (!error && body[at] & EVENT_STACKS)
			strcpy(submit, name);
		put16(answer->data + 6 + 2 * count++, (uint16_t)error);
		at += 2 + length;
	}
	put16(answer->data + 4, count);
	answer->length = 6 + 2 * count;
	tracing->event = *submit ? event_number("io_uring", submit) : 0;
	return 0;
}

static int set_up_instance(const uint8_t *body, size_t size, struct answer *answer)
{
	char text[24];
	uint32_t kilobytes = get32(body);
	int error = open_trace();
	if (error)
		return error;
	snprintf(text, sizeof text, "%u", kilobytes < TRACE_KILOBYTES_MAX ? kilobytes : TRACE_KILOBYTES_MAX);
	error = write_text(traced.instance, "buffer_size_kb", text);
	if (!error)
		error = write_text(traced.instance, "trace_clock", "mono");
	/* All events begin at once: else a request would be seen to begin, and not to end. */
	if (!error)
		error = write_text(traced.instance, "tracing_on", "0");
	if (!error)
		error = enable_events(body, size, START_BODY - 1 + 8 * get32(body + 16), answer);
	if (!error)
		error = write_text(traced.instance, "tracing_on", "1");
	if (error)
		return error;
	int stacks = tracing->event ? open_trace_stacks() : tracing->stack_bytes ? ENOENT : 0;
	if (stacks)
		tracing->stack_bytes = 0;
	put16(answer->data + 2, (uint16_t)stacks);
	return 0;
}

static int stop_trace(void)
{
	int instances = open_instances();
	close_trace();
	/* Its keeper leaves, unless it is still needed. */
	int error = instances < 0 ? errno : remove_instance(instances, tracing->name, 10);
	if (!error)
		atomic_store(&tracing->number, 0);
	if (instances >= 0)
		close(instances);
	return error;
}

/* Body: u32 kilobytes, u32 stack bytes, u32 kilobytes for stacks, u32 every, u32 rings, rings, events. */
static int start_trace(const uint8_t *body, size_t size, struct answer *answer)
{
	if (size < START_BODY - 1 || get32(body + 16) > TRACE_RINGS_MAX ||
	    size < START_BODY - 1 + 8 * (size_t)get32(body + 16))
		return EINVAL;
	if (answer->limit < 6 + 2 * TRACE_EVENTS_MAX + sizeof tracing->name)
		return EOVERFLOW;
	if (!roots.same_pids)
		return EXDEV;
	if (atomic_load(&tracing->number))
		return EBUSY;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	int instances = open_instances();
	if (instances < 0)
		return errno;
	put16(answer->data, sweep(instances));
	pid_t probe = getppid();
	snprintf(tracing->name, sizeof tracing->name, INSTANCE_PREFIX "%llu-%d-%llu",
		 (unsigned long long)pid_namespace(), probe, (unsigned long long)start_of(probe));
	tracing->stack_bytes = get32(body + 4);
	tracing->stack_kilobytes = get32(body + 8);
	tracing->every = get32(body + 12);
	tracing->filtered_count = 0;
	put_filter(body + 20, get32(body + 16), NULL, 0);
	int error = mkdirat(instances, tracing->name, 0700) ? errno : 0;
	if (!error) {
		uint32_t number = ++tracing->last;
		atomic_store(&tracing->number, number);
		error = start_keeper(instances, number);
		if (!error)
			error = set_up_instance(body, size, answer);
		if (error)
			stop_trace();
	}
	close(instances);
	if (error)
		return error;
	size_t length = strlen(tracing->name);
	memcpy(answer->data + answer->length, tracing->name, length);
	answer->length += (uint32_t)length;
	return 0;
}

/* Body: u32 rings, u32 threads, rings, u32 tid of each thread: what is traced from now on. Only where rings were named at the start. */
static int follow_rings(const uint8_t *body, size_t size)
{
	if (size < 8)
		return EINVAL;
	uint32_t rings = get32(body), threads = get32(body + 4);
	if (rings > TRACE_RINGS_MAX || threads > TRACE_THREADS_MAX || !rings ||
	    size != 8 + 8 * (size_t)rings + 4 * (size_t)threads)
		return EINVAL;
	if (!atomic_load(&tracing->number) || !tracing->filtered_count)
		return ENOENT;
	int error = open_trace();
	if (error)
		return error;
	put_filter(body + 8, rings, body + 8 + 8 * rings, threads);
	for (uint32_t i = 0; i < tracing->filtered_count; i++) {
		char path[96];
		snprintf(path, sizeof path, "events/io_uring/%s/filter", tracing->filtered[i]);
		int failed = write_text(traced.instance, path, tracing->filter);
		error = error ? error : failed;
	}
	filter_stacks(tracing->filter);
	if (enters.cpus)
		filter_enters(tracing->threads);
	count_enters();
	return error;
}

/* The head of a chunk; where its bytes go. */
static uint8_t *put_chunk(struct answer *answer, uint8_t kind, int cpu, uint32_t length)
{
	uint8_t *p = answer->data + answer->length;
	p[0] = kind;
	p[1] = 0;
	p = put32(put16(p + 2, (uint16_t)cpu), length);
	answer->length += CHUNK_HEAD + length;
	return p;
}

/* Of a page of the ring buffer what is written: its head says how much (linux/ring_buffer.c), and a count may follow. */
static uint32_t used_of(const uint8_t *page, uint32_t size)
{
	uint32_t used = PAGE_HEAD + (get32(page + 8) & 0xfffffff) + 8;
	return used < size ? used : size;
}

/* Bytes of pages that are read for one batch, and how many are too few to be worth folding: events come slowly. */
#define FOLD_BYTES (2u << 20)
#define FOLD_LEAST (128u << 10)

/* Up to `most` bytes of pages; false where there may be more. */
static bool drain_pages(int cpu, struct answer *answer, uint32_t most)
{
	uint32_t page = (uint32_t)sysconf(_SC_PAGESIZE), end = answer->limit;
	if (answer->limit - answer->length > most)
		end = answer->length + most;
	while (traced.pipes[cpu] >= 0) {
		uint8_t *to = answer->data + answer->length + CHUNK_HEAD;
		if (answer->length > end || end - answer->length < CHUNK_HEAD + page)
			return false;
		ssize_t n = read(traced.pipes[cpu], to, page);
		if (n < (ssize_t)PAGE_HEAD)
			return true;
		put_chunk(answer, CHUNK_PAGE, cpu, used_of(to, (uint32_t)n));
	}
	return true;
}

/* In place of the pages from `first` on: what could not be folded, and what was. */
static void put_folded(struct answer *answer, uint32_t first, uint32_t bytes)
{
	uint64_t most = 2 * CHUNK_HEAD + FOLD_TOLD + most_told();
	uint8_t *told = most > answer->limit - first ? NULL : malloc(most);
	if (!told)
		return;
	uint8_t *rows = put_records(told);
	uint8_t *end = put_rows(rows, bytes);
	answer->length = first;
	memcpy(put_chunk(answer, CHUNK_RECORDS, 0, (uint32_t)(rows - told)), told, (size_t)(rows - told));
	memcpy(put_chunk(answer, CHUNK_ROWS, 0, (uint32_t)(end - rows)), rows, (size_t)(end - rows));
	free(told);
}

/* Drains up to FOLD_BYTES and folds them, unless they are few. `safe`: all that is older has come with this drain. */
static void drain_folded(struct fold_spec *spec, struct answer *answer, uint64_t safe)
{
	uint32_t first = answer->length, page = (uint32_t)sysconf(_SC_PAGESIZE) + CHUNK_HEAD, bytes = 0;
	uint32_t share = FOLD_BYTES / (uint32_t)(traced.cpus ? traced.cpus : 1);
	bool made = make_batch(FOLD_BYTES + (uint32_t)traced.cpus * page);
	for (int cpu = 0; cpu < traced.cpus; cpu++) {
		uint32_t at = answer->length;
		bool is_empty = drain_pages(cpu, answer, share < page ? page : share);
		uint64_t last = 0;
		for (; made && at < answer->length; at += CHUNK_HEAD + get32(answer->data + at + 4)) {
			uint32_t length = get32(answer->data + at + 4);
			last = read_records(answer->data + at + CHUNK_HEAD, length, spec->data);
			bytes += length;
		}
		answer->truncated |= !is_empty;
		safe = is_empty || last > safe ? safe : last;
	}
	spec->keep = answer->length - first < FOLD_LEAST;
	if (made && follow_batch(spec, safe) && !spec->keep)
		put_folded(answer, first, bytes);
	if (made)
		free_batch();
}

/* Body: u32 every = from now on a stack of one submit of so many; 0 = as before; what is folded (fold.h), if anything is. */
static int drain_trace(const uint8_t *body, size_t size, struct answer *answer)
{
	struct fold_spec spec;
	if (size < 4 || (size > 4 && !read_fold_spec(body + 4, size - 4, &spec)))
		return EINVAL;
	if (!atomic_load(&tracing->number))
		return ENOENT;
	int error = open_trace();
	if (error)
		return error;
	if (!traced.stacks && open_trace_stacks())
		tracing->stack_bytes = 0;
	if (answer->limit < 8)
		return EOVERFLOW;
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	uint64_t began = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
	put64(answer->data, began);
	answer->length = 8;
	uint32_t every = get32(body);
	if (every && every != tracing->every) {
		tracing->every = every;
		set_period(every);
	}
	count_enters();
	if (enters.cpus && answer->limit - answer->length >= CHUNK_HEAD + 8)
		put64(put_chunk(answer, CHUNK_ENTERS, 0, 8), take_enters());
	for (int cpu = 0; cpu < stack_events.count; cpu++) {
		if (!stack_events.cpus[cpu].head || answer->limit - answer->length < CHUNK_HEAD)
			continue;
		uint8_t *to = answer->data + answer->length + CHUNK_HEAD;
		uint32_t room = answer->limit - answer->length - CHUNK_HEAD;
		uint32_t taken = take_stacks(&stack_events.cpus[cpu], to, room, &answer->truncated);
		if (taken)
			put_chunk(answer, CHUNK_STACKS, cpu, taken);
	}
	if (size > 4) {
		drain_folded(&spec, answer, began);
		return 0;
	}
	for (int cpu = 0; cpu < traced.cpus; cpu++)
		answer->truncated |= !drain_pages(cpu, answer, UINT32_MAX);
	return 0;
}

/* Body: u8 kind, then its bytes (wire.h). */
static int trace(const uint8_t *body, size_t size, struct answer *answer)
{
	if (!kernel_memory)
		return EOPNOTSUPP;
	if (size < 1)
		return EINVAL;
	switch (*body) {
	case TRACE_START:
		return start_trace(body + 1, size - 1, answer);
	case TRACE_DRAIN:
		return drain_trace(body + 1, size - 1, answer);
	case TRACE_FOLLOW:
		return follow_rings(body + 1, size - 1);
	case TRACE_STOP:
		return atomic_load(&tracing->number) ? stop_trace() : 0;
	default:
		return EINVAL;
	}
}

#endif
