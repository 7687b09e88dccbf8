/* States of reported incidents that no other theme has; the reports are named in test/scoreboard/README.md. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "scenes.h"
#include "victim.h"

static char buffer[4096];

static unsigned number(char **arguments, unsigned usual) {
  return arguments[0] ? (unsigned)atoi(arguments[0]) : usual;
}

static void short_pause(long milliseconds) {
  struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
  nanosleep(&pause, NULL);
}

static void allow(int resource, unsigned count) {
  struct rlimit limit;
  getrlimit(resource, &limit);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = count;
  if (limit.rlim_max < count) limit.rlim_max = count;
  if (setrlimit(resource, &limit) < 0) unsupported("the limit of open files is too low (ulimit -n)");
}

static void poll_for_input(struct ring *ring, int fd, unsigned flags) {
  struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_POLL_ADD, fd);
  sqe->poll32_events = EPOLLIN;
  sqe->len = flags;
}

/* COUNT polls of one eventfd, as a program has them that arms anew for each wait and cancels none. */
static void polls_pile(struct ring *ring, char **arguments) {
  unsigned count = number(arguments, 512);
  int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) die("eventfd");
  ring_open(ring, (struct ring_options){.entries = 1024});
  while (count--) poll_for_input(ring, fd, 0);
  ring_submit(ring);
  ready("\"operation\":\"POLL_ADD\",\"inFlight\":%u,\"fd\":%d", ring->filled, fd);
  ring_wait(ring, 1);
  park();
}

/* 40 receives on one socket, and a further one every 200 ms; each is given up and none cancelled. */
static void polls_grow(struct ring *ring, char **arguments) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  ring_open(ring, (struct ring_options){.entries = 1024});
  for (unsigned i = 0; i < 40; i++) ring_rw(ring, IORING_OP_RECV, ends[0], buffer, sizeof buffer, 0);
  ring_submit(ring);
  ready("\"operation\":\"RECV\",\"fd\":%d", ends[0]);
  for (;;) {
    short_pause(200);
    ring_rw(ring, IORING_OP_RECV, ends[0], buffer, sizeof buffer, 0);
    ring_submit(ring);
  }
}

/* A server that gains a client every 200 ms, each with a receive on a socket of its own; 40 are there from the start. */
static void clients_grow(struct ring *ring, char **arguments) {
  allow(RLIMIT_NOFILE, 4096);
  ring_open(ring, (struct ring_options){.entries = 1024});
  for (unsigned clients = 0;; clients++) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
    ring_rw(ring, IORING_OP_RECV, ends[0], buffer, sizeof buffer, 0);
    ring_submit(ring);
    if (clients == 40) ready("\"operation\":\"RECV\"");
    if (clients >= 40) short_pause(200);
  }
}

/* COUNT receives, each on a socket of its own whose peer is silent: their time is up, the cancels were dropped. */
static void recvs_given_up(struct ring *ring, char **arguments) {
  unsigned count = number(arguments, 300);
  int ends[2];
  allow(RLIMIT_NOFILE, 2 * count + 64);
  ring_open(ring, (struct ring_options){.entries = 1024});
  while (count--) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
    ring_rw(ring, IORING_OP_RECV, ends[0], buffer, sizeof buffer, 0);
  }
  ring_submit(ring);
  ready("\"operation\":\"RECV\",\"inFlight\":%u", ring->filled);
  ring_wait(ring, 1);
  park();
}

static const char *hung;

/* Submits a read of the file that hangs, to a ring of its own, and ends while a worker carries it. */
static void *submit_and_end(void *unused) {
  struct ring ring;
  int fd = open(hung, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(hung);
  ring_open(&ring, (struct ring_options){0});
  ring_rw(&ring, IORING_OP_READ, fd, buffer, sizeof buffer, 0)->flags = IOSQE_ASYNC;
  ring_submit(&ring);
  await_workers(1);
  return unused;
}

/* thread-exit FILE: the thread cannot end before its worker has; the main thread waits for it. */
static void thread_exit(struct ring *ring, char **arguments) {
  pthread_t thread;
  hung = arguments[0];
  if (!hung) die("thread-exit FILE");
  if (pthread_create(&thread, NULL, submit_and_end, NULL)) die("pthread_create");
  ready("\"operation\":\"READ\",\"inFlight\":1");
  pthread_join(thread, NULL);
  park();
}

/* sqpoll-write FILE: the submission thread's worker hangs in the file. */
static void sqpoll_write(struct ring *ring, char **arguments) {
  int fd = arguments[0] ? open(arguments[0], O_WRONLY | O_CLOEXEC) : -1;
  if (fd < 0) die("sqpoll-write FILE");
  ring_open(ring, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 50});
  ring_rw(ring, IORING_OP_WRITE, fd, buffer, sizeof buffer, 0)->flags = IOSQE_ASYNC;
  ring_publish(ring);
  ring_enter(ring->fd, 1, 0, IORING_ENTER_SQ_WAKEUP);
  await_workers(1);
  ready("\"operation\":\"WRITE\",\"inFlight\":1");
  ring_wait(ring, 1);
  park();
}

static void limit_workers(struct ring *ring, unsigned bounded, unsigned unbounded) {
  unsigned limits[2] = {bounded, unbounded};
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
    unsupported("IORING_REGISTER_IOWQ_MAX_WORKERS needs kernel 5.15");
}

/* COUNT opens of a FIFO that all succeed at once leave as many workers without work, for five seconds; eight reads are pending. */
static void crowd_idle(struct ring *ring, char **arguments) {
  unsigned count = number(arguments, 200);
  int ends[2];
  ring_open(ring, (struct ring_options){.entries = 1024});
  limit_workers(ring, count, 0);
  if (mkfifo("fifo", 0600) < 0) die("fifo");
  for (unsigned i = 0; i < count; i++) {
    struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_OPENAT, AT_FDCWD);
    sqe->addr = (uintptr_t) "fifo";
    sqe->open_flags = O_RDONLY;
    sqe->flags = IOSQE_ASYNC;
  }
  ring_submit(ring);
  await_workers((int)count);
  int writer = open("fifo", O_WRONLY);
  if (writer < 0) die("fifo");
  for (unsigned done = 0; done < count; done++) {
    ring_wait(ring, 1);
    ring_reap(ring);
  }
  make_pipe(ends);
  for (unsigned i = 0; i < 8; i++) ring_rw(ring, IORING_OP_READ, ends[0], buffer, sizeof buffer, 0);
  ring_submit(ring);
  ready("\"operation\":\"READ\",\"inFlight\":8,\"workers\":%u", count);
  ring_wait(ring, 1);
  park();
}

/* COUNT [PROCESSOR]: splices of an empty pipe; each holds an unbounded worker, which may run on the processor alone. */
static void crowd_splice(struct ring *ring, char **arguments) {
  unsigned count = number(arguments, 140);
  int from[2], to[2];
  ring_open(ring, (struct ring_options){.entries = 1024});
  if (arguments[0] && arguments[1]) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((unsigned)atoi(arguments[1]), &set);
    if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_AFF, &set, sizeof set) < 0)
      unsupported("IORING_REGISTER_IOWQ_AFF needs kernel 5.14");
  }
  make_pipe(from);
  make_pipe(to);
  for (unsigned i = 0; i < count; i++) {
    struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_SPLICE, to[1]);
    sqe->splice_fd_in = from[0];
    sqe->splice_off_in = (uint64_t)-1;
    sqe->off = (uint64_t)-1;
    sqe->len = sizeof buffer;
  }
  ring_submit(ring);
  await_workers((int)count);
  ready("\"operation\":\"SPLICE\",\"inFlight\":%u,\"workers\":%u", count, count);
  ring_wait(ring, 1);
  park();
}

/* After an overflow the program reaps what is in the queue and submits more, but never enters the kernel for completions. */
static void overflow_starved(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){.entries = 4, .cq_entries = 8});
  for (unsigned i = 0; i < 40; i++) {
    if (ring->filled - ring->submitted == ring->sq_entries) ring_submit(ring);
    ring_sqe(ring, IORING_OP_NOP, -1);
  }
  ring_submit(ring);
  ready("\"overflowed\":32");
  for (;;) {
    short_pause(50);
    while (ring_ready(ring)) ring_reap(ring);
    if (*ring->sq_head != ring->filled) continue;
    ring_sqe(ring, IORING_OP_NOP, -1);
    ring_submit(ring);
  }
}

/* The poller spins for a minute although nothing is submitted; the program sleeps in epoll. */
static void sqpoll_unused(struct ring *ring, char **arguments) {
  struct epoll_event event = {.events = EPOLLIN};
  ring_open(ring, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 60000});
  ring_sqe(ring, IORING_OP_NOP, -1);
  ring_publish(ring);
  ring_enter(ring->fd, 1, 1, IORING_ENTER_SQ_WAKEUP | IORING_ENTER_GETEVENTS);
  ring_reap(ring);
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, ring->fd, &event) < 0) die("epoll");
  ready("\"inFlight\":0");
  while (epoll_wait(set, &event, 1, -1) < 0 && errno == EINTR) continue;
  park();
}

/* The poller has gone to sleep; the program waits for two completions, at most 1000 s, where one request is pending. */
static void sqpoll_wait_more(struct ring *ring, char **arguments) {
  static struct __kernel_timespec most = {.tv_sec = 1000};
  struct io_uring_getevents_arg wait = {.ts = (uintptr_t)&most};
  int ends[2];
  make_pipe(ends);
  ring_open(ring, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 50});
  ring_rw(ring, IORING_OP_READ, ends[0], buffer, sizeof buffer, 0);
  ring_publish(ring);
  ring_enter(ring->fd, 1, 0, IORING_ENTER_SQ_WAKEUP);
  for (int tries = 0; !(__atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP); tries++) {
    if (tries == 500) unsupported("the SQPOLL thread never slept");
    short_pause(10);
  }
  ready("\"operation\":\"READ\",\"inFlight\":1");
  syscall(SYS_io_uring_enter, ring->fd, 0, 2, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &wait, sizeof wait);
  park();
}

/* The read of the wake-up eventfd is published, never submitted, and waited for. */
static void wait_unsubmitted(struct ring *ring, char **arguments) {
  int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) die("eventfd");
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_READ, fd, buffer, 8, 0);
  ring_publish(ring);
  ready("\"operation\":\"READ\",\"inFlight\":0,\"prepared\":1,\"fd\":%d", fd);
  ring_wait(ring, 1);
  park();
}

/* A multishot poll of a terminal has said too much: the program reads and blocks, and nobody serves the ring. */
static void terminal_read(struct ring *ring, char **arguments) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) unsupported("needs a pseudo terminal");
  int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
  if (fd < 0) unsupported("needs a pseudo terminal");
  ring_open(ring, (struct ring_options){0});
  poll_for_input(ring, fd, IORING_POLL_ADD_MULTI);
  ring_submit(ring);
  ready("\"operation\":\"POLL_ADD\",\"inFlight\":1,\"fd\":%d", fd);
  if (read(fd, buffer, 1) < 0) die("read");
  park();
}

/* A ring that polls a second one, in which a timer of 1000 s is pending. */
static void two_rings(struct ring *ring, char **arguments) {
  static struct __kernel_timespec delay = {.tv_sec = 1000};
  struct ring timers;
  ring_open(ring, (struct ring_options){0});
  ring_open(&timers, (struct ring_options){.entries = 16});
  struct io_uring_sqe *sqe = ring_sqe(&timers, IORING_OP_TIMEOUT, -1);
  sqe->addr = (uintptr_t)&delay;
  sqe->len = 1;
  ring_submit(&timers);
  poll_for_input(ring, timers.fd, 0);
  ring_submit(ring);
  ready("\"operation\":\"POLL_ADD\",\"inFlight\":1,\"fd\":%d", timers.fd);
  ring_wait(ring, 1);
  park();
}

const struct scene incident_scenes[] = {
    {"polls-pile", polls_pile},
    {"polls-grow", polls_grow},
    {"clients-grow", clients_grow},
    {"recvs-given-up", recvs_given_up},
    {"thread-exit", thread_exit},
    {"sqpoll-write", sqpoll_write},
    {"crowd-idle", crowd_idle},
    {"crowd-splice", crowd_splice},
    {"overflow-starved", overflow_starved},
    {"sqpoll-unused", sqpoll_unused},
    {"sqpoll-wait-more", sqpoll_wait_more},
    {"wait-unsubmitted", wait_unsubmitted},
    {"terminal-read", terminal_read},
    {"two-rings", two_rings},
    {NULL, NULL},
};
