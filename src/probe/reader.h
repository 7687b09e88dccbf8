/* SPDX-License-Identifier: MIT */
/*
 * The reader: the process that does every read of the target, and may hang in it. It answers the items
 * of a request into two buffers in turn, shared with the parent (probe.c), and hands over full ones.
 */
#ifndef PROBE_READER_H
#define PROBE_READER_H

#include <stdatomic.h>

#include "elf.h"
#include "kernel.h"
#include "sockets.h"
#include "trace.h"
#include "verbs.h"

/* Bytes after which a buffer is handed over, and its size: room for one largest answer beyond that. */
#define HAND_OVER (64u << 10)
#define BUFFER_SIZE (HAND_OVER + LIMIT_MAX + (1u << 16))
/* Readers that were killed and did not die, in all and by key_of; beyond that items get EBUSY. */
#define HUNG_MAX 64
#define HUNG_PER_KEY 8
/*
 * Kinds, in key_of, of what waits for the lock of a process's memory map and for no page that could hang by itself: its
 * command line, and its maps, which need that lock up to 6.16.
 */
#define MAP_LOCK 1u
#define MAPS 2u

/* One of the two buffers. `progress`: answers << 32 | bytes, complete ones only. */
struct buffer {
	union {
		struct {
			_Atomic uint64_t progress;
			_Atomic bool full;
			/* The parent wants what is there: the answers come slowly. */
			_Atomic bool hurry;
		};
		/* The data begin a page, whatever the page size, so that they can be emptied. */
		uint8_t page[1 << 16];
	};
	uint8_t data[BUFFER_SIZE];
};

/* Shared with one reader, and never used again after that reader was abandoned: it may yet write. */
struct generation {
	struct buffer buffers[2];
	/* The reader was not killed when it was abandoned: it ends as soon as its item does. */
	_Atomic bool abandoned;
};

struct hung {
	pid_t reader;
	uint64_t key;
};

/* Shared with all readers. */
struct shared {
	/* Raised by one for each request handed to the reader; `first` and `request` belong to it. */
	_Atomic uint32_t sequence;
	_Atomic uint32_t first;
	_Atomic uint32_t hung_count;
	struct hung hung[HUNG_MAX];
	uint32_t count;
	uint8_t verb, flags;
	uint32_t items[REQUEST_MAX / ITEM_HEAD];
	uint8_t request[REQUEST_MAX];
};

static struct shared *shared;

/* Events: a request or an empty buffer waits; a full buffer waits. */
static int to_reader, from_reader;

static void wake(int event)
{
	uint64_t one = 1;
	while (write(event, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static bool named(const char *body, size_t start, size_t end, const char *name)
{
	return end - start == strlen(name) && !memcmp(body + start, name, end - start);
}

/*
 * What a hung read is counted against: the process and the kind of file, so that a process whose memory
 * hangs still shows its state. The kind is a hash of the last part of the path that is no number.
 */
static uint64_t key_of(const uint8_t *item)
{
	const char *body = (const char *)item + ITEM_HEAD;
	size_t end = get16(item + 8), start;
	uint32_t kind = 2166136261u, pid = 0;
	/* Behind the path of a listing may stand the wanted links. */
	if (shared->verb == LIST)
		end = strnlen(body, end);
	if (shared->verb == MEMORY)
		return (uint64_t)(end >= 4 ? get32(item + ITEM_HEAD) : 0) << 32;
	if (shared->verb == ELF)
		return (uint64_t)(end >= ELF_BODY ? get32(item + ITEM_HEAD + 1) : 0) << 32 | ELF;
	/* No process's lock is taken there: such items hang all alike, or not at all. */
	if (shared->verb == KERNEL || shared->verb == SOCKETS || shared->verb == TRACE)
		return UINT64_MAX - shared->verb;
	for (size_t i = 6; end > 6 && !memcmp(body, "/proc/", 6) && i < end && body[i] >= '0' && body[i] <= '9'; i++)
		pid = pid * 10 + (uint32_t)(body[i] - '0');
	for (;; end = start - 1) {
		bool digits = true;
		for (start = end; start > 0 && body[start - 1] != '/'; start--)
			digits = digits && body[start - 1] >= '0' && body[start - 1] <= '9';
		if (start == 0 || !digits)
			break;
	}
	if (pid && named(body, start, end, "cmdline"))
		return (uint64_t)pid << 32 | MAP_LOCK;
	if (pid && named(body, start, end, "maps"))
		return (uint64_t)pid << 32 | MAPS;
	for (; start < end; start++)
		kind = (kind ^ (uint8_t)body[start]) * 16777619u;
	return (uint64_t)pid << 32 | kind;
}

static bool waits_for_map(uint64_t key)
{
	return (uint32_t)key == MAP_LOCK || (uint32_t)key == MAPS;
}

/*
 * Whether an item is not tried. While a reader waits for the lock of a memory map (it is left alone with that, to tell) nothing
 * that needs this lock is tried, the memory itself included, but for a ring through its descriptor.
 */
static bool hangs(uint64_t key)
{
	uint32_t count = atomic_load(&shared->hung_count), same = 0, kind = (uint32_t)key;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t other = shared->hung[i].key;
		bool one_process = other >> 32 == key >> 32;
		bool same_lock = kind == MAP_LOCK || (kind == 0 && process_memory) || other == key;
		if (one_process && waits_for_map(other) && same_lock)
			return true;
		same += other == key;
	}
	return same >= HUNG_PER_KEY;
}

static uint32_t bounded(uint32_t value, uint32_t most)
{
	return value < most ? value : most;
}

/* Answers one item at `to`; the bytes it took. */
static uint32_t answer_item(struct reader *reader, const uint8_t *item, uint8_t *to)
{
	struct answer answer = {.data = to + ANSWER_HEAD, .limit = bounded(get32(item), LIMIT_MAX)};
	size_t length = get16(item + 8);
	struct place place;
	char path[PATH_LIMIT];
	int error = 0;

	if (atomic_load_explicit(&shared->hung_count, memory_order_relaxed) && hangs(key_of(item)))
		error = EBUSY;
	else if (shared->verb == MEMORY)
		error = read_memory(reader, item + ITEM_HEAD, length, &answer);
	else if (shared->verb == KERNEL)
		error = read_kernel(item + ITEM_HEAD, length, &answer);
	else if (shared->verb == ELF)
		error = read_elf(reader, item + ITEM_HEAD, length, &answer);
	else if (shared->verb == SOCKETS)
		error = ask_socket(item + ITEM_HEAD, length, &answer);
	else if (shared->verb == TRACE)
		error = trace(item + ITEM_HEAD, length, &answer);
	else if (shared->verb == IDLE)
		error = length == IDLE_BODY ? 0 : EINVAL;
	else if (shared->verb > KERNEL || shared->verb < READ)
		error = ENOSYS;
	else if (length >= sizeof path)
		error = ENAMETOOLONG;
	else {
		memcpy(path, item + ITEM_HEAD, length);
		path[length] = 0;
		struct listing listing = {.links = shared->flags & WITH_LINKS};
		if (shared->verb == LIST && shared->flags & ONLY_LINKS)
			length = split_wanted(path, length, &listing);
		error = check_path(shared->verb, path, length, &place);
		if (!error && place.addresses && !kernel_memory)
			error = EPERM;
		if (error)
			;
		else if (shared->verb == READ)
			error = read_file(reader, &place, &answer);
		else if (shared->verb == LIST)
			error = list_dir(reader, &place, &listing, &answer);
		else if (shared->flags & INODE)
			error = read_inode(reader, &place, &answer);
		else
			error = read_link(reader, &place, &answer);
	}
	if (error)
		answer.length = 0;
	put_answer(to, answer.length, (uint16_t)error, answer.truncated && !error ? TRUNCATED : 0);
	return ANSWER_HEAD + answer.length;
}

static void wait_event(int event)
{
	uint64_t count;
	while (read(event, &count, sizeof count) < 0 && errno == EINTR)
		;
}

static void run_reader(struct generation *mine, uint32_t sequence)
{
	struct reader reader = {.roots = &roots, .dir = -1, .mem = -1, .elf = -1};
	int which = 0;
	for (;; sequence++) {
		while (atomic_load(&shared->sequence) != sequence)
			wait_event(to_reader);
		uint32_t item = atomic_load(&shared->first);
		/* Once the last buffer is full the next request may already stand in `shared`. */
		const uint32_t count = shared->count;
		while (item < count) {
			struct buffer *buffer = &mine->buffers[which];
			while (atomic_load(&buffer->full))
				wait_event(to_reader);
			uint32_t bytes = 0, answers = 0;
			while (item < count && bytes < HAND_OVER && !atomic_load(&buffer->hurry)) {
				bytes += answer_item(&reader, shared->request + shared->items[item], buffer->data + bytes);
				if (atomic_load(&mine->abandoned))
					return;
				item++;
				answers++;
				atomic_store_explicit(&buffer->progress, (uint64_t)answers << 32 | bytes,
						      memory_order_release);
			}
			if (item == count)
				forget_all(&reader);
			atomic_store(&buffer->full, true);
			wake(from_reader);
			which ^= 1;
		}
	}
}

#endif
