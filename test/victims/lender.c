/*
 * lender: 4 MiB of the kernel's memory, zeros, for tests to put structures of their own into: the value of a BPF map.
 * Reads u32 offset, u32 length and bytes from stdin, again and again; answers each with a newline.
 */
#define _GNU_SOURCE
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "victim.h"

#define SIZE (4u << 20)

int main(void) {
  union bpf_attr attr;
  uint32_t where[2];
  /* It ends with its stdin. */
  alarm(300);
  memset(&attr, 0, sizeof attr);
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = 4;
  attr.value_size = 4096;
  attr.max_entries = SIZE / 4096;
  attr.map_flags = BPF_F_MMAPABLE;
  int map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
  if (map < 0) unsupported("needs BPF maps (CAP_BPF)");
  char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (memory == MAP_FAILED) die("mmap");
  ready("\"fd\":%d", map);
  while (fread(where, sizeof where, 1, stdin) == 1) {
    if (where[0] > SIZE || where[1] > SIZE - where[0]) die("offset");
    if (fread(memory + where[0], 1, where[1], stdin) != where[1]) break;
    putchar('\n');
    fflush(stdout);
  }
  return 0;
}
