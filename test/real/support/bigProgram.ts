import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FUNCTIONS = 1000;

/** Functions that call each other, with types, inlined calls and loops: over 1 MB with debug information. */
function unit(): string {
  const lines = [
    'struct item { struct item *next; long key; union { double real; char text[24]; } value; };',
    'static inline long mixed(long a, long b) { long c = a ^ (b << 3); return c * 31 + (c >> 7); }',
    'static inline long walked(struct item *at, long n) { long sum = 0; while (at && n-- > 0) { sum += mixed(at->key, n); at = at->next; } return sum; }',
    'long f0(struct item *at, long n) { return walked(at, n); }',
  ];
  for (let index = 1; index < FUNCTIONS; index++)
    lines.push(
      `struct part${index} { struct item head; long count${index}; struct part${index} *other; };`,
      `long f${index}(struct item *at, long n) {`,
      `  struct part${index} part = { .count${index} = n };`,
      `  long sum = mixed(n, ${index});`,
      `  for (long i = 0; i < n % 5; i++)`,
      `    sum += walked(at ? at : &part.head, i + ${index % 7});`,
      `  if (sum > ${index * 3})`,
      `    sum -= f${index - 1}(&part.head, sum & 7);`,
      '  return sum + part.count' + `${index};`,
      '}',
    );
  return lines.join('\n');
}

/** Links a program of `copies` units, each in its own namespace of the linker: over 1 MB a copy. Sleeps in pause. */
export function bigProgram(folder: string, copies: number): string {
  const at = (name: string) => join(folder, name);
  writeFileSync(at('unit.c'), unit());
  execFileSync('gcc', ['-g', '-O1', '-c', '-o', at('unit.o'), at('unit.c')]);
  const objects: string[] = [];
  for (let copy = 0; copy < copies; copy++) {
    objects.push(at(`u${copy}.o`));
    execFileSync('objcopy', [`--prefix-symbols=u${copy}_`, at('unit.o'), at(`u${copy}.o`)]);
  }
  const last = `u${copies - 1}_f${FUNCTIONS - 1}`;
  writeFileSync(
    at('main.c'),
    `#include <stdio.h>
#include <unistd.h>
long ${last}(void *, long);
static volatile long sink;
__attribute__((noipa)) static int wait_here(void) { pause(); return (int)sink; }
int main(void) {
  puts("ready"); fflush(stdout);
  sink = wait_here();
  sink += ${last}(0, sink);
  return 0;
}
`,
  );
  const program = at('big');
  execFileSync('gcc', ['-g', '-O1', '-o', program, at('main.c'), ...objects]);
  for (const file of [...objects, at('unit.o')]) rmSync(file);
  return program;
}
