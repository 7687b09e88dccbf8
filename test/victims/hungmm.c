/*
 * hungmm FILE: maps a file of hangfs. Whoever reads that memory through /proc/PID/mem waits for the file's server,
 * uninterruptibly and with the process's mmap lock taken.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>

#include "victim.h"

int main(int argc, char **argv) {
  if (argc < 2) unsupported("usage: hungmm FILE");
  bounded_life();
  int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(argv[1]);
  /* Several megabytes, so that there are pages far apart: each is asked for by itself. */
  void *map = mmap(NULL, 16 << 20, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) die("mmap");
  ready("\"operation\":\"%p\"", map);
  park();
}
