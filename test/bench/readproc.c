/*
 * readproc: what reading /proc costs without anything else. Takes lines from stdin, each a letter, a space and a path:
 *   r  open, read to the end, close         d  list the directory
 *   l  list it and read each entry's link   k  read the link
 *   m  open, read so many bytes at an address (both in hex behind the path), close
 * then an empty line. After that each further line makes it go through all of them once, one after the other, and
 * print the milliseconds that took.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STEPS = 200000 };
static char *steps[STEPS];
static char content[1 << 16];
static unsigned long bytes;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void read_file(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  for (ssize_t length; (length = read(fd, content, sizeof content)) > 0;) bytes += (unsigned long)length;
  close(fd);
}

static void read_memory(const char *step) {
  char path[64];
  unsigned long address, length;
  if (sscanf(step, "%63s %lx %lx", path, &address, &length) != 3) return;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (length > sizeof content) length = sizeof content;
  ssize_t got = pread(fd, content, length, (off_t)address);
  if (got > 0) bytes += (unsigned long)got;
  close(fd);
}

static void read_directory(const char *path, int links) {
  DIR *directory = opendir(path);
  if (!directory) return;
  for (struct dirent *entry; (entry = readdir(directory));) {
    ssize_t length = links ? readlinkat(dirfd(directory), entry->d_name, content, sizeof content) : 1;
    if (length > 0) bytes += (unsigned long)length;
  }
  closedir(directory);
}

static void take(const char *step) {
  const char *path = step + 2;
  if (*step == 'k') bytes += readlink(path, content, sizeof content) > 0;
  else if (*step == 'r') read_file(path);
  else if (*step == 'm') read_memory(path);
  else read_directory(path, *step == 'l');
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  int count = 0;
  for (ssize_t length; (length = getline(&line, &room, stdin)) > 1 && count < STEPS;) {
    line[length - 1] = 0;
    steps[count++] = strdup(line);
  }
  while (getline(&line, &room, stdin) > 0) {
    double start = now();
    for (int i = 0; i < count; i++) take(steps[i]);
    printf("%.3f\n", now() - start);
    fflush(stdout);
  }
  return bytes == 0;
}
