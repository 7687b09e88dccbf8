/* SPDX-License-Identifier: MIT */
/* Counts and latencies of folded requests, by operation, descriptor and second of the trace. */
#ifndef PROBE_FOLD_ROWS_H
#define PROBE_FOLD_ROWS_H

#include <stdbool.h>
#include <stdlib.h>

#include "wire.h"

#define FOLD_ROWS 256
#define FOLD_ERRORS 8
/* Classes of latencies: exact to 1/128; up to 2^47 ns, 39 hours. */
#define FOLD_CLASSES (41 * 128 + 128)
/* A row, its errors, its classes at the most. */
#define ROW_MOST(row) (60u + 8 * FOLD_ERRORS + 8 * ((row)->completed < FOLD_CLASSES ? (row)->completed : FOLD_CLASSES))

struct fold_row {
	int32_t fd;
	uint8_t opcode, errors;
	uint32_t second, completed, punted, polls, deferred, forced;
	uint32_t error[FOLD_ERRORS], times[FOLD_ERRORS];
	uint64_t least, most, sum;
	uint32_t *classes;
};

static struct {
	struct fold_row all[FOLD_ROWS];
	uint32_t count;
} rows;

static void free_rows(void)
{
	for (uint32_t i = 0; i < rows.count; i++)
		free(rows.all[i].classes);
	rows.count = 0;
}

static struct fold_row *row_of(uint8_t opcode, int32_t fd, uint32_t second)
{
	uint32_t i = rows.count;
	/* The newest first: of the last second. */
	while (i > 0 && (rows.all[i - 1].opcode != opcode || rows.all[i - 1].fd != fd || rows.all[i - 1].second != second))
		i--;
	if (i > 0)
		return &rows.all[i - 1];
	i = rows.count;
	struct fold_row *row = &rows.all[i];
	uint32_t *classes = i < FOLD_ROWS ? calloc(FOLD_CLASSES, sizeof *classes) : NULL;
	if (!classes)
		return NULL;
	*row = (struct fold_row){.fd = fd, .opcode = opcode, .second = second, .least = UINT64_MAX, .classes = classes};
	rows.count++;
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

static uint8_t *put_row(uint8_t *p, struct fold_row *row)
{
	uint8_t *count;
	row->classes[class_of(row->least)]--;
	if (row->completed > 1)
		row->classes[class_of(row->most)]--;
	*p++ = row->opcode;
	*p++ = row->errors;
	p = put32(put32(put16(p, 0), (uint32_t)row->fd), row->second);
	p = put32(put32(put32(p, row->completed), row->punted), row->polls);
	p = put32(put32(p, row->deferred), row->forced);
	count = put64(put64(put64(p, row->least), row->most), row->sum);
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

#endif
