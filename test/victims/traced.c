/*
 * traced: a ring that does what the file `go` in its directory says, once for each, and tells in the file `done` what its own
 * clock saw. Words of `go`: WHAT COUNT [MILLISECONDS], with WHAT
 *   nop      COUNT of them, one by one
 *   batch    COUNT NOPs in one submit each 32
 *   flood    such batches, COUNT or more NOPs, for MILLISECONDS at least; it tells how many there were
 *   async    NOPs by workers
 *   sleep    timeouts of MILLISECONDS
 *   pipe     reads of an empty pipe, answered after MILLISECONDS
 *   fail     reads of no descriptor
 *   hold     reads of an empty pipe that stay; not waited for
 *   ring     NOPs of a new ring, every other by a worker, and MILLISECONDS after the first the others; then it is closed
 *   polled   NOPs of a new ring with SQPOLL, MILLISECONDS after it was made: one system call wakes its thread, which does not sleep again
 *   free     lets COUNT of those go, and waits for them
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

static struct ring ring;
static int ends[2], held[2];
static char buffer[64];
static uint64_t least, most;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void pause_for(long milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  nanosleep(&time, NULL);
}

static void reap_all(void) {
  while (ring_ready(&ring)) ring_reap(&ring);
}

/* Noted in the frames of the submitting thread, whatever the optimisation: each has something left to do after its call. */
__attribute__((noinline)) static int submit_innermost(void) {
  int count = ring_submit(&ring);
  __asm__ volatile("" ::: "memory");
  return count;
}

__attribute__((noinline)) static int submit_between(int more) {
  char room[200];
  memset(room, more, sizeof room);
  int count = submit_innermost();
  __asm__ volatile("" ::"r"(room) : "memory");
  return count;
}

__attribute__((noinline)) static void submit_and_wait(int more, long milliseconds) {
  uint64_t before = now();
  if (submit_between(more) < 0) die("submit");
  if (milliseconds >= 0) {
    pause_for(milliseconds);
    if (write(ends[1], buffer, 1) != 1) die("write");
  }
  ring_wait(&ring, 1);
  uint64_t took = now() - before;
  if (took < least) least = took;
  if (took > most) most = took;
  reap_all();
}

static void do_one(const char *what, long milliseconds) {
  static struct __kernel_timespec rest;
  if (!strcmp(what, "sleep")) {
    rest.tv_sec = milliseconds / 1000;
    rest.tv_nsec = milliseconds % 1000 * 1000000;
    ring_rw(&ring, IORING_OP_TIMEOUT, -1, &rest, 1, 0);
    submit_and_wait(1, -1);
  } else if (!strcmp(what, "pipe")) {
    ring_rw(&ring, IORING_OP_READ, ends[0], buffer, 1, 0);
    submit_and_wait(2, milliseconds);
  } else if (!strcmp(what, "fail")) {
    ring_rw(&ring, IORING_OP_READ, -1, buffer, 1, 0);
    submit_and_wait(3, -1);
  } else if (!strcmp(what, "hold")) {
    ring_rw(&ring, IORING_OP_READ, held[0], buffer, 1, 0);
    if (submit_between(4) < 0) die("submit");
  } else {
    struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_NOP, -1);
    if (!strcmp(what, "async")) sqe->flags = IOSQE_ASYNC;
    submit_and_wait(5, -1);
  }
}

static void do_batch(long count) {
  for (long i = 0; i < count; i += 32) {
    for (int j = 0; j < 32; j++) ring_sqe(&ring, IORING_OP_NOP, -1);
    if (submit_between(6) < 0) die("submit");
    reap_all();
  }
}

static long do_flood(long least_count, long milliseconds) {
  uint64_t end = now() + (uint64_t)milliseconds * 1000000;
  long count = 0;
  for (; count < least_count || now() < end; count += 3200) do_batch(3200);
  return count;
}

static void use_new_ring(long count, long milliseconds) {
  struct ring new_ring;
  ring_open(&new_ring, (struct ring_options){0});
  for (long i = 0; i < count; i++) {
    struct io_uring_sqe *sqe = ring_sqe(&new_ring, IORING_OP_NOP, -1);
    if (i % 2) sqe->flags = IOSQE_ASYNC;
    if (ring_submit(&new_ring) < 0) die("submit");
    ring_wait(&new_ring, 1);
    while (ring_ready(&new_ring)) ring_reap(&new_ring);
    if (i == 0) pause_for(milliseconds);
  }
  close(new_ring.fd);
}

static void use_polled_ring(long count, long milliseconds) {
  struct ring polled;
  ring_open(&polled, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 10000});
  pause_for(milliseconds);
  for (long i = 0; i < count; i++) {
    ring_sqe(&polled, IORING_OP_NOP, -1);
    ring_publish(&polled);
    ring_wake(&polled);
    while (!ring_ready(&polled)) pause_for(1);
    ring_reap(&polled);
  }
  close(polled.fd);
}

static void obey(char *text) {
  char what[16] = "";
  long count = 1, milliseconds = 0;
  sscanf(text, "%15s %ld %ld", what, &count, &milliseconds);
  least = UINT64_MAX;
  most = 0;
  uint64_t begun = now();
  if (!strcmp(what, "free")) {
    if (write(held[1], buffer, (size_t)count) != count) die("write");
    ring_wait(&ring, (unsigned)count);
    reap_all();
  } else if (!strcmp(what, "ring")) {
    use_new_ring(count, milliseconds);
  } else if (!strcmp(what, "polled")) {
    use_polled_ring(count, milliseconds);
  } else if (!strcmp(what, "flood")) {
    count = do_flood(count, milliseconds);
  } else if (!strcmp(what, "batch")) {
    do_batch(count);
  } else {
    for (long i = 0; i < count; i++) do_one(what, milliseconds);
  }
  FILE *file = fopen("done.new", "w");
  if (!file) die("done");
  fprintf(file, "{\"count\":%ld,\"least\":%llu,\"most\":%llu,\"took\":%llu}", count, (unsigned long long)least,
          (unsigned long long)most, (unsigned long long)(now() - begun));
  fclose(file);
  rename("done.new", "done");
}

int main(void) {
  bounded_life();
  ring_open(&ring, (struct ring_options){0});
  make_pipe(ends);
  make_pipe(held);
  ready("\"rings\":1,\"fd\":%d", ring.fd);
  for (;;) {
    char text[64] = "";
    int fd = open("go", O_RDONLY);
    if (fd < 0) {
      pause_for(2);
      continue;
    }
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    unlink("go");
    if (n > 0) obey(text);
  }
}
