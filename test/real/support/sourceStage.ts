import { readFileSync } from 'node:fs';
import type { KernelLayout } from '../../../src/kernel/layout';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { Binaries, type Place } from '../../../src/source/binaries';
import { type CallStack, readCallStacks } from '../../../src/source/callStacks';
import { ProcessStacks } from '../../../src/source/unwind/threads';
import type { BinaryFile } from '../../../src/target/binaries';
import type { Target } from '../../../src/target/target';
import { unpack } from '../../../src/target/unpack';

/** Sleeps in `wait_here`, called by `carry_out`, called by main; says `ready` before. */
export const SLEEPER = `#include <stdio.h>
#include <unistd.h>
static volatile int sink;
__attribute__((noipa)) static int wait_here(int n) {
  pause(); /* line 5 */
  return sink += n;
}
__attribute__((noipa)) static int carry_out(int n) {
  return wait_here(n + 1) + 1; /* line 9 */
}
int main(int argc, char **argv) {
  puts("ready"); fflush(stdout);
  sink = carry_out(argc); /* line 13 */
  return sink;
}
`;
/** The end of its stack, as `shown` tells it. */
export const SLEEPING = ['wait_here :5', 'carry_out :9', 'main :13'];

/** One inspector's view of one process. */
export class SourceView {
  readonly binaries: Binaries;
  readonly stacks: ProcessStacks;
  /** Files that were opened by a path. */
  readonly paths: string[] = [];

  constructor(
    readonly target: Target,
    readonly pid: number,
    private readonly layout?: KernelLayout,
  ) {
    this.binaries = new Binaries(watched(target, this.paths), { unpack });
    this.stacks = new ProcessStacks(target, pid);
  }

  get place(): Place {
    const text = readFileSync(`/proc/${this.pid}/mountinfo`, 'utf8');
    return { pid: this.pid, mounts: parseMountinfo(text).rows };
  }

  /** Of its first thread. */
  async tell(tid = this.pid): Promise<CallStack> {
    const [stack] = await readCallStacks(this.stacks, this.binaries, this.place, [tid], {
      layout: this.layout,
    });
    if (!stack) throw new Error('no answer');
    return stack;
  }

  /** Why a binary of the stack has no symbols. */
  async why(name: string): Promise<string | undefined> {
    const [stack] = await this.stacks.unwind([this.pid], { layout: this.layout });
    const image = stack?.frames?.find((frame) => frame.image?.path.includes(name))?.image;
    if (!image) throw new Error(`${name} is not on the stack`);
    const result = await this.binaries.of(image, this.place);
    return 'why' in result ? result.why : undefined;
  }
}

/** `wait_here :5` of each frame, without libraries' own and what comes before main. */
export function shown({ frames = [] }: CallStack): string[] {
  const names = frames.map(
    (frame) => `${frame.function}${frame.line === undefined ? '' : ` :${frame.line}`}`,
  );
  const from = names.findIndex((name) => name.startsWith('wait_here'));
  const to = names.findIndex((name) => name.startsWith('main'));
  return from < 0 || to < 0 ? names : names.slice(from, to + 1);
}

function watched(target: Target, paths: string[]): Target {
  const { binaries } = target;
  if (!binaries) return target;
  const note = (files: readonly BinaryFile[]) => {
    for (const file of files) if (file.kind === 'inside') paths.push(file.path);
  };
  return Object.create(target, {
    binaries: {
      value: {
        read: (...args: Parameters<typeof binaries.read>) => {
          note(args[0].map(({ file }) => file));
          return binaries.read(...args);
        },
        identify: (...args: Parameters<typeof binaries.identify>) => {
          note(args[0]);
          return binaries.identify(...args);
        },
      },
    },
  }) as Target;
}
