/*
 * cancel SCENE [limit] [PATH]: one request that waits in a place of its own. On SIGUSR1 it is cancelled by its user_data;
 * with `limit` it has a linked timeout instead, which is made to expire then, if the kernel has started it. Then one line tells what came of it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

/* Newer than the headers of Debian 12. */
enum { OP_WAITID = 50, OP_FUTEX_WAIT = 51, FUTEX2_U32 = 2, FUTEX2_PRIVATE_FLAG = 128 };
enum { PAGE = 4096, CANCEL = 1, LIMIT = 2 };
/* No result of a cancel: its own completion has not come. */
enum { NOT_YET = 99 };

static struct ring ring;
static char buffer[PAGE];
static const char *path;
static int limited;
static uint64_t target;

static const struct __kernel_timespec soon = {.tv_nsec = 100000000}, later = {.tv_sec = 1000};

/* Makes this the request that will be cancelled, or limited. */
static void aim(struct io_uring_sqe *sqe) {
  target = sqe->user_data;
  if (!limited) return;
  sqe->flags |= IOSQE_IO_LINK;
  struct io_uring_sqe *timeout = ring_sqe(&ring, IORING_OP_LINK_TIMEOUT, -1);
  timeout->addr = (uintptr_t)&later;
  timeout->len = 1;
  timeout->user_data = LIMIT;
}

static struct io_uring_sqe *pipe_read(void) {
  int ends[2];
  make_pipe(ends);
  return ring_rw(&ring, IORING_OP_READ, ends[0], buffer, PAGE, 0);
}

static struct io_uring_sqe *fifo_open(void) {
  if (mkfifo("fifo", 0600) < 0 && errno != EEXIST) die("fifo");
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_OPENAT, AT_FDCWD);
  sqe->addr = (uintptr_t) "fifo";
  sqe->open_flags = O_RDONLY;
  sqe->flags = IOSQE_ASYNC;
  return sqe;
}

static struct io_uring_sqe *file(int opcode, int flags) {
  int fd = open(path, flags);
  if (fd < 0) die(path);
  return ring_rw(&ring, (uint8_t)opcode, fd, buffer, PAGE, 0);
}

static int polled(void) { return aim(pipe_read()), 0; }

static int opening(void) { return aim(fifo_open()), 1; }

static int queued(void) {
  unsigned limits[2] = {1, 1};
  if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
    unsupported("IORING_REGISTER_IOWQ_MAX_WORKERS needs kernel 5.15");
  fifo_open();
  ring_submit(&ring);
  await_workers(1);
  return aim(fifo_open()), 1;
}

static int splicing(void) {
  int from[2], to[2];
  make_pipe(from), make_pipe(to);
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_SPLICE, to[1]);
  sqe->splice_fd_in = from[0];
  sqe->splice_off_in = sqe->off = (uint64_t)-1;
  sqe->len = PAGE;
  return aim(sqe), 1;
}

static int reading(void) {
  struct io_uring_sqe *sqe = file(IORING_OP_READ, O_RDONLY);
  sqe->flags = IOSQE_ASYNC;
  return aim(sqe), 1;
}

static int handed_on(void) { return aim(file(IORING_OP_READ, O_RDONLY)), 0; }

static int writing(void) {
  struct io_uring_sqe *sqe = file(IORING_OP_WRITE, O_WRONLY);
  sqe->flags = IOSQE_ASYNC;
  return aim(sqe), 1;
}

enum { WRITES = 40 };

/* Writes of one file, the last of which is aimed at. `together` = submitted before a worker has taken the first one. */
static int writes(int together) {
  int fd = open(path, O_WRONLY);
  if (fd < 0) die(path);
  for (unsigned i = 0; i < WRITES; i++) {
    struct io_uring_sqe *sqe = ring_rw(&ring, IORING_OP_WRITE, fd, buffer, PAGE, (uint64_t)i * PAGE);
    if (i == WRITES - 1) aim(sqe);
    if (i > 0 || together) continue;
    ring_submit(&ring);
    await_workers(1);
  }
  return 1;
}

static int writes_at_once(void) { return writes(1); }

static int writes_in_turn(void) { return writes(0); }

static int timer(void) {
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_TIMEOUT, -1);
  sqe->addr = (uintptr_t)&later;
  sqe->len = 1;
  target = sqe->user_data;
  return 0;
}

static int limiting(void) {
  pipe_read()->flags = IOSQE_IO_LINK;
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_LINK_TIMEOUT, -1);
  sqe->addr = (uintptr_t)&later;
  sqe->len = 1;
  target = sqe->user_data;
  return 0;
}

static int futex(void) {
  static uint32_t word;
  struct io_uring_sqe *sqe = ring_sqe(&ring, OP_FUTEX_WAIT, FUTEX2_U32 | FUTEX2_PRIVATE_FLAG);
  sqe->addr = (uintptr_t)&word;
  sqe->off = 0;
  sqe->addr3 = 0xffffffff;
  return aim(sqe), 0;
}

static int child(void) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) bounded_life(), park();
  struct io_uring_sqe *sqe = ring_sqe(&ring, OP_WAITID, pid);
  sqe->len = P_PID;
  sqe->file_index = WEXITED;
  return aim(sqe), 0;
}

static int linked(void) {
  pipe_read()->flags = IOSQE_IO_LINK;
  target = ring_sqe(&ring, IORING_OP_NOP, -1)->user_data;
  return 0;
}

static int drained(void) {
  pipe_read();
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_NOP, -1);
  sqe->flags = IOSQE_IO_DRAIN;
  target = sqe->user_data;
  return 0;
}

static const struct {
  const char *name;
  /* Fills the ring; returns how many workers will sleep. */
  int (*run)(void);
} scenes[] = {
    {"polled", polled},     {"opening", opening},
    {"queued", queued},     {"splicing", splicing},
    {"reading", reading},   {"handed-on", handed_on},
    {"writing", writing},   {"writes-at-once", writes_at_once},
    {"timer", timer},       {"writes-in-turn", writes_in_turn},
    {"futex", futex},       {"limiting", limiting},
    {"child", child},       {"linked", linked},
    {"drained", drained},
};

/* Looks for a completion among all there are; 1 = it is there, with its `result`. */
static int completed(uint64_t user_data, int *result) {
  unsigned tail = __atomic_load_n(ring.cq_tail, __ATOMIC_ACQUIRE);
  for (unsigned at = *ring.cq_head; at != tail; at++) {
    const struct io_uring_cqe *cqe = &ring.cqes[at & ring.cq_mask];
    if (cqe->user_data != user_data) continue;
    *result = cqe->res;
    return 1;
  }
  return 0;
}

static void await_completion(uint64_t user_data, int milliseconds, int *result) {
  for (int waited = 0; waited < milliseconds && !completed(user_data, result); waited += 10)
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

int main(int argc, char **argv) {
  int (*run)(void) = NULL;
  for (unsigned i = 0; argc > 1 && i < sizeof scenes / sizeof *scenes; i++)
    if (!strcmp(scenes[i].name, argv[1])) run = scenes[i].run;
  if (!run) {
    fprintf(stderr, "usage: cancel SCENE [limit] [PATH]\n");
    return 2;
  }
  for (int i = 2; i < argc; i++) {
    if (!strcmp(argv[i], "limit")) limited = 1;
    else path = argv[i];
  }
  bounded_life();
  sigset_t asked;
  sigemptyset(&asked);
  sigaddset(&asked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &asked, NULL);
  ring_open(&ring, (struct ring_options){0});
  int workers = run();
  ring_submit(&ring);
  await_workers(workers);
  int early = 0;
  if (completed(target, &early)) {
    if (early == -EINVAL) unsupported("this kernel does not know the operation");
    errno = early < 0 ? -early : EEXIST;
    die("it has completed before anybody asked for it");
  }
  ready("\"target\":\"0x%llx\"", (unsigned long long)target);

  int got, found = NOT_YET, result = 0;
  sigwait(&asked, &got);
  struct io_uring_sqe *sqe = ring_sqe(&ring, limited ? IORING_OP_TIMEOUT_REMOVE : IORING_OP_ASYNC_CANCEL, -1);
  sqe->addr = limited ? LIMIT : target;
  sqe->user_data = CANCEL;
  if (limited) {
    sqe->off = (uintptr_t)&soon;
    sqe->timeout_flags = IORING_TIMEOUT_UPDATE | IORING_LINK_TIMEOUT_UPDATE;
  }
  ring_submit(&ring);
  await_completion(CANCEL, 1000, &found);
  await_completion(target, limited ? 3000 : 500, &result);
  printf("{\"cancel\":%d,\"ended\":%s,\"result\":%d}\n", found, completed(target, &result) ? "true" : "false", result);
  fflush(stdout);
  park();
}
