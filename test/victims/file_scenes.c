/* Requests on files: FIFOs that nobody opens, reads and writes of a path given by the test, a userfaultfd buffer. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "scenes.h"
#include "victim.h"

enum { PAGE = 4096 };

static char *pages(unsigned count) {
  void *at = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

static void make_fifo(const char *name) {
  if (mkfifo(name, 0600) < 0 && errno != EEXIST) die(name);
}

static void open_async(struct ring *ring, const char *name) {
  struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_OPENAT, AT_FDCWD);
  sqe->addr = (uintptr_t)name;
  sqe->open_flags = O_RDONLY;
  sqe->flags = IOSQE_ASYNC;
}

/* Four opens of FIFOs nobody opens for writing: four workers in S. */
static void fifo_open(struct ring *ring, char **arguments) {
  static const char *const names[] = {"fifo1", "fifo2", "fifo3", "fifo4"};
  ring_open(ring, (struct ring_options){0});
  for (int i = 0; i < 4; i++) {
    make_fifo(names[i]);
    open_async(ring, names[i]);
  }
  ring_submit(ring);
  await_workers(4);
  ready("\"operation\":\"OPENAT\",\"inFlight\":4,\"workers\":4");
  ring_wait(ring, 1);
  park();
}

/* 140 opens of one FIFO, and a limit that gives each a worker. */
static void worker_crowd(struct ring *ring, char **arguments) {
  enum { CROWD = 140 };
  unsigned limits[2] = {CROWD, 0};
  ring_open(ring, (struct ring_options){.entries = 256});
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
    unsupported("IORING_REGISTER_IOWQ_MAX_WORKERS needs kernel 5.15");
  make_fifo("fifo1");
  for (int i = 0; i < CROWD; i++) open_async(ring, "fifo1");
  ring_submit(ring);
  await_workers(CROWD);
  ready("\"operation\":\"OPENAT\",\"inFlight\":%d,\"workers\":%d", CROWD, CROWD);
  ring_wait(ring, 1);
  park();
}

/* Ten opens of one FIFO where the program allows io-wq two workers: eight can only queue. */
static void workers_exhausted(struct ring *ring, char **arguments) {
  unsigned limits[2] = {2, 2};
  ring_open(ring, (struct ring_options){0});
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
    unsupported("IORING_REGISTER_IOWQ_MAX_WORKERS needs kernel 5.15");
  make_fifo("fifo1");
  for (int i = 0; i < 10; i++) open_async(ring, "fifo1");
  ring_submit(ring);
  await_workers(2);
  ready("\"operation\":\"OPENAT\",\"inFlight\":10,\"workers\":2,\"queued\":8");
  ring_wait(ring, 1);
  park();
}

/* file PATH read|write COUNT [async] [direct]: COUNT requests, each of a page of its own, 128 KiB apart. */
static void file_io(struct ring *ring, char **arguments) {
  if (!arguments[0] || !arguments[1] || !arguments[2]) die("file PATH read|write COUNT [async] [direct]");
  const char *path = arguments[0];
  int writing = !strcmp(arguments[1], "write"), async = 0, direct = 0;
  unsigned count = (unsigned)atoi(arguments[2]);
  for (char **word = arguments + 3; *word; word++) {
    async |= !strcmp(*word, "async");
    direct |= !strcmp(*word, "direct");
  }
  int fd = open(path, (writing ? O_WRONLY : O_RDONLY) | (direct ? O_DIRECT : 0));
  if (fd < 0) die(path);
  char *buffer = pages(count);
  ring_open(ring, (struct ring_options){.entries = 128});
  for (unsigned i = 0; i < count; i++) {
    struct io_uring_sqe *sqe =
        ring_rw(ring, writing ? IORING_OP_WRITE : IORING_OP_READ, fd, buffer + (size_t)i * PAGE, PAGE,
                (uint64_t)i * 131072);
    if (async) sqe->flags = IOSQE_ASYNC;
  }
  /* Said before, because the submission itself may be what blocks. */
  ready("\"operation\":\"%s\",\"inFlight\":%u,\"fd\":%d", writing ? "WRITE" : "READ", count, fd);
  ring_submit(ring);
  ring_wait(ring, count);
  park();
}

/* two-faults PATH OTHER: three reads of the one file and three writes of the other, each in a worker. */
static void two_faults(struct ring *ring, char **arguments) {
  if (!arguments[0] || !arguments[1]) die("two-faults PATH OTHER");
  int fds[2] = {open(arguments[0], O_RDONLY), open(arguments[1], O_WRONLY)};
  if (fds[0] < 0 || fds[1] < 0) die("two-faults");
  char *buffer = pages(6);
  ring_open(ring, (struct ring_options){0});
  for (int i = 0; i < 6; i++)
    ring_rw(ring, i % 2 ? IORING_OP_WRITE : IORING_OP_READ, fds[i % 2], buffer + i * PAGE, PAGE, (uint64_t)i * 131072)
        ->flags = IOSQE_ASYNC;
  ring_submit(ring);
  ready("\"inFlight\":6,\"fd\":%d", fds[0]);
  ring_wait(ring, 6);
  park();
}

/* plain PATH: read(2), no ring anywhere. */
static void plain_read(struct ring *ring, char **arguments) {
  if (!arguments[0]) die("plain PATH");
  int fd = open(arguments[0], O_RDONLY);
  if (fd < 0) die(arguments[0]);
  static char buffer[PAGE];
  ready("\"operation\":\"read\",\"fd\":%d", fd);
  if (read(fd, buffer, sizeof buffer) < 0) die("read");
  park();
}

/* A read of a cached file into a page that a userfaultfd never supplies. */
static int read_into_missing_page(struct ring *ring) {
  int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) < 0)
    unsupported("needs root or vm.unprivileged_userfaultfd=1 (userfaultfd that sees the kernel's own accesses)");
  char *page = pages(1);
  struct uffdio_register registration = {.range = {(uintptr_t)page, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (ioctl(uffd, UFFDIO_REGISTER, &registration) < 0) die("UFFDIO_REGISTER");
  int fd = open("cached", O_RDWR | O_CREAT, 0600);
  static char block[PAGE];
  if (fd < 0 || write(fd, block, sizeof block) != PAGE) die("cached");
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_READ, fd, page, PAGE, 0);
  return uffd;
}

/* The submitter itself sticks, holding the ring's lock. */
static void uffd_read(struct ring *ring, char **arguments) {
  int uffd = read_into_missing_page(ring);
  ready("\"operation\":\"READ\",\"inFlight\":1,\"uffd\":%d", uffd);
  ring_submit(ring);
  park();
}

static void *submit_one_more(void *argument) {
  const struct ring *ring = argument;
  struct timespec pause = {.tv_nsec = 200000000};
  nanosleep(&pause, NULL);
  ready("\"operation\":\"READ\",\"inFlight\":1");
  ring_enter(ring->fd, 1, 0, 0);
  return NULL;
}

/* The same, and a second thread that enters the ring and cannot have its lock. */
static void ring_lock(struct ring *ring, char **arguments) {
  pthread_t thread;
  read_into_missing_page(ring);
  if (pthread_create(&thread, NULL, submit_one_more, ring)) die("pthread_create");
  ring_submit(ring);
  park();
}

/* Nops and reads of a small file, one after the other, every completion reaped; a rest after each round. */
static void healthy(struct ring *ring, char **arguments) {
  static char block[PAGE];
  int fd = open("small", O_RDWR | O_CREAT, 0600);
  if (fd < 0 || write(fd, block, sizeof block) != PAGE) die("small");
  const struct timespec rest = {.tv_nsec = 1000000};
  ring_open(ring, (struct ring_options){0});
  ready("\"inFlight\":0");
  for (;;) {
    ring_sqe(ring, IORING_OP_NOP, -1);
    ring_rw(ring, IORING_OP_READ, fd, block, PAGE, 0);
    ring_submit(ring);
    ring_wait(ring, 2);
    while (ring_ready(ring)) ring_reap(ring);
    nanosleep(&rest, NULL);
  }
}

const struct scene file_scenes[] = {
    {"fifo-open", fifo_open}, {"worker-crowd", worker_crowd},
    {"workers-exhausted", workers_exhausted},
    {"file", file_io},        {"plain", plain_read},
    {"uffd-read", uffd_read}, {"ring-lock", ring_lock},
    {"healthy", healthy},     {"two-faults", two_faults},
    {NULL, NULL},
};
