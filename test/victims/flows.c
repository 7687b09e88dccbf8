/*
 * flows SCENE: a ring that does one thing all the time, at a pace, in a good or a bad way. SCENE:
 *   wholesome   batches of 32 NOPs, reaped at once          single     one NOP with each io_uring_enter
 *   late        batches that are reaped 40 ms later         sqpoll     batches that a kernel thread takes up
 *   forced      NOPs that ask for a worker                  punted     reads of a file that cannot be read without waiting
 *   cached      reads of a file in the page cache           missing    opens of a file that is not there
 *   nonblock    reads of an empty pipe that may not wait    broken     links whose first request fails
 *   reset       reads of sockets whose other end has gone   timeouts   timeouts that run out
 *   herd        32 reads of one pipe, a byte at a time      oneshot    one-shot polls of what is always ready
 *   overflow    more NOPs than the CQ ring has room for, and then all of them
 *   fifo        an open of a FIFO that nobody writes        pile       80 polls of one pipe that stay, after a while
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

#define BATCH 32

static struct ring ring;
static char buffer[4096];
static int ends[2];

static void pause_for(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static void reap_all(void) {
  while (ring_ready(&ring)) ring_reap(&ring);
}

/* Submits what is filled, waits until `count` have completed and reaps them. */
static void finish(unsigned count) {
  if (ring_submit(&ring) < 0) die("submit");
  ring_wait(&ring, count);
  reap_all();
}

static void nops(unsigned count, uint8_t flags) {
  for (unsigned i = 0; i < count; i++) ring_sqe(&ring, IORING_OP_NOP, -1)->flags = flags;
}

static void reads(int fd, unsigned count, int flags) {
  for (unsigned i = 0; i < count; i++) ring_rw(&ring, IORING_OP_READ, fd, buffer, sizeof buffer, 0)->rw_flags = flags;
}

static void single(void) {
  for (int i = 0; i < 100; i++) {
    nops(1, 0);
    finish(1);
  }
  pause_for(10);
}

static void late(void) {
  nops(BATCH, 0);
  if (ring_submit(&ring) < 0) die("submit");
  pause_for(40);
  reap_all();
}

static void overflow(void) {
  for (int i = 0; i < 6; i++) {
    nops(BATCH, 0);
    if (ring_submit(&ring) < 0) die("submit");
  }
  for (int left = 6 * BATCH; left;) {
    ring_enter(ring.fd, 0, 0, IORING_ENTER_GETEVENTS);
    for (; ring_ready(&ring); left--) ring_reap(&ring);
  }
}

static void sqpoll(void) {
  nops(BATCH, 0);
  ring_publish(&ring);
  ring_wake(&ring);
  for (unsigned left = BATCH; left;)
    for (; ring_ready(&ring); left--) ring_reap(&ring);
  pause_for(2);
}

static void broken(void) {
  for (int i = 0; i < BATCH / 2; i++) {
    ring_rw(&ring, IORING_OP_READ, -1, buffer, 1, 0)->flags = IOSQE_IO_LINK;
    nops(1, 0);
  }
  finish(BATCH);
}

static void reset(void) {
  int pairs[BATCH][2];
  for (int i = 0; i < BATCH; i++) {
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i])) die("socketpair");
    /* What the other end leaves unread resets the connection. */
    if (write(pairs[i][0], "", 1) != 1) die("write");
    close(pairs[i][1]);
    ring_rw(&ring, IORING_OP_RECV, pairs[i][0], buffer, 1, 0);
  }
  finish(BATCH);
  for (int i = 0; i < BATCH; i++) close(pairs[i][0]);
}

static void timeouts(void) {
  static struct __kernel_timespec soon = {.tv_nsec = 1000000};
  for (int i = 0; i < BATCH; i++) ring_rw(&ring, IORING_OP_TIMEOUT, -1, &soon, 1, 0);
  finish(BATCH);
}

static void missing(void) {
  for (int i = 0; i < BATCH; i++) {
    struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_OPENAT, AT_FDCWD);
    sqe->addr = (uint64_t)(uintptr_t) "/nowhere/at/all";
  }
  finish(BATCH);
}

static void herd(void) {
  static unsigned waiting;
  for (; waiting < BATCH; waiting++) ring_rw(&ring, IORING_OP_READ, ends[0], buffer, 1, 0);
  if (ring_submit(&ring) < 0) die("submit");
  if (write(ends[1], "", 1) != 1) die("write");
  ring_wait(&ring, 1);
  for (; ring_ready(&ring); waiting--) ring_reap(&ring);
}

static void oneshot(void) {
  for (int i = 0; i < BATCH; i++) {
    ring_sqe(&ring, IORING_OP_POLL_ADD, ends[1])->poll32_events = POLLOUT;
    finish(1);
  }
}

static void fifo(void) {
  static int asked;
  if (!asked++) {
    if (mkfifo("fifo", 0600)) die("mkfifo");
    pause_for(1500);
    struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_OPENAT, AT_FDCWD);
    sqe->addr = (uint64_t)(uintptr_t) "fifo";
    /* Without it the kernel first tries as with O_NONBLOCK, which opens a FIFO. */
    sqe->open_flags = O_CREAT;
    if (ring_submit(&ring) < 0) die("submit");
  }
  nops(BATCH, 0);
  if (ring_submit(&ring) < 0) die("submit");
  reap_all();
}

static void pile(void) {
  static int polls;
  pause_for(20);
  if (polls++ < 80) {
    ring_sqe(&ring, IORING_OP_POLL_ADD, ends[0])->poll32_events = POLLIN;
    if (ring_submit(&ring) < 0) die("submit");
  }
}

int main(int argc, char **argv) {
  const char *scene = argc > 1 ? argv[1] : "";
  bounded_life();
  ring_open(&ring, (struct ring_options){.flags = !strcmp(scene, "sqpoll") ? IORING_SETUP_SQPOLL : 0, .idle_ms = 60000});
  make_pipe(ends);
  int proc = open("/proc/self/stat", O_RDONLY), cached = open("/proc/self/exe", O_RDONLY);
  /* The thread sleeps until then. */
  if (!strcmp(scene, "sqpoll")) sqpoll();
  ready("\"rings\":1,\"fd\":%d", ring.fd);
  for (;; pause_for(5)) {
    if (!strcmp(scene, "single")) single();
    else if (!strcmp(scene, "late")) late();
    else if (!strcmp(scene, "sqpoll")) sqpoll();
    else if (!strcmp(scene, "overflow")) overflow();
    else if (!strcmp(scene, "broken")) broken();
    else if (!strcmp(scene, "reset")) reset();
    else if (!strcmp(scene, "timeouts")) timeouts();
    else if (!strcmp(scene, "missing")) missing();
    else if (!strcmp(scene, "herd")) herd();
    else if (!strcmp(scene, "oneshot")) oneshot();
    else if (!strcmp(scene, "fifo")) fifo();
    else if (!strcmp(scene, "pile")) pile();
    else {
      if (!strcmp(scene, "wholesome")) nops(BATCH, 0);
      else if (!strcmp(scene, "forced")) nops(BATCH, IOSQE_ASYNC);
      else if (!strcmp(scene, "punted")) reads(proc, BATCH, 0);
      else if (!strcmp(scene, "cached")) reads(cached, BATCH, 0);
      else if (!strcmp(scene, "nonblock")) reads(ends[0], BATCH, RWF_NOWAIT);
      else die("no such scene");
      finish(BATCH);
    }
  }
}
