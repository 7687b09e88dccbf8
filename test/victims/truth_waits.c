/* Requests that wait for a word in memory, a child, the network's last acknowledgement, or their own thread. */
#define _GNU_SOURCE
#include <errno.h>
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
  if (!truth_knows(ring, OP_FUTEX_WAIT)) truth_unsupported("IORING_OP_FUTEX_WAIT needs kernel 6.7");
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
  if (!truth_knows(ring, OP_WAITID)) truth_unsupported("IORING_OP_WAITID needs kernel 6.7");
  struct io_uring_sqe *sqe = truth_sqe(ring, OP_WAITID, sleeping_child());
  sqe->len = P_PID;
  sqe->file_index = WEXITED;
  sqe->addr2 = (uintptr_t)&info;
  claim(ring, sqe, "waiting");
  truth_submit(ring);
}

/* Until the peer's window, too, is full: then there is no room a while later either. */
static void fill_for_good(int fd) {
  do {
    fill(fd);
    pause_for(50);
  } while (send(fd, buffer, 1, MSG_DONTWAIT) == 1);
}

/*
 * The peer reads nothing and its window is closed. A send finds room and says so at once, yet its pages are not let go
 * before the peer has taken them; another finds none.
 */
static void zero_copy(struct truth_ring *ring, const char *path) {
  int ends[2], full[2], little = 4096, more = 100000;
  connection(ends);
  connection(full);
  if (!truth_knows(ring, IORING_OP_SEND_ZC)) truth_unsupported("IORING_OP_SEND_ZC needs kernel 6.0");
  fill_for_good(full[0]);
  if (setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little) < 0) die("SO_SNDBUF");
  fill_for_good(ends[0]);
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

const struct truth_scene wait_truths[] = {
    {.name = "futex", .run = futex, .kind = IN_MIX},
    {.name = "waitid", .run = wait_for_child, .kind = IN_MIX},
    {.name = "zero-copy", .run = zero_copy},
    {.name = "task-work", .run = task_work},
    {.name = "command", .run = command},
    {.name = NULL},
};
