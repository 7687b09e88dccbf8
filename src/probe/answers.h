/* SPDX-License-Identifier: MIT */
/* What is answered next: what the reader has handed over, or the error of an item that it hangs in. */
#ifndef PROBE_ANSWERS_H
#define PROBE_ANSWERS_H

#include <sys/resource.h>

#include "output.h"

/* Milliseconds between two looks at a buffer that is not full, after which what it holds is handed over. */
#define SLOW 20
/* Deadlines that a reader gets which does run, or would if there were a processor for it. */
#define STARVED 4

/* Collects readers that have died. */
static void reap(void)
{
	pid_t pid;
	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (pid == reader_pid) {
			reader_pid = 0;
			if (!now.active && !out.buffer) {
				munmap(generation, sizeof *generation);
				generation = NULL;
			}
			continue;
		}
		uint32_t count = atomic_load(&shared->hung_count);
		for (uint32_t i = 0; i < count; i++)
			if (shared->hung[i].reader == pid) {
				shared->hung[i] = shared->hung[count - 1];
				atomic_store(&shared->hung_count, count - 1);
				break;
			}
	}
}

/* Puts the reader aside and answers what it completed; `error` for its present item if it made no progress. */
static void abandon(uint16_t error)
{
	struct buffer *buffer = &generation->buffers[now.next];
	uint64_t before = now.seen;
	if (reader_pid > 0) {
		uint32_t item = now.done + (uint32_t)(atomic_load(&buffer->progress) >> 32);
		uint64_t key = item < shared->count ? key_of(item_at(item)) : 0;
		/* One that waits for a lock could be killed, and would tell no more when the lock is free. */
		if (waits_for_map(key))
			atomic_store(&generation->abandoned, true);
		else
			kill(reader_pid, SIGKILL);
		if (waitpid(reader_pid, NULL, WNOHANG) == 0) {
			uint32_t count = atomic_load(&shared->hung_count);
			shared->hung[count] = (struct hung){reader_pid, key};
			atomic_store(&shared->hung_count, count + 1);
		}
		reader_pid = 0;
	}
	uint64_t progress = atomic_load(&buffer->progress);
	uint32_t answers = (uint32_t)(progress >> 32), bytes = (uint32_t)progress;
	uint32_t tail = 0;
	now.done += answers;
	if (progress == before && now.done < shared->count) {
		put_answer(out.tail, 0, error, 0);
		tail = ANSWER_HEAD;
		now.done++;
	}
	atomic_store(&shared->first, now.done);
	out.retired = generation;
	generation = NULL;
	send_frame(ANSWERS, buffer->data, bytes, tail);
}

static uint64_t time_on(clockid_t clock)
{
	struct timespec t = {0};
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Of the probe, its present reader and those that have ended. Nanoseconds. */
static uint64_t processor_time(void)
{
	struct rusage ended = {0};
	clockid_t reader;
	getrusage(RUSAGE_CHILDREN, &ended);
	uint64_t sum = time_on(CLOCK_PROCESS_CPUTIME_ID);
	sum += (uint64_t)(ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) * 1000000000u;
	sum += (uint64_t)(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec) * 1000u;
	return reader_pid > 0 && !clock_getcpuclockid(reader_pid, &reader) ? sum + time_on(reader) : sum;
}

static void refuse_rest(void)
{
	uint32_t tail = 0;
	for (; now.done < shared->count && tail + ANSWER_HEAD <= sizeof out.tail; now.done++) {
		put_answer(out.tail + tail, 0, EBUSY, 0);
		tail += ANSWER_HEAD;
	}
	send_frame(ANSWERS, NULL, 0, tail);
}

/* Prepares the next frame for stdout, if there is one. */
static void next_frame(void)
{
	if (!now.active)
		return;
	if (now.done == shared->count) {
		put64(put32(out.tail, shared->count), processor_time());
		send_frame(DONE, NULL, 0, 12);
		now.active = false;
		return;
	}
	if (!generation) {
		if (atomic_load(&shared->hung_count) >= HUNG_MAX || !start_reader())
			refuse_rest();
		return;
	}
	struct buffer *buffer = &generation->buffers[now.next];
	if (atomic_load(&buffer->full)) {
		uint64_t progress = atomic_load(&buffer->progress);
		now.done += (uint32_t)(progress >> 32);
		out.buffer = buffer;
		now.next ^= 1;
		now.seen = 0;
		now.since = clock_ms();
		send_frame(ANSWERS, buffer->data, (uint32_t)progress, 0);
		return;
	}
	uint64_t progress = atomic_load(&buffer->progress);
	if (progress != now.seen) {
		bool slow = now.seen && clock_ms() - now.since >= SLOW;
		now.seen = progress;
		now.since = clock_ms();
		atomic_store(&buffer->hurry, slow);
		return;
	}
	uint32_t item = now.done + (uint32_t)(progress >> 32);
	if (reader_pid == 0) {
		abandon(EIO);
	} else if (item < shared->count) {
		int64_t waited = clock_ms() - now.since, deadline = deadline_of(item);
		if (waited >= deadline && (waited >= STARVED * deadline || !reader_runs()))
			abandon(ETIMEDOUT);
	}
}

#endif
