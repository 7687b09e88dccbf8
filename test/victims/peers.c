/* peers NAME: waits in one system call, or with one request, for a child named other-end, which never acts. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { PAGE = 4096 };
static char buffer[1 << 20];
static int told[2];

/* True in the child, which lives as long as this process; the parent goes on when the child has called `settled`. */
static int in_child(void) {
  if (pipe(told) < 0) die("pipe");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NAME, "other-end");
    alarm(300);
    return 1;
  }
  close(told[1]);
  if (read(told[0], buffer, 1) != 1) die("child");
  close(told[0]);
  return 0;
}

_Noreturn static void settled(void) {
  if (write(told[1], "", 1) != 1) die("pipe");
  close(told[0]);
  close(told[1]);
  park();
}

/* Leaves one end to this process and the other to the child. */
static int divided(int ends[2], int own) {
  if (in_child()) {
    close(ends[own]);
    settled();
  }
  close(ends[!own]);
  return ends[own];
}

_Noreturn static void reads(int fd) {
  if (fd < 0) die("descriptor");
  ready("\"operation\":\"read\",\"fd\":%d", fd);
  if (read(fd, buffer, PAGE) < 0) die("read");
  park();
}

_Noreturn static void writes(int fd) {
  ready("\"operation\":\"write\",\"fd\":%d", fd);
  for (;;)
    if (write(fd, buffer, sizeof buffer) < 0) die("write");
}

_Noreturn static void receives_by_ring(int fd) {
  struct ring ring;
  ring_open(&ring, (struct ring_options){0});
  ring_rw(&ring, IORING_OP_RECV, fd, buffer, PAGE, 0);
  ring_submit(&ring);
  ready("\"operation\":\"RECV\",\"inFlight\":1,\"fd\":%d", fd);
  ring_wait(&ring, 1);
  park();
}

static int pipe_end(int own) {
  int ends[2];
  make_pipe(ends);
  return divided(ends, own);
}

static int unix_end(void) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  return divided(ends, 0);
}

static void pipe_read(void) { reads(pipe_end(0)); }

static void pipe_full(void) {
  int fd = pipe_end(1);
  fill(fd);
  writes(fd);
}

static void unix_read(void) { reads(unix_end()); }

static void unix_full(void) {
  int fd = unix_end();
  fill(fd);
  writes(fd);
}

static void ring_unix(void) { receives_by_ring(unix_end()); }

static void fifo_end(int own, int other) {
  if (mkfifo("a fifo", 0600) < 0) die("fifo");
  /* Both ends at once, so that neither open waits. */
  int keep = open("a fifo", O_RDWR);
  if (in_child()) {
    if (open("a fifo", other) < 0) die("fifo");
    close(keep);
    settled();
  }
  int fd = open("a fifo", own);
  close(keep);
  if (own == O_RDONLY) reads(fd);
  fill(fd);
  writes(fd);
}

static void fifo_read(void) { fifo_end(O_RDONLY, O_WRONLY); }
static void fifo_full(void) { fifo_end(O_WRONLY, O_RDONLY); }

static void fifo_open(void) {
  if (mkfifo("a fifo", 0600) < 0) die("fifo");
  ready("\"operation\":\"open\"");
  if (open("a fifo", O_WRONLY) < 0) die("open");
  park();
}

enum server { SERVES, IGNORES, IS_FULL };

static struct sockaddr_un unix_address = {.sun_family = AF_UNIX, .sun_path = "server.sock"};
static struct sockaddr_in inet_address = {.sin_family = AF_INET};

/* The child listens; a socket of this process that is connected to it, or to be connected. */
static int client(int family, enum server kind) {
  struct sockaddr *address = family == AF_UNIX ? (void *)&unix_address : (void *)&inet_address;
  socklen_t length = family == AF_UNIX ? sizeof unix_address : sizeof inet_address;
  inet_address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int server = socket(family, SOCK_STREAM, 0);
  if (server < 0 || bind(server, address, length) < 0 || listen(server, kind == IS_FULL ? 1 : 8) < 0) die("listen");
  getsockname(server, address, &length);
  int fd = socket(family, SOCK_STREAM, 0);
  if (kind == IS_FULL)
    for (int i = 0; i < 2; i++) {
      int filler = socket(family, SOCK_STREAM, 0);
      if (connect(filler, address, length) < 0) die("connect");
    }
  else if (connect(fd, address, length) < 0)
    die("connect");
  if (in_child()) {
    close(fd);
    if (kind == SERVES && accept(server, NULL, NULL) < 0) die("accept");
    settled();
  }
  close(server);
  if (kind == IS_FULL) {
    ready("\"operation\":\"connect\",\"fd\":%d", fd);
    if (connect(fd, address, length) < 0) die("connect");
    park();
  }
  return fd;
}

static void unix_server(void) { reads(client(AF_UNIX, SERVES)); }
static void unix_unaccepted(void) { reads(client(AF_UNIX, IGNORES)); }
static void unix_connect(void) { client(AF_UNIX, IS_FULL); }
static void tcp_read(void) { reads(client(AF_INET, SERVES)); }
static void tcp_unaccepted(void) { reads(client(AF_INET, IGNORES)); }
static void tcp_connect(void) { client(AF_INET, IS_FULL); }
static void ring_tcp(void) { receives_by_ring(client(AF_INET, SERVES)); }
static void ring_unaccepted(void) { receives_by_ring(client(AF_UNIX, IGNORES)); }

/* How database clients and HTTP libraries wait that have a timeout. */
static void tcp_poll(void) {
  struct pollfd polled = {.fd = client(AF_INET, SERVES), .events = POLLIN};
  ready("\"operation\":\"poll\",\"fd\":%d", polled.fd);
  poll(&polled, 1, 1000 * 1000);
}

static void tcp_full(void) {
  int fd = client(AF_INET, SERVES);
  fill(fd);
  writes(fd);
}

/* The child has bound a name and reads nothing: what a program meets whose log daemon hangs. */
static void unix_datagrams(int connects) {
  int server = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (server < 0 || bind(server, (void *)&unix_address, sizeof unix_address) < 0) die("bind");
  if (in_child()) settled();
  close(server);
  int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  if (connects && connect(fd, (void *)&unix_address, sizeof unix_address) < 0) die("connect");
  while (sendto(fd, buffer, 64, MSG_DONTWAIT, connects ? NULL : (void *)&unix_address,
                connects ? 0 : sizeof unix_address) > 0)
    continue;
  ready("\"operation\":\"sendto\",\"fd\":%d", fd);
  if (sendto(fd, buffer, 64, 0, connects ? NULL : (void *)&unix_address, connects ? 0 : sizeof unix_address) < 0)
    die("sendto");
}

static void unix_send(void) { unix_datagrams(1); }
static void unix_sendto(void) { unix_datagrams(0); }

static void message_queue(void) {
  char name[32];
  snprintf(name, sizeof name, "/inspect-%d", getpid());
  mqd_t queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
  if (queue == (mqd_t)-1) unsupported("needs POSIX message queues");
  mq_unlink(name);
  if (in_child()) settled();
  ready("\"operation\":\"mq_timedreceive\",\"fd\":%d", (int)queue);
  mq_receive(queue, buffer, sizeof buffer, NULL);
}

static void terminal(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) unsupported("needs a pseudo terminal");
  int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
  if (in_child()) {
    close(fd);
    settled();
  }
  close(master);
  reads(fd);
}

static const struct {
  const char *name;
  void (*run)(void);
} scenes[] = {
    {"pipe-read", pipe_read},     {"pipe-full", pipe_full},       {"fifo-read", fifo_read},
    {"fifo-full", fifo_full},     {"fifo-open", fifo_open},       {"unix-read", unix_read},
    {"unix-full", unix_full},     {"unix-server", unix_server},   {"unix-unaccepted", unix_unaccepted},
    {"unix-connect", unix_connect}, {"tcp-read", tcp_read},       {"tcp-full", tcp_full},
    {"tcp-unaccepted", tcp_unaccepted}, {"tcp-connect", tcp_connect}, {"mqueue", message_queue},
    {"terminal", terminal},       {"ring-unix", ring_unix},       {"ring-tcp", ring_tcp},
    {"ring-unaccepted", ring_unaccepted}, {"unix-send", unix_send}, {"unix-sendto", unix_sendto}, {"tcp-poll", tcp_poll},
};

int main(int argc, char **argv) {
  bounded_life();
  for (unsigned i = 0; argc > 1 && i < sizeof scenes / sizeof *scenes; i++)
    if (!strcmp(scenes[i].name, argv[1])) {
      scenes[i].run();
      park();
    }
  fprintf(stderr, "usage: peers NAME, where NAME is one of:\n");
  for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++) fprintf(stderr, "  %s\n", scenes[i].name);
  return 2;
}
