/*
 * orders FILE: a little server that reads 100 records of a file at
 * once. When the file system's server falls silent, every io-wq worker
 * ends up waiting for it, and the other reads queue for a worker.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { RECORDS = 100, SIZE = 4096, STRIDE = 128 << 10 };

static char records[RECORDS][SIZE];

static void read_records(struct ring *ring, int file) {
  for (uint64_t i = 0; i < RECORDS; i++)
    ring_rw(ring, IORING_OP_READ, file, records[i], SIZE, i * STRIDE);
  ring_submit(ring);
}

int main(int argc, char **argv) {
  struct ring ring;
  bounded_life();
  int file = argc > 1 ? open(argv[1], O_RDONLY) : -1;
  if (file < 0) die("orders FILE");

  ring_open(&ring, (struct ring_options){.entries = 128});
  read_records(&ring, file);

  await_workers(2);
  ready("\"operation\":\"READ\",\"inFlight\":%d", RECORDS);
  ring_wait(&ring, RECORDS);
  park();
}
