/* waits NAME [PATH]: one process without any ring that waits in one system call. Files are made in the current directory. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <linux/tls.h>
#include <linux/userfaultfd.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"

enum { PAGE = 4096 };
static char buffer[1 << 20];

_Noreturn static void read_for_ever(int fd) {
  if (fd < 0) die("descriptor");
  ready("\"operation\":\"read\",\"fd\":%d", fd);
  if (read(fd, buffer, PAGE) < 0) die("read");
  park();
}

/* A child that lives as long as this process; returns its pid to the parent and 0 to the child. */
static pid_t child(void) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL), alarm(300);
  return pid;
}

/* A child does `take` with the file and keeps it; returns when it has. */
static void held_by_child(int fd, int (*take)(int fd)) {
  int told[2];
  make_pipe(told);
  if (child() == 0) {
    if (take(fd) < 0) die("lock");
    if (write(told[1], "", 1) != 1) die("pipe");
    park();
  }
  if (read(told[0], buffer, 1) != 1) die("child");
}

static int own_file(const char *name) {
  int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) die(name);
  return fd;
}

static void pipe_read(const char *path) {
  int ends[2];
  make_pipe(ends);
  read_for_ever(ends[0]);
}

static void pipe_full(const char *path) {
  int ends[2];
  make_pipe(ends);
  fill(ends[1]);
  ready("\"operation\":\"write\",\"fd\":%d", ends[1]);
  if (write(ends[1], buffer, PAGE) < 0) die("write");
}

static void fifo(const char *path) {
  if (mkfifo("fifo", 0600) < 0) die("fifo");
  ready("\"operation\":\"open\"");
  open("fifo", O_RDONLY);
}

static void unix_read(const char *path) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  read_for_ever(ends[0]);
}

static void unix_full(const char *path) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  fill(ends[0]);
  ready("\"operation\":\"write\",\"fd\":%d", ends[0]);
  if (write(ends[0], buffer, PAGE) < 0) die("write");
}

static int listener(struct sockaddr_in *address) {
  socklen_t length = sizeof *address;
  *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)address, length) < 0 || listen(fd, 8) < 0) die("listen");
  getsockname(fd, (struct sockaddr *)address, &length);
  return fd;
}

static int connected(void) {
  struct sockaddr_in address;
  listener(&address);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  return fd;
}

static void tcp_read(const char *path) {
  read_for_ever(connected());
}

static void tcp_full(const char *path) {
  int fd = connected();
  fill(fd);
  ready("\"operation\":\"write\",\"fd\":%d", fd);
  for (;;)
    if (write(fd, buffer, sizeof buffer) < 0) die("write");
}

static void tcp_accept(const char *path) {
  struct sockaddr_in address;
  int fd = listener(&address);
  ready("\"operation\":\"accept\",\"fd\":%d,\"port\":%d", fd, ntohs(address.sin_port));
  accept(fd, NULL, NULL);
}

/* Records of a TLS connection that the kernel is to decrypt, and a peer that sends none. */
static void tls_read(const char *path) {
  struct tls12_crypto_info_aes_gcm_128 keys = {
      .info = {.version = TLS_1_2_VERSION, .cipher_type = TLS_CIPHER_AES_GCM_128}};
  int fd = connected();
  if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") < 0) unsupported("needs TLS in the kernel (CONFIG_TLS)");
  if (setsockopt(fd, SOL_TLS, TLS_RX, &keys, sizeof keys) < 0) die("TLS_RX");
  read_for_ever(fd);
}

static void udp_read(const char *path) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("udp");
  read_for_ever(fd);
}

static void event(const char *path) {
  read_for_ever(eventfd(0, EFD_CLOEXEC));
}

static void timer(const char *path) {
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  struct itimerspec when = {.it_value = {.tv_sec = 1000}};
  if (timerfd_settime(fd, 0, &when, NULL) < 0) die("timerfd");
  read_for_ever(fd);
}

static void signals(const char *path) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  read_for_ever(signalfd(-1, &set, SFD_CLOEXEC));
}

static void inotify(const char *path) {
  int fd = inotify_init1(IN_CLOEXEC);
  if (inotify_add_watch(fd, ".", IN_CREATE) < 0) die("inotify");
  read_for_ever(fd);
}

static void fanotify(const char *path) {
  int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);
  if (fd < 0) unsupported("fanotify needs root");
  if (fanotify_mark(fd, FAN_MARK_ADD, FAN_CLOSE_WRITE, AT_FDCWD, own_file("watched") < 0 ? "" : "watched") < 0)
    die("fanotify");
  read_for_ever(fd);
}

/* A watcher that may allow or deny reads of one file, and answers nothing. */
static void fanotify_permission(const char *path) {
  int file = own_file("watched");
  int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
  if (fd < 0) unsupported("fanotify permission events need root");
  if (fanotify_mark(fd, FAN_MARK_ADD, FAN_ACCESS_PERM, AT_FDCWD, "watched") < 0)
    unsupported("needs CONFIG_FANOTIFY_ACCESS_PERMISSIONS");
  if (child() > 0) {
    close(file);
    park();
  }
  /* Since 6.14 only files opened after the mark are asked for. */
  close(file);
  close(fd);
  read_for_ever(own_file("watched"));
}

static int lock_flock(int fd) {
  int own = open("locked", O_RDWR | O_CLOEXEC);
  return flock(own, LOCK_EX);
}

static void flock_wait(const char *path) {
  int fd = own_file("locked");
  held_by_child(fd, lock_flock);
  ready("\"operation\":\"flock\",\"fd\":%d", fd);
  flock(fd, LOCK_EX);
}

static int lock_posix(int fd) {
  struct flock lock = {.l_type = F_WRLCK};
  return fcntl(fd, F_SETLK, &lock);
}

static void posix_wait(const char *path) {
  struct flock lock = {.l_type = F_WRLCK};
  int fd = own_file("locked");
  held_by_child(fd, lock_posix);
  ready("\"operation\":\"fcntl\",\"fd\":%d", fd);
  fcntl(fd, F_SETLKW, &lock);
}

static int take_lease(int fd) {
  signal(SIGIO, SIG_IGN);
  int own = open("locked", O_RDONLY | O_CLOEXEC);
  return fcntl(own, F_SETLEASE, F_RDLCK);
}

static void lease_wait(const char *path) {
  close(own_file("locked"));
  held_by_child(-1, take_lease);
  ready("\"operation\":\"open\"");
  open("locked", O_WRONLY);
}

static void futex(const char *path) {
  static int word = 1;
  ready("\"operation\":\"futex\"");
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
}

static void child_wait(const char *path) {
  if (child() == 0) park();
  ready("\"operation\":\"waitid\"");
  siginfo_t info;
  waitid(P_ALL, 0, &info, WEXITED);
}

static void sleep_long(const char *path) {
  ready("\"operation\":\"nanosleep\"");
  sleep(1000);
}

static void pause_only(const char *path) {
  ready("\"operation\":\"pause\"");
  park();
}

static void suspended(const char *path) {
  sigset_t none;
  sigemptyset(&none);
  ready("\"operation\":\"sigsuspend\"");
  sigsuspend(&none);
}

/* In a namespace of its own, for a semaphore outlives its processes. */
static void semaphore(const char *path) {
  struct sembuf take = {.sem_op = -1};
  if (unshare(CLONE_NEWIPC) < 0) unsupported("needs root for an IPC namespace of its own");
  int id = semget(IPC_PRIVATE, 1, 0600);
  if (id < 0) die("semget");
  ready("\"operation\":\"semop\"");
  semop(id, &take, 1);
}

static void message_queue(const char *path) {
  char name[32];
  snprintf(name, sizeof name, "/inspect-%d", getpid());
  mqd_t queue = mq_open(name, O_RDONLY | O_CREAT | O_EXCL, 0600, NULL);
  if (queue == (mqd_t)-1) unsupported("needs POSIX message queues");
  mq_unlink(name);
  ready("\"operation\":\"mq_timedreceive\",\"fd\":%d", (int)queue);
  mq_receive(queue, buffer, sizeof buffer, NULL);
}

static void terminal(const char *path) {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0) unsupported("needs a pseudo terminal");
  read_for_ever(open(ptsname(master), O_RDWR | O_NOCTTY));
}

static void poll_idle(const char *path) {
  int ends[2];
  make_pipe(ends);
  struct pollfd fds = {.fd = ends[0], .events = POLLIN};
  ready("\"operation\":\"poll\"");
  poll(&fds, 1, -1);
}

/* An idle server: listener, timer and wake-up in one epoll. */
static void epoll_idle(const char *path) {
  struct sockaddr_in address;
  struct epoll_event event = {.events = EPOLLIN};
  int set = epoll_create1(EPOLL_CLOEXEC);
  int fds[] = {listener(&address), eventfd(0, 0), timerfd_create(CLOCK_MONOTONIC, 0)};
  for (int i = 0; i < 3; i++)
    if (epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) < 0) die("epoll");
  ready("\"operation\":\"epoll_wait\",\"port\":%d", ntohs(address.sin_port));
  while (epoll_wait(set, &event, 1, -1) < 0) continue;
}

static void stopped(const char *path) {
  ready("\"operation\":\"stop\"");
  raise(SIGSTOP);
  park();
}

/* The child asks to be traced and stops; the parent never continues it. */
static void traced(const char *path) {
  pid_t pid = child();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) die("ptrace");
    raise(SIGTRAP);
    park();
  }
  int status;
  if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status)) die("child does not stop");
  ready_as(pid, "\"operation\":\"stop\"");
  park();
}

/* The program touches a page that its own userfaultfd never supplies; no system call is open. */
static void user_fault(const char *path) {
  int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  struct uffdio_api api = {.api = UFFD_API};
  if (fd < 0 || ioctl(fd, UFFDIO_API, &api) < 0) unsupported("needs userfaultfd");
  volatile char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register range = {.range = {(uintptr_t)page, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (ioctl(fd, UFFDIO_REGISTER, &range) < 0) die("UFFDIO_REGISTER");
  ready("\"operation\":\"fault\",\"uffd\":%d", fd);
  page[0] = 1;
}

static int given(const char *path, int flags) {
  if (!path) die("waits NAME PATH");
  int fd = open(path, flags);
  if (fd < 0) die(path);
  return fd;
}

static void file_read(const char *path) {
  read_for_ever(given(path, O_RDONLY));
}

static void file_write(const char *path) {
  int fd = given(path, O_WRONLY);
  ready("\"operation\":\"write\",\"fd\":%d", fd);
  if (write(fd, buffer, PAGE) < 0) die("write");
}

static void file_sync(const char *path) {
  int fd = given(path, O_RDWR);
  ready("\"operation\":\"fsync\",\"fd\":%d", fd);
  if (write(fd, buffer, PAGE) < 0 || fsync(fd) < 0) die("fsync");
}

/* Many pages that lie apart, so that each is a request of its own to the disk. */
static void file_sync_far(const char *path) {
  int fd = given(path, O_RDWR);
  ready("\"operation\":\"fsync\",\"fd\":%d", fd);
  for (int i = 0; i < 128; i++)
    if (pwrite(fd, buffer, PAGE, i * 131072L) < 0) die("pwrite");
  if (fsync(fd) < 0) die("fsync");
}

/* Writes as fast as it may, and more than the machine keeps unwritten. */
static void file_fill(const char *path) {
  int fd = given(path, O_WRONLY);
  ready("\"operation\":\"write\",\"fd\":%d", fd);
  for (long at = 0;; at = (at + PAGE) % (24L << 20))
    if (pwrite(fd, buffer, PAGE, at) < 0) die("pwrite");
}

/* More memory than a small cgroup has. */
static void fill_memory(const char *path) {
  enum { SIZE = 64 << 20 };
  char *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) die("mmap");
  ready("\"operation\":\"fault\"");
  for (;;)
    for (int i = 0; i < SIZE; i += PAGE) ((volatile char *)at)[i] = 1;
}

static void file_make(const char *path) {
  if (!path) die("make PATH");
  ready("\"operation\":\"mkdir\"");
  mkdir(path, 0700);
}

static void file_mapped(const char *path) {
  int fd = given(path, O_RDONLY);
  volatile char *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) die("mmap");
  ready("\"operation\":\"fault\",\"fd\":%d", fd);
  buffer[0] = page[0];
}

/* Memory that the kernel is told to put into swap. */
static void swapped(const char *path) {
  enum { COUNT = 64 };
  volatile char *pages =
      mmap(NULL, COUNT * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset((char *)pages, 1, COUNT * PAGE);
  if (madvise((char *)pages, COUNT * PAGE, MADV_PAGEOUT) < 0) unsupported("needs kernel 5.4 (MADV_PAGEOUT)");
  ready("\"operation\":\"fault\"");
  buffer[0] = pages[COUNT / 2 * PAGE];
}

/* Linux AIO, not io_uring: four reads past the page cache, and a wait for all. */
static void aio(const char *path) {
  aio_context_t context = 0;
  struct iocb requests[4] = {0}, *list[4];
  struct io_event events[4];
  int fd = given(path, O_RDONLY | O_DIRECT);
  char *at = mmap(NULL, sizeof requests / sizeof *requests * PAGE, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (syscall(SYS_io_setup, 8, &context) < 0) unsupported("needs Linux AIO");
  for (int i = 0; i < 4; i++) {
    requests[i] = (struct iocb){.aio_lio_opcode = IOCB_CMD_PREAD,
                                .aio_fildes = (unsigned)fd,
                                .aio_buf = (uintptr_t)(at + i * PAGE),
                                .aio_nbytes = PAGE,
                                .aio_offset = i * 131072};
    list[i] = &requests[i];
  }
  if (syscall(SYS_io_submit, context, 4, list) != 4) die("io_submit");
  ready("\"operation\":\"io_getevents\",\"inFlight\":4,\"fd\":%d", fd);
  syscall(SYS_io_getevents, context, 4, 4, events, NULL);
}

static const struct wait {
  const char *name;
  void (*run)(const char *path);
} waits[] = {
    {"pipe-read", pipe_read},   {"pipe-full", pipe_full},
    {"fifo", fifo},             {"unix-read", unix_read},
    {"unix-full", unix_full},   {"tcp-read", tcp_read},
    {"tcp-full", tcp_full},     {"tcp-accept", tcp_accept},
    {"udp-read", udp_read},     {"eventfd", event},
    {"timerfd", timer},         {"signalfd", signals},
    {"inotify", inotify},       {"fanotify", fanotify},
    {"flock", flock_wait},      {"fanotify-permission", fanotify_permission},
    {"posix-lock", posix_wait}, {"lease", lease_wait},
    {"futex", futex},           {"waitid", child_wait},
    {"sleep", sleep_long},      {"pause", pause_only},
    {"sigsuspend", suspended},  {"semaphore", semaphore},
    {"mqueue", message_queue},  {"terminal", terminal},
    {"poll", poll_idle},        {"epoll", epoll_idle},
    {"stopped", stopped},       {"traced", traced},
    {"user-fault", user_fault}, {"file-read", file_read},
    {"file-write", file_write}, {"file-sync", file_sync},
    {"file-make", file_make},   {"file-mapped", file_mapped},
    {"aio", aio},               {"file-sync-far", file_sync_far},
    {"file-fill", file_fill},   {"memory", fill_memory},
    {"aio", aio},               {"tls-read", tls_read},
    {"swapped", swapped},
};

int main(int argc, char **argv) {
  bounded_life();
  for (unsigned i = 0; argc > 1 && i < sizeof waits / sizeof *waits; i++)
    if (!strcmp(waits[i].name, argv[1])) {
      waits[i].run(argc > 2 ? argv[2] : NULL);
      park();
    }
  fprintf(stderr, "usage: waits NAME [PATH], where NAME is one of:\n");
  for (unsigned i = 0; i < sizeof waits / sizeof *waits; i++) fprintf(stderr, "  %s\n", waits[i].name);
  return 2;
}
