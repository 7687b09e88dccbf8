/* Requests that wait for time, for a word in memory, or for a request before them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/time_types.h>
#include <time.h>
#include <unistd.h>

#include "scenes.h"
#include "victim.h"

static char buffer[4096];

static int empty_pipe(void) {
  int ends[2];
  make_pipe(ends);
  return ends[0];
}

static void timeout(struct ring *ring, char **arguments) {
  static struct __kernel_timespec delay = {.tv_sec = 1000};
  ring_open(ring, (struct ring_options){0});
  struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_TIMEOUT, -1);
  sqe->addr = (uintptr_t)&delay;
  sqe->len = 1;
  ring_submit(ring);
  ready("\"operation\":\"TIMEOUT\",\"inFlight\":1");
  ring_wait(ring, 1);
  park();
}

/* read -> write -> fsync, linked; the read is of an empty pipe. */
static void linked(struct ring *ring, char **arguments) {
  int pipe_end = empty_pipe();
  int file = open("log", O_RDWR | O_CREAT, 0600);
  if (file < 0) die("log");
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_READ, pipe_end, buffer, sizeof buffer, 0)->flags = IOSQE_IO_LINK;
  ring_rw(ring, IORING_OP_WRITE, file, buffer, sizeof buffer, 0)->flags = IOSQE_IO_LINK;
  ring_sqe(ring, IORING_OP_FSYNC, file);
  ring_submit(ring);
  ready("\"operation\":\"READ\",\"inFlight\":3,\"linked\":2,\"fd\":%d", pipe_end);
  ring_wait(ring, 1);
  park();
}

/* A pipe read, a nop that asks to wait for all before it, and three nops behind that one. */
static void drain(struct ring *ring, char **arguments) {
  int pipe_end = empty_pipe();
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_READ, pipe_end, buffer, sizeof buffer, 0);
  ring_sqe(ring, IORING_OP_NOP, -1)->flags = IOSQE_IO_DRAIN;
  for (int i = 0; i < 3; i++) ring_sqe(ring, IORING_OP_NOP, -1);
  ring_submit(ring);
  ready("\"operation\":\"READ\",\"inFlight\":5,\"drained\":4,\"fd\":%d", pipe_end);
  ring_wait(ring, 1);
  park();
}

static void futex(struct ring *ring, char **arguments) {
  static uint32_t word = 7;
  enum { OP_FUTEX_WAIT = 51, FUTEX2_SIZE_U32 = 2, FUTEX2_PRIVATE = 128 };
  ring_open(ring, (struct ring_options){0});
  struct io_uring_sqe *sqe = ring_sqe(ring, OP_FUTEX_WAIT, FUTEX2_SIZE_U32 | FUTEX2_PRIVATE);
  sqe->addr = (uintptr_t)&word;
  sqe->off = word;
  sqe->addr3 = 0xffffffff;
  ring_submit(ring);
  if (ring_ready(ring)) unsupported("IORING_OP_FUTEX_WAIT needs kernel 6.7");
  ready("\"operation\":\"FUTEX_WAIT\",\"inFlight\":1");
  ring_wait(ring, 1);
  park();
}

const struct scene order_scenes[] = {
    {"timeout", timeout}, {"linked", linked}, {"drain", drain}, {"futex", futex}, {NULL, NULL},
};
