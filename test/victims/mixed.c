/*
 * mixed WORD…: one process that does several things at once, in the order of its words. Fields of a word stand behind colons.
 *   ring[:sqpoll][:small]             a further ring, to which the words behind it go; small = 8 entries and a queue of 16
 *   read|write|fsync:PATH:COUNT[:async][:direct]   pages 128 KiB apart
 *   open|fallocate|truncate|rename:PATH:COUNT      each in a worker; rename is to PATH-renamed
 *   into:MAPPED:PATH                  a read of PATH into memory that is a mapping of the other file
 *   guard:PATH                        a child that must permit opens of it (fanotify) and does not answer
 *   watch:PATH                        a read of an inotify descriptor
 *   recv:COUNT                        from a socket whose peer is silent
 *   nop:COUNT                         completions that nobody reaps
 *   submit, publish, wake, wait:COUNT publish = without a word to the kernel; wake = wakes the SQPOLL thread
 *   thread:CALL:PATH                  a thread inside a plain read, write, fsync, touch (of a mapped page), truncate;
 *                                     create = makes an empty file and fsyncs it; map = maps memory once more
 *   map:PATH                          maps the file and tells where, for others to read it
 *   pause:MILLISECONDS, ready         ready = it is said here, and not before everything
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { PAGE = 4096, APART = 131072, MOST_FIELDS = 6, FTRUNCATE = 55 };

struct word {
  char *fields[MOST_FIELDS];
  unsigned count; /* of fields */
};

static struct ring rings[8];
static struct ring *ring;

static int has(const struct word *word, const char *option) {
  for (unsigned i = 1; i < word->count; i++)
    if (!strcmp(word->fields[i], option)) return 1;
  return 0;
}

static unsigned number(const struct word *word, unsigned field) {
  return word->count > field ? (unsigned)atoi(word->fields[field]) : 1;
}

static const char *path_of(const struct word *word, unsigned field) {
  if (word->count > field) return word->fields[field];
  errno = EINVAL;
  die(word->fields[0]);
}

/* A file is opened once for each way of opening it: a second open of a file that hangs may hang, too. */
static int file(const char *path, int flags) {
  static struct opened {
    const char *path;
    int flags, fd;
  } opened[32];
  unsigned i = 0;
  while (i < 31 && opened[i].path && (strcmp(opened[i].path, path) || opened[i].flags != flags)) i++;
  if (opened[i].path) return opened[i].fd;
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) die(path);
  opened[i] = (struct opened){path, flags, fd};
  return fd;
}

static void *page(void) {
  void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  memset(at, 'x', PAGE);
  return at;
}

static void further_ring(const struct word *word) {
  ring = ring ? ring + 1 : rings;
  struct ring_options options = {.entries = has(word, "small") ? 8 : 256, .idle_ms = 50};
  if (has(word, "sqpoll")) options.flags = IORING_SETUP_SQPOLL;
  ring_open(ring, options);
}

static void on_file(const struct word *word) {
  const char *name = word->fields[0];
  int reading = !strcmp(name, "read"), syncing = !strcmp(name, "fsync");
  int fd = file(path_of(word, 1), (reading ? O_RDONLY : O_RDWR) | (has(word, "direct") ? O_DIRECT : 0));
  for (unsigned i = 0; i < number(word, 2); i++) {
    struct io_uring_sqe *sqe =
        syncing ? ring_sqe(ring, IORING_OP_FSYNC, fd)
                : ring_rw(ring, reading ? IORING_OP_READ : IORING_OP_WRITE, fd, page(), PAGE, (uint64_t)i * APART);
    if (has(word, "async")) sqe->flags = IOSQE_ASYNC;
  }
}

static void on_name(const struct word *word) {
  const char *name = word->fields[0], *path = path_of(word, 1);
  for (unsigned i = 0; i < number(word, 2); i++) {
    struct io_uring_sqe *sqe;
    if (!strcmp(name, "open")) {
      sqe = ring_sqe(ring, IORING_OP_OPENAT, AT_FDCWD);
      sqe->addr = (uintptr_t)path;
    } else if (!strcmp(name, "rename")) {
      char *to;
      if (asprintf(&to, "%s-renamed", path) < 0) die("asprintf");
      sqe = ring_sqe(ring, IORING_OP_RENAMEAT, AT_FDCWD);
      sqe->addr = (uintptr_t)path;
      sqe->len = (unsigned)AT_FDCWD;
      sqe->addr2 = (uintptr_t)to;
    } else if (!strcmp(name, "truncate")) {
      sqe = ring_sqe(ring, FTRUNCATE, file(path, O_RDWR));
      sqe->off = PAGE;
    } else {
      sqe = ring_sqe(ring, IORING_OP_FALLOCATE, file(path, O_RDWR));
      sqe->addr = 8 << 20; /* its length */
    }
    sqe->flags = IOSQE_ASYNC;
  }
}

static void from_sockets(const struct word *word) {
  for (unsigned i = 0; i < number(word, 1); i++) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) die("socketpair");
    ring_rw(ring, IORING_OP_RECV, ends[0], page(), PAGE, 0);
  }
}

static void into_mapping(const struct word *word) {
  char *map = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file(path_of(word, 1), O_RDONLY), 3 * APART);
  if (map == MAP_FAILED) die("mmap");
  ring_rw(ring, IORING_OP_READ, file(path_of(word, 2), O_RDONLY), map, PAGE, 0)->flags = IOSQE_ASYNC;
}

static void guard(const struct word *word) {
  int listener = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
  if (listener < 0 || fanotify_mark(listener, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path_of(word, 1)) < 0)
    unsupported("needs fanotify with permission events");
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(300);
    park();
  }
  close(listener);
}

static void watch(const struct word *word) {
  int fd = inotify_init1(IN_CLOEXEC);
  if (fd < 0 || inotify_add_watch(fd, path_of(word, 1), IN_CREATE) < 0) die("inotify");
  ring_rw(ring, IORING_OP_READ, fd, page(), PAGE, 0);
}

static void map_and_tell(const struct word *word) {
  void *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file(path_of(word, 1), O_RDONLY), 4 * APART);
  if (map == MAP_FAILED) die("mmap");
  ready("\"operation\":\"%p\"", map);
}

static void *plain(void *argument) {
  const struct word *word = argument;
  const char *call = path_of(word, 1), *path = path_of(word, 2);
  if (!strcmp(call, "map")) {
    mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    park();
  }
  if (!strcmp(call, "create")) {
    int made = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0 || fsync(made) < 0) perror(path);
    park();
  }
  int fd = file(path, !strcmp(call, "read") || !strcmp(call, "touch") ? O_RDONLY : O_RDWR);
  long result = 0;
  if (!strcmp(call, "read")) result = pread(fd, page(), PAGE, 5 * APART);
  else if (!strcmp(call, "write")) result = pwrite(fd, page(), PAGE, 5 * APART);
  else if (!strcmp(call, "fsync")) result = fsync(fd);
  else if (!strcmp(call, "truncate")) result = ftruncate(fd, PAGE);
  else {
    volatile char *map = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 6 * APART);
    if (map == MAP_FAILED) die("mmap");
    result = *map;
  }
  if (result < 0) perror(call);
  park();
}

static void pause_for(unsigned milliseconds) {
  struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  nanosleep(&time, NULL);
}

static void carry_out(const struct word *word) {
  const char *name = word->fields[0];
  if (!strcmp(name, "ring")) further_ring(word);
  else if (!strcmp(name, "read") || !strcmp(name, "write") || !strcmp(name, "fsync")) on_file(word);
  else if (!strcmp(name, "into")) into_mapping(word);
  else if (!strcmp(name, "map")) map_and_tell(word);
  else if (!strcmp(name, "guard")) guard(word);
  else if (!strcmp(name, "watch")) watch(word);
  else if (!strcmp(name, "recv")) from_sockets(word);
  else if (!strcmp(name, "nop"))
    for (unsigned i = 0; i < number(word, 1); i++) ring_sqe(ring, IORING_OP_NOP, -1), ring_submit(ring);
  else if (!strcmp(name, "fifo")) {
    if (mkfifo(path_of(word, 1), 0600) < 0) die("fifo");
  } else if (!strcmp(name, "submit")) ring_submit(ring);
  else if (!strcmp(name, "ready")) ready("\"rings\":%d", ring ? (int)(ring - rings) + 1 : 0);
  else if (!strcmp(name, "publish")) ring_publish(ring);
  else if (!strcmp(name, "wake")) ring_enter(ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP);
  else if (!strcmp(name, "wait")) ring_wait(ring, number(word, 1));
  else if (!strcmp(name, "pause")) pause_for(number(word, 1));
  else if (!strcmp(name, "thread")) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, plain, (void *)word)) die("pthread_create");
  } else on_name(word);
}

int main(int argc, char **argv) {
  static struct word words[64];
  bounded_life();
  for (int i = 1; i < argc && i < 64; i++) {
    char *rest = argv[i];
    for (char *field; words[i].count < MOST_FIELDS && (field = strsep(&rest, ":"));)
      words[i].fields[words[i].count++] = field;
  }
  /* Said before, because each of them may be what blocks. */
  int later = 0;
  for (int i = 1; i < argc; i++) later |= !strcmp(argv[i], "ready") || !strcmp(argv[i], "map");
  if (!later) ready("\"rings\":0");
  for (int i = 1; i < argc && i < 64; i++) carry_out(&words[i]);
  park();
}
