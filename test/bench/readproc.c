/*
 * readproc: what reading /proc costs without anything else. Reads lines of the form
 *   ROUNDS<newline>PATH<newline>PATH…<newline><newline>
 * from stdin and opens, reads to the end and closes every file in turn, ROUNDS times; prints the milliseconds of
 * each round on a line. A path that ends in `/` is a directory whose entries are listed; one that ends in `@` is
 * such a directory whose links are read, too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATHS = 200000 };
static char *paths[PATHS];
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

static void read_directory(const char *path, int links) {
  DIR *directory = opendir(path);
  if (!directory) return;
  for (struct dirent *entry; (entry = readdir(directory));) {
    ssize_t length = links ? readlinkat(dirfd(directory), entry->d_name, content, sizeof content) : 1;
    if (length > 0) bytes += (unsigned long)length;
  }
  closedir(directory);
}

int main(void) {
  char *line = NULL;
  size_t room = 0;
  int count = 0;
  if (getline(&line, &room, stdin) < 0) return 2;
  int rounds = atoi(line);
  for (ssize_t length; (length = getline(&line, &room, stdin)) > 1 && count < PATHS;) {
    line[length - 1] = 0;
    paths[count++] = strdup(line);
  }
  while (rounds-- > 0) {
    double start = now();
    for (int i = 0; i < count; i++) {
      char *path = paths[i];
      size_t length = strlen(path);
      if (path[length - 1] == '/') read_directory(path, 0);
      else if (path[length - 1] == '@') {
        path[length - 1] = 0;
        read_directory(path, 1);
        path[length - 1] = '@';
      } else read_file(path);
    }
    printf("%.3f\n", now() - start);
    fflush(stdout);
  }
  return bytes == 0;
}
