/*
 * A little server that is stuck in four ways at once, as real ones are. It runs as any user and touches nothing but
 * the directory it is started in:
 *   - two opens of control FIFOs that nobody opens for writing: each keeps an io-wq worker;
 *   - a read of the pipe its helper process would log to: the helper says nothing;
 *   - a recv from the helper's TCP socket on the loopback, which is as silent;
 *   - a second ring for statistics, whose six completions the server forgets to reap.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

static char line[512], reply[4096];

/* Listens on a free port of the loopback; the helper connects to it. */
static int listen_here(struct sockaddr_in *address) {
  socklen_t length = sizeof *address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) < 0 || listen(fd, 1) < 0) die("listen");
  getsockname(fd, (struct sockaddr *)address, &length);
  return fd;
}

/* The other end of everything: connects, holds the pipe, and never says a word. */
_Noreturn static void helper(struct sockaddr_in address) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "backend");
  alarm(300);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  park();
}

static void open_control(struct ring *ring, const char *name) {
  if (mkfifo(name, 0600) < 0 && errno != EEXIST) die(name);
  struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_OPENAT, AT_FDCWD);
  sqe->addr = (uintptr_t)name;
  sqe->open_flags = O_RDONLY;
  sqe->flags = IOSQE_ASYNC;
}

int main(void) {
  struct ring ring, statistics;
  struct sockaddr_in address;
  int log[2];
  bounded_life();
  make_pipe(log);
  int listener = listen_here(&address);
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    close(log[0]);
    close(listener);
    helper(address);
  }
  close(log[1]);
  int backend = accept(listener, NULL, NULL);
  if (backend < 0) die("accept");
  close(listener);

  ring_open(&ring, (struct ring_options){0});
  open_control(&ring, "control.fifo");
  open_control(&ring, "reload.fifo");
  ring_rw(&ring, IORING_OP_READ, log[0], line, sizeof line, 0);
  ring_rw(&ring, IORING_OP_RECV, backend, reply, sizeof reply, 0);
  ring_submit(&ring);

  ring_open(&statistics, (struct ring_options){.entries = 8});
  for (int i = 0; i < 6; i++) ring_sqe(&statistics, IORING_OP_NOP, -1);
  ring_submit(&statistics);

  await_workers(2);
  ready("\"inFlight\":4,\"workers\":2,\"completed\":6,\"backend\":%d", pid);
  ring_wait(&ring, 1);
  park();
}
