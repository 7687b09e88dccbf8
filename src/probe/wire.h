/* SPDX-License-Identifier: MIT */
/*
 * The probe's wire format; src/probe/wire.ts is the other end. Integers are little-endian.
 *
 * Every frame: u32 length of what follows the field, then a head of 8 bytes.
 *   to the probe    u8 verb, u8 flags, u16 0, u32 request id, then u32 count and `count` items, each
 *                   u32 limit (bytes), u32 deadline (ms), u16 length, body
 *   from the probe  u8 kind, u8 0, u16 0, u32 request id, then by kind:
 *     HELLO    "IURP", u16 protocol, u16 flags, u32 pid (as /proc has it, 0 = it has not), u32 uid, u64 effective capabilities,
 *              u64 nanoseconds since boot, u32 page size, u32 clock ticks a second, u32 processors,
 *              then strings (u16 length, bytes): probe version, machine, kernel release, host name
 *     ANSWERS  any number of answers, in the order of the items:
 *              u32 length, u16 errno (0 = good), u8 flags, u8 0, bytes
 *     DONE     u32 number of answers, u64 nanoseconds of processor time that probe and readers have taken so far
 *     FATAL    text; the probe ends after it
 *
 * Body of a KERNEL item: u8 kind, then by kind (a way: i64 last, u32 length, and i64 for each step, to the end):
 *     FIND    u32 pid, way                       from the reading task's task_struct; meanwhile a pidfd of `pid` is
 *                                                open, and a step DESCRIPTOR_SLOT is 8 × its number
 *     RANGE   u64 address, u32 length            cut where nothing more is mapped
 *     CHASE   u64 from, way                      each step loads the pointer at address + step; last is added
 *     CHAIN   u64 head, u32 buckets, u32 stride, i64 next, i64 node, u32 length, u32 most, u8 circular
 *             (next from the start of a node, node from the start of a record)
 *     SCAN    u64 address of struct page 0, u64 address of page frame 0, u64 first frame, u64 frames, u64 cache,
 *             u64 match, u32 bytes of a struct page, u32 offset of the cache in it, u32 bytes of a slab,
 *             u32 bytes of an object, u32 offset of match in it, u32 length, u32 most
 * and what is answered:
 *     RANGE          bytes
 *     FIND, CHASE    u64 address, `length` bytes
 *     CHAIN, SCAN    u32 end, u32 length, and for each record u64 address, `length` bytes
 *
 * Body of a SOCKETS item: u8 family, then
 *     AF_UNIX             u32 inode
 *     AF_INET, AF_INET6   u16 local port, u16 peer port, 16 bytes local address, 16 bytes peer address, in network order, of
 *                         IPv4 the first four; a TCP listener has no peer: zeros
 * and what is answered is the kernel's message without its nlmsghdr: struct unix_diag_msg or inet_diag_msg and its
 * attributes. Only sockets of the probe's own network namespace are found. ENOENT: no such socket, or a kernel that
 * does not tell; EINVAL: malformed.
 *
 * Body of an ELF item: u8 kind, u32 pid, u64 offset, u32 length, then
 *     MAPPED       u64 start, u64 end of a mapping of the process
 *     EXECUTABLE   nothing
 *     INSIDE       path in the process's root; pid 0: in the probe's own
 *     PERF_MAP     u32 number of the process in its own namespace: /tmp/perf-NUMBER.map in its root, text of its own making
 * and what is answered is the bytes, cut where the file ends; of length 0 u64 size, u64 inode, u64 device, i64 seconds of the
 * last change. EPERM: no ELF file, of a PERF_MAP no regular one of the process's user, or not the probe's to read; EINVAL: malformed.
 *
 * Body of an IDLE item: u32 seconds without a word after which the probe ends from now on, 0 = never, as at first. One
 * to a request; what is answered is empty. Asked again it is the word that keeps the probe.
 *
 * Body of a TRACE item: u8 kind, then
 *     START   u32 kilobytes of a CPU's buffer, u32 bytes of a stack (0 = no stacks), u32 kilobytes of a CPU's buffer for stacks,
 *             u32 every (a stack of one submit of so many), u32 number of rings, u64 address of each io_ring_ctx, then for each event u8 flags
 *             (EVENT_…), u8 length, name. Without a ring those of all are traced.
 *     DRAIN   u32 every: as above, from now on; 0 = as before; and where complete lives are to be folded u64 nanoseconds of which slower ones are not, u64 CLOCK_MONOTONIC when the trace began, u16 where the records
 *             of a page begin, u16 number of events, u32 number of rings, of each event u16 id, u16 kind (fold.h), u16 offsets of ctx, req, user_data, opcode, value,
 *             flags; u64 address of each io_ring_ctx
 *     STOP    nothing
 *     FOLLOW  u32 rings, u32 threads, u64 address of each io_ring_ctx, u32 tid of each: from now on these rings' events, and what happens in these threads
 * and what is answered is
 *     START   u16 left-over instances removed, u16 errno of the stacks, u16 number of events, u16 errno of each, name of the instance
 *     DRAIN   u64 CLOCK_MONOTONIC when it began: what is older and not in it was lost; chunks: u8 kind, u8 0, u16 CPU, u32 length, bytes: CHUNK_PAGE one page of the ring buffer as trace_pipe_raw gives
 *             it, as far as it is used; CHUNK_STACKS records of perf (PERF_SAMPLE_TID, TIME, RAW, REGS_USER, STACK_USER); CHUNK_RECORDS in place of
 *             pages, in the order of their times, u64 time, u32 length, record of each that was not folded; CHUNK_ROWS u32 bytes of the pages, u32 events folded, u32 requests folded, u32 of them submitted by
 *             SQPOLL threads, u32 events lost before the pages, u32 damaged pages, then rows: u8 opcode, u8 errors, u16 0, i32 fd, u32 second of the trace in which they completed, u32 completed, u32 punted, u32 poll-armed, u32 deferred, u32 with IOSQE_ASYNC,
 *             u64 least and most nanoseconds, u64 of all together, u32 classes, u32 errno and times of each error, u32 class and count of each class (without the least and the most); CHUNK_ENTERS u64 calls of io_uring_enter by
 *             the threads of FOLLOW since the last time, where the kernel can count them. TRUNCATED: there is more
 * One trace at a time. ENODEV: no tracefs is mounted; EACCES: not root; EBUSY: another trace is under way, or (STOP) somebody else uses
 * the instance, which is removed later; ENOENT: there is no trace, or this kernel has no instances; EXDEV: /proc is of another PID namespace.
 *
 * Errors of a KERNEL item. EPERM: no right, or locked down; ENOSYS: the kernel has no such BPF (before 5.14); EOPNOTSUPP: the probe runs with
 * --no-kernel-memory or --no-memory (then also of a TRACE item, and of a MEMORY item that is no ring's); EFAULT: nothing is mapped there; ESRCH: no such process; EOVERFLOW: the limit is too small;
 * EINVAL: malformed.
 */
#ifndef PROBE_WIRE_H
#define PROBE_WIRE_H

#include <stdint.h>
#include <string.h>

#define PROTOCOL 1

enum verb { READ = 1, LIST = 2, LINK = 3, MEMORY = 4, KERNEL = 5, ELF = 6, TRACE = 7, SOCKETS = 8, IDLE = 9 };
enum kind { HELLO = 1, ANSWERS = 2, DONE = 3, FATAL = 4 };

enum elf_item { MAPPED = 1, EXECUTABLE = 2, INSIDE = 3, PERF_MAP = 4 };

enum trace_item { TRACE_START = 1, TRACE_DRAIN = 2, TRACE_STOP = 3, TRACE_FOLLOW = 4 };
enum trace_chunk { CHUNK_PAGE = 1, CHUNK_STACKS = 2, CHUNK_RECORDS = 3, CHUNK_ROWS = 4, CHUNK_ENTERS = 5 };
/* Flags of an event: of the traced rings alone; stacks are taken at it. */
#define EVENT_FILTERED 1
#define EVENT_STACKS 2

enum kernel_item { FIND = 1, RANGE = 2, CHASE = 3, CHAIN = 4, SCAN = 5 };
/* How a chain ended. FAULT: a pointer led nowhere; MOST: at the number wanted, or at the limit. */
enum end { COMPLETE = 0, FAULT = 1, CYCLE = 2, MOST = 3 };
#define DESCRIPTOR_SLOT (1ull << 63)

/* Flag of HELLO: /proc is of another PID namespace than the probe, and its pids are not those of the system calls. */
#define HELLO_FOREIGN 1

/* Flag of a LIST request: give the text of every symbolic link. */
#define WITH_LINKS 1
/* The same, of the wanted ones only: their texts stand behind the path, each after a NUL. */
#define ONLY_LINKS 2
/* Flag of a LINK request: in place of the text, the u64 inode number of the anonymous inode behind it (else EPERM). */
#define INODE 4
/* Flag of an answer: the content goes on. */
#define TRUNCATED 1
/* In a listing: the entry has no link text. */
#define NO_LINK 0xffff

#define FRAME_HEAD 12
#define ITEM_HEAD 10
#define IDLE_BODY 4
#define ANSWER_HEAD 8
#define REQUEST_MAX (1u << 20)
#define LIMIT_MAX (16u << 20)
#define DEADLINE_MAX 60000u
#define DEADLINE_MIN 10u

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the probe is written for little-endian machines"
#endif

static inline uint16_t get16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static inline uint32_t get32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static inline uint64_t get64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
static inline uint8_t *put16(uint8_t *p, uint16_t v) { memcpy(p, &v, 2); return p + 2; }
static inline uint8_t *put32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); return p + 4; }
static inline uint8_t *put64(uint8_t *p, uint64_t v) { memcpy(p, &v, 8); return p + 8; }

/* Writes the head of an answer at `p`. */
static inline void put_answer(uint8_t *p, uint32_t length, uint16_t error, uint8_t flags)
{
	put16(put32(p, length), error);
	p[6] = flags;
	p[7] = 0;
}

#endif
