/*
 * hungargs FILE FIFO: FILE, of the disk of hangfs, is mapped, and what system calls and requests point at lies there, each on a page of
 * its own: a path, a futex word, an iovec, a msghdr. Once all of them wait the pages are given back: who reads them asks the file's
 * server. Meanwhile the first thread takes the lock of the memory map to write, again and again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

/* Far apart, so that the kernel reads none ahead of another. */
enum { APART = 2 << 20, PATH = 0, WORD = APART, VECTOR = 2 * APART, MESSAGE = 3 * APART, LENGTH = 4 * APART };

static char *map, buffer[64];

static void put(int fd, int at, const void *content, size_t length) {
  if (pwrite(fd, content, length, at) != (ssize_t)length) die("pwrite");
}

static void *open_fifo(void *unused) {
  if (open(map + PATH, O_RDONLY) < 0) die("open");
  return unused;
}

static void *wait_for_word(void *unused) {
  syscall(SYS_futex, map + WORD, FUTEX_WAIT, 7, NULL, NULL, 0);
  return unused;
}

/* Until a thread other than this one is inside of a system call that waits. */
static void start(void *(*what)(void *)) {
  pthread_t thread;
  struct timespec pause = {0, 200000000L};
  if (pthread_create(&thread, NULL, what, NULL) != 0) die("pthread_create");
  nanosleep(&pause, NULL);
}

int main(int argc, char **argv) {
  struct ring ring;
  struct timespec pause = {0, 10000000L};
  struct iovec vector = {buffer, sizeof buffer};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  const int word = 7;
  int ends[2], sockets[2];
  if (argc < 3) unsupported("usage: hungargs FILE FIFO");
  bounded_life();
  int fd = open(argv[1], O_RDWR | O_CLOEXEC);
  if (fd < 0) die(argv[1]);
  put(fd, PATH, argv[2], strlen(argv[2]) + 1);
  put(fd, WORD, &word, sizeof word);
  put(fd, VECTOR, &vector, sizeof vector);
  put(fd, MESSAGE, &message, sizeof message);
  map = mmap(NULL, LENGTH, PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) die("mmap");
  start(open_fifo);
  start(wait_for_word);
  make_pipe(ends);
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) < 0) die("socketpair");
  ring_open(&ring, (struct ring_options){0});
  ring_rw(&ring, IORING_OP_READV, ends[0], map + VECTOR, 1, 0);
  ring_rw(&ring, IORING_OP_RECVMSG, sockets[0], map + MESSAGE, 1, 0);
  ring_submit(&ring);
  if (fsync(fd) < 0 || madvise(map, LENGTH, MADV_DONTNEED) < 0) die("madvise");
  if (posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0) die("posix_fadvise");
  unsigned char resident[LENGTH / 4096] = {0};
  if (mincore(map, LENGTH, resident) < 0) die("mincore");
  int kept = 0;
  for (unsigned page = 0; page < sizeof resident; page++) kept += resident[page] & 1;
  ready("\"inFlight\":2,\"resident\":%d", kept);
  for (;;) {
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) die("mmap");
    munmap(page, 4096);
    nanosleep(&pause, NULL);
  }
}
