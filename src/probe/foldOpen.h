/* SPDX-License-Identifier: MIT */
/* Requests that are open, by their addresses: an open hash table that is kept from batch to batch. */
#ifndef PROBE_FOLD_OPEN_H
#define PROBE_FOLD_OPEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Requests that are followed at a time; a power of two. */
#define FOLD_OPEN (1u << 17)

/* `life` 0: the client follows it. */
static struct {
	struct { uint64_t req; uint32_t life; } *slots;
	uint32_t used;
} open_requests;

static uint32_t slot_of(uint64_t req)
{
	uint32_t at = (uint32_t)((req * 0x9e3779b97f4a7c15ull) >> 40) & (FOLD_OPEN - 1);
	while (open_requests.slots[at].req && open_requests.slots[at].req != req)
		at = (at + 1) & (FOLD_OPEN - 1);
	return at;
}

/* Moves up what a free place would hide. */
static void forget_request(uint32_t at)
{
	open_requests.used--;
	for (uint32_t next = at;;) {
		open_requests.slots[at].req = 0;
		do {
			next = (next + 1) & (FOLD_OPEN - 1);
			if (!open_requests.slots[next].req)
				return;
			uint64_t req = open_requests.slots[next].req;
			uint32_t home = (uint32_t)((req * 0x9e3779b97f4a7c15ull) >> 40) & (FOLD_OPEN - 1);
			if (((next - home) & (FOLD_OPEN - 1)) >= ((next - at) & (FOLD_OPEN - 1)))
				break;
		} while (true);
		open_requests.slots[at] = open_requests.slots[next];
		at = next;
	}
}

/* Where requests are open, whose lives end with this batch: the client follows them. */
static void hand_over(void)
{
	for (uint32_t i = 0; i < FOLD_OPEN; i++)
		open_requests.slots[i].life = 0;
}

#endif
