/*
 * churn unique|reused SECONDS [SET-UP WORD…]: a ring on which requests complete at full speed and out of order (NOPs,
 * reads by workers, reads of pipes that a later write ends) while a few stay pending for ever; these are told as `truth`
 * tells its own. The file `log` has the life of the last two million others. user_data is a number of its own for each
 * (unique), or that of a slot which the next request gets again (reused). Ends by itself after SECONDS.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "truth.h"
#include "truth_files.h"
#include "victim.h"

enum { RECORDS = 1 << 21, MOST_SLOTS = 64, PIPES = 4, BATCH = 8, WARM_UP = 5000 };

/* One request, in nanoseconds of CLOCK_MONOTONIC: from before it was prepared until after it was reaped; 0 = not yet. */
struct record {
  uint64_t prepared, reaped, user_data;
  uint32_t opcode, fd;
};

/*
 * Little-endian, as the test reads it. Request number N stands at N modulo `capacity`. While the test has `hold` set
 * nothing new is begun and nothing reaped, which `held` confirms.
 */
struct log {
  uint64_t capacity, count, hold, held;
  struct record records[RECORDS];
};

struct slot {
  uint64_t number;
  int pipe; /* -1 = none of them */
};

static struct log *log_file;
static struct slot slots[MOST_SLOTS];
static unsigned free_slots[MOST_SLOTS], free_count, slot_count;
static struct {
  int ends[2];
  enum { IDLE, READ, READ_AND_WRITTEN, HALF_DONE } busy;
} pipes[PIPES];
static int unique, file;
static char buffer[4096];

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static unsigned random_below(unsigned bound) {
  static uint64_t state = 88172645463325252;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (unsigned)(state >> 33) % bound;
}

static void open_log(void) {
  int fd = open("log", O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || ftruncate(fd, sizeof *log_file) < 0) die("log");
  log_file = mmap(NULL, sizeof *log_file, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (log_file == MAP_FAILED) die("mmap of the log");
  close(fd);
  log_file->capacity = RECORDS;
}

static void start(struct truth_ring *ring, unsigned opcode, int fd, unsigned length, int pipe) {
  unsigned pick = random_below(free_count), chosen = free_slots[pick];
  free_slots[pick] = free_slots[--free_count];
  struct slot *slot = &slots[chosen];
  *slot = (struct slot){log_file->count, pipe};
  struct record *record = &log_file->records[slot->number % RECORDS];
  uint64_t user_data = unique ? 0x100000000UL + slot->number * MOST_SLOTS + chosen : 0x7f0000000000UL + chosen * 256;
  *record = (struct record){now(), 0, user_data, opcode, (uint32_t)fd};
  __atomic_store_n(&log_file->count, slot->number + 1, __ATOMIC_RELEASE);
  struct io_uring_sqe *sqe = truth_rw(ring, opcode, fd, opcode == IORING_OP_NOP ? NULL : buffer, length, 0);
  sqe->user_data = user_data;
  if (fd == file) sqe->flags = IOSQE_ASYNC;
}

static void start_any(struct truth_ring *ring) {
  unsigned kind = random_below(8), pipe = random_below(PIPES);
  if (kind == 0) start(ring, IORING_OP_READ, file, 100 + random_below(100), -1);
  else if (kind < 3 && pipes[pipe].busy == IDLE) {
    pipes[pipe].busy = READ;
    start(ring, IORING_OP_READ, pipes[pipe].ends[0], 8, (int)pipe);
  } else if (kind < 6 && pipes[pipe].busy == READ) {
    pipes[pipe].busy = READ_AND_WRITTEN;
    start(ring, IORING_OP_WRITE, pipes[pipe].ends[1], 8, (int)pipe);
  } else start(ring, IORING_OP_NOP, -1, 0, -1);
}

static void finish(const struct io_uring_cqe *cqe) {
  unsigned chosen = (unsigned)(unique ? cqe->user_data % MOST_SLOTS : cqe->user_data / 256 % MOST_SLOTS);
  struct record *record = &log_file->records[slots[chosen].number % RECORDS];
  if (cqe->res < 0 || record->user_data != cqe->user_data) {
    fprintf(stderr, "user_data 0x%llx has completed with %d\n", (unsigned long long)cqe->user_data, cqe->res);
    exit(1);
  }
  __atomic_store_n(&record->reaped, now(), __ATOMIC_RELEASE);
  int pipe = slots[chosen].pipe;
  if (pipe >= 0) pipes[pipe].busy = pipes[pipe].busy == READ_AND_WRITTEN ? HALF_DONE : IDLE;
  free_slots[free_count++] = chosen;
}

/* When nothing but reads of pipes is left, somebody must write. */
static void unlock(struct truth_ring *ring) {
  for (int pipe = 0; pipe < PIPES; pipe++)
    if (pipes[pipe].busy == READ) {
      pipes[pipe].busy = READ_AND_WRITTEN;
      start(ring, IORING_OP_WRITE, pipes[pipe].ends[1], 8, pipe);
      return;
    }
}

static void turn(struct truth_ring *ring) {
  struct io_uring_cqe cqe;
  for (unsigned batch = 1 + random_below(BATCH); batch && free_count > PIPES; batch--) start_any(ring);
  if (free_count <= PIPES) unlock(ring);
  truth_submit(ring);
  if (free_count <= PIPES) truth_await(ring, 1);
  while (truth_take(ring, &cqe)) finish(&cqe);
}

static void let_read(void) {
  while (__atomic_load_n(&log_file->hold, __ATOMIC_ACQUIRE)) {
    __atomic_store_n(&log_file->held, 1, __ATOMIC_RELEASE);
    pause_for(1);
  }
  __atomic_store_n(&log_file->held, 0, __ATOMIC_RELEASE);
}

static void get_stuck(struct truth_ring *ring, unsigned length) {
  for (unsigned i = 0; i < 4; i++)
    claim(ring, truth_rw(ring, IORING_OP_READ, empty_pipe(), buffer, length + i, 0), "polling");
  struct io_uring_sqe *sqe = truth_rw(ring, IORING_OP_OPENAT, AT_FDCWD, make_fifo("fifo"), 0, 0);
  sqe->flags = IOSQE_ASYNC;
  claim(ring, sqe, "running");
  truth_submit(ring);
}

int main(int argc, char **argv) {
  static struct truth_ring ring;
  if (argc < 3 || (strcmp(argv[1], "unique") && strcmp(argv[1], "reused"))) {
    fprintf(stderr, "usage: churn unique|reused SECONDS [SET-UP WORD…]\n");
    return 2;
  }
  bounded_life();
  /* Full speed, but not at the cost of whoever looks. */
  if (nice(19) == -1) errno = 0;
  unique = !strcmp(argv[1], "unique");
  struct setup setup = parse_setup(argv + 3);
  truth_open(&ring, &setup);
  open_log();
  file = open("small", O_RDWR | O_CREAT, 0600);
  if (file < 0 || write(file, buffer, sizeof buffer) != sizeof buffer) die("small");
  for (int i = 0; i < PIPES; i++) make_pipe(pipes[i].ends);
  /* The queue holds a batch whatever is in flight. */
  slot_count = ring.sq_entries < MOST_SLOTS ? ring.sq_entries : MOST_SLOTS;
  for (unsigned i = 0; i < slot_count; i++) free_slots[free_count++] = i;

  get_stuck(&ring, 1000);
  truth_settle(&ring, 1);
  while (log_file->count < WARM_UP) turn(&ring);
  get_stuck(&ring, 2000);
  while (log_file->count < 2 * WARM_UP) turn(&ring);
  uint64_t end = now() + strtoull(argv[2], NULL, 10) * 1000000000;
  print_truth(getpid(), 0);
  while (now() < end) {
    turn(&ring);
    let_read();
  }
  return 0;
}
