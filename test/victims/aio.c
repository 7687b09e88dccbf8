/*
 * aio SCENE [PATH]: a process with contexts of Linux AIO, which says what is left in each of them. PATH is read past the
 * page cache and answers nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { PAGE = 4096, STRIDE = 128 << 10, MOST = 64 };

/* Linux's own ring of events, as fs/aio.c lays it out. */
struct events {
  unsigned id, nr, head, tail, magic, compat, incompat, header;
};

static struct context {
  aio_context_t id;
  unsigned asked, pending, unreaped, used;
  struct iocb requests[MOST];
  char listed[4096];
} contexts[2];

static char *memory;
static char truth[16384];

static void open_context(struct context *context, unsigned asked) {
  context->asked = asked;
  if (syscall(SYS_io_setup, asked, &context->id) < 0) unsupported("needs Linux AIO");
}

static struct iocb *prepare(struct context *context, unsigned operation, int fd) {
  struct iocb *request = &context->requests[context->used++];
  *request = (struct iocb){.aio_lio_opcode = (uint16_t)operation, .aio_fildes = (unsigned)fd};
  request->aio_data = 0x1000 + context->used;
  return request;
}

static struct iocb *reading(struct context *context, int fd, unsigned place) {
  struct iocb *request = prepare(context, IOCB_CMD_PREAD, fd);
  request->aio_buf = (uintptr_t)(memory + context->used * PAGE);
  request->aio_nbytes = PAGE;
  request->aio_offset = (long long)place * STRIDE;
  return request;
}

static struct iocb *polling(struct context *context, int fd) {
  struct iocb *request = prepare(context, IOCB_CMD_POLL, fd);
  request->aio_buf = POLLIN;
  return request;
}

static void submit(struct context *context, struct iocb *request) {
  if (syscall(SYS_io_submit, context->id, 1, &request) != 1) die("io_submit");
}

/* Submits one that stays, and notes it. */
static void leave(struct context *context, struct iocb *request, const char *operation) {
  submit(context, request);
  context->pending++;
  size_t at = strlen(context->listed);
  snprintf(context->listed + at, sizeof context->listed - at,
           "%s{\"operation\":\"%s\",\"fd\":%u,\"offset\":%lld,\"length\":%llu,\"userData\":\"0x%llx\",\"iocb\":\"0x%lx\"}",
           at ? "," : "", operation, request->aio_fildes, (long long)request->aio_offset,
           (unsigned long long)(request->aio_lio_opcode == IOCB_CMD_POLL ? 0 : request->aio_nbytes),
           (unsigned long long)request->aio_data, (unsigned long)request);
}

/* Submits `count` that finish, and takes none of them. */
static void finish(struct context *context, unsigned count) {
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct events *events = (struct events *)context->id;
  for (unsigned i = 0; i < count; i++) submit(context, reading(context, fd, 0));
  context->unreaped += count;
  while ((events->tail - events->head + events->nr) % events->nr < count) usleep(1000);
}

/* Submits and takes `count` on each processor, as a library does that reads the ring itself: the kernel's counts lag behind. */
static void churn(struct context *context, unsigned count) {
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  volatile struct events *events = (struct events *)context->id;
  struct iocb request = {.aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = (unsigned)fd};
  request.aio_buf = (uintptr_t)memory;
  request.aio_nbytes = PAGE;
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  for (unsigned i = 0; i < count; i++) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(i % (unsigned)CPU_COUNT(&all), &one);
    sched_setaffinity(0, sizeof one, &one);
    submit(context, &request);
    while (events->head == events->tail) usleep(100);
    events->head = (events->head + 1) % events->nr;
  }
  sched_setaffinity(0, sizeof all, &all);
  close(fd);
}

static void tell(const char *more) {
  for (unsigned i = 0; i < 2; i++) {
    struct context *context = &contexts[i];
    size_t at = strlen(truth);
    if (context->id == 0) continue;
    snprintf(truth + at, sizeof truth - at,
             "%s{\"address\":\"0x%lx\",\"asked\":%u,\"capacity\":%u,\"pending\":%u,\"unreaped\":%u,\"requests\":[%s]}",
             at ? "," : "", (unsigned long)context->id, context->asked, ((struct events *)context->id)->nr - 1,
             context->pending, context->unreaped, context->listed);
  }
  ready("\"contexts\":[%s]%s", truth, more);
}

/* Waits until `least` have completed; it has no end where they do not. */
static void await(struct context *context, unsigned least) {
  static struct io_event events[MOST];
  syscall(SYS_io_getevents, context->id, least, MOST, events, NULL);
}

static int given(const char *path, int flags) {
  if (path == NULL) die("a path is wanted");
  int fd = open(path, flags | O_CLOEXEC);
  if (fd < 0) die(path);
  return fd;
}

static void silent_reads(struct context *context, const char *path, unsigned count) {
  int fd = given(path, O_RDONLY | O_DIRECT);
  for (unsigned i = 0; i < count; i++) leave(context, reading(context, fd, i), "PREAD");
}

static void armed_polls(struct context *context, unsigned count) {
  int ends[2];
  make_pipe(ends);
  for (unsigned i = 0; i < count; i++) leave(context, polling(context, ends[0]), "POLL");
}

/* Some of everything in one context, and another one that is idle. */
static void mixed(const char *path) {
  open_context(&contexts[0], 32);
  open_context(&contexts[1], 8);
  churn(&contexts[0], 37);
  churn(&contexts[1], 5);
  silent_reads(&contexts[0], path, 6);
  armed_polls(&contexts[0], 2);
  finish(&contexts[0], 3);
  tell("");
  park();
}

static void reads(const char *path) {
  open_context(&contexts[0], 32);
  silent_reads(&contexts[0], path, 32);
  tell("");
  await(&contexts[0], 1);
}

/* Submits where the file system answers nothing: io_submit itself does not come back. */
static void submitting(const char *path) {
  int fd = given(path, O_RDONLY);
  open_context(&contexts[0], 8);
  armed_polls(&contexts[0], 1);
  tell("");
  submit(&contexts[0], reading(&contexts[0], fd, 1));
}

/* Closes a context whose requests do not come back. */
static void destroying(const char *path) {
  open_context(&contexts[0], 8);
  silent_reads(&contexts[0], path, 3);
  tell("");
  syscall(SYS_io_destroy, contexts[0].id);
}

static void polls(const char *path) {
  open_context(&contexts[0], 8);
  armed_polls(&contexts[0], 2);
  tell("");
  await(&contexts[0], 1);
}

static void unreaped(const char *path) {
  open_context(&contexts[0], 8);
  finish(&contexts[0], 5);
  tell("");
  park();
}

/* Waits for more than was submitted. */
static void too_many(const char *path) {
  open_context(&contexts[0], 8);
  armed_polls(&contexts[0], 1);
  finish(&contexts[0], 1);
  tell("");
  await(&contexts[0], 4);
}

static void nothing(const char *path) {
  open_context(&contexts[0], 8);
  churn(&contexts[0], 3);
  tell("");
  await(&contexts[0], 1);
}

static void *collect(void *unused) {
  await(&contexts[0], 1);
  return NULL;
}

/* A thread collects, another one would submit: a server at rest. */
static void rest(const char *path) {
  pthread_t thread;
  open_context(&contexts[0], 64);
  churn(&contexts[0], 50);
  if (pthread_create(&thread, NULL, collect, NULL)) die("pthread_create");
  usleep(100000);
  tell("");
  park();
}

/* The ring is its own memory: it may write there what it likes. */
static void scribbled(const char *path) {
  open_context(&contexts[0], 8);
  armed_polls(&contexts[0], 1);
  tell("");
  struct events *events = (struct events *)contexts[0].id;
  events->nr = 0xffffffff;
  events->head = 0xdeadbeef;
  events->tail = 0x80000000;
  park();
}

/* A child has the mapping of its parent's ring and no context of its own. */
static void forked(const char *path) {
  open_context(&contexts[0], 8);
  finish(&contexts[0], 2);
  pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(300);
    park();
  }
  char more[64];
  snprintf(more, sizeof more, ",\"child\":%d", child);
  tell(more);
  park();
}

/* A program that mixes the old interface and the new one. */
static void with_ring(const char *path) {
  static struct ring ring;
  static char buffer[PAGE];
  int ends[2];
  make_pipe(ends);
  ring_open(&ring, (struct ring_options){.entries = 8});
  ring_rw(&ring, IORING_OP_READ, ends[0], buffer, PAGE, 0);
  if (ring_submit(&ring) != 1) die("io_uring_enter");
  open_context(&contexts[0], 8);
  silent_reads(&contexts[0], path, 4);
  tell("");
  await(&contexts[0], 4);
}

static const struct scene {
  const char *name;
  void (*run)(const char *path);
} scenes[] = {
    {"mixed", mixed},       {"reads", reads},       {"submitting", submitting}, {"polls", polls}, {"destroying", destroying},
    {"unreaped", unreaped}, {"too-many", too_many}, {"nothing", nothing},       {"rest", rest},
    {"scribbled", scribbled}, {"forked", forked},   {"with-ring", with_ring},
};

int main(int argc, char **argv) {
  bounded_life();
  memory = mmap(NULL, (2 * MOST + 2) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) die("mmap");
  for (unsigned i = 0; argc > 1 && i < sizeof scenes / sizeof *scenes; i++)
    if (!strcmp(scenes[i].name, argv[1])) {
      scenes[i].run(argc > 2 ? argv[2] : NULL);
      park();
    }
  fprintf(stderr, "usage: aio SCENE [PATH], where SCENE is one of:\n");
  for (unsigned i = 0; i < sizeof scenes / sizeof *scenes; i++) fprintf(stderr, "  %s\n", scenes[i].name);
  return 2;
}
