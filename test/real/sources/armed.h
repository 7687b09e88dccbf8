/* Reads of pipes that stay pending, each with a user_data of the caller's: straight on the system calls. */
#ifndef ARMED_H
#define ARMED_H

#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static int armed_ring = -1;
static struct io_uring_params armed_params;
static char *armed_queue;
static struct io_uring_sqe *armed_sqes;
static char armed_buffer[64];

static void *armed_map(size_t length, off_t what) {
  void *at = mmap(0, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, armed_ring, what);
  if (at == MAP_FAILED)
    exit(3);
  return at;
}

static void armed_open(void) {
  armed_ring = (int)syscall(__NR_io_uring_setup, 64, &armed_params);
  if (armed_ring < 0)
    exit(2);
  armed_queue = (char *)armed_map(armed_params.sq_off.array + 64 * sizeof(unsigned), IORING_OFF_SQ_RING);
  armed_sqes = (struct io_uring_sqe *)armed_map(64 * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
}

/* Nobody ever writes to the pipe. */
static int armed_pipe(void) {
  int ends[2];
  if (pipe(ends))
    exit(4);
  return ends[0];
}

static void arm(uint64_t user_data) {
  if (armed_ring < 0)
    armed_open();
  unsigned *tail = (unsigned *)(armed_queue + armed_params.sq_off.tail);
  unsigned index = *tail & (64 - 1);
  struct io_uring_sqe *sqe = &armed_sqes[index];
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = IORING_OP_READ;
  sqe->fd = armed_pipe();
  sqe->addr = (uint64_t)(uintptr_t)armed_buffer;
  sqe->len = sizeof armed_buffer;
  sqe->user_data = user_data;
  ((unsigned *)(armed_queue + armed_params.sq_off.array))[index] = index;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  syscall(__NR_io_uring_enter, armed_ring, 1, 0, 0, 0, 0);
}

/* Armed, and told to the test under a name. */
static void arm_as(const char *name, uint64_t user_data) {
  arm(user_data);
  printf("%s 0x%llx\n", name, (unsigned long long)user_data);
}

static void armed_wait(void) {
  puts("ready");
  fflush(stdout);
  for (;;)
    syscall(__NR_io_uring_enter, armed_ring, 0, 1, IORING_ENTER_GETEVENTS, 0, 0);
}

#endif
