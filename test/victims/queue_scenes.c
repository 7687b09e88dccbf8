/* States of the queues themselves: not reaped, overflowed, not submitted, SQPOLL, the ring's own descriptor. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "scenes.h"
#include "victim.h"

static char buffer[4096];

static void nops(struct ring *ring, unsigned count) {
  while (count--) {
    if (ring->filled - ring->submitted == ring->sq_entries) ring_submit(ring);
    ring_sqe(ring, IORING_OP_NOP, -1);
  }
  ring_submit(ring);
}

static void pipe_reads(struct ring *ring, unsigned count) {
  int ends[2];
  make_pipe(ends);
  while (count--) ring_rw(ring, IORING_OP_READ, ends[0], buffer, sizeof buffer, 0);
}

static void cq_unreaped(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){0});
  nops(ring, 6);
  ready("\"inFlight\":0,\"completed\":6");
  park();
}

static void cq_overflow(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){.entries = 4, .cq_entries = 8});
  nops(ring, 40);
  ready("\"inFlight\":0,\"completed\":8,\"overflowed\":32");
  park();
}

static void sq_unsubmitted(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){0});
  pipe_reads(ring, 5);
  ring_publish(ring);
  ready("\"inFlight\":0,\"prepared\":5");
  park();
}

static void await_sleeping_poller(struct ring *ring) {
  for (int tries = 0; !(__atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP); tries++) {
    if (tries == 500) {
      errno = ETIMEDOUT;
      die("SQPOLL thread never slept");
    }
    struct timespec pause = {.tv_nsec = 10000000};
    nanosleep(&pause, NULL);
  }
}

/* The poller has gone to sleep (it asks to be woken) and nobody wakes it for the three reads. */
static void sqpoll_asleep(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 50});
  await_sleeping_poller(ring);
  pipe_reads(ring, 3);
  ring_publish(ring);
  ready("\"inFlight\":0,\"prepared\":3");
  park();
}

/* A poller may sleep from its start until it is woken for the first time. */
static void let_poller_take(struct ring *ring) {
  ring_publish(ring);
  while (__atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE) != ring->filled) {
    if (__atomic_load_n(ring->sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
      ring_enter(ring->fd, 1, 0, IORING_ENTER_SQ_WAKEUP);
    sched_yield();
  }
}

/* As it shall be: the poller has taken what there was and sleeps until there is more. */
static void sqpoll_idle(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 50});
  pipe_reads(ring, 1);
  let_poller_take(ring);
  await_sleeping_poller(ring);
  ready("\"operation\":\"READ\",\"inFlight\":1");
  ring_wait(ring, 1);
  park();
}

/* Once woken it spins for a minute. */
static void sqpoll_spinning(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){.flags = IORING_SETUP_SQPOLL, .idle_ms = 60000});
  pipe_reads(ring, 1);
  let_poller_take(ring);
  ready("\"operation\":\"READ\",\"inFlight\":1");
  ring_wait(ring, 1);
  park();
}

static void wait_nothing(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){0});
  ready("\"inFlight\":0");
  ring_wait(ring, 1);
  park();
}

/* A child has the ring's descriptor under another number, and sleeps. */
static void ring_forked(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){0});
  pipe_reads(ring, 1);
  ring_submit(ring);
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "sleeper");
    if (dup(ring->fd) < 0 || close(ring->fd) < 0) die("dup");
    park();
  }
  struct timespec pause = {.tv_nsec = 100000000};
  nanosleep(&pause, NULL);
  ready("\"operation\":\"READ\",\"inFlight\":1");
  ring_wait(ring, 1);
  park();
}

/* Two reads in flight and a completion in the queue, and a wait for five. */
static void wait_more(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){0});
  nops(ring, 1);
  pipe_reads(ring, 2);
  ring_submit(ring);
  ready("\"operation\":\"READ\",\"inFlight\":2,\"completed\":1");
  ring_wait(ring, 5);
  park();
}

/* libuv's way: the thread waits in epoll for the ring's descriptor. */
static void epoll_loop(struct ring *ring, char **arguments) {
  struct epoll_event event = {.events = EPOLLIN};
  ring_open(ring, (struct ring_options){0});
  pipe_reads(ring, 1);
  ring_submit(ring);
  int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0 || epoll_ctl(set, EPOLL_CTL_ADD, ring->fd, &event) < 0) die("epoll");
  ready("\"operation\":\"READ\",\"inFlight\":1,\"epoll\":%d,\"ring\":%d", set, ring->fd);
  while (epoll_wait(set, &event, 1, -1) < 0 && errno == EINTR) continue;
  park();
}

/* The descriptor is registered with the ring and closed: /proc/PID/fd shows no ring, only the mappings do. */
static void ring_closed(struct ring *ring, char **arguments) {
  ring_open(ring, (struct ring_options){0});
  struct io_uring_rsrc_update update = {.offset = 0, .data = (uint64_t)ring->fd};
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_RING_FDS, &update, 1) < 0)
    unsupported("IORING_REGISTER_RING_FDS needs kernel 5.18");
  pipe_reads(ring, 1);
  ring_submit(ring);
  close(ring->fd);
  ready("\"operation\":\"READ\",\"inFlight\":1");
  while (ring_enter((int)update.offset, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_REGISTERED_RING) == -EINTR)
    continue;
  park();
}

/*
 * Slots of files: 0 a file with a descriptor, 1 free, 2 the read end of a pipe whose descriptor is closed, 3 a direct
 * descriptor, 4 a socket without one, 5 free. Slots of buffers: 0, 1, and 2 which is free. A buffer ring of 8 with 3 in it.
 */
static void registered(struct ring *ring, char **arguments) {
  static char memory[65536] __attribute__((aligned(4096)));
  struct iovec buffers[3] = {{memory, 4096}, {memory + 8192, 8192}, {NULL, 0}};
  int ends[2], pair[2];
  ring_open(ring, (struct ring_options){0});
  int fd = open("with descriptor", O_RDWR | O_CREAT, 0600);
  int other = open("direct", O_RDWR | O_CREAT, 0600);
  if (fd < 0 || other < 0 || pipe(ends) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) die("registered");
  int files[6] = {fd, -1, ends[0], -1, pair[0], -1};
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, files, 6) < 0) die("IORING_REGISTER_FILES");
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, buffers, 3) < 0)
    unsupported("registered buffers need kernel 5.13 and locked memory (ulimit -l)");
  close(ends[0]);
  close(pair[0]);
  struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_OPENAT, AT_FDCWD);
  sqe->addr = (uint64_t)(uintptr_t)"direct";
  sqe->file_index = 3 + 1;
  ring_submit(ring);
  ring_wait(ring, 1);
  int direct = ring_reap(ring) == 0;
  struct io_uring_buf_ring *provided =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct io_uring_buf_reg group = {.ring_addr = (uint64_t)(uintptr_t)provided, .ring_entries = 8, .bgid = 70};
  int groups = provided != MAP_FAILED &&
               syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_PBUF_RING, &group, 1) == 0;
  if (groups) __atomic_store_n(&provided->tail, 3, __ATOMIC_RELEASE);
  sqe = ring_rw(ring, IORING_OP_READ_FIXED, 2, memory + 8192, 111, 0);
  sqe->flags = IOSQE_FIXED_FILE;
  sqe->buf_index = 1;
  ring_submit(ring);
  ready("\"operation\":\"READ_FIXED\",\"inFlight\":1,\"fd\":%d,\"address\":\"%#lx\",\"direct\":%d,\"groups\":%d", fd,
        (unsigned long)memory, direct, groups);
  park();
}

const struct scene queue_scenes[] = {
    {"cq-unreaped", cq_unreaped},         {"cq-overflow", cq_overflow},
    {"sq-unsubmitted", sq_unsubmitted},   {"sqpoll-asleep", sqpoll_asleep},
    {"sqpoll-spinning", sqpoll_spinning}, {"wait-nothing", wait_nothing},
    {"wait-more", wait_more},             {"epoll-loop", epoll_loop},
    {"ring-closed", ring_closed},         {"ring-forked", ring_forked},
    {"sqpoll-idle", sqpoll_idle},         {"registered", registered},
    {NULL, NULL},
};
