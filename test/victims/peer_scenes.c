/* Requests that wait for somebody at the other end: pipes, sockets, eventfd. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scenes.h"
#include "victim.h"

static char buffer[4096];

/* Submits what is prepared, tells, and waits for the first completion. */
_Noreturn static void submit_and_wait(struct ring *ring, const char *operation, int fd) {
  unsigned count = ring->filled;
  ring_submit(ring);
  ready("\"operation\":\"%s\",\"inFlight\":%u,\"fd\":%d", operation, count, fd);
  ring_wait(ring, 1);
  park();
}

static void pipe_read_with(struct ring *ring, uint8_t flags) {
  int ends[2];
  make_pipe(ends);
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_READ, ends[0], buffer, sizeof buffer, 0)->flags = flags;
  submit_and_wait(ring, "READ", ends[0]);
}

static void pipe_read(struct ring *ring, char **arguments) {
  pipe_read_with(ring, 0);
}

static void pipe_read_async(struct ring *ring, char **arguments) {
  pipe_read_with(ring, IOSQE_ASYNC);
}

static void pipe_write_full(struct ring *ring, char **arguments) {
  int ends[2];
  make_pipe(ends);
  fill(ends[1]);
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_WRITE, ends[1], buffer, sizeof buffer, 0);
  submit_and_wait(ring, "WRITE", ends[1]);
}

static int listener(unsigned short *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 8) < 0) die("listen");
  getsockname(fd, (struct sockaddr *)&address, &length);
  *port = ntohs(address.sin_port);
  return fd;
}

/* A TCP connection to ourselves: both ends are descriptors of this process. */
static void connection(int ends[2], unsigned short *port) {
  int server = listener(port);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (ends[0] < 0 || connect(ends[0], (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  ends[1] = accept(server, NULL, NULL);
  if (ends[1] < 0) die("accept");
  close(server);
}

static void tcp_recv(struct ring *ring, char **arguments) {
  int ends[2];
  unsigned short port;
  connection(ends, &port);
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_RECV, ends[0], buffer, sizeof buffer, 0);
  ring_submit(ring);
  ready("\"operation\":\"RECV\",\"inFlight\":1,\"fd\":%d,\"port\":%d", ends[0], port);
  ring_wait(ring, 1);
  park();
}

/* The peer has sent, and only the listener is armed; "armed" arms a receive at the other end, too. */
static void tcp_unserved(struct ring *ring, char **arguments) {
  int ends[2];
  unsigned short port, other;
  connection(ends, &port);
  int fd = listener(&other);
  if (write(ends[1], buffer, 512) != 512) die("write");
  ring_open(ring, (struct ring_options){0});
  ring_sqe(ring, IORING_OP_ACCEPT, fd);
  if (arguments[0] && !strcmp(arguments[0], "armed"))
    ring_sqe(ring, IORING_OP_POLL_ADD, ends[0])->poll32_events = POLLPRI;
  ring_submit(ring);
  ready("\"operation\":\"ACCEPT\",\"inFlight\":%u,\"fd\":%d", ring->filled, ends[0]);
  ring_wait(ring, 1);
  park();
}

static void unix_recv(struct ring *ring, char **arguments) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_RECV, ends[0], buffer, sizeof buffer, 0);
  submit_and_wait(ring, "RECV", ends[0]);
}

static void send_full(struct ring *ring, char **arguments) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  fill(ends[0]);
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_SEND, ends[0], buffer, sizeof buffer, 0);
  submit_and_wait(ring, "SEND", ends[0]);
}

static void accept_with(struct ring *ring, unsigned short flags) {
  unsigned short port;
  int fd = listener(&port);
  ring_open(ring, (struct ring_options){0});
  ring_sqe(ring, IORING_OP_ACCEPT, fd)->ioprio = flags;
  ring_submit(ring);
  if (ring_ready(ring)) unsupported("multishot accept needs kernel 5.19");
  ready("\"operation\":\"ACCEPT\",\"inFlight\":1,\"fd\":%d,\"port\":%d", fd, port);
  ring_wait(ring, 1);
  park();
}

static void accept_once(struct ring *ring, char **arguments) {
  accept_with(ring, 0);
}

static void accept_multishot(struct ring *ring, char **arguments) {
  accept_with(ring, 1 << 0); /* IORING_ACCEPT_MULTISHOT */
}

static void eventfd_poll(struct ring *ring, char **arguments) {
  int fd = eventfd(0, EFD_CLOEXEC);
  if (fd < 0) die("eventfd");
  ring_open(ring, (struct ring_options){0});
  ring_sqe(ring, IORING_OP_POLL_ADD, fd)->poll32_events = POLLIN;
  submit_and_wait(ring, "POLL_ADD", fd);
}

const struct scene peer_scenes[] = {
    {"pipe-read", pipe_read},
    {"pipe-read-async", pipe_read_async},
    {"pipe-write-full", pipe_write_full},
    {"tcp-recv", tcp_recv},
    {"tcp-unserved", tcp_unserved},
    {"unix-recv", unix_recv},
    {"send-full", send_full},
    {"accept", accept_once},
    {"accept-multishot", accept_multishot},
    {"eventfd-poll", eventfd_poll},
    {NULL, NULL},
};
