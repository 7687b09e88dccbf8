/* A ring with any set-up flags, straight on the system calls. */
#define _GNU_SOURCE
#include "truth.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "victim.h"

enum { REGISTERED_RING = 1 << 4, NO_SQARRAY = 1 << 16, NOMMAP_ROOM = 2 << 20, IDLE_MS = 20 };

struct truth_ring *first_ring;

static unsigned load(const unsigned *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }
static void store(unsigned *word, unsigned value) { __atomic_store_n(word, value, __ATOMIC_RELEASE); }

static char *map(int fd, size_t length, off_t offset) {
  int flags = MAP_SHARED | (fd < 0 ? MAP_ANONYMOUS : MAP_POPULATE);
  void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, offset);
  if (at == MAP_FAILED) die("mmap of the ring");
  return at;
}

/* IORING_SETUP_NO_MMAP: the last eight bytes of both offset structures are addresses of the program's own memory. */
static void give_memory(struct io_uring_params *params, char *memory) {
  uint64_t rings = (uintptr_t)memory, sqes = rings + NOMMAP_ROOM;
  memcpy((char *)(&params->sq_off + 1) - 8, &sqes, 8);
  memcpy((char *)(&params->cq_off + 1) - 8, &rings, 8);
}

static void take_places(struct truth_ring *ring, const struct io_uring_params *params, char *own) {
  size_t sq_length = params->sq_off.array + params->sq_entries * sizeof(unsigned);
  size_t cq_length = params->cq_off.cqes + (size_t)params->cq_entries * ring->cqe_size;
  if (params->flags & NO_SQARRAY) sq_length = cq_length;
  char *sq = own ? own : map(ring->fd, sq_length > cq_length ? sq_length : cq_length, IORING_OFF_SQ_RING);
  char *cq = own || params->features & IORING_FEAT_SINGLE_MMAP ? sq : map(ring->fd, cq_length, IORING_OFF_CQ_RING);
  ring->sq_head = (unsigned *)(sq + params->sq_off.head);
  ring->sq_tail = (unsigned *)(sq + params->sq_off.tail);
  ring->sq_flags = (unsigned *)(sq + params->sq_off.flags);
  ring->sq_array = params->flags & NO_SQARRAY ? NULL : (unsigned *)(sq + params->sq_off.array);
  ring->sq_mask = *(unsigned *)(sq + params->sq_off.ring_mask);
  ring->cq_head = (unsigned *)(cq + params->cq_off.head);
  ring->cq_tail = (unsigned *)(cq + params->cq_off.tail);
  ring->cq_mask = *(unsigned *)(cq + params->cq_off.ring_mask);
  ring->cqes = cq + params->cq_off.cqes;
  ring->sqes = own ? own + NOMMAP_ROOM : map(ring->fd, (size_t)params->sq_entries * ring->sqe_size, IORING_OFF_SQES);
}

int truth_try_open(struct truth_ring *ring, const struct setup *setup) {
  struct io_uring_params params = {.flags = setup->flags, .sq_thread_idle = IDLE_MS, .cq_entries = setup->cq_entries};
  memset(ring, 0, sizeof *ring);
  char *own = setup->nommap ? map(-1, 2 * NOMMAP_ROOM, 0) : NULL;
  if (own) give_memory(&params, own);
  if (setup->flags & IORING_SETUP_ATTACH_WQ) {
    struct io_uring_params first = {.flags = setup->flags & IORING_SETUP_SQPOLL, .sq_thread_idle = IDLE_MS};
    long wq = syscall(SYS_io_uring_setup, 8, &first);
    if (wq < 0) return -errno;
    params.wq_fd = (unsigned)wq;
  }
  long fd = syscall(SYS_io_uring_setup, setup->entries, &params);
  if (fd < 0) return -errno;
  ring->fd = ring->enter_fd = (int)fd;
  ring->submitter = (int)syscall(SYS_gettid);
  ring->setup = *setup;
  ring->features = params.features;
  ring->sqe_size = setup->flags & IORING_SETUP_SQE128 ? 128 : 64;
  ring->cqe_size = setup->flags & IORING_SETUP_CQE32 ? 32 : 16;
  ring->sq_entries = params.sq_entries;
  ring->cq_entries = params.cq_entries;
  ring->next_user_data = 0x1000;
  take_places(ring, &params, own);
  ring->claims = (void *)map(-1, CLAIMS * sizeof *ring->claims, 0);
  ring->next = first_ring;
  first_ring = ring;
  return 0;
}

void truth_open(struct truth_ring *ring, const struct setup *setup) {
  int error = truth_try_open(ring, setup);
  if (error == 0) return;
  if (error == -ENOSYS) truth_unsupported("this kernel has no io_uring");
  if (error == -EPERM) truth_unsupported("io_uring or one of the set-up flags is not permitted to this user");
  if (error == -EINVAL) truth_unsupported("this kernel does not know these set-up flags together");
  errno = -error;
  die("io_uring_setup");
}

int truth_register(struct truth_ring *ring, unsigned opcode, const void *argument, unsigned count) {
  long result = syscall(SYS_io_uring_register, ring->fd, opcode, argument, count);
  return result < 0 ? -errno : (int)result;
}

void truth_close(struct truth_ring *ring) {
  struct io_uring_rsrc_update update = {.offset = ~0U, .data = (unsigned)ring->fd};
  if (truth_register(ring, IORING_REGISTER_RING_FDS, &update, 1) < 0)
    truth_unsupported("IORING_REGISTER_RING_FDS needs kernel 5.18");
  close(ring->fd);
  ring->fd = -1;
  ring->enter_fd = (int)update.offset;
  ring->enter_flags = REGISTERED_RING;
}

int truth_knows(struct truth_ring *ring, unsigned opcode) {
  static struct {
    struct io_uring_probe probe;
    struct io_uring_probe_op room[256];
  } known;
  if (known.probe.ops_len == 0) truth_register(ring, IORING_REGISTER_PROBE, &known, 256);
  return opcode <= known.probe.last_op && known.probe.ops[opcode].flags & IO_URING_OP_SUPPORTED;
}

struct io_uring_sqe *truth_sqe(struct truth_ring *ring, unsigned opcode, int fd) {
  if (ring->filled - load(ring->sq_head) >= ring->sq_entries) {
    errno = EBUSY;
    die("submission queue full");
  }
  unsigned slot = ring->filled & ring->sq_mask;
  struct io_uring_sqe *sqe = (void *)(ring->sqes + (size_t)slot * ring->sqe_size);
  memset(sqe, 0, ring->sqe_size);
  sqe->opcode = (uint8_t)opcode;
  sqe->fd = fd;
  sqe->user_data = ring->next_user_data++;
  if (ring->sq_array) ring->sq_array[slot] = slot;
  ring->filled++;
  return sqe;
}

struct io_uring_sqe *truth_rw(struct truth_ring *ring, unsigned opcode, int fd, const void *buffer, unsigned length,
                              uint64_t offset) {
  struct io_uring_sqe *sqe = truth_sqe(ring, opcode, fd);
  sqe->addr = (uintptr_t)buffer;
  sqe->len = length;
  sqe->off = offset;
  return sqe;
}

void truth_publish(struct truth_ring *ring) { store(ring->sq_tail, ring->filled); }

static int enter(struct truth_ring *ring, unsigned submit, unsigned wait, unsigned flags) {
  long result = syscall(SYS_io_uring_enter, ring->enter_fd, submit, wait, flags | ring->enter_flags, NULL, 0);
  return result < 0 ? -errno : (int)result;
}

static void wake_and_await(struct truth_ring *ring) {
  for (int tries = 0; load(ring->sq_head) != ring->filled; tries++) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (load(ring->sq_flags) & IORING_SQ_NEED_WAKEUP) enter(ring, 0, 0, IORING_ENTER_SQ_WAKEUP);
    if (tries < 1000) sched_yield();
    else pause_for(5);
    if (tries == 2000) {
      errno = ETIMEDOUT;
      die("the SQPOLL thread takes nothing");
    }
  }
}

void truth_submit(struct truth_ring *ring) {
  truth_publish(ring);
  if (ring->setup.flags & IORING_SETUP_R_DISABLED) return;
  if (ring->setup.flags & IORING_SETUP_SQPOLL) {
    wake_and_await(ring);
    ring->submitted = ring->filled;
    return;
  }
  /* A batch ends at a request which the kernel refuses. */
  while (ring->submitted != ring->filled) {
    int result = enter(ring, ring->filled - ring->submitted, 0, 0);
    if (result == -EBUSY) truth_unsupported("this kernel takes nothing while completions have overflowed");
    if (result <= 0) {
      errno = -result;
      die("io_uring_enter");
    }
    ring->submitted += (unsigned)result;
  }
}

unsigned truth_ready(struct truth_ring *ring) { return load(ring->cq_tail) - *ring->cq_head; }

void truth_await(struct truth_ring *ring, unsigned count) {
  if (ring->setup.flags & IORING_SETUP_R_DISABLED) truth_unsupported("a disabled ring completes nothing");
  while (truth_ready(ring) < count) {
    int result = enter(ring, 0, count, IORING_ENTER_GETEVENTS);
    if (result < 0 && result != -EINTR) {
      errno = -result;
      die("io_uring_enter");
    }
  }
}

void truth_await_idle(struct truth_ring *ring) {
  if (!(ring->setup.flags & IORING_SETUP_SQPOLL)) return;
  while (!(load(ring->sq_flags) & IORING_SQ_NEED_WAKEUP)) pause_for(5);
}

void truth_reap(struct truth_ring *ring, unsigned count) {
  truth_await(ring, count);
  store(ring->cq_head, *ring->cq_head + count);
}

int truth_take(struct truth_ring *ring, struct io_uring_cqe *cqe) {
  if (truth_ready(ring) == 0) return 0;
  unsigned head = *ring->cq_head;
  memcpy(cqe, ring->cqes + (size_t)(head & ring->cq_mask) * ring->cqe_size, sizeof *cqe);
  store(ring->cq_head, head + 1);
  return 1;
}

void truth_spin(struct truth_ring *ring, unsigned count) {
  while (count) {
    unsigned batch = count < ring->sq_entries ? count : ring->sq_entries;
    for (unsigned i = 0; i < batch; i++) truth_sqe(ring, IORING_OP_NOP, -1);
    truth_submit(ring);
    truth_reap(ring, batch);
    count -= batch;
  }
}

void pause_for(unsigned milliseconds) {
  struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
  while (nanosleep(&pause, &pause) < 0 && errno == EINTR) continue;
}
