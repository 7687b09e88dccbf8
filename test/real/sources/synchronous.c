/* One read at a time: submitted and waited for in the same call. Nothing but its own stack tells whose it is. */
#include "armed.h"

static volatile long sink;

static __attribute__((noinline)) long read_block(int fd) {
  unsigned *tail = (unsigned *)(armed_queue + armed_params.sq_off.tail);
  struct io_uring_sqe *sqe = &armed_sqes[0];
  memset(sqe, 0, sizeof *sqe);
  sqe->opcode = IORING_OP_READ;
  sqe->fd = fd;
  sqe->addr = (uint64_t)(uintptr_t)armed_buffer;
  sqe->len = sizeof armed_buffer;
  ((unsigned *)(armed_queue + armed_params.sq_off.array))[0] = 0;
  __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
  sink = syscall(__NR_io_uring_enter, armed_ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0); // here: read_block
  return sink + 1;
}

int main(void) {
  armed_open();
  puts("ready");
  fflush(stdout);
  sink += read_block(armed_pipe());
  (void)arm_as;
  (void)armed_wait;
}
