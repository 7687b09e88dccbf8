/*
 * crowd THREADS RINGS FILES REQUESTS ENTRIES [alike]: a big process. Its threads sleep; each ring, of so many entries, has so many reads
 * of an empty pipe pending: 1 and 8 unless it is said. alike = all have one user_data, and each a buffer of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

static char buffer[64], buffers[1 << 15][64];

static void *sleeper(void *unused) {
  (void)unused;
  park();
}

static void allow_files(unsigned count) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= count) return;
  limit.rlim_cur = count;
  if (limit.rlim_max < count) limit.rlim_max = count;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0) unsupported("the limit of open files is too low (ulimit -n)");
}

int main(int argc, char **argv) {
  unsigned threads = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
  unsigned rings = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
  unsigned files = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
  unsigned requests = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
  unsigned entries = argc > 5 ? (unsigned)atoi(argv[5]) : 8;
  int alike = argc > 6 && !strcmp(argv[6], "alike");
  bounded_life();
  allow_files(rings + files + 64);

  int ends[2];
  make_pipe(ends);
  for (unsigned i = 0; i < rings; i++) {
    struct ring ring;
    ring_open(&ring, (struct ring_options){.entries = entries});
    for (unsigned request = 0; request < requests; request++) {
      char *into = alike ? buffers[request % (1 << 15)] : buffer;
      struct io_uring_sqe *sqe = ring_rw(&ring, IORING_OP_READ, ends[0], into, sizeof buffer, 0);
      if (alike) sqe->user_data = 1;
    }
    ring_submit(&ring);
  }
  for (unsigned i = 0; i < files; i++)
    if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0) die("/dev/null");

  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  for (unsigned i = 1; i < threads; i++) {
    pthread_t thread;
    int error = pthread_create(&thread, &small, sleeper, NULL);
    if (error == EAGAIN) unsupported("the limit of threads is too low (ulimit -u, kernel.threads-max or the cgroup)");
    if (error) {
      errno = error;
      die("pthread_create");
    }
  }
  ready("\"threads\":%u,\"rings\":%u,\"files\":%u,\"inFlight\":%u", threads, rings, files, rings * requests);
  park();
}
