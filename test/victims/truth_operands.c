/* One request of each kind that there is, each linked behind a read which never ends, so that none is carried out. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

static char buffer[65536];
static int silent, file, tcp;

/* A read, and behind it what is returned. */
static struct io_uring_sqe *behind(struct truth_ring *ring, unsigned opcode, int fd, const void *address,
                                   unsigned length, uint64_t offset) {
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_READ, silent, buffer, 16, 0);
  sqe->flags = IOSQE_IO_LINK;
  claim(ring, sqe, "polling");
  return truth_rw(ring, opcode, fd, address, length, offset);
}

static struct claim *linked(struct truth_ring *ring, const struct io_uring_sqe *sqe) {
  return claim(ring, sqe, "linked");
}

static void opens(struct truth_ring *ring) {
  static struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
  struct io_uring_sqe *sqe = behind(ring, IORING_OP_OPENAT, AT_FDCWD, "made", 0640, 0);
  sqe->open_flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
  operand(linked(ring, sqe), "open flags", "O_RDWR|O_CREAT|O_EXCL|O_CLOEXEC");
  sqe = behind(ring, IORING_OP_OPENAT, AT_FDCWD, "made", 0, 0);
  sqe->open_flags = O_WRONLY | O_APPEND | O_TRUNC | O_NONBLOCK;
  operand(linked(ring, sqe), "open flags", "O_WRONLY|O_TRUNC|O_APPEND|O_NONBLOCK");
  sqe = behind(ring, IORING_OP_OPENAT2, AT_FDCWD, "made", sizeof how, (uintptr_t)&how);
  operand(linked(ring, sqe), "open flags", "O_RDONLY|O_CLOEXEC");
}

static void names(struct truth_ring *ring) {
  static struct statx result;
  struct io_uring_sqe *sqe =
      behind(ring, IORING_OP_STATX, AT_FDCWD, "made", STATX_SIZE | STATX_INO, (uintptr_t)&result);
  sqe->statx_flags = AT_SYMLINK_NOFOLLOW;
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_RENAMEAT, AT_FDCWD, "from", (unsigned)AT_FDCWD, (uintptr_t) "to"));
  sqe = behind(ring, IORING_OP_UNLINKAT, AT_FDCWD, "gone", 0, 0);
  sqe->unlink_flags = AT_REMOVEDIR;
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_MKDIRAT, AT_FDCWD, "folder", 0755, 0));
  linked(ring, behind(ring, IORING_OP_SYMLINKAT, AT_FDCWD, "target", 0, (uintptr_t) "symlink"));
  linked(ring, behind(ring, IORING_OP_LINKAT, AT_FDCWD, "from", (unsigned)AT_FDCWD, (uintptr_t) "link"));
  sqe = behind(ring, IORING_OP_SETXATTR, -1, "user.name", 5, (uintptr_t) "value");
  sqe->addr3 = (uintptr_t) "made";
  claim(ring, sqe, "linked");
  linked(ring, behind(ring, IORING_OP_FGETXATTR, file, "user.name", 100, (uintptr_t)buffer));
}

static void content(struct truth_ring *ring) {
  static struct iovec parts[3] = {{buffer, 10}, {buffer + 100, 20}, {buffer + 200, 30}};
  struct io_uring_sqe *sqe = behind(ring, IORING_OP_WRITEV, file, parts, 3, 12288);
  sqe->rw_flags = RWF_DSYNC;
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_READ, file, buffer, 4096, 1ULL << 40));
  sqe = behind(ring, IORING_OP_FSYNC, file, NULL, 0, 0);
  sqe->fsync_flags = IORING_FSYNC_DATASYNC;
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_SYNC_FILE_RANGE, file, NULL, 4096, 8192);
  sqe->sync_range_flags = 2; /* SYNC_FILE_RANGE_WRITE */
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_FALLOCATE, file, (void *)65536, FALLOC_FL_KEEP_SIZE, 4096);
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_FADVISE, file, NULL, 4096, 0);
  sqe->fadvise_advice = POSIX_FADV_WILLNEED;
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_MADVISE, -1, (void *)((uintptr_t)buffer & ~4095UL), 4096, 0);
  sqe->fadvise_advice = MADV_DONTNEED;
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_SPLICE, full_pipe(), NULL, 555, ~0ULL);
  sqe->splice_off_in = 4096;
  sqe->splice_fd_in = file;
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_TEE, full_pipe(), NULL, 666, 0);
  sqe->splice_fd_in = silent;
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_CLOSE, file, NULL, 0, 0));
  linked(ring, behind(ring, OP_FTRUNCATE, file, NULL, 0, 100));
}

static void addresses(struct truth_ring *ring) {
  static struct sockaddr_in v4 = {.sin_family = AF_INET};
  static struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  static struct sockaddr_un path = {AF_UNIX, "a.socket"}, abstract = {AF_UNIX, "\0hidden"};
  v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  v4.sin_port = htons(8080);
  v6.sin6_port = htons(443);
  operand(linked(ring, behind(ring, IORING_OP_CONNECT, socket(AF_INET, SOCK_STREAM, 0), &v4, 0, sizeof v4)), "peer",
          "127.0.0.1:8080");
  int six = socket(AF_INET6, SOCK_STREAM, 0);
  if (six >= 0)
    operand(linked(ring, behind(ring, IORING_OP_CONNECT, six, &v6, 0, sizeof v6)), "peer", "[::1]:443");
  int local = socket(AF_UNIX, SOCK_STREAM, 0);
  operand(linked(ring, behind(ring, IORING_OP_CONNECT, local, &path, 0, sizeof path)), "peer", "a.socket");
  unsigned length = offsetof(struct sockaddr_un, sun_path) + sizeof "\0hidden" - 1;
  operand(linked(ring, behind(ring, IORING_OP_CONNECT, local, &abstract, 0, length)), "peer", "@hidden");
  linked(ring, behind(ring, OP_BIND, socket(AF_INET, SOCK_STREAM, 0), &v4, 0, sizeof v4));
  linked(ring, behind(ring, OP_LISTEN, socket(AF_INET, SOCK_STREAM, 0), NULL, 16, 0));
}

static void messages(struct truth_ring *ring) {
  static struct sockaddr_in to = {.sin_family = AF_INET};
  static struct iovec parts[2] = {{buffer, 1000}, {buffer + 1000, 500}};
  static struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = parts, .msg_iovlen = 2};
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(53);
  struct io_uring_sqe *sqe = behind(ring, IORING_OP_SENDMSG, socket(AF_INET, SOCK_DGRAM, 0), &message, 1, 0);
  sqe->msg_flags = MSG_DONTWAIT;
  operand(linked(ring, sqe), "peer", "127.0.0.1:53");
  sqe = behind(ring, IORING_OP_SEND, tcp, buffer, 900, 0);
  sqe->msg_flags = MSG_NOSIGNAL;
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_SHUTDOWN, tcp, NULL, SHUT_WR, 0));
  sqe = behind(ring, IORING_OP_SOCKET, AF_INET, NULL, 0, SOCK_STREAM);
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_POLL_ADD, tcp, NULL, 0, 0);
  sqe->poll32_events = POLLOUT | POLLRDHUP;
  operand(linked(ring, sqe), "poll events", "POLLOUT|POLLRDHUP");
}

static void ring_work(struct truth_ring *ring) {
  static struct epoll_event watched = {.events = EPOLLIN};
  struct io_uring_sqe *sqe =
      behind(ring, IORING_OP_EPOLL_CTL, epoll_create1(0), &watched, EPOLL_CTL_ADD, (uint64_t)silent);
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_ASYNC_CANCEL, -1, (void *)0xabc, 0, 0));
  linked(ring, behind(ring, IORING_OP_TIMEOUT_REMOVE, -1, (void *)0xabc, 0, 0));
  linked(ring, behind(ring, IORING_OP_POLL_REMOVE, -1, (void *)0xabc, 0, 0));
  sqe = behind(ring, IORING_OP_PROVIDE_BUFFERS, 2, buffer, 512, 0);
  sqe->buf_group = 9;
  linked(ring, sqe);
  sqe = behind(ring, IORING_OP_REMOVE_BUFFERS, 2, NULL, 0, 0);
  sqe->buf_group = 9;
  linked(ring, sqe);
  linked(ring, behind(ring, IORING_OP_NOP, -1, NULL, 0, 0));
}

static void operands(struct truth_ring *ring, const char *path) {
  int ends[2];
  connection(ends);
  tcp = ends[0];
  silent = empty_pipe();
  file = open("subject", O_RDWR | O_CREAT, 0600);
  if (file < 0) die("subject");
  opens(ring);
  names(ring);
  content(ring);
  addresses(ring);
  messages(ring);
  ring_work(ring);
  truth_submit(ring);
}

const struct truth_scene operand_truths[] = {{.name = "operands", .run = operands}, {.name = NULL}};
