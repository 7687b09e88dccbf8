/*
 * nbd DEVICE: a network block device of 8 MiB. This process is its client; a child, the server, answers reads with zeros
 * and takes writes, until it is stopped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "victim.h"

enum { BLOCK = 4096, BLOCKS = 2048 };

static void whole(ssize_t (*move)(int, void *, size_t), int fd, void *at, size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t moved = move(fd, (char *)at + done, length - done);
    if (moved <= 0) exit(0);
    done += (size_t)moved;
  }
}

static ssize_t put(int fd, void *at, size_t length) {
  return write(fd, at, length);
}

_Noreturn static void serve(int fd) {
  static char data[1 << 20];
  for (;;) {
    struct nbd_request request;
    whole(read, fd, &request, sizeof request);
    struct nbd_reply reply = {.magic = htonl(NBD_REPLY_MAGIC)};
    memcpy(reply.handle, request.handle, sizeof reply.handle);
    uint32_t type = ntohl(request.type) & 0xffff, length = ntohl(request.len);
    if (type == NBD_CMD_DISC) exit(0);
    if (type == NBD_CMD_WRITE) whole(read, fd, data, length);
    memset(data, 0, sizeof data);
    whole(put, fd, &reply, sizeof reply);
    if (type == NBD_CMD_READ) whole(put, fd, data, length);
  }
}

int main(int argc, char **argv) {
  bounded_life();
  int ends[2], device = argc > 1 ? open(argv[1], O_RDWR) : -1;
  if (device < 0) unsupported("needs a network block device");
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0) die("socketpair");
  pid_t server = fork();
  if (server < 0) die("fork");
  if (server == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(ends[0]);
    serve(ends[1]);
  }
  close(ends[1]);
  if (ioctl(device, NBD_SET_BLKSIZE, BLOCK) < 0 || ioctl(device, NBD_SET_SIZE_BLOCKS, BLOCKS) < 0) die("NBD_SET_SIZE");
  if (ioctl(device, NBD_CLEAR_SOCK) < 0 || ioctl(device, NBD_SET_SOCK, ends[0]) < 0) die("NBD_SET_SOCK");
  if (ioctl(device, NBD_SET_FLAGS, NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH) < 0) die("NBD_SET_FLAGS");
  ready("\"server\":%d", server);
  if (ioctl(device, NBD_DO_IT) < 0) die("NBD_DO_IT");
  return 0;
}
