/* SPDX-License-Identifier: MIT */
/*
 * Requests that begin and end within one drain, folded into counts and latencies by operation and descriptor: at a high rate that is
 * nearly all of them, and what the client then has to look at is next to nothing. The rest goes on to it as it is, record
 * by record: what is still open, what began before, multishot requests, the slowest, what is not understood. So the client alone says what a
 * request's life is, and a reader that is replaced loses nothing.
 */
#ifndef PROBE_FOLD_H
#define PROBE_FOLD_H

#include "foldOpen.h"
#include "foldPages.h"
#include "foldRows.h"

/* What stands before the rows. */
#define FOLD_TOLD 24
/* The slowest of a batch, which are not folded. */
#define FOLD_SLOWEST 32
/* What stands before each record that goes on: u64 time, u32 length. */
#define RECORD_HEAD 12
#define IOSQE_ASYNC 16

struct fold_life {
	const uint8_t *submit;
	uint64_t begun, took;
	int32_t fd, result;
	uint16_t polls;
	uint8_t format, punted, deferred, ended, raw;
	uint32_t events;
};

static struct {
	struct fold_life *lives;
	uint32_t slowest[FOLD_SLOWEST];
	uint32_t born, slow, folded, polled;
} batch;

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

static void fold_life(const struct fold_spec *spec, struct fold_life *life)
{
	const struct fold_format *born = &spec->formats[life->format];
	uint64_t end = life->begun + life->took, second = end > spec->origin ? (end - spec->origin) / 1000000000u : 0;
	struct fold_row *row = life->took >> 47 ? NULL : row_of(born->opcode ? life->submit[born->opcode] : 0, life->fd, (uint32_t)second);
	if (!row || !note_error(row, life->result)) {
		life->raw = 1;
		return;
	}
	row->completed++;
	row->punted += life->punted;
	row->deferred += life->deferred;
	row->polls += life->polls;
	row->forced += born->flags && life->submit[born->flags] & IOSQE_ASYNC;
	row->sum += life->took;
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
		    event->length > of->opcode && event->length > of->value && event->length > of->flags)
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
	for (uint32_t i = 0; i < events.count; i++) {
		struct fold_event *event = &events.all[i];
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

static void free_batch(void)
{
	free_rows();
	free_events();
	free(batch.lives);
	batch.lives = NULL;
}

/* Room for the events of so many bytes of pages. */
static bool make_batch(uint32_t bytes)
{
	if (!open_requests.slots)
		open_requests.slots = calloc(FOLD_OPEN, sizeof *open_requests.slots);
	memset(&batch, 0, sizeof batch);
	if (make_events(bytes) && open_requests.slots)
		return true;
	free_batch();
	return false;
}

/* Follows what read_records has added, which is all that happened before `safe`. False: the pages have to be told as they are. */
static bool follow_batch(const struct fold_spec *spec, uint64_t safe)
{
	batch.lives = malloc(((size_t)events.count + 1) * sizeof *batch.lives);
	if (events.full || !batch.lives || !know_formats(spec))
		return false;
	batch.lives[0] = (struct fold_life){.raw = 1};
	sort_events();
	for (uint32_t i = 0; i < events.count; i++)
		if (events.all[i].format != FOLD_EVENTS_MAX)
			follow_event(spec, &events.all[i], safe);
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
	for (uint32_t i = 0; i < events.count; i++)
		if (goes_on(&events.all[i]))
			bytes += RECORD_HEAD + events.all[i].length;
	for (uint32_t i = 0; i < rows.count; i++)
		bytes += ROW_MOST(&rows.all[i]);
	return bytes;
}

static uint8_t *put_records(uint8_t *p)
{
	for (uint32_t i = 0; i < events.count; i++) {
		const struct fold_event *event = &events.all[i];
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
	uint32_t folded = 0;
	for (uint32_t i = 0; i < events.count; i++)
		folded += !goes_on(&events.all[i]);
	p = put32(put32(put32(p, bytes), folded), batch.folded);
	p = put32(put32(put32(p, batch.polled), events.lost), events.damaged);
	for (uint32_t i = 0; i < rows.count; i++)
		p = put_row(p, &rows.all[i]);
	return p;
}

#endif
