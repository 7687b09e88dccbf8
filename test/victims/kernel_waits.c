/* kernel_waits NAME [PATH]: a process that waits in one particular place of the kernel. */
#define _GNU_SOURCE
#include "kernel_waits.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "victim.h"

pid_t waiting_child(void) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL), alarm(300);
  return pid;
}

int opened(const char *path, int flags) {
  if (!path) die("kernel_waits NAME PATH");
  int fd = open(path, flags | O_CLOEXEC, 0600);
  if (fd < 0) die(path);
  return fd;
}

void in_thread(void *(*wait)(void *path), const char *path) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, wait, (void *)path)) die("pthread_create");
  pthread_detach(thread);
}

int main(int argc, char **argv) {
  static const struct kernel_wait *const lists[] = {process_waits, socket_waits, storage_waits};
  bounded_life();
  for (unsigned i = 0; argc > 1 && i < sizeof lists / sizeof *lists; i++)
    for (const struct kernel_wait *wait = lists[i]; wait->name; wait++)
      if (!strcmp(wait->name, argv[1])) {
        wait->run(argc > 2 ? argv[2] : NULL);
        park();
      }
  fprintf(stderr, "usage: kernel_waits NAME [PATH], where NAME is one of:\n");
  for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
    for (const struct kernel_wait *wait = lists[i]; wait->name; wait++) fprintf(stderr, "  %s\n", wait->name);
  return 2;
}
