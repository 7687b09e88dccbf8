/* SPDX-License-Identifier: MIT */
/* What the probe says: one frame at a time, written as fast as the client takes it. */
#ifndef PROBE_OUTPUT_H
#define PROBE_OUTPUT_H

#include <sys/uio.h>

#include "watch.h"

/* What is being written to stdout. */
static struct {
	struct iovec part[3];
	int at;
	uint8_t head[FRAME_HEAD + 4];
	uint8_t tail[HAND_OVER];
	/* Given back once written. */
	struct buffer *buffer;
	struct generation *retired;
} out;

static void finish(int code)
{
	if (reader_pid > 0) {
		kill(reader_pid, SIGKILL);
		for (int i = 0; i < 20 && waitpid(reader_pid, NULL, WNOHANG) == 0; i++)
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	_exit(code);
}

/* Tells the client why, as far as it still listens, and ends. */
static void fatal(const char *why)
{
	uint8_t frame[256];
	size_t n = strlen(why);
	/* In the middle of a frame nothing can be said any more. */
	bool between = out.at == 0;
	memset(frame, 0, FRAME_HEAD);
	put32(frame, (uint32_t)(8 + n));
	frame[4] = FATAL;
	memcpy(frame + FRAME_HEAD, why, n);
	if (between && write(STDOUT_FILENO, frame, FRAME_HEAD + n) < 0)
		finish(3);
	finish(2);
}

static void send_frame(enum kind kind, const uint8_t *data, size_t length, size_t tail)
{
	memset(out.head, 0, FRAME_HEAD);
	put32(out.head, (uint32_t)(8 + length + tail));
	out.head[4] = (uint8_t)kind;
	put32(out.head + 8, now.id);
	out.part[0] = (struct iovec){out.head, FRAME_HEAD};
	out.part[1] = (struct iovec){(void *)data, length};
	out.part[2] = (struct iovec){out.tail, tail};
	out.at = 0;
}

static bool out_pending(void)
{
	return out.part[0].iov_len || out.part[1].iov_len || out.part[2].iov_len;
}

static void give_back(void)
{
	if (out.buffer) {
		struct buffer *buffer = out.buffer;
		out.buffer = NULL;
		if ((uint32_t)atomic_load(&buffer->progress) > (2u << 20))
			madvise(buffer->data, sizeof buffer->data, MADV_REMOVE);
		atomic_store(&buffer->progress, 0);
		atomic_store(&buffer->hurry, false);
		atomic_store(&buffer->full, false);
		wake(to_reader);
		if (now.active && generation && &generation->buffers[now.next] == buffer)
			now.since = clock_ms();
	}
	if (out.retired)
		munmap(out.retired, sizeof *out.retired);
	out.retired = NULL;
}

/* Whether some of it was taken. */
static bool write_out(void)
{
	ssize_t n = writev(STDOUT_FILENO, out.part, 3);
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return false;
		finish(0);
	}
	out.at = 1;
	for (int i = 0; i < 3; i++) {
		size_t taken = (size_t)n < out.part[i].iov_len ? (size_t)n : out.part[i].iov_len;
		out.part[i].iov_base = (uint8_t *)out.part[i].iov_base + taken;
		out.part[i].iov_len -= taken;
		n -= (ssize_t)taken;
	}
	if (!out_pending()) {
		out.at = 0;
		give_back();
	}
	return true;
}

#endif
