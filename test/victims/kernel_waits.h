/* Scenes of kernel_waits: each makes a wait and tells that it is reached. */
#ifndef KERNEL_WAITS_H
#define KERNEL_WAITS_H

#include <sys/types.h>

struct kernel_wait {
  const char *name;
  /* `path`: the file or directory it is about. */
  void (*run)(const char *path);
};

/* Each list ends with an entry without a name. */
extern const struct kernel_wait process_waits[], socket_waits[], storage_waits[];

/* A child that lives as long as this process; returns its pid to the parent and 0 to the child. */
pid_t waiting_child(void);
/* The file, or the end of the process with a message. */
int opened(const char *path, int flags);
/* Runs `wait` with `path` in a thread that is detached. */
void in_thread(void *(*wait)(void *path), const char *path);

#endif
