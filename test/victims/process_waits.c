/* Waits for other processes and threads: vfork, exec, the end of a PID namespace, memory, supervisors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel_waits.h"
#include "victim.h"

static char buffer[1 << 16];

static void vfork_parent(const char *path) {
  ready("\"operation\":\"vfork\"");
  if (vfork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
}

static void *read_file(void *path) {
  int fd = opened(path, O_RDONLY);
  if (read(fd, buffer, 1) < 0) die("read");
  return NULL;
}

/* The other thread cannot end: it waits for a file's server. */
static void exec_beside(const char *path) {
  in_thread(read_file, path);
  sleep(1);
  ready("\"operation\":\"execve\"");
  execl("/bin/sleep", "sleep", "100", NULL);
}

/* The first process of a PID namespace ends; another one in it cannot. */
static void namespace_end(const char *path) {
  if (unshare(CLONE_NEWPID) < 0) unsupported("needs root for a PID namespace of its own");
  pid_t first = fork();
  if (first < 0) die("fork");
  if (first == 0) {
    if (fork() == 0) {
      read_file((void *)path);
      _exit(0);
    }
    sleep(1);
    _exit(0);
  }
  sleep(2);
  ready_as(first, "\"operation\":\"exit\"");
  park();
}

/* Two threads read through one open file: the second waits for its position. */
static int shared_file;

static void *read_shared(void *path) {
  if (read(shared_file, buffer, 1) < 0) die("read");
  return NULL;
}

static void shared_position(const char *path) {
  shared_file = opened(path, O_RDONLY);
  in_thread(read_shared, path);
  sleep(1);
  ready("\"operation\":\"read\",\"fd\":%d", shared_file);
  read_shared(NULL);
}

static void *touch_later(void *at) {
  sleep(2);
  return (void *)(size_t) * (volatile char *)at;
}

/* Reads the memory of a process whose pages a file server does not supply, until its lock is held; `path` is its /proc file. */
static void read_process(const char *path) {
  int fd = opened(path, O_RDONLY);
  ready("\"operation\":\"read\",\"fd\":%d", fd);
  if (read(fd, buffer, sizeof buffer) < 0) die("read");
}

/* A thread reads its own memory through /proc, which keeps the address space's lock; this one maps memory. */
static void *read_own(void *at) {
  int fd = opened("/proc/self/mem", O_RDONLY);
  if (pread(fd, buffer, 1, (off_t)(size_t)at) < 0) die("pread");
  return NULL;
}

static void map_beside(const char *path) {
  char *at = mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, opened(path, O_RDONLY), 0);
  if (at == MAP_FAILED) die("mmap");
  in_thread(read_own, at);
  sleep(1);
  ready("\"operation\":\"mmap\"");
  mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void fault_beside(const char *path) {
  char *at = mmap(NULL, 1 << 20, PROT_READ, MAP_SHARED, opened(path, O_RDONLY), 0);
  char *fresh = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED || fresh == MAP_FAILED) die("mmap");
  in_thread(touch_later, fresh);
  in_thread(read_own, at);
  sleep(1);
  ready("\"operation\":\"munmap\"");
  munmap(fresh + (32 << 20), 4096);
}

static pthread_mutex_t kept;

static void *keep(void *path) {
  pthread_mutex_lock(&kept);
  park();
}

static void priority_mutex(const char *path) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&kept, &attributes);
  in_thread(keep, NULL);
  sleep(1);
  ready("\"operation\":\"futex\"");
  pthread_mutex_lock(&kept);
}

/* A filter that hands getppid to a supervisor; returns its listener. */
static int supervised(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) die("no_new_privs");
  int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (fd < 0) unsupported("needs seccomp notification");
  return fd;
}

static void seccomp_notified(const char *path) {
  supervised();
  ready("\"operation\":\"getppid\"");
  getppid();
}

static void seccomp_supervisor(const char *path) {
  static char notification[4096];
  int fd = supervised();
  ready("\"operation\":\"ioctl\",\"fd\":%d", fd);
  ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, notification);
}

/* Crashes in a directory in which no file can be made. */
static void dump_core(const char *path) {
  struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &all);
  if (!path || chdir(path) < 0) die("chdir");
  ready("\"operation\":\"abort\"");
  abort();
}

/* More memory than its cgroup allows. */
static void use_memory(const char *path) {
  ready("\"operation\":\"fault\"");
  for (;;) {
    char *at = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (at == MAP_FAILED) park();
    memset(at, 1, 1 << 20);
  }
}

/* Answers nobody on its pipe: whoever looks up a name below waits for it. */
static void automount(const char *path) {
  int ends[2];
  char options[128];
  make_pipe(ends);
  if (mkdir("auto", 0755) < 0) die("auto");
  if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    unsupported("needs root for a mount namespace of its own");
  snprintf(options, sizeof options, "fd=%d,pgrp=%d,minproto=5,maxproto=5,indirect", ends[1], getpgrp());
  if (mount("automount", "auto", "autofs", 0, options) < 0) unsupported("needs autofs");
  pid_t pid = waiting_child();
  if (pid == 0) {
    setpgid(0, 0);
    struct stat status;
    stat("auto/server", &status);
    park();
  }
  ready_as(pid, "\"operation\":\"stat\"");
  park();
}

const struct kernel_wait process_waits[] = {
    {"vfork", vfork_parent},
    {"exec", exec_beside},
    {"namespace-end", namespace_end},
    {"shared-position", shared_position},
    {"read-process", read_process},
    {"map-beside", map_beside},
    {"fault-beside", fault_beside},
    {"priority-mutex", priority_mutex},
    {"seccomp", seccomp_notified},
    {"seccomp-supervisor", seccomp_supervisor},
    {"core-dump", dump_core},
    {"memory", use_memory},
    {"automount", automount},
    {NULL, NULL},
};
