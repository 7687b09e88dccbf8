/* Reads of sockets and devices that are idle. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel_waits.h"
#include "victim.h"

static char buffer[1 << 16];

static void read_idle(int fd) {
  ready("\"operation\":\"read\",\"fd\":%d", fd);
  if (read(fd, buffer, sizeof buffer) < 0) die("read");
}

static void netlink(const char *path) {
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
  int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("netlink");
  read_idle(fd);
}

/* Of a protocol that nobody speaks. */
static void packet(const char *path) {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(0x88b5));
  if (fd < 0) unsupported("needs root for a packet socket");
  read_idle(fd);
}

static void vsock_accept(const char *path) {
  struct sockaddr_vm address = {.svm_family = AF_VSOCK, .svm_port = VMADDR_PORT_ANY, .svm_cid = VMADDR_CID_ANY};
  int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
    unsupported("needs vsock");
  ready("\"operation\":\"accept\",\"fd\":%d", fd);
  if (accept(fd, NULL, NULL) < 0) die("accept");
}

static void unix_datagram(const char *path) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0) die("socketpair");
  read_idle(ends[0]);
}

/* The other side answers nothing: its queue of connections is full. */
static void tcp_connect(const char *path) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t length = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0), fd = -1;
  if (bind(server, (struct sockaddr *)&address, length) < 0 || listen(server, 0) < 0) die("listen");
  getsockname(server, (struct sockaddr *)&address, &length);
  for (int i = 0; i < 2; i++) {
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (i == 1) ready("\"operation\":\"connect\",\"fd\":%d", fd);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  }
}

/* A network interface of its own namespace, to which nobody sends. */
static void tunnel(const char *path) {
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  if (unshare(CLONE_NEWNET) < 0) unsupported("needs root for a network namespace of its own");
  int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0) unsupported("needs /dev/net/tun");
  int control = socket(AF_INET, SOCK_DGRAM, 0);
  request.ifr_flags = IFF_UP;
  if (ioctl(control, SIOCSIFFLAGS, &request) < 0) die("SIOCSIFFLAGS");
  ready("\"operation\":\"read\",\"fd\":%d", fd);
  /* Its own kernel looks for routers. */
  while (read(fd, buffer, sizeof buffer) > 0) continue;
}

static void kernel_log(const char *path) {
  int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC);
  if (fd < 0) unsupported("needs root for the kernel log");
  lseek(fd, 0, SEEK_END);
  read_idle(fd);
}

const struct kernel_wait socket_waits[] = {
    {"netlink", netlink},         {"packet", packet},           {"vsock-accept", vsock_accept},
    {"unix-datagram", unix_datagram}, {"tcp-connect", tcp_connect}, {"tunnel", tunnel},
    {"kernel-log", kernel_log},   {NULL, NULL},
};
