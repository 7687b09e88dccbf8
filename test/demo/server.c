/*
 * A little server that has come to a standstill, in ways real ones do. It runs as any user and touches nothing but
 * the directory it is started in:
 *   - it opens eight log pipes (FIFOs) whose readers never came, and allows io-wq two workers: two opens keep both,
 *     and the other six can only queue behind them;
 *   - an accept of the next client, who does not come, and a recv from its backend, which says nothing: ordinary
 *     waits, over TCP on the loopback;
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
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { LOGS = 8, WORKERS = 2 };

static char reply[4096], logs[LOGS][16];

/* Listens on a free port of the loopback; the backend connects to it. */
static int listen_here(struct sockaddr_in *address) {
  socklen_t length = sizeof *address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) < 0 || listen(fd, 1) < 0) die("listen");
  getsockname(fd, (struct sockaddr *)address, &length);
  return fd;
}

/* The other end of the connection, which never says a word. */
_Noreturn static void be_silent(struct sockaddr_in address) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_NAME, "backend");
  alarm(300);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  park();
}

/* Opening a FIFO for writing waits for somebody who opens it for reading. */
static void open_log(struct ring *ring, char *name) {
  if (mkfifo(name, 0600) < 0 && errno != EEXIST) die(name);
  struct io_uring_sqe *sqe = ring_sqe(ring, IORING_OP_OPENAT, AT_FDCWD);
  sqe->addr = (uintptr_t)name;
  sqe->open_flags = O_WRONLY;
  sqe->flags = IOSQE_ASYNC;
}

/* Meant to spare threads; it makes two slow files enough to hold up all the others. */
static void limit_workers(struct ring *ring, unsigned count) {
  unsigned limits[2] = {count, count};
  if (syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
    unsupported("IORING_REGISTER_IOWQ_MAX_WORKERS needs kernel 5.15");
}

int main(void) {
  struct ring ring, statistics;
  struct sockaddr_in address;
  bounded_life();
  int listener = listen_here(&address);
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    close(listener);
    be_silent(address);
  }
  int backend = accept(listener, NULL, NULL);
  if (backend < 0) die("accept");

  ring_open(&ring, (struct ring_options){0});
  limit_workers(&ring, WORKERS);
  for (int i = 0; i < LOGS; i++) {
    snprintf(logs[i], sizeof logs[i], "log%d.fifo", i + 1);
    open_log(&ring, logs[i]);
  }
  ring_sqe(&ring, IORING_OP_ACCEPT, listener);
  ring_rw(&ring, IORING_OP_RECV, backend, reply, sizeof reply, 0);
  ring_submit(&ring);

  ring_open(&statistics, (struct ring_options){.entries = 8});
  for (int i = 0; i < 6; i++) ring_sqe(&statistics, IORING_OP_NOP, -1);
  ring_submit(&statistics);

  await_workers(WORKERS);
  ready("\"inFlight\":10,\"workers\":2,\"queued\":6,\"completed\":6,\"backend\":%d", pid);
  ring_wait(&ring, 1);
  park();
}
