/* SPDX-License-Identifier: MIT */
/*
 * io-uring-probe: reads what /proc, /sys and the kernel's memory say about processes, for the io_uring Inspector.
 *
 *     cc -O2 -static -o io-uring-probe probe.c
 *
 * Here is the parent. wire.h has the format, allow.h what may be read, verbs.h, kernel.h and sockets.h how one
 * item is answered, reader.h the process that does so. With --no-kernel-memory it reads files and processes only, with
 * --no-memory of processes no memory but their rings': what a sudo rule grants is then allow.h and no more.
 *
 * Answers framed requests (wire.h) on stdin and stdout, in order, and ends when stdin closes. It
 * writes nothing anywhere. Every read of the target happens in a child, the reader: a read past its
 * deadline is answered ETIMEDOUT, its reader killed and left to die when the kernel lets it (or left to
 * wait, where it waits for the lock of a memory map: as long as it does, nobody else has to), and a new
 * reader goes on with the next item. The reader holds neither stdin, stdout nor stderr, so one which
 * never dies keeps no pipe or SSH session open; its answers travel through two shared buffers, one of
 * which it fills while the other is written out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>

#include "reader.h"
#include "setup.h"

#ifndef PROBE_VERSION
#define PROBE_VERSION "development"
#endif

/* Milliseconds between two looks at a buffer that is not full, after which what it holds is handed over. */
#define SLOW 20
/* Deadlines that a reader gets which does run, or would if there were a processor for it. */
#define STARVED 4

/* The present reader; 0 when it has died. */
static pid_t reader_pid;
static struct generation *generation;

/* The request under way. */
static struct {
	bool active;
	uint32_t id;
	/* Items answered to the client, or about to be. */
	uint32_t done;
	/* The buffer that will be handed over next, and what its progress was at `since`. */
	int next;
	uint64_t seen;
	int64_t since;
} now;

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

static uint8_t input[4 + REQUEST_MAX];
static size_t input_start, input_end;

static int64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

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

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Starts a reader for the items from `now.done` on. False when the system gives no process or memory. */
static bool start_reader(void)
{
	generation = share(sizeof *generation);
	if (!generation)
		return false;
	pid_t parent = getpid();
	uint32_t sequence = atomic_load(&shared->sequence) + (now.active ? 0 : 1);
	pid_t pid = fork();
	if (pid < 0) {
		munmap(generation, sizeof *generation);
		generation = NULL;
		return false;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(0);
		close(STDIN_FILENO);
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		run_reader(generation, sequence);
		_exit(0);
	}
	reader_pid = pid;
	now.next = 0;
	now.seen = 0;
	now.since = clock_ms();
	return true;
}

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

static const uint8_t *item_at(uint32_t index)
{
	return shared->request + shared->items[index];
}

static int64_t deadline_of(uint32_t item)
{
	uint32_t deadline = bounded(get32(item_at(item) + 4), DEADLINE_MAX);
	return deadline < DEADLINE_MIN ? DEADLINE_MIN : deadline;
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

/*
 * Whether the reader is on a processor or waits for one: on a machine that busy it gets more time. Its
 * stat can be read without fear: it takes no lock that the reader could hold.
 */
static bool reader_runs(void)
{
	char path[32], text[128];
	snprintf(path, sizeof path, "%d/stat", reader_pid);
	int fd = openat(roots.proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	const char *end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'R';
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

/* Milliseconds after which the reader wants a look; -1 = never. */
static int patience(void)
{
	if (!now.active || !generation)
		return -1;
	if (reader_pid == 0)
		return 0;
	uint32_t item = now.done + (uint32_t)(now.seen >> 32);
	if (item >= shared->count)
		return 100;
	/* Progress is noticed by looking: four looks in a deadline make it exact to a quarter. */
	int64_t deadline = deadline_of(item);
	int64_t left = now.since + deadline - clock_ms();
	int64_t look = deadline / 4 + 1;
	return (int)(left >= 0 && left < look ? left + 1 : look);
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

static void write_out(void)
{
	ssize_t n = writev(STDOUT_FILENO, out.part, 3);
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return;
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
	if (n > 0)
		input_end += (size_t)n;
}

static void on_child(int signal)
{
	(void)signal;
}

static uint8_t *put_text(uint8_t *p, const char *text)
{
	size_t n = strlen(text);
	memcpy(put16(p, (uint16_t)n), text, n);
	return p + 2 + n;
}

static void say_hello(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct caps[2] = {{0}};
	struct timespec boot = {0};
	struct utsname name;
	syscall(SYS_capget, &head, caps);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	uname(&name);
	memcpy(out.tail, "IURP", 4);
	uint8_t *p = put16(put16(out.tail + 4, PROTOCOL), 0);
	p = put32(p, (uint32_t)getpid());
	p = put32(p, (uint32_t)geteuid());
	p = put64(p, (uint64_t)caps[1].effective << 32 | caps[0].effective);
	p = put64(p, (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec);
	p = put32(p, (uint32_t)sysconf(_SC_PAGESIZE));
	p = put32(p, (uint32_t)sysconf(_SC_CLK_TCK));
	p = put32(p, (uint32_t)sysconf(_SC_NPROCESSORS_ONLN));
	p = put_text(p, PROBE_VERSION);
	p = put_text(p, name.machine);
	p = put_text(p, name.release);
	p = put_text(p, name.nodename);
	send_frame(HELLO, NULL, 0, (size_t)(p - out.tail));
}

static void set_up(void)
{
	sigset_t child;
	struct sigaction action = {.sa_handler = on_child};
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* An interrupt from the terminal is for whoever started it; the probe ends with its stdin. */
	signal(SIGINT, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	tidy_descriptors();
	no_blocking(STDIN_FILENO);
	no_blocking(STDOUT_FILENO);
	shared = share(sizeof *shared);
	to_reader = eventfd(0, EFD_CLOEXEC);
	from_reader = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!shared || to_reader < 0 || from_reader < 0)
		fatal("The system gives no memory or descriptors.");
	if (!open_roots())
		fatal("/proc is not mounted here.");
}

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
			write_out();
			if (!out_pending())
				continue;
		}
		struct pollfd fds[] = {
			{STDIN_FILENO, POLLRDHUP | (input_end - input_start < sizeof input ? POLLIN : 0), 0},
			{out_pending() ? STDOUT_FILENO : idle_output, out_pending() ? POLLOUT : 0, 0},
			{from_reader, POLLIN, 0},
		};
		int wait = out_pending() ? -1 : patience();
		struct timespec timeout = {wait / 1000, wait % 1000 * 1000000L};
		int n = ppoll(fds, 3, wait < 0 ? NULL : &timeout, &none);
		reap();
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
		      "It reads /proc, /sys and, unless started with --no-kernel-memory, the kernel's memory, and writes nothing.\n",
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
