/* SPDX-License-Identifier: MIT */
/*
 * io-uring-probe: reads what /proc, /sys and the kernel's memory say about processes, for the io_uring Inspector.
 *
 *     cc -O2 -static -o io-uring-probe probe.c
 *
 * Here the parent goes round. requests.h takes in, watch.h looks after the reader, answers.h and output.h give out;
 * wire.h has the format, allow.h what may be read, verbs.h, elf.h, kernel.h, trace.h and sockets.h how one item is answered, reader.h
 * the process that does so. With --no-kernel-memory it reads files and processes only, with
 * --no-memory of processes no memory but their rings': what a sudo rule grants is then allow.h and no more.
 *
 * Answers framed requests (wire.h) on stdin and stdout, in order, and ends when stdin closes or has been silent for as
 * long as the client has said. It writes nothing anywhere, but for the tracefs instance of its own while it is asked to trace (trace.h). Every read of the target happens in a child, the reader: a read past its
 * deadline is answered ETIMEDOUT, its reader killed and left to die when the kernel lets it (or left to
 * wait, where it waits for the lock of a memory map: as long as it does, nobody else has to), and a new
 * reader goes on with the next item. The reader holds neither stdin, stdout nor stderr, so one which
 * never dies keeps no pipe or SSH session open; its answers travel through two shared buffers, one of
 * which it fills while the other is written out.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>

#include "answers.h"
#include "hello.h"
#include "requests.h"
#include "setup.h"

/* True where the connection is one file, as a virtio port or a socket is. */
static bool one_file(int a, int b)
{
	struct stat is, its;
	return !fstat(a, &is) && !fstat(b, &its) && is.st_dev == its.st_dev && is.st_ino == its.st_ino;
}

static void serve(void)
{
	sigset_t none;
	sigemptyset(&none);
	/*
	 * Asking about the same file twice loses input on a virtio port: what arrives between the two questions is taken
	 * from the device by the second, which does not want it, and wakes nobody.
	 */
	int idle_output = one_file(STDIN_FILENO, STDOUT_FILENO) ? -1 : STDOUT_FILENO;
	for (;;) {
		next_request();
		if (!out_pending())
			next_frame();
		if (out_pending()) {
			if (write_out())
				sign_of_life();
			if (!out_pending())
				continue;
		}
		struct pollfd fds[] = {
			{STDIN_FILENO, POLLRDHUP | (input_end - input_start < sizeof input ? POLLIN : 0), 0},
			{out_pending() ? STDOUT_FILENO : idle_output, out_pending() ? POLLOUT : 0, 0},
			{from_reader, POLLIN, 0},
		};
		int wait = out_pending() ? -1 : patience(), left = silence_left();
		if (left >= 0 && (wait < 0 || left < wait))
			wait = left;
		struct timespec timeout = {wait / 1000, wait % 1000 * 1000000L};
		int n = ppoll(fds, 3, wait < 0 ? NULL : &timeout, &none);
		reap();
		/* What came while nobody ran is heard first. */
		if (n == 0 && silence_left() == 0)
			leave_in_silence();
		if (n <= 0)
			continue;
		if (fds[0].revents & POLLIN)
			read_in();
		else if (fds[0].revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL))
			finish(0);
		if (fds[1].revents & (POLLERR | POLLNVAL))
			finish(0);
		if (fds[2].revents & POLLIN)
			wait_event(from_reader);
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("io-uring-probe " PROBE_VERSION);
		return 0;
	}
	process_memory = argc != 2 || strcmp(argv[1], "--no-memory");
	kernel_memory = process_memory && (argc != 2 || strcmp(argv[1], "--no-kernel-memory"));
	if (argc > (kernel_memory ? 1 : 2) || isatty(STDIN_FILENO)) {
		fputs("io-uring-probe answers the io_uring Inspector over stdin and stdout; it is not for people.\n"
		      "It reads /proc, /sys and, unless started with --no-kernel-memory, the kernel's memory; it writes nothing\n"
		      "but, when asked to trace, in a tracefs instance of its own.\n",
		      stderr);
		return 2;
	}
	set_up();
	say_hello();
	write_out();
	/* While the client makes up its first question; without success next_frame tries again. */
	start_reader();
	serve();
}
