/* What `truth` is made of: a ring with any set-up flags, and what it says of each request it leaves behind. */
#ifndef TRUTH_H
#define TRUTH_H

#include <linux/io_uring.h>
#include <stdint.h>

/* Newer than the headers of Debian 12 (Linux 6.1). */
enum {
  OP_READ_MULTISHOT = 49, /* 6.7 */
  OP_WAITID = 50,         /* 6.7 */
  OP_FUTEX_WAIT = 51,     /* 6.7 */
  OP_FUTEX_WAKE = 52,
  OP_FUTEX_WAITV = 53,
  OP_FIXED_FD_INSTALL = 54, /* 6.8 */
  OP_FTRUNCATE = 55,        /* 6.9 */
  OP_BIND = 56,             /* 6.11 */
  OP_LISTEN = 57,
  OP_EPOLL_WAIT = 59, /* 6.15 */
  OP_READV_FIXED = 60,
  OP_WRITEV_FIXED = 61,
  OP_PIPE = 62, /* 6.16 */
};
enum {
  FUTEX2_U32 = 2,
  FUTEX2_PRIVATE_FLAG = 128,
};

/* What the words behind the scene's name ask for. */
struct setup {
  unsigned flags, entries, cq_entries;
  int closed_fd, nommap;
  char **words;
};
/* Ends the program with the usage when a word is none. */
struct setup parse_setup(char **words);

enum { CLAIMS = 4096 };

/* What one request is, and where it stands. */
struct claim {
  uint64_t user_data, offset, address;
  uint32_t length;
  uint8_t opcode, flags;
  int fd;
  /* Names of the model's RequestState, the first the likely one: "polling|running". */
  const char *states;
  int finished, result;
  int submitter;
  int refused;
  char operands[512];
};

/* Its claims are memory that a forked child shares. */
struct truth_ring {
  int fd; /* -1 where it was closed */
  int enter_fd, submitter;
  struct setup setup;
  unsigned enter_flags, features, sqe_size, cqe_size, sq_entries, cq_entries;
  unsigned *sq_head, *sq_tail, *sq_flags, *sq_array, sq_mask;
  unsigned *cq_head, *cq_tail, cq_mask;
  char *sqes, *cqes;
  unsigned filled, submitted;
  uint64_t next_user_data;
  struct claim *claims;
  unsigned count;
  struct truth_ring *next;
};

/* The rings that `print_truth` prints: all that have been opened. */
extern struct truth_ring *first_ring;
/* The child that a scene shares its ring with; 0 = none. */
extern int truth_child;

/* Returns 0 or a negative errno. */
int truth_try_open(struct truth_ring *ring, const struct setup *setup);
void truth_open(struct truth_ring *ring, const struct setup *setup);
/* Closes its descriptor: its number among the thread's registered rings is all that is left. */
void truth_close(struct truth_ring *ring);
/* io_uring_register. Returns what it does, or a negative errno. */
int truth_register(struct truth_ring *ring, unsigned opcode, const void *argument, unsigned count);
/* Whether the kernel knows the opcode (IORING_REGISTER_PROBE, 5.6). */
int truth_knows(struct truth_ring *ring, unsigned opcode);

/* The next free SQE, cleared, with a user_data of its own. */
struct io_uring_sqe *truth_sqe(struct truth_ring *ring, unsigned opcode, int fd);
struct io_uring_sqe *truth_rw(struct truth_ring *ring, unsigned opcode, int fd, const void *buffer, unsigned length,
                              uint64_t offset);
void truth_publish(struct truth_ring *ring);
/* Publishes and hands all to the kernel, to the SQPOLL thread where there is one. */
void truth_submit(struct truth_ring *ring);
/* Completions in the queue. */
unsigned truth_ready(struct truth_ring *ring);
/* Waits until there are `count`; on a DEFER_TASKRUN ring this is what posts them. */
void truth_await(struct truth_ring *ring, unsigned count);
/* Waits until the SQPOLL thread, where there is one, has gone to sleep. */
void truth_await_idle(struct truth_ring *ring);
/* Waits for `count` completions and takes them. */
void truth_reap(struct truth_ring *ring, unsigned count);
/* Takes the oldest completion; 0 when there is none. */
int truth_take(struct truth_ring *ring, struct io_uring_cqe *cqe);
/* Submits `count` NOPs, a queue at a time, and reaps them. */
void truth_spin(struct truth_ring *ring, unsigned count);

/* Notes what a filled SQE asks for and where its request will stand. */
struct claim *claim(struct truth_ring *ring, const struct io_uring_sqe *sqe, const char *states);
/* The same of one that will have finished with `result` and not been reaped. */
struct claim *claim_finished(struct truth_ring *ring, const struct io_uring_sqe *sqe, const char *state, int result);
/* What else it asks for, in the model's words: `peer`, `127.0.0.1:80`. Neither may need escapes of JSON. */
void operand(struct claim *claim, const char *name, const char *value, ...) __attribute__((format(printf, 3, 4)));

/*
 * Waits until `workers` io-wq workers sleep and nothing has completed for a while. What the kernel has refused with
 * EINVAL or the like has completed so, unreaped; anything else that has completed and was not to ends the program.
 */
void truth_settle(struct truth_ring *ring, int workers);
/* One line for each request of every ring, and the last one that all is in place. Closes what is to be closed first. */
void print_truth(int pid, int also);
/* {"unsupported":"why"}: this state cannot be had here. Exit code 0. */
_Noreturn void truth_unsupported(const char *why);

/* A child which only sleeps and ends with its parent. */
int sleeping_child(void);
void pause_for(unsigned milliseconds);

struct truth_scene {
  const char *name;
  /* Fills and submits; `path` where it takes one. */
  void (*run)(struct truth_ring *ring, const char *path);
  /* Set-up of the scene's own, beside what the command line asks for. */
  unsigned entries, cq_entries;
  enum { TAKES_PATH = 1, IN_MIX = 2 } kind;
  /* io-wq workers that will sleep in it. */
  int workers;
  /* What the kernel must know, and since when it does. */
  unsigned opcode;
  const char *since;
};

/* Each ends with a row without a name. */
extern const struct truth_scene poll_truths[], worker_truths[], order_truths[], wait_truths[], queue_truths[],
    operand_truths[], sharing_truths[];

#endif
