/*
 * odd zombie|brief MILLISECONDS|pidns|scribble|exec|forks COUNT: processes whose place or time of life is special, or that
 * do not keep to the rules.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

static char buffer[64];

static void pending_read(struct ring *ring) {
  int ends[2];
  make_pipe(ends);
  ring_open(ring, (struct ring_options){0});
  ring_rw(ring, IORING_OP_READ, ends[0], buffer, sizeof buffer, 0);
  ring_submit(ring);
}

/* The child has ended and is never waited for. */
static void zombie(void) {
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) _exit(0);
  siginfo_t info;
  waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
  ready_as(child, "\"state\":\"Z\",\"parent\":%d", getpid());
  park();
}

/* Ends by itself a moment after it is ready, so that a look at it can find it going. */
static void brief(int milliseconds) {
  struct ring ring;
  struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  pending_read(&ring);
  ready("\"inFlight\":1");
  nanosleep(&pause, NULL);
  exit(0);
}

static void write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) die(path);
  close(fd);
}

/* The child is pid 1 of a pid namespace of its own; an ordinary user gets there through a user namespace. */
static void other_namespace(void) {
  char map[64];
  uid_t uid = getuid();
  gid_t gid = getgid();
  if (uid == 0) {
    if (unshare(CLONE_NEWPID) < 0) unsupported("this root may not make pid namespaces");
  } else {
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0) unsupported("ordinary users may not make user namespaces here");
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "%d %d 1", uid, uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "%d %d 1", gid, gid);
    write_file("/proc/self/gid_map", map);
  }
  int told[2];
  make_pipe(told);
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    struct ring ring;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(300);
    pending_read(&ring);
    if (write(told[1], "x", 1) != 1) die("write");
    ring_wait(&ring, 1);
    park();
  }
  close(told[1]);
  if (read(told[0], buffer, 1) != 1) die("the process in the namespace did not start");
  ready_as(child, "\"inFlight\":1,\"innerPid\":1");
  park();
}

/* Writes random words over its own ring, counters, sizes and entries alike, as fast as it can. */
static void scribble(void) {
  struct ring ring;
  uint64_t state = 88172645463325252ull;
  pending_read(&ring);
  ready("\"inFlight\":1");
  unsigned *header = ring.sq_head;
  for (;;) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    unsigned word = (unsigned)(state >> 40) % 3 ? (unsigned)state & 0xffff : (unsigned)(state >> 16);
    header[(state >> 8) % 80] = word;
    ((unsigned *)ring.sqes)[(state >> 20) % (ring.sq_entries * 16)] = word;
    ((unsigned *)ring.cqes)[(state >> 30) % (ring.cq_entries * 4)] = word;
  }
}

/* Becomes itself anew every few milliseconds, with a ring each time. */
static void exec_again(const char *self, int first) {
  struct ring ring;
  struct timespec pause = {0, 4000000L};
  pending_read(&ring);
  if (first) ready("\"inFlight\":1");
  nanosleep(&pause, NULL);
  execl("/proc/self/exe", self, "exec", "again", (char *)NULL);
  die("exec");
}

/* Has so many children at any time, each of which ends within a second and is replaced at once. */
static void forks(int count) {
  struct ring ring;
  pending_read(&ring);
  for (int born = 0;; born++) {
    if (born == count) ready("\"inFlight\":1");
    if (born >= count && waitpid(-1, NULL, 0) < 0) die("waitpid");
    pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
      struct timespec life = {0, 200000000L + born * 7919 % 800 * 1000000L};
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      nanosleep(&life, NULL);
      _exit(0);
    }
  }
}

int main(int argc, char **argv) {
  bounded_life();
  if (argc > 1 && !strcmp(argv[1], "zombie")) zombie();
  if (argc > 2 && !strcmp(argv[1], "brief")) brief(atoi(argv[2]));
  if (argc > 1 && !strcmp(argv[1], "pidns")) other_namespace();
  if (argc > 1 && !strcmp(argv[1], "scribble")) scribble();
  if (argc > 1 && !strcmp(argv[1], "exec")) exec_again(argv[0], argc == 2);
  if (argc > 2 && !strcmp(argv[1], "forks")) forks(atoi(argv[2]));
  fprintf(stderr, "usage: odd zombie|brief MILLISECONDS|pidns|scribble|exec|forks COUNT\n");
  return 2;
}
