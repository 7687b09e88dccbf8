/*
 * hungmm FILE [remap]: maps a file of hangfs. Whoever reads that memory through /proc/PID/mem waits for the file's server,
 * uninterruptibly and with the process's mmap lock taken. With `remap` it has a ring with a read pending, and takes that lock
 * itself, to write, again and again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "ring.h"
#include "victim.h"

static char buffer[64];

static void remap(void) {
  struct ring ring;
  struct timespec pause = {0, 20000000L};
  int ends[2];
  make_pipe(ends);
  ring_open(&ring, (struct ring_options){0});
  ring_rw(&ring, IORING_OP_READ, ends[0], buffer, sizeof buffer, 0);
  ring_submit(&ring);
  ready("\"inFlight\":1");
  for (;;) {
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) die("mmap");
    munmap(page, 4096);
    nanosleep(&pause, NULL);
  }
}

int main(int argc, char **argv) {
  if (argc < 2) unsupported("usage: hungmm FILE");
  bounded_life();
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(argv[1]);
  /* Several megabytes, so that there are pages far apart: each is asked for by itself. */
  void *map = mmap(NULL, 16 << 20, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) die("mmap");
  if (argc > 2 && !strcmp(argv[2], "remap")) remap();
  ready("\"operation\":\"%p\"", map);
  park();
}
