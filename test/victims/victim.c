#define _GNU_SOURCE
#include "victim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

void die(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

void unsupported(const char *why) {
  printf("{\"ready\":false,\"why\":\"%s\"}\n", why);
  fflush(stdout);
  exit(77);
}

void bounded_life(void) {
  signal(SIGPIPE, SIG_IGN);
  alarm(300);
  if (getenv("KEEP")) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* A closed pipe or socket raises SIGIO, whose default is to end the process. */
  fcntl(0, F_SETOWN, getpid());
  int flags = fcntl(0, F_GETFL);
  if (flags >= 0) fcntl(0, F_SETFL, flags | O_ASYNC);
}

static void print_ready(int pid, const char *truth, va_list arguments) {
  printf("{\"ready\":true,\"pid\":%d,\"truth\":{", pid);
  vprintf(truth, arguments);
  printf("}}\n");
  fflush(stdout);
  /* With $GO, what comes next waits for a file of that name. */
  const char *go = getenv("GO");
  while (go && access(go, F_OK) < 0) usleep(10000);
}

void ready(const char *truth, ...) {
  va_list arguments;
  va_start(arguments, truth);
  print_ready(getpid(), truth, arguments);
  va_end(arguments);
}

void ready_as(int pid, const char *truth, ...) {
  va_list arguments;
  va_start(arguments, truth);
  print_ready(pid, truth, arguments);
  va_end(arguments);
}

void park(void) {
  for (;;) pause();
}

/* True for an io-wq worker of this process that sleeps: "TID (iou-wrk-PID) S …". */
static int sleeping_worker(const char *tid) {
  char path[300], text[128] = "";
  snprintf(path, sizeof path, "/proc/self/task/%s/stat", tid);
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  size_t length = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[length] = 0;
  char *state = strrchr(text, ')');
  return strstr(text, "(iou-wrk-") && state && state[1] == ' ' && (state[2] == 'S' || state[2] == 'D');
}

void await_workers(int count) {
  for (int tries = 0; tries < 500; tries++) {
    int found = 0;
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks) die("/proc/self/task");
    for (struct dirent *entry; (entry = readdir(tasks));) found += sleeping_worker(entry->d_name);
    closedir(tasks);
    if (found >= count) return;
    struct timespec pause = {.tv_nsec = 10000000};
    nanosleep(&pause, NULL);
  }
}

void make_pipe(int ends[2]) {
  if (pipe(ends) < 0) die("pipe");
}

void fill(int fd) {
  static char block[65536];
  int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  for (size_t size = sizeof block; size; size /= 2)
    while (write(fd, block, size) > 0) continue;
  fcntl(fd, F_SETFL, flags);
}
