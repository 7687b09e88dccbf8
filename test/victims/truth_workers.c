/* Requests in io-wq workers, in the queue before them, and inside a file system. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

enum { PAGE = 4096, APART = 131072 };

const char *make_fifo(const char *name) {
  if (mkfifo(name, 0600) < 0 && errno != EEXIST) die(name);
  return name;
}

static void limit_workers(struct truth_ring *ring, unsigned most) {
  unsigned limits[2] = {most, most};
  if (truth_register(ring, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
    truth_unsupported("IORING_REGISTER_IOWQ_MAX_WORKERS needs kernel 5.15");
}

static struct io_uring_sqe *open_fifo(struct truth_ring *ring, const char *name, unsigned flags) {
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_OPENAT, AT_FDCWD, name, 0, 0);
  sqe->open_flags = flags;
  sqe->flags = IOSQE_ASYNC;
  return sqe;
}

static void workers(struct truth_ring *ring, const char *path) {
  const char *fifo = make_fifo("fifo");
  operand(claim(ring, open_fifo(ring, fifo, O_RDONLY), "running"), "open flags", "O_RDONLY");
  operand(claim(ring, open_fifo(ring, fifo, O_RDONLY | O_CLOEXEC), "running"), "open flags", "O_RDONLY|O_CLOEXEC");
  int out[2];
  make_pipe(out);
  struct io_uring_sqe *sqe = truth_sqe(ring, IORING_OP_SPLICE, out[1]);
  sqe->splice_fd_in = empty_pipe();
  sqe->splice_off_in = ~0ULL;
  sqe->off = ~0ULL;
  sqe->len = 777;
  claim(ring, sqe, "running");
  /* What waits behind a request that a worker carries. */
  sqe = open_fifo(ring, fifo, O_RDONLY | O_NOFOLLOW);
  sqe->flags |= IOSQE_IO_LINK;
  operand(claim(ring, sqe, "running"), "open flags", "O_RDONLY|O_NOFOLLOW");
  claim(ring, truth_sqe(ring, IORING_OP_NOP, -1), "linked");
  truth_submit(ring);
}

static void queued(struct truth_ring *ring, const char *path) {
  const char *fifo = make_fifo("fifo");
  limit_workers(ring, 2);
  for (int i = 0; i < 12; i++) claim(ring, open_fifo(ring, fifo, O_RDONLY), i < 2 ? "running" : "queued");
  truth_submit(ring);
}

static int open_path(const char *path, int flags) {
  int fd = open(path, flags);
  if (fd < 0) die(path);
  return fd;
}

static char *pages(unsigned count) {
  void *at = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  return at;
}

/* Buffered writes to one inode go one after the other, whatever the number of workers. */
static void hashed(struct truth_ring *ring, const char *path) {
  int fd = open_path(path, O_WRONLY);
  char *buffer = pages(8);
  for (unsigned i = 0; i < 8; i++) {
    struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_WRITE, fd, buffer + i * PAGE, PAGE, (uint64_t)i * APART);
    claim(ring, sqe, i == 0 ? "running" : "queued");
  }
  truth_submit(ring);
}

static void buffered(struct truth_ring *ring, const char *path) {
  int fd = open_path(path, O_RDONLY);
  char *buffer = pages(6);
  limit_workers(ring, 4);
  for (unsigned i = 0; i < 6; i++)
    claim(ring, truth_rw(ring, IORING_OP_READ, fd, buffer + i * PAGE, PAGE, (uint64_t)i * APART),
          i < 4 ? "running" : "queued");
  truth_submit(ring);
}

/*
 * Reads past the page cache, taken by the file system while they were submitted: no worker and no list has them. Without
 * O_DIRECT older kernels hold the submitter meanwhile.
 */
static void issued(struct truth_ring *ring, const char *path) {
  int fd = open_path(path, O_RDONLY | O_DIRECT);
  char *buffer = pages(8);
  for (unsigned i = 0; i < 8; i++)
    claim(ring, truth_rw(ring, IORING_OP_READ, fd, buffer + i * PAGE, PAGE, (uint64_t)i * APART), "issued");
  truth_submit(ring);
}

/* Their SQEs have been written over, too: nothing leads to them but a search of the kernel's memory. */
static void issued_overwritten(struct truth_ring *ring, const char *path) {
  issued(ring, path);
  truth_spin(ring, 4 * ring->sq_entries);
}

/* Needs the set-up word iopoll: the device has answered long ago, but only who asks is told. */
static void polled_device(struct truth_ring *ring, const char *path) {
  char *buffer = pages(4);
  int fd = open("block", O_RDWR | O_CREAT | O_DIRECT, 0600);
  if (!(ring->setup.flags & IORING_SETUP_IOPOLL)) truth_unsupported("this scene needs the set-up word iopoll");
  if (fd < 0 || pwrite(fd, buffer, 4 * PAGE, 0) != 4 * PAGE) truth_unsupported("O_DIRECT is refused here");
  for (unsigned i = 0; i < 4; i++)
    claim(ring, truth_rw(ring, IORING_OP_READ, fd, buffer + i * PAGE, PAGE, i * PAGE), "issued");
  truth_submit(ring);
}

const struct truth_scene worker_truths[] = {
    {.name = "workers", .run = workers, .kind = IN_MIX, .workers = 4},
    {.name = "queued", .run = queued, .workers = 2},
    {.name = "hashed", .run = hashed, .kind = TAKES_PATH, .workers = 1},
    {.name = "buffered", .run = buffered, .kind = TAKES_PATH, .workers = 4},
    {.name = "issued", .run = issued, .kind = TAKES_PATH},
    {.name = "issued-overwritten", .run = issued_overwritten, .kind = TAKES_PATH, .entries = 16},
    {.name = "iopoll", .run = polled_device},
    {.name = NULL},
};
