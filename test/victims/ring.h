/* The few io_uring calls the victims need, straight on the system calls: no library hides what happens. */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <stdint.h>

struct ring {
  int fd;
  unsigned sq_entries, cq_entries;
  unsigned *sq_head, *sq_tail, *sq_flags, *sq_array, sq_mask;
  unsigned *cq_head, *cq_tail, *cq_overflow, cq_mask;
  struct io_uring_sqe *sqes;
  struct io_uring_cqe *cqes;
  /* SQEs filled, and of these the ones io_uring_enter has been told of. */
  unsigned filled, submitted;
};

struct ring_options {
  unsigned entries;    /* 0 = 64 */
  unsigned cq_entries; /* 0 = the kernel's choice */
  unsigned flags;      /* IORING_SETUP_… */
  unsigned idle_ms;    /* SQPOLL: milliseconds until its thread sleeps */
};

/* Returns 0 or a negative errno. */
int ring_try_open(struct ring *ring, struct ring_options options);
/* Ends the program with a sentence when io_uring is not to be had. */
void ring_open(struct ring *ring, struct ring_options options);

/* The next free SQE, cleared; its user_data is 0x1000 + its number unless the caller sets another. */
struct io_uring_sqe *ring_sqe(struct ring *ring, uint8_t opcode, int fd);
struct io_uring_sqe *ring_rw(struct ring *ring, uint8_t opcode, int fd, void *buffer, unsigned length,
                             uint64_t offset);

/* Makes the filled SQEs visible to the kernel without telling it. */
void ring_publish(struct ring *ring);
/* Wakes the thread of SQPOLL where it sleeps, as it does at first: it waits for no idle_ms before its first work. */
void ring_wake(struct ring *ring);
/* Publishes and submits; returns what io_uring_enter does (a count or a negative errno). */
int ring_submit(struct ring *ring);
/* Waits in io_uring_enter for `count` completions; again when a signal ends it. */
void ring_wait(struct ring *ring, unsigned count);
int ring_enter(int fd, unsigned submit, unsigned wait, unsigned flags);

/* Completions in the queue; `reap` takes the oldest one and returns its res. */
unsigned ring_ready(struct ring *ring);
int ring_reap(struct ring *ring);

#endif
