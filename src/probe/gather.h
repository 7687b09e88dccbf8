/* SPDX-License-Identifier: MIT */
/*
 * Records gathered from the kernel's memory: chains of them, and objects of slabs. No lock is taken: what is followed
 * may change meanwhile, and every walk ends even where it leads in a circle.
 */
#ifndef PROBE_GATHER_H
#define PROBE_GATHER_H

#include "bpf.h"
#include "verbs.h"

/* Longer slabs than the kernel's page allocator gives (order 10) are nonsense. */
#define SLAB_MAX(page) ((uint64_t)(page) << 10)
/* Struct pages are there or not in lots of so many: a subsection of 2 MiB with the usual pages. */
#define SUBSECTION 512u

/* Records as they are gathered into an answer. */
struct gathering {
	struct answer *answer;
	/* Bytes of each, and how many may come yet. */
	uint32_t length, left;
};

static int begin_gathering(struct gathering *gathering, struct answer *answer, uint32_t length, uint32_t most)
{
	if (answer->limit < 8)
		return EOVERFLOW;
	*gathering = (struct gathering){answer, length, most};
	put32(answer->data + 4, length);
	answer->length = 8;
	return 0;
}

/* Room for the address and the bytes of one more record; NULL when there may be no more. */
static uint8_t *room(const struct gathering *gathering)
{
	const struct answer *answer = gathering->answer;
	uint64_t end = (uint64_t)answer->length + 8 + gathering->length;
	return gathering->left && end <= answer->limit ? answer->data + answer->length : NULL;
}

static void keep(struct gathering *gathering)
{
	gathering->answer->length += 8 + gathering->length;
	gathering->left--;
}

/* A chain as it is asked. */
struct chain {
	uint64_t head;
	uint32_t buckets, stride;
	/* Bytes from a node to its pointer to the next, and from a record to its node. */
	uint64_t next, node;
	bool circular;
};

/* Copies the record around a node, and gives the next node. */
static int read_record(const struct chain *chain, uint64_t node, uint8_t *to, uint32_t length, uint64_t *next)
{
	uint64_t record = node - chain->node, link = chain->node + chain->next;
	uint64_t span = link < PEEK_MAX && link + 8 > length ? link + 8 : length;
	int error;
	to = put64(to, record);
	if (link >= PEEK_MAX || span > PEEK_MAX) {
		error = copy_kernel(to, record, length);
		return error ? error : load_pointer(node + chain->next, next);
	}
	/* One look: bytes and pointer are of the same moment. */
	error = peek(record, (uint32_t)span);
	if (!error) {
		memcpy(to, peeking.seen, length);
		*next = get64(peeking.seen + link);
	}
	return error;
}

/* Leaves each record once: from `start` on the answer holds a walk that ends in a cycle of `period` records. */
static void drop_repeats(const struct gathering *gathering, uint32_t start, uint32_t period)
{
	struct answer *answer = gathering->answer;
	uint32_t each = 8 + gathering->length, count = (answer->length - start) / each;
	const uint8_t *records = answer->data + start;
	for (uint32_t i = 0; i < count - period; i++)
		if (get64(records + (size_t)i * each) == get64(records + (size_t)(i + period) * each)) {
			answer->length = start + (i + period) * each;
			return;
		}
}

/*
 * Gathers one bucket's records. Cycles are found in Brent's way: a mark is compared with every node, and set anew after
 * twice as many each time. `error` is what a look failed with other than EFAULT.
 */
static enum end walk_bucket(const struct chain *chain, uint64_t head, uint64_t node, struct gathering *gathering,
			    int *error)
{
	uint32_t start = gathering->answer->length, since = 0, period = 1;
	uint64_t mark = node;
	while (node != (chain->circular ? head : 0)) {
		uint8_t *to = room(gathering);
		if (!to)
			return MOST;
		int failed = read_record(chain, node, to, gathering->length, &node);
		if (failed) {
			*error = failed == EFAULT ? 0 : failed;
			return FAULT;
		}
		keep(gathering);
		since++;
		if (node == mark) {
			drop_repeats(gathering, start, since);
			return CYCLE;
		}
		if (since == period) {
			mark = node;
			period *= 2;
			since = 0;
		}
	}
	return COMPLETE;
}

/* A bucket that ends badly keeps no other from being walked; the first such end is told, and MOST above all. */
static int read_chain(const uint8_t *body, size_t size, struct answer *answer)
{
	static uint8_t heads[PEEK_MAX];
	struct gathering gathering;
	if (size != 41)
		return EINVAL;
	const struct chain chain = {get64(body), get32(body + 8), get32(body + 12), get64(body + 16),
				    get64(body + 24), body[40]};
	enum end end = COMPLETE;
	int error = begin_gathering(&gathering, answer, get32(body + 32), get32(body + 36));
	if (chain.buckets > 1 && chain.stride < 8)
		return EINVAL;
	for (uint32_t done = 0; !error && end != MOST && done < chain.buckets;) {
		uint32_t at_once = 1 + (chain.stride ? (PEEK_MAX - 8) / chain.stride : 0);
		uint32_t count = smaller(chain.buckets - done, at_once);
		uint64_t first = chain.head + (uint64_t)done * chain.stride;
		error = copy_kernel(heads, first, (count - 1) * chain.stride + 8);
		for (uint32_t i = 0; !error && end != MOST && i < count; i++) {
			enum end here = walk_bucket(&chain, first + (uint64_t)i * chain.stride,
						    get64(heads + (size_t)i * chain.stride), &gathering, &error);
			end = here == MOST || end == COMPLETE ? here : end;
		}
		if (error == EFAULT && done) {
			error = 0;
			end = FAULT;
			break;
		}
		done += count;
	}
	put32(answer->data, end);
	return error;
}

/* A scan as it is asked. */
struct scan {
	uint64_t pages, direct, first, count, cache, match;
	uint32_t page_size, cache_offset, slab_size, object_size, match_offset;
};

/* Gathers the matching objects of one slab. False when no more may come; a slab that cannot be read has none. */
static bool scan_slab(const struct scan *scan, uint64_t slab, struct gathering *gathering)
{
	uint32_t objects = scan->slab_size / scan->object_size, at_once = PEEK_MAX / scan->object_size;
	for (uint32_t done = 0; done < objects; done += at_once) {
		uint32_t count = smaller(objects - done, at_once);
		uint64_t first = slab + (uint64_t)done * scan->object_size;
		if (peek(first, count * scan->object_size))
			continue;
		for (uint32_t i = 0; i < count; i++) {
			const uint8_t *object = peeking.seen + (size_t)i * scan->object_size;
			if (get64(object + scan->match_offset) != scan->match)
				continue;
			uint8_t *to = room(gathering);
			if (!to)
				return false;
			memcpy(put64(to, first + (uint64_t)i * scan->object_size), object, gathering->length);
			keep(gathering);
		}
	}
	return true;
}

/* Looks through memory page by page of the kernel's own descriptions; where it has none there is no memory. */
static int scan_slabs(const uint8_t *body, size_t size, struct answer *answer)
{
	static uint16_t hits[PEEK_MAX / 8];
	struct gathering gathering;
	if (size != 76)
		return EINVAL;
	const struct scan scan = {get64(body), get64(body + 8), get64(body + 16), get64(body + 24), get64(body + 32),
				  get64(body + 40), get32(body + 48), get32(body + 52), get32(body + 56),
				  get32(body + 60), get32(body + 64)};
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint32_t length = get32(body + 68), at_once = SUBSECTION;
	if (scan.page_size > PEEK_MAX / SUBSECTION || scan.object_size > PEEK_MAX || scan.slab_size > SLAB_MAX(page) ||
	    (uint64_t)scan.cache_offset + 8 > scan.page_size || (uint64_t)scan.match_offset + 8 > scan.object_size ||
	    length > scan.object_size || scan.first + scan.count < scan.first)
		return EINVAL;
	while (at_once * 2 * scan.page_size <= PEEK_MAX)
		at_once *= 2;
	enum end end = COMPLETE;
	int error = begin_gathering(&gathering, answer, length, get32(body + 72));
	for (uint64_t frame = scan.first, left = scan.count; !error && end == COMPLETE && left;) {
		uint32_t count = smaller(left, at_once - (uint32_t)(frame % at_once)), found = 0;
		uint64_t described = scan.pages + frame * scan.page_size;
		error = peek(described, count * scan.page_size);
		if (error == EFAULT && count > SUBSECTION - frame % SUBSECTION) {
			count = SUBSECTION - (uint32_t)(frame % SUBSECTION);
			error = peek(described, count * scan.page_size);
		}
		for (uint32_t i = 0; !error && i < count; i++)
			if (get64(peeking.seen + (size_t)i * scan.page_size + scan.cache_offset) == scan.cache)
				hits[found++] = (uint16_t)i;
		for (uint32_t i = 0; end == COMPLETE && i < found; i++)
			if (!scan_slab(&scan, scan.direct + (frame + hits[i]) * page, &gathering))
				end = MOST;
		error = error == EFAULT ? 0 : error;
		frame += count;
		left -= count;
	}
	put32(answer->data, end);
	return error;
}

#endif
