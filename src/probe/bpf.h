/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * A look at the kernel's memory: one BPF program (BPF_PROG_TYPE_SYSCALL, 5.14) that copies from an address, where
 * something is mapped there, into a map which we have mapped ourselves. It can write nowhere else.
 *
 * The kernel lets only programs with a licence compatible to the GPL read its memory; hence the two of this file.
 * Structures and numbers of <linux/bpf.h> are spelt out, for older headers lack half of them.
 */
#ifndef PROBE_BPF_H
#define PROBE_BPF_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "wire.h"

/* Bytes of one look, which sees all of them or nothing. */
#define PEEK_MAX (64u << 10)

struct insn {
	uint8_t code;
	uint8_t to : 4, from : 4;
	int16_t offset;
	int32_t value;
};

enum insn_code {
	MOVE = 0xbf, MOVE_VALUE = 0xb7, LOAD_32 = 0x61, LOAD_64 = 0x79, STORE_64 = 0x7b, WIDE_VALUE = 0x18,
	IF_EQUAL = 0x15, IF_GREATER = 0x25, CALL = 0x85, EXIT = 0x95,
};
enum helper { GET_CURRENT_TASK = 35, PROBE_READ_KERNEL = 113 };

#define MAP_CREATE 0
#define PROG_LOAD 5
#define PROG_TEST_RUN 10
#define MAP_ARRAY 2
#define MAP_MMAPABLE (1u << 10)
#define PROG_SYSCALL 31
#define PROG_SLEEPABLE (1u << 4)
/* WIDE_VALUE is the address of the map's value, not a number. */
#define VALUE_OF_MAP 2

/* The beginnings of union bpf_attr; what a command leaves out counts as zero. */
struct map_create {
	uint32_t type, key_size, value_size, entries, flags;
};
struct prog_load {
	uint32_t type, count;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log;
	uint32_t version, flags;
};
struct prog_test_run {
	uint32_t program, result, data_size_in, data_size_out;
	uint64_t data_in, data_out;
	uint32_t repeat, duration, context_size_in, context_size_out;
	uint64_t context_in, context_out;
};

/* What the program is asked. Length 0: the address of the task that runs it, which is put in `address`. */
struct context {
	uint64_t address;
	uint32_t length, zero;
};

/* The program and its map, made at the first look; each reader has its own. */
static struct {
	bool made;
	/* Why there is none. */
	int error;
	int program;
	/* What the last look saw. */
	const uint8_t *seen;
} peeking;

static int bpf(int command, void *attributes, size_t size)
{
	return (int)syscall(SYS_bpf, command, attributes, size);
}

/* Descriptor of a program, or -1 with errno. */
static int load_program(const struct insn *insns, size_t count)
{
	struct prog_load load = {.type = PROG_SYSCALL, .count = (uint32_t)count, .insns = (uintptr_t)insns,
				 .license = (uintptr_t) "Dual MIT/GPL", .flags = PROG_SLEEPABLE};
	int fd;
	/* EAGAIN: a signal came while the kernel verified it. */
	for (int i = 0; i < 16; i++) {
		fd = bpf(PROG_LOAD, &load, sizeof load);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

static int load_peek(int map)
{
	const struct insn insns[] = {
		{MOVE, 6, 1, 0, 0},
		{MOVE_VALUE, 0, 0, 0, -1},
		{LOAD_32, 2, 6, offsetof(struct context, length), 0},
		{IF_GREATER, 2, 0, 5, PEEK_MAX},
		{IF_EQUAL, 2, 0, 5, 0},
		{LOAD_64, 3, 6, offsetof(struct context, address), 0},
		{WIDE_VALUE, 1, VALUE_OF_MAP, 0, map},
		{0, 0, 0, 0, 0},
		{CALL, 0, 0, 0, PROBE_READ_KERNEL},
		{EXIT, 0, 0, 0, 0},
		{CALL, 0, 0, 0, GET_CURRENT_TASK},
		{STORE_64, 6, 0, offsetof(struct context, address), 0},
		{MOVE_VALUE, 0, 0, 0, 0},
		{EXIT, 0, 0, 0, 0},
	};
	return load_program(insns, sizeof insns / sizeof *insns);
}

/*
 * Why map or program were refused: EPERM where the kernel takes a program that calls nothing, so that the helpers are
 * withheld (lockdown=confidentiality, no CAP_PERFMON); ENOSYS where it knows no such programs. Before 5.11 it says
 * EPERM of a map that is larger than RLIMIT_MEMLOCK.
 */
static int why_refused(void)
{
	const struct insn nothing[] = {{MOVE_VALUE, 0, 0, 0, 0}, {EXIT, 0, 0, 0, 0}};
	int fd = load_program(nothing, 2);
	if (fd < 0)
		return errno == EINVAL ? ENOSYS : errno;
	close(fd);
	return EPERM;
}

static int make_peek(void)
{
	struct map_create create = {.type = MAP_ARRAY, .key_size = 4, .value_size = PEEK_MAX, .entries = 1,
				    .flags = MAP_MMAPABLE};
	int map = bpf(MAP_CREATE, &create, sizeof create);
	if (map < 0)
		return errno == EPERM ? why_refused() : errno;
	void *seen = mmap(NULL, PEEK_MAX, PROT_READ, MAP_SHARED, map, 0);
	int error = seen == MAP_FAILED ? errno : 0;
	if (!error) {
		peeking.seen = seen;
		peeking.program = load_peek(map);
		error = peeking.program < 0 ? errno : 0;
		if (error)
			munmap(seen, PEEK_MAX);
	}
	/* The program holds the map. */
	close(map);
	return error == EINVAL ? why_refused() : error;
}

/* Makes what looks need, once. 0, or the same errno every time: EPERM, ENOSYS, ENOMEM… */
static int ready_to_peek(void)
{
	if (!peeking.made)
		peeking.error = make_peek();
	peeking.made = true;
	return peeking.error;
}

static int run_peek(struct context *context)
{
	struct prog_test_run run = {.program = (uint32_t)peeking.program, .context_size_in = sizeof *context,
				    .context_in = (uintptr_t)context};
	if (bpf(PROG_TEST_RUN, &run, sizeof run))
		return errno;
	return run.result ? EFAULT : 0;
}

/*
 * Copies up to PEEK_MAX bytes to `peeking.seen`. EFAULT where one of them is not mapped, or none of the kernel's: both
 * architectures have the kernel in the upper half, and arm64 did not always refuse the lower one by itself.
 */
static int peek(uint64_t address, uint32_t length)
{
	struct context context = {address, length, 0};
	if (length == 0)
		return 0;
	if (address >> 63 == 0 || address + (length - 1) < address)
		return EFAULT;
	return run_peek(&context);
}

/* The task_struct of this very task. */
static int own_task(uint64_t *task)
{
	struct context context = {0, 0, 0};
	int error = run_peek(&context);
	*task = context.address;
	return error;
}

static uint32_t smaller(uint64_t a, uint32_t b)
{
	return a < b ? (uint32_t)a : b;
}

static int load_pointer(uint64_t address, uint64_t *pointer)
{
	int error = peek(address, 8);
	if (!error)
		*pointer = get64(peeking.seen);
	return error;
}

/* All of it or an error. */
static int copy_kernel(uint8_t *to, uint64_t address, uint32_t length)
{
	int error = 0;
	for (uint32_t at = 0; !error && at < length;) {
		uint32_t piece = smaller(length - at, PEEK_MAX);
		error = peek(address + at, piece);
		if (!error)
			memcpy(to + at, peeking.seen, piece);
		at += piece;
	}
	return error;
}

#endif
