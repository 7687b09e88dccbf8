/* SPDX-License-Identifier: MIT */
/* What the client asks: requests are taken from stdin, checked, and handed to the reader one by one. */
#ifndef PROBE_REQUESTS_H
#define PROBE_REQUESTS_H

#include "silence.h"

static uint8_t input[4 + REQUEST_MAX];
static size_t input_start, input_end;

/* The item of an IDLE request; the reader says whether it is one. */
static void hear_limit(const uint8_t *item)
{
	if (get16(item + 8) == IDLE_BODY)
		silence_limit = (int64_t)bounded(get32(item + ITEM_HEAD), IDLE_MAX) * 1000;
}

/* Takes the next request from the input, if one is there in full. Refuses what is malformed. */
static void next_request(void)
{
	const uint8_t *start = input + input_start;
	size_t available = input_end - input_start;
	if (now.active || available < 4)
		return;
	uint32_t length = get32(start);
	if (length > REQUEST_MAX)
		fatal("The request is too long.");
	if (length < FRAME_HEAD)
		fatal("The request is too short.");
	if (available < 4 + length)
		return;
	const uint8_t *head = start + 4;
	uint32_t count = get32(head + 8), at = 12;
	if (count > REQUEST_MAX / ITEM_HEAD || get16(head + 2))
		fatal("The request is malformed.");
	for (uint32_t i = 0; i < count; i++) {
		if (length - at < ITEM_HEAD || length - at - ITEM_HEAD < get16(head + at + 8))
			fatal("An item of the request is malformed.");
		shared->items[i] = at;
		at += ITEM_HEAD + get16(head + at + 8);
	}
	if (at != length)
		fatal("The request is longer than its items.");
	memcpy(shared->request, head, length);
	input_start += 4 + length;
	shared->verb = shared->request[0];
	shared->flags = shared->request[1];
	shared->count = count;
	now.id = get32(shared->request + 4);
	now.done = 0;
	now.seen = 0;
	now.active = true;
	now.since = clock_ms();
	atomic_store(&shared->first, 0);
	if (shared->verb == IDLE && count)
		hear_limit(item_at(0));
	/* The reader must see every number: one without work could be followed by the next before it looks. */
	if (count == 0)
		return;
	atomic_fetch_add(&shared->sequence, 1);
	wake(to_reader);
}

static void read_in(void)
{
	if (input_end == sizeof input) {
		memmove(input, input + input_start, input_end - input_start);
		input_end -= input_start;
		input_start = 0;
	}
	ssize_t n = read(STDIN_FILENO, input + input_end, sizeof input - input_end);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		finish(0);
	if (n > 0) {
		input_end += (size_t)n;
		sign_of_life();
	}
}

#endif
