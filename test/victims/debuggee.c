/*
 * debuggee FIFO: three reads of a FIFO are pending while it goes round in `tick`, where a debugger may stop it; a second thread,
 * `helper`, sleeps. What is written to the FIFO completes a read once the program runs.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "ring.h"
#include "victim.h"

enum { READS = 3, SIZE = 64 };

static struct ring ring;
static char buffers[READS][SIZE];
static volatile unsigned ticks;
static int named;

static void *help(void *unused) {
  prctl(PR_SET_NAME, "helper");
  __atomic_store_n(&named, 1, __ATOMIC_RELEASE);
  park();
}

/* Where the tests set their breakpoint. */
static __attribute__((noinline)) void tick(void) {
  ticks++; /* breakpoint */
}

int main(int count, char **words) {
  if (count != 2) die("usage: debuggee FIFO");
  alarm(300);
  int fifo = open(words[1], O_RDWR | O_CLOEXEC);
  if (fifo < 0) die("open");
  pthread_t thread;
  if (pthread_create(&thread, NULL, help, NULL)) die("pthread_create");
  while (!__atomic_load_n(&named, __ATOMIC_ACQUIRE)) poll(NULL, 0, 5);
  ring_open(&ring, (struct ring_options){.entries = 8});
  for (int i = 0; i < READS; i++) ring_rw(&ring, IORING_OP_READ, fifo, buffers[i], SIZE, (uint64_t)-1);
  ring_submit(&ring);
  ready("\"operation\":\"READ\",\"inFlight\":%d", READS);
  for (;;) {
    tick();
    while (ring_ready(&ring)) ring_reap(&ring);
    poll(NULL, 0, 200);
  }
}
