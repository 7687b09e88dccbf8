/*
 * paths plain|ring OPERATION DIRECTORY [NAME]: one operation on a name below DIRECTORY, as a system call or as a request. Some
 * names are given whole, some from a descriptor of DIRECTORY, some from the current directory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

/* Newer than the headers of Debian 12, some of them. */
enum { OP_RENAMEAT = 35, OP_UNLINKAT = 36, OP_MKDIRAT = 37, OP_SYMLINKAT = 38, OP_LINKAT = 39, OP_SETXATTR = 42, OP_GETXATTR = 44 };

static char whole[4096], second[4096], value[64];
static const char *directory, *name;
static int at;
static struct ring ring;

static struct io_uring_sqe *request(int opcode, int fd, const char *path) {
  struct io_uring_sqe *sqe = ring_sqe(&ring, (uint8_t)opcode, fd);
  sqe->addr = (uintptr_t)path;
  return sqe;
}

static void two(struct io_uring_sqe *sqe, int fd, const char *path) {
  sqe->len = (unsigned)fd;
  sqe->off = (uintptr_t)path;
}

static void attribute(struct io_uring_sqe *sqe) {
  sqe->off = (uintptr_t)value;
  sqe->len = sizeof value;
  sqe->addr3 = (uintptr_t)whole;
}

static void mkdir_plain(void) { mkdir(whole, 0700); }
static void mkdir_ring(void) { request(OP_MKDIRAT, AT_FDCWD, whole)->len = 0700; }
static void rename_plain(void) { renameat(AT_FDCWD, whole, at, "moved"); }
static void rename_ring(void) { two(request(OP_RENAMEAT, AT_FDCWD, whole), at, "moved"); }
static void unlink_plain(void) { unlinkat(at, name, 0); }
static void unlink_ring(void) { request(OP_UNLINKAT, at, name); }
static void link_plain(void) { link(whole, second); }
static void link_ring(void) { two(request(OP_LINKAT, AT_FDCWD, whole), AT_FDCWD, second); }
static void symlink_plain(void) { symlinkat("elsewhere", at, name); }
static void symlink_ring(void) { request(OP_SYMLINKAT, at, "elsewhere")->off = (uintptr_t)name; }
static void open_plain(void) { openat(AT_FDCWD, name, O_CREAT | O_WRONLY, 0600); }
static void open_ring(void) {
  struct io_uring_sqe *sqe = request(IORING_OP_OPENAT, AT_FDCWD, name);
  sqe->open_flags = O_CREAT | O_WRONLY;
  sqe->len = 0600;
}
static void stat_plain(void) {
  struct stat result;
  lstat(whole, &result);
}
static void stat_ring(void) {
  static struct statx result;
  struct io_uring_sqe *sqe = request(IORING_OP_STATX, AT_FDCWD, whole);
  sqe->off = (uintptr_t)&result;
  sqe->len = STATX_SIZE;
}
static void setxattr_plain(void) { setxattr(whole, "user.mark", value, sizeof value, 0); }
static void setxattr_ring(void) { attribute(request(OP_SETXATTR, 0, "user.mark")); }
static void getxattr_plain(void) { getxattr(whole, "user.mark", value, sizeof value); }
static void getxattr_ring(void) { attribute(request(OP_GETXATTR, 0, "user.mark")); }
static void truncate_plain(void) {
  if (truncate(whole, 10) < 0) die("truncate");
}

static const struct {
  const char *name;
  void (*plain)(void);
  /* Fills the ring. */
  void (*ring)(void);
} operations[] = {
    {"mkdir", mkdir_plain, mkdir_ring},          {"rename", rename_plain, rename_ring},
    {"unlink", unlink_plain, unlink_ring},       {"link", link_plain, link_ring},
    {"symlink", symlink_plain, symlink_ring},    {"open", open_plain, open_ring},
    {"stat", stat_plain, stat_ring},             {"setxattr", setxattr_plain, setxattr_ring},
    {"getxattr", getxattr_plain, getxattr_ring}, {"truncate", truncate_plain, NULL},
};

int main(int argc, char **argv) {
  bounded_life();
  if (argc < 4) {
    fprintf(stderr, "usage: paths plain|ring OPERATION DIRECTORY [NAME]\n");
    return 2;
  }
  directory = argv[3];
  name = argc > 4 ? argv[4] : "data";
  snprintf(whole, sizeof whole, "%s/%s", directory, name);
  snprintf(second, sizeof second, "%s/second", directory);
  at = open(directory, O_PATH | O_DIRECTORY);
  if (at < 0 || chdir(directory) < 0) die(directory);
  for (unsigned i = 0; i < sizeof operations / sizeof *operations; i++) {
    if (strcmp(operations[i].name, argv[2])) continue;
    if (strcmp(argv[1], "ring")) {
      ready("\"operation\":\"%s\"", argv[2]);
      operations[i].plain();
      park();
    }
    if (!operations[i].ring) break;
    ring_open(&ring, (struct ring_options){0});
    operations[i].ring();
    ready("\"operation\":\"%s\",\"inFlight\":1", argv[2]);
    ring_submit(&ring);
    ring_wait(&ring, 1);
    park();
  }
  fprintf(stderr, "no such operation\n");
  return 2;
}
