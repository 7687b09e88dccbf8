/* SPDX-License-Identifier: MIT */
/* The events of a batch of pages, in the order of their times. */
#ifndef PROBE_FOLD_PAGES_H
#define PROBE_FOLD_PAGES_H

#include <stdlib.h>

#include "foldSpec.h"

struct fold_event {
	uint64_t time;
	const uint8_t *record;
	/* 0 = of no request that began in this batch. */
	uint32_t life;
	uint16_t length, format;
};

/* `lost` before these pages, as they tell; `full`: there was no place for all. */
static struct {
	struct fold_event *all, *other;
	uint32_t count, room, lost, damaged;
	bool full;
} events;

/* Room for the events of so many bytes of pages. */
static bool make_events(uint32_t bytes)
{
	memset(&events, 0, sizeof events);
	/* Most records are far longer; where they are not, nothing is folded. */
	events.room = bytes / 20 + 1;
	events.all = malloc(events.room * sizeof *events.all);
	events.other = malloc(events.room * sizeof *events.other);
	return events.all && events.other;
}

static void free_events(void)
{
	free(events.all);
	free(events.other);
	events.all = events.other = NULL;
}

static void add_event(uint64_t time, const uint8_t *record, uint32_t length)
{
	events.full |= events.count == events.room;
	if (!events.full)
		events.all[events.count++] = (struct fold_event){time, record, 0, (uint16_t)length, 0};
}

/* What page.ts does: the records of a page. The time of the last one. */
static uint64_t read_records(const uint8_t *page, uint32_t size, uint32_t at)
{
	uint32_t commit = get32(page + 8), written = at + (commit & 0xfffffff);
	uint32_t end = written < size ? written : size;
	uint64_t time = get64(page);
	if (commit & 0x80000000u)
		events.lost += commit & 0x40000000u && written + 8 <= size ? (uint32_t)get64(page + written) : 1;
	if (written > size)
		events.damaged++;
	while (at + 4 <= end) {
		uint32_t head = get32(page + at), type = head & 31, delta = head >> 5, start = at + 4, length = type * 4;
		if (type == 29 && !delta)
			break;
		if ((type >= 29 || !type) && start + 4 > end) {
			events.damaged++;
			break;
		}
		if (type == 29) {
			time += delta;
			uint64_t next = start + (uint64_t)get32(page + start);
			if (next > end) {
				events.damaged++;
				break;
			}
			at = (uint32_t)next;
			continue;
		}
		if (type >= 30) {
			uint64_t stamp = (uint64_t)get32(page + start) << 27 | delta;
			time = type == 30 ? time + stamp : ((time >> 59) << 59) + stamp;
			at = start + 4;
			continue;
		}
		time += delta;
		if (!type) {
			length = get32(page + start) - 4;
			start += 4;
		}
		if (length < 2 || length > end - start) {
			events.damaged++;
			break;
		}
		add_event(time, page + start, length);
		at = start + ((length + 3) & ~3u);
	}
	return time;
}

/* Each processor's events come in order: merges ascending runs until there is one. */
static void sort_events(void)
{
	for (bool sorted = false; !sorted;) {
		struct fold_event *from = events.all, *to = events.other, *end = from + events.count;
		sorted = true;
		while (from < end) {
			struct fold_event *a = from, *b = from + 1;
			while (b < end && b[-1].time <= b->time)
				b++;
			struct fold_event *middle = b, *stop = b < end ? b + 1 : b;
			while (stop < end && b < end && stop[-1].time <= stop->time)
				stop++;
			sorted = sorted && a == events.all && middle == end;
			while (a < middle || b < stop)
				*to++ = b == stop || (a < middle && a->time <= b->time) ? *a++ : *b++;
			from = stop;
		}
		struct fold_event *merged = events.other;
		events.other = events.all;
		events.all = merged;
	}
}

static uint64_t field64(const struct fold_event *event, uint16_t at)
{
	return at && at + 8 <= event->length ? get64(event->record + at) : 0;
}

static uint32_t field32(const struct fold_event *event, uint16_t at)
{
	return at && at + 4 <= event->length ? get32(event->record + at) : 0;
}

#endif
