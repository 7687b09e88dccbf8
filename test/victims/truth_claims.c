/* What `truth` says of its requests: taken from the SQEs as they were filled, printed as lines of JSON. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "truth.h"
#include "victim.h"

/* IORING_OP_…, in the order of their numbers. */
static const char *const names[] = {
    "NOP", "READV", "WRITEV", "FSYNC", "READ_FIXED", "WRITE_FIXED", "POLL_ADD", "POLL_REMOVE",
    "SYNC_FILE_RANGE", "SENDMSG", "RECVMSG", "TIMEOUT", "TIMEOUT_REMOVE", "ACCEPT", "ASYNC_CANCEL",
    "LINK_TIMEOUT", "CONNECT", "FALLOCATE", "OPENAT", "CLOSE", "FILES_UPDATE", "STATX", "READ", "WRITE",
    "FADVISE", "MADVISE", "SEND", "RECV", "OPENAT2", "EPOLL_CTL", "SPLICE", "PROVIDE_BUFFERS",
    "REMOVE_BUFFERS", "TEE", "SHUTDOWN", "RENAMEAT", "UNLINKAT", "MKDIRAT", "SYMLINKAT", "LINKAT", "MSG_RING",
    "FSETXATTR", "SETXATTR", "FGETXATTR", "GETXATTR", "SOCKET", "URING_CMD", "SEND_ZC", "SENDMSG_ZC",
    "READ_MULTISHOT", "WAITID", "FUTEX_WAIT", "FUTEX_WAKE", "FUTEX_WAITV", "FIXED_FD_INSTALL", "FTRUNCATE",
    "BIND", "LISTEN", "RECV_ZC", "EPOLL_WAIT", "READV_FIXED", "WRITEV_FIXED", "PIPE",
};
/* IOSQE_…, in the order of their bits. */
static const char *const flag_names[] = {
    "FIXED_FILE", "IO_DRAIN", "IO_LINK", "IO_HARDLINK", "ASYNC", "BUFFER_SELECT", "CQE_SKIP_SUCCESS",
};

/* Which fields of its SQE mean what the model's fields of that name mean. */
enum { FD = 1, OFFSET = 2, LENGTH = 4, ADDRESS = 8 };

static int meaning(unsigned opcode) {
  switch (opcode) {
  case IORING_OP_READ:
  case IORING_OP_WRITE:
  case IORING_OP_READ_FIXED:
  case IORING_OP_WRITE_FIXED: return FD | OFFSET | LENGTH | ADDRESS;
  case IORING_OP_RECV:
  case IORING_OP_SEND:
  case IORING_OP_SEND_ZC: return FD | LENGTH | ADDRESS;
  case IORING_OP_TIMEOUT:
  case IORING_OP_LINK_TIMEOUT:
  case IORING_OP_TIMEOUT_REMOVE:
  case IORING_OP_POLL_REMOVE:
  case IORING_OP_MADVISE:
  case IORING_OP_SOCKET:
  case IORING_OP_SETXATTR:
  case IORING_OP_GETXATTR:
  case IORING_OP_PROVIDE_BUFFERS:
  case IORING_OP_REMOVE_BUFFERS:
  case OP_FUTEX_WAIT:
  case OP_FUTEX_WAKE:
  case OP_FUTEX_WAITV:
  case OP_WAITID:
  case OP_PIPE: return 0;
  default: return FD;
  }
}

struct claim *claim(struct truth_ring *ring, const struct io_uring_sqe *sqe, const char *states) {
  if (ring->count == CLAIMS) {
    errno = ENOSPC;
    die("too many claims");
  }
  struct claim *claim = &ring->claims[ring->count++];
  *claim = (struct claim){.user_data = sqe->user_data,
                          .offset = sqe->off,
                          .address = sqe->addr,
                          .length = sqe->len,
                          .opcode = sqe->opcode,
                          .flags = sqe->flags,
                          .fd = sqe->fd,
                          .submitter = ring->submitter,
                          .states = ring->setup.flags & IORING_SETUP_R_DISABLED ? "prepared" : states};
  return claim;
}

struct claim *claim_finished(struct truth_ring *ring, const struct io_uring_sqe *sqe, const char *state, int result) {
  struct claim *finished = claim(ring, sqe, state);
  finished->finished = 1;
  finished->result = result;
  return finished;
}

void operand(struct claim *claim, const char *name, const char *value, ...) {
  size_t used = strlen(claim->operands), room = sizeof claim->operands - used;
  char text[256];
  va_list arguments;
  va_start(arguments, value);
  vsnprintf(text, sizeof text, value, arguments);
  va_end(arguments);
  snprintf(claim->operands + used, room, "%s\"%s\":\"%s\"", used ? "," : "", name, text);
}

/* What this kernel says to a request it does not know, and to its link. */
static int refusal(int result) {
  return result == -EINVAL || result == -EOPNOTSUPP || result == -ENOSYS || result == -ECANCELED;
}

/* The claim which this completion contradicts; NULL where it was to be. */
static struct claim *contradicted(struct truth_ring *ring, const struct io_uring_cqe *cqe) {
  struct claim *found = NULL;
  for (unsigned i = 0; i < ring->count; i++) {
    struct claim *each = &ring->claims[i];
    if (each->user_data != cqe->user_data) continue;
    if (each->finished && each->result == cqe->res) return NULL;
    if (!found) found = each;
  }
  return found;
}

static void check(struct truth_ring *ring) {
  unsigned head = *ring->cq_head, ready = truth_ready(ring);
  for (unsigned i = 0; i < ready; i++) {
    const struct io_uring_cqe *cqe = (void *)(ring->cqes + (size_t)((head + i) & ring->cq_mask) * ring->cqe_size);
    struct claim *claim = contradicted(ring, cqe);
    if (!claim) continue;
    if (!refusal(cqe->res)) {
      fprintf(stderr, "%s (user_data 0x%llx) has completed with %d\n", names[claim->opcode],
              (unsigned long long)claim->user_data, cqe->res);
      exit(1);
    }
    claim->states = "completed";
    claim->result = cqe->res;
    claim->finished = claim->refused = 1;
  }
}

void truth_settle(struct truth_ring *ring, int workers) {
  if (ring->setup.flags & IORING_SETUP_R_DISABLED) return;
  if (workers) await_workers(workers);
  for (int quiet = 0; quiet < 3;) {
    unsigned before = truth_ready(ring);
    pause_for(20);
    check(ring);
    quiet = truth_ready(ring) == before ? quiet + 1 : 0;
  }
}

static void print_flags(unsigned flags) {
  const char *comma = "";
  printf(",\"flags\":[");
  for (unsigned bit = 0; bit < sizeof flag_names / sizeof *flag_names; bit++) {
    if (!(flags & 1U << bit)) continue;
    printf("%s\"%s\"", comma, flag_names[bit]);
    comma = ",";
  }
  printf("]");
}

static void print_states(const char *states) {
  size_t length = strcspn(states, "|");
  printf(",\"state\":\"%.*s\",\"alternatives\":[", (int)length, states);
  for (const char *comma = ""; states[length]; comma = ",") {
    states += length + 1;
    length = strcspn(states, "|");
    printf("%s\"%.*s\"", comma, (int)length, states);
  }
  printf("]");
}

static void print_number(const char *name, int known, int value) {
  if (known) printf("\"%s\":%d,", name, value);
  else printf("\"%s\":null,", name);
}

/* Where its file is, if it is somewhere. */
static void print_path(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path);
  if (length > 0 && path[0] == '/') printf(",\"path\":\"%.*s\"", (int)length, path);
}

static void print_claim(const struct truth_ring *ring, const struct claim *claim) {
  int has = meaning(claim->opcode), fixed = claim->flags & IOSQE_FIXED_FILE;
  int file = has & FD && claim->fd >= 0;
  printf("{");
  print_number("ring", ring->fd >= 0, ring->fd);
  print_number("fd", file && !fixed, claim->fd);
  print_number("fixed", file && fixed, claim->fd);
  printf("\"user_data\":\"0x%llx\",\"operation\":\"%s\"", (unsigned long long)claim->user_data, names[claim->opcode]);
  if (has & OFFSET && ~claim->offset) printf(",\"offset\":%llu", (unsigned long long)claim->offset);
  if (has & LENGTH) printf(",\"length\":%u", claim->length);
  if (has & ADDRESS) printf(",\"address\":\"0x%llx\"", (unsigned long long)claim->address);
  if (file && !fixed) print_path(claim->fd);
  print_flags(claim->flags);
  print_states(claim->states);
  if (claim->finished) printf(",\"result\":%d", claim->result);
  printf(",\"operands\":{%s},\"submitter\":", claim->operands);
  /* The SQPOLL thread submits what any thread publishes. */
  if (ring->setup.flags & IORING_SETUP_SQPOLL) printf("null}\n");
  else printf("%d}\n", claim->submitter);
}

void print_truth(int pid, int also) {
  unsigned accepted = 0;
  char **words = NULL;
  for (struct truth_ring *ring = first_ring; ring; ring = ring->next) {
    for (unsigned i = 0; i < ring->count; i++) accepted += !ring->claims[i].refused;
    if (ring->setup.closed_fd) truth_close(ring);
    words = ring->setup.words;
  }
  if (accepted == 0) truth_unsupported("this kernel refuses every operation of the scene");
  for (const struct truth_ring *ring = first_ring; ring; ring = ring->next)
    for (unsigned i = 0; i < ring->count; i++) print_claim(ring, &ring->claims[i]);
  printf("{\"ready\":true,\"pid\":%d,\"also\":[", pid);
  if (also) printf("%d", also);
  printf("],\"setup\":[");
  for (char **word = words; word && *word; word++) printf("%s\"%s\"", word == words ? "" : ",", *word);
  printf("]}\n");
  fflush(stdout);
}

void truth_unsupported(const char *why) {
  printf("{\"unsupported\":\"%s\"}\n", why);
  fflush(stdout);
  exit(0);
}

int sleeping_child(void) {
  int child = fork();
  if (child < 0) die("fork");
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(300);
  park();
}
