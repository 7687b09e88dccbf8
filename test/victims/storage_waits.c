/* Waits inside file systems and the block layer, once the disk or the server of the file has fallen silent. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel_waits.h"
#include "victim.h"

enum { PAGE = 4096, MANY = 1024 };
static char buffer[1 << 20];

/* Past the page cache, so many reads at once. */
static void submit(aio_context_t *context, int fd, int count) {
  static struct iocb requests[MANY], *list[MANY];
  char *at = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (syscall(SYS_io_setup, count, context) < 0) unsupported("needs Linux AIO");
  for (int i = 0; i < count; i++) {
    requests[i] = (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD,
                                .aio_fildes = (unsigned)fd,
                                .aio_buf = (uintptr_t)(at + i * PAGE),
                                .aio_nbytes = PAGE,
                                .aio_offset = i * 2 * PAGE};
    list[i] = &requests[i];
  }
  if (syscall(SYS_io_submit, *context, count, list) < 0) die("io_submit");
}

/* More than the device's queue takes. */
static void aio_crowd(const char *path) {
  aio_context_t context = 0;
  int fd = opened(path, O_RDONLY | O_DIRECT);
  ready("\"operation\":\"io_submit\",\"fd\":%d", fd);
  submit(&context, fd, MANY);
}

static void aio_destroy(const char *path) {
  aio_context_t context = 0;
  submit(&context, opened(path, O_RDONLY | O_DIRECT), 4);
  ready("\"operation\":\"io_destroy\"");
  syscall(SYS_io_destroy, context);
}

/* Cuts a file short, parts of which are being read past the page cache. */
static void truncate_behind(const char *path) {
  aio_context_t context = 0;
  int fd = opened(path, O_RDWR | O_DIRECT);
  ready("\"operation\":\"ftruncate\",\"fd\":%d", fd);
  submit(&context, fd, 4);
  ftruncate(fd, PAGE);
}

/* Makes a directory and waits until that is on the disk. */
static void sync_name(const char *path) {
  int fd = opened(path, O_RDONLY | O_DIRECTORY);
  ready("\"operation\":\"fsync\",\"fd\":%d", fd);
  if (mkdirat(fd, "made", 0755) < 0 || fsync(fd) < 0) die("fsync");
}

static void sync_all(const char *path) {
  int fd = opened(path, O_RDWR);
  ready("\"operation\":\"syncfs\",\"fd\":%d", fd);
  if (write(fd, buffer, PAGE) < 0 || syncfs(fd) < 0) die("syncfs");
}

/* One process waits for a commit, this one changes names behind it. */
static void *sync_in_thread(void *path) {
  int fd = opened(path, O_RDONLY | O_DIRECTORY);
  if (mkdirat(fd, "first", 0755) < 0 || syncfs(fd) < 0) die("syncfs");
  return NULL;
}

static void change_behind(const char *path) {
  in_thread(sync_in_thread, path);
  sleep(1);
  int fd = opened(path, O_RDONLY | O_DIRECTORY);
  ready("\"operation\":\"mkdir\",\"fd\":%d", fd);
  char name[32];
  for (int i = 0; i < 100000; i++) {
    snprintf(name, sizeof name, "made%d", i);
    if (mkdirat(fd, name, 0755) < 0) die("mkdir");
  }
}

static void look_at(const char *path) {
  struct stat status;
  ready("\"operation\":\"stat\"");
  stat(path, &status);
}

static void *look_in_thread(void *path) {
  struct stat status;
  stat(path, &status);
  return NULL;
}

/* Two look up one name. */
static void look_twice(const char *path) {
  in_thread(look_in_thread, path);
  sleep(1);
  look_at(path);
}

static void write_much(const char *path) {
  int fd = opened(path, O_WRONLY);
  ready("\"operation\":\"write\",\"fd\":%d", fd);
  for (off_t at = 0; at < 256 << 20; at += (off_t)sizeof buffer)
    if (pwrite(fd, buffer, sizeof buffer, at) < 0) break;
  fsync(fd);
}

static void write_direct(const char *path) {
  int fd = opened(path, O_RDWR | O_DIRECT);
  char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ready("\"operation\":\"write\",\"fd\":%d", fd);
  if (write(fd, at, PAGE) < 0) die("write");
}

static void write_mapped(const char *path) {
  int fd = opened(path, O_RDWR);
  volatile char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) die("mmap");
  ready("\"operation\":\"fault\",\"fd\":%d", fd);
  at[0] = 1;
}

/* Its page is on its way to the server, which falls silent once this is ready, when it is cut short. */
static void truncate_written(const char *path) {
  int fd = opened(path, O_RDWR);
  volatile char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) die("mmap");
  buffer[0] = at[0];
  ready("\"operation\":\"ftruncate\",\"fd\":%d", fd);
  sleep(1);
  at[0] = 1;
  sync_file_range(fd, 0, PAGE, SYNC_FILE_RANGE_WRITE);
  ftruncate(fd, 0);
}

static void sync_mapped(const char *path) {
  int fd = opened(path, O_RDWR);
  volatile char *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) die("mmap");
  buffer[0] = at[0];
  ready("\"operation\":\"msync\",\"fd\":%d", fd);
  sleep(1);
  at[0] = 1;
  msync((void *)at, PAGE, MS_SYNC);
}

static void open_to_write(const char *path) {
  ready("\"operation\":\"open\"");
  open(path, O_WRONLY | O_CLOEXEC);
}

static void cut(const char *path) {
  ready("\"operation\":\"truncate\"");
  truncate(path, PAGE);
}

static void mount_disk(const char *path) {
  if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    unsupported("needs root for a mount namespace of its own");
  if (mkdir("here", 0755) < 0) die("here");
  ready("\"operation\":\"mount\"");
  mount(path, "here", "ext4", 0, NULL);
}

static void *mount_in_thread(void *path) {
  mount(path, "here", "ext4", 0, NULL);
  return NULL;
}

/* The second waits for the file system that the first is mounting. */
static void mount_twice(const char *path) {
  if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    unsupported("needs root for a mount namespace of its own");
  if (mkdir("here", 0755) < 0) die("here");
  in_thread(mount_in_thread, path);
  sleep(1);
  ready("\"operation\":\"mount\"");
  mount_in_thread((void *)path);
}

static void flush_disk(const char *path) {
  int fd = opened(path, O_WRONLY);
  ready("\"operation\":\"ioctl\",\"fd\":%d", fd);
  if (write(fd, buffer, PAGE) < 0) die("write");
  ioctl(fd, BLKFLSBUF, 0);
}

static void discard_disk(const char *path) {
  uint64_t range[2] = {0, 1 << 20};
  int fd = opened(path, O_RDWR);
  ready("\"operation\":\"ioctl\",\"fd\":%d", fd);
  ioctl(fd, BLKZEROOUT, range);
}

const struct kernel_wait storage_waits[] = {
    {"aio-crowd", aio_crowd},         {"aio-destroy", aio_destroy},
    {"truncate-behind", truncate_behind}, {"sync-name", sync_name},
    {"sync-all", sync_all},           {"change-behind", change_behind},
    {"look", look_at},                {"look-twice", look_twice},
    {"write-much", write_much},       {"write-direct", write_direct},
    {"write-mapped", write_mapped},   {"truncate-written", truncate_written},
    {"sync-mapped", sync_mapped},     {"open-to-write", open_to_write},
    {"truncate", cut},                {"mount", mount_disk},
    {"mount-twice", mount_twice},     {"flush-disk", flush_disk},       {"zero-disk", discard_disk},
    {NULL, NULL},
};
