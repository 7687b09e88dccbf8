/* What the two queues themselves hold, and what their memory has forgotten. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

static char buffer[65536];

static struct io_uring_sqe *pipe_read(struct truth_ring *ring, int fd, unsigned length) {
  return truth_rw(ring, IORING_OP_READ, fd, buffer, length, 0);
}

static void pipe_reads(struct truth_ring *ring, unsigned count) {
  for (unsigned i = 0; i < count; i++) claim(ring, pipe_read(ring, empty_pipe(), 100 + i), "polling");
  truth_submit(ring);
}

static void prepared(struct truth_ring *ring, const char *path) {
  int fd = empty_pipe();
  truth_await_idle(ring);
  for (unsigned i = 0; i < 3; i++) claim(ring, pipe_read(ring, fd, 300 + i), "prepared");
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_WRITE, full_pipe(), buffer, 77, 0);
  sqe->flags = IOSQE_ASYNC | IOSQE_IO_LINK;
  claim(ring, sqe, "prepared");
  claim(ring, truth_sqe(ring, IORING_OP_NOP, -1), "prepared");
  truth_publish(ring);
}

static void completed(struct truth_ring *ring, const char *path) {
  int fd = open("small", O_RDWR | O_CREAT, 0600);
  if (fd < 0 || write(fd, buffer, 4096) != 4096) die("small");
  unsigned ready = truth_ready(ring);
  for (unsigned i = 0; i < 3; i++) claim_finished(ring, truth_sqe(ring, IORING_OP_NOP, -1), "completed", 0);
  claim_finished(ring, truth_rw(ring, IORING_OP_READ, fd, buffer, 512, 0), "completed", 512);
  claim_finished(ring, pipe_read(ring, 9999, 8), "completed", -EBADF);
  truth_submit(ring);
  /* A worker may have read the file: a DEFER_TASKRUN ring completes that when its thread asks. */
  truth_await(ring, ready + 5);
}

static void overflowed(struct truth_ring *ring, const char *path) {
  for (unsigned i = 0; i < 40; i++) {
    if (ring->filled - ring->submitted == ring->sq_entries) truth_submit(ring);
    claim_finished(ring, truth_sqe(ring, IORING_OP_NOP, -1), i < ring->cq_entries ? "completed" : "overflowed", 0);
  }
  truth_submit(ring);
}

static void wrapped(struct truth_ring *ring, const char *path) {
  truth_spin(ring, 3 * ring->sq_entries + 5);
  pipe_reads(ring, 10);
}

/* Their SQEs have been written over: only the kernel still knows them. */
static void overwritten(struct truth_ring *ring, const char *path) {
  pipe_reads(ring, 6);
  truth_spin(ring, 4 * ring->sq_entries);
}

/* Half of them have been written over. */
static void half_overwritten(struct truth_ring *ring, const char *path) {
  pipe_reads(ring, 8);
  truth_spin(ring, ring->sq_entries - 4);
}

static void same_user_data(struct truth_ring *ring, const char *path) {
  for (unsigned i = 0; i < 12; i++) {
    struct io_uring_sqe *sqe = pipe_read(ring, empty_pipe(), 100 + i);
    sqe->user_data = 0;
    claim(ring, sqe, "polling");
  }
  truth_submit(ring);
}

/* The names of eight that have completed, for eight that are pending. */
static void reused_user_data(struct truth_ring *ring, const char *path) {
  for (unsigned i = 0; i < 8; i++) truth_sqe(ring, IORING_OP_NOP, -1)->user_data = 0x100 + i;
  truth_submit(ring);
  truth_reap(ring, 8);
  for (unsigned i = 0; i < 8; i++) {
    struct io_uring_sqe *sqe = pipe_read(ring, empty_pipe(), 200 + i);
    sqe->user_data = 0x100 + i;
    claim(ring, sqe, "polling");
  }
  truth_submit(ring);
}

/* What no careful program does: the names of two that are pending, for others that complete. */
static void shared_user_data(struct truth_ring *ring, const char *path) {
  reused_user_data(ring, path);
  for (unsigned i = 0; i < 2; i++) truth_sqe(ring, IORING_OP_NOP, -1)->user_data = 0x100 + i;
  truth_submit(ring);
  truth_reap(ring, 2);
}

const struct truth_scene queue_truths[] = {
    {.name = "completed", .run = completed, .kind = IN_MIX},
    {.name = "prepared", .run = prepared},
    {.name = "overflowed", .run = overflowed, .entries = 4, .cq_entries = 8},
    {.name = "wrapped", .run = wrapped, .entries = 16},
    {.name = "overwritten", .run = overwritten, .entries = 16},
    {.name = "half-overwritten", .run = half_overwritten, .entries = 16},
    {.name = "same-user-data", .run = same_user_data},
    {.name = "reused-user-data", .run = reused_user_data},
    {.name = "shared-user-data", .run = shared_user_data},
    {.name = NULL},
};
