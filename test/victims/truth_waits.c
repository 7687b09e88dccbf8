/* Requests that wait for a word in memory, a child, the network's last acknowledgement, or their own thread. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

static char buffer[65536];

static void futex(struct truth_ring *ring, const char *path) {
  static uint32_t words[3] = {7, 8, 9};
  static struct {
    uint64_t value, address;
    uint32_t flags, reserved;
  } several[2] = {{8, 0, FUTEX2_U32 | FUTEX2_PRIVATE_FLAG, 0}, {9, 0, FUTEX2_U32 | FUTEX2_PRIVATE_FLAG, 0}};
  struct io_uring_sqe *sqe =
      truth_rw(ring, OP_FUTEX_WAIT, FUTEX2_U32 | FUTEX2_PRIVATE_FLAG, &words[0], 0, words[0]);
  sqe->addr3 = 0xffffffff;
  claim(ring, sqe, "waiting");
  for (int i = 0; i < 2; i++) several[i].address = (uintptr_t)&words[1 + i];
  claim(ring, truth_rw(ring, OP_FUTEX_WAITV, 0, several, 2, 0), "waiting");
  truth_submit(ring);
}

static void wait_for_child(struct truth_ring *ring, const char *path) {
  static siginfo_t info;
  struct io_uring_sqe *sqe = truth_sqe(ring, OP_WAITID, sleeping_child());
  sqe->len = P_PID;
  sqe->file_index = WEXITED;
  sqe->addr2 = (uintptr_t)&info;
  claim(ring, sqe, "waiting");
  truth_submit(ring);
}

/* Until the peer's window, too, is full: then there is no room a while later either. */
static void fill_for_good(int ends[2]) {
  int little = 4096;
  if (setsockopt(ends[1], SOL_SOCKET, SO_RCVBUF, &little, sizeof little) < 0) die("SO_RCVBUF");
  for (int full = 0; full < 8; full++) {
    fill(ends[0]);
    pause_for(50);
    if (send(ends[0], buffer, 1, MSG_DONTWAIT) == 1) full = -1;
  }
}

/*
 * The peer reads nothing and its window is closed. A send finds room and says so at once, yet its pages are not let go
 * before the peer has taken them; another finds none.
 */
static void zero_copy(struct truth_ring *ring, const char *path) {
  int ends[2], full[2], little = 4096, more = 100000;
  connection(ends);
  connection(full);
  fill_for_good(full);
  if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little) < 0) die("SO_SNDBUF");
  fill_for_good(ends);
  if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &more, sizeof more) < 0) die("SO_SNDBUF");
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_SEND_ZC, ends[0], buffer, 4096, 0);
  claim(ring, sqe, "waiting|issued");
  claim_finished(ring, sqe, "completed", 4096);
  claim(ring, truth_rw(ring, IORING_OP_SEND_ZC, full[0], buffer, 8192, 0), "polling");
  truth_submit(ring);
}

/* The data have come, but what takes them is work for the ring's thread, which never asks for it. */
static void task_work(struct truth_ring *ring, const char *path) {
  int ends[2];
  if (!(ring->setup.flags & IORING_SETUP_DEFER_TASKRUN)) truth_unsupported("this scene needs the set-up word defer");
  make_pipe(ends);
  for (unsigned i = 0; i < 3; i++)
    claim(ring, truth_rw(ring, IORING_OP_READ, ends[0], buffer, 10 + i, 0), "issued|polling");
  truth_submit(ring);
  if (write(ends[1], buffer, 100) != 100) die("pipe");
}

/* Needs the set-up word cqe32: time stamps of what the socket sends. */
static void command(struct truth_ring *ring, const char *path) {
  enum { TX_TIMESTAMP = 4 }; /* SOCKET_URING_OP_TX_TIMESTAMP, 6.17 */
  if (!(ring->setup.flags & IORING_SETUP_CQE32)) truth_unsupported("this scene needs the set-up word cqe32");
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct io_uring_sqe *sqe = truth_sqe(ring, IORING_OP_URING_CMD, fd);
  sqe->cmd_op = TX_TIMESTAMP;
  claim(ring, sqe, "polling|waiting");
  truth_submit(ring);
}

static struct truth_ring addressee;

/* The ring of a thread that does not come to its work, for it waits for a child that never execs. */
static void *never_listen(void *argument) {
  static struct setup setup = {.entries = 8, .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN};
  int free_place[1] = {-1};
  truth_open(&addressee, &setup);
  if (truth_register(&addressee, IORING_REGISTER_FILES, free_place, 1) < 0) die("IORING_REGISTER_FILES");
  __atomic_store_n((int *)argument, 1, __ATOMIC_RELEASE);
  if (vfork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  return NULL;
}

/* A descriptor sent to another ring is placed there by that ring's own thread. */
static void message(struct truth_ring *ring, const char *path) {
  enum { SEND_FD = 1 };
  static int listening;
  int file[1] = {empty_pipe()};
  pthread_t thread;
  if (truth_register(ring, IORING_REGISTER_FILES, file, 1) < 0) die("IORING_REGISTER_FILES");
  if (pthread_create(&thread, NULL, never_listen, &listening)) die("pthread_create");
  while (!__atomic_load_n(&listening, __ATOMIC_ACQUIRE)) pause_for(5);
  pause_for(50);
  struct io_uring_sqe *sqe = truth_sqe(ring, IORING_OP_MSG_RING, addressee.fd);
  sqe->addr = SEND_FD;
  sqe->file_index = 1;
  claim(ring, sqe, "issued|waiting");
  truth_submit(ring);
  /* 6.1 reaches into the other ring. */
  if (truth_ready(ring)) truth_unsupported("this kernel needs no thread to place a descriptor");
}

const struct truth_scene wait_truths[] = {
    {.name = "futex", .run = futex, .kind = IN_MIX, .opcode = OP_FUTEX_WAIT, .since = "6.7"},
    {.name = "waitid", .run = wait_for_child, .kind = IN_MIX, .opcode = OP_WAITID, .since = "6.7"},
    {.name = "zero-copy", .run = zero_copy, .opcode = IORING_OP_SEND_ZC, .since = "6.0"},
    {.name = "message", .run = message, .opcode = IORING_OP_MSG_RING, .since = "5.18"},
    {.name = "task-work", .run = task_work},
    {.name = "command", .run = command},
    {.name = NULL},
};
