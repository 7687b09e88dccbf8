/*
 * echo [sqpoll] [epoll] [CLIENTS]: a server on loopback that sends back what its clients send, and a child process that is
 * all of its clients and rests for 1 ms after each round. Nothing is wrong with it. epoll = without a ring.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { MOST = 64, LENGTH = 512, ACCEPT = 1, RECEIVE = 2, SEND = 3 };

static struct ring ring;
static int sqpoll;
static char buffers[1024][LENGTH];

static int listen_here(struct sockaddr_in *address) {
  socklen_t length = sizeof *address;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) < 0 || listen(fd, MOST) < 0) die("listen");
  getsockname(fd, (struct sockaddr *)address, &length);
  return fd;
}

_Noreturn static void be_clients(const struct sockaddr_in *address, int count) {
  static char text[LENGTH];
  int fds[MOST];
  struct timespec rest = {.tv_nsec = 1000000};
  for (int i = 0; i < count; i++) {
    fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fds[i], (const struct sockaddr *)address, sizeof *address) < 0) die("connect");
  }
  for (;;) {
    for (int i = 0; i < count; i++)
      if (send(fds[i], text, 64, 0) < 0) exit(0);
    for (int i = 0; i < count; i++)
      if (recv(fds[i], text, sizeof text, 0) <= 0) exit(0);
    nanosleep(&rest, NULL);
  }
}

static void ask(int kind, int fd, unsigned length) {
  static const uint8_t operations[] = {[ACCEPT] = IORING_OP_ACCEPT, [RECEIVE] = IORING_OP_RECV, [SEND] = IORING_OP_SEND};
  struct io_uring_sqe *sqe = ring_sqe(&ring, operations[kind], fd);
  if (kind != ACCEPT) {
    sqe->addr = (uintptr_t)buffers[fd & 1023];
    sqe->len = length;
  }
  sqe->user_data = (uint64_t)kind << 32 | (unsigned)fd;
}

static void submit_and_wait(void) {
  ring_publish(&ring);
  if (!sqpoll) {
    int taken = ring_enter(ring.fd, ring.filled - ring.submitted, 1, IORING_ENTER_GETEVENTS);
    if (taken > 0) ring.submitted += (unsigned)taken;
    return;
  }
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  unsigned asleep = __atomic_load_n(ring.sq_flags, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP;
  ring_enter(ring.fd, 0, 1, IORING_ENTER_GETEVENTS | (asleep ? IORING_ENTER_SQ_WAKEUP : 0));
}

_Noreturn static void serve_by_ring(int listener) {
  ask(ACCEPT, listener, 0);
  for (;;) {
    submit_and_wait();
    while (ring_ready(&ring)) {
      const struct io_uring_cqe *cqe = &ring.cqes[*ring.cq_head & ring.cq_mask];
      int kind = (int)(cqe->user_data >> 32), fd = (int)(unsigned)cqe->user_data, result = cqe->res;
      ring_reap(&ring);
      if (kind == ACCEPT) {
        ask(ACCEPT, fd, 0);
        if (result >= 0) ask(RECEIVE, result, LENGTH);
      } else if (result <= 0) close(fd);
      else if (kind == RECEIVE) ask(SEND, fd, (unsigned)result);
      else ask(RECEIVE, fd, LENGTH);
    }
  }
}

_Noreturn static void serve_by_epoll(int listener) {
  int set = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(set, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    struct epoll_event events[MOST];
    int count = epoll_wait(set, events, MOST, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) {
        struct epoll_event added = {.events = EPOLLIN, .data.fd = accept(listener, NULL, NULL)};
        epoll_ctl(set, EPOLL_CTL_ADD, added.data.fd, &added);
        continue;
      }
      ssize_t length = recv(fd, buffers[0], LENGTH, 0);
      if (length <= 0 || send(fd, buffers[0], (size_t)length, 0) < 0) close(fd);
    }
  }
}

int main(int argc, char **argv) {
  int clients = 8, epoll = 0;
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "sqpoll")) sqpoll = 1;
    else if (!strcmp(argv[i], "epoll")) epoll = 1;
    else clients = atoi(argv[i]);
  }
  if (clients > MOST) clients = MOST;
  bounded_life();
  struct sockaddr_in address;
  int listener = listen_here(&address);
  pid_t server = getpid(), pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != server) exit(0);
    alarm(300);
    be_clients(&address, clients);
  }
  if (!epoll) ring_open(&ring, (struct ring_options){.entries = 256, .flags = sqpoll ? IORING_SETUP_SQPOLL : 0, .idle_ms = 100});
  ready("\"port\":%d", ntohs(address.sin_port));
  if (epoll) serve_by_epoll(listener);
  serve_by_ring(listener);
}
