/* Requests that wait for readiness: pipes, sockets, eventfd; once and multishot. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

/* Newer than the headers of Debian 12, or of 5.10's time. */
enum { ACCEPT_MULTISHOT = 1 << 0, RECV_MULTISHOT = 1 << 1, POLL_MULTI = 1 << 0, GROUP = 7, GROUP_BUFFERS = 4 };

static char buffer[65536];

int empty_pipe(void) {
  int ends[2];
  make_pipe(ends);
  return ends[0];
}

int full_pipe(void) {
  int ends[2];
  make_pipe(ends);
  fill(ends[1]);
  return ends[1];
}

int listener(int backlog, struct sockaddr_in *address) {
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof *address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (void *)address, length) < 0 || listen(fd, backlog) < 0) die("listen");
  getsockname(fd, (void *)address, &length);
  return fd;
}

void connection(int ends[2]) {
  struct sockaddr_in address;
  int server = listener(8, &address);
  ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (ends[0] < 0 || connect(ends[0], (void *)&address, sizeof address) < 0) die("connect");
  ends[1] = accept(server, NULL, NULL);
  if (ends[1] < 0) die("accept");
  close(server);
}

static int pair(int type, int full) {
  int ends[2];
  if (socketpair(AF_UNIX, type, 0, ends) < 0) die("socketpair");
  if (full) fill(ends[0]);
  return ends[0];
}

/* A connection to a listener whose queue others have filled: the SYN is dropped. */
static void connect_to_full(struct truth_ring *ring) {
  static struct sockaddr_in address;
  listener(0, &address);
  for (int i = 0; i < 3; i++) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || (connect(fd, (void *)&address, sizeof address) < 0 && errno != EINPROGRESS)) die("connect");
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_CONNECT, fd, &address, 0, sizeof address);
  operand(claim(ring, sqe, "polling"), "peer", "127.0.0.1:%d", ntohs(address.sin_port));
}

static void polls(struct truth_ring *ring, const char *path) {
  static struct iovec parts[2] = {{buffer, 100}, {buffer + 100, 200}};
  static struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  struct sockaddr_in address;
  int tcp[2], event = eventfd(0, EFD_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, 0);
  connection(tcp);
  for (unsigned i = 0; i < 3; i++)
    claim(ring, truth_rw(ring, IORING_OP_READ, empty_pipe(), buffer + 512 * i, 512 + i, 0), "polling");
  claim(ring, truth_rw(ring, IORING_OP_READV, empty_pipe(), parts, 2, 0), "polling");
  claim(ring, truth_rw(ring, IORING_OP_WRITE, full_pipe(), buffer, 4096, 0), "polling");
  claim(ring, truth_rw(ring, IORING_OP_READ, event, buffer, 8, 0), "polling|running");
  claim(ring, truth_rw(ring, IORING_OP_READ, timer, buffer, 8, 0), "polling|running");
  claim(ring, truth_rw(ring, IORING_OP_RECV, pair(SOCK_STREAM, 0), buffer, 1000, 0), "polling");
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_RECV, tcp[0], buffer, 2000, 0);
  sqe->msg_flags = MSG_WAITALL;
  claim(ring, sqe, "polling");
  claim(ring, truth_rw(ring, IORING_OP_RECVMSG, pair(SOCK_DGRAM, 0), &message, 1, 0), "polling");
  claim(ring, truth_rw(ring, IORING_OP_SEND, pair(SOCK_STREAM, 1), buffer, 3000, 0), "polling");
  claim(ring, truth_rw(ring, IORING_OP_SENDMSG, pair(SOCK_STREAM, 1), &message, 1, 0), "polling");
  claim(ring, truth_sqe(ring, IORING_OP_ACCEPT, listener(8, &address)), "polling");
  connect_to_full(ring);
  sqe = truth_sqe(ring, IORING_OP_POLL_ADD, event);
  sqe->poll32_events = POLLIN;
  operand(claim(ring, sqe, "polling"), "poll events", "POLLIN");
  sqe = truth_sqe(ring, IORING_OP_POLL_ADD, tcp[1]);
  sqe->poll32_events = POLLIN | POLLPRI;
  operand(claim(ring, sqe, "polling"), "poll events", "POLLIN|POLLPRI");
  truth_submit(ring);
}

static void epoll_wait_operation(struct truth_ring *ring, const char *path) {
  static struct epoll_event events[4];
  struct epoll_event watched = {.events = EPOLLIN};
  int set = epoll_create1(0);
  if (epoll_ctl(set, EPOLL_CTL_ADD, empty_pipe(), &watched) < 0) die("epoll_ctl");
  claim(ring, truth_rw(ring, OP_EPOLL_WAIT, set, events, 4, 0), "polling");
  truth_submit(ring);
}

static void give_buffers(struct truth_ring *ring) {
  static char group[GROUP_BUFFERS][256];
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_PROVIDE_BUFFERS, GROUP_BUFFERS, group, sizeof group[0], 0);
  sqe->buf_group = GROUP;
  truth_submit(ring);
  truth_reap(ring, 1);
}

static struct io_uring_sqe *from_group(struct io_uring_sqe *sqe) {
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = GROUP;
  return sqe;
}

static void buffer_select(struct truth_ring *ring, const char *path) {
  give_buffers(ring);
  claim(ring, from_group(truth_rw(ring, IORING_OP_RECV, pair(SOCK_STREAM, 0), NULL, 256, 0)), "polling");
  claim(ring, from_group(truth_rw(ring, IORING_OP_READ, empty_pipe(), NULL, 256, 0)), "polling");
  truth_submit(ring);
}

/* What stays armed after it has answered; one poll has answered already, and nobody has reaped that. */
static void multishot(struct truth_ring *ring, const char *path) {
  struct sockaddr_in address;
  int event = eventfd(0, EFD_CLOEXEC), fired = eventfd(0, EFD_CLOEXEC);
  struct io_uring_sqe *sqe;
  give_buffers(ring);
  sqe = truth_sqe(ring, IORING_OP_ACCEPT, listener(8, &address));
  sqe->ioprio = ACCEPT_MULTISHOT;
  claim(ring, sqe, "polling");
  sqe = truth_sqe(ring, IORING_OP_POLL_ADD, event);
  sqe->poll32_events = POLLIN;
  sqe->len = POLL_MULTI;
  operand(claim(ring, sqe, "polling"), "poll events", "POLLIN");
  sqe = from_group(truth_sqe(ring, IORING_OP_RECV, pair(SOCK_STREAM, 0)));
  sqe->ioprio = RECV_MULTISHOT;
  claim(ring, sqe, "polling");
  if (truth_knows(ring, OP_READ_MULTISHOT))
    claim(ring, from_group(truth_sqe(ring, OP_READ_MULTISHOT, empty_pipe())), "polling");
  sqe = truth_sqe(ring, IORING_OP_POLL_ADD, fired);
  sqe->poll32_events = POLLIN;
  sqe->len = POLL_MULTI;
  claim(ring, sqe, "polling");
  claim_finished(ring, sqe, "completed", POLLIN);
  truth_submit(ring);
  unsigned ready = truth_ready(ring);
  uint64_t one = 1;
  if (write(fired, &one, sizeof one) < 0) die("eventfd");
  /* Completions of a DEFER_TASKRUN ring are posted when its thread asks for them. */
  truth_await(ring, ready + 1);
}

const struct truth_scene poll_truths[] = {
    {.name = "polls", .run = polls, .kind = IN_MIX},
    {.name = "epoll-wait", .run = epoll_wait_operation, .opcode = OP_EPOLL_WAIT, .since = "6.15"},
    {.name = "buffer-select", .run = buffer_select},
    {.name = "multishot", .run = multishot, .kind = IN_MIX},
    {.name = NULL},
};
