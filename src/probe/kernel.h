/* SPDX-License-Identifier: MIT */
/*
 * The verb KERNEL: ranges of the kernel's memory, and ways and chains through it that are followed here, so that a walk
 * takes few round trips. wire.h has the bytes, gather.h chains and slabs.
 */
#ifndef PROBE_KERNEL_H
#define PROBE_KERNEL_H

#include "gather.h"

/* False after --no-kernel-memory and --no-memory. */
static bool kernel_memory = true;

static int read_range(const uint8_t *body, size_t size, struct answer *answer)
{
	if (size != 12)
		return EINVAL;
	uint64_t address = get64(body);
	uint32_t want = smaller(get32(body + 8), answer->limit);
	int error = 0;
	answer->truncated = want < get32(body + 8);
	while (!error && answer->length < want) {
		uint64_t at = address + answer->length;
		uint32_t piece = smaller(want - answer->length, PEEK_MAX);
		uint32_t to_page_end = 4096 - (uint32_t)(at & 4095);
		error = peek(at, piece);
		/* As far as this page, if the next is not there. */
		if (error == EFAULT && to_page_end < piece) {
			piece = to_page_end;
			error = peek(at, piece);
		}
		if (!error) {
			memcpy(answer->data + answer->length, peeking.seen, piece);
			answer->length += piece;
		}
	}
	if (error == EFAULT && answer->length) {
		answer->truncated = true;
		return 0;
	}
	return error;
}

/* Follows a way (wire.h) from an address; `slot` stands where it says DESCRIPTOR_SLOT. */
static int follow(uint64_t address, const uint8_t *way, size_t size, uint64_t slot, struct answer *answer)
{
	if (size < 12 || (size - 12) % 8)
		return EINVAL;
	uint32_t length = get32(way + 8);
	if (answer->limit < 8 || length > answer->limit - 8)
		return EOVERFLOW;
	for (size_t at = 12; at < size; at += 8) {
		uint64_t step = get64(way + at);
		int error = load_pointer(address + (step == DESCRIPTOR_SLOT ? slot : step), &address);
		if (error)
			return error;
	}
	address += get64(way);
	answer->length = 8 + length;
	return copy_kernel(put64(answer->data, address), address, length);
}

static int find(const uint8_t *body, size_t size, struct answer *answer)
{
	if (size < 4)
		return EINVAL;
	uint64_t task;
	int pidfd = (int)syscall(SYS_pidfd_open, get32(body), 0);
	/* EINVAL, from 6.16 ENOENT: no number of a process, or a thread's. */
	if (pidfd < 0)
		return errno == EINVAL || errno == ENOENT ? ESRCH : errno;
	int error = own_task(&task);
	if (!error)
		error = follow(task, body + 4, size - 4, 8 * (uint64_t)pidfd, answer);
	close(pidfd);
	return error;
}

/* Body: u8 kind of item, then its bytes (wire.h). */
static int read_kernel(const uint8_t *body, size_t size, struct answer *answer)
{
	if (!kernel_memory)
		return EOPNOTSUPP;
	int error = size < 9 ? EINVAL : ready_to_peek();
	if (error)
		return error;
	switch (*body) {
	case FIND:
		return find(body + 1, size - 1, answer);
	case RANGE:
		return read_range(body + 1, size - 1, answer);
	case CHASE:
		return follow(get64(body + 1), body + 9, size - 9, DESCRIPTOR_SLOT, answer);
	case CHAIN:
		return read_chain(body + 1, size - 1, answer);
	case SCAN:
		return scan_slabs(body + 1, size - 1, answer);
	default:
		return EINVAL;
	}
}

#endif
