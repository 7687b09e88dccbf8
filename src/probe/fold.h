/* SPDX-License-Identifier: MIT */
/*
 * Requests that begin and end within one drain, folded into counts and latencies by operation and descriptor: at a high rate that is
 * nearly all of them, and what the client then has to look at is next to nothing. The rest goes on to it as it is, record
 * by record: what is still open, what began before, multishot requests, the slowest, what is not understood. So the client alone says what a
 * request's life is, and a reader that is replaced loses nothing.
 */
#ifndef PROBE_FOLD_H
#define PROBE_FOLD_H

#include <stdlib.h>

#include "verbs.h"

#define PAGE_HEAD 16
#define FOLD_HEAD 16
/* What stands before the rows. */
#define FOLD_TOLD 24
#define FOLD_EVENT 16
#define FOLD_EVENTS_MAX 16
#define FOLD_RINGS_MAX 64
#define FOLD_ROWS 256
#define FOLD_ERRORS 8
/* The slowest of a batch, which are not folded. */
#define FOLD_SLOWEST 32
/* Classes of latencies: exact to 1/128; up to 2^47 ns, 39 hours. */
#define FOLD_CLASSES (41 * 128 + 128)
/* Requests that are followed at a time; a power of two. */
#define FOLD_OPEN (1u << 17)
/* What stands before each record that goes on: u64 time, u32 length. */
#define RECORD_HEAD 12

enum fold_kind { F_SUBMIT = 1, F_COMPLETE, F_FILE_GET, F_PUNT, F_DEFER, F_POLL_ARM, F_STEP, F_CREATE };

/* Where an event's fields stand in its record; 0 = it has none. */
struct fold_format {
	uint16_t id, kind, ctx, req, data, opcode, value, flags;
};

struct fold_spec {
	struct fold_format formats[FOLD_EVENTS_MAX];
	uint32_t count, rings, data;
	uint64_t ring[FOLD_RINGS_MAX], slower;
	/* The rate is low: nothing is folded, but what is open is known. */
	bool keep;
};

struct fold_event {
	uint64_t time;
	const uint8_t *record;
	/* 0 = of no request that began in this batch. */
	uint32_t life;
	uint16_t length, format;
};

struct fold_life {
	const uint8_t *submit;
	uint64_t begun, took;
	int32_t fd, result;
	uint16_t polls;
	uint8_t format, punted, deferred, ended, raw;
	uint32_t events;
};

struct fold_row {
	int32_t fd;
	uint8_t opcode, errors;
	uint32_t completed, punted, polls, deferred;
	uint32_t error[FOLD_ERRORS], times[FOLD_ERRORS];
	uint64_t least, most;
	uint32_t *classes;
};

/* Requests that are open, by their addresses. `life` 0: the client follows it. Kept from batch to batch. */
static struct {
	struct { uint64_t req; uint32_t life; } *slots;
	uint32_t used;
} open_requests;

static struct {
	struct fold_event *events, *other;
	struct fold_life *lives;
	struct fold_row rows[FOLD_ROWS];
	uint32_t slowest[FOLD_SLOWEST];
	uint32_t count, room, born, slow, row_count, folded, polled, lost, damaged;
	bool full;
} batch;

static bool read_fold_spec(const uint8_t *body, size_t size, struct fold_spec *spec)
{
	if (size < FOLD_HEAD)
		return false;
	spec->slower = get64(body);
	spec->data = get16(body + 8);
	spec->count = get16(body + 10);
	spec->rings = get32(body + 12);
	if (spec->count > FOLD_EVENTS_MAX || spec->rings > FOLD_RINGS_MAX || spec->data < PAGE_HEAD || spec->data > 64 ||
	    size != FOLD_HEAD + FOLD_EVENT * (size_t)spec->count + 8 * (size_t)spec->rings)
		return false;
	memcpy(spec->formats, body + FOLD_HEAD, FOLD_EVENT * spec->count);
	memcpy(spec->ring, body + FOLD_HEAD + FOLD_EVENT * spec->count, 8 * spec->rings);
	return true;
}

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

static bool is_folded_ring(const struct fold_spec *spec, uint64_t ctx)
{
	for (uint32_t i = 0; i < spec->rings; i++)
		if (spec->ring[i] == ctx)
			return true;
	return false;
}

static void add_event(uint64_t time, const uint8_t *record, uint32_t length)
{
	batch.full |= batch.count == batch.room;
	if (!batch.full)
		batch.events[batch.count++] = (struct fold_event){time, record, 0, (uint16_t)length, 0};
}

/* What page.ts does: the records of a page. The time of the last one. */
static uint64_t read_records(const uint8_t *page, uint32_t size, uint32_t at)
{
	uint32_t commit = get32(page + 8), written = at + (commit & 0xfffffff);
	uint32_t end = written < size ? written : size;
	uint64_t time = get64(page);
	if (commit & 0x80000000u)
		batch.lost += commit & 0x40000000u && written + 8 <= size ? (uint32_t)get64(page + written) : 1;
	if (written > size)
		batch.damaged++;
	while (at + 4 <= end) {
		uint32_t head = get32(page + at), type = head & 31, delta = head >> 5, start = at + 4, length = type * 4;
		if (type == 29 && !delta)
			break;
		if ((type >= 29 || !type) && start + 4 > end) {
			batch.damaged++;
			break;
		}
		if (type == 29) {
			time += delta;
			uint64_t next = start + (uint64_t)get32(page + start);
			if (next > end) {
				batch.damaged++;
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
			batch.damaged++;
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
		struct fold_event *from = batch.events, *to = batch.other, *end = from + batch.count;
		sorted = true;
		while (from < end) {
			struct fold_event *a = from, *b = from + 1;
			while (b < end && b[-1].time <= b->time)
				b++;
			struct fold_event *middle = b, *stop = b < end ? b + 1 : b;
			while (stop < end && b < end && stop[-1].time <= stop->time)
				stop++;
			sorted = sorted && a == batch.events && middle == end;
			while (a < middle || b < stop)
				*to++ = b == stop || (a < middle && a->time <= b->time) ? *a++ : *b++;
			from = stop;
		}
		struct fold_event *merged = batch.other;
		batch.other = batch.events;
		batch.events = merged;
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

static void begin_life(struct fold_event *event, uint64_t req, bool raw)
{
	uint32_t at = slot_of(req);
	if (open_requests.slots[at].req) {
		/* Its end was not seen: the client has to see both. */
		batch.lives[open_requests.slots[at].life].raw = 1;
		raw = true;
	} else if (open_requests.used >= FOLD_OPEN / 2) {
		return;
	} else {
		open_requests.used++;
	}
	struct fold_life *life = &batch.lives[++batch.born];
	*life = (struct fold_life){.submit = event->record, .begun = event->time, .fd = -1, .raw = raw, .events = 1,
				   .format = (uint8_t)event->format};
	event->life = batch.born;
	open_requests.slots[at].req = req;
	open_requests.slots[at].life = batch.born;
}

/* Whether it is about the request that was submitted, and not another one at the same address. */
static bool is_same(const struct fold_format *formats, const struct fold_event *event, const struct fold_life *life)
{
	const struct fold_format *of = &formats[event->format], *born = &formats[life->format];
	return (!of->ctx || field64(event, of->ctx) == get64(life->submit + born->ctx)) &&
	       (!of->data || field64(event, of->data) == get64(life->submit + born->data));
}

static struct fold_row *row_of(uint8_t opcode, int32_t fd)
{
	uint32_t i = 0;
	while (i < batch.row_count && (batch.rows[i].opcode != opcode || batch.rows[i].fd != fd))
		i++;
	struct fold_row *row = &batch.rows[i];
	if (i < batch.row_count)
		return row;
	uint32_t *classes = i < FOLD_ROWS ? calloc(FOLD_CLASSES, sizeof *classes) : NULL;
	if (!classes)
		return NULL;
	*row = (struct fold_row){.fd = fd, .opcode = opcode, .least = UINT64_MAX, .classes = classes};
	batch.row_count++;
	return row;
}

static uint32_t class_of(uint64_t value)
{
	if (value < 256)
		return (uint32_t)value;
	uint32_t shift = 56 - (uint32_t)__builtin_clzll(value);
	return shift * 128 + (uint32_t)(value >> shift);
}

static bool note_error(struct fold_row *row, int32_t result)
{
	if (result >= 0)
		return true;
	uint8_t i = 0;
	while (i < row->errors && row->error[i] != (uint32_t)-result)
		i++;
	if (i == FOLD_ERRORS)
		return false;
	if (i == row->errors) {
		row->error[i] = (uint32_t)-result;
		row->times[i] = 0;
		row->errors++;
	}
	row->times[i]++;
	return true;
}

static void fold_life(const struct fold_spec *spec, struct fold_life *life)
{
	const struct fold_format *born = &spec->formats[life->format];
	struct fold_row *row = life->took >> 47 ? NULL : row_of(born->opcode ? life->submit[born->opcode] : 0, life->fd);
	if (!row || !note_error(row, life->result)) {
		life->raw = 1;
		return;
	}
	row->completed++;
	row->punted += life->punted;
	row->deferred += life->deferred;
	row->polls += life->polls;
	row->classes[class_of(life->took)]++;
	row->least = life->took < row->least ? life->took : row->least;
	row->most = life->took > row->most ? life->took : row->most;
	batch.folded++;
	batch.polled += born->value && life->submit[born->value];
}

/* Keeps those back that may be among the slowest of all. */
static void end_life(const struct fold_spec *spec, uint32_t number)
{
	struct fold_life *life = &batch.lives[number];
	uint32_t at = batch.slow;
	if (life->took <= spec->slower) {
		fold_life(spec, life);
		return;
	}
	if (at == FOLD_SLOWEST) {
		if (life->took <= batch.lives[batch.slowest[0]].took) {
			fold_life(spec, life);
			return;
		}
		fold_life(spec, &batch.lives[batch.slowest[0]]);
		memmove(batch.slowest, batch.slowest + 1, --at * sizeof *batch.slowest);
	}
	batch.slow = at + 1;
	for (; at > 0 && batch.lives[batch.slowest[at - 1]].took > life->took; at--)
		batch.slowest[at] = batch.slowest[at - 1];
	batch.slowest[at] = number;
}

static void follow_event(const struct fold_spec *spec, struct fold_event *event, uint64_t safe)
{
	const struct fold_format *of = &spec->formats[event->format];
	uint64_t req = field64(event, of->req);
	if (!req)
		return;
	if (of->kind == F_SUBMIT) {
		if (is_folded_ring(spec, field64(event, of->ctx)) && event->length >= of->data + 8 &&
		    event->length > of->opcode && event->length > of->value)
			begin_life(event, req, spec->keep);
		return;
	}
	uint32_t at = slot_of(req), number = open_requests.slots[at].life;
	if (!open_requests.slots[at].req)
		return;
	struct fold_life *life = &batch.lives[number];
	bool is_last = of->kind == F_COMPLETE && !(field32(event, of->flags) & 10);
	if (number && !is_same(spec->formats, event, life)) {
		life->raw = 1;
		return;
	}
	if (number) {
		event->life = number;
		life->events++;
		life->fd = of->kind == F_FILE_GET ? (int32_t)field32(event, of->value) : life->fd;
		life->punted |= of->kind == F_PUNT;
		life->deferred |= of->kind == F_DEFER;
		life->polls += of->kind == F_POLL_ARM;
		life->raw |= of->kind == F_COMPLETE && (!is_last || event->time >= safe);
	}
	if (!is_last)
		return;
	forget_request(at);
	if (number) {
		life->result = (int32_t)field32(event, of->value);
		life->took = event->time - life->begun;
		life->ended = 1;
		if (!life->raw)
			end_life(spec, number);
	}
}

/* False where a ring came to be at an address that is folded: whose it is the client knows. */
static bool know_formats(const struct fold_spec *spec)
{
	for (uint32_t i = 0; i < batch.count; i++) {
		struct fold_event *event = &batch.events[i];
		event->format = FOLD_EVENTS_MAX;
		for (uint16_t j = 0; j < spec->count; j++)
			if (spec->formats[j].id == get16(event->record))
				event->format = j;
		if (event->format == FOLD_EVENTS_MAX)
			continue;
		const struct fold_format *of = &spec->formats[event->format];
		if (of->kind == F_CREATE && is_folded_ring(spec, field64(event, of->ctx)))
			return false;
	}
	return true;
}

static uint8_t *put_row(uint8_t *p, struct fold_row *row)
{
	uint8_t *count;
	row->classes[class_of(row->least)]--;
	if (row->completed > 1)
		row->classes[class_of(row->most)]--;
	*p++ = row->opcode;
	*p++ = row->errors;
	p = put32(put16(p, 0), (uint32_t)row->fd);
	p = put32(put32(put32(put32(p, row->completed), row->punted), row->polls), row->deferred);
	count = put64(put64(p, row->least), row->most);
	p = count + 4;
	for (uint8_t i = 0; i < row->errors; i++)
		p = put32(put32(p, row->error[i]), row->times[i]);
	uint32_t classes = 0;
	for (uint32_t i = 0; i < FOLD_CLASSES; i++) {
		if (!row->classes[i])
			continue;
		p = put32(put32(p, i), row->classes[i]);
		classes++;
	}
	put32(count, classes);
	return p;
}

/* A row, its errors, its classes at the most. */
#define ROW_MOST(row) (44u + 8 * FOLD_ERRORS + 8 * ((row)->completed < FOLD_CLASSES ? (row)->completed : FOLD_CLASSES))

static void free_batch(void)
{
	for (uint32_t i = 0; i < batch.row_count; i++)
		free(batch.rows[i].classes);
	free(batch.events);
	free(batch.other);
	free(batch.lives);
	batch.events = batch.other = NULL;
	batch.lives = NULL;
	batch.row_count = 0;
}

/* Room for the events of so many bytes of pages. */
static bool make_batch(uint32_t bytes)
{
	if (!open_requests.slots)
		open_requests.slots = calloc(FOLD_OPEN, sizeof *open_requests.slots);
	memset(&batch, 0, sizeof batch);
	/* Most records are far longer; where they are not, nothing is folded. */
	batch.room = bytes / 20 + 1;
	batch.events = malloc(batch.room * sizeof *batch.events);
	batch.other = malloc(batch.room * sizeof *batch.other);
	if (open_requests.slots && batch.events && batch.other)
		return true;
	free_batch();
	return false;
}

/* Where requests are open, whose lives end with this batch: the client follows them. */
static void hand_over(void)
{
	for (uint32_t i = 0; i < FOLD_OPEN; i++)
		open_requests.slots[i].life = 0;
}

/* Follows what read_records has added, which is all that happened before `safe`. False: the pages have to be told as they are. */
static bool follow_batch(const struct fold_spec *spec, uint64_t safe)
{
	batch.lives = malloc(((size_t)batch.count + 1) * sizeof *batch.lives);
	if (batch.full || !batch.lives || !know_formats(spec))
		return false;
	batch.lives[0] = (struct fold_life){.raw = 1};
	sort_events();
	for (uint32_t i = 0; i < batch.count; i++)
		if (batch.events[i].format != FOLD_EVENTS_MAX)
			follow_event(spec, &batch.events[i], safe);
	for (uint32_t i = 0; i < batch.slow; i++)
		batch.lives[batch.slowest[i]].raw = 1;
	if (batch.born)
		hand_over();
	return true;
}

static bool goes_on(const struct fold_event *event)
{
	const struct fold_life *life = &batch.lives[event->life];
	return life->raw || !life->ended;
}

/* Bytes of put_records and put_rows, at the most. */
static uint64_t most_told(void)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < batch.count; i++)
		if (goes_on(&batch.events[i]))
			bytes += RECORD_HEAD + batch.events[i].length;
	for (uint32_t i = 0; i < batch.row_count; i++)
		bytes += ROW_MOST(&batch.rows[i]);
	return bytes;
}

static uint8_t *put_records(uint8_t *p)
{
	for (uint32_t i = 0; i < batch.count; i++) {
		const struct fold_event *event = &batch.events[i];
		if (!goes_on(event))
			continue;
		p = put32(put64(p, event->time), event->length);
		memcpy(p, event->record, event->length);
		p += event->length;
	}
	return p;
}

/* Events that were folded, requests of these, of which so many a SQPOLL thread had submitted; events lost, pages damaged; rows. */
static uint8_t *put_rows(uint8_t *p, uint32_t bytes)
{
	uint32_t events = 0;
	for (uint32_t i = 0; i < batch.count; i++)
		events += !goes_on(&batch.events[i]);
	p = put32(put32(put32(p, bytes), events), batch.folded);
	p = put32(put32(put32(p, batch.polled), batch.lost), batch.damaged);
	for (uint32_t i = 0; i < batch.row_count; i++)
		p = put_row(p, &batch.rows[i]);
	return p;
}

#endif
