/* A little store: it asks for the first blocks of a file at once, then waits until all are there. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { BLOCKS = 4, BLOCK = 4096 };

struct read_op {
  void (*done)(struct read_op *op, int result);
  char block[BLOCK];
};

static struct read_op ops[BLOCKS];
static int loaded;

static void on_block(struct read_op *op, int result) {
  if (result == BLOCK && op->block[0]) loaded++;
}

static void ask_for_blocks(struct ring *ring, int file) {
  for (int n = 0; n < BLOCKS; n++) {
    ops[n].done = on_block;
    struct io_uring_sqe *sqe = ring_rw(ring, IORING_OP_READ, file, ops[n].block, BLOCK, n * BLOCK);
    sqe->flags = IOSQE_ASYNC;
    sqe->user_data = (uintptr_t)&ops[n];
  }
  if (ring_submit(ring) != BLOCKS) die("submit");
}

static void wait_for_blocks(struct ring *ring) {
  unsigned flags = IORING_ENTER_GETEVENTS;
  syscall(SYS_io_uring_enter, ring->fd, 0, BLOCKS, flags, 0, 0);
}

int main(int count, char **words) {
  struct ring ring;
  int file = open(count > 1 ? words[1] : "data", O_RDONLY);
  bounded_life();
  if (file < 0) die("open");
  ring_open(&ring, (struct ring_options){.entries = 8});
  ask_for_blocks(&ring, file);
  ready("\"blocks\":%d", BLOCKS);
  wait_for_blocks(&ring);
  return loaded;
}
