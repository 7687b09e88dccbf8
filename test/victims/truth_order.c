/* Requests that wait for time or for a request before them. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/time_types.h>
#include <time.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

/* 6.4 */
enum { TIMEOUT_MULTISHOT = 1 << 6 };

static char buffer[4096];
static struct __kernel_timespec long_time = {.tv_sec = 1000};

static struct io_uring_sqe *timeout(struct truth_ring *ring, const struct __kernel_timespec *time, unsigned count,
                                    unsigned flags) {
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_TIMEOUT, -1, time, 1, count);
  sqe->timeout_flags = flags;
  return sqe;
}

/* In a thousand seconds by that clock. */
static struct __kernel_timespec *later(clockid_t clock) {
  static struct __kernel_timespec times[3];
  static unsigned used;
  struct timespec now;
  clock_gettime(clock, &now);
  times[used] = (struct __kernel_timespec){.tv_sec = now.tv_sec + 1000, .tv_nsec = now.tv_nsec};
  return &times[used++];
}

static void timeouts(struct truth_ring *ring, const char *path) {
  operand(claim(ring, timeout(ring, &long_time, 0, 0), "timeout"), "timeout", "1000 s");
  /* Ends sooner when so many others have completed. */
  claim(ring, timeout(ring, &long_time, 1000, 0), "timeout");
  claim(ring, timeout(ring, later(CLOCK_MONOTONIC), 0, IORING_TIMEOUT_ABS), "timeout");
  claim(ring, timeout(ring, later(CLOCK_BOOTTIME), 0, IORING_TIMEOUT_ABS | IORING_TIMEOUT_BOOTTIME), "timeout");
  claim(ring, timeout(ring, later(CLOCK_REALTIME), 0, IORING_TIMEOUT_ABS | IORING_TIMEOUT_REALTIME), "timeout");
  claim(ring, timeout(ring, &long_time, 0, IORING_TIMEOUT_ETIME_SUCCESS), "timeout");
  claim(ring, timeout(ring, &long_time, 5, TIMEOUT_MULTISHOT), "timeout");
  truth_submit(ring);
}

static struct io_uring_sqe *pipe_read(struct truth_ring *ring, unsigned flags) {
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_READ, empty_pipe(), buffer, sizeof buffer, 0);
  sqe->flags = (uint8_t)flags;
  return sqe;
}

static struct io_uring_sqe *link_timeout(struct truth_ring *ring) {
  return truth_rw(ring, IORING_OP_LINK_TIMEOUT, -1, &long_time, 1, 0);
}

static void link_timeouts(struct truth_ring *ring, const char *path) {
  claim(ring, pipe_read(ring, IOSQE_IO_LINK), "polling");
  operand(claim(ring, link_timeout(ring), "timeout"), "timeout", "1000 s");
  /* That of the second in a chain is not set before the second is issued. */
  claim(ring, pipe_read(ring, IOSQE_IO_LINK), "polling");
  claim(ring, pipe_read(ring, IOSQE_IO_LINK), "linked");
  claim(ring, link_timeout(ring), "linked");
  truth_submit(ring);
}

static void links(struct truth_ring *ring, const char *path) {
  int file = open("log", O_RDWR | O_CREAT, 0600);
  if (file < 0) die("log");
  claim(ring, pipe_read(ring, IOSQE_IO_LINK), "polling");
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_WRITE, file, buffer, 100, 4096);
  sqe->flags = IOSQE_IO_LINK;
  claim(ring, sqe, "linked");
  claim(ring, truth_sqe(ring, IORING_OP_FSYNC, file), "linked");
  claim(ring, pipe_read(ring, IOSQE_IO_HARDLINK), "polling");
  sqe = truth_sqe(ring, IORING_OP_NOP, -1);
  sqe->flags = IOSQE_IO_HARDLINK;
  claim(ring, sqe, "linked");
  claim(ring, truth_rw(ring, IORING_OP_READ, file, buffer, 200, 8192), "linked");
  truth_submit(ring);
}

/* Behind a request with IO_DRAIN everything waits, drained or not, until all before it has completed. */
static void drain(struct truth_ring *ring, const char *path) {
  claim(ring, pipe_read(ring, 0), "polling");
  struct io_uring_sqe *sqe = truth_sqe(ring, IORING_OP_NOP, -1);
  sqe->flags = IOSQE_IO_DRAIN;
  claim(ring, sqe, "drained");
  claim(ring, truth_sqe(ring, IORING_OP_NOP, -1), "drained");
  sqe = truth_sqe(ring, IORING_OP_NOP, -1);
  sqe->flags = IOSQE_IO_LINK;
  claim(ring, sqe, "drained");
  claim(ring, truth_sqe(ring, IORING_OP_NOP, -1), "linked|drained");
  truth_submit(ring);
}

/* Says nothing when it succeeds: what has is gone without a completion, the others are still there. */
static void skip_success(struct truth_ring *ring, const char *path) {
  if (!(ring->features & IORING_FEAT_CQE_SKIP)) truth_unsupported("IOSQE_CQE_SKIP_SUCCESS needs kernel 5.17");
  for (int i = 0; i < 4; i++) {
    truth_sqe(ring, IORING_OP_NOP, -1)->flags = IOSQE_CQE_SKIP_SUCCESS;
    claim(ring, pipe_read(ring, IOSQE_CQE_SKIP_SUCCESS), "polling");
  }
  claim(ring, pipe_read(ring, 0), "polling");
  truth_submit(ring);
}

const struct truth_scene order_truths[] = {
    {.name = "timeouts", .run = timeouts, .kind = IN_MIX},
    {.name = "link-timeouts", .run = link_timeouts, .kind = IN_MIX},
    {.name = "links", .run = links, .kind = IN_MIX},
    {.name = "drain", .run = drain},
    {.name = "skip-success", .run = skip_success},
    {.name = NULL},
};
