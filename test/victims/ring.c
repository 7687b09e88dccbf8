#define _GNU_SOURCE
#include "ring.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "victim.h"

static unsigned load(const unsigned *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static void store(unsigned *word, unsigned value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

static char *map(int fd, size_t length, off_t offset) {
  void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
  if (at == MAP_FAILED) die("mmap of the ring");
  return at;
}

int ring_try_open(struct ring *ring, struct ring_options options) {
  struct io_uring_params params;
  memset(&params, 0, sizeof params);
  memset(ring, 0, sizeof *ring);
  params.flags = options.flags;
  params.sq_thread_idle = options.idle_ms;
  if (options.cq_entries) {
    params.flags |= IORING_SETUP_CQSIZE;
    params.cq_entries = options.cq_entries;
  }
  long fd = syscall(SYS_io_uring_setup, options.entries ? options.entries : 64, &params);
  if (fd < 0) return -errno;

  size_t sq_length = params.sq_off.array + params.sq_entries * sizeof(unsigned);
  size_t cq_length = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
  int single = params.features & IORING_FEAT_SINGLE_MMAP;
  if (single && cq_length > sq_length) sq_length = cq_length;
  char *sq = map((int)fd, sq_length, IORING_OFF_SQ_RING);
  char *cq = single ? sq : map((int)fd, cq_length, IORING_OFF_CQ_RING);

  ring->fd = (int)fd;
  ring->sq_entries = params.sq_entries;
  ring->cq_entries = params.cq_entries;
  ring->sq_head = (unsigned *)(sq + params.sq_off.head);
  ring->sq_tail = (unsigned *)(sq + params.sq_off.tail);
  ring->sq_flags = (unsigned *)(sq + params.sq_off.flags);
  ring->sq_array = (unsigned *)(sq + params.sq_off.array);
  ring->sq_mask = *(unsigned *)(sq + params.sq_off.ring_mask);
  ring->cq_head = (unsigned *)(cq + params.cq_off.head);
  ring->cq_tail = (unsigned *)(cq + params.cq_off.tail);
  ring->cq_overflow = (unsigned *)(cq + params.cq_off.overflow);
  ring->cq_mask = *(unsigned *)(cq + params.cq_off.ring_mask);
  ring->cqes = (struct io_uring_cqe *)(cq + params.cq_off.cqes);
  ring->sqes = (void *)map((int)fd, params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
  return 0;
}

void ring_open(struct ring *ring, struct ring_options options) {
  int error = ring_try_open(ring, options);
  if (error == 0) return;
  errno = -error;
  if (error == -ENOSYS) unsupported("this kernel has no io_uring");
  if (error == -EPERM) unsupported("io_uring is switched off (/proc/sys/kernel/io_uring_disabled or a seccomp filter)");
  die("io_uring_setup");
}

struct io_uring_sqe *ring_sqe(struct ring *ring, uint8_t opcode, int fd) {
  if (ring->filled - load(ring->sq_head) >= ring->sq_entries) {
    errno = EBUSY;
    die("submission queue full");
  }
  unsigned slot = ring->filled & ring->sq_mask;
  struct io_uring_sqe *sqe = &ring->sqes[slot];
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = opcode;
  sqe->fd = fd;
  sqe->user_data = 0x1000 + ring->filled;
  ring->sq_array[slot] = slot;
  ring->filled++;
  return sqe;
}

struct io_uring_sqe *ring_rw(struct ring *ring, uint8_t opcode, int fd, void *buffer, unsigned length,
                             uint64_t offset) {
  struct io_uring_sqe *sqe = ring_sqe(ring, opcode, fd);
  sqe->addr = (uintptr_t)buffer;
  sqe->len = length;
  sqe->off = offset;
  return sqe;
}

void ring_publish(struct ring *ring) { store(ring->sq_tail, ring->filled); }

int ring_enter(int fd, unsigned submit, unsigned wait, unsigned flags) {
  long result = syscall(SYS_io_uring_enter, fd, submit, wait, flags, NULL, 0);
  return result < 0 ? -errno : (int)result;
}

void ring_wake(struct ring *ring) {
  /* Its flag is read after what was published is there to be seen. */
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (load(ring->sq_flags) & IORING_SQ_NEED_WAKEUP) ring_enter(ring->fd, 0, 0, IORING_ENTER_SQ_WAKEUP);
}

int ring_submit(struct ring *ring) {
  ring_publish(ring);
  int result = ring_enter(ring->fd, ring->filled - ring->submitted, 0, 0);
  if (result > 0) ring->submitted += (unsigned)result;
  return result;
}

void ring_wait(struct ring *ring, unsigned count) {
  while (ring_enter(ring->fd, 0, count, IORING_ENTER_GETEVENTS) == -EINTR) continue;
}

unsigned ring_ready(struct ring *ring) { return load(ring->cq_tail) - *ring->cq_head; }

int ring_reap(struct ring *ring) {
  unsigned head = *ring->cq_head;
  int result = ring->cqes[head & ring->cq_mask].res;
  store(ring->cq_head, head + 1);
  return result;
}
