/* SPDX-License-Identifier: MIT */
/*
 * Where requests are submitted: the registers of the submitting thread and a piece of its stack, copied by the kernel at each
 * submit (perf_event_open on the tracepoint), for a client that unwinds them. Of the traced rings only; the kernel takes
 * all of it back when the reader closes its descriptors or dies.
 */
#ifndef PROBE_STACKS_H
#define PROBE_STACKS_H

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <time.h>

#include "verbs.h"

/* Bytes of stack in one sample: a record is 64 KiB at the most. */
#define STACK_MAX 32768u
#define STACK_CPUS 512

/* BX, BP, SP, IP, R12 to R15 and the rest of the general ones; arm64: X0 to X29, LR, SP, PC. */
#if defined(__x86_64__)
#define USER_REGISTERS 0xff01ffull
#else
#define USER_REGISTERS 0x1ffffffffull
#endif

/* One CPU's: its event, and the buffer that the kernel writes samples to. */
struct stack_events {
	int fd;
	struct perf_event_mmap_page *head;
};

static struct {
	struct stack_events cpus[STACK_CPUS];
	int count;
	size_t size;
} stack_events;

static void close_stacks(void)
{
	for (int cpu = 0; cpu < stack_events.count; cpu++) {
		struct stack_events *one = &stack_events.cpus[cpu];
		if (one->head)
			munmap(one->head, stack_events.size);
		if (one->fd >= 0)
			close(one->fd);
	}
	stack_events.count = 0;
}

static int open_stacks_of(int cpu, struct perf_event_attr *attr, const char *filter, struct stack_events *one)
{
	one->head = NULL;
	one->fd = (int)syscall(SYS_perf_event_open, attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (one->fd < 0)
		return errno == ENODEV ? 0 : errno; /* That CPU is offline. */
	if (*filter && ioctl(one->fd, PERF_EVENT_IOC_SET_FILTER, filter))
		return errno;
	void *map = mmap(NULL, stack_events.size, PROT_READ | PROT_WRITE, MAP_SHARED, one->fd, 0);
	if (map == MAP_FAILED)
		return errno;
	one->head = map;
	return ioctl(one->fd, PERF_EVENT_IOC_ENABLE, 0) ? errno : 0;
}

/* `event`: its number in tracefs; `every`: one submit of so many; `kilobytes`: of each CPU's buffer. All or nothing. */
static int open_stacks(uint64_t event, uint32_t every, uint32_t bytes, uint32_t kilobytes, const char *filter)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof attr,
		.config = event,
		.sample_period = every ? every : 1,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW | PERF_SAMPLE_REGS_USER |
			       PERF_SAMPLE_STACK_USER,
		.disabled = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.sample_regs_user = USER_REGISTERS,
		.sample_stack_user = (bytes < STACK_MAX ? bytes : STACK_MAX) & ~7u,
	};
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = 1;
	while (pages * 2 * page <= (size_t)kilobytes * 1024)
		pages *= 2;
	close_stacks();
	stack_events.size = (1 + pages) * page;
	int error = 0;
	for (int cpu = 0; !error && cpu < STACK_CPUS && cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		stack_events.count = cpu + 1;
		error = open_stacks_of(cpu, &attr, filter, &stack_events.cpus[cpu]);
	}
	if (error)
		close_stacks();
	return error;
}

/* Calls of io_uring_enter by the threads of the filter, on each CPU: counted by the kernel, nothing is written for them. */
static struct {
	int fds[STACK_CPUS], cpus;
	uint64_t told;
} enters;

static void close_enters(void)
{
	for (int cpu = 0; cpu < enters.cpus; cpu++)
		if (enters.fds[cpu] >= 0)
			close(enters.fds[cpu]);
	enters.cpus = 0;
	enters.told = 0;
}

/* `event`: the number of sys_enter_io_uring_enter in tracefs. All CPUs or none. */
static bool open_enters(uint64_t event, const char *threads)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_TRACEPOINT, .size = sizeof attr, .config = event, .disabled = 1};
	bool counts = event && *threads;
	close_enters();
	for (int cpu = 0; counts && cpu < STACK_CPUS && cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		enters.fds[cpu] = fd;
		enters.cpus = cpu + 1;
		counts = fd < 0 ? errno == ENODEV
				: !ioctl(fd, PERF_EVENT_IOC_SET_FILTER, threads) && !ioctl(fd, PERF_EVENT_IOC_ENABLE, 0);
	}
	if (!counts)
		close_enters();
	return counts;
}

static void filter_enters(const char *threads)
{
	for (int cpu = 0; cpu < enters.cpus; cpu++)
		if (enters.fds[cpu] >= 0)
			ioctl(enters.fds[cpu], PERF_EVENT_IOC_SET_FILTER, threads);
}

/* Calls since the last time. */
static uint64_t take_enters(void)
{
	uint64_t all = 0, one;
	for (int cpu = 0; cpu < enters.cpus; cpu++)
		if (enters.fds[cpu] >= 0 && read(enters.fds[cpu], &one, sizeof one) == sizeof one)
			all += one;
	uint64_t since = all - enters.told;
	enters.told = all;
	return since;
}

static void filter_stacks(const char *filter)
{
	for (int cpu = 0; cpu < stack_events.count; cpu++)
		if (stack_events.cpus[cpu].head)
			ioctl(stack_events.cpus[cpu].fd, PERF_EVENT_IOC_SET_FILTER, filter);
}

static void set_period(uint64_t every)
{
	for (int cpu = 0; cpu < stack_events.count; cpu++)
		if (stack_events.cpus[cpu].head)
			ioctl(stack_events.cpus[cpu].fd, PERF_EVENT_IOC_PERIOD, &every);
}

/* Copies whole records, as many as have room; the bytes. *more: others wait. */
static uint32_t take_stacks(struct stack_events *one, uint8_t *to, uint32_t room, bool *more)
{
	struct perf_event_mmap_page *head = one->head;
	const uint64_t size = stack_events.size - (size_t)sysconf(_SC_PAGESIZE);
	const uint8_t *data = (const uint8_t *)head + (stack_events.size - size);
	uint64_t at = head->data_tail, end = __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE);
	uint32_t taken = 0;
	while (end - at >= 8) {
		/* Records are multiples of 8 bytes, so that their heads are never split. */
		uint16_t length;
		memcpy(&length, data + at % size + 6, 2);
		if (length < 8 || length > end - at) {
			at = end;
			break;
		}
		if (length > room - taken) {
			*more = true;
			break;
		}
		uint64_t from = at % size, first = size - from < length ? size - from : length;
		memcpy(to + taken, data + from, first);
		memcpy(to + taken + first, data, length - first);
		taken += length;
		at += length;
	}
	__atomic_store_n(&head->data_tail, at, __ATOMIC_RELEASE);
	return taken;
}

#endif
