/* A process that lies: every name it may choose holds newlines, escape sequences, invalid UTF-8 or forged lines of /proc. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

static char buffer[64];

/* A file name that carries the body of a ring's fdinfo with 999 requests in flight, and colours the terminal. */
static const char forged[] =
    "evil\nSqMask:\t0x3f\nSqHead:\t999\nSqTail:\t999\nCachedSqHead:\t999\nCqMask:\t0x7f\nCqHead:\t0\nCqTail:\t0\n"
    "\033[31mred\033]0;title\007";
static const char broken[] = "broken-\xff\xfe\x80-utf8";

static void *renamed(void *name) {
  prctl(PR_SET_NAME, name);
  park();
}

static void start(const char *name) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, renamed, (void *)name);
  if (error) {
    errno = error;
    die("pthread_create");
  }
}

/* An abstract address whose name holds a whole row of /proc/net/unix. */
static void forge_unix_row(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  static const char row[] = "x\n0000000000000000: 00000002 00000000 00010000 0001 01 4242424242 /forged";
  memcpy(address.sun_path + 1, row, sizeof row - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, (socklen_t)(sizeof(sa_family_t) + sizeof row)) < 0)
    die("bind");
  listen(fd, 1);
}

int main(int argc, char **argv) {
  struct ring ring;
  bounded_life();
  /* The command line as others see it. */
  for (int i = 0; i < argc; i++) memset(argv[i], '\033', strlen(argv[i]));
  prctl(PR_SET_NAME, "a) S 1\n\033[2J:");

  if ((mkfifo(forged, 0600) < 0 || mkfifo(broken, 0600) < 0) && errno != EEXIST) die("mkfifo");
  int first = open(forged, O_RDWR), second = open(broken, O_RDWR);
  if (first < 0 || second < 0) die("open");
  int memory = memfd_create("shm\nPollList:\n  op=1, task_works=0", 0);
  if (memory < 0 || ftruncate(memory, 4096) < 0) die("memfd_create");
  if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, memory, 0) == MAP_FAILED) die("mmap");
  forge_unix_row();

  ring_open(&ring, (struct ring_options){0});
  ring_rw(&ring, IORING_OP_READ, first, buffer, sizeof buffer, 0);
  ring_rw(&ring, IORING_OP_READ, second, buffer, sizeof buffer, 0);
  ring_submit(&ring);
  start("\xff\xfe\n) D 1 1\033[0m");
  start("State:\tZ\nTgid:\t1");
  ready("\"operation\":\"READ\",\"inFlight\":2,\"threads\":3,\"forgedFd\":%d,\"brokenFd\":%d", first, second);
  ring_wait(&ring, 1);
  park();
}
