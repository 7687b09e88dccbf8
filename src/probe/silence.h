/* SPDX-License-Identifier: MIT */
/*
 * How long the probe stays where it hears nothing (verb IDLE). A network that has died without a word closes no stdin:
 * the SSH server notices it hours later, if at all.
 */
#ifndef PROBE_SILENCE_H
#define PROBE_SILENCE_H

#include "output.h"

/* Seconds that may be asked for. */
#define IDLE_MAX 86400u

/* Milliseconds; 0 = for ever. */
static int64_t silence_limit;
/* When something last came, or was taken: who still reads its answers is there. */
static int64_t last_sign;

static void sign_of_life(void)
{
	last_sign = clock_ms();
}

/* Milliseconds that it may yet last; -1 = without end. */
static int silence_left(void)
{
	if (!silence_limit)
		return -1;
	int64_t left = last_sign + silence_limit - clock_ms();
	return left > 0 ? (int)left : 0;
}

static void leave_in_silence(void)
{
	char why[80];
	snprintf(why, sizeof why, "It has left, for it had heard nothing for %d s.", (int)(silence_limit / 1000));
	fatal(why);
}

#endif
