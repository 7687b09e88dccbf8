/*
 * hangfs DIRECTORY [NAME [BACKGROUND [FILE]]]: a FUSE server that hangs on purpose, speaking /dev/fuse itself. The first letters of a name
 * say what its reads and writes do: `hang…` (and NAME) never answered, `direct…` never answered and past the page cache,
 * `slow5…` answered after five seconds, `ok…` answered. `disk…` (32 MiB) and `disk-big…` (400 MiB) remember what is written
 * and answer until SIGUSR1 stops them; SIGUSR2 lets them go on; programs can be run from
 * them. To look `lost…` up is never answered. To read `self…` the server reads FILE; without one it opens a file of its own mount, and waits for itself. BACKGROUND = how many requests it
 * allows in the background (256). Ending the server unmounts and aborts, which frees everybody.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"

enum { FILES = 64, REQUESTS = 1024, FILE_SIZE = 32 << 20, BIG_SIZE = 400 << 20, MAX_WRITE = 128 << 10, DIRECT_IO = 1 };

struct file {
  char name[256];
  char *content; /* of disk… */
};
static struct file files[FILES];

/* A read or write that is not answered yet. */
struct held {
  uint64_t unique, node, offset;
  uint32_t size;
  int write;
  char *data; /* what a held write will write */
  double due; /* seconds of CLOCK_MONOTONIC; 0 = when the disk goes on */
};
static struct held held[REQUESTS];

static int device, disk_stopped, background = 256;
static const char *mount_point, *another, *also_hangs = "hang";
static volatile sig_atomic_t ending, stop_disk, start_disk;

static void on_signal(int number) {
  if (number == SIGUSR1) stop_disk = 1;
  else if (number == SIGUSR2) start_disk = 1;
  else ending = 1;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int named(uint64_t node, const char *prefix) {
  return node >= 2 && node < 2 + FILES && !strncmp(files[node - 2].name, prefix, strlen(prefix));
}

static uint64_t size_of(uint64_t node) {
  return named(node, "disk-big") ? BIG_SIZE : FILE_SIZE;
}

static void answer(uint64_t unique, int error, const void *body, size_t length) {
  static char out[sizeof(struct fuse_out_header) + MAX_WRITE];
  struct fuse_out_header header = {(uint32_t)(sizeof header + length), -error, unique};
  memcpy(out, &header, sizeof header);
  if (length) memcpy(out + sizeof header, body, length);
  if (write(device, out, header.len) < 0 && errno != ENOENT && errno != ENODEV) die("/dev/fuse");
}

static void attributes(uint64_t node, struct fuse_attr *attr) {
  memset(attr, 0, sizeof *attr);
  attr->ino = node;
  attr->nlink = 1;
  attr->mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | (named(node, "disk") ? 0777 : 0666);
  attr->size = node == FUSE_ROOT_ID ? 0 : size_of(node);
  attr->blocks = attr->size / 512;
  attr->blksize = 4096;
}

static void lookup(uint64_t unique, const char *name) {
  static const char *const kinds[] = {"hang", "direct", "slow5", "ok", "disk", "self"};
  if (!strncmp(name, "lost", 4)) return;
  int known = !strcmp(name, also_hangs);
  for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) known |= !strncmp(name, kinds[i], strlen(kinds[i]));
  for (unsigned i = 0; known && i < FILES; i++) {
    if (!files[i].name[0]) {
      snprintf(files[i].name, sizeof files[i].name, "%.255s", name);
      if (!strncmp(name, "disk", 4) && !(files[i].content = calloc(1, size_of(i + 2)))) die("calloc");
    }
    if (strcmp(files[i].name, name)) continue;
    struct fuse_entry_out entry = {.nodeid = i + 2, .generation = 1, .entry_valid = 3600, .attr_valid = 3600};
    attributes(entry.nodeid, &entry.attr);
    answer(unique, 0, &entry, sizeof entry);
    return;
  }
  answer(unique, ENOENT, NULL, 0);
}

static void finish(const struct held *request) {
  char *content = named(request->node, "disk") ? files[request->node - 2].content : NULL;
  uint64_t end = size_of(request->node);
  uint64_t offset = request->offset < end ? request->offset : end;
  size_t size = request->size < end - offset ? request->size : end - offset;
  if (request->write) {
    if (content && request->data) memcpy(content + offset, request->data, size);
    struct fuse_write_out written = {.size = request->size};
    answer(request->unique, 0, &written, sizeof written);
  } else {
    static const char zeros[MAX_WRITE];
    answer(request->unique, 0, content ? content + offset : zeros, size < MAX_WRITE ? size : MAX_WRITE);
  }
}

static void hold(const struct held *request) {
  for (unsigned i = 0; i < REQUESTS; i++)
    if (!held[i].unique) {
      held[i] = *request;
      return;
    }
}

static void read_another(void) {
  char path[4200], page[4096];
  snprintf(path, sizeof path, "%s/ok-own", mount_point);
  int fd = open(another ? another : path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && read(fd, page, sizeof page) < 0) perror(path);
}

static void transfer(const struct fuse_in_header *in, const void *argument) {
  struct held request = {.unique = in->unique, .node = in->nodeid, .write = in->opcode == FUSE_WRITE};
  if (request.write) {
    const struct fuse_write_in *write_in = argument;
    request.offset = write_in->offset;
    request.size = write_in->size;
    request.data = (char *)(write_in + 1);
  } else {
    const struct fuse_read_in *read_in = argument;
    request.offset = read_in->offset;
    request.size = read_in->size;
  }
  if (named(in->nodeid, "self")) read_another();
  if (named(in->nodeid, "hang") || named(in->nodeid, "direct") || named(in->nodeid, also_hangs)) return;
  if (named(in->nodeid, "slow5")) request.due = now() + 5;
  else if (!(named(in->nodeid, "disk") && disk_stopped)) {
    finish(&request);
    return;
  }
  if (request.data) {
    char *copy = malloc(request.size);
    if (!copy) die("malloc");
    request.data = memcpy(copy, request.data, request.size);
  }
  hold(&request);
}

static void serve(const struct fuse_in_header *in, const void *argument) {
  switch (in->opcode) {
  case FUSE_INIT: {
    const struct fuse_init_in *init = argument;
    /* As libfuse has it by default: reads go to the server in the background, a buffered reader waits for the page. */
    unsigned minor = init->minor < FUSE_KERNEL_MINOR_VERSION ? init->minor : FUSE_KERNEL_MINOR_VERSION;
    struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION,
                                .minor = minor,
                                .max_readahead = MAX_WRITE,
                                .flags = FUSE_ASYNC_READ | FUSE_ASYNC_DIO,
                                .max_write = MAX_WRITE,
                                .max_background = (uint16_t)background,
                                .congestion_threshold = (uint16_t)(background * 3 / 4)};
    answer(in->unique, 0, &out, sizeof out);
    break;
  }
  case FUSE_LOOKUP: lookup(in->unique, argument); break;
  case FUSE_GETATTR:
  case FUSE_SETATTR: {
    struct fuse_attr_out out = {.attr_valid = 3600};
    attributes(in->nodeid, &out.attr);
    answer(in->unique, 0, &out, sizeof out);
    break;
  }
  case FUSE_OPEN:
  case FUSE_OPENDIR: {
    struct fuse_open_out out = {.open_flags = named(in->nodeid, "direct") ? FOPEN_DIRECT_IO : 0};
    answer(in->unique, 0, &out, sizeof out);
    break;
  }
  case FUSE_READ:
  case FUSE_WRITE: transfer(in, argument); break;
  case FUSE_STATFS: {
    struct fuse_statfs_out out = {.st = {.bsize = 4096, .frsize = 4096, .namelen = 255}};
    answer(in->unique, 0, &out, sizeof out);
    break;
  }
  case FUSE_READDIR:
  case FUSE_FLUSH:
  case FUSE_FSYNC:
  case FUSE_RELEASE:
  case FUSE_RELEASEDIR: answer(in->unique, 0, NULL, 0); break;
  case FUSE_FORGET:
  case FUSE_BATCH_FORGET:
  case FUSE_INTERRUPT: break;
  default: answer(in->unique, ENOSYS, NULL, 0);
  }
}

/* Answers what is due and returns the milliseconds to the next look, at most 200 (signals are looked at then). */
static int answer_due(void) {
  double soonest = 0;
  for (unsigned i = 0; i < REQUESTS; i++) {
    struct held *request = &held[i];
    if (!request->unique) continue;
    int disk = request->due == 0;
    if (disk ? !disk_stopped : request->due <= now()) {
      finish(request);
      free(request->data);
      memset(request, 0, sizeof *request);
    } else if (!disk && (soonest == 0 || request->due < soonest)) soonest = request->due;
  }
  double wait = soonest == 0 ? 200 : (soonest - now()) * 1000;
  return wait < 1 ? 1 : wait > 200 ? 200 : (int)wait;
}

static void mount_here(void) {
  char options[128], type[64];
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (device < 0) unsupported("needs /dev/fuse and root");
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
  snprintf(type, sizeof type, "fuse.%s", program_invocation_short_name);
  if (mount(program_invocation_short_name, mount_point, type, MS_NOSUID | MS_NODEV, options) < 0)
    unsupported("mounting a FUSE file system is not permitted here");
}

/* Minor number of the mount's device, which names the connection; from mountinfo, because a stat would ask ourselves. */
static unsigned connection_number(void) {
  char line[4096], at[4096];
  unsigned minor = 0, found = 0;
  FILE *file = fopen("/proc/self/mountinfo", "r");
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "%*d %*d 0:%u %*s %4095s", &minor, at) == 2 && !strcmp(at, mount_point)) found = minor;
  if (file) fclose(file);
  return found;
}

/* Also frees the requests of those who opened files before the unmount. */
static void abort_connection(unsigned minor) {
  char path[64];
  snprintf(path, sizeof path, "/sys/fs/fuse/connections/%u/abort", minor);
  int fd = open(path, O_WRONLY);
  if (fd >= 0 && write(fd, "1", 1) < 0) perror(path);
  if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
  if (argc < 2) {
    fprintf(stderr, "usage: hangfs DIRECTORY [NAME [BACKGROUND [FILE]]]\n");
    return 2;
  }
  mount_point = argv[1];
  if (argc > 2) also_hangs = argv[2];
  if (argc > 3) background = atoi(argv[3]);
  if (argc > 4) another = argv[4];
  bounded_life();
  struct sigaction action = {.sa_handler = on_signal};
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGIO, SIGALRM, SIGUSR1, SIGUSR2};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  mount_here();

  int told = 0;
  unsigned minor = connection_number();
  while (!ending) {
    static char in[MAX_WRITE + 65536];
    if (stop_disk) stop_disk = 0, disk_stopped = 1;
    if (start_disk) start_disk = 0, disk_stopped = 0;
    struct pollfd poller = {.fd = device, .events = POLLIN};
    if (poll(&poller, 1, answer_due()) < 0) continue;
    ssize_t length = read(device, in, sizeof in);
    if (length < 0 && errno == ENODEV) break;
    if (length < (ssize_t)sizeof(struct fuse_in_header)) continue;
    const struct fuse_in_header *header = (const void *)in;
    in[length < (ssize_t)sizeof in ? length : (ssize_t)sizeof in - 1] = 0;
    serve(header, header + 1);
    if (header->opcode == FUSE_INIT && !told++) {
      ready("\"mount\":\"%s\",\"connection\":%u", mount_point, minor);
    }
  }
  umount2(mount_point, MNT_DETACH);
  abort_connection(minor);
  return 0;
}
