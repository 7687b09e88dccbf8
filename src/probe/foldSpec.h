/* SPDX-License-Identifier: MIT */
/* What a client asks to be folded (wire.h has the bytes): which records are about requests, and where what stands in them. */
#ifndef PROBE_FOLD_SPEC_H
#define PROBE_FOLD_SPEC_H

#include <stdbool.h>

#include "wire.h"

#define PAGE_HEAD 16
#define FOLD_HEAD 24
#define FOLD_EVENT 16
#define FOLD_EVENTS_MAX 16
#define FOLD_RINGS_MAX 64

enum fold_kind { F_SUBMIT = 1, F_COMPLETE, F_FILE_GET, F_PUNT, F_DEFER, F_POLL_ARM, F_STEP, F_CREATE };

/* Where an event's fields stand in its record; 0 = it has none. */
struct fold_format {
	uint16_t id, kind, ctx, req, data, opcode, value, flags;
};

struct fold_spec {
	struct fold_format formats[FOLD_EVENTS_MAX];
	uint32_t count, rings, data;
	/* Nanoseconds: slower requests are not folded; when the trace began. */
	uint64_t ring[FOLD_RINGS_MAX], slower, origin;
	/* The rate is low: nothing is folded, but what is open is known. */
	bool keep;
};

static bool read_fold_spec(const uint8_t *body, size_t size, struct fold_spec *spec)
{
	if (size < FOLD_HEAD)
		return false;
	spec->slower = get64(body);
	spec->origin = get64(body + 8);
	spec->data = get16(body + 16);
	spec->count = get16(body + 18);
	spec->rings = get32(body + 20);
	if (spec->count > FOLD_EVENTS_MAX || spec->rings > FOLD_RINGS_MAX || spec->data < PAGE_HEAD || spec->data > 64 ||
	    size != FOLD_HEAD + FOLD_EVENT * (size_t)spec->count + 8 * (size_t)spec->rings)
		return false;
	memcpy(spec->formats, body + FOLD_HEAD, FOLD_EVENT * spec->count);
	memcpy(spec->ring, body + FOLD_HEAD + FOLD_EVENT * spec->count, 8 * spec->rings);
	return true;
}

static bool is_folded_ring(const struct fold_spec *spec, uint64_t ctx)
{
	for (uint32_t i = 0; i < spec->rings; i++)
		if (spec->ring[i] == ctx)
			return true;
	return false;
}

#endif
