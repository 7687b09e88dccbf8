/*
 * pends SCENE [PATH]: waits for a child, for a word of memory, for a lock, or of an operation that has two ends; as a system call
 * or as a request of io_uring.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

/* Newer than the headers of Debian 12. */
enum { OP_WAITID = 50, OP_FUTEX_WAIT = 51, OP_FUTEX_WAITV = 53, OP_EPOLL_WAIT = 59 };
enum { FUTEX2_U32 = 2, OWN = 128, PAGE = 4096 };

static struct ring ring;
static char buffer[PAGE];
static const char *path;

/* It has its name from its first moment on. */
static pid_t child(const char *name) {
  prctl(PR_SET_NAME, name);
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) {
    prctl(PR_SET_NAME, "pends");
    return pid;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(300);
  park();
}

/* Runs `act` in a thread called `holder` and returns when that has done it; the thread stays. */
static void (*act)(void);
static int done;

static void *hold(void *unused) {
  prctl(PR_SET_NAME, "holder");
  act();
  __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
  park();
}

static void in_holder(void (*what)(void)) {
  pthread_t thread;
  act = what;
  if (pthread_create(&thread, NULL, hold, NULL)) die("pthread_create");
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) poll(NULL, 0, 5);
}

static void one(const char *operation) {
  ready("\"operation\":\"%s\",\"inFlight\":1", operation);
  ring_wait(&ring, 1);
  int result = ring_reap(&ring);
  if (result == -EINVAL) fprintf(stderr, "this kernel does not know %s\n", operation);
  park();
}

static void submit(void) {
  ring_submit(&ring);
  if (ring_ready(&ring) && ring_reap(&ring) == -EINVAL) unsupported("this kernel does not know the operation");
}

static void ring_waitid(int kind, int id) {
  struct io_uring_sqe *sqe = ring_sqe(&ring, OP_WAITID, id);
  sqe->len = (unsigned)kind;
  sqe->file_index = WEXITED;
  submit();
  one("WAITID");
}

static void waitid_pid(void) { ring_waitid(P_PID, child("worker-a")); }
static void waitid_pidfd(void) { ring_waitid(3, (int)syscall(SYS_pidfd_open, child("worker-a"), 0)); }
static void waitid_any(void) {
  child("worker-a"), child("worker-b");
  ring_waitid(P_ALL, 0);
}

static void wait4_stopped(void) {
  pid_t pid = child("worker-a");
  kill(pid, SIGSTOP);
  siginfo_t info;
  waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT);
  ready("\"operation\":\"wait4\"");
  waitpid(pid, NULL, 0);
}

static uint32_t word = 7, other = 8;

static struct io_uring_sqe *futex_request(void) {
  struct io_uring_sqe *sqe = ring_sqe(&ring, OP_FUTEX_WAIT, FUTEX2_U32 | OWN);
  sqe->addr = (uintptr_t)&word;
  sqe->off = word;
  sqe->addr3 = 0xffffffff;
  return sqe;
}

static void futex_wait(void) {
  futex_request();
  submit();
  one("FUTEX_WAIT");
}

/* Whoever changed it has forgotten to wake. */
static void futex_changed(void) {
  futex_request();
  submit();
  word = 9;
  one("FUTEX_WAIT");
}

static void futex_several(void) {
  static struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } several[2] = {{7, 0, FUTEX2_U32 | OWN, 0}, {8, 0, FUTEX2_U32 | OWN, 0}};
  several[0].address = (uintptr_t)&word, several[1].address = (uintptr_t)&other;
  struct io_uring_sqe *sqe = ring_sqe(&ring, OP_FUTEX_WAITV, 0);
  sqe->addr = (uintptr_t)several;
  sqe->len = 2;
  submit();
  one("FUTEX_WAITV");
}

static uint32_t lock;
static void take_pi(void) { syscall(SYS_futex, &lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0); }
static void lock_pi(void) {
  in_holder(take_pi);
  ready("\"operation\":\"futex\"");
  take_pi();
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void take_mutex(void) { pthread_mutex_lock(&mutex); }
static void lock_mutex(void) {
  in_holder(take_mutex);
  ready("\"operation\":\"futex\"");
  take_mutex();
}

static void lock_robust(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&mutex, &attributes);
  lock_mutex();
}

static void lock_own(void) {
  take_mutex();
  ready("\"operation\":\"futex\"");
  take_mutex();
}

static pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;

static void *cross(void *unused) {
  prctl(PR_SET_NAME, "holder");
  pthread_mutex_lock(&second);
  __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
  take_mutex();
  return NULL;
}

/* Two threads, two mutexes, each has one and wants the other. */
static void lock_crossed(void) {
  pthread_t thread;
  take_mutex();
  if (pthread_create(&thread, NULL, cross, NULL)) die("pthread_create");
  while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) poll(NULL, 0, 5);
  ready("\"operation\":\"futex\"");
  pthread_mutex_lock(&second);
}

static void epoll_request(void) {
  static struct epoll_event events[4];
  struct epoll_event event = {.events = EPOLLIN};
  int ends[2], set = epoll_create1(EPOLL_CLOEXEC), signal = eventfd(0, EFD_CLOEXEC);
  make_pipe(ends);
  if (epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event) < 0 || epoll_ctl(set, EPOLL_CTL_ADD, signal, &event) < 0)
    die("epoll_ctl");
  struct io_uring_sqe *sqe = ring_sqe(&ring, OP_EPOLL_WAIT, set);
  sqe->addr = (uintptr_t)events;
  sqe->len = 4;
  submit();
  one("EPOLL_WAIT");
}

static void two_ended(int opcode, const char *operation) {
  int from[2], to[2];
  make_pipe(from), make_pipe(to);
  struct io_uring_sqe *sqe = ring_sqe(&ring, (uint8_t)opcode, to[1]);
  sqe->splice_fd_in = from[0];
  if (opcode == IORING_OP_SPLICE) sqe->splice_off_in = sqe->off = (uint64_t)-1;
  sqe->len = PAGE;
  ring_submit(&ring);
  await_workers(1);
  one(operation);
}

static void splice_empty(void) { two_ended(IORING_OP_SPLICE, "SPLICE"); }
static void tee_empty(void) { two_ended(IORING_OP_TEE, "TEE"); }

/* From a file into a pipe that nobody reads. */
static void splice_full(void) {
  int to[2], file = open("source", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  make_pipe(to);
  fill(to[1]);
  if (file < 0 || ftruncate(file, PAGE) < 0) die("source");
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_SPLICE, to[1]);
  sqe->splice_fd_in = file;
  sqe->off = (uint64_t)-1;
  sqe->len = PAGE;
  ring_submit(&ring);
  await_workers(1);
  one("SPLICE");
}

/* Writes and has them taken to the disk, which does not answer. */
static void sync_range(void) {
  int fd = path ? open(path, O_RDWR) : -1;
  if (fd < 0 || write(fd, buffer, sizeof buffer) < 0) die("sync-range PATH");
  struct io_uring_sqe *sqe = ring_sqe(&ring, IORING_OP_SYNC_FILE_RANGE, fd);
  sqe->sync_range_flags = 7;
  sqe->len = PAGE;
  ring_submit(&ring);
  one("SYNC_FILE_RANGE");
}

static const struct {
  const char *name;
  void (*run)(void);
} scenes[] = {
    {"waitid-pid", waitid_pid},       {"waitid-pidfd", waitid_pidfd},   {"waitid-any", waitid_any},
    {"wait4-stopped", wait4_stopped}, {"futex-wait", futex_wait},       {"futex-changed", futex_changed},
    {"futex-several", futex_several}, {"lock-pi", lock_pi},             {"lock-mutex", lock_mutex},
    {"lock-robust", lock_robust},     {"lock-own", lock_own},           {"epoll-request", epoll_request},
    {"splice-empty", splice_empty},   {"tee-empty", tee_empty},         {"splice-full", splice_full},
    {"sync-range", sync_range},       {"lock-crossed", lock_crossed},
};

int main(int argc, char **argv) {
  bounded_life();
  path = argc > 2 ? argv[2] : NULL;
  for (unsigned i = 0; argc > 1 && i < sizeof scenes / sizeof *scenes; i++)
    if (!strcmp(scenes[i].name, argv[1])) {
      if (!strncmp(argv[1], "lock", 4) || !strncmp(argv[1], "wait4", 5)) scenes[i].run();
      ring_open(&ring, (struct ring_options){0});
      scenes[i].run();
      park();
    }
  fprintf(stderr, "usage: pends SCENE [PATH], where SCENE is one of:\n");
  for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++) fprintf(stderr, "  %s\n", scenes[i].name);
  return 2;
}
