import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { KernelLayout } from '../../../src/kernel/layout';
import { openLayout } from '../../../src/kernel/openLayout';
import { ProcessStacks, type ThreadStack } from '../../../src/source/unwind/threads';
import { spawnProbe } from '../../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../../src/target/probeTarget';
import { pidOf } from './installed';
import { everybodysProbe, skipUnlessMemoryReadable } from './probe';
import { until } from './proc';
import { killGroup, toRelease } from './releases';
import type { Running } from './victim';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

export const USERS = ['root', 'an ordinary user'] as const;
export type User = (typeof USERS)[number];

export const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0;
export const hasGdb = has('gdb');

/** Probes of both users, and programs of an ordinary one whose stacks they tell. */
export class StackStage {
  private constructor(
    private readonly root: ProbeTarget | undefined,
    private readonly ordinary: ProbeTarget,
    private readonly layout: KernelLayout | undefined,
  ) {}

  static async open(): Promise<StackStage> {
    const probe = await everybodysProbe();
    const as = isRoot ? { uid: NOBODY, gid: NOBODY } : undefined;
    const ordinary = await connectProbe(spawnProbe(probe, as), 'ordinary');
    if (!isRoot) return new StackStage(undefined, ordinary, undefined);
    const root = await connectProbe(spawnProbe(probe), 'root');
    const opened = await openLayout(root);
    return new StackStage(root, ordinary, 'layout' in opened ? opened.layout : undefined);
  }

  close(): void {
    this.root?.dispose();
    this.ordinary.dispose();
  }

  /** Skips where this machine has no such user, or keeps memory from it. */
  target(context: Running, user: User): { readonly target: ProbeTarget; readonly layout?: KernelLayout } {
    if (user !== 'root') {
      skipUnlessMemoryReadable(context, NOBODY);
      return { target: this.ordinary };
    }
    const { root, layout } = this;
    if (!root) return context.skip('needs root');
    return { target: root, ...(layout ? { layout } : {}) };
  }

  /** Of all its threads. */
  async stacks(context: Running, user: User, pid: number): Promise<ThreadStack[]> {
    const { target, layout } = this.target(context, user);
    return new ProcessStacks(target, pid).unwind(threadsOf(pid), { layout });
  }
}

/** As an ordinary user; it ends with the test. */
export function startProgram(context: Running, command: string, args: readonly string[] = []): number {
  const child: ChildProcess = spawn(command, args, {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
  });
  const pid = pidOf(child);
  context.onTestFinished(toRelease(() => killGroup(pid)));
  return pid;
}

/** Started until all of its threads sleep. */
export async function asleep(
  context: Running,
  command: string,
  args: readonly string[],
  threads: number,
): Promise<number> {
  const pid = startProgram(context, command, args);
  await until(() => threadsOf(pid).length >= threads, `${threads} threads of ${command}`);
  await until(() => waits(pid), `sleep of ${command}`);
  return pid;
}

export const threadsOf = (pid: number): number[] => readdirSync(`/proc/${pid}/task`).map(Number);

/** None of them has run for a moment. */
export function waits(pid: number): boolean {
  const marks = () =>
    spawnSync('sh', ['-c', `cat /proc/${pid}/task/*/schedstat`], { encoding: 'utf8' }).stdout;
  const before = marks();
  spawnSync('sleep', ['0.1']);
  return before === marks();
}

export interface Comparison {
  readonly threads: number;
  /** Stacks that are the true ones, frame by frame. */
  readonly whole: number;
  readonly proven: number;
  readonly probable: number;
  readonly probableWrong: number;
  readonly provenWrong: string[];
}

export function compare(
  stacks: readonly ThreadStack[],
  truth: ReadonlyMap<number, readonly number[]>,
): Comparison {
  let [whole, proven, probable, probableWrong] = [0, 0, 0, 0];
  const provenWrong: string[] = [];
  for (const stack of stacks) {
    const expected = truth.get(stack.tid) ?? [];
    const frames = stack.frames ?? [];
    if (frames.length === expected.length && frames.every(({ pc }, index) => pc === expected[index])) whole++;
    frames.forEach(({ pc, trust }, index) => {
      const isRight = pc === expected[index];
      if (trust === 'proven') {
        proven++;
        if (!isRight)
          provenWrong.push(`${stack.tid} ${index}: ${pc.toString(16)}, not ${expected[index]?.toString(16)}`);
      } else {
        probable++;
        if (!isRight) probableWrong++;
      }
    });
  }
  return { threads: stacks.length, whole, proven, probable, probableWrong, provenWrong };
}
