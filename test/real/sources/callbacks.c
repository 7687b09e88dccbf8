/* What programs in C give as user_data. */
#include "armed.h"

struct read_op { // here: read_op
  int fd;
  void *private;
  void (*done)(struct read_op *, int);
};

struct operations {
  int (*start)(void);
  void (*completed)(void *);
};
struct job {
  long number;
  struct operations calls;
};
struct plain {
  long a, b;
};
struct loop {
  long timers;
  void (*on_timer)(int);
};
struct connection {
  long id;
  struct loop *loop;
};
struct far {
  long id;
  struct connection *connection;
};
struct holder {
  long a;
  struct read_op *op;
};

static volatile int sink;

static void on_block(struct read_op *op, int result) { // here: on_block
  sink += op->fd + result;
}
static void on_other(struct read_op *op, int result) { // here: on_other
  sink -= op->fd + result;
}
static int job_start(void) { return sink++; }
static void job_completed(void *data) { // here: job_completed
  sink += data != 0;
}
static void bare(int result) { // here: bare
  sink += result;
}

static struct read_op fixed = {1, 0, on_block};

static struct read_op *read_op(void (*done)(struct read_op *, int)) {
  struct read_op *op = calloc(1, sizeof *op);
  op->done = done;
  return op;
}

int main(void) {
  struct read_op *op = read_op(on_block);
  struct job *job = calloc(1, sizeof *job);
  struct plain *plain = calloc(1, sizeof *plain);
  /* Its neighbour in memory, which is none of its business. */
  struct read_op *neighbour = read_op(on_other);
  struct holder *holder = calloc(1, sizeof *holder);
  struct far *far = calloc(1, sizeof *far);
  struct read_op *slots = calloc(8, sizeof *slots);
  struct read_op on_stack = {3, 0, on_block};
  void **circle = calloc(2, sizeof *circle);
  void **into_ring = calloc(2, sizeof *into_ring);
  job->calls = (struct operations){job_start, job_completed};
  holder->op = op;
  far->connection = calloc(1, sizeof *far->connection);
  far->connection->loop = calloc(1, sizeof *far->connection->loop);
  far->connection->loop->on_timer = bare;
  circle[0] = circle;
  circle[1] = circle;
  arm_as("op", (uintptr_t)op);
  arm_as("job", (uintptr_t)job);
  arm_as("plain", (uintptr_t)plain);
  arm_as("holder", (uintptr_t)holder);
  slots[4].done = on_other;
  arm_as("empty slot", (uintptr_t)&slots[3]);
  arm_as("first slot", (uintptr_t)slots);
  arm_as("slot", (uintptr_t)&slots[4]);
  arm_as("far", (uintptr_t)far);
  arm_as("static", (uintptr_t)&fixed);
  arm_as("stack", (uintptr_t)&on_stack);
  arm_as("low tag", (uintptr_t)op | 1);
  arm_as("high tag", (uintptr_t)op | 0x0003000000000000);
  arm_as("bare", (uintptr_t)bare);
  arm_as("index", 17);
  arm_as("mark", UINT64_MAX);
  arm_as("opaque", 0x0102000000001234);
  arm_as("nothing", 0);
  arm_as("circle", (uintptr_t)circle);
  arm_as("unmapped", 0x10000);
  arm_as("within code", (uintptr_t)bare + 3);
  arm_as("text", (uintptr_t) "just some text that is no object at all");
  into_ring[0] = armed_sqes;
  arm_as("own ring", (uintptr_t)armed_sqes);
  arm_as("into ring", (uintptr_t)into_ring);
  arm_as("end", (uintptr_t)(armed_buffer) - ((uintptr_t)armed_buffer & 4095) + 4093);
  sink += neighbour->fd;
  armed_wait();
}
