/* Registered files and buffers; rings that more than one task submits to. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

static char buffer[65536];

static void fixed(struct truth_ring *ring, const char *path) {
  static struct iovec buffers[2] = {{buffer, 4096}, {buffer + 8192, 8192}};
  int files[4] = {empty_pipe(), -1, full_pipe(), empty_pipe()};
  if (truth_register(ring, IORING_REGISTER_FILES, files, 4) < 0) truth_unsupported("a sparse file table is refused");
  if (truth_register(ring, IORING_REGISTER_BUFFERS, buffers, 2) < 0)
    truth_unsupported("registered buffers need more locked memory (ulimit -l)");
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_READ, 0, buffer, 111, 0);
  sqe->flags = IOSQE_FIXED_FILE;
  claim(ring, sqe, "polling");
  sqe = truth_rw(ring, IORING_OP_WRITE, 2, buffer, 222, 0);
  sqe->flags = IOSQE_FIXED_FILE;
  claim(ring, sqe, "polling");
  sqe = truth_rw(ring, IORING_OP_READ_FIXED, empty_pipe(), buffer + 8192, 333, 0);
  sqe->buf_index = 1;
  claim(ring, sqe, "polling");
  sqe = truth_rw(ring, IORING_OP_READ_FIXED, 3, buffer, 444, 0);
  sqe->flags = IOSQE_FIXED_FILE;
  claim(ring, sqe, "polling");
  truth_submit(ring);
}

static void pipe_reads(struct truth_ring *ring, const int fds[3]) {
  for (unsigned i = 0; i < 3; i++) claim(ring, truth_rw(ring, IORING_OP_READ, fds[i], buffer, 600 + i, 0), "polling");
  truth_submit(ring);
}

static void two_rings(struct truth_ring *ring, const char *path) {
  static struct truth_ring second;
  struct setup setup = {.entries = 32, .flags = ring->setup.flags & ~(unsigned)IORING_SETUP_ATTACH_WQ,
                        .cq_entries = ring->setup.cq_entries, .nommap = ring->setup.nommap,
                        .closed_fd = ring->setup.closed_fd, .words = ring->setup.words};
  truth_open(&second, &setup);
  pipe_reads(ring, (int[3]){empty_pipe(), empty_pipe(), empty_pipe()});
  pipe_reads(&second, (int[3]){empty_pipe(), empty_pipe(), empty_pipe()});
  truth_settle(&second, 0);
}

static void only_its_creator(const struct truth_ring *ring) {
  if (ring->setup.flags & IORING_SETUP_SINGLE_ISSUER) truth_unsupported("a SINGLE_ISSUER ring takes from one task");
}

static int done;

static void *submit_and_stay(void *argument) {
  struct truth_ring *ring = argument;
  ring->submitter = (int)syscall(SYS_gettid);
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_OPENAT, -100, make_fifo("other"), 0, 0);
  sqe->flags = IOSQE_ASYNC;
  claim(ring, sqe, "running");
  pipe_reads(ring, (int[3]){empty_pipe(), empty_pipe(), empty_pipe()});
  __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
  park();
}

static void other_thread(struct truth_ring *ring, const char *path) {
  pthread_t thread;
  only_its_creator(ring);
  int creator = ring->submitter;
  pipe_reads(ring, (int[3]){empty_pipe(), empty_pipe(), empty_pipe()});
  if (pthread_create(&thread, NULL, submit_and_stay, ring)) die("pthread_create");
  for (int tries = 0; !__atomic_load_n(&done, __ATOMIC_ACQUIRE) && tries < 500; tries++) pause_for(10);
  ring->submitter = creator;
}

/* By SCM_RIGHTS, or from 6.7 on, where rings do not travel that way, a byte alone. */
static void pass_ring(int socket, int fd) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec part = {"x", 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  control.header.cmsg_len = CMSG_LEN(sizeof fd);
  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
  if (sendmsg(socket, &message, 0) != 1 && write(socket, "x", 1) != 1) die("sendmsg");
}

/* What `pass_ring` passed, or a copy of its owner's descriptor, as debuggers make one. */
static int receive_ring(int socket, int owner, int fd) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
  } control;
  char byte;
  struct iovec part = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  if (recvmsg(socket, &message, 0) != 1) die("recvmsg");
  int copy = -1;
  if (message.msg_controllen >= sizeof control.header) memcpy(&copy, CMSG_DATA(&control.header), sizeof copy);
  else copy = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, owner, 0), fd, 0);
  return copy;
}

static _Noreturn void submit_as_child(struct truth_ring *ring, const int fds[3], int ends[2], int passed) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(300);
  if (passed) {
    close(ring->fd);
    /* Under the number that its parent knows it by. */
    int fd = receive_ring(ends[0], getppid(), ring->fd);
    if (fd < 0 || (fd != ring->fd && dup2(fd, ring->fd) < 0)) _exit(1);
    if (fd != ring->fd) close(fd);
  }
  ring->submitter = getpid();
  pipe_reads(ring, fds);
  if (write(ends[0], "x", 1) != 1) die("write");
  park();
}

/* Returns the child, which submits three reads, while its parent has submitted three others. */
static int share_with_child(struct truth_ring *ring, int passed) {
  int ends[2], fds[3] = {empty_pipe(), empty_pipe(), empty_pipe()};
  char byte;
  only_its_creator(ring);
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  pipe_reads(ring, (int[3]){empty_pipe(), empty_pipe(), empty_pipe()});
  int child = fork();
  if (child < 0) die("fork");
  if (child == 0) submit_as_child(ring, fds, ends, passed);
  close(ends[0]);
  if (passed) pass_ring(ends[1], ring->fd);
  if (read(ends[1], &byte, 1) != 1) truth_unsupported("no descriptor of a ring can be passed here");
  /* What the child has claimed stands in memory that is shared; the count of it does not. */
  ring->count += 3;
  ring->filled = ring->submitted += 3;
  return child;
}

int truth_child;

static void forked(struct truth_ring *ring, const char *path) { truth_child = share_with_child(ring, 0); }
static void passed(struct truth_ring *ring, const char *path) { truth_child = share_with_child(ring, 1); }

const struct truth_scene sharing_truths[] = {
    {.name = "fixed", .run = fixed, .kind = IN_MIX},
    {.name = "two-rings", .run = two_rings},
    {.name = "other-thread", .run = other_thread, .workers = 1},
    {.name = "forked", .run = forked},
    {.name = "passed", .run = passed},
    {.name = NULL},
};
